#include "options.h"

#include "tap.h"

struct args {
    bool flag;
    const char *text;
    int64_t number;
    double real, duration;
    int choice;
    struct lm_option_texts texts;
    struct lm_settings settings;
    struct lm_option_maybe maybe;
};

static const char *const colours[] = {"red", "green", "blue", NULL};

#define AT(f) .offset = offsetof(struct args, f)

static const struct lm_option options[] = {
    {.name = "flag", .letter = 'n', .kind = LM_O_FLAG, AT(flag), .help = "a flag"},
    {.name = "text", .kind = LM_O_TEXT, AT(text), .metavar = "TEXT", .help = "a text"},
    {.name = "number",
     .letter = 'j',
     .kind = LM_O_INT,
     AT(number),
     .metavar = "N",
     .min = 1,
     .max = 9,
     .help = "a number"},
    {.name = "real",
     .kind = LM_O_FLOAT,
     AT(real),
     .metavar = "X",
     .min = -1,
     .max = 1,
     .help = "a real number"},
    {.name = "duration", .kind = LM_O_DURATION, AT(duration), .metavar = "T", .help = "a time"},
    {.name = "choice",
     .kind = LM_O_CHOICE,
     AT(choice),
     .metavar = "red|green|blue",
     .choices = colours,
     .help = "a colour"},
    {.name = "force",
     .letter = 'f',
     .kind = LM_O_TEXTS,
     AT(texts),
     .metavar = "STAGE",
     .help = "a list"},
    {.name = "set",
     .letter = 'S',
     .kind = LM_O_SETTINGS,
     AT(settings),
     .metavar = "NAME=VALUE",
     .help = "a setting"},
    {.name = "maybe",
     .kind = LM_O_MAYBE,
     AT(maybe),
     .metavar = "[=DIR]",
     .help = "with or without"},
    {0},
};

static const struct args defaults = {.real = 0.5};

static const struct lm_command command = {.name = "try",
                                          .summary = "tries",
                                          .operands = "A [B]",
                                          .min_operands = 1,
                                          .max_operands = 2,
                                          .options = options,
                                          .args_size = sizeof(struct args),
                                          .defaults = &defaults,
                                          .example = "lmpipe try a"};

enum { MOST = 16 };

/* Parses a line of words separated by spaces. */
static enum lm_status parse(struct lm_parsed *out, struct lm_arena *arena, const char *line,
                            struct lm_err *err)
{
    char *words[MOST + 1] = {lm_arena_strdup(arena, "try")};
    int count = 1;
    char *text = lm_arena_strdup(arena, line);
    while (*text != '\0' && count < MOST) {
        words[count++] = text;
        text += strcspn(text, " ");
        if (*text == ' ')
            *text++ = '\0';
    }
    char **argv = LM_NEW_ARRAY(arena, char *, MOST + 1);
    memcpy(argv, words, sizeof words);
    return lm_options_parse(out, &command, count, argv, arena, err);
}

static void values_reach_their_fields(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_parsed parsed = {0};
    struct lm_err err = {0};
    REQUIRE(parse(&parsed, arena,
                  "a -n --text=x -j3 b --duration 10m --choice blue -f s1 --force s2 -S k=v=w",
                  &err) == LM_OK);
    const struct args *args = parsed.args;
    CHECK(args->flag);
    CHECK_STR(args->text, "x");
    CHECK_INT(args->number, 3);
    CHECK_NEAR(args->real, 0.5, 0);
    CHECK_NEAR(args->duration, 600, 0);
    CHECK_INT(args->choice, 2);
    CHECK_INT(args->texts.count, 2);
    CHECK_STR(args->texts.items[1], "s2");
    CHECK_INT(args->settings.count, 1);
    CHECK_STR(args->settings.items[0].name, "k");
    CHECK_STR(args->settings.items[0].value, "v=w");
    CHECK_INT(parsed.operand_count, 2);
    CHECK_STR(parsed.operands[1], "b");
    lm_arena_free(arena);
}

static void mistakes_are_named(struct tap *tap)
{
    static const struct {
        const char *line, *message;
    } cases[] = {
        {"a --txet x", "unknown option '--txet'; did you mean '--text'?"},
        {"a --zzzz", "unknown option '--zzzz'; see 'lmpipe try --help'"},
        {"a -x", "unknown option '-x'; see 'lmpipe try --help'"},
        {"a --text", "--text needs a value: --text TEXT"},
        {"a -j", "--number needs a value: --number N"},
        {"a --flag=1", "--flag takes no value"},
        {"a -j 12", "--number: 12 is out of range; give 1 to 9"},
        {"a -j 3x", "--number: '3x' is not a whole number"},
        {"a -j 99999999999999999999", "--number: '99999999999999999999' is not a whole number"},
        {"a --real nan", "--real: 'nan' is not a number"},
        {"a --real 2", "--real: 2 is out of range; give -1 to 1"},
        {"a --duration 10x", "--duration: '10x' is not a duration such as 90s, 10m or 2h"},
        {"a --choice bleu", "--choice: 'bleu' is none of red|green|blue; did you mean 'blue'?"},
        {"a -S novalue", "--set: 'novalue' is not of the form NAME=VALUE"},
        {"", "too few arguments; usage: lmpipe try A [B]"},
        {"a b c", "too many arguments; usage: lmpipe try A [B]"},
    };
    struct lm_arena *arena = lm_arena_create();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lm_parsed parsed = {0};
        struct lm_err err = {0};
        CHECK_INT(parse(&parsed, arena, cases[i].line, &err), LM_INVALID);
        CHECK_STR(err.text, cases[i].message);
    }
    lm_arena_free(arena);
}

/** "--maybe" takes no word that follows it; "--maybe=x" has a value. */
static void some_values_may_be_left_out(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_parsed parsed = {0};
    REQUIRE(parse(&parsed, arena, "a --maybe b", NULL) == LM_OK);
    const struct args *args = parsed.args;
    CHECK(args->maybe.bare && args->maybe.text == NULL && parsed.operand_count == 2);
    REQUIRE(parse(&parsed, arena, "a --maybe=/x", NULL) == LM_OK);
    args = parsed.args;
    CHECK(!args->maybe.bare);
    CHECK_STR(args->maybe.text, "/x");
    REQUIRE(parse(&parsed, arena, "a --maybe=/x --maybe", NULL) == LM_OK);
    args = parsed.args;
    CHECK(args->maybe.bare);
    CHECK_STR(args->maybe.text, "/x");
    lm_arena_free(arena);
}

static void durations_have_units(struct tap *tap)
{
    double seconds = 0;
    CHECK(lm_duration_parse(&seconds, "90") && seconds == 90);
    CHECK(lm_duration_parse(&seconds, "1.5h") && seconds == 5400);
    CHECK(lm_duration_parse(&seconds, "0") && seconds == 0);
    CHECK(!lm_duration_parse(&seconds, "-3s"));
    CHECK(!lm_duration_parse(&seconds, "inf"));
    CHECK(!lm_duration_parse(&seconds, ""));
}

static void help_comes_from_the_table(struct tap *tap)
{
    char *text = NULL;
    size_t size = 0;
    struct lm_arena *arena = lm_arena_create();
    struct lm_parsed parsed = {0};
    FILE *out = open_memstream(&text, &size);
    REQUIRE(out != NULL);
    CHECK_INT(parse(&parsed, arena, "--help", NULL), LM_OK);
    CHECK(parsed.help);
    lm_options_help(&command, out);
    fclose(out);
    for (const struct lm_option *row = options; row->name != NULL; row++)
        CHECK(strstr(text, row->help) != NULL);
    CHECK(strstr(text, "-j, --number N") != NULL);
    CHECK(strstr(text, "--maybe[=DIR] ") != NULL);
    CHECK(strstr(text, "example:\n  lmpipe try a\n") != NULL);
    free(text);
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {TAP_ROW(values_reach_their_fields) TAP_ROW(
    mistakes_are_named) TAP_ROW(some_values_may_be_left_out) TAP_ROW(durations_have_units)
                                            TAP_ROW(help_comes_from_the_table)};

LM_TEST_FILE(tests)
