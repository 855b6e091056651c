/* Are answers right as often as they are given with that probability: tokens, and choices of tasks.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "page/html.h"
#include "page/svg.h"

#include "report_page.h"
#include "report_tasks.h"

enum { POINTS = 32 };

struct points {
    size_t count;
    double x[POINTS], y[POINTS];
};

static const struct lm_json *points_of(const struct report *report, const char *split)
{
    return lm_json_get(lm_json_get(report->curves, split), "reliability");
}

static const struct lm_json *task_points(const struct report *report, const char *task)
{
    for (size_t i = 0; i < lm_json_count(report->tasks); i++) {
        const struct lm_json *row = lm_json_at(report->tasks, i);
        const char *name = lm_json_string(lm_json_get(row, "name"), NULL);
        if (name != NULL && strcmp(name, task) == 0)
            return lm_json_get(row, "reliability");
    }
    return NULL;
}

static struct points read_points(const struct lm_json *rows)
{
    struct points out = {.count = lm_json_count(rows) < POINTS ? lm_json_count(rows) : POINTS};
    for (size_t i = 0; i < out.count; i++) {
        const struct lm_json *row = lm_json_at(rows, i);
        out.x[i] = lm_json_double(lm_json_get(row, "confidence"), (double)NAN);
        out.y[i] = lm_json_double(lm_json_get(row, "acc"), (double)NAN);
    }
    return out;
}

static bool has_tokens(const struct report *report)
{
    return lm_json_count(points_of(report, "valid")) + lm_json_count(points_of(report, "test")) > 0;
}

bool report_has_reliability(const struct report *report)
{
    size_t count;
    const struct report_task *tasks = report_tasks_list(report, &count);
    for (size_t i = 0; i < count; i++)
        if (!isnan(report_score(report, tasks[i].name, "brier")))
            return true;
    return has_tokens(report);
}

/* ---- the diagram ---- */

static void put_diagram(struct lm_buf *out, const struct report *report, const char *id,
                        const char *title, const struct points *a, const struct points *b)
{
    const struct lm_legend both[] = {{"a", report_say(report, TEXT_VALIDATION_SERIES)},
                                     {"b", report_say(report, TEXT_TEST_SERIES)},
                                     {"d", report_say(report, TEXT_PERFECT_SERIES)}};
    const struct lm_legend one[] = {{"a", report_say(report, TEXT_MEASURED_SERIES)},
                                    {"d", report_say(report, TEXT_PERFECT_SERIES)}};
    bool has_both = a->count > 0 && b->count > 0;
    const struct points *first = a->count > 0 ? a : b;
    struct lm_plot plot = {.out = out,
                           .id = id,
                           .title = title,
                           .legend = has_both ? both : one,
                           .legend_count = has_both ? 3 : 2,
                           .height = 190};
    plot.summary =
        report_say(report, TEXT_RELIABILITY_SUMMARY, report_share(report, first->x[0], 1).text,
                   report_share(report, first->y[0], 1).text,
                   report_share(report, first->x[first->count - 1], 1).text,
                   report_share(report, first->y[first->count - 1], 1).text);
    lm_axis_linear(&plot.x, report_say(report, TEXT_AXIS_CONFIDENCE), 0, 1, 5, true);
    lm_axis_linear(&plot.y, report_say(report, TEXT_AXIS_SHARE_RIGHT), 0, 1, 5, true);
    lm_plot_begin(&plot);
    lm_plot_segment(&plot, "d", 0, 0, 1, 1);
    lm_plot_line(&plot, "a", first->x, first->y, first->count);
    lm_plot_dots(&plot, "a", first->x, first->y, first->count);
    if (has_both) {
        lm_plot_line(&plot, "b", b->x, b->y, b->count);
        lm_plot_dots(&plot, "b", b->x, b->y, b->count);
    }
    lm_plot_end(&plot);
}

static void put_points(struct lm_buf *out, const struct report *report, const char *name,
                       const struct lm_json *rows, const char *counted, enum report_text head)
{
    const struct report_column columns[] = {
        {head, true}, {TEXT_AXIS_CONFIDENCE, true}, {TEXT_AXIS_SHARE_RIGHT, true}};
    if (lm_json_count(rows) == 0)
        return;
    lm_html_printf(out, "<details><summary>%s</summary>",
                   report_say(report, TEXT_AS_A_TABLE,
                              report_say(report, TEXT_IS, report_say(report, TEXT_RELIABILITY),
                                         report_split_text(report, name))));
    report_table(out, report, NULL, columns, 3);
    for (size_t i = 0; i < lm_json_count(rows); i++) {
        const struct lm_json *row = lm_json_at(rows, i);
        double count = lm_json_double(lm_json_get(row, counted), (double)NAN);
        double confidence = lm_json_double(lm_json_get(row, "confidence"), (double)NAN);
        double right = lm_json_double(lm_json_get(row, "acc"), (double)NAN);
        lm_html_printf(out,
                       "<tr><td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>"
                       "</tr>\n",
                       report_fixed(count, 0).text, report_share(report, confidence, 1).text,
                       report_share(report, right, 1).text);
    }
    report_table_end(out);
    lm_buf_puts(out, "</details>\n");
}

/* ---- the numbers ---- */

static void put_row(struct lm_buf *out, const struct report *report, const char *name)
{
    double brier = report_score(report, name, "brier");
    if (isnan(brier))
        return;
    lm_html_printf(out,
                   "<tr><th scope=\"row\">%s</th><td class=\"n\">%s</td><td class=\"n\">%s</td>"
                   "</tr>\n",
                   report_split_text(report, name),
                   report_fixed(report_score(report, name, "ece"), 4).text,
                   report_fixed(brier, 4).text);
}

static void put_task(struct lm_buf *out, const struct report *report, const char *name)
{
    char id[100];
    const struct lm_json *rows = task_points(report, name);
    const struct points points = read_points(rows), none = {.count = 0};
    if (points.count == 0)
        return;
    snprintf(id, sizeof id, "reliability-%.80s", name);
    put_diagram(out, report, id, report_say(report, TEXT_RELIABILITY_OF, name), &points, &none);
    put_points(out, report, name, rows, "items", TEXT_ITEMS);
}

void report_page_reliability(struct lm_buf *out, const struct report *report)
{
    static const struct report_column columns[] = {
        {TEXT_SPLIT_OR_TASK}, {TEXT_ECE, true}, {TEXT_BRIER, true}};
    size_t count;
    const struct report_task *tasks = report_tasks_list(report, &count);
    const struct points valid = read_points(points_of(report, "valid"));
    const struct points test = read_points(points_of(report, "test"));
    report_section(out, report, "confidence", TEXT_RELIABILITY, TEXT_RELIABILITY_NOTE);
    if (has_tokens(report))
        put_diagram(out, report, "reliability-tokens", report_say(report, TEXT_RELIABILITY_TOKENS),
                    &valid, &test);
    report_table(out, report, NULL, columns, 3);
    put_row(out, report, "valid");
    put_row(out, report, "test");
    for (size_t i = 0; i < count; i++)
        put_row(out, report, tasks[i].name);
    report_table_end(out);
    put_points(out, report, "valid", points_of(report, "valid"), "tokens", TEXT_TOKENS_HEAD);
    put_points(out, report, "test", points_of(report, "test"), "tokens", TEXT_TOKENS_HEAD);
    for (size_t i = 0; i < count; i++)
        put_task(out, report, tasks[i].name);
    report_section_end(out);
}
