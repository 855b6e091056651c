/** Intervals that are corrected for bias and for an error that grows with the value: BCa (Efron &
 *  Tibshirani 1993, section 14.3). */
#ifndef LM_STATS_BCA_H
#define LM_STATS_BCA_H

#include <stddef.h>

/**
 * The interval of a statistic whose value is `own`, at `confidence` of two sides: quantiles of the
 * `resamples` sorted values of the bootstrap, chosen by how many of them lie below the value (equal
 * ones count half) and by the skew of `jackknife`, the values with one of the `count` items left
 * out each. Numbers that are none have been dropped from both. Where neither says anything (no
 * items, all values alike or all on one side) the quantiles are those of percentiles; resamples
 * ≥ 1.
 */
void lm_bca(double *low, double *high, double own, const double *sorted, size_t resamples,
            const double *jackknife, size_t count, double confidence);

#endif
