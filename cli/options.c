#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "width.h"
#include "yaml/scalar.h"

enum { MOST_OPTIONS = 32 };

/* ---- values ---- */

/* As in a spec; without a unit seconds. */
bool lm_duration_parse(double *seconds, const char *text)
{
    char given[32];
    double value;
    size_t length = strlen(text);
    bool is_bare = length > 0 && text[length - 1] >= '0' && text[length - 1] <= '9';
    if (length + 2 > sizeof given)
        return false;
    snprintf(given, sizeof given, is_bare ? "%ss" : "%s", text);
    if (!lm_scalar_duration(&value, given) || !(value >= 0) || !(value < 1e9))
        return false;
    *seconds = value;
    return true;
}

/* A choice list, a bound: what a value must look like, in words. */
static enum lm_status refuse(const struct lm_option *row, const char *value, const char *wanted,
                             struct lm_err *err)
{
    return lm_fail(err, LM_INVALID, "--%s: '%s' is not %s", row->name, value, wanted);
}

static enum lm_status set_int(void *field, const struct lm_option *row, const char *value,
                              struct lm_err *err)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0')
        return refuse(row, value, "a whole number", err);
    if ((double)number < row->min || (double)number > row->max)
        return lm_fail(err, LM_INVALID, "--%s: %s is out of range; give %.0f to %.0f", row->name,
                       value, row->min, row->max);
    *(int64_t *)field = number;
    return LM_OK;
}

static enum lm_status set_float(void *field, const struct lm_option *row, const char *value,
                                struct lm_err *err)
{
    char *end = NULL;
    double number = strtod(value, &end);
    if (end == value || *end != '\0' || !isfinite(number))
        return refuse(row, value, "a number", err);
    if (number < row->min || number > row->max)
        return lm_fail(err, LM_INVALID, "--%s: %s is out of range; give %g to %g", row->name, value,
                       row->min, row->max);
    *(double *)field = number;
    return LM_OK;
}

static enum lm_status set_choice(void *field, const struct lm_option *row, const char *value,
                                 struct lm_err *err)
{
    size_t count = 0;
    for (; row->choices[count] != NULL; count++) {
        if (strcmp(row->choices[count], value) == 0) {
            *(int *)field = (int)count;
            return LM_OK;
        }
    }
    const char *nearest = lm_suggest(value, row->choices, count);
    return lm_fail(err, LM_INVALID, "--%s: '%s' is none of %s%s%s%s", row->name, value,
                   row->metavar, nearest != NULL ? "; did you mean '" : "",
                   nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
}

/* Lists grow by one: options are few. */
static void *grow(struct lm_arena *arena, const void *items, size_t count, size_t size)
{
    char *grown = lm_arena_alloc_array(arena, count + 1, size, 16);
    if (grown != NULL && count > 0)
        memcpy(grown, items, count * size);
    return grown;
}

static enum lm_status add_text(void *field, const char *value, struct lm_arena *arena,
                               struct lm_err *err)
{
    struct lm_option_texts *texts = field;
    const char **items = grow(arena, texts->items, texts->count, sizeof *items);
    if (items == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory");
    items[texts->count++] = value;
    texts->items = items;
    return LM_OK;
}

static enum lm_status add_setting(void *field, const struct lm_option *row, const char *value,
                                  struct lm_arena *arena, struct lm_err *err)
{
    struct lm_settings *settings = field;
    const char *equals = strchr(value, '=');
    if (equals == NULL || equals == value)
        return refuse(row, value, "of the form NAME=VALUE", err);
    struct lm_setting *items = grow(arena, settings->items, settings->count, sizeof *items);
    char *name = lm_arena_strndup(arena, value, (size_t)(equals - value));
    if (items == NULL || name == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory");
    items[settings->count++] = (struct lm_setting){name, equals + 1};
    settings->items = items;
    return LM_OK;
}

static enum lm_status set_value(char *args, const struct lm_option *row, const char *value,
                                struct lm_arena *arena, struct lm_err *err)
{
    void *field = args + row->offset;
    switch (row->kind) {
    case LM_O_FLAG:
        *(bool *)field = true;
        return LM_OK;
    case LM_O_TEXT:
        *(const char **)field = value;
        return LM_OK;
    case LM_O_INT:
        return set_int(field, row, value, err);
    case LM_O_FLOAT:
        return set_float(field, row, value, err);
    case LM_O_DURATION:
        return lm_duration_parse(field, value) && (row->zero || *(double *)field > 0)
                   ? LM_OK
                   : refuse(row, value, "a duration such as 90s, 10m or 2h", err);
    case LM_O_SIZE:
        return lm_scalar_size(field, value)
                   ? LM_OK
                   : refuse(row, value, "a size such as 4096, 500M or 20G", err);
    case LM_O_CHOICE:
        return set_choice(field, row, value, err);
    case LM_O_TEXTS:
        return add_text(field, value, arena, err);
    case LM_O_SETTINGS:
        return add_setting(field, row, value, arena, err);
    }
    return lm_fail(err, LM_INTERNAL, "--%s: unknown kind of option", row->name);
}

/* ---- parsing ---- */

/* The rows in getopt_long's form; val is the row's index + 1, help is 0x1000. */
enum { HELP = 0x1000 };

struct getopt_form {
    struct option longs[MOST_OPTIONS + 2];
    char shorts[2 * MOST_OPTIONS + 8];
    size_t count;
};

static void to_getopt(struct getopt_form *form, const struct lm_option *rows)
{
    memset(form, 0, sizeof *form);
    char *letter = form->shorts;
    *letter++ = ':';
    *letter++ = 'h';
    for (; rows != NULL && rows[form->count].name != NULL && form->count < MOST_OPTIONS;
         form->count++) {
        const struct lm_option *row = &rows[form->count];
        int takes = row->kind == LM_O_FLAG ? no_argument : required_argument;
        form->longs[form->count] = (struct option){row->name, takes, NULL, (int)form->count + 1};
        if (row->letter != 0) {
            *letter++ = row->letter;
            if (takes == required_argument)
                *letter++ = ':';
        }
    }
    form->longs[form->count] = (struct option){"help", no_argument, NULL, HELP};
}

static const struct lm_option *find_row(const struct lm_option *rows, size_t count, int value)
{
    if (value >= 1 && (size_t)value <= count)
        return &rows[value - 1];
    for (size_t i = 0; i < count; i++) {
        if (rows[i].letter != 0 && rows[i].letter == value)
            return &rows[i];
    }
    return NULL;
}

static enum lm_status unknown_option(const struct lm_command *command, size_t count,
                                     const char *given, struct lm_err *err)
{
    const char *names[MOST_OPTIONS + 1];
    char word[64];
    for (size_t i = 0; i < count; i++)
        names[i] = command->options[i].name;
    names[count] = "help";
    size_t dashes = strspn(given, "-"), length = strcspn(given + dashes, "=");
    snprintf(word, sizeof word, "%.*s", (int)(length < 63 ? length : 63), given + dashes);
    const char *nearest = dashes == 2 ? lm_suggest(word, names, count + 1) : NULL;
    if (nearest != NULL)
        return lm_fail(err, LM_INVALID, "unknown option '%s'; did you mean '--%s'?", given,
                       nearest);
    return lm_fail(err, LM_INVALID, "unknown option '%s'; see 'lmpipe %s --help'", given,
                   command->name);
}

/* What getopt_long could not take: a missing or a superfluous value, or an unknown name. */
static enum lm_status explain(const struct lm_command *command, size_t count, int result,
                              char **argv, struct lm_err *err)
{
    const struct lm_option *row = optopt != 0 ? find_row(command->options, count, optopt) : NULL;
    if (row != NULL && result == ':')
        return lm_fail(err, LM_INVALID, "--%s needs a value: --%s %s", row->name, row->name,
                       row->metavar);
    if (row != NULL)
        return lm_fail(err, LM_INVALID, "--%s takes no value", row->name);
    char letter[] = {'-', (char)optopt, '\0'};
    bool is_short = optopt > 0 && optopt < 128;
    return unknown_option(command, count, is_short ? letter : argv[optind - 1], err);
}

static enum lm_status check_operands(const struct lm_command *command, size_t count,
                                     struct lm_err *err)
{
    if (count < command->min_operands)
        return lm_fail(err, LM_INVALID, "too few arguments; usage: lmpipe %s %s", command->name,
                       command->operands);
    if (count > command->max_operands)
        return lm_fail(err, LM_INVALID, "too many arguments; usage: lmpipe %s%s%s", command->name,
                       command->operands[0] != '\0' ? " " : "", command->operands);
    return LM_OK;
}

static enum lm_status check_required(const struct lm_command *command, const char *args,
                                     struct lm_err *err)
{
    for (const struct lm_option *row = command->options; row != NULL && row->name != NULL; row++) {
        const char *const *value = (const void *)(args + row->offset);
        if (row->required && (*value == NULL || (*value)[0] == '\0'))
            return lm_fail(err, LM_INVALID, "say --%s %s: %s", row->name, row->metavar, row->help);
    }
    return LM_OK;
}

enum lm_status lm_options_parse(struct lm_parsed *out, const struct lm_command *command, int argc,
                                char **argv, struct lm_arena *arena, struct lm_err *err)
{
    struct getopt_form form;
    to_getopt(&form, command->options);
    struct lm_parsed parsed = {.args = lm_arena_alloc(arena, command->args_size)};
    if (parsed.args == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory");
    if (command->defaults != NULL)
        memcpy(parsed.args, command->defaults, command->args_size);
    opterr = 0;
    optind = 0;
    int result;
    while ((result = getopt_long(argc, argv, form.shorts, form.longs, NULL)) != -1) {
        if (result == HELP || result == 'h') {
            parsed.help = true;
            *out = parsed;
            return LM_OK;
        }
        const struct lm_option *row = find_row(command->options, form.count, result);
        if (result == '?' || result == ':' || row == NULL)
            return explain(command, form.count, result, argv, err);
        LM_TRY(set_value(parsed.args, row, optarg, arena, err));
    }
    parsed.operands = argv + optind;
    parsed.operand_count = (size_t)(argc - optind);
    LM_TRY(check_operands(command, parsed.operand_count, err));
    LM_TRY(check_required(command, parsed.args, err));
    *out = parsed;
    return LM_OK;
}

/* ---- help ---- */

static void print_row(const struct lm_option *row, FILE *out)
{
    char left[64];
    const char *metavar = row->metavar != NULL ? row->metavar : "";
    if (row->letter != 0)
        snprintf(left, sizeof left, "-%c, --%s%s%s", row->letter, row->name,
                 metavar[0] != '\0' ? " " : "", metavar);
    else
        snprintf(left, sizeof left, "    --%s%s%s", row->name, metavar[0] != '\0' ? " " : "",
                 metavar);
    int gap = 28 - (int)lm_text_width(left);
    if (gap >= 2)
        fprintf(out, "  %s%*s%s\n", left, gap, "", row->help);
    else
        fprintf(out, "  %s\n%30s%s\n", left, "", row->help);
}

void lm_options_help(const struct lm_command *command, FILE *out)
{
    fprintf(out, "usage: lmpipe %s%s%s%s\n\n%s\n", command->name,
            command->operands[0] != '\0' ? " " : "", command->operands,
            command->options != NULL ? " [options]" : "", command->summary);
    if (command->notes != NULL)
        fprintf(out, "\n%s\n", command->notes);
    fputs("\noptions:\n", out);
    for (const struct lm_option *row = command->options; row != NULL && row->name != NULL; row++)
        print_row(row, out);
    print_row(&(const struct lm_option){.name = "help", .letter = 'h', .help = "this text"}, out);
    fprintf(out, "\nexample:\n  %s\n", command->example);
}
