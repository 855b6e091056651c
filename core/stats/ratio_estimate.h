/** A ratio of sums over items and its standard error. */
#ifndef LM_STATS_RATIO_ESTIMATE_H
#define LM_STATS_RATIO_ESTIMATE_H

#include <stddef.h>
#include <stdint.h>

struct lm_ratio_estimate {
    double ratio, error; /**< NaN when the sum below is not positive */
};

/** sum(over) / sum(under), item i counted counts[i] times (NULL: once), and the linearised standard
 *  error (Cochran 1977, 6.13) with the population's variance: for the sample's multiply by
 *  √(n / (n − 1)). */
struct lm_ratio_estimate lm_ratio_estimate(const double *over, const double *under,
                                           const uint32_t *counts, size_t items);

enum { LM_RATIO_LANES = 4 };

/** The same of LM_RATIO_LANES resamples at once, whose sums don't wait for one another: the counts
 *  of each stand behind those of the one before. */
void lm_ratio_estimates(struct lm_ratio_estimate out[LM_RATIO_LANES], const double *over,
                        const double *under, const uint32_t *counts, size_t items);

#endif
