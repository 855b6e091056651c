#include "runs/series.h"

#include <math.h>

static void halve(double *points)
{
    for (size_t i = 0; i < LM_SERIES_POINTS / 2; i++)
        points[i] = (points[2 * i] + points[2 * i + 1]) / 2;
}

void lm_series_add(struct lm_series *series, double time, double value)
{
    if (!isfinite(value))
        return;
    if (series->count == LM_SERIES_POINTS) {
        halve(series->times);
        halve(series->values);
        series->count /= 2;
        series->span *= 2;
    }
    series->span = series->span > 0 ? series->span : 1;
    series->time_sum += time;
    series->value_sum += value;
    series->filled++;
    if (series->filled < series->span)
        return;
    series->times[series->count] = series->time_sum / (double)series->filled;
    series->values[series->count] = series->value_sum / (double)series->filled;
    series->count++;
    series->filled = 0;
    series->time_sum = series->value_sum = 0;
}
