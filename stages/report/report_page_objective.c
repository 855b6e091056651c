#include <math.h>
#include <string.h>

#include "page/html.h"
#include "page/numtext.h"

#include "report_objective.h"
#include "report_page.h"
#include "report_summary.h"

bool report_has_objective(const struct report *report)
{
    return report_objective_of(report) != NULL;
}

/* ---- bars: the model beside its baseline ---- */

/* What a full bar is: the whole of a share or a correlation, the largest of the points. */
static double full_bar(const struct report *report, const char *split,
                       const struct report_objective *objective)
{
    if (objective->headline.unit != REPORT_POINTS)
        return 1;
    double most = fmax(report_score(report, split, objective->headline.key),
                       report_score(report, split, objective->baseline.key));
    return fmax(most, report_metric_end(report, split, &objective->headline, "hi"));
}

/* Percent of a bar; a correlation below nothing has none. */
static double bar_place(double value, double full)
{
    return 100 * fmin(fmax(value / full, 0), 1);
}

static const char *range_text(const struct report *report, const struct report_metric *figure,
                              double low, double high)
{
    return report_range(report, report_metric_text(report, figure, low),
                        report_metric_text(report, figure, high));
}

static void put_bar(struct lm_buf *out, const struct report *report, const char *split,
                    const struct report_metric *figure, double full)
{
    double value = report_score(report, split, figure->key);
    double low = report_metric_end(report, split, figure, "lo");
    double high = report_metric_end(report, split, figure, "hi");
    struct lm_num text = report_metric_text(report, figure, value);
    bool has_interval = !isnan(low) && !isnan(high);
    if (has_interval)
        lm_html_printf(out, " <small>%s</small>", range_text(report, figure, low, high));
    lm_html_printf(out, "</th><td class=\"n\">%s</td><td class=\"bar\"><span class=\"track\">",
                   text.text);
    lm_buf_printf(out, "<span class=\"fill\" style=\"width:%.2f%%\"></span>",
                  bar_place(value, full));
    if (has_interval)
        lm_buf_printf(out, "<span class=\"span\" style=\"left:%.2f%%;width:%.2f%%\"></span>",
                      bar_place(low, full), bar_place(high, full) - bar_place(low, full));
    lm_buf_puts(out, "</span></td></tr>\n");
}

static void put_bars(struct lm_buf *out, const struct report *report,
                     const struct report_objective *objective)
{
    const char *split = report->examples_split;
    double full = full_bar(report, split, objective);
    if (!(full > 0) || isnan(report_score(report, split, objective->headline.key)))
        return;
    lm_html_printf(out,
                   "<table class=\"bars\"><caption>%s</caption><thead><tr><th scope=\"col\">%s</th>"
                   "<th scope=\"col\" class=\"n\">%s</th><td></td></tr></thead><tbody>\n"
                   "<tr class=\"us\"><th scope=\"row\">%s",
                   report_split_text(report, split), report_say(report, TEXT_MODEL),
                   report_say(report, objective->headline.label),
                   report_say(report, TEXT_THIS_MODEL));
    put_bar(out, report, split, &objective->headline, full);
    if (!isnan(report_score(report, split, objective->baseline.key))) {
        lm_html_printf(out, "<tr><th scope=\"row\" class=\"cap\">%s",
                       report_say(report, objective->baseline.label));
        put_bar(out, report, split, &objective->baseline, full);
    }
    lm_buf_puts(out, "</tbody></table>\n");
}

/* ---- metrics ---- */

static void put_cell(struct lm_buf *out, const struct report *report,
                     const struct report_metric *figure, const char *split)
{
    struct lm_num value =
        report_metric_text(report, figure, report_score(report, split, figure->key));
    double low = report_metric_end(report, split, figure, "lo");
    double high = report_metric_end(report, split, figure, "hi");
    lm_html_printf(out, "<td class=\"n\">%s", value.text);
    if (!isnan(low) && !isnan(high))
        lm_html_printf(out, "<br/><small>%s</small>", range_text(report, figure, low, high));
    lm_buf_puts(out, "</td>");
}

static void put_row(struct lm_buf *out, const struct report *report, const char *label,
                    const struct report_metric *figure)
{
    if (isnan(report_score(report, "valid", figure->key)) &&
        isnan(report_score(report, "test", figure->key)))
        return;
    lm_html_printf(out, "<tr><th scope=\"row\">%s</th>", label);
    put_cell(out, report, figure, "valid");
    put_cell(out, report, figure, "test");
    lm_buf_puts(out, "</tr>\n");
}

static void put_counts(struct lm_buf *out, const struct report *report)
{
    static const char *const splits[] = {"valid", "test"};
    lm_html_printf(out, "<tr><th scope=\"row\">%s</th>", report_say(report, TEXT_EXAMPLES_HEAD));
    for (size_t i = 0; i < 2; i++)
        lm_html_printf(out, "<td class=\"n\">%s</td>",
                       report_fixed(report_score(report, splits[i], "examples"), 0).text);
    lm_buf_puts(out, "</tr>\n");
}

static void put_figures(struct lm_buf *out, const struct report *report,
                        const struct report_objective *objective)
{
    static const struct report_column columns[] = {
        {TEXT_METRIC}, {TEXT_VALIDATION, true}, {TEXT_TEST, true}};
    report_table(out, report, NULL, columns, 3);
    put_row(out, report, report_say(report, objective->headline.label), &objective->headline);
    put_row(out, report,
            report_say(report, TEXT_THE_SAME_OF, report_say(report, objective->baseline.label)),
            &objective->baseline);
    for (size_t i = 0; i < REPORT_METRICS && objective->others[i].key != NULL; i++)
        put_row(out, report, report_say(report, objective->others[i].label), &objective->others[i]);
    put_counts(out, report);
    report_table_end(out);
}

/* The model minus its baseline, paired: what the summary rests on. */
static void put_difference(struct lm_buf *out, const struct report *report,
                           const struct report_objective *objective)
{
    const struct report_comparison comparison = report_compare(
        report, report->examples_split, objective->headline.key, objective->baseline.key, "",
        report_say(report, objective->baseline.label), false);
    struct lm_num diff = report_metric_text(report, &objective->headline, comparison.diff);
    struct lm_num low = report_metric_text(report, &objective->headline, comparison.low);
    struct lm_num high = report_metric_text(report, &objective->headline, comparison.high);
    if (comparison.standing != REPORT_NOT_COMPARED)
        lm_html_printf(out, "<p class=\"sum\">%s</p>\n",
                       report_say(report, TEXT_DIFFERENCE_IS, comparison.label, diff.text, low.text,
                                  high.text, report_standing_text(report, comparison.standing)));
}

static void put_tables(struct lm_buf *out, const struct report *report,
                       const struct report_objective *objective)
{
    put_bars(out, report, objective);
    put_difference(out, report, objective);
    lm_html_printf(out, "<h3>%s</h3>\n", report_say(report, TEXT_ALL_METRICS));
    put_figures(out, report, objective);
}

void report_page_objective(struct lm_buf *out, const struct report *report)
{
    const struct report_objective *objective = report_objective_of(report);
    const char *signature = lm_json_string(lm_json_get(report->scores, "signature"), NULL);
    report_section(out, report, "objective", TEXT_HELD_OUT_EXAMPLES, objective->note);
    put_tables(out, report, objective);
    report_page_examples(out, report, objective->name);
    if (signature != NULL && !report_has_scores(report))
        lm_html_printf(out, "<p class=\"sig\" lang=\"en\">%s</p>\n", signature);
    report_section_end(out);
}
