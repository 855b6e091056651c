/** The course of a value over time in a bounded number of points: means over equal counts of
 *  readings, which are merged in pairs when there is no room for more. */
#ifndef LM_RUNS_SERIES_H
#define LM_RUNS_SERIES_H

#include <stddef.h>

enum { LM_SERIES_POINTS = 96 };

/** Zero-initialised is empty. */
struct lm_series {
    double times[LM_SERIES_POINTS], values[LM_SERIES_POINTS];
    size_t count;               /**< points */
    size_t span;                /**< readings a point */
    size_t filled;              /**< readings of the point that is not complete yet */
    double time_sum, value_sum; /**< of them */
};

/** One reading at `time`, which does not decrease; a value that is not finite is left out. */
void lm_series_add(struct lm_series *series, double time, double value);

#endif
