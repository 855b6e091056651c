/* lmpipe exp show: what a run was, or a stage of it. */
#include "commands.h"
#include "exp.h"

struct show_args {
    const char *store;
    bool json;
};

static const struct lm_option options[] = {
    LM_JSON_ROW(struct show_args, json, "an object for programs, with parameters and key texts"),
    LM_STORE_ROW(struct show_args, store),
    {0},
};

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct show_args *args = given;
    struct lm_store *store = NULL;
    struct lm_err err = {0};
    int status = lm_exp_store(&store, cli, args->store, operands, 1);
    if (status == LM_EXIT_OK)
        status = lm_exp_end(cli,
                            lm_run_show(store, operands[0], count > 1 ? operands[1] : NULL,
                                        args->json, cli->out.file, &err),
                            &err);
    lm_store_close(store);
    return status;
}

const struct lm_command lm_command_exp_show = {
    .name = "exp show",
    .summary = "a recorded run: stages, gates, metrics; of a STAGE also parameters and key text",
    .operands = "RUN [STAGE]",
    .min_operands = 1,
    .max_operands = 2,
    .options = options,
    .args_size = sizeof(struct show_args),
    .example = "lmpipe exp show last model",
    .notes = LM_EXP_NAMES,
    .run = run,
};
