#include "bootstrap.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_RATIOS = 8 };

double bootstrap_quantile(const double *sorted, size_t count, double q)
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

/* How often each document is drawn in one resample. */
static void draw_counts(uint32_t *counts, size_t count, struct lm_rng rng, size_t resample)
{
    uint32_t words[4] = {0};
    memset(counts, 0, count * sizeof *counts);
    for (size_t i = 0; i < count; i++) {
        if (i % 4 == 0)
            lm_rng_block(words, rng, resample, i / 4);
        counts[(uint64_t)words[i % 4] * count >> 32]++;
    }
}

static double resampled_ratio(const struct bootstrap_ratio *ratio, const uint32_t *counts,
                              size_t count)
{
    double over = 0, under = 0;
    for (size_t i = 0; i < count; i++) {
        over += counts[i] * ratio->over[i];
        under += counts[i] * ratio->under[i];
    }
    return under > 0 ? over / under : 0;
}

enum lm_status bootstrap_run(struct bootstrap_ratio *ratios, size_t ratio_count, size_t count,
                             size_t resamples, struct lm_rng rng, struct lm_arena *arena,
                             bool (*is_cancelled)(void *user), void *user, struct lm_err *err)
{
    if (ratio_count > MOST_RATIOS || count > UINT32_MAX)
        return lm_fail(err, LM_RANGE, "too many documents or ratios to resample; give fewer");
    uint32_t *counts = LM_NEW_ARRAY(arena, uint32_t, count);
    double *values = LM_NEW_ARRAY(arena, double, ratio_count *resamples);
    if (counts == NULL || values == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu resamples; give fewer", resamples);
    for (size_t r = 0; r < resamples; r++) {
        if (is_cancelled != NULL && is_cancelled(user))
            return lm_fail(err, LM_CANCELLED, "interrupted; run again to resume");
        draw_counts(counts, count, rng, r);
        for (size_t k = 0; k < ratio_count; k++)
            values[k * resamples + r] = resampled_ratio(&ratios[k], counts, count);
    }
    for (size_t k = 0; k < ratio_count; k++) {
        double *own = values + k * resamples;
        qsort(own, resamples, sizeof *own, compare_doubles);
        ratios[k].low = bootstrap_quantile(own, resamples, 0.025);
        ratios[k].high = bootstrap_quantile(own, resamples, 0.975);
    }
    return LM_OK;
}
