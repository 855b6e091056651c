/* Correlations, the score interval and shared words, in closed form and from published tables. */
#include "stats/rank_correlation.h"

#include <math.h>
#include <string.h>

#include "stages/evaluate/word_overlap.h"
#include "stats/wilson.h"
#include "tests/tap.h"

static double rho(const double *x, const double *y, size_t count, const uint32_t *times,
                  double (*of)(const struct lm_rank_correlation *, const uint32_t *))
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_rank_correlation pairs;
    struct lm_err err;
    double out = -2;
    if (lm_rank_correlation_init(&pairs, arena, x, y, count, &err) == LM_OK)
        out = of(&pairs, times);
    lm_arena_free(arena);
    return out;
}

static void test_correlations(struct tap *tap)
{
    static const double up[] = {1, 2, 3, 4, 5}, bent[] = {1, 4, 9, 16, 25},
                        down[] = {5, 4, 3, 2, 1};
    static const double flat[] = {2, 2, 2, 2, 2};
    CHECK_NEAR(rho(up, bent, 5, NULL, lm_spearman), 1, 1e-12);
    CHECK_NEAR(rho(up, down, 5, NULL, lm_spearman), -1, 1e-12);
    CHECK_NEAR(rho(up, down, 5, NULL, lm_pearson), -1, 1e-12);
    /* Σ dx·dy / √(Σ dx² Σ dy²) = 60 / √(10·374) */
    CHECK_NEAR(rho(up, bent, 5, NULL, lm_pearson), 60 / sqrt(10.0 * 374), 1e-12);
    CHECK(isnan(rho(up, flat, 5, NULL, lm_pearson)) && isnan(rho(up, flat, 5, NULL, lm_spearman)));
    /* hours of television and IQ, a textbook's: ρ = 1 − 6·194/(10·99) */
    static const double iq[] = {106, 100, 86, 101, 99, 103, 97, 113, 112, 110};
    static const double hours[] = {7, 27, 2, 50, 28, 29, 20, 12, 6, 17};
    CHECK_NEAR(rho(iq, hours, 10, NULL, lm_spearman), 1 - 6.0 * 194 / 990, 1e-12);
    /* ties have the mean of their ranks: 1.5 1.5 3 4 beside 1 2 3 4 */
    static const double tied[] = {7, 7, 8, 9};
    CHECK_NEAR(rho(tied, up, 4, NULL, lm_spearman), 4.5 / sqrt(4.5 * 5), 1e-12);
}

/* Three times 0.1 is not 0.3: the mean is no 0.1, and yet nothing varies. */
static void test_constant(struct tap *tap)
{
    static const double tenths[] = {0.1, 0.1, 0.1, 0.7}, up[] = {0.1, 0.2, 0.3, 0.9};
    static const uint32_t first[] = {1, 1, 1, 0}, none[] = {0, 0, 0, 0};
    CHECK(isnan(rho(tenths, up, 3, NULL, lm_pearson)) &&
          isnan(rho(up, tenths, 3, NULL, lm_pearson)));
    CHECK(isnan(rho(tenths, up, 4, first, lm_pearson)) &&
          isnan(rho(tenths, up, 4, first, lm_spearman)));
    CHECK(isnan(rho(tenths, up, 4, none, lm_pearson)) &&
          isnan(rho(tenths, up, 0, NULL, lm_spearman)));
}

/* A pair that counts twice is one that stands there twice. */
static void test_resample(struct tap *tap)
{
    static const double x[] = {3, 1, 4, 1, 5}, y[] = {2, 7, 1, 8, 2};
    static const uint32_t times[] = {2, 0, 1, 1, 1};
    static const double xx[] = {3, 3, 4, 1, 5}, yy[] = {2, 2, 1, 8, 2};
    CHECK_NEAR(rho(x, y, 5, times, lm_spearman), rho(xx, yy, 5, NULL, lm_spearman), 1e-12);
    CHECK_NEAR(rho(x, y, 5, times, lm_pearson), rho(xx, yy, 5, NULL, lm_pearson), 1e-12);
}

/* Newcombe 1998, table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29. */
static void test_wilson(struct tap *tap)
{
    static const struct {
        double hits, count, low, high;
    } rows[] = {{81, 263, 0.2553, 0.3662},
                {15, 148, 0.0624, 0.1605},
                {0, 20, 0.0000, 0.1611},
                {1, 29, 0.0061, 0.1718}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double low, high;
        lm_wilson(&low, &high, rows[i].hits, rows[i].count);
        CHECK_NEAR(low, rows[i].low, 5.1e-5);
        CHECK_NEAR(high, rows[i].high, 5.1e-5);
    }
}

static double shared(const char *a, const char *b)
{
    struct lm_arena *arena = lm_arena_create();
    const struct lm_example_text x = {a, strlen(a)}, y = {b, strlen(b)};
    struct lm_err err;
    double out = -1;
    word_overlap(&out, arena, &x, &y, &err);
    lm_arena_free(arena);
    return out;
}

static void test_words(struct tap *tap)
{
    CHECK_NEAR(shared("A dog runs.", "the dog RUNS, runs"), 0.5,
               1e-15); /* dog runs of a dog runs the */
    CHECK_NEAR(shared("", ""), 0, 0);
    CHECK_NEAR(shared("...", "a"), 0, 0);
    CHECK_NEAR(shared("na\xc3\xafve caf\xc3\xa9", "caf\xc3\xa9 na\xc3\xafve"), 1, 0);
    CHECK_NEAR(shared("x\xff y", "y x"), 1, 0);
}

static const struct tap_test tests[] = {TAP_ROW(test_correlations) TAP_ROW(test_constant) TAP_ROW(
    test_resample) TAP_ROW(test_wilson) TAP_ROW(test_words)};
LM_TEST_FILE(tests)
