/* Expressions between two engines. tests/data/tokenizers/foreign_regex.tsv holds where Hugging
 * Face's program cuts texts by some thousand of them (tools/fixtures/foreign_regex.mjs). */
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "oracle/cut_digest.h"
#include "tap.h"
#include "tokenizer/formats/foreign_regex.h"
#include "tokenizer/formats/published.h"

static void published_expressions_mean_the_same(struct tap *tap)
{
    static const enum lm_pattern patterns[] = {LM_PATTERN_GPT2, LM_PATTERN_CL100K,
                                               LM_PATTERN_O200K};

    for (size_t i = 0; i < 3; i++) {
        const char *expression = lm_published_expression(patterns[i]);
        enum lm_pattern pattern = LM_PATTERN_BYTES;
        struct lm_buf out;
        REQUIRE(expression != NULL);
        lm_buf_init(&out, 0);
        CHECK(lm_foreign_regex(&out, expression, LM_REGEX_ONIGURUMA, NULL) == LM_OK);
        CHECK(lm_published_pattern(&pattern, expression) && pattern == patterns[i]);
        lm_buf_release(&out);
    }
    CHECK(lm_published_expression(LM_PATTERN_CHARS) == NULL);
}

static void each_engine_gets_its_own_words(struct tap *tap)
{
    static const struct {
        const char *oniguruma, *pcre2;
    } cases[] = {
        {"a", "a"},
        {"\\p{Han}+", "\\p{sc:Han}+"},
        {"[^\\p{Old_Italic}\\P{Greek}]", "[^\\p{sc:Old_Italic}\\P{sc:Greek}]"},
        {"\\s+|\\S", "\\p{White_Space}+|\\P{White_Space}"},
        {"[\\s\\x{180E}]|[^\\s\\x{180E}]+", "\\s|\\S+"},
        {"[^[^\\s\\x{180E}]q]", "[^\\Sq]"},
        {"[a\\w]", "[a\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]"},
        {"\\p{L}+|\\P{N}{1,3}", "\\p{L}+|\\P{N}{1,3}"},
        {"[^\\r\\n\\p{Lu}]?+x++", "[^\\r\\n\\p{Lu}]?+x++"},
        {"(?:a|b)(?=c)(?!d)(?<=e)(?<!f)(?>g)(?:h)", "(?:a|b)(?=c)(?!d)(?<=e)(?<!f)(?>g)(?:h)"},
        {"[$^(){}+-]", "[$^(){}+-]"},
        {"(?i:'s|'t|'re|'ve|'m|'ll|'d)", "(?i:'s|'t|'re|'ve|'m|'ll|'d)"},
        {"[\\x{3001}-\\x{30FF}]", "[\\x{3001}-\\x{30FF}]"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lm_buf there, back;
        lm_buf_init(&there, 0);
        lm_buf_init(&back, 0);
        CHECK(lm_foreign_regex(&there, cases[i].oniguruma, LM_REGEX_ONIGURUMA, NULL) == LM_OK);
        CHECK_STR(there.data, cases[i].pcre2);
        CHECK(lm_foreign_regex(&back, cases[i].pcre2, LM_REGEX_PCRE2, NULL) == LM_OK);
        CHECK_STR(back.data, cases[i].oniguruma);
        lm_buf_release(&there);
        lm_buf_release(&back);
    }
}

/* What is written in several ways, or holds for one direction alone. */
static void some_are_said_otherwise(struct tap *tap)
{
    static const struct {
        const char *text, *other;
        enum lm_regex_dialect from;
    } cases[] = {
        {"\\p{^lu}\\P{^letter}\\p{ old-italic }", "\\P{Lu}\\p{L}\\p{sc:Old_Italic}",
         LM_REGEX_ONIGURUMA},
        {"(a)\\u3042", "(?:a)\\x{3042}", LM_REGEX_ONIGURUMA},
        {"\\p{N}{1,3}+", "(?:\\p{N}{1,3})+", LM_REGEX_ONIGURUMA},
        {"a\\p{N}{1,3}+", "a(?>\\p{N}{1,3})", LM_REGEX_PCRE2},
        {"\\p{Script=han}\\p{sc:Han}", "\\p{Han}\\p{Han}", LM_REGEX_PCRE2},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lm_buf out;
        lm_buf_init(&out, 0);
        CHECK(lm_foreign_regex(&out, cases[i].text, cases[i].from, NULL) == LM_OK);
        CHECK_STR(out.data, cases[i].other);
        lm_buf_release(&out);
    }
}

static void all_else_is_refused(struct tap *tap)
{
    static const char *const bad[] = {"",
                                      "^a",
                                      "a$",
                                      "a*",
                                      "a?|b",
                                      "(?=a)",
                                      "a{,2}",
                                      "a{2}?",
                                      "a{2,1}",
                                      "a{0}",
                                      "a{1001}",
                                      "a{x}",
                                      "a{1,x}",
                                      "{",
                                      "a**",
                                      "a+*",
                                      "(?:a?)+b",
                                      "(?=a)+b",
                                      "(?<=a+)b",
                                      "(?<=(a))b",
                                      "\\b",
                                      "\\h",
                                      "\\R",
                                      "\\X",
                                      "\\K",
                                      "\\A",
                                      "\\z",
                                      "\\Z",
                                      "\\x41",
                                      "\\1",
                                      "\\v",
                                      "\\N",
                                      "\\pL",
                                      "\\p{L",
                                      "\\p{}",
                                      "\\p{Mn}",
                                      "\\p{Cn}",
                                      "\\p{Punct}",
                                      "\\p{L&}",
                                      "(?m:a)",
                                      "(?s)a",
                                      "(?i)a",
                                      "(?<n>a)",
                                      "(?#c)a",
                                      "(?~a)",
                                      "(?-i:a)",
                                      "(?i:ss)",
                                      "(?i:fi)",
                                      "(?i:[s]t)",
                                      "(?i:s+)",
                                      "(?i:a)+",
                                      "(?i:s)(?i:t)",
                                      "(?i:\xC3\xA9)",
                                      "(?i:[^a])",
                                      "(?i:\\d)",
                                      "(?i:.)",
                                      "(?i:(?:a))",
                                      "[[:alpha:]]",
                                      "[a[b]]",
                                      "[a&&b]",
                                      "[]a]",
                                      "[^]a]",
                                      "[a",
                                      "[z-a]",
                                      "[a-c-e]",
                                      "[\\d-z]",
                                      "[a-\\d]",
                                      "[\\b]",
                                      "[a\\W]",
                                      "a\\",
                                      "(a",
                                      "a)",
                                      "a||b",
                                      "()",
                                      "(?>a+?)b",
                                      "(?:a+?b)++",
                                      "a\xFF"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct lm_buf out;
        struct lm_err err = {LM_OK, ""};
        lm_buf_init(&out, 0);
        bool is_refused =
            lm_foreign_regex(&out, bad[i], LM_REGEX_ONIGURUMA, &err) == LM_UNSUPPORTED &&
            strstr(err.text, "; it cannot be imported") != NULL;
        CHECK(is_refused);
        if (!is_refused)
            printf("# %s: %s\n", bad[i], err.text);
        lm_buf_release(&out);
    }
}

/* To PCRE2 a bare script is its extensions, and what a word is depends on its version. */
static void what_pcre2_alone_means_is_refused(struct tap *tap)
{
    static const char *const bad[] = {"\\p{Han}", "\\p{scx:Han}", "\\p{scx=Greek}", "\\w",
                                      "[\\w]",    "\\u0041",      "(*UCP)a",        "\\Qa\\E"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct lm_buf out;
        struct lm_err err = {LM_OK, ""};
        lm_buf_init(&out, 0);
        CHECK(lm_foreign_regex(&out, bad[i], LM_REGEX_PCRE2, &err) == LM_UNSUPPORTED);
        CHECK(strstr(err.text, "; write it otherwise, or export as tiktoken") != NULL);
        lm_buf_release(&out);
    }
}

static void deep_groups_are_refused(struct tap *tap)
{
    enum { DEPTH = 10000 };
    struct lm_buf text, out;
    lm_buf_init(&text, 0);
    lm_buf_init(&out, 0);
    for (int i = 0; i < DEPTH; i++)
        lm_buf_puts(&text, "(?:");
    CHECK(lm_foreign_regex(&out, text.data, LM_REGEX_PCRE2, NULL) == LM_UNSUPPORTED);
    lm_buf_release(&text);
    lm_buf_release(&out);
}

/* ---- against the other program ---- */

enum { MOST_TEXTS = 64 };

struct corpus {
    struct cut_text texts[MOST_TEXTS];
    size_t count, accepted, equal;
};

static void read_text(struct corpus *corpus, struct lm_arena *arena, const char *hex)
{
    size_t size = strlen(hex) / 2;
    uint8_t *bytes = lm_arena_alloc(arena, size + 1);
    for (size_t i = 0; i < size; i++) {
        const char digits[] = {hex[2 * i], hex[2 * i + 1], '\0'};
        bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    corpus->texts[corpus->count++] = (struct cut_text){bytes, size};
}

/* A line "DIGEST EXPRESSION": what is accepted cuts as the other program does, and so does what
 * comes back from it. */
static void check_line(struct corpus *corpus, const char *want, const char *expression)
{
    struct lm_buf there, back, again;
    char digest[CUT_DIGEST] = "", second[CUT_DIGEST] = "";
    lm_buf_init(&there, 0);
    lm_buf_init(&back, 0);
    lm_buf_init(&again, 0);
    if (lm_foreign_regex(&there, expression, LM_REGEX_ONIGURUMA, NULL) == LM_OK) {
        corpus->accepted++;
        bool is_equal =
            cut_digest(digest, there.data, corpus->texts, corpus->count, NULL) == LM_OK &&
            lm_foreign_regex(&back, there.data, LM_REGEX_PCRE2, NULL) == LM_OK &&
            lm_foreign_regex(&again, back.data, LM_REGEX_ONIGURUMA, NULL) == LM_OK &&
            cut_digest(second, again.data, corpus->texts, corpus->count, NULL) == LM_OK &&
            strcmp(digest, want) == 0 && strcmp(second, want) == 0;
        corpus->equal += is_equal;
        if (!is_equal)
            printf("# %s -> %s: %s %s, not %s\n", expression, there.data, digest, second, want);
    }
    lm_buf_release(&there);
    lm_buf_release(&back);
    lm_buf_release(&again);
}

static void cuts_are_those_of_the_other_program(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct corpus corpus = {.count = 0};
    char *text;
    size_t size, lines = 0;
    REQUIRE(lm_file_read(&text, &size, arena, LM_TEST_DATA "/tokenizers/foreign_regex.tsv",
                         1u << 20, NULL) == LM_OK);
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        char *tab = strchr(line, '\t');
        *end = '\0';
        REQUIRE(tab != NULL && tab < end && corpus.count < MOST_TEXTS);
        *tab = '\0';
        if (strcmp(line, "text") == 0) {
            read_text(&corpus, arena, tab + 1);
            continue;
        }
        check_line(&corpus, line, tab + 1);
        lines++;
    }
    CHECK(lines > 2000);
    CHECK(corpus.accepted > 1500);
    CHECK_INT(corpus.equal, corpus.accepted);
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {
    TAP_ROW(published_expressions_mean_the_same) TAP_ROW(each_engine_gets_its_own_words)
        TAP_ROW(some_are_said_otherwise) TAP_ROW(all_else_is_refused)
            TAP_ROW(what_pcre2_alone_means_is_refused) TAP_ROW(deep_groups_are_refused)
                TAP_ROW(cuts_are_those_of_the_other_program)};

LM_TEST_FILE(tests)
