#include "partial.h"

static bool is_asked(struct lm_cli *cli, const struct lm_loaded *loaded, size_t stage,
                     const struct lm_spec_args *args)
{
    if (!args->partial || !lm_plan_has_result(loaded->plan, stage))
        return args->partial;
    fprintf(cli->err.file, "lmpipe: %s has ended: this is its result\n",
            lm_spec_stage_id(loaded->spec, stage));
    return false;
}

static enum lm_status open_it(struct lm_partial **out, const struct lm_loaded *loaded,
                              const struct lm_cli *cli, size_t stage, struct lm_err *err)
{
    const struct lm_partial_options options = {.worker = cli->worker, .env = lm_cli_env};
    return lm_partial_open(out, loaded->plan, stage, &options, err);
}

/* It may have ended since it was planned. */
static int plan_again(struct lm_loaded *loaded, struct lm_cli *cli, const struct lm_spec_args *args)
{
    const char *path = lm_arena_strdup(cli->arena, lm_spec_path(loaded->spec));
    lm_loaded_release(loaded);
    return path != NULL ? lm_loaded_plan(loaded, cli, path, args, NULL, 0)
                        : lm_cli_fail(cli, LM_EXIT_STORE, "out of memory");
}

int lm_partial_look(struct lm_partial **out, struct lm_loaded *loaded, struct lm_cli *cli,
                    size_t stage, const struct lm_spec_args *args)
{
    struct lm_err err = {0};
    *out = NULL;
    if (!is_asked(cli, loaded, stage, args))
        return LM_EXIT_OK;
    enum lm_status opened = open_it(out, loaded, cli, stage, &err);
    if (opened == LM_NOT_FOUND) {
        int status = plan_again(loaded, cli, args);
        if (status != LM_EXIT_OK || !is_asked(cli, loaded, stage, args))
            return status;
        opened = open_it(out, loaded, cli, stage, &err);
    }
    if (opened != LM_OK)
        return lm_cli_fail(cli, lm_exit_of_result(opened), err.text);
    fprintf(cli->err.file, "lmpipe: %s as of step %llu, its newest checkpoint\n",
            lm_spec_stage_id(loaded->spec, stage), (unsigned long long)lm_partial_position(*out));
    return LM_EXIT_OK;
}
