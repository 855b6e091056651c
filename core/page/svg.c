#include "page/svg.h"

#include <math.h>
#include <string.h>

#include "base/elem.h"

#include "page/html.h"
#include "page/numtext.h"

/* ---- axes ---- */

/* Smallest of 1, 2, 5 × 10^k that cuts `span` into at most `wanted` pieces; *digits: decimals
 * it needs. Repeated products only: the same on every machine. */
static double nice_step(double span, size_t wanted, int *digits)
{
    double raw = span / (double)wanted, power = 1;
    int exponent = 0;
    while (power * 10 <= raw) {
        power *= 10;
        exponent++;
    }
    while (power > raw && exponent > -300) {
        power /= 10;
        exponent--;
    }
    double step = raw <= power       ? power
                  : raw <= 2 * power ? 2 * power
                  : raw <= 5 * power ? 5 * power
                                     : 10 * power;
    if (step > 5 * power)
        exponent++;
    *digits = exponent < 0 ? (exponent < -9 ? 9 : -exponent) : 0;
    return step;
}

void lm_axis_linear(struct lm_axis *axis, const char *label, double low, double high, size_t wanted,
                    bool is_loose)
{
    memset(axis, 0, sizeof *axis);
    if (!isfinite(low) || !isfinite(high))
        low = 0, high = 1;
    if (!(high > low)) {
        double pad = low != 0 ? fabs(low) * 0.5 : 1;
        high = low + pad;
        low = low - pad;
    }
    double step = nice_step(high - low, wanted, &axis->digits);
    double first = ceil(low / step - 1e-9), last = floor(high / step + 1e-9);
    if (is_loose) {
        first = floor(low / step + 1e-9);
        last = ceil(high / step - 1e-9);
        low = first * step;
        high = last * step;
    }
    while (axis->count < LM_TICKS && first + (double)axis->count <= last) {
        axis->ticks[axis->count] = (first + (double)axis->count) * step;
        axis->count++;
    }
    axis->label = label;
    axis->low = low;
    axis->high = high;
}

void lm_axis_log(struct lm_axis *axis, const char *label, double low, double high)
{
    memset(axis, 0, sizeof *axis);
    if (!(low > 0) || !isfinite(low))
        low = 1;
    if (!(high > low) || !isfinite(high))
        high = 2 * low;
    axis->label = label;
    axis->low = low;
    axis->high = high;
    axis->is_log = true;
    double ratio = high / low, factor = 2;
    double octaves = isfinite(ratio) ? lm_log2(ratio) : lm_log2(high) - lm_log2(low);
    while (octaves > 8) {
        factor *= 2;
        octaves -= 8;
    }
    double tick = 1;
    while (tick < low * (1 - 1e-9))
        tick *= 2;
    while (tick <= high * (1 + 1e-9) && axis->count < LM_TICKS) {
        axis->ticks[axis->count++] = tick;
        tick *= factor;
    }
}

/* Ticks at the `count` multiples of each power of ten inside the axis. */
static void put_decades(struct lm_axis *axis, const double *multiples, size_t count)
{
    double power = 1;
    while (power > axis->low)
        power /= 10;
    while (power * 10 <= axis->low)
        power *= 10;
    axis->count = 0;
    while (power <= axis->high) {
        for (size_t i = 0; i < count; i++) {
            double tick = multiples[i] * power;
            if (tick >= axis->low && tick <= axis->high && axis->count < LM_TICKS)
                axis->ticks[axis->count++] = tick;
        }
        power *= 10;
    }
}

void lm_axis_decades(struct lm_axis *axis, const char *label, double low, double high)
{
    static const double multiples[] = {1, 2, 5};
    lm_axis_log(axis, label, low, high);
    axis->is_large = true;
    put_decades(axis, multiples, 1);
    if (axis->count < 4)
        put_decades(axis, multiples, 3);
}

double lm_axis_place(const struct lm_axis *axis, double v)
{
    double place = axis->is_log ? lm_log2(v / axis->low) / lm_log2(axis->high / axis->low)
                                : (v - axis->low) / (axis->high - axis->low);
    return place < 0 ? 0 : place > 1 ? 1 : place;
}

/* ---- drawing ---- */

static double place_x(const struct lm_plot *plot, double v)
{
    return 1000 * lm_axis_place(&plot->x, v);
}

static double place_y(const struct lm_plot *plot, double v)
{
    return 1000 - 1000 * lm_axis_place(&plot->y, v);
}

static bool is_beyond(const struct lm_axis *axis, double v)
{
    return v < axis->low || v > axis->high;
}

static void put_legend(struct lm_plot *plot)
{
    for (size_t i = 0; i < plot->legend_count; i++) {
        lm_html_printf(plot->out, "<span class=\"key %s\">%s</span>", plot->legend[i].class_name,
                       plot->legend[i].text);
    }
}

void lm_plot_begin(struct lm_plot *plot)
{
    struct lm_buf *out = plot->out;
    lm_html_printf(out, "<figure class=\"plot\" id=\"%s\">\n<figcaption><b>%s</b><span>%s</span>",
                   plot->id, plot->title, plot->y.label);
    put_legend(plot);
    lm_html_printf(
        out,
        "</figcaption>\n<div class=\"frame\"><div class=\"area\" style=\"height:%dpx\">\n"
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" "
        "aria-labelledby=\"%s-t %s-d\" viewBox=\"0 0 1000 1000\" "
        "preserveAspectRatio=\"none\">\n<title id=\"%s-t\">%s</title>"
        "<desc id=\"%s-d\">%s</desc>\n",
        plot->height, plot->id, plot->id, plot->id, plot->title, plot->id, plot->summary);
    lm_buf_puts(out, "<path class=\"grid\" d=\"");
    for (size_t i = 0; i < plot->y.count; i++)
        lm_buf_printf(out, "M0 %.1fh1000", place_y(plot, plot->y.ticks[i]));
    lm_buf_puts(out, "\"/>\n<path class=\"base\" d=\"M0 1000h1000\"/>\n");
}

void lm_plot_line(struct lm_plot *plot, const char *class_name, const double *x, const double *y,
                  size_t count)
{
    bool is_down = false;
    lm_buf_printf(plot->out, "<path class=\"line %s\" d=\"", class_name);
    for (size_t i = 0; i < count; i++) {
        bool is_drawn = isfinite(x[i]) && isfinite(y[i]);
        if (is_drawn) {
            lm_buf_printf(plot->out, "%c%.1f %.1f", is_down ? 'L' : 'M', place_x(plot, x[i]),
                          place_y(plot, y[i]));
        }
        is_down = is_drawn;
    }
    lm_buf_puts(plot->out, "\"/>\n");
}

void lm_plot_band(struct lm_plot *plot, const char *class_name, const double *x, const double *low,
                  const double *high, size_t count)
{
    if (count == 0)
        return;
    lm_buf_printf(plot->out, "<path class=\"band %s\" d=\"M", class_name);
    for (size_t i = 0; i < count; i++)
        lm_buf_printf(plot->out, "%.1f %.1fL", place_x(plot, x[i]), place_y(plot, high[i]));
    for (size_t i = count; i-- > 0;) {
        lm_buf_printf(plot->out, "%.1f %.1f%s", place_x(plot, x[i]), place_y(plot, low[i]),
                      i > 0 ? "L" : "Z");
    }
    lm_buf_puts(plot->out, "\"/>\n");
}

/* Dots that are inside (or, is_clipped, beyond) the y axis as one path of zero-length strokes. */
static void put_dots(struct lm_plot *plot, const char *class_name, const double *x, const double *y,
                     size_t count, bool is_clipped)
{
    bool is_open = false;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(x[i]) || !isfinite(y[i]) || is_beyond(&plot->y, y[i]) != is_clipped)
            continue;
        if (!is_open)
            lm_buf_printf(plot->out, "<path class=\"dots %s\" d=\"", class_name);
        is_open = true;
        lm_buf_printf(plot->out, "M%.1f %.1fh0", place_x(plot, x[i]), place_y(plot, y[i]));
    }
    if (is_open)
        lm_buf_puts(plot->out, "\"/>\n");
}

void lm_plot_dots(struct lm_plot *plot, const char *class_name, const double *x, const double *y,
                  size_t count)
{
    put_dots(plot, class_name, x, y, count, false);
    put_dots(plot, "clip", x, y, count, true);
}

void lm_plot_rug(struct lm_plot *plot, const char *class_name, const double *x, size_t count)
{
    lm_buf_printf(plot->out, "<path class=\"rug %s\" d=\"", class_name);
    for (size_t i = 0; i < count; i++) {
        if (isfinite(x[i]))
            lm_buf_printf(plot->out, "M%.1f 1000v-45", place_x(plot, x[i]));
    }
    lm_buf_puts(plot->out, "\"/>\n");
}

void lm_plot_segment(struct lm_plot *plot, const char *class_name, double x0, double y0, double x1,
                     double y1)
{
    lm_buf_printf(plot->out, "<path class=\"line %s\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", class_name,
                  place_x(plot, x0), place_y(plot, y0), place_x(plot, x1), place_y(plot, y1));
}

/* Tick labels of one axis; on a phone those marked "alt" are hidden. */
static void put_ticks(struct lm_plot *plot, const struct lm_axis *axis, const char *class_name,
                      const char *side, bool is_down)
{
    for (size_t i = 0; i < axis->count; i++) {
        double place = lm_axis_place(axis, axis->ticks[i]);
        struct lm_num number = axis->is_large ? lm_num_large(axis->ticks[i])
                                              : lm_num_fixed(axis->ticks[i], axis->digits);
        lm_buf_printf(plot->out, "<span class=\"%s%s\" style=\"%s:%.2f%%\">", class_name,
                      i % 2 == 1 ? " alt" : "", side, 100 * (is_down ? 1 - place : place));
        lm_html_printf(plot->out, "%s</span>", axis->names != NULL ? axis->names[i] : number.text);
    }
}

void lm_plot_end(struct lm_plot *plot)
{
    struct lm_buf *out = plot->out;
    lm_buf_puts(out, "</svg>\n<div class=\"ticks\" aria-hidden=\"true\">");
    put_ticks(plot, &plot->y, "ty", "top", true);
    put_ticks(plot, &plot->x, "tx", "left", false);
    lm_html_printf(out,
                   "</div></div></div>\n<p class=\"axis\" aria-hidden=\"true\">%s</p>\n"
                   "<p class=\"sum\">%s</p>\n</figure>\n",
                   plot->x.label, plot->summary);
}
