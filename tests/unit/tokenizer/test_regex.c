#include "tokenizer/regex.h"

#include <time.h>

#include "tap.h"
#include "text_samples.h"

/* Matches of an expression as "[match]", the rest as it is. */
static enum lm_status mark(char *out, const char *expression, const char *text, size_t size,
                           struct lm_err *err)
{
    struct lm_regex *regex = NULL;
    LM_TRY(lm_regex_create(&regex, expression, err));
    size_t at = 0, start = 0, end = 0;
    enum lm_status status = LM_OK;
    while (at < size && status == LM_OK) {
        status = lm_regex_find(regex, (const uint8_t *)text, size, at, &start, &end, err);
        if (status != LM_OK)
            break;
        out += sprintf(out, "%.*s", (int)(start - at), text + at);
        if (end > start)
            out += sprintf(out, "[%.*s]", (int)(end - start), text + start);
        at = end;
    }
    lm_regex_free(regex);
    return status;
}

static void matches_and_what_lies_between(struct tap *tap)
{
    static const struct {
        const char *expression, *text, *marked;
    } cases[] = {
        {"\\w+", "to be, or", "[to] [be], [or]"},
        {"x*", "axxb", "a[xx]b"},        /* an empty match is none */
        {"(?<=a)b", "abb b", "a[b]b b"}, /* looks behind see what was cut off */
        {"\\p{Lu}", "a\xC3\x84z\xCE\xA9", "a[\xC3\x84]z[\xCE\xA9]"},
        {"\\d", "\xD9\xA1", "[\xD9\xA1]"}, /* by Unicode */
        {"a$", "a\na\n", "a\na\n"},        /* the very end */
        {"a$", "a\na", "a\n[a]"},
        {"a\\Kb", "abab", "a[b]a[b]"},
        {".+", "a\xFF\xFEz", "[a]\xFF\xFE[z]"}, /* ill-formed bytes match nothing */
        {"nothing", "here", "here"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[100] = "";
        struct lm_err err = {LM_OK, ""};
        CHECK(mark(out, cases[i].expression, cases[i].text, strlen(cases[i].text), &err) == LM_OK);
        CHECK_STR(out, cases[i].marked);
    }
}

static void faults_have_a_place(struct tap *tap)
{
    static const struct {
        const char *expression, *words;
    } cases[] = {
        {"(", "missing closing parenthesis at its byte 2"},
        {"a{2,1}", "numbers out of order in {} quantifier at its byte 6"},
        {"[z-a]", "range out of order in character class at its byte 4"},
        {"\\C", "using \\C is disabled"},
        {"\xFF", "UTF-8 error"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lm_regex *regex = NULL;
        struct lm_err err = {LM_OK, ""};
        CHECK_INT(lm_regex_create(&regex, cases[i].expression, &err), LM_INVALID);
        CHECK(strstr(err.text, cases[i].words) != NULL && strstr(err.text, "; fix it") != NULL);
        if (strstr(err.text, cases[i].words) == NULL)
            printf("# %s\n", err.text);
    }
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Steps back that double with every character end in words. */
static void catastrophes_end(struct tap *tap)
{
    static const char *const expressions[] = {"(a+)+[bd]", "(a|aa)+$", "(a*)*[bd]", "(.*)*[bd]",
                                              "((((a+)+)+)+)+[bd]"};

    enum { SIZE = 60000 };

    char *text = malloc(SIZE), *out = malloc(4 * SIZE);
    memset(text, 'a', SIZE);
    text[SIZE - 1] = 'c';
    size_t gave_up = 0;
    for (size_t i = 0; i < sizeof expressions / sizeof expressions[0]; i++) {
        struct lm_err err = {LM_OK, ""};
        double start = seconds();
        enum lm_status status = mark(out, expressions[i], text, SIZE, &err);
        CHECK(status == LM_OK || status == LM_RANGE);
        CHECK(status == LM_OK || strstr(err.text, "gives up at byte 1 of a document") != NULL);
        gave_up += status == LM_RANGE;
        printf("# %s: %.2f s %s\n", expressions[i], seconds() - start, err.text);
    }
    CHECK(gave_up >= 3);
    free(text);
    free(out);
}

/* Matches and gaps of ten million bytes cost what their bytes cost. */
static void long_documents_take_linear_time(struct tap *tap)
{
    static const char *const expressions[] = {"\\s+(?!\\S)|\\s+", "\\p{L}+", "b", "a", "x|ab*"};

    enum { SIZE = LM_REPEAT(10000000) };

    uint8_t *text = malloc(SIZE);
    for (size_t i = 0; i < sizeof expressions / sizeof expressions[0]; i++) {
        struct lm_regex *regex = NULL;
        size_t at = 0, start, end, found = 0;
        memset(text, i == 0 ? ' ' : 'a', SIZE);
        REQUIRE(lm_regex_create(&regex, expressions[i], NULL) == LM_OK);
        for (; at < SIZE; at = end, found++)
            REQUIRE(lm_regex_find(regex, text, SIZE, at, &start, &end, NULL) == LM_OK);
        CHECK(found == 1 || found == SIZE);
        lm_regex_free(regex);
    }
    free(text);
}

static void unicode_is_told(struct tap *tap)
{
    char version[24];
    lm_regex_unicode(version);
    CHECK(strchr(version, '.') != NULL);
}

static const struct tap_test tests[] = {
    TAP_ROW(matches_and_what_lies_between) TAP_ROW(faults_have_a_place) TAP_ROW(catastrophes_end)
        TAP_ROW(long_documents_take_linear_time) TAP_ROW(unicode_is_told)};

LM_TEST_FILE(tests)
