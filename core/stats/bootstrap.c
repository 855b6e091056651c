#include "stats/bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/bca.h"
#include "stats/draws.h"
#include "stats/ratio_estimate.h"

enum { MOST_RATIOS = 8 };

double lm_bootstrap_quantile(const double *sorted, size_t count, double q)
{
    double place = q * (double)(count - 1);
    size_t below = (size_t)place;
    if (below + 1 >= count)
        return sorted[count - 1];
    return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

size_t lm_bootstrap_sort(double *values, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i]))
            values[kept++] = values[i];
    qsort(values, kept, sizeof *values, compare_doubles);
    return kept;
}

enum lm_interval lm_interval_find(const char *name)
{
    return strcmp(name, "bca") == 0 ? LM_INTERVAL_BCA : LM_INTERVAL_PERCENTILE;
}

/* ---- statistics ---- */

/* What threads share; counts, scratch: of each worker. */
struct asking {
    const struct lm_bootstrap_statistic *statistics;
    size_t statistic_count, count;
    const struct lm_resampling *how;
    uint32_t *counts; /* (workers, count) */
    double *scratch;  /* (workers, 2 · count) */
    double *values;   /* (statistics, resamples), or of one statistic (count) */
};

static void ask_of_resamples(void *user, size_t first, size_t end, size_t worker)
{
    const struct asking *asking = user;
    size_t count = asking->count;
    uint32_t *counts = asking->counts + worker * count;
    for (size_t r = first; r < end; r++) {
        lm_draw_counts(counts, count, asking->how->rng, r);
        for (size_t k = 0; k < asking->statistic_count; k++) {
            const struct lm_bootstrap_statistic *own = &asking->statistics[k];
            asking->values[k * asking->how->resamples + r] =
                own->of(own->user, counts, count, asking->scratch + 2 * worker * count);
        }
    }
}

/* The first statistic without one item each. */
static void ask_without(void *user, size_t first, size_t end, size_t worker)
{
    const struct asking *asking = user;
    size_t count = asking->count;
    const struct lm_bootstrap_statistic *own = &asking->statistics[0];
    uint32_t *counts = asking->counts + worker * count;
    for (size_t i = 0; i < count; i++)
        counts[i] = 1;
    for (size_t i = first; i < end; i++) {
        counts[i] = 0;
        asking->values[i] = own->of(own->user, counts, count, asking->scratch + 2 * worker * count);
        counts[i] = 1;
    }
}

/* A statistic's BCa interval, given its sorted resamples; left_out is scratch of `count`. */
static enum lm_status correct(struct lm_bootstrap_statistic *statistic, const double *sorted,
                              size_t kept, const struct asking *asked, double *left_out,
                              struct lm_err *err)
{
    size_t known = 0, count = asked->count;
    struct asking asking = *asked;
    asking.statistics = statistic;
    asking.values = left_out;
    for (size_t i = 0; i < count; i++)
        asking.counts[i] = 1;
    double own = statistic->of(statistic->user, asking.counts, count, asking.scratch);
    LM_TRY(lm_resampling_run(asking.how, count, count, ask_without, &asking, err));
    for (size_t i = 0; i < count; i++)
        if (!isnan(left_out[i]))
            left_out[known++] = left_out[i];
    lm_bca(&statistic->low, &statistic->high, own, sorted, kept, left_out, known, 0.95);
    return LM_OK;
}

enum lm_status lm_bootstrap_statistics(struct lm_bootstrap_statistic *statistics,
                                       size_t statistic_count, size_t count,
                                       enum lm_interval interval, const struct lm_resampling *how,
                                       struct lm_arena *arena, struct lm_err *err)
{
    size_t resamples = how->resamples, workers = lm_pool_threads(how->pool);
    if (count > UINT32_MAX)
        return lm_fail(err, LM_RANGE, "too many items to resample; give fewer");
    for (size_t k = 0; k < statistic_count; k++)
        statistics[k].low = statistics[k].high = (double)NAN;
    if (count < LM_BOOTSTRAP_LEAST)
        return LM_OK;
    struct asking asking = {.statistics = statistics,
                            .statistic_count = statistic_count,
                            .count = count,
                            .how = how,
                            .counts = LM_NEW_ARRAY(arena, uint32_t, workers * count),
                            .scratch = LM_NEW_ARRAY(arena, double, 2 * workers * count),
                            .values = LM_NEW_ARRAY(arena, double, statistic_count *resamples)};
    double *left_out = LM_NEW_ARRAY(arena, double, count);
    if (asking.counts == NULL || asking.scratch == NULL || asking.values == NULL ||
        left_out == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu resamples; give fewer", resamples);
    LM_TRY(lm_resampling_run(how, resamples, count, ask_of_resamples, &asking, err));
    for (size_t k = 0; k < statistic_count; k++) {
        double *own = asking.values + k * resamples;
        size_t kept = lm_bootstrap_sort(own, resamples);
        if (kept == 0)
            continue;
        statistics[k].low = lm_bootstrap_quantile(own, kept, 0.025);
        statistics[k].high = lm_bootstrap_quantile(own, kept, 0.975);
        if (interval == LM_INTERVAL_BCA)
            LM_TRY(correct(&statistics[k], own, kept, &asking, left_out, err));
    }
    return LM_OK;
}

/* ---- ratios ---- */

struct deviating {
    const struct lm_bootstrap_ratio *ratios;
    double own[MOST_RATIOS];
    size_t ratio_count, count;
    const struct lm_resampling *how;
    uint32_t *counts;   /* (workers, LM_RATIO_LANES, count) */
    double *deviations; /* (ratios, resamples) */
};

/* Studentised deviations of the resamples from the ratio itself, LM_RATIO_LANES at once. */
static void deviate(void *user, size_t first, size_t end, size_t worker)
{
    const struct deviating *all = user;
    size_t count = all->count;
    uint32_t *counts = all->counts + worker * LM_RATIO_LANES * count;
    for (size_t r = first; r < end; r += LM_RATIO_LANES) {
        for (size_t l = 0; l < LM_RATIO_LANES; l++)
            lm_draw_counts(counts + l * count, count, all->how->rng, r + l);
        for (size_t k = 0; k < all->ratio_count; k++) {
            struct lm_ratio_estimate drawn[LM_RATIO_LANES];
            double *out = all->deviations + k * all->how->resamples + r;
            lm_ratio_estimates(drawn, all->ratios[k].over, all->ratios[k].under, counts, count);
            for (size_t l = 0; l < LM_RATIO_LANES && r + l < end; l++)
                out[l] = drawn[l].error > 0 ? (drawn[l].ratio - all->own[k]) / drawn[l].error
                                            : (double)NAN;
        }
    }
}

/* NOLINTNEXTLINE(readability-non-const-parameter): its resamples write it */
enum lm_status lm_bootstrap_deviate(double *deviations, const struct lm_bootstrap_ratio *ratios,
                                    size_t ratio_count, size_t count,
                                    const struct lm_resampling *how, struct lm_arena *arena,
                                    struct lm_err *err)
{
    size_t room = lm_pool_threads(how->pool) * LM_RATIO_LANES * count;
    struct deviating all = {.ratios = ratios,
                            .ratio_count = ratio_count,
                            .count = count,
                            .how = how,
                            .deviations = deviations};
    if (ratio_count > MOST_RATIOS || count > UINT32_MAX)
        return lm_fail(err, LM_RANGE, "too many items to resample; give fewer");
    all.counts = LM_NEW_ARRAY(arena, uint32_t, room);
    if (all.counts == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu resamples; give fewer", how->resamples);
    for (size_t k = 0; k < ratio_count; k++)
        all.own[k] = lm_ratio_estimate(ratios[k].over, ratios[k].under, NULL, count).ratio;
    return lm_resampling_run(how, how->resamples, count, deviate, &all, err);
}

enum lm_status lm_bootstrap_run(struct lm_bootstrap_ratio *ratios, size_t ratio_count, size_t count,
                                const struct lm_resampling *how, struct lm_arena *arena,
                                struct lm_err *err)
{
    size_t resamples = how->resamples;
    for (size_t k = 0; k < ratio_count; k++)
        ratios[k].low = ratios[k].high = (double)NAN;
    if (count < LM_BOOTSTRAP_LEAST)
        return LM_OK;
    double *deviations = LM_NEW_ARRAY(arena, double, ratio_count *resamples);
    if (deviations == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu resamples; give fewer", resamples);
    LM_TRY(lm_bootstrap_deviate(deviations, ratios, ratio_count, count, how, arena, err));
    for (size_t k = 0; k < ratio_count; k++) {
        struct lm_ratio_estimate own =
            lm_ratio_estimate(ratios[k].over, ratios[k].under, NULL, count);
        double error = own.error * sqrt((double)count / (double)(count - 1));
        double *sorted = deviations + k * resamples;
        size_t kept = lm_bootstrap_sort(sorted, resamples);
        ratios[k].low = ratios[k].high = own.ratio;
        if (kept == 0)
            continue;
        ratios[k].low -= lm_bootstrap_quantile(sorted, kept, 0.975) * error;
        ratios[k].high -= lm_bootstrap_quantile(sorted, kept, 0.025) * error;
    }
    return LM_OK;
}
