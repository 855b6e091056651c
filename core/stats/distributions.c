#include "stats/distributions.h"

#include <math.h>

#include "base/elem.h"

enum { HALVINGS = 80, MOST_TERMS = 10000, NEARLY_NORMAL = 20000 };

static const double TINY = 1e-300, PRECISION = 1e-15, FARTHEST = 1e8;
static const double PI = 3.141592653589793;

double lm_normal_cdf(double z)
{
    return 0.5 * (1 + lm_erf(z * 0.7071067811865476));
}

/* The x ≥ 0 where a growing function of it passes p. */
static double invert(double (*cdf)(double x, uint64_t freedom), uint64_t freedom, double p,
                     double high)
{
    double low = 0;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = low + (high - low) / 2;
        if (cdf(middle, freedom) < p)
            low = middle;
        else
            high = middle;
    }
    return low + (high - low) / 2;
}

static double normal_cdf(double z, uint64_t freedom)
{
    (void)freedom;
    return lm_normal_cdf(z);
}

double lm_normal_quantile(double p)
{
    return p < 0.5 ? -lm_normal_quantile(1 - p) : p == 0.5 ? 0 : invert(normal_cdf, 0, p, 40);
}

/* ln Γ(halves / 2), exact in kind: Γ(1/2) = √π, Γ(1) = 1, Γ(x + 1) = x Γ(x). */
static double log_gamma_of_half(uint64_t halves)
{
    double sum = halves % 2 == 1 ? 0.5 * lm_log(PI) : 0;
    for (uint64_t at = halves % 2 == 1 ? 1 : 2; at < halves; at += 2)
        sum += lm_log((double)at / 2);
    return sum;
}

static double away_from_zero(double value)
{
    return fabs(value) < TINY ? TINY : value;
}

/* The continued fraction of the incomplete beta function (Abramowitz & Stegun 26.5.8) by Lentz's
 * method (1976); it converges fast for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double x, double a, double b)
{
    double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), value = d;
    for (int m = 1; m < MOST_TERMS; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / away_from_zero(1 + even * d);
        c = away_from_zero(1 + even / c);
        value *= d * c;
        d = 1 / away_from_zero(1 + odd * d);
        c = away_from_zero(1 + odd / c);
        value *= d * c;
        if (fabs(d * c - 1) < PRECISION)
            break;
    }
    return value;
}

/* I_x(freedom / 2, 1 / 2): the chance of |T| ≥ t where x = freedom / (freedom + t²). */
static double both_tails(double t, uint64_t freedom)
{
    double n = (double)freedom, a = n / 2, b = 0.5, x = n / (n + t * t), y = t * t / (n + t * t);
    if (y <= 0)
        return 1;
    double front = lm_exp(log_gamma_of_half(freedom + 1) - log_gamma_of_half(freedom) -
                          log_gamma_of_half(1) + a * lm_log(x) + b * lm_log(y));
    return x < (a + 1) / (a + b + 2) ? front * beta_fraction(x, a, b) / a
                                     : 1 - front * beta_fraction(y, b, a) / b;
}

double lm_student_cdf(double t, uint64_t freedom)
{
    if (freedom > NEARLY_NORMAL)
        return lm_normal_cdf(t);
    double tails = both_tails(fabs(t), freedom);
    return t < 0 ? tails / 2 : 1 - tails / 2;
}

double lm_student_quantile(double p, uint64_t freedom)
{
    return p < 0.5    ? -lm_student_quantile(1 - p, freedom)
           : p == 0.5 ? 0
                      : invert(lm_student_cdf, freedom, p, FARTHEST);
}

double lm_mcnemar(uint64_t first, uint64_t second)
{
    uint64_t count = first + second, fewer = first < second ? first : second;
    double log_chance = -(double)count * lm_log(2), sum = 0;
    for (uint64_t k = 0; k <= fewer; k++) {
        sum += lm_exp(log_chance);
        log_chance += lm_log((double)(count - k)) - lm_log((double)(k + 1));
    }
    return 2 * sum < 1 ? 2 * sum : 1;
}
