/* lmpipe: finds the command and runs it. */
#include <stdio.h>
#include <string.h>

#include "base/process.h"
#include "base/suggest.h"
#include "command_table.h"
#include "commands.h"
#include "complete.h"

static void print_notes(const char *title, const struct lm_command_note *notes, int width,
                        FILE *out)
{
    fprintf(out, "\n%s:\n", title);
    for (; notes->name != NULL; notes++)
        fprintf(out, "  %-*s %s\n", width, notes->name, notes->text);
}

static void print_usage(FILE *out)
{
    fprintf(out, "usage: lmpipe COMMAND [options]\n\n%s\n\ncommands:\n", lm_program_summary);
    for (size_t i = 0; lm_commands[i] != NULL; i++)
        fprintf(out, "  %-16s %s\n", lm_commands[i]->name, lm_commands[i]->summary);
    fputs("\n'lmpipe COMMAND --help' or 'lmpipe help COMMAND' says more, with an example.\n", out);
    print_notes("environment", lm_environment_notes, 21, out);
    print_notes("exit status", lm_exit_notes, 6, out);
}

/* The commands that begin with a family's name ("model"): their number is returned. */
static size_t print_family(const char *word, FILE *out)
{
    size_t found = 0;
    for (size_t i = 0; lm_commands[i] != NULL; i++) {
        if (!lm_command_is_of(lm_commands[i], word))
            continue;
        if (out != NULL)
            fprintf(out, "  lmpipe %-16s %s\n", lm_commands[i]->name, lm_commands[i]->summary);
        found++;
    }
    return found;
}

static int unknown_command(struct lm_cli *cli, int argc, char **argv)
{
    static const char *const none = "unknown command '%s'; see 'lmpipe --help'";
    size_t count = 0;
    while (lm_commands[count] != NULL)
        count++;
    const char **names = LM_NEW_ARRAY(cli->arena, const char *, count);
    for (size_t i = 0; names != NULL && i < count; i++)
        names[i] = lm_commands[i]->name;
    bool two = argc > 1 && print_family(argv[0], NULL) > 0;
    const char *word = two ? lm_arena_printf(cli->arena, "%s %s", argv[0], argv[1]) : argv[0];
    const char *nearest = word != NULL && names != NULL ? lm_suggest(word, names, count) : NULL;
    const char *text =
        nearest != NULL
            ? lm_arena_printf(cli->arena, "unknown command '%s'; did you mean '%s'?", word, nearest)
            : lm_arena_printf(cli->arena, none, word);
    return lm_cli_fail(cli, LM_EXIT_USAGE, text != NULL ? text : "unknown command");
}

/* help [COMMAND]: all commands, those of a family, or one. */
static int help(struct lm_cli *cli, int argc, char **argv)
{
    int words = 0;
    const struct lm_command *command = argc > 0 ? lm_command_find(&words, argc, argv) : NULL;
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
    const struct lm_command *command = lm_command_find(&words, argc, argv);
    if (command != NULL)
        return lm_cli_run(cli, command, argc - words + 1, argv + words - 1);
    if (asks_help(argv[0]))
        return help(cli, 0, NULL);
    if (strcmp(argv[0], "help") == 0) /* `help --help` is help, too */
        return argc > 1 && asks_help(argv[1]) ? help(cli, 0, NULL) : help(cli, argc - 1, argv + 1);
    if (strcmp(argv[0], "--version") == 0)
        return lm_cli_run(cli, &lm_command_version, 1, argv);
    if (strcmp(argv[0], LM_COMPLETE) == 0)
        return lm_complete(cli, argc - 1, argv + 1);
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
