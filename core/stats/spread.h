/** The mean over repeats (seeds) and its t interval. */
#ifndef LM_STATS_SPREAD_H
#define LM_STATS_SPREAD_H

#include <stddef.h>

/** Of `count` values: mean, sample standard deviation (n − 1), and the interval mean ± t · s / √n
 *  with n − 1 degrees of freedom (Student 1908). deviation, low and high are NaN for one value. */
struct lm_spread {
    size_t count;
    double mean, deviation, low, high;
};

/** count ≥ 1, values finite. */
struct lm_spread lm_spread_of(const double *values, size_t count, double confidence);

/** Difference of two means over repeats, and its t interval with variances of their own (Welch
 *  1947; degrees of freedom rounded down). low and high are NaN unless both have two values. */
struct lm_spread_difference {
    double value, low, high;
};

struct lm_spread_difference lm_spread_subtract(const struct lm_spread *a, const struct lm_spread *b,
                                               double confidence);

#endif
