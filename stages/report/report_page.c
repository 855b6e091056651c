#include "report_page.h"

#include <math.h>
#include <string.h>

#include "page/html.h"
#include "page/numtext.h"

#include "report_changes.h"
#include "report_objective.h"
#include "report_tasks.h"

static const struct {
    const char *id;
    enum report_text nav;
    bool (*has)(const struct report *report);
    void (*write)(struct lm_buf *out, const struct report *report);
} sections[] = {
    {"gates", TEXT_GATES, report_has_gates, report_page_gates},
    {"changes", TEXT_CHANGES, report_has_changes, report_page_changes},
    {"settings", TEXT_SETTINGS, report_has_settings, report_page_settings},
    {"scores", TEXT_SCORES, report_has_scores, report_page_scores},
    {"objective", TEXT_EXAMPLES_HEAD, report_has_objective, report_page_objective},
    {"training", TEXT_TRAINING, report_has_log, report_page_training},
    {"tasks", TEXT_TASKS, report_has_tasks, report_page_tasks},
    {"passages", TEXT_HELD_OUT_TEXT, report_has_passages, report_page_passages},
    {"samples", TEXT_SAMPLES, report_has_samples, report_page_samples},
    {"curves", TEXT_LOSS_BREAKDOWN, report_has_curves, report_page_curves},
    {"calibration", TEXT_CALIBRATION, report_has_calibration, report_page_calibration},
    {"confidence", TEXT_RELIABILITY, report_has_reliability, report_page_reliability},
    {"figures", TEXT_DIVERSITY_AND_NOVELTY, report_has_figures, report_page_figures},
    {"data", TEXT_DATA, report_has_card, report_page_card},
    {"tokenizer", TEXT_TOKENIZER, report_has_tokenizer, report_page_tokenizer},
    {"model", TEXT_MODEL, report_has_model, report_page_model},
    {"provenance", TEXT_PROVENANCE, report_has_provenance, report_page_provenance},
};

enum { SECTIONS = sizeof sections / sizeof sections[0], TASK_TILES = 3 };

static void put_tile(struct lm_buf *out, const char *label, const char *value, const char *unit,
                     const char *small)
{
    lm_html_printf(out,
                   "<div class=\"tile\"><span class=\"k\">%s</span><b>%s%s<small>%s</small></b>"
                   "<span class=\"s\">%s</span></div>\n",
                   label, value, unit[0] ? "\xc2\xa0" : "", unit, small);
}

static void put_score_tile(struct lm_buf *out, const struct report *report, const char *split)
{
    double low = report_score(report, split, "bpb.lo"),
           high = report_score(report, split, "bpb.hi");
    const char *small =
        isnan(low) ? report_say(report, TEXT_NO_INTERVAL)
                   : report_say(report, TEXT_INTERVAL,
                                report_range(report, report_fixed(low, 3), report_fixed(high, 3)));
    put_tile(out, report_split_text(report, split),
             report_fixed(report_score(report, split, "bpb"), 3).text,
             report_say(report, TEXT_UNIT_BITS_PER_BYTE), small);
}

static void put_token_tile(struct lm_buf *out, const struct report *report)
{
    struct lm_num acc = report_share(report, report_score(report, report->split, "acc"), 1);
    struct lm_num ppl = report_fixed(report_score(report, report->split, "ppl"), 1);
    put_tile(out, report_say(report, TEXT_NEXT_TOKEN_ACCURACY), acc.text, "",
             report_say(report, TEXT_PERPLEXITY_IS, ppl.text));
}

/* The first tasks, where there is no text. */
static void put_task_tiles(struct lm_buf *out, const struct report *report)
{
    size_t count;
    const struct report_task *tasks = report_tasks_list(report, &count);
    for (size_t i = 0; i < count && i < TASK_TILES; i++) {
        const struct report_task *task = &tasks[i];
        const char *small = report_say(report, task->metric.label);
        if (!isnan(task->low) && !isnan(task->high))
            small = report_say(report, TEXT_INTERVAL,
                               report_range(report,
                                            report_metric_text(report, &task->metric, task->low),
                                            report_metric_text(report, &task->metric, task->high)));
        put_tile(out, task->name, report_metric_text(report, &task->metric, task->value).text, "",
                 small);
    }
}

/* The objective's headline with its baseline. */
static void put_objective_tile(struct lm_buf *out, const struct report *report)
{
    const struct report_objective *objective = report_objective_of(report);
    const struct report_metric *headline = &objective->headline, *baseline = &objective->baseline;
    const char *split = report->examples_split;
    struct lm_num value =
        report_metric_text(report, headline, report_score(report, split, headline->key));
    struct lm_num other =
        report_metric_text(report, baseline, report_score(report, split, baseline->key));
    double low = report_metric_end(report, split, headline, "lo");
    double high = report_metric_end(report, split, headline, "hi");
    const char *small =
        report_say(report, TEXT_IS, report_say(report, baseline->label), other.text);
    if (!isnan(low) && !isnan(high))
        small = report_say(report, TEXT_INTERVAL_AND,
                           report_range(report, report_metric_text(report, headline, low),
                                        report_metric_text(report, headline, high)),
                           small);
    put_tile(out, report_say(report, headline->label), value.text, "", small);
}

static void put_tiles(struct lm_buf *out, const struct report *report)
{
    lm_buf_puts(out, "<div class=\"tiles\">\n");
    if (report_has_objective(report))
        put_objective_tile(out, report);
    if (!isnan(report_score(report, "valid", "bpb")))
        put_score_tile(out, report, "valid");
    if (!isnan(report_score(report, "test", "bpb")))
        put_score_tile(out, report, "test");
    if (report_has_scores(report))
        put_token_tile(out, report);
    else
        put_task_tiles(out, report);
    double parameters =
        lm_json_double(lm_json_get(report->scores, "model.parameters"), (double)NAN);
    if (!isnan(parameters)) {
        struct lm_num size = lm_num_large(parameters), exact = lm_num_count((int64_t)parameters);
        put_tile(out, report_say(report, TEXT_PARAMETERS), size.text, "", exact.text);
    }
    lm_buf_puts(out, "</div>\n");
}

static const char *title_of(const struct report *report)
{
    return report->params->title[0] ? report->params->title : report->name;
}

static void put_top(struct lm_buf *out, const struct report *report)
{
    const char *description = lm_json_string(lm_json_get(report->experiment, "description"), NULL);
    lm_html_printf(out, "<header class=\"top\">\n<p class=\"over\">%s</p>\n<h1>%s</h1>\n",
                   report_say(report, TEXT_OVERLINE, title_of(report)), report->summary.text);
    if (description != NULL && description[0] != '\0')
        lm_html_printf(out, "<p class=\"lead\">%s</p>\n", description);
    lm_html_printf(out, "<nav aria-label=\"%s\">", report_say(report, TEXT_SECTIONS));
    for (size_t i = 0; i < SECTIONS; i++) {
        if (sections[i].has(report))
            lm_html_printf(out, "<a href=\"#%s\">%s</a>\n", sections[i].id,
                           report_say(report, sections[i].nav));
    }
    lm_buf_puts(out, "</nav>\n</header>\n");
}

void report_page_write(struct lm_buf *out, const struct report *report)
{
    const struct lm_html_head head = {.title = title_of(report),
                                      .description = report->summary.text,
                                      .style = report_style,
                                      .language = report_language_tag(report)};
    lm_html_head(out, &head);
    lm_html_printf(out, "<a class=\"skip\" href=\"#content\">%s</a>\n<div class=\"page\">\n",
                   report_say(report, TEXT_SKIP));
    put_top(out, report);
    lm_buf_puts(out, "<main id=\"content\" tabindex=\"-1\">\n");
    put_tiles(out, report);
    for (size_t i = 0; i < SECTIONS; i++) {
        if (sections[i].has(report))
            sections[i].write(out, report);
    }
    lm_html_printf(out, "</main>\n<footer>%s</footer>\n</div>\n</body>\n</html>\n",
                   report_say(report, TEXT_FOOTER));
}
