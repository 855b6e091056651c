/* The metric against each axis: runs as dots, means over repeats as lines with their intervals. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "page/html.h"
#include "page/svg.h"
#include "stats/spread.h"

#include "compare/compare_page.h"

enum {
    LINES = 3,       /* settings of the other axes that get a colour each */
    MOST_LINES = 200 /* that are drawn: those of the best runs */
};

static const char *const classes[LINES] = {"a", "b", "c"};

/* Runs that differ in one axis and in repeats alone: a line of the plot. */
struct line {
    const size_t *places; /* of its first run */
    const char *label;
    const char *class_name;
};

struct drawing {
    const struct lm_comparison *comparison;
    size_t axis;
    struct line *lines;
    size_t count;
    double *places; /* (values) on the x axis */
};

static bool is_drawn(const struct lm_comparison *comparison, size_t a)
{
    const struct lm_compare_axis *axis = &comparison->axes[a];
    return !axis->is_repeat && axis->count > 1 && comparison->ranked > 1;
}

bool lm_compare_has_axes(const struct lm_comparison *comparison)
{
    for (size_t a = 0; a < comparison->axis_count; a++)
        if (is_drawn(comparison, a))
            return true;
    return false;
}

/* ---- lines ---- */

static bool is_of_line(const struct drawing *drawing, const size_t *x, const size_t *y)
{
    const struct lm_comparison *comparison = drawing->comparison;
    for (size_t a = 0; a < comparison->axis_count; a++)
        if (a != drawing->axis && !comparison->axes[a].is_repeat && x[a] != y[a])
            return false;
    return true;
}

static const char *line_label(const struct drawing *drawing, const size_t *places)
{
    const struct lm_comparison *comparison = drawing->comparison;
    const char *label = "";
    for (size_t a = 0; a < comparison->axis_count && label != NULL; a++) {
        const struct lm_compare_axis *axis = &comparison->axes[a];
        if (a == drawing->axis || axis->is_repeat || places[a] == SIZE_MAX)
            continue;
        label = lm_arena_printf(comparison->arena, "%s%s%s %s", label, label[0] ? ", " : "",
                                axis->name, axis->texts[places[a]]);
    }
    return label == NULL ? "" : label[0] != '\0' ? label : "all runs";
}

/* In the order of the table: the line with the best run is the first. */
static bool find_lines(struct drawing *drawing)
{
    const struct lm_comparison *comparison = drawing->comparison;
    drawing->lines = LM_NEW_ARRAY(comparison->arena, struct line, MOST_LINES);
    for (size_t i = 0; i < comparison->ranked && drawing->lines != NULL; i++) {
        const size_t *places = comparison->rows[i].places;
        size_t k = 0;
        if (places[drawing->axis] == SIZE_MAX)
            continue;
        while (k < drawing->count && !is_of_line(drawing, drawing->lines[k].places, places))
            k++;
        if (k == drawing->count && k < MOST_LINES)
            drawing->lines[drawing->count++] =
                (struct line){places, line_label(drawing, places), NULL};
    }
    for (size_t k = 0; k < drawing->count; k++)
        drawing->lines[k].class_name =
            k < (drawing->count > LINES ? 1 : LINES) ? classes[k] : "dim";
    return drawing->lines != NULL;
}

/* ---- the axis ---- */

static bool make_axis(struct drawing *drawing, struct lm_axis *x)
{
    const struct lm_compare_axis *axis = &drawing->comparison->axes[drawing->axis];
    size_t n = axis->count;
    drawing->places = LM_NEW_ARRAY(drawing->comparison->arena, double, n);
    if (drawing->places == NULL)
        return false;
    for (size_t i = 0; i < n; i++)
        drawing->places[i] = axis->is_number ? axis->numbers[i] : (double)i;
    double low = drawing->places[0], high = drawing->places[n - 1], margin = 0.05 * (high - low);
    if (axis->is_log)
        lm_axis_log(x, axis->name, low / 1.15, high * 1.15);
    else
        lm_axis_linear(x, axis->name, low - margin, high + margin, 6, false);
    if (n > LM_TICKS)
        return true;
    x->names = axis->texts;
    x->count = n;
    memcpy(x->ticks, drawing->places, n * sizeof *x->ticks);
    return true;
}

/* ---- drawing ---- */

static void put_dots(struct lm_plot *plot, const struct drawing *drawing, const struct line *line)
{
    const struct lm_comparison *comparison = drawing->comparison;
    double *x = LM_NEW_ARRAY(comparison->arena, double, 2 * comparison->ranked), *y;
    size_t count = 0;
    if (x == NULL)
        return;
    y = x + comparison->ranked;
    for (size_t i = 0; i < comparison->ranked; i++) {
        const struct lm_compare_row *row = &comparison->rows[i];
        if (row->places[drawing->axis] == SIZE_MAX ||
            !is_of_line(drawing, line->places, row->places))
            continue;
        x[count] = drawing->places[row->places[drawing->axis]];
        y[count++] = row->value;
    }
    lm_plot_dots(plot, line->class_name, x, y, count);
}

static struct lm_spread spread_at(const struct drawing *drawing, const struct line *line,
                                  size_t value, double *scratch)
{
    const struct lm_comparison *comparison = drawing->comparison;
    size_t count = 0;
    for (size_t i = 0; i < comparison->ranked; i++) {
        const struct lm_compare_row *row = &comparison->rows[i];
        if (row->places[drawing->axis] == value && is_of_line(drawing, line->places, row->places))
            scratch[count++] = row->value;
    }
    if (count == 0)
        return (struct lm_spread){0, (double)NAN, (double)NAN, (double)NAN, (double)NAN};
    return lm_spread_of(scratch, count, comparison->options->confidence);
}

static void put_means(struct lm_plot *plot, const struct drawing *drawing, const struct line *line)
{
    const struct lm_comparison *comparison = drawing->comparison;
    size_t n = comparison->axes[drawing->axis].count;
    double *means = LM_NEW_ARRAY(comparison->arena, double, n + comparison->ranked);
    if (means == NULL)
        return;
    for (size_t v = 0; v < n; v++) {
        struct lm_spread spread = spread_at(drawing, line, v, means + n);
        means[v] = spread.mean;
        if (isfinite(spread.low) && strcmp(line->class_name, "dim") != 0)
            lm_plot_segment(plot, line->class_name, drawing->places[v], spread.low,
                            drawing->places[v], spread.high);
    }
    lm_plot_line(plot, line->class_name, drawing->places, means, n);
}

static const char *summary_of(const struct drawing *drawing)
{
    const struct lm_comparison *comparison = drawing->comparison;
    const struct lm_compare_axis *axis = &comparison->axes[drawing->axis];
    const char *text = "";
    for (size_t v = 0; v < axis->count && text != NULL; v++)
        for (size_t i = 0; i < comparison->ranked; i++)
            if (comparison->rows[i].places[drawing->axis] == v) {
                text = lm_arena_printf(comparison->arena, "%s%s%s: %s", text, text[0] ? ", " : "",
                                       axis->texts[v],
                                       lm_compare_value(comparison->rows[i].value).text);
                break; /* rows are sorted: the best of this value */
            }
    if (text == NULL || axis->count > LM_TICKS)
        return "";
    text = lm_arena_printf(comparison->arena, "Best %s for each %s: %s.",
                           comparison->options->metric, axis->name, text);
    return text != NULL ? text : "";
}

static void put_plot(struct lm_buf *out, const struct lm_comparison *comparison, size_t a)
{
    struct drawing drawing = {.comparison = comparison, .axis = a};
    struct lm_legend legend[LINES + 1];
    char id[32];
    double low, high;
    struct lm_plot plot = {.out = out, .id = id, .legend = legend, .height = 260};
    snprintf(id, sizeof id, "axis-%zu", a);
    if (!find_lines(&drawing) || !make_axis(&drawing, &plot.x))
        return;
    plot.title = lm_arena_printf(comparison->arena, "%s by %s", comparison->options->metric,
                                 comparison->axes[a].name);
    plot.title = plot.title != NULL ? plot.title : "";
    plot.summary = summary_of(&drawing);
    for (size_t k = 0; k < drawing.count && k < LINES; k++)
        legend[plot.legend_count++] =
            (struct lm_legend){drawing.lines[k].class_name, drawing.lines[k].label};
    if (drawing.count > LINES) {
        plot.legend_count = 2;
        legend[1] = (struct lm_legend){"dim", "the other settings"};
    }
    if (plot.legend_count == 1 && drawing.count == 1)
        plot.legend_count = 0;
    lm_compare_range(comparison, &low, &high);
    lm_axis_linear(&plot.y, comparison->pairing.unit, low, high, 6, true);
    lm_plot_begin(&plot);
    for (size_t k = drawing.count; k-- > 0;) {
        put_means(&plot, &drawing, &drawing.lines[k]);
        put_dots(&plot, &drawing, &drawing.lines[k]);
    }
    lm_plot_end(&plot);
}

void lm_compare_page_axes(struct lm_buf *out, const struct lm_comparison *comparison)
{
    lm_html_section(
        out, "axes", "By axis",
        lm_arena_printf(comparison->arena,
                        "A dot a run; the line is the mean over repeats, with its %s t interval "
                        "where there are two or more. Values that grow by factors stand on a "
                        "logarithmic axis. Marks at the edge lie beyond it.",
                        lm_compare_confidence(comparison).text));
    for (size_t a = 0; a < comparison->axis_count; a++)
        if (is_drawn(comparison, a))
            put_plot(out, comparison, a);
    lm_html_section_end(out);
}
