#include "base/elem.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/exp_parts.h"

static double from_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint64_t to_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* c[0] + z c[1] + z^2 c[2] + … by Horner. */
static double polynomial(double z, const double *c, int count)
{
    double sum = c[count - 1];
    for (int i = count - 2; i >= 0; i--)
        sum = sum * z + c[i];
    return sum;
}

double lm_exp(double x)
{
    if (isnan(x))
        return x;
    if (x > 709.8)
        return INFINITY;
    if (x < -745.2)
        return 0;
    return lm_exp_within(x);
}

/* e^x - 1 for 0 <= x <= 50, small relative error also near 0. */
static double exp_minus_1(double x)
{
    double r, low;
    int k = lm_exp_reduce(&r, &low, x);
    double tail = r * r * lm_exp_tail(r) + low; /* e^r - 1 = r + tail */
    if (k == 0)
        return r + tail;
    double scale = lm_power_of_two(k);
    return (scale - 1) + (scale * r + scale * tail);
}

double lm_tanh(double x)
{
    double a = fabs(x);
    if (isnan(x) || a < 0x1p-28)
        return x; /* x - x^3/3 rounds to x */
    double result = 1;
    if (a < 22) {
        double t = exp_minus_1(2 * a);
        result = a < 1 ? t / (t + 2) : 1 - 2 / (t + 2);
    }
    return copysign(result, x);
}

static const double two_over_root_pi = 0x1.20dd750429b6dp+0;

/* e^(-a^2): the upper half of a has an exact square. */
static double bell(double a)
{
    double high = from_bits(to_bits(a) & ~(uint64_t)0x7FFFFFF);
    return lm_exp(-high * high) * lm_exp(-(a - high) * (a + high));
}

/* erf(a) = 2/sqrt(pi) e^(-a^2) (a + 2 a^3/3 + 4 a^5/15 + …) for 0 <= a < 1.25: all terms have one
 * sign (Abramowitz & Stegun 1964, 7.1.6). */
static double erf_series(double a)
{
    enum { TERMS = 32 };

    double square = 2 * a * a, sum = 1;
    for (int n = TERMS; n > 0; n--)
        sum = 1 + square / (2 * n + 1) * sum;
    return two_over_root_pi * a * bell(a) * sum;
}

/* 1 - erf(a) for a >= 1.25 by the continued fraction of 7.1.14, from its end. */
static double erf_rest(double a)
{
    enum { DEPTH = 240 };

    double fraction = a;
    for (int n = DEPTH; n > 0; n--)
        fraction = a + 0.5 * n / fraction;
    return 0.5 * two_over_root_pi * bell(a) / fraction;
}

double lm_erf(double x)
{
    double a = fabs(x);
    if (isnan(x) || a < 0x1p-1000)
        return x * two_over_root_pi;
    double result = a < 1.25 ? erf_series(a) : a < 6 ? 1 - erf_rest(a) : 1;
    return copysign(result, x);
}

/* x = 2^e (1 + f) with 1 + f in [sqrt(1/2), sqrt 2), for positive finite x. */
static int split_log(double *f, double x)
{
    int e = 0;
    if (x < 0x1p-1022) {
        x *= 0x1p54;
        e = -54;
    }
    uint64_t bits = to_bits(x);
    e += (int)(bits >> 52) - 1023;
    double m = from_bits((bits & 0xFFFFFFFFFFFFFu) | (uint64_t)1023 << 52);
    if (m >= 0x1.6a09e667f3bcdp+0) {
        m *= 0.5;
        e++;
    }
    *f = m - 1;
    return e;
}

/* With s = f / (2 + f): log(1 + f) = 2 atanh(s) = f - f^2/2 + s (f^2/2 + R), R = 2 s^2/3 + 2 s^4/5
 * + … f and f^2/2 carry the value, so the rounding of s hardly counts. Returns s (f^2/2 + R). */
static double log_tail(double f, double half_square)
{
    static const double c[] = {2.0 / 3,  2.0 / 5,  2.0 / 7,  2.0 / 9,  2.0 / 11,
                               2.0 / 13, 2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21};
    double s = f / (2 + f), z = s * s;
    return s * (half_square + z * polynomial(z, c, (int)(sizeof c / sizeof c[0])));
}

/* Logarithm of what is no positive finite number. */
static double log_of_special(double x)
{
    return x == 0 ? -INFINITY : x < 0 ? NAN : x;
}

static int is_positive_finite(double x)
{
    return x > 0 && x < INFINITY;
}

double lm_log(double x)
{
    if (!is_positive_finite(x))
        return log_of_special(x);
    double f;
    int e = split_log(&f, x);
    double half_square = 0.5 * f * f, tail = log_tail(f, half_square);
    if (e == 0)
        return f - (half_square - tail);
    return e * LM_LN2_HIGH - ((half_square - (tail + e * LM_LN2_LOW)) - f);
}

double lm_log2(double x)
{
    static const double inverse_high = 0x1.715476p+0, inverse_low = 0x1.4ae0bf85ddf44p-26;
    if (!is_positive_finite(x))
        return log_of_special(x);
    double f;
    int e = split_log(&f, x);
    double half_square = 0.5 * f * f;
    /* log(1 + f) = high + low with 24 bits in high, so that high * inverse_high is exact. */
    double high = from_bits(to_bits(f - half_square) & ~(uint64_t)0x1FFFFFFF);
    double low = (f - high) - half_square + log_tail(f, half_square);
    double whole = high * inverse_high, rest = low * inverse_high + (low + high) * inverse_low;
    double sum = e + whole;
    return sum + (((e - sum) + whole) + rest);
}

/* x = n pi/2 + high + low with |high| <= pi/4 for |x| <= 2^30; returns n mod 4. pi/2 in three
 * parts of 33, 33 and 53 bits: n * part is exact for the first two while |n| < 2^20. */
static int reduce_angle(double *high, double *low, double x)
{
    static const double part_1 = 0x1.921fb544p+0, part_2 = 0x1.0b4611a6p-34;
    static const double part_3 = 0x1.3198a2e037073p-69, two_over_pi = 0x1.45f306dc9c883p-1;
    int n = lm_nearest(x * two_over_pi);
    double a = x - n * part_1, b = n * part_2, c = n * part_3;
    double d = a - b;
    double error = ((a - d) - b) - c;
    *high = d + error;
    *low = (d - *high) + error;
    return n & 3;
}

/* Taylor on |r| <= pi/4; the first terms left out are < 2^-63. */
static double sine_kernel(double r, double low)
{
    static const double c[] = {-1.0 / 6,
                               1.0 / 120,
                               -1.0 / 5040,
                               1.0 / 362880,
                               -1.0 / 39916800,
                               1.0 / 6227020800.0,
                               -1.0 / 1307674368000.0,
                               1.0 / 355687428096000.0};
    double z = r * r;
    return r + (r * z * polynomial(z, c, (int)(sizeof c / sizeof c[0])) + low * (1 - 0.5 * z));
}

static double cosine_kernel(double r, double low)
{
    static const double c[] = {1.0 / 24,
                               -1.0 / 720,
                               1.0 / 40320,
                               -1.0 / 3628800,
                               1.0 / 479001600,
                               -1.0 / 87178291200.0,
                               1.0 / 20922789888000.0,
                               -1.0 / 6402373705728000.0};
    double z = r * r, half = 0.5 * z, w = 1 - half;
    double tail = z * z * polynomial(z, c, (int)(sizeof c / sizeof c[0])) - r * low;
    return w + (((1 - w) - half) + tail);
}

/* Sine of x + quarter * pi/2. */
static double sine_of(double x, int quarter)
{
    if (!(fabs(x) <= 1e5))
        return NAN;
    double r, low;
    int quadrant = (reduce_angle(&r, &low, x) + quarter) & 3;
    double value = quadrant & 1 ? cosine_kernel(r, low) : sine_kernel(r, low);
    return quadrant & 2 ? -value : value;
}

double lm_sin(double x)
{
    return sine_of(x, 0);
}

double lm_cos(double x)
{
    return sine_of(x, 1);
}

double lm_pow(double x, double y)
{
    return y == 0 ? 1 : lm_exp(y * lm_log(x));
}

double lm_powi(double x, uint64_t n)
{
    double out = 1;
    for (; n > 0; n >>= 1, x *= x)
        if (n & 1)
            out *= x;
    return out;
}
