/* chrF2 worked out by hand; sacreBLEU's published figure is in test_bleu.c. */
#include "stages/evaluate/chrf.h"

#include <string.h>

#include "tests/tap.h"

static struct lm_example_text text(const char *data)
{
    return (struct lm_example_text){data, strlen(data)};
}

static double score(const char *answer, const char *first, const char *second)
{
    struct lm_arena *arena = lm_arena_create();
    const struct lm_example_text a = text(answer);
    const struct lm_example_text references[] = {text(first), text(second != NULL ? second : "")};
    struct chrf_stats stats = {0};
    struct lm_err err;
    enum lm_status status = chrf_count(&stats, arena, &a, references, second != NULL ? 2 : 1, &err);
    lm_arena_free(arena);
    return status == LM_OK ? chrf_score(&stats) : -1;
}

static void test_by_hand(struct tap *tap)
{
    CHECK_NEAR(score("same text", "same text", NULL), 100, 1e-9);
    CHECK_NEAR(score("abc", "xyz", NULL), 0, 0);
    CHECK_NEAR(score("", "abc", NULL), 0, 0);
    CHECK_NEAR(score("abc", "", NULL), 0, 0);
    CHECK_NEAR(score("", "", NULL), 0, 0);
    /* orders 1 and 2 only: precision 1, recall (2/3 + 1/2)/2 = 7/12; 5·P·R / (4P + R) = 7/11 */
    CHECK_NEAR(score("ab", "abc", NULL), 700.0 / 11, 1e-9);
    /* the other way round precision is 7/12, which counts less: 35/12 / (28/12 + 1) = 7/8 */
    CHECK_NEAR(score("abc", "ab", NULL), 87.5, 1e-9);
    /* counts are clipped: orders 1, 2: 1 of 3, 0 of 2 against 1 of 1, none; order 1 alone counts */
    CHECK_NEAR(score("aaa", "a", NULL), 100 * 5 * (1.0 / 3) / (4.0 / 3 + 1), 1e-9);
}

static void test_symbols(struct tap *tap)
{
    CHECK_NEAR(score("a b\tc\n", "abc", NULL), 100, 1e-9);
    CHECK_NEAR(score("a\xc2\xa0"
                     "b\x1c",
                     "ab", NULL),
               100, 1e-9);                                 /* as Python's str.split has it */
    CHECK_NEAR(score("\xc3\xa4", "\xc3\xb6", NULL), 0, 0); /* ä and ö share a byte */
    CHECK_NEAR(score("A", "a", NULL), 0, 0);               /* case is kept */
    CHECK_NEAR(score("\xff", "\xff", NULL), 100, 1e-9);
    CHECK_NEAR(score("\xff", "\xc3\xbf", NULL), 0, 0); /* a stray byte is no ÿ */
}

/* The reference with the highest score counts, the first of equals. */
static void test_references(struct tap *tap)
{
    CHECK_NEAR(score("ab", "xyz", "abc"), 700.0 / 11, 1e-9);
    CHECK_NEAR(score("ab", "abc", "xyz"), 700.0 / 11, 1e-9);
    CHECK_NEAR(score("ab", "abc", "ab"), 100, 1e-9);
}

/* A corpus is the sum of its segments, not the mean of their scores; twice is once more. */
static void test_sums(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    const struct lm_example_text a = text("a"), b = text("b"), c = text("cc");
    struct chrf_stats one = {0}, other = {0}, sum = {0}, twice = {0};
    struct lm_err err;
    REQUIRE(chrf_count(&one, arena, &a, &a, 1, &err) == LM_OK);
    REQUIRE(chrf_count(&other, arena, &b, &c, 1, &err) == LM_OK);
    chrf_add(&sum, &one, 1);
    chrf_add(&sum, &other, 1);
    /* order 1: 1 of 2 against 1 of 3 */
    CHECK_NEAR(chrf_score(&sum), 100 * 5 * 0.5 / 3 / (2 + 1.0 / 3), 1e-9);
    chrf_add(&twice, &one, 2);
    chrf_add(&twice, &other, 0);
    CHECK_NEAR(twice.matches[0], 2, 0);
    CHECK_NEAR(chrf_score(&twice), 100, 1e-9);
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {TAP_ROW(test_by_hand) TAP_ROW(test_symbols)
                                            TAP_ROW(test_references) TAP_ROW(test_sums)};
LM_TEST_FILE(tests)
