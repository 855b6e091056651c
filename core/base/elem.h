/**
 * Portable elementary functions: +, -, *, / and sqrt of IEEE 754 only, no libm, no FMA, so
 * that every CPU, compiler and kernel gives the same bits. Stated bounds are measured against
 * long double over the whole domain by tests/unit/base/test_elem.c.
 */
#ifndef LM_BASE_ELEM_H
#define LM_BASE_ELEM_H

#include <stdint.h>

double lm_exp(double x);  /**< e^x, ≤ 2 ulp; overflow to +inf, underflow to 0 */
double lm_log(double x);  /**< natural log, ≤ 2 ulp; log(0) = -inf, x < 0 NaN */
double lm_log2(double x); /**< base-2 log, ≤ 2 ulp */
double lm_tanh(double x); /**< ≤ 4 ulp */
double lm_erf(double x);  /**< error function, ≤ 5 ulp: exact GELU, normal quantiles */
double lm_cos(double x);  /**< cosine, ≤ 2 ulp away from zeros; NaN for |x| > 1e5 */
double lm_sin(double x);  /**< the same for the sine */
/** x > 0: exp(y log x), relative error ≤ 1e-13 for |y log x| ≤ 40. */
double lm_pow(double x, double y);
/** xⁿ by squaring: products of IEEE 754 alone; x itself for n = 1. */
double lm_powi(double x, uint64_t n);

#endif
