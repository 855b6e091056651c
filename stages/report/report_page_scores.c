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

static void put_gate(struct lm_buf *out, const struct report *report,
                     const struct report_gate *gate)
{
    lm_html_printf(out,
                   "<tr><th scope=\"row\"><code>%s</code></th><td><b class=\"%s\">%s</b></td>"
                   "<td>%s</td></tr>\n",
                   gate->title, report_outcome_classes[gate->outcome],
                   report_outcome_text(report, gate->outcome), gate->told);
}

void report_page_gates(struct lm_buf *out, const struct report *report)
{
    static const struct report_column columns[] = {{TEXT_GATE}, {TEXT_RESULT}, {TEXT_WHY}};
    report_section(out, report, "gates", TEXT_GATES, TEXT_GATES_NOTE);
    report_table(out, report, NULL, columns, 3);
    for (size_t i = 0; i < report->gate_count; i++)
        put_gate(out, report, &report->gates[i]);
    report_table_end(out);
    report_section_end(out);
}

bool report_has_scores(const struct report *report)
{
    return !isnan(report_score(report, report->split, "bpb"));
}

/* ---- bars: the model beside its baselines ---- */

static const struct {
    const char *key;
    enum report_text label;
} models[] = {
    {"bpb", TEXT_THIS_MODEL},
    {"bigram.bpb", TEXT_BIGRAM},
    {"unigram.bpb", TEXT_UNIGRAM},
    {"untrained.bpb", TEXT_UNTRAINED},
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
    bool is_us = row == 0, has_interval = is_us && !isnan(low) && !isnan(high);
    lm_buf_puts(out, is_us ? "<tr class=\"us\">" : "<tr>");
    lm_html_printf(out, "<th scope=\"row\">%s", report_say(report, models[row].label));
    if (has_interval)
        lm_html_printf(out, " <small>%s</small>",
                       report_range(report, report_fixed(low, 3), report_fixed(high, 3)));
    lm_html_printf(out, "</th><td class=\"n\">%s</td><td class=\"bar\"><span class=\"track\">",
                   report_fixed(value, 3).text);
    lm_buf_printf(out, "<span class=\"fill\" style=\"width:%.2f%%\"></span>", 100 * value / scale);
    if (has_interval) {
        lm_buf_printf(out, "<span class=\"span\" style=\"left:%.2f%%;width:%.2f%%\"></span>",
                      100 * low / scale, 100 * (high - low) / scale);
    }
    lm_buf_puts(out, "</span></td></tr>\n");
}

static void put_bars(struct lm_buf *out, const struct report *report, const char *split)
{
    double scale = largest_bar(report, split);
    if (!(scale > 0))
        return;
    lm_html_printf(out,
                   "<table class=\"bars\"><caption>%s</caption><thead><tr><th scope=\"col\">%s</th>"
                   "<th scope=\"col\" class=\"n\">%s</th><td></td></tr></thead><tbody>\n",
                   report_split_text(report, split), report_say(report, TEXT_MODEL),
                   report_say(report, TEXT_UNIT_BITS_PER_BYTE));
    for (size_t i = 0; i < MODELS; i++) {
        if (!isnan(report_score(report, split, models[i].key)))
            put_bar(out, report, split, i, scale);
    }
    lm_buf_puts(out, "</tbody></table>\n");
}

/* ---- the differences to the baselines ---- */

/* The smallest difference that so many documents can show; NaN: not measured. */
static double detectable_of(const struct report *report, const struct report_comparison *comparison)
{
    char key[60];
    snprintf(key, sizeof key, "%.30s.diff.detectable", comparison->key);
    return report_score(report, report->summary.split, key);
}

static void put_comparison(struct lm_buf *out, const struct report *report,
                           const struct report_comparison *comparison)
{
    const char *interval = report_say(report, TEXT_FROM_TO, report_fixed(comparison->low, 3).text,
                                      report_fixed(comparison->high, 3).text);
    bool has_interval = comparison->standing != REPORT_NOT_COMPARED;
    lm_html_printf(out,
                   "<tr><th scope=\"row\" class=\"cap\">%s</th><td class=\"n\">%s</td>"
                   "<td class=\"n\">%s</td><td class=\"n\">%s</td><td>%s</td></tr>\n",
                   comparison->label, report_fixed(comparison->diff, 3).text,
                   has_interval ? interval : "\xe2\x80\x93",
                   report_fixed(detectable_of(report, comparison), 3).text,
                   report_standing_text(report, comparison->standing));
}

/* The model minus each baseline: what the summary rests on. */
static void put_comparisons(struct lm_buf *out, const struct report *report)
{
    static const struct report_column columns[] = {{TEXT_BASELINE},
                                                   {TEXT_DIFFERENCE_BPB, true},
                                                   {TEXT_INTERVAL_HEAD, true},
                                                   {TEXT_DETECTABLE, true},
                                                   {TEXT_THIS_MODEL_IS}};
    const struct report_summary *summary = &report->summary;
    size_t measured = 0;
    for (size_t i = 0; i < summary->comparison_count; i++)
        measured += isnan(summary->comparisons[i].diff) ? 0 : 1;
    if (measured == 0)
        return;
    lm_html_printf(
        out, "<h3>%s <small>%s</small></h3>\n", report_say(report, TEXT_DIFFERENCE_FROM_BASELINES),
        report_say(report, TEXT_PAIRED_BY_DOCUMENT, report_split_text(report, summary->split)));
    report_table(out, report, NULL, columns, 5);
    for (size_t i = 0; i < summary->comparison_count; i++) {
        if (!isnan(summary->comparisons[i].diff))
            put_comparison(out, report, &summary->comparisons[i]);
    }
    report_table_end(out);
}

/* ---- the table of scores ---- */

static const struct {
    const char *key;
    enum report_text label;
    int digits; /* -1: percent, -2: count */
    bool has_interval;
} rows[] = {
    {"bpb", TEXT_BITS_PER_BYTE, 4, true},
    {"nll", TEXT_NATS_PER_TOKEN, 4, false},
    {"ppl", TEXT_PERPLEXITY_PER_TOKEN, 2, true},
    {"acc", TEXT_NEXT_TOKEN_ACCURACY, -1, true},
    {"calibration", TEXT_CALIBRATION_ERROR, 4, false},
    {"tokens", TEXT_TOKENS_SCORED, -2, false},
    {"bytes", TEXT_BYTES_OF_TEXT, -2, false},
    {"documents", TEXT_DOCUMENTS_HEAD, -2, false},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static struct lm_num score_text(const struct report *report, double value, int digits)
{
    if (digits == -1)
        return report_share(report, value, 2);
    return report_fixed(value, digits == -2 ? 0 : digits);
}

static void put_score_cell(struct lm_buf *out, const struct report *report, const char *split,
                           size_t row)
{
    char key[64];
    int digits = rows[row].digits;
    struct lm_num value = score_text(report, report_score(report, split, rows[row].key), digits);
    lm_html_printf(out, "<td class=\"n\">%s", value.text);
    snprintf(key, sizeof key, "%s.lo", rows[row].key);
    double low = report_score(report, split, key);
    snprintf(key, sizeof key, "%s.hi", rows[row].key);
    double high = report_score(report, split, key);
    if (rows[row].has_interval && !isnan(low) && !isnan(high))
        lm_html_printf(out, "<br/><small>%s</small>",
                       report_range(report, score_text(report, low, digits),
                                    score_text(report, high, digits)));
    lm_buf_puts(out, "</td>");
}

static void put_score_table(struct lm_buf *out, const struct report *report)
{
    static const struct report_column columns[] = {
        {TEXT_METRIC}, {TEXT_VALIDATION, true}, {TEXT_TEST, true}};
    report_table(out, report, NULL, columns, 3);
    for (size_t i = 0; i < ROWS; i++) {
        if (isnan(report_score(report, "valid", rows[i].key)) &&
            isnan(report_score(report, "test", rows[i].key)))
            continue;
        lm_html_printf(out, "<tr><th scope=\"row\">%s</th>", report_say(report, rows[i].label));
        put_score_cell(out, report, "valid", i);
        put_score_cell(out, report, "test", i);
        lm_buf_puts(out, "</tr>\n");
    }
    report_table_end(out);
}

void report_page_scores(struct lm_buf *out, const struct report *report)
{
    const char *signature = lm_json_string(lm_json_get(report->scores, "signature"), NULL);
    report_section(out, report, "scores", TEXT_SCORES, TEXT_SCORES_NOTE);
    put_bars(out, report, "valid");
    put_bars(out, report, "test");
    put_comparisons(out, report);
    lm_html_printf(out, "<h3>%s</h3>\n", report_say(report, TEXT_ALL_METRICS));
    put_score_table(out, report);
    if (signature != NULL)
        lm_html_printf(out, "<p class=\"sig\" lang=\"en\">%s</p>\n", signature);
    report_section_end(out);
}
