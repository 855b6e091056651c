/* How often 95 % intervals hold the truth, by simulation: docs/internals/intervals.md has the table
 * of LMPIPE_COVERAGE=2000; without it a few hundred experiments each see that nothing is far off.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "stats/bootstrap.h"
#include "stats/distributions.h"
#include "stats/paired.h"
#include "stats/paired_shares.h"
#include "stats/rank_correlation.h"
#include "stats/ratio_estimate.h"
#include "stats/wilson.h"
#include "tap.h"

enum { POOL = 800, MOST = 2000, RESAMPLES = 1000 };

/* Documents of two real models (tests/data/compare/README.md): bytes and nats of both. */
struct pool {
    size_t count;
    double bytes[POOL], a[POOL], b[POOL];
};

struct sample {
    double over[MOST], under[MOST];
};

static bool read_pool(struct pool *pool)
{
    struct lm_arena *arena = lm_arena_create();
    char *text;
    size_t size;
    bool is_done =
        lm_file_read(&text, &size, arena, LM_TEST_DATA "/compare/pool.csv", 1 << 20, NULL) == LM_OK;
    pool->count = 0;
    for (char *line = is_done ? strchr(text, '\n') : NULL;
         line != NULL && line[1] != '\0' && pool->count < POOL; line = strchr(line + 1, '\n')) {
        size_t i = pool->count++;
        is_done = is_done &&
                  sscanf(line + 1, "%lf,%lf,%lf", &pool->bytes[i], &pool->a[i], &pool->b[i]) == 3;
    }
    lm_arena_free(arena);
    return is_done && pool->count >= 300;
}

static size_t experiments(void)
{
    const char *wanted = getenv("LMPIPE_COVERAGE");
    return wanted != NULL ? strtoul(wanted, NULL, 10) : 0;
}

/* ---- what is drawn, and its truth ---- */

typedef double draw_fn(struct sample *out, const struct pool *pool, size_t n, struct lm_rng rng);

/* Loss of documents: nats over bytes. */
static double draw_loss(struct sample *out, const struct pool *pool, size_t n, struct lm_rng rng)
{
    double nats = 0, bytes = 0;
    for (size_t i = 0; i < pool->count; i++) {
        nats += pool->a[i];
        bytes += pool->bytes[i];
    }
    for (size_t i = 0; i < n; i++) {
        size_t at = (size_t)lm_rng_below(rng, 0, i, pool->count);
        out->over[i] = pool->a[at];
        out->under[i] = pool->bytes[at];
    }
    return nats / bytes;
}

/* The difference of both models, document by document. */
static double draw_difference(struct sample *out, const struct pool *pool, size_t n,
                              struct lm_rng rng)
{
    double nats = 0, bytes = 0;
    for (size_t i = 0; i < pool->count; i++) {
        nats += pool->b[i] - pool->a[i];
        bytes += pool->bytes[i];
    }
    for (size_t i = 0; i < n; i++) {
        size_t at = (size_t)lm_rng_below(rng, 0, i, pool->count);
        out->over[i] = pool->b[at] - pool->a[at];
        out->under[i] = pool->bytes[at];
    }
    return nats / bytes;
}

/* Groups of 50 right or wrong items whose chances vary as those of minimal pairs do: 0.4 to 0.95.
 */
static double draw_groups(struct sample *out, const struct pool *pool, size_t n, struct lm_rng rng)
{
    (void)pool;
    for (size_t g = 0; g < n; g++) {
        double p = 0.4 + 0.55 * lm_rng_uniform(rng, 1, g);
        out->over[g] = 0;
        out->under[g] = 50;
        for (size_t i = 0; i < 50; i++)
            out->over[g] += lm_rng_uniform(rng, 2, g * 50 + i) < p;
    }
    return 0.675;
}

/* Items that one run alone has right: 12 %, or the other: 8 %. */
static double draw_sides(struct sample *out, const struct pool *pool, size_t n, struct lm_rng rng)
{
    (void)pool;
    for (size_t i = 0; i < n; i++) {
        double u = lm_rng_uniform(rng, 3, i);
        out->over[i] = u < 0.12 ? 1 : u < 0.20 ? -1 : 0;
        out->under[i] = 1;
    }
    return 0.04;
}

/* Pairs of normal numbers correlated by 0.6, by the transform of Box & Muller (1958); the truth is
 * Spearman's rho of their distribution, 6/pi asin(0.6/2). */
static double draw_pairs(struct sample *out, const struct pool *pool, size_t n, struct lm_rng rng)
{
    const double circle = 2 * acos(-1);
    (void)pool;
    for (size_t i = 0; i < n; i++) {
        double radius = sqrt(-2 * log(1 - lm_rng_uniform(rng, 4, 2 * i)));
        double angle = circle * lm_rng_uniform(rng, 4, 2 * i + 1);
        out->over[i] = radius * cos(angle);
        out->under[i] = 0.6 * out->over[i] + 0.8 * radius * sin(angle);
    }
    return 12 / circle * asin(0.3);
}

/* ---- intervals ---- */

typedef bool interval_fn(double *low, double *high, const struct sample *sample, size_t n,
                         struct lm_rng rng, struct lm_arena *arena);

/* The quantiles of a resample's ratio, as statistics without a standard error have them. */
static double ratio_of(const void *user, const uint32_t *counts, size_t n, double *scratch)
{
    const struct sample *sample = user;
    (void)scratch;
    return lm_ratio_estimate(sample->over, sample->under, counts, n).ratio;
}

static bool ratio(double *low, double *high, const struct sample *sample, size_t n,
                  enum lm_interval interval, struct lm_rng rng, struct lm_arena *arena)
{
    const struct lm_resampling how = {.resamples = RESAMPLES, .rng = rng};
    struct lm_bootstrap_statistic statistic = {ratio_of, sample, 0, 0};
    bool is_done = lm_bootstrap_statistics(&statistic, 1, n, interval, &how, arena, NULL) == LM_OK;
    *low = statistic.low;
    *high = statistic.high;
    return is_done;
}

static bool percentile(double *low, double *high, const struct sample *sample, size_t n,
                       struct lm_rng rng, struct lm_arena *arena)
{
    return ratio(low, high, sample, n, LM_INTERVAL_PERCENTILE, rng, arena);
}

static bool bca(double *low, double *high, const struct sample *sample, size_t n, struct lm_rng rng,
                struct lm_arena *arena)
{
    return ratio(low, high, sample, n, LM_INTERVAL_BCA, rng, arena);
}

static bool correlate(double *low, double *high, const struct sample *sample, size_t n,
                      enum lm_interval interval, struct lm_rng rng, struct lm_arena *arena)
{
    struct lm_rank_correlation pairs;
    const struct lm_resampling how = {.resamples = RESAMPLES, .rng = rng};
    struct lm_bootstrap_statistic statistic = {lm_spearman_of, &pairs, 0, 0};
    bool is_done =
        lm_rank_correlation_init(&pairs, arena, sample->over, sample->under, n, NULL) == LM_OK &&
        lm_bootstrap_statistics(&statistic, 1, n, interval, &how, arena, NULL) == LM_OK;
    *low = statistic.low;
    *high = statistic.high;
    return is_done;
}

static bool correlation(double *low, double *high, const struct sample *sample, size_t n,
                        struct lm_rng rng, struct lm_arena *arena)
{
    return correlate(low, high, sample, n, LM_INTERVAL_PERCENTILE, rng, arena);
}

static bool bca_correlation(double *low, double *high, const struct sample *sample, size_t n,
                            struct lm_rng rng, struct lm_arena *arena)
{
    return correlate(low, high, sample, n, LM_INTERVAL_BCA, rng, arena);
}

static bool studentised(double *low, double *high, const struct sample *sample, size_t n,
                        struct lm_rng rng, struct lm_arena *arena)
{
    struct lm_difference out;
    const struct lm_resampling how = {.resamples = RESAMPLES, .rng = rng};
    bool is_done = lm_paired_difference(&out, sample->over, sample->under, n, 0.95, &how, arena,
                                        NULL) == LM_OK;
    *low = out.low;
    *high = out.high;
    return is_done;
}

static bool linear(double *low, double *high, const struct sample *sample, size_t n,
                   struct lm_rng rng, struct lm_arena *arena)
{
    struct lm_difference out = lm_paired_linear(sample->over, sample->under, n, 0.95);
    (void)rng;
    (void)arena;
    *low = out.low;
    *high = out.high;
    return true;
}

static bool shares(double *low, double *high, const struct sample *sample, size_t n,
                   struct lm_rng rng, struct lm_arena *arena)
{
    double gained = 0, lost = 0;
    (void)rng;
    (void)arena;
    for (size_t i = 0; i < n; i++) {
        gained += sample->over[i] > 0;
        lost += sample->over[i] < 0;
    }
    struct lm_difference out = lm_paired_shares(gained, lost, (double)n, 0.95);
    *low = out.low;
    *high = out.high;
    return true;
}

static const struct cell {
    const char *name;
    interval_fn *interval;
    draw_fn *draw;
    size_t sizes[6]; /* the first is the least that has an interval */
} cells[] = {
    {"percentile bootstrap, loss of documents",
     percentile,
     draw_loss,
     {LM_BOOTSTRAP_LEAST, 50, 100, 300}},
    {"percentile bootstrap, difference of documents",
     percentile,
     draw_difference,
     {LM_BOOTSTRAP_LEAST, 50, 100, 300}},
    {"percentile bootstrap, groups", percentile, draw_groups, {LM_BOOTSTRAP_LEAST, 40, 67}},
    {"BCa, loss of documents", bca, draw_loss, {LM_BOOTSTRAP_LEAST, 50, 100, 300}},
    {"BCa, groups", bca, draw_groups, {LM_BOOTSTRAP_LEAST, 40, 67}},
    {"studentised bootstrap, loss of documents",
     studentised,
     draw_loss,
     {LM_BOOTSTRAP_LEAST, 50, 100, 300}},
    {"studentised bootstrap, difference of documents",
     studentised,
     draw_difference,
     {LM_BOOTSTRAP_LEAST, 50, 100, 300}},
    {"studentised bootstrap, groups", studentised, draw_groups, {LM_BOOTSTRAP_LEAST, 40, 67}},
    {"linearised, difference of documents", linear, draw_difference, {300, 1000, 2000}},
    {"shares of paired items", shares, draw_sides, {LM_PAIRED_SHARES_LEAST, 100, 500, 2000}},
    {"percentile bootstrap, Spearman's correlation of normal pairs (0.6)",
     correlation,
     draw_pairs,
     {LM_BOOTSTRAP_LEAST, 50, 100, 300}},
    {"BCa, Spearman's correlation of normal pairs (0.6)",
     bca_correlation,
     draw_pairs,
     {LM_BOOTSTRAP_LEAST, 50, 100, 300}},
};

/* Shown beside the others, printed nowhere: they fall short. */
static bool stands_for_comparison(const struct cell *cell)
{
    return cell->interval == percentile || cell->interval == bca;
}

static double coverage(const struct cell *cell, const struct pool *pool, size_t n, size_t count)
{
    static struct sample sample;
    size_t held = 0;
    for (size_t e = 0; e < count; e++) {
        struct lm_arena *arena = lm_arena_create();
        double low = 0, high = 0;
        double truth = cell->draw(&sample, pool, n, lm_rng_stream(e, cell->name));
        bool is_done = cell->interval(&low, &high, &sample, n, lm_rng_stream(e, "draws"), arena);
        held += is_done && low <= truth && truth <= high;
        lm_arena_free(arena);
    }
    return (double)held / (double)count;
}

/* 150 experiments are within 0.95 ± 0.07 but once in 4,000 times where the table says 94 to 96. */
static void intervals_hold_the_truth(struct tap *tap)
{
    enum { FEW = 150 };

    static struct pool pool;
    size_t wanted = experiments();
    REQUIRE(read_pool(&pool));
    for (size_t c = 0; c < sizeof cells / sizeof cells[0]; c++) {
        for (size_t k = 0; k < 6 && cells[c].sizes[k] > 0; k++) {
            size_t n = cells[c].sizes[k];
            bool is_compared = stands_for_comparison(&cells[c]);
            if (wanted == 0 && (k > 0 || is_compared))
                continue;
            double share = coverage(&cells[c], &pool, n, wanted > 0 ? wanted : FEW);
            if (wanted > 0)
                printf("# | %s | %zu | %.1f |\n", cells[c].name, n, 100 * share);
            CHECK(is_compared || wanted > 0 || share >= 0.88);
            CHECK(is_compared || wanted < 1000 || (share >= 0.925 && share <= 0.975));
        }
    }
}

/* Where the table begins intervals are printed, and one item before they are not. */
static void are_printed_from_there(struct tap *tap)
{
    static struct pool pool;
    static struct sample sample;
    REQUIRE(read_pool(&pool));
    for (size_t c = 0; c < sizeof cells / sizeof cells[0]; c++) {
        for (size_t less = 0; less < 2; less++) {
            struct lm_arena *arena = lm_arena_create();
            size_t n = cells[c].sizes[0] - less;
            double low, high;
            cells[c].draw(&sample, &pool, n, lm_rng_stream(1, "items"));
            REQUIRE(cells[c].interval(&low, &high, &sample, n, lm_rng_stream(1, "draws"), arena));
            bool is_later = cells[c].interval == linear; /* needs no more than the others do */
            CHECK(isnan(low) == (less > 0 && !is_later));
            CHECK(isnan(high) == (less > 0 && !is_later));
            lm_arena_free(arena);
        }
    }
}

/* The published table: a row for each of these sizes, and those that are printed hold the truth in
 * 93 to 97 of 100 cases. */
static void the_table_says_so(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    char *text, row[160];
    size_t size;
    REQUIRE(lm_file_read(&text, &size, arena, LM_TEST_DATA "/../../docs/internals/intervals.md",
                         1 << 20, NULL) == LM_OK);
    for (size_t c = 0; c < sizeof cells / sizeof cells[0]; c++) {
        for (size_t k = 0; k < 6 && cells[c].sizes[k] > 0; k++) {
            snprintf(row, sizeof row, "\n| %s | %zu | ", cells[c].name, cells[c].sizes[k]);
            const char *found = strstr(text, row);
            CHECK(found != NULL);
            double share = found != NULL ? strtod(found + strlen(row), NULL) : 0;
            CHECK(stands_for_comparison(&cells[c]) ? share > 80 : share >= 93 && share <= 97);
        }
    }
    lm_arena_free(arena);
}

/* P(hits = k) of n, by logarithms of factorials. */
static double binomial(size_t n, size_t k, double p)
{
    return exp(lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1) +
               (double)k * log(p) + (double)(n - k) * log(1 - p));
}

/* Exact, averaged over p: within 94 to 96 % from n = 5 on. */
static void wilson_holds_the_truth_on_average(struct tap *tap)
{
    static const size_t sizes[] = {5, 10, 20, 50, 100, 1000};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        size_t n = sizes[s];
        double mean = 0, least = 1, most = 0;
        for (size_t i = 0; i < 200; i++) {
            double p = ((double)i + 0.5) / 200, held = 0;
            for (size_t k = 0; k <= n; k++) {
                double low, high;
                lm_wilson(&low, &high, (double)k, (double)n);
                held += low <= p && p <= high ? binomial(n, k, p) : 0;
            }
            mean += held / 200;
            least = fmin(least, held);
            most = fmax(most, held);
        }
        if (experiments() > 0)
            printf("# | Wilson | %zu | %.1f (%.1f to %.1f) |\n", n, 100 * mean, 100 * least,
                   100 * most);
        CHECK(mean >= 0.94 && mean <= 0.96);
    }
}

static const struct tap_test tests[] = {TAP_ROW(intervals_hold_the_truth) TAP_ROW(
    are_printed_from_there) TAP_ROW(the_table_says_so) TAP_ROW(wilson_holds_the_truth_on_average)};

LM_TEST_FILE(tests)
