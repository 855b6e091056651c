#include <math.h>
#include <string.h>

#include "stats/bootstrap.h"
#include "stats/draws.h"
#include "stats/paired.h"
#include "stats/ratio_estimate.h"
#include "tap.h"

enum { DOCUMENTS = 500 };

static enum lm_status run(struct lm_bootstrap_ratio *ratio, size_t count, size_t resamples,
                          struct lm_arena *arena)
{
    const struct lm_resampling how = {.resamples = resamples, .rng = lm_rng_stream(1, "bootstrap")};
    return lm_bootstrap_run(ratio, 1, count, &how, arena, NULL);
}

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
    REQUIRE(run(&ratio, DOCUMENTS, 20000, arena) == LM_OK);
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
    REQUIRE(run(&ratio, DOCUMENTS, 20000, arena) == LM_OK);
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
    REQUIRE(run(&ratio, LM_BOOTSTRAP_LEAST, 100, arena) == LM_OK);
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
        REQUIRE(run(&ratio, counts[i], 100, arena) == LM_OK);
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
    REQUIRE(run(&ratio, LM_BOOTSTRAP_LEAST, 100, arena) == LM_OK);
    CHECK_NEAR(ratio.low, 3, 0);
    CHECK_NEAR(ratio.high, 3, 0);
    lm_arena_free(arena);
}

/* ---- threads ---- */

/* A weighted mean of squares: any statistic. */
static double squares_of(const void *user, const uint32_t *counts, size_t count, double *scratch)
{
    const double *values = user;
    double sum = 0, weight = 0;
    for (size_t i = 0; i < count; i++) {
        scratch[i] = values[i] * values[i];
        scratch[count + i] = counts[i];
    }
    for (size_t i = 0; i < count; i++) {
        sum += scratch[i] * scratch[count + i];
        weight += scratch[count + i];
    }
    return sum / weight;
}

/* All intervals of the same items: of ratios, of a statistic by percentiles and by BCa, of a paired
 * difference; and the resamples of three runs. */
struct found {
    struct lm_bootstrap_ratio ratios[2];
    struct lm_bootstrap_statistic statistics[2];
    struct lm_difference difference;
    double resampled[3 * 333];
};

static bool find_all(struct found *out, size_t items, struct lm_pool *pool)
{
    struct lm_arena *arena = lm_arena_create();
    double *over = LM_NEW_ARRAY(arena, double, items), *under = LM_NEW_ARRAY(arena, double, items);
    double *values = LM_NEW_ARRAY(arena, double, items);
    const struct lm_resampling how = {
        .resamples = 333, .rng = lm_rng_stream(3, "threads"), .pool = pool};
    for (size_t i = 0; i < items; i++) {
        over[i] = lm_rng_normal(lm_rng_stream(5, "values"), 0, i);
        under[i] = 1 + lm_rng_uniform(lm_rng_stream(5, "sizes"), 0, i);
        values[i] = over[i] * under[i];
    }
    *out = (struct found){.ratios = {{over, under, 0, 0}, {values, under, 0, 0}},
                          .statistics = {{squares_of, over, 0, 0}, {squares_of, values, 0, 0}}};
    const double *const rows[] = {over, values, under};
    struct lm_paired_items runs = {3, items, rows, under};
    struct lm_paired_resamples drawn = {0};
    bool is_done = lm_bootstrap_run(out->ratios, 2, items, &how, arena, NULL) == LM_OK &&
                   lm_bootstrap_statistics(out->statistics, 1, items, LM_INTERVAL_PERCENTILE, &how,
                                           arena, NULL) == LM_OK &&
                   lm_bootstrap_statistics(out->statistics + 1, 1, items, LM_INTERVAL_BCA, &how,
                                           arena, NULL) == LM_OK &&
                   lm_paired_difference(&out->difference, over, under, items, 0.9, &how, arena,
                                        NULL) == LM_OK &&
                   lm_paired_resample(&drawn, &runs, &how, arena, NULL) == LM_OK;
    if (is_done)
        memcpy(out->resampled, drawn.resampled, sizeof out->resampled);
    for (size_t k = 0; k < 2; k++) { /* pointers are no results */
        out->ratios[k].over = out->ratios[k].under = NULL;
        out->statistics[k].user = NULL;
    }
    lm_arena_free(arena);
    return is_done;
}

/* Spans of many resamples and of a few, the last one short: the bits of one thread. */
static void threads_change_nothing(struct tap *tap)
{
    static const size_t counts[] = {LM_BOOTSTRAP_LEAST, 37, 700};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        static struct found alone, together;
        REQUIRE(find_all(&alone, counts[i], NULL));
        CHECK(alone.ratios[0].low < alone.ratios[0].high &&
              alone.statistics[1].low < alone.statistics[1].high);
        for (size_t threads = 2; threads <= 5; threads += 3) {
            struct lm_pool *pool = lm_pool_create(threads);
            REQUIRE(find_all(&together, counts[i], pool));
            CHECK(memcmp(&alone, &together, sizeof alone) == 0);
            lm_pool_free(pool);
        }
    }
}

static bool say_yes(void *user)
{
    (void)user;
    return true;
}

static void can_be_cancelled(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    const struct lm_resampling how = {
        .resamples = 100, .rng = lm_rng_stream(1, "bootstrap"), .is_cancelled = say_yes};
    const double over[LM_BOOTSTRAP_LEAST] = {3, 4}, under[LM_BOOTSTRAP_LEAST] = {2, 2};
    struct lm_bootstrap_ratio ratio = {.over = over, .under = under};
    CHECK_INT(lm_bootstrap_run(&ratio, 1, LM_BOOTSTRAP_LEAST, &how, arena, NULL), LM_CANCELLED);
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {
    TAP_ROW(quantiles_interpolate) TAP_ROW(agrees_with_closed_form) TAP_ROW(lanes_are_the_same)
        TAP_ROW(weighs_by_size) TAP_ROW(equal_documents_give_a_point)
            TAP_ROW(few_documents_have_none) TAP_ROW(empty_resamples_do_not_count)
                TAP_ROW(threads_change_nothing) TAP_ROW(can_be_cancelled)};
LM_TEST_FILE(tests)
