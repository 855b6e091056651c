/* lmpipe check: is this spec sound? */
#include "commands.h"
#include "loaded.h"

static const struct lm_option options[] = {LM_SPEC_ROWS, {0}};

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct lm_spec_args *args = given;
    struct lm_loaded loaded = {0};
    (void)count;
    size_t threads;
    int status = lm_loaded_threads(&threads, cli, 0);
    if (status == LM_EXIT_OK)
        status = lm_loaded_spec(&loaded, cli, operands[0], args, 0);
    if (status == LM_EXIT_OK) {
        size_t stages = lm_spec_stages(loaded.spec);
        struct lm_diags warnings = lm_spec_warnings(loaded.spec, threads);
        lm_loaded_findings(cli, &warnings);
        fprintf(cli->out.file, "%s: ok, %zu stage%s\n", lm_cli_text(cli, operands[0]), stages,
                stages == 1 ? "" : "s");
    }
    lm_loaded_release(&loaded);
    return status;
}

const struct lm_command lm_command_check = {
    .name = "check",
    .summary = "validate a spec; every error in one pass, with file:line:col",
    .operands = "SPEC",
    .min_operands = 1,
    .max_operands = 1,
    .options = options,
    .args_size = sizeof(struct lm_spec_args),
    .example = "lmpipe check experiments/jargon.yaml",
    .run = run,
};
