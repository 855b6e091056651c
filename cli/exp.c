#include "exp.h"

#include <limits.h>
#include <stdlib.h>

#include "base/io.h"

/* Where the store of the spec at `path` lies; NULL: there is no such file. */
static const char *store_of(struct lm_cli *cli, const char *path)
{
    char real[PATH_MAX];
    if (realpath(path, real) == NULL || lm_path_is_dir(real))
        return NULL;
    const char *folder = lm_path_dir(cli->arena, real);
    const char *root = folder != NULL ? lm_root_find(cli->arena, folder) : NULL;
    return root != NULL ? lm_store_place(cli, NULL, root) : NULL;
}

int lm_exp_store(struct lm_store **store, struct lm_cli *cli, const char *option,
                 char *const *names, size_t count)
{
    for (size_t i = 0; option == NULL && i < count; i++)
        option = store_of(cli, names[i]);
    return lm_loaded_store(store, cli, option);
}

int lm_exp_end(struct lm_cli *cli, enum lm_status status, const struct lm_err *err)
{
    return status == LM_OK ? LM_EXIT_OK : lm_cli_fail(cli, lm_exit_of_result(status), err->text);
}
