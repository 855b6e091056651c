#include <math.h>

#include "stats/distributions.h"
#include "tap.h"

/* Published tables: Abramowitz & Stegun 26.1 and 26.10; further digits by R's qt and qnorm. */
static void quantiles_are_the_tables(struct tap *tap)
{
    static const struct {
        double p;
        uint64_t freedom;
        double t;
    } table[] = {{0.975, 1, 12.706204736},
                 {0.975, 2, 4.3026527297},
                 {0.975, 3, 3.1824463053},
                 {0.975, 5, 2.5705818356},
                 {0.975, 10, 2.2281388520},
                 {0.975, 30, 2.0422724563},
                 {0.995, 4, 4.6040948713},
                 {0.95, 7, 1.8945786051},
                 {0.9, 120, 1.2886462},
                 {0.75, 1, 1.0},
                 {0.025, 4, -2.7764451052},
                 {0.975, 1000, 1.9623390808},
                 {0.5, 3, 0}};

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        CHECK_NEAR(lm_student_quantile(table[i].p, table[i].freedom), table[i].t, 1e-7);
    CHECK_NEAR(lm_student_quantile(0.975, 1000000), 1.959963984540054, 1e-9);
    CHECK_NEAR(lm_normal_quantile(0.975), 1.959963984540054, 1e-12);
    CHECK_NEAR(lm_normal_quantile(0.8), 0.8416212335729143, 1e-12);
    CHECK_NEAR(lm_normal_quantile(0.001), -3.090232306167814, 1e-11);
    CHECK_NEAR(lm_normal_quantile(0.5), 0, 0);
}

static void tails_mirror_and_invert(struct tap *tap)
{
    for (uint64_t freedom = 1; freedom < 300; freedom += 7) {
        for (double p = 0.01; p < 0.5; p += 0.07) {
            double t = lm_student_quantile(p, freedom);
            CHECK_NEAR(lm_student_cdf(t, freedom), p, 1e-9);
            CHECK_NEAR(lm_student_cdf(-t, freedom), 1 - p, 1e-9);
        }
    }
}

/* One degree of freedom is Cauchy's distribution, two have a closed form. */
static void student_has_closed_forms(struct tap *tap)
{
    for (double t = -8; t <= 8; t += 0.37) {
        CHECK_NEAR(lm_student_cdf(t, 1), 0.5 + atan(t) / 3.141592653589793, 1e-12);
        CHECK_NEAR(lm_student_cdf(t, 2), 0.5 + t / (2 * sqrt(2 + t * t)), 1e-12);
    }
}

/* Sums of binomial coefficients over powers of two. */
static void mcnemar_is_exact(struct tap *tap)
{
    CHECK_NEAR(lm_mcnemar(0, 0), 1, 0);
    CHECK_NEAR(lm_mcnemar(0, 5), 0.0625, 1e-15);
    CHECK_NEAR(lm_mcnemar(1, 9), 22 / 1024.0, 1e-15);
    CHECK_NEAR(lm_mcnemar(9, 1), 22 / 1024.0, 1e-15);
    CHECK_NEAR(lm_mcnemar(7, 7), 1, 0);
    CHECK_NEAR(lm_mcnemar(3, 4), 1, 0);
    CHECK_NEAR(lm_mcnemar(2, 10), 2 * (1 + 12 + 66) / 4096.0, 1e-15);
    /* 500,000 to 502,000: z = 1999 / sqrt(1002000) with the correction for continuity. */
    CHECK_NEAR(lm_mcnemar(500000, 502000), 2 * lm_normal_cdf(-1999 / sqrt(1002000.0)), 1e-6);
    CHECK_NEAR(lm_mcnemar(0, 5000), 0, 0);
}

static const struct tap_test tests[] = {TAP_ROW(quantiles_are_the_tables) TAP_ROW(
    tails_mirror_and_invert) TAP_ROW(student_has_closed_forms) TAP_ROW(mcnemar_is_exact)};
LM_TEST_FILE(tests)
