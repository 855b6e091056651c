#include "exp.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"

/* Is there a file of that name, and no exported run? */
static bool is_spec(const char *path)
{
    return lm_path_exists(path) && !lm_path_is_dir(path) && !lm_run_is_baseline(path);
}

const char *lm_exp_spec(struct lm_cli *cli, const char *name)
{
    const char *colon = strrchr(name, ':');
    const char *left =
        colon != NULL ? lm_arena_strndup(cli->arena, name, (size_t)(colon - name)) : NULL;
    if (is_spec(name))
        return name;
    return left != NULL && left[0] != '\0' && is_spec(left) ? left : NULL;
}

/* Where the store of the spec at `path` lies; NULL: it cannot be found. */
static const char *store_of(struct lm_cli *cli, const char *path)
{
    char real[PATH_MAX];
    const char *folder = realpath(path, real) != NULL ? lm_path_dir(cli->arena, real) : NULL;
    const char *root = folder != NULL ? lm_root_find(cli->arena, folder) : NULL;
    return root != NULL ? lm_store_place(cli, NULL, root) : NULL;
}

/* Is the name, or what stands before its last colon, an exported run? */
static bool is_exported(struct lm_cli *cli, const char *name)
{
    const char *colon = strrchr(name, ':');
    const char *left =
        colon != NULL ? lm_arena_strndup(cli->arena, name, (size_t)(colon - name)) : NULL;
    return lm_run_is_baseline(name) || (left != NULL && lm_run_is_baseline(left));
}

int lm_exp_store(struct lm_store **store, struct lm_cli *cli, const char *option,
                 char *const *names, size_t count)
{
    size_t exported = 0;
    for (size_t i = 0; i < count; i++) {
        const char *spec = lm_exp_spec(cli, names[i]);
        exported += is_exported(cli, names[i]);
        if (option == NULL && spec != NULL)
            option = store_of(cli, spec);
    }
    if (count > 0 && exported == count && option == NULL)
        return LM_EXIT_OK;
    return lm_loaded_store(store, cli, option);
}

int lm_exp_end(struct lm_cli *cli, enum lm_status status, const struct lm_err *err)
{
    return status == LM_OK ? LM_EXIT_OK : lm_cli_fail(cli, lm_exit_of_result(status), err->text);
}
