#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/html.h"
#include "data/numtext.h"

#include "report_objective.h"
#include "report_page.h"

enum { SHOWN = 12, MOST_LABELS = 20 };

bool report_has_objective(const struct report *report)
{
    return report_objective_of(report) != NULL;
}

/* ---- figures ---- */

static void put_cell(struct lm_buf *out, const struct report *report,
                     const struct report_figure *figure, const char *split)
{
    char key[64];
    struct lm_num value = report_figure_text(figure, report_score(report, split, figure->key));
    lm_html_printf(out, "<td class=\"n\">%s", value.text);
    snprintf(key, sizeof key, "%s.lo", figure->key);
    double low = report_score(report, split, key);
    snprintf(key, sizeof key, "%s.hi", figure->key);
    double high = report_score(report, split, key);
    if (!isnan(low) && !isnan(high)) {
        struct lm_num from = report_figure_text(figure, low), to = report_figure_text(figure, high);
        lm_html_printf(out, "<br/><small>%s\xe2\x80\x93%s</small>", from.text, to.text);
    }
    lm_buf_puts(out, "</td>");
}

static void put_row(struct lm_buf *out, const struct report *report, const char *label,
                    const struct report_figure *figure)
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
    lm_buf_puts(out, "<tr><th scope=\"row\">Examples</th>");
    for (size_t i = 0; i < 2; i++) {
        double count = report_score(report, splits[i], "examples");
        struct lm_num text =
            isnan(count) ? (struct lm_num){"\xe2\x80\x93"} : lm_num_count((int64_t)count);
        lm_html_printf(out, "<td class=\"n\">%s</td>", text.text);
    }
    lm_buf_puts(out, "</tr>\n");
}

static void put_figures(struct lm_buf *out, const struct report *report,
                        const struct report_objective *objective)
{
    lm_buf_puts(out,
                "<div class=\"wide\"><table><thead><tr><th></th><th class=\"n\">Validation</th>"
                "<th class=\"n\">Test</th></tr></thead><tbody>\n");
    put_row(out, report, objective->headline.label, &objective->headline);
    const char *label = lm_arena_printf(report->arena, "The same of %s", objective->baseline.label);
    put_row(out, report, label != NULL ? label : "", &objective->baseline);
    for (size_t i = 0; i < REPORT_FIGURES && objective->others[i].key != NULL; i++)
        put_row(out, report, objective->others[i].label, &objective->others[i]);
    put_counts(out, report);
    lm_buf_puts(out, "</tbody></table></div>\n");
}

/* ---- examples, the worst first ---- */

static const char *text_of(const struct lm_json *line, const char *key)
{
    const char *text = lm_json_string(lm_json_get(line, key), NULL);
    return text != NULL ? text : "";
}

struct shown {
    double order; /* the largest first */
    size_t index;
};

static int compare_shown(const void *a, const void *b)
{
    const struct shown *x = a, *y = b;
    if (x->order != y->order)
        return x->order < y->order ? 1 : -1;
    return (x->index > y->index) - (x->index < y->index);
}

/* Lines by `order`, those of NaN left out; *count of them. */
static struct shown *sorted(const struct report *report, const double *order, size_t *count)
{
    struct shown *list = LM_NEW_ARRAY(report->arena, struct shown, report->examples.count + 1);
    *count = 0;
    for (size_t i = 0; list != NULL && i < report->examples.count; i++)
        if (!isnan(order[i]))
            list[(*count)++] = (struct shown){order[i], i};
    if (list != NULL)
        qsort(list, *count, sizeof *list, compare_shown);
    return list;
}

static const char *label_of(const struct report *report, int64_t index)
{
    const struct lm_json *labels = lm_json_get(report->objective, "labels");
    const char *label = index < 0 ? NULL : lm_json_string(lm_json_at(labels, (size_t)index), NULL);
    while (label != NULL && *label == ' ')
        label++;
    return label != NULL ? label : "?";
}

static void put_confusion(struct lm_buf *out, const struct report *report)
{
    size_t labels = lm_json_count(lm_json_get(report->objective, "labels"));
    if (labels < 2 || labels > MOST_LABELS ||
        isnan(report_score(report, report->split, "confusion.0.0")))
        return;
    lm_buf_puts(out, "<h3>What is taken for what</h3>\n<div class=\"wide\"><table><thead><tr>"
                     "<th>Label \\ given</th>");
    for (size_t k = 0; k < labels; k++)
        lm_html_printf(out, "<th class=\"n\">%s</th>", label_of(report, (int64_t)k));
    lm_buf_puts(out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < labels; i++) {
        lm_html_printf(out, "<tr><th scope=\"row\">%s</th>", label_of(report, (int64_t)i));
        for (size_t k = 0; k < labels; k++) {
            char key[60];
            snprintf(key, sizeof key, "confusion.%zu.%zu", i, k);
            struct lm_num count = lm_num_count((int64_t)report_score(report, report->split, key));
            lm_html_printf(out,
                           i == k ? "<td class=\"n\"><b>%s</b></td>" : "<td class=\"n\">%s</td>",
                           count.text);
        }
        lm_buf_puts(out, "</tr>\n");
    }
    lm_buf_puts(out, "</tbody></table></div>\n");
}

static double *orders(const struct report *report)
{
    double *out = LM_NEW_ARRAY(report->arena, double, report->examples.count + 1);
    for (size_t i = 0; out != NULL && i < report->examples.count; i++)
        out[i] = (double)NAN;
    return out;
}

/* Wrong labels, the surest of them first. */
static void put_wrong(struct lm_buf *out, const struct report *report)
{
    double *order = orders(report);
    size_t count = 0;
    for (size_t i = 0; order != NULL && i < report->examples.count; i++) {
        const struct lm_json *line = report->examples.items[i];
        if (lm_json_int(lm_json_get(line, "gold"), -1) !=
            lm_json_int(lm_json_get(line, "predicted"), -1))
            order[i] = lm_json_double(lm_json_get(line, "nll"), 0);
    }
    const struct shown *list = order == NULL ? NULL : sorted(report, order, &count);
    if (list == NULL || count == 0)
        return;
    lm_buf_puts(out,
                "<h3>The surest mistakes</h3>\n<div class=\"wide\"><table><thead><tr><th>Text</th>"
                "<th>Label</th><th>Given</th><th class=\"n\">Nats</th></tr></thead><tbody>\n");
    for (size_t k = 0; k < count && k < SHOWN; k++) {
        const struct lm_json *line = report->examples.items[list[k].index];
        struct lm_num nats = lm_num_fixed(list[k].order, 2);
        lm_html_printf(
            out,
            "<tr><td dir=\"auto\">%s</td><td>%s</td><td>%s</td><td class=\"n\">%s</td>"
            "</tr>\n",
            text_of(line, "text"), label_of(report, lm_json_int(lm_json_get(line, "gold"), -1)),
            label_of(report, lm_json_int(lm_json_get(line, "predicted"), -1)), nats.text);
    }
    lm_buf_puts(out, "</tbody></table></div>\n");
}

static void put_classify(struct lm_buf *out, const struct report *report)
{
    put_confusion(out, report);
    put_wrong(out, report);
}

/* The first answers, in the order of ids. */
static void put_translate(struct lm_buf *out, const struct report *report)
{
    if (report->examples.count == 0)
        return;
    lm_buf_puts(out, "<h3>Answers</h3>\n<div class=\"wide\"><table><thead><tr><th>Prompt</th>"
                     "<th>Answer</th><th>Reference</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < report->examples.count && i < SHOWN; i++) {
        const struct lm_json *line = report->examples.items[i];
        lm_html_printf(
            out,
            "<tr><td dir=\"auto\">%s</td><td dir=\"auto\">%s</td><td dir=\"auto\">%s</td>"
            "</tr>\n",
            text_of(line, "text"), text_of(line, "predicted"), text_of(line, "gold"));
    }
    lm_buf_puts(out, "</tbody></table></div>\n");
}

/* Place of each line among all by a number of it, in [0, 1]; equal ones as they come. */
static double *places(const struct report *report, const char *key)
{
    double *order = orders(report), *out = orders(report);
    size_t count = 0;
    for (size_t i = 0; order != NULL && i < report->examples.count; i++)
        order[i] = lm_json_double(lm_json_get(report->examples.items[i], key), (double)NAN);
    const struct shown *list = order == NULL ? NULL : sorted(report, order, &count);
    for (size_t k = 0; list != NULL && out != NULL && k < count; k++)
        out[list[k].index] = count > 1 ? (double)k / (double)(count - 1) : 0;
    return list != NULL ? out : NULL;
}

/* Pairs whose place by the model is furthest from that by people. */
static void put_similar(struct lm_buf *out, const struct report *report)
{
    double *gold = places(report, "gold"), *ours = places(report, "predicted");
    size_t count = 0;
    if (gold == NULL || ours == NULL)
        return;
    for (size_t i = 0; i < report->examples.count; i++)
        gold[i] = fabs(gold[i] - ours[i]);
    const struct shown *list = sorted(report, gold, &count);
    if (list == NULL || count == 0)
        return;
    lm_buf_puts(out,
                "<h3>Ranked most wrongly</h3>\n<div class=\"wide\"><table><thead><tr><th>Pair</th>"
                "<th class=\"n\">People</th><th class=\"n\">Cosine</th></tr></thead><tbody>\n");
    for (size_t k = 0; k < count && k < SHOWN; k++) {
        const struct lm_json *line = report->examples.items[list[k].index];
        struct lm_num score = lm_num_fixed(lm_json_double(lm_json_get(line, "gold"), 0), 2);
        struct lm_num cosine = lm_num_fixed(lm_json_double(lm_json_get(line, "predicted"), 0), 2);
        lm_html_printf(out,
                       "<tr><td dir=\"auto\">%s<br/>%s</td><td class=\"n\">%s</td>"
                       "<td class=\"n\">%s</td></tr>\n",
                       text_of(line, "a"), text_of(line, "b"), score.text, cosine.text);
    }
    lm_buf_puts(out, "</tbody></table></div>\n");
}

static const struct {
    const char *name;
    void (*put)(struct lm_buf *out, const struct report *report);
} details[] = {{"classify", put_classify}, {"translate", put_translate}, {"similar", put_similar}};

void report_page_objective(struct lm_buf *out, const struct report *report)
{
    const struct report_objective *objective = report_objective_of(report);
    const char *signature = lm_json_string(lm_json_get(report->scores, "signature"), NULL);
    lm_html_section(out, "objective", "Held-out examples", objective->note);
    put_figures(out, report, objective);
    for (size_t i = 0; i < sizeof details / sizeof details[0]; i++)
        if (strcmp(details[i].name, objective->name) == 0)
            details[i].put(out, report);
    if (signature != NULL && !report_has_scores(report))
        lm_html_printf(out, "<p class=\"sig\">%s</p>\n", signature);
    lm_html_section_end(out);
}
