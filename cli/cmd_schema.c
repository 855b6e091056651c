/* lmpipe schema: JSON Schema of specs, for editors. */
#include "commands.h"

static int run(struct lm_cli *cli, const void *args, char **operands, size_t count)
{
    (void)args, (void)operands, (void)count;
    enum lm_status printed = lm_schema_print(lm_stage_table, cli->out.file);
    return printed == LM_OK ? LM_EXIT_OK : lm_cli_fail(cli, LM_EXIT_STORE, lm_status_text(printed));
}

const struct lm_command lm_command_schema = {
    .name = "schema",
    .summary = "JSON Schema of specs, for editors",
    .operands = "",
    .example = "lmpipe schema > lmpipe.schema.json",
    .run = run,
};
