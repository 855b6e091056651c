/* lmpipe exp list: recorded runs. */
#include "commands.h"
#include "exp.h"

struct list_args {
    const char *store;
    bool json, csv;
};

static const struct lm_option options[] = {
    LM_JSON_ROW(struct list_args, json, "an array of objects"),
    {.name = "csv",
     .kind = LM_O_FLAG,
     .offset = offsetof(struct list_args, csv),
     .help = "a row a run, metrics in columns"},
    LM_STORE_ROW(struct list_args, store),
    {0},
};

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct list_args *args = given;
    struct lm_store *store = NULL;
    struct lm_err err = {0};
    if (args->json && args->csv)
        return lm_cli_fail(cli, LM_EXIT_USAGE, "give --json or --csv, not both");
    enum lm_runs_format format = args->json ? LM_RUNS_JSON : args->csv ? LM_RUNS_CSV : LM_RUNS_TEXT;
    int status = lm_exp_store(&store, cli, args->store, operands, count);
    if (status == LM_EXIT_OK)
        status = lm_exp_end(
            cli, lm_runs_list(store, count > 0 ? operands[0] : NULL, format, cli->out.file, &err),
            &err);
    lm_store_close(store);
    return status;
}

const struct lm_command lm_command_exp_list = {
    .name = "exp list",
    .summary = "recorded runs, newest first",
    .operands = "[SPEC]",
    .min_operands = 0,
    .max_operands = 1,
    .options = options,
    .args_size = sizeof(struct list_args),
    .example = "lmpipe exp list experiments/jargon.yaml",
    .notes = "Runs without work are recorded, too (state hit), as are those that failed, were "
             "interrupted or\n"
             "killed. Without SPEC: all runs of the store. Records outlive results: cache clear "
             "keeps them.",
    .run = run,
};
