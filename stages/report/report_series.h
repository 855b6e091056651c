/** A long series cut to at most 560 buckets: mean line and min–max band. */
#ifndef LM_REPORT_SERIES_H
#define LM_REPORT_SERIES_H

#include <lmpipe/arena.h>

enum { REPORT_BUCKETS = 560 };

struct report_series {
    size_t count;
    double *x, *mean, *low, *high; /**< x: of the bucket's last point */
    double least, most;            /**< of the means; NaN when empty */
    double first, last;            /**< values of the first and last point */
    double best, best_x;           /**< smallest value and where */
};

/** Buckets of the finite points (x, y). Out of memory: an empty series. */
struct report_series report_series_cut(struct lm_arena *arena, const double *x, const double *y,
                                       size_t count);

#endif
