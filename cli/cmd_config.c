/* lmpipe config: the spec as the runner understood it. */
#include "commands.h"
#include "loaded.h"

struct config_args {
    struct lm_spec_args spec; /* first: LM_SPEC_ROWS */
    bool origin, json;
};

static const struct lm_option options[] = {
    LM_SPEC_ROWS,
    {.name = "origin",
     .kind = LM_O_FLAG,
     .offset = offsetof(struct config_args, origin),
     .help = "say where each value comes from"},
    LM_JSON_ROW(struct config_args, json, "JSON instead of YAML"),
    {0},
};

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct config_args *args = given;
    struct lm_loaded loaded = {0};
    (void)count;
    int status = lm_loaded_spec(&loaded, cli, operands[0], &args->spec, 0);
    if (status == LM_EXIT_OK) {
        enum lm_status printed =
            lm_spec_print_config(loaded.spec, args->origin, args->json, cli->out.file);
        if (printed != LM_OK)
            status = lm_cli_fail(cli, lm_exit_of(printed), lm_status_text(printed));
    }
    lm_loaded_release(&loaded);
    return status;
}

const struct lm_command lm_command_config = {
    .name = "config",
    .summary = "the resolved spec: includes merged, variables set, defaults filled",
    .operands = "SPEC",
    .min_operands = 1,
    .max_operands = 1,
    .options = options,
    .args_size = sizeof(struct config_args),
    .example = "lmpipe config experiments/jargon.yaml --origin",
    .run = run,
};
