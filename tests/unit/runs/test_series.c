#include "runs/series.h"

#include "tests/tap.h"

/* A line stays a line however many readings it has, and its points stay in order. */
static void test_line(struct tap *tap)
{
    for (size_t readings = 1; readings < 5000; readings = readings * 3 + 1) {
        struct lm_series series = {0};
        for (size_t i = 0; i < readings; i++)
            lm_series_add(&series, 10 + (double)i, 2 * (double)i);
        CHECK(series.count <= LM_SERIES_POINTS);
        CHECK_INT(series.count, readings / series.span);
        CHECK(readings < LM_SERIES_POINTS || series.count >= LM_SERIES_POINTS / 2);
        for (size_t i = 0; i < series.count; i++) {
            CHECK_NEAR(series.values[i], 2 * (series.times[i] - 10), 1e-9);
            CHECK(i == 0 || series.times[i] > series.times[i - 1]);
        }
    }
}

static void test_not_finite(struct tap *tap)
{
    struct lm_series series = {0};
    lm_series_add(&series, 1, (double)NAN);
    lm_series_add(&series, 2, (double)INFINITY);
    lm_series_add(&series, 3, 5);
    CHECK_INT(series.count, 1);
    CHECK(series.times[0] == 3 && series.values[0] == 5);
}

static const struct tap_test tests[] = {TAP_ROW(test_line) TAP_ROW(test_not_finite)};
LM_TEST_FILE(tests)
