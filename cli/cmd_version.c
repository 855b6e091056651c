/* lmpipe version. */
#include "commands.h"

struct version_args {
    bool json;
};

static const struct lm_option options[] = {
    LM_JSON_ROW(struct version_args, json, "an object for programs"),
    {0},
};

static int run(struct lm_cli *cli, const void *args, char **operands, size_t count)
{
    const struct version_args *given = args;
    (void)operands, (void)count;
    fputs(given->json ? "{\"lmpipe\": \"" LM_VERSION "\"}\n" : "lmpipe " LM_VERSION "\n",
          cli->out.file);
    return LM_EXIT_OK;
}

const struct lm_command lm_command_version = {
    .name = "version",
    .summary = "the version of this program",
    .operands = "",
    .options = options,
    .args_size = sizeof(struct version_args),
    .example = "lmpipe version",
    .run = run,
};
