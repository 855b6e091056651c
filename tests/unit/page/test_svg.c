#include <math.h>

#include "page/svg.h"
#include "tap.h"
#include "wellformed.h"

static void ticks_are_round(struct tap *tap)
{
    struct lm_axis axis;
    lm_axis_linear(&axis, "x", 0, 1400, 7, false);
    CHECK_INT(axis.count, 8);
    CHECK_NEAR(axis.ticks[1], 200, 0);
    CHECK_INT(axis.digits, 0);
    lm_axis_linear(&axis, "x", 0.0001, 0.00097, 4, true);
    CHECK_NEAR(axis.low, 0, 0);
    CHECK_NEAR(axis.high, 0.001, 1e-15);
    CHECK_INT(axis.digits, 4);
    lm_axis_linear(&axis, "x", 3.1, 8.7, 6, true);
    CHECK_NEAR(axis.low, 3, 0);
    CHECK_NEAR(axis.high, 9, 0);
}

static void odd_ranges_still_make_axes(struct tap *tap)
{
    const double ranges[][2] = {
        {5, 5},          {0, 0},     {2, 1}, {(double)NAN, 3}, {0, (double)INFINITY},
        {-1e300, 1e300}, {0, 1e-300}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        struct lm_axis axis;
        lm_axis_linear(&axis, "x", ranges[i][0], ranges[i][1], 5, i % 2 == 0);
        CHECK(axis.low < axis.high && isfinite(axis.low) && isfinite(axis.high));
        CHECK(axis.count >= 1 && axis.count <= LM_TICKS);
        lm_axis_log(&axis, "x", ranges[i][0], ranges[i][1]);
        CHECK(axis.low > 0 && axis.low < axis.high && axis.count <= LM_TICKS);
    }
}

static void places_are_clipped(struct tap *tap)
{
    struct lm_axis axis;
    lm_axis_linear(&axis, "x", 0, 10, 5, false);
    CHECK_NEAR(lm_axis_place(&axis, 2.5), 0.25, 1e-15);
    CHECK_NEAR(lm_axis_place(&axis, -1), 0, 0);
    CHECK_NEAR(lm_axis_place(&axis, 11), 1, 0);
    lm_axis_log(&axis, "x", 1, 128);
    CHECK_INT(axis.count, 8);
    CHECK_NEAR(lm_axis_place(&axis, 16), 4.0 / 7, 1e-12);
}

static void draw(struct lm_buf *out)
{
    const double x[] = {0, 1, 2, 3, 4}, y[] = {1, (double)NAN, 3, 30, 2}, low[] = {0, 1, 2, 3, 1},
                 high[] = {2, 3, 4, 5, 3};
    const struct lm_legend legend[] = {{"a", "first <series>"}};
    struct lm_plot plot = {.out = out,
                           .id = "p",
                           .title = "A & B",
                           .summary = "from \"1\" to 2",
                           .legend = legend,
                           .legend_count = 1,
                           .height = 100};
    lm_axis_linear(&plot.x, "x", 0, 4, 4, false);
    lm_axis_linear(&plot.y, "y", 0, 10, 5, false);
    lm_plot_begin(&plot);
    lm_plot_band(&plot, "a", x, low, high, 5);
    lm_plot_line(&plot, "a", x, y, 5);
    lm_plot_dots(&plot, "a", x, y, 5);
    lm_plot_rug(&plot, "hot", x, 2);
    lm_plot_segment(&plot, "d", 0, 5, 4, 5);
    lm_plot_end(&plot);
}

static void drawing_is_exact(struct tap *tap)
{
    struct lm_buf out;
    size_t elements;
    const char *where;
    lm_buf_init(&out, 0);
    draw(&out);
    CHECK(is_wellformed(out.data, &elements, &where));
    CHECK(strstr(out.data, "<title id=\"p-t\">A &amp; B</title><desc id=\"p-d\">from "
                           "&quot;1&quot; to 2</desc>") != NULL);
    /* A gap at the NaN; the value beyond the axis sits on its edge and has a mark. */
    CHECK(strstr(out.data, "<path class=\"line a\" "
                           "d=\"M0.0 900.0M500.0 700.0L750.0 0.0L1000.0 800.0\"/>") != NULL);
    CHECK(strstr(out.data, "<path class=\"dots a\" d=\"M0.0 900.0h0M500.0 700.0h0M1000.0 "
                           "800.0h0\"/>") != NULL);
    CHECK(strstr(out.data, "<path class=\"dots clip\" d=\"M750.0 0.0h0\"/>") != NULL);
    CHECK(strstr(out.data, "<path class=\"rug hot\" d=\"M0.0 1000v-45M250.0 1000v-45\"/>") != NULL);
    lm_buf_release(&out);
}

static void empty_series_draw_nothing_wrong(struct tap *tap)
{
    struct lm_buf out;
    size_t elements;
    const char *where;
    struct lm_plot plot = {.out = &out, .id = "p", .title = "t", .summary = "s", .height = 9};
    lm_buf_init(&out, 0);
    lm_axis_linear(&plot.x, "x", 0, 0, 4, false);
    lm_axis_linear(&plot.y, "y", 0, 0, 4, true);
    lm_plot_begin(&plot);
    lm_plot_line(&plot, "a", NULL, NULL, 0);
    lm_plot_band(&plot, "a", NULL, NULL, NULL, 0);
    lm_plot_dots(&plot, "a", NULL, NULL, 0);
    lm_plot_end(&plot);
    CHECK(is_wellformed(out.data, &elements, &where));
    lm_buf_release(&out);
}

/* Ticks at powers of ten, and at 2 and 5 of them where the range is short. */
static void decades_have_round_ticks(struct tap *tap)
{
    struct lm_axis axis;
    lm_axis_decades(&axis, "x", 3e9, 4e14);
    CHECK_INT(axis.count, 5);
    CHECK_NEAR(axis.ticks[0], 1e10, 0);
    CHECK_NEAR(axis.ticks[4], 1e14, 0);
    CHECK(axis.is_log && axis.is_large);
    lm_axis_decades(&axis, "x", 0.15, 30);
    CHECK_INT(axis.count, 7); /* 0.2 0.5 1 2 5 10 20 */
    CHECK_NEAR(axis.ticks[0], 0.2, 1e-12);
    CHECK_NEAR(axis.ticks[6], 20, 0);
    CHECK_NEAR(lm_axis_place(&axis, 0.15), 0, 0);
    lm_axis_decades(&axis, "x", -1, (double)NAN);
    CHECK(axis.low > 0 && axis.high > axis.low && axis.count > 0);
    lm_axis_decades(&axis, "x", 1e-300, 1e300);
    CHECK(axis.count <= LM_TICKS);
}

static const struct tap_test tests[] = {TAP_ROW(ticks_are_round) TAP_ROW(odd_ranges_still_make_axes)
                                            TAP_ROW(places_are_clipped) TAP_ROW(drawing_is_exact)
                                                TAP_ROW(empty_series_draw_nothing_wrong)
                                                    TAP_ROW(decades_have_round_ticks)};
LM_TEST_FILE(tests)
