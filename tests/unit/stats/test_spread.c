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

static const struct tap_test tests[] = {TAP_ROW(sleeps_like_student) TAP_ROW(few_values)};
LM_TEST_MAIN(tests)
