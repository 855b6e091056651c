/* Losses over one another, what training cost, and how it was compared. */
#include <math.h>
#include <string.h>

#include "page/curve.h"
#include "page/html.h"
#include "page/svg.h"

#include "compare/compare_page.h"

enum { MOST_CURVES = 50, CURVE_POINTS = 120, MOST_COSTS = 100 };

static bool has_curve(const struct lm_compare_row *row)
{
    return row->curve.count > 1;
}

static size_t count_curves(const struct lm_comparison *comparison)
{
    size_t count = 0;
    for (size_t i = 0; i < comparison->count; i++)
        count += has_curve(&comparison->rows[i]);
    return count;
}

bool lm_compare_has_curves(const struct lm_comparison *comparison)
{
    return count_curves(comparison) > 0;
}

/* ---- losses ---- */

struct curves {
    struct lm_curve of[MOST_CURVES];
    const struct lm_compare_row *rows[MOST_CURVES];
    size_t count;
    bool is_valid; /* validation, where every run has it */
};

static bool has_valid(const struct lm_compare_row *row)
{
    size_t count = 0;
    for (size_t i = 0; i < row->curve.count; i++)
        count += isfinite(row->curve.valid[i]) ? 1 : 0;
    return count > 1;
}

static void cut(struct curves *out, const struct lm_comparison *comparison)
{
    out->is_valid = true;
    for (size_t i = 0; i < comparison->count && out->count < MOST_CURVES; i++) {
        if (!has_curve(&comparison->rows[i]))
            continue;
        out->rows[out->count++] = &comparison->rows[i];
        out->is_valid = out->is_valid && has_valid(&comparison->rows[i]);
    }
    for (size_t k = 0; k < out->count; k++) {
        const struct lm_compare_curve *curve = &out->rows[k]->curve;
        out->of[k] =
            lm_curve_cut(comparison->arena, curve->step, out->is_valid ? curve->valid : curve->loss,
                         curve->count, CURVE_POINTS);
    }
}

/* The axis holds those that did not diverge, where there are any. */
static void make_axes(struct lm_plot *plot, const struct curves *curves)
{
    double low = (double)NAN, high = (double)NAN, end = 0;
    for (int pass = 0; pass < 2 && isnan(low); pass++)
        for (size_t k = 0; k < curves->count; k++) {
            if (curves->of[k].count == 0 || (pass == 0 && curves->rows[k]->state != LM_RUN_RANKED))
                continue;
            low = fmin(low, curves->of[k].least);
            high = fmax(high, curves->of[k].most);
        }
    for (size_t k = 0; k < curves->count; k++)
        if (curves->of[k].count > 0)
            end = fmax(end, curves->of[k].x[curves->of[k].count - 1]);
    lm_axis_linear(&plot->x, "step", 0, end, 7, false);
    lm_axis_linear(&plot->y, "nats", low, high, 6, true);
}

void lm_compare_page_curves(struct lm_buf *out, const struct lm_comparison *comparison)
{
    struct curves curves = {.count = 0};
    size_t all = count_curves(comparison);
    const struct lm_legend legend[] = {{"a", "the best"}, {"dim", "the others"}, {"b", "diverged"}};
    cut(&curves, comparison);
    struct lm_plot plot = {.out = out,
                           .id = "losses",
                           .title = curves.is_valid ? "Validation loss" : "Training loss",
                           .legend = legend,
                           .legend_count = 3,
                           .height = 300};
    if (curves.count == 0 || curves.rows[curves.count - 1]->state != LM_RUN_DIVERGED)
        plot.legend_count = 2;
    const char *summary =
        all > MOST_CURVES
            ? lm_arena_printf(comparison->arena, "%d of %zu curves are drawn: those of the best.",
                              MOST_CURVES, all)
            : lm_arena_printf(comparison->arena, "%zu curves.", all);
    plot.summary = summary != NULL ? summary : "";
    lm_html_section(out, "curves", "Curves",
                    "The loss while training, over one another. What runs beyond the axis ends at "
                    "its edge.");
    make_axes(&plot, &curves);
    lm_plot_begin(&plot);
    for (size_t k = curves.count; k-- > 0;)
        lm_plot_line(&plot,
                     curves.rows[k]->state == LM_RUN_DIVERGED ? "b"
                     : curves.rows[k] == &comparison->rows[0] ? "a"
                                                              : "dim",
                     curves.of[k].x, curves.of[k].mean, curves.of[k].count);
    lm_plot_end(&plot);
    lm_html_section_end(out);
}

/* ---- cost ---- */

bool lm_compare_has_cost(const struct lm_comparison *comparison)
{
    for (size_t i = 0; i < comparison->count; i++)
        if (isfinite(comparison->rows[i].curve.tokens))
            return true;
    return false;
}

/* Counts on an axis: in the largest unit that leaves the largest one above 1. */
struct flop_unit {
    double size;
    const char *name, *log_name;
};

static struct flop_unit unit_of(double most)
{
    static const struct flop_unit units[] = {{1e18, "EFLOP", "EFLOP, logarithmic"},
                                             {1e15, "PFLOP", "PFLOP, logarithmic"},
                                             {1e12, "TFLOP", "TFLOP, logarithmic"},
                                             {1e9, "GFLOP", "GFLOP, logarithmic"},
                                             {1, "FLOP", "FLOP, logarithmic"}};
    size_t i = 0;
    while (units[i].size > 1 && most < units[i].size)
        i++;
    return units[i];
}

/* Cost across, the metric upwards; nothing where all cost the same. */
static void put_cost_plot(struct lm_buf *out, const struct lm_comparison *comparison)
{
    double low, high, least = (double)NAN, most = (double)NAN;
    double *x = LM_NEW_ARRAY(comparison->arena, double, 2 * comparison->ranked), *y;
    struct lm_plot plot = {
        .out = out, .id = "flops", .title = "What the operations bought", .height = 240};
    for (size_t i = 0; i < comparison->ranked; i++) {
        least = fmin(least, comparison->rows[i].flops);
        most = fmax(most, comparison->rows[i].flops);
    }
    if (x == NULL || !(least > 0) || !(most > least * 1.01))
        return;
    struct flop_unit unit = unit_of(most);
    y = x + comparison->ranked;
    for (size_t i = 0; i < comparison->ranked; i++) {
        x[i] = comparison->rows[i].flops / unit.size;
        y[i] = comparison->rows[i].value;
    }
    lm_compare_range(comparison, &low, &high);
    plot.summary =
        lm_arena_printf(comparison->arena, "From %s to %s floating-point operations a run.",
                        lm_num_large(least).text, lm_num_large(most).text);
    plot.summary = plot.summary != NULL ? plot.summary : "";
    double margin = 0.04 * (most - least);
    if (most > 8 * least)
        lm_axis_log(&plot.x, unit.log_name, least / 1.15 / unit.size, most * 1.15 / unit.size);
    else
        lm_axis_linear(&plot.x, unit.name, (least - margin) / unit.size,
                       (most + margin) / unit.size, 6, false);
    lm_axis_linear(&plot.y, comparison->options->metric, low, high, 5, true);
    lm_plot_begin(&plot);
    lm_plot_dots(&plot, "dim", x + 1, y + 1, comparison->ranked - 1);
    lm_plot_dots(&plot, "a", x, y, 1);
    lm_plot_end(&plot);
}

void lm_compare_page_cost(struct lm_buf *out, const struct lm_comparison *comparison)
{
    size_t shown = comparison->count < MOST_COSTS ? comparison->count : MOST_COSTS;
    lm_html_section(out, "cost", "Cost",
                    "Tokens trained on, and about how many operations that took: 6 a parameter and "
                    "token, and 12 times layers, context and width a token for attention. Times "
                    "depend on the machine and are on the page of the run.");
    if (comparison->ranked > 1)
        put_cost_plot(out, comparison);
    lm_html_printf(out,
                   "<div class=\"wide\" tabindex=\"0\"><table><thead><tr><th>Run</th>"
                   "<th class=\"n\">Tokens</th><th class=\"n\">FLOP</th><th class=\"n\">Parameters"
                   "</th><th class=\"n\">%s</th></tr></thead><tbody>\n",
                   comparison->options->metric);
    for (size_t i = 0; i < shown; i++) {
        const struct lm_compare_row *row = &comparison->rows[i];
        double parameters = lm_compare_score(row, "model.parameters", "");
        bool has_tokens = isfinite(row->curve.tokens);
        lm_html_printf(out, i == 0 && comparison->ranked > 0 ? "<tr class=\"us\">" : "<tr>");
        lm_html_printf(
            out, "<th scope=\"row\">%s</th><td class=\"n\">%s</td><td class=\"n\">%s</td>",
            row->label, has_tokens ? lm_num_count((int64_t)row->curve.tokens).text : "\xe2\x80\x93",
            isfinite(row->flops) ? lm_num_large(row->flops).text : "\xe2\x80\x93");
        lm_html_printf(out, "<td class=\"n\">%s</td><td class=\"n\">%s</td></tr>\n",
                       isfinite(parameters) ? lm_num_count((int64_t)parameters).text
                                            : "\xe2\x80\x93",
                       lm_compare_value(row->value).text);
    }
    lm_buf_puts(out, "</tbody></table></div>\n");
    if (shown < comparison->count)
        lm_html_printf(out, "<p>%zu of %zu runs; all are in the CSV.</p>\n", shown,
                       comparison->count);
    lm_html_section_end(out);
}

/* ---- method ---- */

bool lm_compare_has_method(const struct lm_comparison *comparison)
{
    (void)comparison;
    return true;
}

static void put_fact(struct lm_buf *out, const char *label, const char *value)
{
    lm_html_printf(out, "<tr><th scope=\"row\">%s</th><td>%s</td></tr>\n", label,
                   value != NULL ? value : "");
}

void lm_compare_page_method(struct lm_buf *out, const struct lm_comparison *comparison)
{
    const struct lm_compare_options *options = comparison->options;
    struct lm_arena *arena = comparison->arena;
    const char *items = lm_compare_items_word(comparison);
    lm_html_section(out, "method", "Method", NULL);
    lm_buf_puts(out, "<table class=\"facts\"><tbody>\n");
    put_fact(out, "metric",
             lm_arena_printf(arena, "%s, %s is better", options->metric,
                             comparison->better == LM_BETTER_LOWER ? "less" : "more"));
    put_fact(
        out, "compared to",
        comparison->reference == SIZE_MAX ? "nothing"
        : comparison->is_best_reference
            ? lm_arena_printf(arena, "the best, %s", comparison->rows[comparison->reference].label)
            : comparison->rows[comparison->reference].label);
    put_fact(out, "paired differences",
             comparison->unpaired != NULL ? lm_arena_printf(arena, "none: %s", comparison->unpaired)
             : comparison->uncertain != NULL
                 ? lm_arena_printf(arena, "without intervals: %s", comparison->uncertain)
                 : lm_arena_printf(arena,
                                   "%zu resamples of %zu %s, the same for all runs; studentised "
                                   "by the linearised standard error",
                                   options->resamples, comparison->items, items));
    put_fact(out, "what the intervals cover",
             lm_arena_printf(arena,
                             "other %s of the same kind; over repeats: other seeds. Neither "
                             "covers the other.",
                             items));
    lm_buf_puts(out, "</tbody></table>\n");
    lm_html_section_end(out);
}
