/** A long series cut to buckets: mean line and min–max band. */
#ifndef LM_PAGE_CURVE_H
#define LM_PAGE_CURVE_H

#include <lmpipe/arena.h>

enum { LM_CURVE_MOST = 560 /**< buckets of a curve that has a figure for itself */ };

struct lm_curve {
    size_t count;
    double *x, *mean, *low, *high; /**< x: of the bucket's last point */
    double least, most;            /**< of the means; NaN when empty */
    double first, last;            /**< values of the first and last point */
    double best, best_x;           /**< smallest value and where */
};

/** At most `most` buckets of the finite points (x, y). Out of memory: an empty series. */
struct lm_curve lm_curve_cut(struct lm_arena *arena, const double *x, const double *y, size_t count,
                             size_t most);

#endif
