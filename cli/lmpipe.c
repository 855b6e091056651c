/* lmpipe: finds the command and runs it. */
#include <stdio.h>
#include <string.h>

#include "base/process.h"
#include "base/suggest.h"
#include "commands.h"

#define LM_COMMAND_ROW(name) &lm_command_##name,
static const struct lm_command *const commands[] = {LM_COMMAND_LIST(LM_COMMAND_ROW)};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void print_usage(FILE *out)
{
    fputs("usage: lmpipe COMMAND [options]\n\n"
          "lmpipe runs declarative language-model experiments: from one YAML spec to a trained,\n"
          "evaluated model and a report, recomputing only what a change made stale.\n\ncommands:\n",
          out);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-16s %s\n", commands[i]->name, commands[i]->summary);
    fputs(
        "\n'lmpipe COMMAND --help' or 'lmpipe help COMMAND' says more, with an example.\n\n"
        "environment:\n"
        "  LMPIPE_STORE     the store, when --store is not given\n"
        "  LMPIPE_THREADS   the budget of threads, when --threads is not given\n"
        "  LMPIPE_KERNELS   a kernel path: avx512, avx2 or c\n"
        "  NO_COLOR, CI, TERM=dumb   no colours, no live view, neither\n"
        "  GITHUB_ACTIONS, GITLAB_CI, GITHUB_STEP_SUMMARY …   of a job: what run --ci shows there\n"
        "\n"
        "exit status:\n"
        "  0 fine  1 a stage failed, or a result is not there yet\n"
        "  2 usage or spec error, or an input that cannot be read; nothing was executed\n"
        "  3 store or I/O error, also when standard output cannot be written\n"
        "  4 a gate failed  5 a gate is undecided  6 a result is not what it was\n"
        "  7 stale (plan --check)\n"
        "  75 interrupted, run again to resume  128+n signal n\n",
        out);
}

/* Words of a name that argv begins with: 1, 2, or 0 when they differ. */
static int words_matched(const char *name, int argc, char **argv)
{
    const char *space = strchr(name, ' ');
    if (space == NULL)
        return strcmp(name, argv[0]) == 0;
    size_t first = (size_t)(space - name);
    if (argc < 2 || strlen(argv[0]) != first || strncmp(name, argv[0], first) != 0)
        return 0;
    return strcmp(space + 1, argv[1]) == 0 ? 2 : 0;
}

static const struct lm_command *find_command(int *words, int argc, char **argv)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        *words = words_matched(commands[i]->name, argc, argv);
        if (*words > 0)
            return commands[i];
    }
    return NULL;
}

/* The commands that begin with a family's name ("model"): their number is returned. */
static size_t print_family(const char *word, FILE *out)
{
    size_t found = 0;
    for (size_t i = 0; i < COMMANDS; i++) {
        const char *space = strchr(commands[i]->name, ' ');
        if (space == NULL || strncmp(commands[i]->name, word, strlen(word)) != 0 ||
            strlen(word) != (size_t)(space - commands[i]->name))
            continue;
        if (out != NULL)
            fprintf(out, "  lmpipe %-16s %s\n", commands[i]->name, commands[i]->summary);
        found++;
    }
    return found;
}

static int unknown_command(struct lm_cli *cli, int argc, char **argv)
{
    const char *names[COMMANDS];
    for (size_t i = 0; i < COMMANDS; i++)
        names[i] = commands[i]->name;
    bool two = argc > 1 && print_family(argv[0], NULL) > 0;
    const char *word = two ? lm_arena_printf(cli->arena, "%s %s", argv[0], argv[1]) : argv[0];
    const char *nearest = word != NULL ? lm_suggest(word, names, COMMANDS) : NULL;
    const char *text =
        nearest != NULL
            ? lm_arena_printf(cli->arena, "unknown command '%s'; did you mean '%s'?", word, nearest)
            : lm_arena_printf(cli->arena, "unknown command '%s'; see 'lmpipe --help'", word);
    return lm_cli_fail(cli, LM_EXIT_USAGE, text != NULL ? text : "unknown command");
}

/* help [COMMAND]: all commands, those of a family, or one. */
static int help(struct lm_cli *cli, int argc, char **argv)
{
    int words = 0;
    const struct lm_command *command = argc > 0 ? find_command(&words, argc, argv) : NULL;
    if (argc == 0)
        print_usage(cli->out.file);
    else if (command != NULL)
        lm_options_help(command, cli->out.file);
    else if (argc > 1 || print_family(argv[0], cli->out.file) == 0)
        return unknown_command(cli, argc, argv);
    return lm_cli_finish(cli, LM_EXIT_OK);
}

static bool asks_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int dispatch(struct lm_cli *cli, int argc, char **argv)
{
    int words = 0;
    if (argc < 1) {
        print_usage(cli->err.file);
        return LM_EXIT_USAGE;
    }
    const struct lm_command *command = find_command(&words, argc, argv);
    if (command != NULL)
        return lm_cli_run(cli, command, argc - words + 1, argv + words - 1);
    if (asks_help(argv[0]))
        return help(cli, 0, NULL);
    if (strcmp(argv[0], "help") == 0) /* `help --help` is help, too */
        return argc > 1 && asks_help(argv[1]) ? help(cli, 0, NULL) : help(cli, argc - 1, argv + 1);
    if (strcmp(argv[0], "--version") == 0)
        return lm_cli_run(cli, &lm_command_version, 1, argv);
    if (argc > 1 && asks_help(argv[1]) && print_family(argv[0], NULL) > 0)
        return help(cli, 1, argv);
    if (argc == 1 && print_family(argv[0], cli->err.file) > 0)
        return LM_EXIT_USAGE;
    return unknown_command(cli, argc, argv);
}

int main(int argc, char **argv)
{
    struct lm_cli cli;
    struct lm_err err;
    lm_process_begin();
    if (lm_cli_init(&cli, &err) != LM_OK) {
        fprintf(stderr, "lmpipe: error: %s\n", err.text);
        return LM_EXIT_STORE;
    }
    int status = dispatch(&cli, argc - 1, argv + 1);
    lm_cli_release(&cli);
    return status;
}
