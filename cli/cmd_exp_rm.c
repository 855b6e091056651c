/* lmpipe exp rm: removes records. */
#include "commands.h"
#include "exp.h"

struct rm_args {
    const char *store;
};

static const struct lm_option options[] = {
    LM_STORE_ROW(struct rm_args, store),
    {0},
};

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct rm_args *args = given;
    struct lm_store *store = NULL;
    struct lm_err err = {0};
    int status = lm_exp_store(&store, cli, args->store, operands, count);
    for (size_t i = 0; i < count && status == LM_EXIT_OK; i++)
        status = lm_exp_end(cli, lm_run_remove(store, operands[i], &err), &err);
    lm_store_close(store);
    return status;
}

const struct lm_command lm_command_exp_rm = {
    .name = "exp rm",
    .summary = "remove the record of a run; its results stay",
    .operands = "RUN…",
    .min_operands = 1,
    .max_operands = SIZE_MAX,
    .options = options,
    .args_size = sizeof(struct rm_args),
    .example = "lmpipe exp rm 20261123T182500.123",
    .notes = LM_EXP_NAMES,
    .run = run,
};
