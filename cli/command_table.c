#include "command_table.h"

#include <string.h>

#include "commands.h"

#define LM_COMMAND_ROW(name) &lm_command_##name,
const struct lm_command *const lm_commands[] = {LM_COMMAND_LIST(LM_COMMAND_ROW) NULL};

const char lm_program_summary[] =
    "lmpipe runs declarative language-model experiments: from one YAML spec to a trained,\n"
    "evaluated model and a report, recomputing only what a change made stale.";

const struct lm_command_note lm_environment_notes[] = {
    {"LMPIPE_STORE", "the store, when --store is not given"},
    {"LMPIPE_THREADS", "the budget of threads, when --threads is not given"},
    {"LMPIPE_KERNELS", "a kernel path: avx512, avx2 or c"},
    {"LMPIPE_ALLOW_COMMANDS", "1: run and verify may execute programs that the spec names"},
    {"NO_COLOR", "set: no colours"},
    {"CI", "set: no live view"},
    {"TERM=dumb", "neither"},
    {"GITHUB_ACTIONS",
     "of a job, as are GITLAB_CI, GITHUB_STEP_SUMMARY, …: what run --ci shows there"},
    {NULL, NULL},
};

const struct lm_command_note lm_exit_notes[] = {
    {"0", "fine"},
    {"1", "a stage failed, or a result is not there yet"},
    {"2", "usage or spec error, or an input that cannot be read; nothing was executed"},
    {"3", "store or I/O error, also when standard output cannot be written"},
    {"4", "a gate failed"},
    {"5", "a gate is undecided"},
    {"6", "a result is not what it was"},
    {"7", "stale (plan --check)"},
    {"75", "interrupted, run again to resume"},
    {"128+n", "signal n"},
    {NULL, NULL},
};

/* Words of a name that argv begins with: 1, 2, or 0 when they differ. */
static int words_matched(const char *name, int argc, char *const *argv)
{
    const char *space = strchr(name, ' ');
    if (argc < 1)
        return 0;
    if (space == NULL)
        return strcmp(name, argv[0]) == 0;
    size_t first = (size_t)(space - name);
    if (argc < 2 || strlen(argv[0]) != first || strncmp(name, argv[0], first) != 0)
        return 0;
    return strcmp(space + 1, argv[1]) == 0 ? 2 : 0;
}

const struct lm_command *lm_command_find(int *words, int argc, char *const *argv)
{
    for (size_t i = 0; lm_commands[i] != NULL; i++) {
        *words = words_matched(lm_commands[i]->name, argc, argv);
        if (*words > 0)
            return lm_commands[i];
    }
    return NULL;
}

bool lm_command_is_of(const struct lm_command *command, const char *family)
{
    const char *space = strchr(command->name, ' ');
    size_t length = strlen(family);
    return space != NULL && (size_t)(space - command->name) == length &&
           strncmp(command->name, family, length) == 0;
}
