#include <math.h>
#include <stdio.h>
#include <string.h>

#include "page/html.h"
#include "page/numtext.h"

#include "report_input.h"
#include "report_page.h"
#include "report_summary.h"

bool report_has_gates(const struct report *report)
{
    return report->gate_count > 0;
}

void report_page_gates(struct lm_buf *out, const struct report *report)
{
    lm_html_section(out, "gates", "Gates",
                    "Bounds the spec sets. Equality passes; a metric that is "
                    "missing or not finite is undecided, never a pass.");
    lm_buf_puts(out,
                "<div class=\"wide\" tabindex=\"0\"><table><thead><tr><th>Gate</th><th>Result</th>"
                "<th>Why</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < report->gate_count; i++) {
        const struct report_gate *gate = &report->gates[i];
        lm_html_printf(out,
                       "<tr><th scope=\"row\"><code>%s</code></th><td><b class=\"%s\">%s</b></td>"
                       "<td>%s</td></tr>\n",
                       gate->name, report_outcome_classes[gate->outcome],
                       report_outcome_words[gate->outcome], gate->reason);
    }
    lm_buf_puts(out, "</tbody></table></div>\n");
    lm_html_section_end(out);
}

bool report_has_scores(const struct report *report)
{
    return !isnan(report_score(report, report->split, "bpb"));
}

/* ---- bars: the model beside its baselines ---- */

static const struct {
    const char *key, *label;
} models[] = {
    {"bpb", "This model"},
    {"bigram.bpb", "Bigram, Kneser\xe2\x80\x93Ney"},
    {"unigram.bpb", "Unigram"},
    {"untrained.bpb", "Untrained model"},
};

enum { MODELS = sizeof models / sizeof models[0] };

static double largest_bar(const struct report *report, const char *split)
{
    double most = 0;
    for (size_t i = 0; i < MODELS; i++)
        most = fmax(most, report_score(report, split, models[i].key));
    return most;
}

static void put_bar(struct lm_buf *out, const struct report *report, const char *split, size_t row,
                    double scale)
{
    double value = report_score(report, split, models[row].key);
    double low = report_score(report, split, "bpb.lo"),
           high = report_score(report, split, "bpb.hi");
    struct lm_num number = lm_num_fixed(value, 3), from = lm_num_fixed(low, 3),
                  to = lm_num_fixed(high, 3);
    bool is_us = row == 0, has_interval = is_us && !isnan(low) && !isnan(high);
    lm_buf_puts(out, is_us ? "<tr class=\"us\">" : "<tr>");
    lm_html_printf(out, "<th scope=\"row\">%s", models[row].label);
    if (has_interval)
        lm_html_printf(out, " <small>%s\xe2\x80\x93%s</small>", from.text, to.text);
    lm_html_printf(out, "</th><td class=\"n\">%s</td><td class=\"bar\"><span class=\"track\">",
                   number.text);
    lm_buf_printf(out, "<span class=\"fill\" style=\"width:%.2f%%\"></span>", 100 * value / scale);
    if (has_interval) {
        lm_buf_printf(out, "<span class=\"span\" style=\"left:%.2f%%;width:%.2f%%\"></span>",
                      100 * low / scale, 100 * (high - low) / scale);
    }
    lm_buf_puts(out, "</span></td></tr>\n");
}

static void put_bars(struct lm_buf *out, const struct report *report, const char *split,
                     const char *label)
{
    double scale = largest_bar(report, split);
    if (!(scale > 0))
        return;
    lm_html_printf(out,
                   "<table class=\"bars\"><caption>%s</caption><thead><tr><th>Model</th>"
                   "<th class=\"n\">bits/byte</th><th></th></tr></thead><tbody>\n",
                   label);
    for (size_t i = 0; i < MODELS; i++) {
        if (!isnan(report_score(report, split, models[i].key)))
            put_bar(out, report, split, i, scale);
    }
    lm_buf_puts(out, "</tbody></table>\n");
}

/* ---- the differences to the baselines ---- */

static void put_comparison(struct lm_buf *out, const struct report_comparison *comparison)
{
    struct lm_num diff = lm_num_fixed(comparison->diff, 3);
    struct lm_num low = lm_num_fixed(comparison->low, 3), high = lm_num_fixed(comparison->high, 3);
    bool has_interval = comparison->standing != REPORT_NOT_COMPARED;
    lm_html_printf(out,
                   "<tr><th scope=\"row\" class=\"cap\">%s</th><td class=\"n\">%s</td>"
                   "<td class=\"n\">%s%s%s</td><td>%s</td></tr>\n",
                   comparison->label, diff.text, has_interval ? low.text : "\xe2\x80\x93",
                   has_interval ? " to " : "", has_interval ? high.text : "",
                   report_standing_words[comparison->standing]);
}

/* The model minus each baseline: what the summary rests on. */
static void put_comparisons(struct lm_buf *out, const struct report *report)
{
    const struct report_summary *summary = &report->summary;
    size_t measured = 0;
    for (size_t i = 0; i < summary->comparison_count; i++)
        measured += isnan(summary->comparisons[i].diff) ? 0 : 1;
    if (measured == 0)
        return;
    lm_html_printf(
        out,
        "<h3>Difference from the baselines <small>%s, paired by document</small></h3>\n"
        "<div class=\"wide\" tabindex=\"0\"><table><thead><tr><th>Baseline</th><th class=\"n\">"
        "Difference, bits/byte</th><th class=\"n\">95\xc2\xa0%% interval</th>"
        "<th>This model is</th></tr></thead><tbody>\n",
        summary->split);
    for (size_t i = 0; i < summary->comparison_count; i++) {
        if (!isnan(summary->comparisons[i].diff))
            put_comparison(out, &summary->comparisons[i]);
    }
    lm_buf_puts(out, "</tbody></table></div>\n");
}

/* ---- the table of scores ---- */

static const struct {
    const char *key, *label;
    int digits; /* -1: percent, -2: count */
    bool has_interval;
} rows[] = {
    {"bpb", "Bits per byte", 4, true},
    {"nll", "Nats per token", 4, false},
    {"ppl", "Perplexity per token", 2, true},
    {"acc", "Next-token accuracy", -1, true},
    {"calibration", "Calibration error, nats", 4, false},
    {"tokens", "Tokens scored", -2, false},
    {"bytes", "Bytes of text", -2, false},
    {"documents", "Documents", -2, false},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static struct lm_num score_text(double value, int digits)
{
    if (isnan(value))
        return (struct lm_num){"\xe2\x80\x93"};
    if (digits == -1)
        return lm_num_percent(value, 2);
    return digits == -2 ? lm_num_count((int64_t)value) : lm_num_fixed(value, digits);
}

static void put_score_cell(struct lm_buf *out, const struct report *report, const char *split,
                           size_t row)
{
    char key[64];
    struct lm_num value = score_text(report_score(report, split, rows[row].key), rows[row].digits);
    lm_html_printf(out, "<td class=\"n\">%s", value.text);
    snprintf(key, sizeof key, "%s.lo", rows[row].key);
    double low = report_score(report, split, key);
    snprintf(key, sizeof key, "%s.hi", rows[row].key);
    double high = report_score(report, split, key);
    if (rows[row].has_interval && !isnan(low) && !isnan(high)) {
        struct lm_num from = score_text(low, rows[row].digits);
        struct lm_num to = score_text(high, rows[row].digits);
        lm_html_printf(out, "<br/><small>%s\xe2\x80\x93%s</small>", from.text, to.text);
    }
    lm_buf_puts(out, "</td>");
}

static void put_score_table(struct lm_buf *out, const struct report *report)
{
    lm_buf_puts(out, "<div class=\"wide\" tabindex=\"0\"><table><thead><tr><th></th><th "
                     "class=\"n\">Validation</th>"
                     "<th class=\"n\">Test</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < ROWS; i++) {
        if (isnan(report_score(report, "valid", rows[i].key)) &&
            isnan(report_score(report, "test", rows[i].key)))
            continue;
        lm_html_printf(out, "<tr><th scope=\"row\">%s</th>", rows[i].label);
        put_score_cell(out, report, "valid", i);
        put_score_cell(out, report, "test", i);
        lm_buf_puts(out, "</tr>\n");
    }
    lm_buf_puts(out, "</tbody></table></div>\n");
}

void report_page_scores(struct lm_buf *out, const struct report *report)
{
    const char *signature = lm_json_string(lm_json_get(report->scores, "signature"), NULL);
    lm_html_section(
        out, "scores", "Scores",
        "Bits per byte: lower is better: a better prediction of text it was not trained on. "
        "It does not depend on the vocabulary. Intervals are 95\xc2\xa0% by bootstrap "
        "over documents, and none from fewer than 20. The baselines saw the same training tokens "
        "and are scored on "
        "the same held-out tokens.");
    put_bars(out, report, "valid", "Validation");
    put_bars(out, report, "test", "Test");
    put_comparisons(out, report);
    lm_buf_puts(out, "<h3>All metrics</h3>\n");
    put_score_table(out, report);
    if (signature != NULL)
        lm_html_printf(out, "<p class=\"sig\">%s</p>\n", signature);
    lm_html_section_end(out);
}
