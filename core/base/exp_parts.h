/** e^x in pieces that loops can be made vectors of: lm_exp and kernels have the same bits. */
#ifndef LM_BASE_EXP_PARTS_H
#define LM_BASE_EXP_PARTS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* ln 2 and 1/ln 2 split so that products of the high part with small integers are exact. */
#define LM_LN2_HIGH 0x1.62e42feep-1
#define LM_LN2_LOW 0x1.a39ef35793c76p-33
#define LM_INVERSE_LN2 0x1.71547652b82fep+0

/** 2^k for -1022 <= k <= 1023. */
static inline double lm_power_of_two(int k)
{
    uint64_t bits = (uint64_t)((int64_t)k + 1023) << 52;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/** Nearest integer, |x| < 2^31; halves away from zero. */
static inline int lm_nearest(double x)
{
    return (int)(x + copysign(0.5, x));
}

/** (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2 by Taylor; the first term left out is < 2^-61. */
static inline double lm_exp_tail(double r)
{
    double sum = 1.0 / 6227020800.0;
    sum = sum * r + 1.0 / 479001600;
    sum = sum * r + 1.0 / 39916800;
    sum = sum * r + 1.0 / 3628800;
    sum = sum * r + 1.0 / 362880;
    sum = sum * r + 1.0 / 40320;
    sum = sum * r + 1.0 / 5040;
    sum = sum * r + 1.0 / 720;
    sum = sum * r + 1.0 / 120;
    sum = sum * r + 1.0 / 24;
    sum = sum * r + 1.0 / 6;
    return sum * r + 1.0 / 2;
}

/** x = k ln 2 + r; returns k, r as high + low. |x| < 2000. */
static inline int lm_exp_reduce(double *high, double *low, double x)
{
    int k = lm_nearest(x * LM_INVERSE_LN2);
    double a = x - k * LM_LN2_HIGH, b = k * LM_LN2_LOW;
    *high = a - b;
    *low = (a - *high) - b;
    return k;
}

/** e^x for -746 <= x <= 709.8; below 2^-1022 bits are lost as they must, and all below 2^-1075. */
static inline double lm_exp_within(double x)
{
    double r, low;
    int k = lm_exp_reduce(&r, &low, x);
    double e = 1 + (r + (low + r * r * lm_exp_tail(r)));
    int half = k / 2; /* two steps, so that neither power over- nor underflows */
    return e * lm_power_of_two(half) * lm_power_of_two(k - half);
}

#endif
