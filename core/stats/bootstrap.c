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

/* A statistic's BCa interval, given its sorted resamples; `counts` and `left_out` are scratch of
 * `count` elements. */
static enum lm_status correct(struct lm_bootstrap_statistic *statistic, const double *sorted,
                              size_t kept, uint32_t *counts, double *left_out, size_t count,
                              bool (*is_cancelled)(void *user), void *user, struct lm_err *err)
{
    size_t known = 0;
    for (size_t i = 0; i < count; i++)
        counts[i] = 1;
    double own = statistic->of(statistic->user, counts, count);
    for (size_t i = 0; i < count; i++) {
        if (is_cancelled != NULL && is_cancelled(user))
            return lm_fail(err, LM_CANCELLED, "interrupted; run again to resume");
        counts[i] = 0;
        left_out[known] = statistic->of(statistic->user, counts, count);
        counts[i] = 1;
        known += isnan(left_out[known]) ? 0 : 1;
    }
    lm_bca(&statistic->low, &statistic->high, own, sorted, kept, left_out, known, 0.95);
    return LM_OK;
}

enum lm_status lm_bootstrap_statistics(struct lm_bootstrap_statistic *statistics,
                                       size_t statistic_count, size_t count, size_t resamples,
                                       enum lm_interval interval, struct lm_rng rng,
                                       struct lm_arena *arena, bool (*is_cancelled)(void *user),
                                       void *user, struct lm_err *err)
{
    if (count > UINT32_MAX)
        return lm_fail(err, LM_RANGE, "too many items to resample; give fewer");
    for (size_t k = 0; k < statistic_count; k++)
        statistics[k].low = statistics[k].high = (double)NAN;
    if (count < LM_BOOTSTRAP_LEAST)
        return LM_OK;
    uint32_t *counts = LM_NEW_ARRAY(arena, uint32_t, count);
    double *values = LM_NEW_ARRAY(arena, double, statistic_count *resamples);
    double *left_out = LM_NEW_ARRAY(arena, double, count);
    if (counts == NULL || values == NULL || left_out == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu resamples; give fewer", resamples);
    for (size_t r = 0; r < resamples; r++) {
        if (is_cancelled != NULL && is_cancelled(user))
            return lm_fail(err, LM_CANCELLED, "interrupted; run again to resume");
        lm_draw_counts(counts, count, rng, r);
        for (size_t k = 0; k < statistic_count; k++)
            values[k * resamples + r] = statistics[k].of(statistics[k].user, counts, count);
    }
    for (size_t k = 0; k < statistic_count; k++) {
        double *own = values + k * resamples;
        size_t kept = lm_bootstrap_sort(own, resamples);
        if (kept == 0)
            continue;
        statistics[k].low = lm_bootstrap_quantile(own, kept, 0.025);
        statistics[k].high = lm_bootstrap_quantile(own, kept, 0.975);
        if (interval == LM_INTERVAL_BCA)
            LM_TRY(correct(&statistics[k], own, kept, counts, left_out, count, is_cancelled, user,
                           err));
    }
    return LM_OK;
}

/* Studentised deviations of the resamples from the ratio itself, by resample: LM_RATIO_LANES at
 * once. */
static enum lm_status deviate(double *deviations, const struct lm_bootstrap_ratio *ratios,
                              const struct lm_ratio_estimate *own, size_t ratio_count, size_t count,
                              size_t resamples, struct lm_rng rng, uint32_t *counts,
                              bool (*is_cancelled)(void *user), void *user, struct lm_err *err)
{
    for (size_t r = 0; r < resamples; r += LM_RATIO_LANES) {
        if (is_cancelled != NULL && is_cancelled(user))
            return lm_fail(err, LM_CANCELLED, "interrupted; run again to resume");
        for (size_t l = 0; l < LM_RATIO_LANES; l++)
            lm_draw_counts(counts + l * count, count, rng, r + l);
        for (size_t k = 0; k < ratio_count; k++) {
            struct lm_ratio_estimate drawn[LM_RATIO_LANES];
            lm_ratio_estimates(drawn, ratios[k].over, ratios[k].under, counts, count);
            for (size_t l = 0; l < LM_RATIO_LANES && r + l < resamples; l++)
                deviations[k * resamples + r + l] =
                    drawn[l].error > 0 ? (drawn[l].ratio - own[k].ratio) / drawn[l].error
                                       : (double)NAN;
        }
    }
    return LM_OK;
}

enum lm_status lm_bootstrap_run(struct lm_bootstrap_ratio *ratios, size_t ratio_count, size_t count,
                                size_t resamples, struct lm_rng rng, struct lm_arena *arena,
                                bool (*is_cancelled)(void *user), void *user, struct lm_err *err)
{
    struct lm_ratio_estimate own[MOST_RATIOS];
    if (ratio_count > MOST_RATIOS || count > UINT32_MAX)
        return lm_fail(err, LM_RANGE, "too many items to resample; give fewer");
    for (size_t k = 0; k < ratio_count; k++)
        ratios[k].low = ratios[k].high = (double)NAN;
    if (count < LM_BOOTSTRAP_LEAST)
        return LM_OK;
    uint32_t *counts = LM_NEW_ARRAY(arena, uint32_t, LM_RATIO_LANES * count);
    double *deviations = LM_NEW_ARRAY(arena, double, ratio_count *resamples);
    if (counts == NULL || deviations == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu resamples; give fewer", resamples);
    for (size_t k = 0; k < ratio_count; k++)
        own[k] = lm_ratio_estimate(ratios[k].over, ratios[k].under, NULL, count);
    LM_TRY(deviate(deviations, ratios, own, ratio_count, count, resamples, rng, counts,
                   is_cancelled, user, err));
    for (size_t k = 0; k < ratio_count; k++) {
        double error = own[k].error * sqrt((double)count / (double)(count - 1));
        size_t kept = lm_bootstrap_sort(deviations + k * resamples, resamples);
        const double *sorted = deviations + k * resamples;
        ratios[k].low = ratios[k].high = own[k].ratio;
        if (kept == 0)
            continue;
        ratios[k].low -= lm_bootstrap_quantile(sorted, kept, 0.975) * error;
        ratios[k].high -= lm_bootstrap_quantile(sorted, kept, 0.025) * error;
    }
    return LM_OK;
}
