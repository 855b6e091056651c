/* lmpipe why: the causes of a stage's state. */
#include "commands.h"
#include "loaded.h"

struct why_args {
    struct lm_spec_args spec; /* first: LM_SPEC_ROWS */
    bool json;
};

static const struct lm_option options[] = {
    LM_SPEC_ROWS,
    LM_JSON_ROW(struct why_args, json, "an object for programs"),
    {0},
};

static int explain(struct lm_cli *cli, struct lm_plan *plan, size_t stage, bool json)
{
    struct lm_err err = {0};
    enum lm_status told = lm_plan_explain(plan, stage, json, cli->out.file, &err);
    return told == LM_OK ? LM_EXIT_OK : lm_cli_fail(cli, lm_exit_of(told), err.text);
}

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct why_args *args = given;
    struct lm_loaded loaded = {0};
    size_t stage = 0;
    (void)count;
    int status = lm_loaded_plan(&loaded, cli, operands[0], &args->spec, NULL, 0);
    if (status == LM_EXIT_OK)
        status = lm_loaded_stage(&stage, &loaded, cli, operands[1]);
    if (status == LM_EXIT_OK)
        status = explain(cli, loaded.plan, stage, args->json);
    lm_loaded_release(&loaded);
    return status;
}

const struct lm_command lm_command_why = {
    .name = "why",
    .summary = "why a stage is stale: each difference since its last result, with its cause",
    .operands = "SPEC STAGE",
    .min_operands = 2,
    .max_operands = 2,
    .options = options,
    .args_size = sizeof(struct why_args),
    .example = "lmpipe why experiments/jargon.yaml model -S steps=2000",
    .run = run,
};
