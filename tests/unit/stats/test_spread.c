#include <math.h>

#include "stats/spread.h"
#include "tap.h"

/* Student's own table of 1908: the hours of sleep gained by ten patients with the second drug
 * over the first; R: t.test(extra) of the differences in `sleep`. */
static void sleeps_like_student(struct tap *tap)
{
    const double gained[] = {1.2, 2.4, 1.3, 1.3, 0, 1, 1.8, 0.8, 4.6, 1.4};
    struct lm_spread spread = lm_spread_of(gained, 10, 0.95);
    CHECK_NEAR(spread.mean, 1.58, 1e-12);
    CHECK_NEAR(spread.deviation, 1.2299954, 1e-6);
    CHECK_NEAR(spread.low, 0.7001142, 1e-6);
    CHECK_NEAR(spread.high, 2.4598858, 1e-6);
}

static void few_values(struct tap *tap)
{
    const double values[] = {2, 4};
    struct lm_spread one = lm_spread_of(values, 1, 0.95), two = lm_spread_of(values, 2, 0.95);
    CHECK_NEAR(one.mean, 2, 0);
    CHECK(isnan(one.low) && isnan(one.high) && isnan(one.deviation));
    CHECK_NEAR(two.mean, 3, 0);
    CHECK_NEAR(two.high - two.mean, 12.706204736 * sqrt(2) / sqrt(2), 1e-6);
}

/* Two drugs as two groups: R's t.test(extra ~ group) has 17.776 degrees of freedom, here 17: its
 * quantile is 2.109816, its standard error 1.58 / 1.860813. */
static void subtracts_like_welch(struct tap *tap)
{
    const double first[] = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2};
    const double second[] = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
    struct lm_spread a = lm_spread_of(second, 10, 0.95), b = lm_spread_of(first, 10, 0.95);
    struct lm_spread_difference out = lm_spread_subtract(&a, &b, 0.95);
    CHECK_NEAR(out.value, 1.58, 1e-12);
    CHECK_NEAR(out.high - out.value, 2.109816 * 1.58 / 1.860813, 1e-5);
    CHECK_NEAR(out.value - out.low, out.high - out.value, 1e-12);
}

static void subtracts_few(struct tap *tap)
{
    const double values[] = {2, 4}, same[] = {3, 3};
    struct lm_spread one = lm_spread_of(values, 1, 0.95), two = lm_spread_of(values, 2, 0.95);
    struct lm_spread none = lm_spread_of(same, 2, 0.95);
    struct lm_spread_difference out = lm_spread_subtract(&one, &two, 0.95);
    CHECK(out.value == -1 && isnan(out.low) && isnan(out.high));
    out = lm_spread_subtract(&two, &none, 0.95); /* all of the variance is of one: 1 degree */
    CHECK_NEAR(out.high, 12.706204736, 1e-6);
    out = lm_spread_subtract(&none, &none, 0.95);
    CHECK(out.low == 0 && out.high == 0);
}

static const struct tap_test tests[] = {TAP_ROW(sleeps_like_student) TAP_ROW(few_values)
                                            TAP_ROW(subtracts_like_welch) TAP_ROW(subtracts_few)};
LM_TEST_FILE(tests)
