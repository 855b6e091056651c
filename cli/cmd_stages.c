/* lmpipe stages: the stage types, from their tables. */
#include <string.h>

#include "base/suggest.h"
#include "commands.h"

struct stages_args {
    bool json, markdown;
};

static const struct lm_option options[] = {
    LM_JSON_ROW(struct stages_args, json, "an object for programs"),
    {.name = "markdown",
     .kind = LM_O_FLAG,
     .offset = offsetof(struct stages_args, markdown),
     .help = "the page of one TYPE in docs/stages/"},
    {0},
};

enum { MOST_TYPES = 64 };

static const struct lm_stage *find_type(const char *name, const char **nearest)
{
    const char *names[MOST_TYPES];
    size_t count = 0;
    for (; lm_stage_table[count] != NULL && count < MOST_TYPES; count++) {
        if (strcmp(lm_stage_table[count]->name, name) == 0)
            return lm_stage_table[count];
        names[count] = lm_stage_table[count]->name;
    }
    *nearest = lm_suggest(name, names, count);
    return NULL;
}

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct stages_args *args = given;
    const char *nearest = NULL;
    const struct lm_stage *type = count > 0 ? find_type(operands[0], &nearest) : NULL;
    if (count > 0 && type == NULL) {
        const char *text =
            nearest != NULL ? lm_arena_printf(cli->arena, "no stage type '%s'; did you mean '%s'?",
                                              operands[0], nearest)
                            : lm_arena_printf(cli->arena, "no stage type '%s'; see 'lmpipe stages'",
                                              operands[0]);
        return lm_cli_fail(cli, LM_EXIT_USAGE, text != NULL ? text : "no such stage type");
    }
    if (args->markdown && type == NULL)
        return lm_cli_fail(cli, LM_EXIT_USAGE, "--markdown needs a TYPE");
    enum lm_status printed = args->markdown
                                 ? lm_stages_print_markdown(type, cli->out.file)
                                 : lm_stages_print(lm_stage_table, count > 0 ? operands[0] : NULL,
                                                   args->json, cli->out.file);
    return printed == LM_OK ? LM_EXIT_OK : lm_cli_fail(cli, LM_EXIT_STORE, lm_status_text(printed));
}

const struct lm_command lm_command_stages = {
    .name = "stages",
    .summary = "stage types; with TYPE its ports and parameters",
    .operands = "[TYPE]",
    .max_operands = 1,
    .options = options,
    .args_size = sizeof(struct stages_args),
    .example = "lmpipe stages train",
    .run = run,
};
