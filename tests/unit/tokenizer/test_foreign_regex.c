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
        REQUIRE(expression != NULL);
        CHECK(lm_foreign_regex_fault(expression) == NULL);
        CHECK(lm_published_pattern(&pattern, expression) && pattern == patterns[i]);
    }
    CHECK(lm_published_expression(LM_PATTERN_CHARS) == NULL);
}

static void plain_ones_pass(struct tap *tap)
{
    static const char *const good[] = {"a",
                                       "\\p{L}+|\\P{N}{1,3}",
                                       "[^\\r\\n\\p{Lu}]?+x++",
                                       "(?:a|b)(?=c)(?!d)(?<=e)(?<!f)(?>g)(h)",
                                       "[$^(){}+]",
                                       "\\$\\^\\.\\d\\D\\s\\S\\n\\t",
                                       "(?i:'s|'t|'re|'ve|'m|'ll|'d)"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const char *fault = lm_foreign_regex_fault(good[i]);
        CHECK(fault == NULL);
        if (fault != NULL)
            printf("# %s: %s\n", good[i], fault);
    }
}

static void doubtful_ones_do_not(struct tap *tap)
{
    static const char *const bad[] = {
        "^a",         "a$",    "\\N{1,3}+", "\\p{N}{1,3}+", "\\w",   "\\b",     "\\h",
        "\\Z",        "\\x41", "\\1",       "(?m:a)",       "(?s)a", "(?i:ss)", "(?i)a",
        "(?<name>a)", "(?#c)", "[a[b]]",    "[a&&b]",       "a\\",   "\\pL",    "\\p{L"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK(lm_foreign_regex_fault(bad[i]) != NULL);
        if (tap->failed)
            printf("# %s\n", bad[i]);
    }
}

static const struct tap_test tests[] = {TAP_ROW(published_expressions_mean_the_same)
                                            TAP_ROW(plain_ones_pass) TAP_ROW(doubtful_ones_do_not)};

LM_TEST_MAIN(tests)
