/* lmpipe plan: what `run` would do, a line a stage. */
#include "commands.h"
#include "loaded.h"

struct plan_args {
    struct lm_select_args select; /* first: LM_SELECT_ROWS */
    bool check, json;
};

static const struct lm_option options[] = {
    LM_SPEC_ROWS,
    LM_SELECT_ROWS,
    {.name = "check",
     .kind = LM_O_FLAG,
     .offset = offsetof(struct plan_args, check),
     .help = "exit 7 when a selected stage is not up to date"},
    LM_JSON_ROW(struct plan_args, json, "an array of objects, with keys and estimates"),
    {0},
};

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct plan_args *args = given;
    struct lm_loaded loaded = {0};
    struct lm_selection selection;
    size_t threads;
    int status = lm_loaded_threads(&threads, cli, 0);
    if (status == LM_EXIT_OK)
        status = lm_selection_read(&selection, cli, &args->select, operands + 1, count - 1);
    if (status == LM_EXIT_OK)
        status = lm_loaded_plan(&loaded, cli, operands[0], &args->select.spec, &selection, threads);
    if (status == LM_EXIT_OK) {
        status = lm_loaded_print_plan(&loaded, cli, args->json);
        if (status == LM_EXIT_OK && args->check && lm_plan_is_stale(loaded.plan))
            status = LM_EXIT_STALE;
    }
    lm_loaded_release(&loaded);
    return status;
}

const struct lm_command lm_command_plan = {
    .name = "plan",
    .summary = "what `run` would do: STATE STAGE REASON, a line a stage",
    .operands = "SPEC [STAGE…]",
    .min_operands = 1,
    .max_operands = SIZE_MAX,
    .options = options,
    .args_size = sizeof(struct plan_args),
    .example = "lmpipe plan experiments/jargon.yaml -S steps=2000",
    .notes = "STATE: hit (stored), run, maybe (depends on a result upstream), resume@N (from a\n"
             "checkpoint at step N). Behind the reason: time, memory, disk, by like executions on\n"
             "this machine; ? is a guess. Totals go to stderr.\n" LM_SELECT_NOTES,
    .run = run,
};
