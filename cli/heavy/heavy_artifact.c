#include "heavy_artifact.h"

#include <string.h>

#include "base/io.h"

bool lm_heavy_is_artifact(const char *operand)
{
    return !lm_path_exists(operand) && strchr(operand, ':') != NULL;
}

int lm_heavy_artifact_find(struct lm_heavy_artifact *out, struct lm_cli *cli, const char *operand,
                           const char *port, const struct lm_spec_args *args)
{
    struct lm_err err = {0};
    *out = (struct lm_heavy_artifact){0};
    const char *colon = strrchr(operand, ':'), *name = colon + 1;
    const char *spec = lm_arena_strndup(cli->arena, operand, (size_t)(colon - operand));
    if (spec == NULL)
        return lm_cli_fail(cli, LM_EXIT_STORE, "out of memory");
    int status = lm_loaded_plan(&out->loaded, cli, spec, args, NULL, 0);
    if (status != LM_EXIT_OK)
        return status;
    if (strchr(name, '.') == NULL || lm_spec_find(out->loaded.spec, name, NULL) != (size_t)-1)
        name = lm_arena_printf(cli->arena, "%s.%s", name, port);
    if (name == NULL)
        return lm_cli_fail(cli, LM_EXIT_STORE, "out of memory");
    if (lm_artifact_name_parse(&out->name, name, out->loaded.spec, cli->arena, &err) != LM_OK)
        return lm_cli_fail(cli, LM_EXIT_USAGE, err.text);
    return lm_artifact_name_find(&out->stage, &out->name, &out->loaded, cli);
}

void lm_heavy_artifact_release(struct lm_heavy_artifact *artifact)
{
    lm_loaded_release(&artifact->loaded);
}
