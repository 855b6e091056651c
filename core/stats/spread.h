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

#endif
