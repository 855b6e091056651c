/* lmpipe publish: put results into the workspace again. */
#include "commands.h"
#include "loaded.h"
#include "run_table.h"

static const struct lm_option options[] = {LM_SPEC_ROWS, {0}};

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct lm_spec_args *args = given;
    struct lm_loaded loaded = {0};
    struct lm_run_result result = {0};
    struct lm_err err = {0};
    (void)count;
    int status = lm_loaded_plan(&loaded, cli, operands[0], args, NULL, 0);
    if (status == LM_EXIT_OK) {
        enum lm_status published = lm_publish(loaded.plan, &result, &err);
        status = published == LM_OK ? result.exit_code
                                    : lm_cli_fail(cli, lm_exit_of(published), err.text);
        lm_run_table_published(&result, cli);
        lm_run_result_release(&result);
    }
    lm_loaded_release(&loaded);
    return status;
}

const struct lm_command lm_command_publish = {
    .name = "publish",
    .summary = "publish again what the spec declares, for stages that are up to date",
    .operands = "SPEC",
    .min_operands = 1,
    .max_operands = 1,
    .options = options,
    .args_size = sizeof(struct lm_spec_args),
    .example = "lmpipe publish experiments/jargon.yaml",
    .run = run,
};
