/* lmpipe exp export: a run as a baseline, one file. */
#include <stdlib.h>

#include "commands.h"
#include "exp.h"

struct export_args {
    const char *store, *output;
};

static const struct lm_option options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = LM_O_TEXT,
     .offset = offsetof(struct export_args, output),
     .metavar = "FILE",
     .help = "the file to write, replaced atomically",
     .required = true},
    LM_STORE_ROW(struct export_args, store),
    {0},
};

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct export_args *args = given;
    struct lm_store *store = NULL;
    struct lm_err err = {0};
    size_t left = 0;
    int status = lm_exp_store(&store, cli, args->store, operands, count);
    if (status == LM_EXIT_OK)
        status =
            lm_exp_end(cli, lm_run_export(store, operands[0], args->output, &left, &err), &err);
    if (status == LM_EXIT_OK && left > 0) {
        const char *text =
            lm_arena_printf(cli->arena, "%zu stage%s of the run had no result and %s not in %s",
                            left, left == 1 ? "" : "s", left == 1 ? "is" : "are", args->output);
        lm_cli_warn(cli, text != NULL ? text : "stages without a result are left out");
    }
    lm_store_close(store);
    return status;
}

const struct lm_command lm_command_exp_export = {
    .name = "exp export",
    .summary = "write a run as a baseline: metrics and what they are of, item by item",
    .operands = "RUN",
    .min_operands = 1,
    .max_operands = 1,
    .options = options,
    .args_size = sizeof(struct export_args),
    .example = "lmpipe exp export last -o baselines/main.json",
    .notes = LM_EXP_NAMES
    "\n"
    "The file needs no store: gates compare with it (baseline: {run: FILE}), so do exp diff\n"
    "and exp compare. Equal results give equal bytes.",
    .run = run,
};
