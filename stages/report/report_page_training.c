#include <math.h>
#include <stdlib.h>

#include "page/html.h"
#include "page/numtext.h"
#include "page/svg.h"

#include "page/curve.h"
#include "report_objective.h"
#include "report_page.h"
#include "report_settings.h"

enum { POINTS = 280 }; /* of a curve that stands beside another of the same numbers */

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

/* How many points a plot cuts, in words behind its summary; nothing when it cuts none. */
static const char *with_beyond(const struct report *report, const char *summary, size_t beyond)
{
    if (beyond == 0)
        return summary;
    return report_join(
        report, summary,
        beyond == 1 ? report_say(report, TEXT_BEYOND_AXIS_ONE)
                    : report_say(report, TEXT_BEYOND_AXIS, lm_num_count((int64_t)beyond).text));
}

static size_t count_beyond(const struct lm_axis *axis, const struct lm_curve *curve)
{
    size_t beyond = 0;
    for (size_t i = 0; i < curve->count; i++)
        beyond += curve->low[i] < axis->low || curve->high[i] > axis->high;
    return beyond;
}

/* Marks on the edge for each value that the axis cuts; the values inside are drawn already. */
static void put_beyond(struct lm_plot *plot, const struct lm_curve *curve)
{
    for (size_t i = 0; i < curve->count; i++) {
        const double ends[] = {curve->low[i], curve->high[i]};
        for (size_t k = 0; k < 2; k++)
            if (ends[k] < plot->y.low || ends[k] > plot->y.high)
                lm_plot_dots(plot, "a", &curve->x[i], &ends[k], 1);
    }
}

/* "step", or "step (4,096 tokens each)" where all steps saw equally many. */
static const char *step_axis(const struct report *report)
{
    const struct report_log *log = &report->log;
    double each = (double)NAN;
    for (size_t i = 0; i < log->count; i++) {
        double one = log->tokens[i] / log->step[i];
        if (!isfinite(one))
            continue;
        if (!isnan(each) && one != each)
            return report_say(report, TEXT_AXIS_STEP);
        each = one;
    }
    bool is_tokens = isfinite(each) && report_objective_of(report) == NULL;
    return is_tokens ? report_say(report, TEXT_AXIS_STEP_OF, report_fixed(each, 0).text)
                     : report_say(report, TEXT_AXIS_STEP);
}

static void put_series(struct lm_plot *plot, const struct lm_curve *train,
                       const struct lm_curve *valid)
{
    lm_plot_begin(plot);
    lm_plot_band(plot, "a", train->x, train->low, train->high, train->count);
    lm_plot_line(plot, "a", train->x, train->mean, train->count);
    lm_plot_line(plot, "b", valid->x, valid->mean, valid->count);
    lm_plot_dots(plot, "b", valid->x, valid->mean, valid->count);
    put_beyond(plot, train);
    lm_plot_end(plot);
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
    if (train.count == 0)
        return;
    plot.legend_count = valid.count > 0 ? 2 : 1;
    lm_axis_linear(&plot.x, step_axis(report), 0, train.x[train.count - 1], 7, false);
    lm_axis_linear(&plot.y, report_loss_unit(report), fmin(train.least, valid.least),
                   fmax(train.most, valid.most), 6, true);
    plot.summary =
        with_beyond(report, loss_summary(report, &train, &valid), count_beyond(&plot.y, &train));
    put_series(&plot, &train, &valid);
}

/* What was spent at each row of the log; rows before the first token have none. */
static double *spent_at(const struct report *report, double total)
{
    const struct report_log *log = &report->log;
    double *spent = LM_NEW_ARRAY(report->arena, double, log->count + 1);
    double all = report_training_tokens(report);
    for (size_t i = 0; i < log->count && spent != NULL; i++)
        spent[i] = log->tokens[i] > 0 ? log->tokens[i] / all * total : (double)NAN;
    if (spent == NULL)
        *report->lacks_memory = true;
    return spent;
}

/* The loss again on logarithmic axes, where a power law is a straight line. */
static void put_compute(struct lm_buf *out, const struct report *report)
{
    const struct report_log *log = &report->log;
    double tokens = report_training_tokens(report), flops = report_training_flops(report);
    double epochs = tokens / lm_json_double(lm_json_get(report->scores, "train.tokens"), NAN);
    const double *spent = spent_at(report, isnan(flops) ? tokens : flops);
    if (spent == NULL || report_objective_of(report) != NULL)
        return;
    struct lm_curve train = lm_curve_cut(report->arena, spent, log->loss, log->count, POINTS);
    struct lm_curve valid = lm_curve_cut(report->arena, spent, log->valid, log->count, POINTS);
    if (train.count < 2 || !(fmin(train.least, valid.least) > 0))
        return;
    struct lm_plot plot = {.out = out,
                           .id = "compute",
                           .title = report_say(report, TEXT_LOSS_BY_COMPUTE),
                           .height = 190};
    lm_axis_decades(&plot.x, report_say(report, isnan(flops) ? TEXT_AXIS_TOKENS : TEXT_AXIS_FLOPS),
                    train.x[0], train.x[train.count - 1]);
    lm_axis_linear(&plot.y, report_loss_unit(report), fmin(train.least, valid.least),
                   fmax(train.most, valid.most), 6, true);
    plot.y.is_log = plot.y.low > 0; /* the ticks of a linear axis: few octaves */
    plot.summary = with_beyond(
        report,
        report_say(report, plot.y.is_log ? TEXT_COMPUTE_SUMMARY : TEXT_COMPUTE_SUMMARY_X,
                   report_fixed(tokens, 0).text,
                   isfinite(epochs) ? lm_num_short(epochs, 3).text : "\xe2\x80\x93"),
        count_beyond(&plot.y, &train));
    put_series(&plot, &train, &valid);
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
    lm_axis_linear(&plot.x, report_say(report, TEXT_AXIS_STEP), 0, norm.x[norm.count - 1], 4,
                   false);
    lm_axis_linear(&plot.y, report_say(report, TEXT_AXIS_BEFORE_CLIPPING), 0,
                   norm_top(report, &norm, clip), 4, true);
    plot.summary =
        with_beyond(report,
                    report_say(report, TEXT_NORM_SUMMARY, lm_num_count((int64_t)clipped).text,
                               lm_num_count((int64_t)log->count).text),
                    count_beyond(&plot.y, &norm));
    lm_plot_begin(&plot);
    lm_plot_band(&plot, "a", norm.x, norm.low, norm.high, norm.count);
    lm_plot_line(&plot, "a", norm.x, norm.mean, norm.count);
    double *places = clipped_places(report, &norm, clip);
    if (!isnan(clip)) {
        lm_plot_segment(&plot, "d", 0, clip, plot.x.high, clip);
        if (places != NULL && clipped > 0)
            lm_plot_rug(&plot, "hot", places, norm.count);
    }
    put_beyond(&plot, &norm);
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
    put_compute(out, report);
    put_table(out, report);
    report_section_end(out);
}
