#include <math.h>
#include <string.h>

#include "stats/bootstrap.h"
#include "stats/draws.h"
#include "stats/ratio_estimate.h"
#include "tap.h"

enum { DOCUMENTS = 500 };

static void quantiles_interpolate(struct tap *tap)
{
    const double values[] = {1, 2, 4, 8};
    CHECK_NEAR(lm_bootstrap_quantile(values, 4, 0), 1, 0);
    CHECK_NEAR(lm_bootstrap_quantile(values, 4, 0.5), 3, 1e-15); /* R: quantile(c(1,2,4,8), .5) */
    CHECK_NEAR(lm_bootstrap_quantile(values, 4, 0.9), 6.8, 1e-12);
    CHECK_NEAR(lm_bootstrap_quantile(values, 4, 1), 8, 0);
    CHECK_NEAR(lm_bootstrap_quantile(values, 1, 0.3), 1, 0);
}

/* For a mean of n values the bootstrap's standard error is s / sqrt(n) with the population s,
 * and the interval nearly normal. */
static void agrees_with_closed_form(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    double over[DOCUMENTS], under[DOCUMENTS], mean = 0, square = 0;
    for (size_t i = 0; i < DOCUMENTS; i++) {
        over[i] = lm_rng_normal(lm_rng_stream(5, "values"), 0, i) + 3;
        under[i] = 1;
        mean += over[i] / DOCUMENTS;
    }
    for (size_t i = 0; i < DOCUMENTS; i++)
        square += (over[i] - mean) * (over[i] - mean) / DOCUMENTS;
    double error = sqrt(square / DOCUMENTS);
    struct lm_bootstrap_ratio ratio = {.over = over, .under = under};
    REQUIRE(lm_bootstrap_run(&ratio, 1, DOCUMENTS, 20000, lm_rng_stream(1, "bootstrap"), arena,
                             NULL, NULL, NULL) == LM_OK);
    CHECK_NEAR((mean - ratio.low) / error, 1.96, 0.06);
    CHECK_NEAR((ratio.high - mean) / error, 1.96, 0.06);
    lm_arena_free(arena);
}

/* A ratio of sums, not a mean of ratios: a long document weighs more. Delta method (Cochran
 * 1977, equation 2.39): se² = sum((over − R·under)²) / (sum under)². */
/* Resamples taken together have the bits of each alone, those without a sum below too. */
static void lanes_are_the_same(struct tap *tap)
{
    enum { ITEMS = 37 };

    double over[ITEMS], under[ITEMS];
    uint32_t counts[LM_RATIO_LANES * ITEMS];
    struct lm_ratio_estimate together[LM_RATIO_LANES];
    struct lm_rng rng = lm_rng_stream(5, "lanes");
    for (size_t i = 0; i < ITEMS; i++) {
        over[i] = lm_rng_normal(rng, 1, i);
        under[i] = lm_rng_uniform(rng, 2, i);
    }
    for (size_t l = 0; l < LM_RATIO_LANES; l++)
        lm_draw_counts(counts + l * ITEMS, ITEMS, rng, l);
    memset(counts + 2 * ITEMS, 0, ITEMS * sizeof *counts);
    lm_ratio_estimates(together, over, under, counts, ITEMS);
    for (size_t l = 0; l < LM_RATIO_LANES; l++) {
        struct lm_ratio_estimate one = lm_ratio_estimate(over, under, counts + l * ITEMS, ITEMS);
        CHECK(l == 2 ? isnan(together[l].ratio) && isnan(together[l].error)
                     : memcmp(&one, &together[l], sizeof one) == 0);
    }
}

static void weighs_by_size(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    double over[DOCUMENTS], under[DOCUMENTS], sum_over = 0, sum_under = 0, square = 0;
    for (size_t i = 0; i < DOCUMENTS; i++) {
        under[i] = 10 + 90 * lm_rng_uniform(lm_rng_stream(5, "sizes"), 0, i);
        over[i] = under[i] * (2 + 0.3 * lm_rng_normal(lm_rng_stream(5, "values"), 0, i));
        sum_over += over[i];
        sum_under += under[i];
    }
    for (size_t i = 0; i < DOCUMENTS; i++) {
        double rest = over[i] - sum_over / sum_under * under[i];
        square += rest * rest;
    }
    double error = sqrt(square) / sum_under;
    struct lm_bootstrap_ratio ratio = {.over = over, .under = under};
    REQUIRE(lm_bootstrap_run(&ratio, 1, DOCUMENTS, 20000, lm_rng_stream(1, "bootstrap"), arena,
                             NULL, NULL, NULL) == LM_OK);
    CHECK_NEAR((ratio.high - ratio.low) / error, 2 * 1.96, 0.1);
    lm_arena_free(arena);
}

static void equal_documents_give_a_point(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    double over[LM_BOOTSTRAP_LEAST], under[LM_BOOTSTRAP_LEAST];
    for (size_t i = 0; i < LM_BOOTSTRAP_LEAST; i++) {
        over[i] = 3;
        under[i] = 2;
    }
    struct lm_bootstrap_ratio ratio = {.over = over, .under = under};
    REQUIRE(lm_bootstrap_run(&ratio, 1, LM_BOOTSTRAP_LEAST, 100, lm_rng_stream(1, "bootstrap"),
                             arena, NULL, NULL, NULL) == LM_OK);
    CHECK_NEAR(ratio.low, 1.5, 0);
    CHECK_NEAR(ratio.high, 1.5, 0);
    lm_arena_free(arena);
}

/* Too few documents have no interval, whatever they are; one more has. */
static void few_documents_have_none(struct tap *tap)
{
    static const size_t counts[] = {0, 1, 2, 5, LM_BOOTSTRAP_LEAST - 1, LM_BOOTSTRAP_LEAST};
    struct lm_arena *arena = lm_arena_create();
    double over[LM_BOOTSTRAP_LEAST], under[LM_BOOTSTRAP_LEAST];
    for (size_t i = 0; i < LM_BOOTSTRAP_LEAST; i++) {
        over[i] = (double)i;
        under[i] = 1;
    }
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct lm_bootstrap_ratio ratio = {.over = over, .under = under, .low = 7, .high = 7};
        REQUIRE(lm_bootstrap_run(&ratio, 1, counts[i], 100, lm_rng_stream(1, "bootstrap"), arena,
                                 NULL, NULL, NULL) == LM_OK);
        CHECK(isnan(ratio.low) == (counts[i] < LM_BOOTSTRAP_LEAST));
        CHECK(isnan(ratio.high) == (counts[i] < LM_BOOTSTRAP_LEAST));
    }
    lm_arena_free(arena);
}

/* A resample without anything below the line is left out, not counted as 0. */
static void empty_resamples_do_not_count(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    const double over[LM_BOOTSTRAP_LEAST] = {3}, under[LM_BOOTSTRAP_LEAST] = {1};
    struct lm_bootstrap_ratio ratio = {.over = over, .under = under};
    REQUIRE(lm_bootstrap_run(&ratio, 1, LM_BOOTSTRAP_LEAST, 100, lm_rng_stream(1, "bootstrap"),
                             arena, NULL, NULL, NULL) == LM_OK);
    CHECK_NEAR(ratio.low, 3, 0);
    CHECK_NEAR(ratio.high, 3, 0);
    lm_arena_free(arena);
}

static bool say_yes(void *user)
{
    (void)user;
    return true;
}

static void can_be_cancelled(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    const double over[LM_BOOTSTRAP_LEAST] = {3, 4}, under[LM_BOOTSTRAP_LEAST] = {2, 2};
    struct lm_bootstrap_ratio ratio = {.over = over, .under = under};
    CHECK_INT(lm_bootstrap_run(&ratio, 1, LM_BOOTSTRAP_LEAST, 100, lm_rng_stream(1, "bootstrap"),
                               arena, say_yes, NULL, NULL),
              LM_CANCELLED);
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {
    TAP_ROW(quantiles_interpolate) TAP_ROW(agrees_with_closed_form) TAP_ROW(lanes_are_the_same)
        TAP_ROW(weighs_by_size) TAP_ROW(equal_documents_give_a_point)
            TAP_ROW(few_documents_have_none) TAP_ROW(empty_resamples_do_not_count)
                TAP_ROW(can_be_cancelled)};
LM_TEST_MAIN(tests)
