#include "page/sparkline.h"
#include "tap.h"

static void check(struct tap *tap, const double *values, size_t count, size_t most,
                  const char *wanted)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    lm_sparkline_put(&out, values, count, most);
    CHECK_STR(out.data != NULL ? out.data : "", wanted);
    lm_buf_release(&out);
}

static void heights_follow_the_values(struct tap *tap)
{
    const double rising[] = {0, 1, 2, 3, 4, 5, 6, 7}, flat[] = {3, 3, 3}, apart[] = {-1e308, 1e308};
    check(tap, rising, 8, 8, "▁▂▃▄▅▆▇█");
    check(tap, flat, 3, 8, "▁▁▁");
    check(tap, rising, 0, 8, "");
    check(tap, apart, 1, 8, "▁");
}

static void long_series_are_cut_into_means(struct tap *tap)
{
    const double values[] = {0, 0, 8, 8, 4, 4, 0, 8};
    check(tap, values, 8, 4, "▁█▅▅");
    check(tap, values, 8, 1, "▅");
}

static const struct tap_test tests[] = {TAP_ROW(heights_follow_the_values)
                                            TAP_ROW(long_series_are_cut_into_means)};
LM_TEST_FILE(tests)
