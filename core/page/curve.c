#include "page/curve.h"

#include <math.h>

static size_t count_finite(const double *x, const double *y, size_t count)
{
    size_t finite = 0;
    for (size_t i = 0; i < count; i++)
        finite += isfinite(x[i]) && isfinite(y[i]);
    return finite;
}

/* Adds one point to bucket b, whose first point opens it. */
static void add_point(struct lm_curve *series, size_t b, size_t *filled, double x, double y)
{
    if (b == series->count) {
        series->low[b] = series->high[b] = y;
        series->mean[b] = 0;
        *filled = 0;
        series->count++;
    }
    ++*filled;
    series->x[b] = x;
    series->mean[b] += (y - series->mean[b]) / (double)*filled;
    series->low[b] = fmin(series->low[b], y);
    series->high[b] = fmax(series->high[b], y);
}

static void add_extremes(struct lm_curve *series, double x, double y, size_t index)
{
    if (index == 0)
        series->first = y;
    if (index == 0 || y < series->best) {
        series->best = y;
        series->best_x = x;
    }
    series->last = y;
}

struct lm_curve lm_curve_cut(struct lm_arena *arena, const double *x, const double *y, size_t count,
                             size_t most)
{
    const double nan = (double)NAN;
    struct lm_curve series = {
        .least = nan, .most = nan, .first = nan, .last = nan, .best = nan, .best_x = nan};
    size_t finite = count_finite(x, y, count), index = 0, filled = 0;
    size_t buckets = finite < most ? finite : most;
    double *memory = LM_NEW_ARRAY(arena, double, 4 * buckets + 1);
    if (memory == NULL || finite == 0)
        return series;
    series.x = memory;
    series.mean = memory + buckets;
    series.low = memory + 2 * buckets;
    series.high = memory + 3 * buckets;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(x[i]) || !isfinite(y[i]))
            continue;
        add_point(&series, index * buckets / finite, &filled, x[i], y[i]);
        add_extremes(&series, x[i], y[i], index);
        index++;
    }
    for (size_t b = 0; b < series.count; b++) {
        series.least = fmin(series.least, series.mean[b]);
        series.most = fmax(series.most, series.mean[b]);
    }
    return series;
}
