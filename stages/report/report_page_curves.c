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
    const struct lm_legend legend[] = {{"a", report_say(report, TEXT_VALIDATION_SERIES)},
                                       {"b", report_say(report, TEXT_TEST_SERIES)}};
    struct lm_plot plot = {.out = out,
                           .id = "positions",
                           .title = report_say(report, TEXT_LOSS_BY_CONTEXT),
                           .height = 190};
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
    plot.summary = report_say(report, TEXT_BY_CONTEXT_SUMMARY, first.text, last.text, reach.text);
    lm_axis_log(&plot.x, report_say(report, TEXT_AXIS_CONTEXT), 1, main->x[main->count - 1]);
    lm_axis_linear(&plot.y, report_say(report, TEXT_UNIT_NATS_PER_TOKEN), low, high, 5, true);
    lm_plot_begin(&plot);
    lm_plot_line(&plot, "a", valid.x, valid.y, valid.count);
    lm_plot_dots(&plot, "a", valid.x, valid.y, valid.count);
    lm_plot_line(&plot, "b", test.x, test.y, test.count);
    lm_plot_dots(&plot, "b", test.x, test.y, test.count);
    lm_plot_end(&plot);
}

/* What more context is worth. */
static void put_gain(struct lm_buf *out, const struct report *report, const char *split)
{
    double gain = report_score(report, split, "in_context_gain");
    if (!isnan(gain))
        lm_html_printf(out, "<p class=\"sum\">%s</p>\n",
                       report_say(report, TEXT_CONTEXT_GAIN, report_fixed(gain, 3).text,
                                  report_split_text(report, split)));
}

static void put_frequency(struct lm_buf *out, const struct report *report)
{
    struct curve curve;
    const struct lm_legend legend[] = {{"a", report_say(report, TEXT_MODEL_SERIES)},
                                       {"b", report_say(report, TEXT_BIGRAM_SERIES)}};
    struct lm_plot plot = {.out = out,
                           .id = "frequency",
                           .title = report_say(report, TEXT_LOSS_BY_FREQUENCY),
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
    plot.summary = report_say(report, TEXT_BY_FREQUENCY_SUMMARY, first.text, last.text);
    lm_axis_linear(&plot.x, report_say(report, TEXT_AXIS_FREQUENCY), 0.5, (double)curve.count + 0.5,
                   10, false);
    lm_axis_linear(&plot.y, report_say(report, TEXT_UNIT_NATS_PER_TOKEN), 0, high, 5, true);
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
    const struct lm_legend legend[] = {{"a", report_say(report, TEXT_MEASURED_SERIES)},
                                       {"d", report_say(report, TEXT_PERFECT_SERIES)}};
    struct lm_plot plot = {.out = out,
                           .id = "reliability",
                           .title = report_say(report, TEXT_LOSS_BY_ENTROPY),
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
    plot.summary = report_say(report, TEXT_CALIBRATION_SUMMARY, error.text);
    lm_axis_linear(&plot.x, report_say(report, TEXT_AXIS_ENTROPY), 0, high, 6, true);
    lm_axis_linear(&plot.y, report_say(report, TEXT_AXIS_LOSS), 0, high, 5, true);
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
    const char *curve;
    enum report_text summary;

    struct {
        const char *key;
        enum report_text head;
        enum cell cell;
    } columns[6];
} tables[] = {
    {"positions",
     TEXT_LOSS_BY_CONTEXT,
     {{"from", TEXT_FROM_TOKEN, CELL_COUNT},
      {"to", TEXT_TO_TOKEN, CELL_COUNT},
      {"tokens", TEXT_TOKENS_HEAD, CELL_COUNT},
      {"nll", TEXT_NATS_PER_TOKEN, CELL_NATS}}},
    {"frequency",
     TEXT_LOSS_BY_FREQUENCY,
     {{"types", TEXT_TOKEN_TYPES, CELL_COUNT},
      {"tokens", TEXT_TOKENS_HEAD, CELL_COUNT},
      {"nll", TEXT_NATS_PER_TOKEN, CELL_NATS},
      {"bigram", TEXT_BIGRAM_HEAD, CELL_NATS},
      {"acc", TEXT_ACCURACY, CELL_SHARE}}},
    {"calibration",
     TEXT_CALIBRATION,
     {{"tokens", TEXT_TOKENS_HEAD, CELL_COUNT},
      {"entropy", TEXT_PREDICTED_ENTROPY, CELL_NATS},
      {"nll", TEXT_NATS_PER_TOKEN, CELL_NATS},
      {"acc", TEXT_ACCURACY, CELL_SHARE}}},
};

enum { TABLES = sizeof tables / sizeof tables[0], CALIBRATION = TABLES - 1 };

static void put_cell(struct lm_buf *out, const struct report *report, const struct lm_json *value,
                     enum cell cell)
{
    double v = lm_json_double(value, (double)NAN);
    struct lm_num text = cell == CELL_SHARE ? report_share(report, v, 1)
                                            : report_fixed(v, cell == CELL_COUNT ? 0 : 3);
    lm_html_printf(out, "<td class=\"n\">%s</td>", text.text);
}

static void put_table(struct lm_buf *out, const struct report *report, const struct table *table)
{
    const struct lm_json *rows = find_curve(report, curve_split(report), table->curve);
    struct report_column columns[6];
    size_t count = 0;
    if (lm_json_count(rows) == 0)
        return;
    for (; count < 6 && table->columns[count].key != NULL; count++)
        columns[count] = (struct report_column){table->columns[count].head, true};
    lm_html_printf(out, "<details><summary>%s</summary>",
                   report_say(report, TEXT_AS_A_TABLE, report_say(report, table->summary)));
    report_table(out, report, NULL, columns, count);
    for (size_t i = 0; i < lm_json_count(rows); i++) {
        lm_buf_puts(out, "<tr>");
        for (size_t c = 0; c < count; c++)
            put_cell(out, report, lm_json_get(lm_json_at(rows, i), table->columns[c].key),
                     table->columns[c].cell);
        lm_buf_puts(out, "</tr>\n");
    }
    report_table_end(out);
    lm_buf_puts(out, "</details>\n");
}

void report_page_curves(struct lm_buf *out, const struct report *report)
{
    report_section(out, report, "curves", TEXT_LOSS_BREAKDOWN, TEXT_LOSS_BREAKDOWN_NOTE);
    put_positions(out, report);
    put_gain(out, report, "valid");
    put_gain(out, report, "test");
    put_frequency(out, report);
    for (size_t i = 0; i < CALIBRATION; i++)
        put_table(out, report, &tables[i]);
    report_page_lengths(out, report);
    report_section_end(out);
}

bool report_has_calibration(const struct report *report)
{
    return lm_json_count(find_curve(report, curve_split(report), "calibration")) > 0;
}

void report_page_calibration(struct lm_buf *out, const struct report *report)
{
    report_section(out, report, "calibration", TEXT_CALIBRATION, TEXT_CALIBRATION_NOTE);
    put_calibration(out, report);
    put_table(out, report, &tables[CALIBRATION]);
    report_section_end(out);
}
