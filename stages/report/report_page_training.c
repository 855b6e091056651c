#include <math.h>
#include <stdlib.h>

#include "page/html.h"
#include "page/numtext.h"
#include "page/svg.h"

#include "page/curve.h"
#include "report_objective.h"
#include "report_page.h"

bool report_has_log(const struct report *report)
{
    return report->log.count > 0;
}

static const char *loss_summary(const struct report *report, const struct lm_curve *train,
                                const struct lm_curve *valid)
{
    struct lm_num first = report_fixed(train->first, 2), last = report_fixed(train->last, 2);
    struct lm_num best = report_fixed(valid->best, 3), at = report_fixed(valid->best_x, 0);
    const char *text =
        report_say(report, TEXT_LOSS_GOES, first.text, last.text, report_loss_unit(report));
    return valid->count == 0
               ? text
               : report_join(report, text,
                             report_say(report, TEXT_LOSS_LOWEST, at.text, best.text));
}

static void put_loss(struct lm_buf *out, const struct report *report)
{
    const struct report_log *log = &report->log;
    struct lm_curve train =
        lm_curve_cut(report->arena, log->step, log->loss, log->count, LM_CURVE_MOST);
    struct lm_curve valid =
        lm_curve_cut(report->arena, log->step, log->valid, log->count, LM_CURVE_MOST);
    const struct lm_legend legend[] = {{"a", report_say(report, TEXT_TRAINING_SERIES)},
                                       {"b", report_say(report, TEXT_VALIDATION_SERIES)}};
    struct lm_plot plot = {.out = out,
                           .id = "loss",
                           .title = report_say(report, TEXT_LOSS),
                           .legend = legend,
                           .height = 280};
    plot.legend_count = valid.count > 0 ? 2 : 1;
    plot.summary = loss_summary(report, &train, &valid);
    if (train.count == 0)
        return;
    lm_axis_linear(&plot.x, report_say(report, TEXT_AXIS_STEP), 0, train.x[train.count - 1], 7,
                   false);
    lm_axis_linear(&plot.y, report_loss_unit(report), fmin(train.least, valid.least),
                   fmax(train.most, valid.most), 6, true);
    lm_plot_begin(&plot);
    lm_plot_band(&plot, "a", train.x, train.low, train.high, train.count);
    lm_plot_line(&plot, "a", train.x, train.mean, train.count);
    lm_plot_line(&plot, "b", valid.x, valid.mean, valid.count);
    lm_plot_dots(&plot, "b", valid.x, valid.mean, valid.count);
    lm_plot_end(&plot);
}

static void put_rate(struct lm_buf *out, const struct report *report)
{
    const struct report_log *log = &report->log;
    struct lm_curve rate =
        lm_curve_cut(report->arena, log->step, log->lr, log->count, LM_CURVE_MOST);
    struct lm_plot plot = {
        .out = out, .id = "rate", .title = report_say(report, TEXT_LEARNING_RATE), .height = 150};
    struct lm_num most = lm_num_short(rate.most, 3), last = lm_num_short(rate.last, 3);
    plot.summary = report_say(report, TEXT_RATE_SUMMARY, most.text, last.text);
    if (rate.count == 0)
        return;
    lm_axis_linear(&plot.x, report_say(report, TEXT_AXIS_STEP), 0, rate.x[rate.count - 1], 4,
                   false);
    lm_axis_linear(&plot.y, report_say(report, TEXT_AXIS_PER_STEP), 0, rate.most, 4, true);
    lm_plot_begin(&plot);
    lm_plot_line(&plot, "a", rate.x, rate.mean, rate.count);
    lm_plot_end(&plot);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Upper end of the norm's axis: four times the median, so that one spike does not flatten the
 * rest; spikes beyond it get a mark on the edge. */
static double norm_top(const struct report *report, const struct lm_curve *norm, double clip)
{
    double most = clip, *sorted = LM_NEW_ARRAY(report->arena, double, norm->count);
    for (size_t i = 0; i < norm->count && sorted != NULL; i++) {
        sorted[i] = norm->high[i];
        most = fmax(most, norm->high[i]);
    }
    if (sorted == NULL)
        return most;
    qsort(sorted, norm->count, sizeof *sorted, compare_doubles);
    double usual = fmax(4 * sorted[norm->count / 2], isnan(clip) ? 0 : 1.5 * clip);
    return fmin(most, usual);
}

/* Places of the buckets in which some step was clipped; NaN for the others. */
static double *clipped_places(const struct report *report, const struct lm_curve *norm, double clip)
{
    double *places = LM_NEW_ARRAY(report->arena, double, norm->count);
    for (size_t i = 0; i < norm->count && places != NULL; i++)
        places[i] = norm->high[i] > clip ? norm->x[i] : (double)NAN;
    return places;
}

/* Values beyond the axis; NaN for the others. */
static double *spikes(const struct report *report, const struct lm_curve *norm, double top)
{
    double *values = LM_NEW_ARRAY(report->arena, double, norm->count);
    for (size_t i = 0; i < norm->count && values != NULL; i++)
        values[i] = norm->high[i] > top ? norm->high[i] : (double)NAN;
    return values;
}

static size_t count_clipped(const struct report_log *log, double clip)
{
    size_t clipped = 0;
    for (size_t i = 0; i < log->count; i++)
        clipped += log->norm[i] > clip;
    return clipped;
}

static void put_norm(struct lm_buf *out, const struct report *report)
{
    const struct report_log *log = &report->log;
    const struct lm_json *params = report_stage_params(report, report->lineage.train);
    double clip = lm_json_double(lm_json_get(params, "clip"), (double)NAN);
    struct lm_curve norm =
        lm_curve_cut(report->arena, log->step, log->norm, log->count, LM_CURVE_MOST);
    const struct lm_legend legend[] = {{"d", report_say(report, TEXT_THRESHOLD_SERIES)},
                                       {"hot", report_say(report, TEXT_CLIPPED_SERIES)}};
    struct lm_plot plot = {
        .out = out, .id = "norm", .title = report_say(report, TEXT_GRADIENT_NORM), .height = 150};
    if (norm.count == 0)
        return;
    clip = clip > 0 ? clip : (double)NAN;
    size_t clipped = count_clipped(log, clip);
    plot.legend = legend;
    plot.legend_count = isnan(clip) ? 0 : 2;
    struct lm_num part = lm_num_count((int64_t)clipped), steps = lm_num_count((int64_t)log->count);
    plot.summary = report_say(report, TEXT_NORM_SUMMARY, part.text, steps.text);
    lm_axis_linear(&plot.x, report_say(report, TEXT_AXIS_STEP), 0, norm.x[norm.count - 1], 4,
                   false);
    lm_axis_linear(&plot.y, report_say(report, TEXT_AXIS_BEFORE_CLIPPING), 0,
                   norm_top(report, &norm, clip), 4, true);
    lm_plot_begin(&plot);
    lm_plot_band(&plot, "a", norm.x, norm.low, norm.high, norm.count);
    lm_plot_line(&plot, "a", norm.x, norm.mean, norm.count);
    double *places = clipped_places(report, &norm, clip);
    double *high = spikes(report, &norm, plot.y.high);
    if (!isnan(clip)) {
        lm_plot_segment(&plot, "d", 0, clip, plot.x.high, clip);
        if (places != NULL && clipped > 0)
            lm_plot_rug(&plot, "hot", places, norm.count);
    }
    if (high != NULL)
        lm_plot_dots(&plot, "a", norm.x, high, norm.count);
    lm_plot_end(&plot);
}

/* Twelve evenly spaced points of the log, for those who read tables. */
static void put_table(struct lm_buf *out, const struct report *report)
{
    const struct report_log *log = &report->log;
    size_t shown = log->count < 12 ? log->count : 12;
    const struct report_column columns[] = {
        {TEXT_STEP, true},
        {report_objective_of(report) != NULL ? TEXT_EXAMPLES_HEAD : TEXT_TOKENS_HEAD, true},
        {TEXT_LOSS, true},
        {TEXT_VALIDATION, true},
        {TEXT_LEARNING_RATE, true},
        {TEXT_GRADIENT_NORM, true}};
    lm_html_printf(out, "<details><summary>%s</summary>", report_say(report, TEXT_CURVES_TABLE));
    report_table(out, report, NULL, columns, 6);
    for (size_t k = 0; k < shown; k++) {
        size_t i = shown > 1 ? k * (log->count - 1) / (shown - 1) : 0;
        struct lm_num step = report_fixed(log->step[i], 0),
                      tokens = report_fixed(log->tokens[i], 0),
                      loss = report_fixed(log->loss[i], 4), valid = report_fixed(log->valid[i], 4),
                      norm = report_fixed(log->norm[i], 3),
                      rate = isnan(log->lr[i]) ? loss : lm_num_short(log->lr[i], 4);
        lm_html_printf(
            out,
            "<tr><td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>"
            "<td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td></tr>\n",
            step.text, tokens.text, loss.text, isnan(log->valid[i]) ? "" : valid.text, rate.text,
            norm.text);
    }
    report_table_end(out);
    lm_buf_puts(out, "</details>\n");
}

void report_page_training(struct lm_buf *out, const struct report *report)
{
    report_section(out, report, "training", TEXT_TRAINING, TEXT_TRAINING_NOTE);
    put_loss(out, report);
    lm_buf_puts(out, "<div class=\"pair\">\n");
    put_rate(out, report);
    put_norm(out, report);
    lm_buf_puts(out, "</div>\n");
    put_table(out, report);
    report_section_end(out);
}
