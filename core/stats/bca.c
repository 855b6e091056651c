#include "stats/bca.h"

#include <math.h>

#include "stats/bootstrap.h"
#include "stats/distributions.h"

/* The share of resamples below the value as a normal deviate; 0 where all lie on one side. */
static double bias_of(double own, const double *sorted, size_t resamples)
{
    double below = 0;
    for (size_t r = 0; r < resamples; r++)
        below += sorted[r] < own ? 1 : sorted[r] == own ? 0.5 : 0;
    double share = below / (double)resamples;
    return share > 0 && share < 1 ? lm_normal_quantile(share) : 0;
}

/* How fast the standard error changes with the value: a sixth of the jackknife's skew. */
static double acceleration_of(const double *jackknife, size_t count)
{
    double mean = 0, squares = 0, cubes = 0;
    for (size_t i = 0; i < count; i++)
        mean += jackknife[i] / (double)count;
    for (size_t i = 0; i < count; i++) {
        double off = mean - jackknife[i];
        squares += off * off;
        cubes += off * off * off;
    }
    double spread = squares * sqrt(squares);
    return spread > 0 ? cubes / (6 * spread) : 0;
}

void lm_bca(double *low, double *high, double own, const double *sorted, size_t resamples,
            const double *jackknife, size_t count, double confidence)
{
    double bias = bias_of(own, sorted, resamples), growth = acceleration_of(jackknife, count);
    const double tails[] = {(1 - confidence) / 2, (1 + confidence) / 2};
    double *const ends[] = {low, high};
    for (size_t i = 0; i < 2; i++) {
        double z = bias + lm_normal_quantile(tails[i]), squeeze = 1 - growth * z;
        double q = squeeze > 0 ? lm_normal_cdf(bias + z / squeeze) : tails[i];
        *ends[i] = lm_bootstrap_quantile(sorted, resamples, q);
    }
}
