#include <math.h>

#include "page/curve.h"
#include "tap.h"

enum { POINTS = 1000 };

static void cuts_into_buckets(struct tap *tap)
{
    static double x[POINTS], y[POINTS];
    struct lm_arena *arena = lm_arena_create();
    for (size_t i = 0; i < POINTS; i++) {
        x[i] = (double)i + 1;
        y[i] = i % 2 == 0 ? 1 : 3;
    }
    y[500] = -9;
    struct lm_curve series = lm_curve_cut(arena, x, y, POINTS, 10);
    CHECK_INT(series.count, 10);
    CHECK_NEAR(series.mean[0], 2, 1e-12);
    CHECK_NEAR(series.low[0], 1, 0);
    CHECK_NEAR(series.high[0], 3, 0);
    CHECK_NEAR(series.x[0], 100, 0); /* of its last point */
    CHECK_NEAR(series.mean[5], 1.9, 1e-12);
    CHECK_NEAR(series.best, -9, 0);
    CHECK_NEAR(series.best_x, 501, 0);
    CHECK_NEAR(series.first, 1, 0);
    CHECK_NEAR(series.last, 3, 0);
    lm_arena_free(arena);
}

static void few_points_stay(struct tap *tap)
{
    const double x[] = {1, 2, 3, 4}, y[] = {5, (double)NAN, 4, (double)INFINITY};
    struct lm_arena *arena = lm_arena_create();
    struct lm_curve series = lm_curve_cut(arena, x, y, 4, 10);
    CHECK_INT(series.count, 2);
    CHECK_NEAR(series.x[1], 3, 0);
    CHECK_NEAR(series.least, 4, 0);
    series = lm_curve_cut(arena, x, y + 1, 1, 10);
    CHECK_INT(series.count, 0);
    CHECK(isnan(series.least) && isnan(series.best));
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {TAP_ROW(cuts_into_buckets) TAP_ROW(few_points_stay)};
LM_TEST_FILE(tests)
