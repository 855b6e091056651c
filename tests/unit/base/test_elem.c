#include "base/elem.h"

#include <float.h>
#include <stdint.h>

#include <lmpipe/rng.h>

#include "tap.h"

/* Distance of `got` from the exact value in units of the last place of the exact value's double. */
static double ulps(double got, long double want)
{
    double rounded = (double)want;
    if (isnan(rounded) || isinf(rounded) || isnan(got) || isinf(got))
        return (isnan(got) && isnan(rounded)) || got == rounded ? 0 : HUGE_VAL;
    double size = fabs(rounded);
    int exponent;
    frexp(size, &exponent);
    double unit = ldexp(1, (exponent < -1021 ? -1021 : exponent) - 53);
    return (double)(fabsl((long double)got - want) / (long double)unit);
}

struct domain {
    const char *name;
    double (*ours)(double);
    long double (*exact)(long double);
    double low, high;
    double bound; /* ulps */
    int is_geometric;
    double zero_distance; /* arguments whose exact value is smaller than this are left out */
};

static double largest_error(const struct domain *d)
{
    enum { COUNT = 300000 };
    struct lm_rng rng = lm_rng_stream(1, d->name);
    double worst = 0;
    for (uint64_t i = 0; i < COUNT; i++) {
        double u = lm_rng_uniform(rng, 0, i);
        double x = d->is_geometric ? d->low * exp2(u * (log2(d->high) - log2(d->low)))
                                   : d->low + u * (d->high - d->low);
        long double want = d->exact((long double)x);
        if (fabsl(want) < (long double)d->zero_distance)
            continue;
        double error = ulps(d->ours(x), want);
        if (error > worst)
            worst = error;
    }
    return worst;
}

/* glibc's long double functions, good to about one unit of 64 bits, are the outside truth. */
static void test_bounds(struct tap *tap)
{
    static const struct domain domains[] = {
        {"exp", lm_exp, expl, -745, 709.7, 2, 0, 0},
        {"exp near 0", lm_exp, expl, -1, 1, 2, 0, 0},
        {"exp tiny", lm_exp, expl, 1e-300, 1, 2, 1, 0},
        {"exp subnormal", lm_exp, expl, -745.1, -708, 2, 0, 0},
        {"log", lm_log, logl, 1e-307, 1e308, 2, 1, 0},
        {"log near 1", lm_log, logl, 0.5, 2, 2, 0, 0},
        {"log at 1", lm_log, logl, 1 - 1e-6, 1 + 1e-6, 2, 0, 0},
        {"log subnormal", lm_log, logl, 1e-320, 1e-308, 2, 1, 0},
        {"log2", lm_log2, log2l, 1e-307, 1e308, 2, 1, 0},
        {"log2 near 1", lm_log2, log2l, 0.5, 2, 2, 0, 0},
        {"log2 at 1", lm_log2, log2l, 1 - 1e-6, 1 + 1e-6, 2, 0, 0},
        {"tanh", lm_tanh, tanhl, -25, 25, 4, 0, 0},
        {"tanh middle", lm_tanh, tanhl, -1.5, 1.5, 4, 0, 0},
        {"tanh tiny", lm_tanh, tanhl, 1e-300, 1, 4, 1, 0},
        {"erf", lm_erf, erfl, -6.5, 6.5, 5, 0, 0},
        {"erf at 1.25", lm_erf, erfl, 1.2, 1.3, 5, 0, 0},
        {"erf tiny", lm_erf, erfl, 1e-300, 1, 5, 1, 0},
        {"cos", lm_cos, cosl, -100, 100, 2, 0, 1e-6},
        {"cos wide", lm_cos, cosl, -1e5, 1e5, 2, 0, 1e-6},
        {"sin", lm_sin, sinl, -100, 100, 2, 0, 1e-6},
        {"sin wide", lm_sin, sinl, -1e5, 1e5, 2, 0, 1e-6},
        {"sin tiny", lm_sin, sinl, 1e-300, 1, 2, 1, 0},
    };
#if LDBL_MANT_DIG < 64
    SKIP("long double is no wider than double here");
#endif
    for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++) {
        double worst = largest_error(&domains[i]);
        printf("# %-14s %.3f ulp (bound %.0f)\n", domains[i].name, worst, domains[i].bound);
        CHECK(worst <= domains[i].bound);
    }
}

static void test_pow(struct tap *tap)
{
    struct lm_rng rng = lm_rng_stream(1, "pow");
    for (uint64_t i = 0; i < 200000; i++) {
        double x = exp2(40 * lm_rng_uniform(rng, 0, i) - 20);
        double y = (80 * lm_rng_uniform(rng, 1, i) - 40) / fabs(log(x));
        if (!(fabs(y) < 1e6))
            continue;
        long double want = powl((long double)x, (long double)y);
        CHECK(fabsl((long double)lm_pow(x, y) - want) <= 1e-13L * want);
    }
    CHECK(lm_pow(7, 0) == 1 && lm_pow(2, 10) == 1024);
    CHECK(lm_powi(0.3, 0) == 1 && lm_powi(0.3, 1) == 0.3 && lm_powi(3, 30) == 205891132094649);
    for (uint64_t n = 2; n < 2000; n += 7) { /* a rounding a product, doubled with every square */
        long double want = powl(0.99L, (long double)n);
        CHECK(fabsl((long double)lm_powi(0.99, n) / want - 1) <= 2.3e-16L * (long double)n);
    }
}

static void test_special_values(struct tap *tap)
{
    CHECK(lm_exp(0) == 1 && lm_exp(-0.0) == 1);
    CHECK(lm_exp(HUGE_VAL) == HUGE_VAL && lm_exp(-HUGE_VAL) == 0 && isnan(lm_exp(NAN)));
    CHECK(lm_exp(709.79) == HUGE_VAL && lm_exp(-746) == 0);
    CHECK(lm_exp(709.78) > 1.7e308 && lm_exp(-745) > 0);
    CHECK(lm_log(1) == 0 && lm_log(0) == -HUGE_VAL && lm_log(-0.0) == -HUGE_VAL);
    CHECK(isnan(lm_log(-1)) && isnan(lm_log(NAN)) && lm_log(HUGE_VAL) == HUGE_VAL);
    CHECK(lm_log2(0) == -HUGE_VAL && isnan(lm_log2(-1)) && lm_log2(HUGE_VAL) == HUGE_VAL);
    for (int e = -1074; e < 1024; e++)
        CHECK(lm_log2(ldexp(1, e)) == e);
    CHECK(lm_tanh(0) == 0 && signbit(lm_tanh(-0.0)) && isnan(lm_tanh(NAN)));
    CHECK(lm_tanh(HUGE_VAL) == 1 && lm_tanh(-HUGE_VAL) == -1 && lm_tanh(5e-324) == 5e-324);
    CHECK(lm_erf(0) == 0 && signbit(lm_erf(-0.0)) && isnan(lm_erf(NAN)));
    CHECK(lm_erf(HUGE_VAL) == 1 && lm_erf(-HUGE_VAL) == -1 && lm_erf(-2) == -lm_erf(2));
    CHECK(lm_cos(0) == 1 && lm_sin(0) == 0 && isnan(lm_cos(1e6)) && isnan(lm_sin(NAN)));
    CHECK(isnan(lm_cos(HUGE_VAL)));
}

/* Equal bits everywhere is the promise: a digest of many results, fixed for good. A change here
 * changes artifacts: bump the versions of the numeric stages. */
static void test_bits_are_fixed(struct tap *tap)
{
    static const struct {
        double (*function)(double);
        double from;
        uint64_t want;
    } rows[] = {{lm_exp, -300, 0},
                {lm_log, 0, 0},
                {lm_log2, 0, 0},
                {lm_tanh, -300, 0},
                {lm_cos, -300, 0},
                {lm_sin, -300, 0x174ff4e0ce252c77},
                {lm_erf, -300, 0x9946e97f0d109e4b}};

    uint64_t sum = 0;
    for (size_t f = 0; f < sizeof rows / sizeof rows[0]; f++) {
        for (int i = 1; i < 20000; i++) {
            double y = rows[f].function(i * 0.03125 + rows[f].from);
            uint64_t bits;
            memcpy(&bits, &y, sizeof bits);
            sum = (sum ^ bits) * 0x9E3779B97F4A7C15u;
        }
        if (rows[f].want != 0) /* the sum so far */
            CHECK(sum == rows[f].want);
    }
    printf("# %016llx\n", (unsigned long long)sum);
}

static const struct tap_test tests[] = {TAP_ROW(test_bounds) TAP_ROW(test_pow) TAP_ROW(
    test_special_values) TAP_ROW(test_bits_are_fixed)};
LM_TEST_FILE(tests)
