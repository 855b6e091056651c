#include "report_page.h"

#include <math.h>
#include <string.h>

#include "page/html.h"
#include "page/numtext.h"

#include "report_objective.h"

static const struct {
    const char *id, *nav;
    bool (*has)(const struct report *report);
    void (*write)(struct lm_buf *out, const struct report *report);
} sections[] = {
    {"gates", "Gates", report_has_gates, report_page_gates},
    {"objective", "Examples", report_has_objective, report_page_objective},
    {"scores", "Scores", report_has_scores, report_page_scores},
    {"settings", "Settings", report_has_settings, report_page_settings},
    {"training", "Training", report_has_log, report_page_training},
    {"curves", "Loss breakdown", report_has_curves, report_page_curves},
    {"passages", "Held-out text", report_has_passages, report_page_passages},
    {"samples", "Samples", report_has_samples, report_page_samples},
    {"figures", "Diversity and novelty", report_has_figures, report_page_figures},
    {"data", "Data", report_has_card, report_page_card},
    {"tokenizer", "Tokenizer", report_has_tokenizer, report_page_tokenizer},
    {"model", "Model", report_has_model, report_page_model},
    {"provenance", "Provenance", report_has_provenance, report_page_provenance},
};

enum { SECTIONS = sizeof sections / sizeof sections[0] };

static void put_tile(struct lm_buf *out, const char *label, const char *value, const char *unit,
                     const char *small)
{
    lm_html_printf(out,
                   "<div class=\"tile\"><span class=\"k\">%s</span><b>%s%s<small>%s</small></b>"
                   "<span class=\"s\">%s</span></div>\n",
                   label, value, unit[0] ? "\xc2\xa0" : "", unit, small);
}

static void put_score_tile(struct lm_buf *out, const struct report *report, const char *split,
                           const char *label)
{
    struct lm_num value = lm_num_fixed(report_score(report, split, "bpb"), 3);
    struct lm_num low = lm_num_fixed(report_score(report, split, "bpb.lo"), 3);
    struct lm_num high = lm_num_fixed(report_score(report, split, "bpb.hi"), 3);
    const char *small =
        isnan(report_score(report, split, "bpb.lo"))
            ? "no interval: too few documents (fewer than 20)"
            : lm_arena_printf(report->arena, "95\xc2\xa0%% confidence interval %s\xe2\x80\x93%s",
                              low.text, high.text);
    put_tile(out, label, value.text, "bits/byte", small != NULL ? small : "");
}

static void put_token_tile(struct lm_buf *out, const struct report *report)
{
    struct lm_num acc = lm_num_percent(report_score(report, report->split, "acc"), 1);
    struct lm_num ppl = lm_num_fixed(report_score(report, report->split, "ppl"), 1);
    const char *small = lm_arena_printf(report->arena, "perplexity %s per token", ppl.text);
    put_tile(out, "Next-token accuracy", acc.text, "", small != NULL ? small : "");
}

/* The objective's headline with its baseline. */
static void put_objective_tile(struct lm_buf *out, const struct report *report)
{
    const struct report_objective *objective = report_objective_of(report);
    const struct report_metric *headline = &objective->headline, *baseline = &objective->baseline;
    struct lm_num value =
        report_metric_text(headline, report_score(report, report->examples_split, headline->key));
    struct lm_num other =
        report_metric_text(baseline, report_score(report, report->examples_split, baseline->key));
    double low = report_metric_end(report, report->examples_split, headline, "lo");
    double high = report_metric_end(report, report->examples_split, headline, "hi");
    struct lm_num from = report_metric_text(headline, low), to = report_metric_text(headline, high);
    const char *small =
        isnan(low) || isnan(high)
            ? lm_arena_printf(report->arena, "%s %s", baseline->label, other.text)
            : lm_arena_printf(report->arena,
                              "95\xc2\xa0%% confidence interval %s\xe2\x80\x93%s; %s %s", from.text,
                              to.text, baseline->label, other.text);
    put_tile(out, headline->label, value.text, "", small != NULL ? small : "");
}

static void put_tiles(struct lm_buf *out, const struct report *report)
{
    lm_buf_puts(out, "<div class=\"tiles\">\n");
    if (report_has_objective(report))
        put_objective_tile(out, report);
    if (!isnan(report_score(report, "valid", "bpb")))
        put_score_tile(out, report, "valid", "Validation");
    if (!isnan(report_score(report, "test", "bpb")))
        put_score_tile(out, report, "test", "Test");
    if (report_has_scores(report))
        put_token_tile(out, report);
    double parameters =
        lm_json_double(lm_json_get(report->scores, "model.parameters"), (double)NAN);
    if (!isnan(parameters)) {
        struct lm_num size = lm_num_large(parameters), exact = lm_num_count((int64_t)parameters);
        put_tile(out, "Parameters", size.text, "", exact.text);
    }
    lm_buf_puts(out, "</div>\n");
}

static void put_top(struct lm_buf *out, const struct report *report)
{
    const char *description = lm_json_string(lm_json_get(report->experiment, "description"), NULL);
    const char *title = report->params->title[0] ? report->params->title : report->name;
    lm_html_printf(out,
                   "<header class=\"top\">\n<p class=\"over\">lmpipe report \xc2\xb7 %s</p>\n"
                   "<h1>%s</h1>\n",
                   title, report->summary.text);
    if (description != NULL && description[0] != '\0')
        lm_html_printf(out, "<p class=\"lead\">%s</p>\n", description);
    lm_buf_puts(out, "<nav aria-label=\"Sections\">");
    for (size_t i = 0; i < SECTIONS; i++) {
        if (sections[i].has(report))
            lm_html_printf(out, "<a href=\"#%s\">%s</a>\n", sections[i].id, sections[i].nav);
    }
    lm_buf_puts(out, "</nav>\n</header>\n");
    put_tiles(out, report);
}

void report_page_write(struct lm_buf *out, const struct report *report)
{
    const char *title = report->params->title[0] ? report->params->title : report->name;
    lm_html_begin(out, title, report->summary.text);
    put_top(out, report);
    for (size_t i = 0; i < SECTIONS; i++) {
        if (sections[i].has(report))
            sections[i].write(out, report);
    }
    lm_html_end(out, "Written by lmpipe: a function of the inputs alone. Times, machine and "
                     "cache are on the page of the run.");
}
