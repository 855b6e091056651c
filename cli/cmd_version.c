/* lmpipe version. */
#include "commands.h"

static int run(struct lm_cli *cli, const void *args, char **operands, size_t count)
{
    (void)args, (void)operands, (void)count;
    fputs("lmpipe " LM_VERSION "\n", cli->out.file);
    return LM_EXIT_OK;
}

const struct lm_command lm_command_version = {
    .name = "version",
    .summary = "the version of this program",
    .operands = "",
    .example = "lmpipe version",
    .run = run,
};
