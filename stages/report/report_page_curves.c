#include <math.h>
#include <string.h>

#include "page/html.h"
#include "page/numtext.h"
#include "page/svg.h"

#include "report_page.h"

enum { POINTS = 64 };

/* Columns of one curve (an array of objects). */
struct curve {
    size_t count;
    double x[POINTS], y[POINTS], z[POINTS];
};

static const struct lm_json *find_curve(const struct report *report, const char *split,
                                        const char *name)
{
    return lm_json_get(lm_json_get(report->curves, split), name);
}

static void read_curve(struct curve *curve, const struct lm_json *rows, const char *x,
                       const char *y, const char *z)
{
    size_t count = lm_json_count(rows);
    curve->count = count < POINTS ? count : POINTS;
    for (size_t i = 0; i < curve->count; i++) {
        const struct lm_json *row = lm_json_at(rows, i);
        curve->x[i] =
            x != NULL ? lm_json_double(lm_json_get(row, x), (double)NAN) : (double)(i + 1);
        curve->y[i] = lm_json_double(lm_json_get(row, y), (double)NAN);
        curve->z[i] = z != NULL ? lm_json_double(lm_json_get(row, z), (double)NAN) : (double)NAN;
    }
}

static void range_of(double *low, double *high, const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        *low = fmin(*low, values[i]);
        *high = fmax(*high, values[i]);
    }
}

/* The split of the scores, or the other when only that has curves. */
static const char *curve_split(const struct report *report)
{
    const char *other = strcmp(report->split, "test") == 0 ? "valid" : "test";
    return lm_json_count(find_curve(report, report->split, "positions")) > 0 ? report->split
                                                                             : other;
}

bool report_has_curves(const struct report *report)
{
    return lm_json_count(find_curve(report, curve_split(report), "positions")) > 0;
}

static void put_positions(struct lm_buf *out, const struct report *report)
{
    struct curve valid, test;
    const struct lm_legend legend[] = {{"a", "validation"}, {"b", "test"}};
    struct lm_plot plot = {
        .out = out, .id = "positions", .title = "Loss by context", .height = 190};
    double low = (double)NAN, high = (double)NAN;
    read_curve(&valid, find_curve(report, "valid", "positions"), "to", "nll", NULL);
    read_curve(&test, find_curve(report, "test", "positions"), "to", "nll", NULL);
    const struct curve *main = valid.count > 0 ? &valid : &test;
    if (main->count == 0)
        return;
    range_of(&low, &high, valid.y, valid.count);
    range_of(&low, &high, test.y, test.count);
    plot.legend = legend;
    plot.legend_count = valid.count > 0 && test.count > 0 ? 2 : 0;
    struct lm_num first = lm_num_fixed(main->y[0], 2);
    struct lm_num last = lm_num_fixed(main->y[main->count - 1], 2);
    struct lm_num reach = lm_num_fixed(main->x[main->count - 1], 0);
    const char *summary = lm_arena_printf(
        report->arena, "From %s nats with one token of context to %s with up to %s.", first.text,
        last.text, reach.text);
    plot.summary = summary != NULL ? summary : "";
    lm_axis_log(&plot.x, "tokens of context", 1, main->x[main->count - 1]);
    lm_axis_linear(&plot.y, "nats per token", low, high, 5, true);
    lm_plot_begin(&plot);
    lm_plot_line(&plot, "a", valid.x, valid.y, valid.count);
    lm_plot_dots(&plot, "a", valid.x, valid.y, valid.count);
    lm_plot_line(&plot, "b", test.x, test.y, test.count);
    lm_plot_dots(&plot, "b", test.x, test.y, test.count);
    lm_plot_end(&plot);
}

static void put_frequency(struct lm_buf *out, const struct report *report)
{
    struct curve curve;
    const struct lm_legend legend[] = {{"a", "model"}, {"b", "bigram"}};
    struct lm_plot plot = {.out = out,
                           .id = "frequency",
                           .title = "Loss by frequency",
                           .legend = legend,
                           .height = 190};
    double high = 0, low = 0;
    read_curve(&curve, find_curve(report, curve_split(report), "frequency"), NULL, "nll", "bigram");
    if (curve.count == 0)
        return;
    range_of(&low, &high, curve.y, curve.count);
    range_of(&low, &high, curve.z, curve.count);
    plot.legend_count = isnan(curve.z[0]) ? 0 : 2;
    struct lm_num first = lm_num_fixed(curve.y[0], 2);
    struct lm_num last = lm_num_fixed(curve.y[curve.count - 1], 2);
    const char *summary = lm_arena_printf(
        report->arena,
        "%s nats for the most frequent tenth of the training tokens, %s for the rarest.",
        first.text, last.text);
    plot.summary = summary != NULL ? summary : "";
    lm_axis_linear(&plot.x, "tenth of the training tokens, frequent to rare", 0.5,
                   (double)curve.count + 0.5, 10, false);
    lm_axis_linear(&plot.y, "nats per token", 0, high, 5, true);
    lm_plot_begin(&plot);
    lm_plot_line(&plot, "a", curve.x, curve.y, curve.count);
    lm_plot_dots(&plot, "a", curve.x, curve.y, curve.count);
    lm_plot_line(&plot, "b", curve.x, curve.z, curve.count);
    lm_plot_dots(&plot, "b", curve.x, curve.z, curve.count);
    lm_plot_end(&plot);
}

static void put_calibration(struct lm_buf *out, const struct report *report)
{
    struct curve curve;
    const struct lm_legend legend[] = {{"a", "measured"}, {"d", "perfect"}};
    struct lm_plot plot = {.out = out,
                           .id = "calibration",
                           .title = "Calibration",
                           .legend = legend,
                           .legend_count = 2,
                           .height = 190};
    double low = 0, high = 0;
    read_curve(&curve, find_curve(report, curve_split(report), "calibration"), "entropy", "nll",
               NULL);
    if (curve.count == 0)
        return;
    range_of(&low, &high, curve.x, curve.count);
    range_of(&low, &high, curve.y, curve.count);
    struct lm_num error = lm_num_fixed(report_score(report, curve_split(report), "calibration"), 3);
    const char *summary = lm_arena_printf(
        report->arena, "The loss differs from the predicted entropy by %s nats on average.",
        error.text);
    plot.summary = summary != NULL ? summary : "";
    lm_axis_linear(&plot.x, "predicted entropy, nats", 0, high, 6, true);
    lm_axis_linear(&plot.y, "loss, nats", 0, high, 5, true);
    lm_plot_begin(&plot);
    lm_plot_segment(&plot, "d", 0, 0, fmin(plot.x.high, plot.y.high),
                    fmin(plot.x.high, plot.y.high));
    lm_plot_line(&plot, "a", curve.x, curve.y, curve.count);
    lm_plot_dots(&plot, "a", curve.x, curve.y, curve.count);
    lm_plot_end(&plot);
}

/* ---- the same as tables ---- */

enum cell { CELL_COUNT, CELL_NATS, CELL_SHARE };

static const struct table {
    const char *curve, *summary;

    struct {
        const char *key, *head;
        enum cell cell;
    } columns[6];
} tables[] = {
    {"positions",
     "Loss by context",
     {{"from", "From token", CELL_COUNT},
      {"to", "To token", CELL_COUNT},
      {"tokens", "Tokens", CELL_COUNT},
      {"nll", "Nats per token", CELL_NATS}}},
    {"frequency",
     "Loss by frequency",
     {{"types", "Token types", CELL_COUNT},
      {"tokens", "Tokens", CELL_COUNT},
      {"nll", "Nats per token", CELL_NATS},
      {"bigram", "Bigram", CELL_NATS},
      {"acc", "Accuracy", CELL_SHARE}}},
    {"calibration",
     "Calibration",
     {{"tokens", "Tokens", CELL_COUNT},
      {"entropy", "Predicted entropy", CELL_NATS},
      {"nll", "Nats per token", CELL_NATS},
      {"acc", "Accuracy", CELL_SHARE}}},
};

static void put_cell(struct lm_buf *out, const struct lm_json *value, enum cell cell)
{
    double v = lm_json_double(value, (double)NAN);
    struct lm_num text = cell == CELL_COUNT  ? lm_num_fixed(v, 0)
                         : cell == CELL_NATS ? lm_num_fixed(v, 3)
                                             : lm_num_percent(v, 1);
    lm_html_printf(out, "<td class=\"n\">%s</td>", text.text);
}

static void put_table(struct lm_buf *out, const struct lm_json *rows, const struct table *table)
{
    lm_html_printf(
        out,
        "<details><summary>%s as a table</summary><div class=\"wide\" tabindex=\"0\"><table><thead>"
        "<tr>",
        table->summary);
    for (size_t c = 0; c < 6 && table->columns[c].key != NULL; c++)
        lm_html_printf(out, "<th class=\"n\">%s</th>", table->columns[c].head);
    lm_buf_puts(out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < lm_json_count(rows); i++) {
        lm_buf_puts(out, "<tr>");
        for (size_t c = 0; c < 6 && table->columns[c].key != NULL; c++)
            put_cell(out, lm_json_get(lm_json_at(rows, i), table->columns[c].key),
                     table->columns[c].cell);
        lm_buf_puts(out, "</tr>\n");
    }
    lm_buf_puts(out, "</tbody></table></div></details>\n");
}

void report_page_curves(struct lm_buf *out, const struct report *report)
{
    lm_html_section(out, "curves", "Loss breakdown",
                    "A model that uses its context loses less the more it has seen. Rare tokens "
                    "cost most. Calibrated means: where the model expects h nats, it pays h nats.");
    put_positions(out, report);
    lm_buf_puts(out, "<div class=\"pair\">\n<div>");
    put_frequency(out, report);
    lm_buf_puts(out, "</div>\n<div>");
    put_calibration(out, report);
    lm_buf_puts(out, "</div>\n</div>\n");
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        const struct lm_json *rows = find_curve(report, curve_split(report), tables[i].curve);
        if (lm_json_count(rows) > 0)
            put_table(out, rows, &tables[i]);
    }
    lm_html_section_end(out);
}
