/**
 * Quantiles and tails of the distributions that intervals and tests need, on portable elementary
 * functions (core/base/elem.h): the same bits on every machine.
 */
#ifndef LM_STATS_DISTRIBUTIONS_H
#define LM_STATS_DISTRIBUTIONS_H

#include <stdint.h>

/** P(Z ≤ z) of the standard normal distribution. */
double lm_normal_cdf(double z);
/** The z with P(Z ≤ z) = p, 0 < p < 1; to 1e-12 for 1e-9 ≤ p ≤ 1 − 1e-9. */
double lm_normal_quantile(double p);
/** P(T ≤ t) of Student's distribution with `freedom` ≥ 1 degrees of freedom, by the regularised
 *  incomplete beta function (Abramowitz & Stegun 26.7.1, 26.5.8). */
double lm_student_cdf(double t, uint64_t freedom);
/** The t with P(T ≤ t) = p, 0 < p < 1. */
double lm_student_quantile(double p, uint64_t freedom);

/**
 * Two-sided exact p of McNemar's test (McNemar 1947; exact by the binomial distribution): `first`
 * items that only the first of two runs has right, `second` that only the second has; both right
 * or both wrong tell nothing. The chance of a split at least as uneven when either is as likely.
 * 1 when there are none.
 */
double lm_mcnemar(uint64_t first, uint64_t second);

#endif
