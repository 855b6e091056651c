/* lmpipe-man FOLDER: writes the manual pages, lmpipe(1) and one a command, from the tables that
 * `help` reads. Part of the build, not installed. Markup: man(7). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command_table.h"

/* Text of any kind: nothing in it is a request or an escape. */
static void put_text(const char *text, FILE *out)
{
    bool line_begins = true;
    for (; *text != '\0'; text++) {
        if (line_begins && (*text == '.' || *text == '\''))
            fputs("\\&", out);
        if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '-')
            fputs("\\-", out);
        else
            fputc(*text, out);
        line_begins = *text == '\n';
    }
}

static void put_line(const char *request, const char *text, FILE *out)
{
    fputs(request, out);
    put_text(text, out);
    fputc('\n', out);
}

/* Text in paragraphs, filled to the width of the page; a line that begins with a space stands as it
 * is. */
static void put_paragraphs(const char *text, FILE *out)
{
    bool is_filled = true;
    fputs(".PP\n", out);
    for (const char *end; *text != '\0'; text = *end == '\0' ? end : end + 1) {
        char line[400];
        end = text + strcspn(text, "\n");
        if (is_filled != (*text != ' '))
            fputs(is_filled ? ".nf\n" : ".fi\n", out);
        is_filled = *text != ' ';
        snprintf(line, sizeof line, "%.*s", (int)(end - text), text);
        put_line(end == text ? ".PP" : "", line, out);
    }
    if (!is_filled)
        fputs(".fi\n", out);
}

static void put_title(const char *name, const char *summary, FILE *out)
{
    fputs(".TH \"", out);
    for (const char *at = name; *at != '\0'; at++)
        fputc(*at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at, out);
    fprintf(out, "\" 1 \"\" \"lmpipe %s\" \"lmpipe\"\n.nh\n.ad l\n.SH NAME\n", LM_VERSION);
    put_text(name, out);
    fputs(" \\- ", out);
    put_text(summary, out);
    fputc('\n', out);
}

static void put_notes(const char *title, const struct lm_command_note *notes, FILE *out)
{
    fprintf(out, ".SH %s\n", title);
    for (; notes->name != NULL; notes++) {
        put_line(".TP\n.B ", notes->name, out);
        put_line("", notes->text, out);
    }
}

static void put_option(const struct lm_option *row, FILE *out)
{
    fputs(".TP\n", out);
    if (row->letter != 0)
        fprintf(out, "\\fB\\-%c\\fR, ", row->letter);
    fputs("\\fB\\-\\-", out);
    put_text(row->name, out);
    fputs("\\fR", out);
    if (row->metavar != NULL) {
        fputs(row->kind == LM_O_MAYBE ? "\\fI" : " \\fI", out);
        put_text(row->metavar, out);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    put_line("", row->help, out);
}

static void put_options(const struct lm_option *rows, FILE *out)
{
    fputs(".SH OPTIONS\n", out);
    for (; rows != NULL && rows->name != NULL; rows++)
        put_option(rows, out);
    put_option(&(const struct lm_option){.name = "help", .letter = 'h', .help = "a short help"},
               out);
}

/* "exp list" is the page lmpipe-exp-list. */
static void page_name(char name[64], const char *command)
{
    snprintf(name, 64, "lmpipe-%s", command);
    for (char *at = name; *at != '\0'; at++)
        *at = *at == ' ' ? '-' : *at;
}

static void put_command(const struct lm_command *command, const char *name, FILE *out)
{
    put_title(name, command->summary, out);
    fputs(".SH SYNOPSIS\n.B lmpipe ", out);
    put_line("", command->name, out);
    if (command->operands[0] != '\0')
        put_line(".I ", command->operands, out);
    if (command->options != NULL)
        put_line("", "[options]", out);
    put_line(".SH DESCRIPTION\n", command->summary, out);
    if (command->notes != NULL)
        put_paragraphs(command->notes, out);
    put_options(command->options, out);
    put_line(".SH EXAMPLES\n.nf\n", command->example, out);
    fputs(".fi\n.SH SEE ALSO\n.BR lmpipe (1):\nenvironment and exit statuses\n", out);
}

static void put_program(const char *name, FILE *out)
{
    put_title(name, "declarative language-model experiments", out);
    fputs(".SH SYNOPSIS\n.B lmpipe\n.I COMMAND\n[options]\n", out);
    put_line(".SH DESCRIPTION\n", lm_program_summary, out);
    fputs(".SH COMMANDS\n", out);
    for (size_t i = 0; lm_commands[i] != NULL; i++) {
        char page[64];
        page_name(page, lm_commands[i]->name);
        fputs(".TP\n.BR ", out);
        put_text(page, out);
        fputs(" (1)\n", out);
        put_line("", lm_commands[i]->summary, out);
    }
    put_notes("ENVIRONMENT", lm_environment_notes, out);
    put_notes("EXIT STATUS", lm_exit_notes, out);
}

/* 0, or 1 after a message. `command` NULL: the page of the program. */
static int write_page(const char *folder, const struct lm_command *command)
{
    char name[64] = "lmpipe", path[4096];
    if (command != NULL)
        page_name(name, command->name);
    snprintf(path, sizeof path, "%s/%s.1", folder, name);
    FILE *out = fopen(path, "w");
    if (out != NULL && command != NULL)
        put_command(command, name, out);
    else if (out != NULL)
        put_program(name, out);
    if (out != NULL && fclose(out) == 0)
        return 0;
    fprintf(stderr, "lmpipe-man: %s: %s\n", path, strerror(errno));
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: lmpipe-man FOLDER\n", stderr);
        return 2;
    }
    int failed = write_page(argv[1], NULL);
    for (size_t i = 0; lm_commands[i] != NULL; i++)
        failed |= write_page(argv[1], lm_commands[i]);
    return failed;
}
