/* lmpipe exp compare: runs beside one another, paired by item, in words and on a page. */
#include "commands.h"
#include "exp.h"

struct compare_args {
    const char *store, *output, *metric;
    bool json, csv;
};

static const struct lm_option options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = LM_O_TEXT,
     .offset = offsetof(struct compare_args, output),
     .metavar = "FILE",
     .help = "write the page too: one self-contained HTML file"},
    {.name = "metric",
     .kind = LM_O_TEXT,
     .offset = offsetof(struct compare_args, metric),
     .metavar = "METRIC",
     .help = "the metric to compare by (else valid.bpb, or what there is)"},
    LM_JSON_ROW(struct compare_args, json, "every number, for programs"),
    {.name = "csv",
     .kind = LM_O_FLAG,
     .offset = offsetof(struct compare_args, csv),
     .help = "a row a run"},
    LM_STORE_ROW(struct compare_args, store),
    {0},
};

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct compare_args *args = given;
    struct lm_store *store = NULL;
    struct lm_err err = {0};
    const struct lm_compare_request request = {.metric = args->metric,
                                               .page = args->output,
                                               .is_plain = cli->out.terminal,
                                               .format = args->json  ? LM_RUNS_JSON
                                                         : args->csv ? LM_RUNS_CSV
                                                                     : LM_RUNS_TEXT};
    if (args->json && args->csv)
        return lm_cli_fail(cli, LM_EXIT_USAGE, "give --json or --csv, not both");
    int status = lm_exp_store(&store, cli, args->store, operands, count);
    if (status == LM_EXIT_OK)
        status = lm_exp_end(cli,
                            lm_runs_compare(store, (const char *const *)operands, count, &request,
                                            cli->out.file, &err),
                            &err);
    lm_store_close(store);
    return status;
}

const struct lm_command lm_command_exp_compare = {
    .name = "exp compare",
    .summary = "which run is better, paired by document or example: in words, on a page",
    .operands = "A [B…]",
    .min_operands = 1,
    .max_operands = SIZE_MAX,
    .options = options,
    .args_size = sizeof(struct compare_args),
    .example = "lmpipe exp compare main last -o compare.html",
    .notes = LM_EXP_SIDES
    "\n"
    "Of a run of a sweep all instances are compared, to the best; of several runs all are\n"
    "compared to the first. Prints Markdown, to a terminal the same table in plain text.",
    .run = run,
};
