/**
 * Plots as inline SVG that stay readable at any width: the drawing stretches (viewBox 1000 ×
 * 1000, strokes do not scale), labels are HTML text beside it at percent positions and keep
 * their size. Each plot is one image for assistive technology, with a title and a description
 * that holds the numbers.
 */
#ifndef LM_PAGE_SVG_H
#define LM_PAGE_SVG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum { LM_TICKS = 16 };

/** One axis: its range and the marks on it. */
struct lm_axis {
    double low, high; /**< low < high; for a logarithmic axis both > 0 */
    bool is_log;      /**< base-2 logarithmic */
    const char *label;
    size_t count; /**< ticks */
    double ticks[LM_TICKS];
    const char *const *names; /**< (count) instead of the ticks' numbers; NULL: those */
    int digits;               /**< after the point, in tick labels */
    bool is_large;            /**< tick labels as "10 M" */
};

/** Axis over [low, high] with about `wanted` ticks at 1, 2, 5 × 10^k. is_loose widens the range
 *  to full ticks. An empty or reversed range is widened. */
void lm_axis_linear(struct lm_axis *axis, const char *label, double low, double high, size_t wanted,
                    bool is_loose);
/** Logarithmic axis with ticks at powers of two (every second, third … when there are many). */
void lm_axis_log(struct lm_axis *axis, const char *label, double low, double high);
/** The same with ticks at powers of ten, and between them at 2 and 5 where there are few; labels
 * are of large numbers ("10 M"). */
void lm_axis_decades(struct lm_axis *axis, const char *label, double low, double high);
/** Place of v on the axis in [0, 1] (clipped); NaN for NaN. */
double lm_axis_place(const struct lm_axis *axis, double v);

/** Legend entry: CSS class of the swatch ("a", "b", "c", "d") and its words. */
struct lm_legend {
    const char *class_name, *text;
};

struct lm_plot {
    struct lm_buf *out;
    const char *id;      /**< unique in the page, [a-z0-9-]+ */
    const char *title;   /**< what is drawn */
    const char *summary; /**< the numbers in words: the description, and a line below */
    const struct lm_legend *legend;
    size_t legend_count;
    struct lm_axis x, y;
    int height; /**< CSS pixels */
};

/** Opens the figure: caption, legend, drawing with its grid. */
void lm_plot_begin(struct lm_plot *plot);
/** Polyline; a NaN breaks it. class_name: "a" (first series), "b", "c", "d". */
void lm_plot_line(struct lm_plot *plot, const char *class_name, const double *x, const double *y,
                  size_t count);
/** Area between low and high at each x. */
void lm_plot_band(struct lm_plot *plot, const char *class_name, const double *x, const double *low,
                  const double *high, size_t count);
/** Round marks. Points beyond the y axis become marks on its edge with class "clip". */
void lm_plot_dots(struct lm_plot *plot, const char *class_name, const double *x, const double *y,
                  size_t count);
/** Short marks on the lower edge at each finite x: where something happened. */
void lm_plot_rug(struct lm_plot *plot, const char *class_name, const double *x, size_t count);
/** A segment from (x0, y0) to (x1, y1), e.g. a threshold, a diagonal, an interval. */
void lm_plot_segment(struct lm_plot *plot, const char *class_name, double x0, double y0, double x1,
                     double y1);
/** Closes the drawing, writes the axes' labels and the summary, and closes the figure. */
void lm_plot_end(struct lm_plot *plot);

#endif
