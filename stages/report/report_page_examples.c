#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/elem.h"
#include "page/html.h"
#include "page/numtext.h"

#include "report_objective.h"
#include "report_page.h"

enum { SHOWN = 12, TEXT_MOST = 4000 /* bytes of a text that are shown */ };

/* ---- texts ---- */

/* A text of a line, cut between characters when it is long. */
static void put_text(struct lm_buf *out, const struct lm_json *line, const char *key)
{
    size_t size = 0, shown;
    const char *text = lm_json_string(lm_json_get(line, key), &size);
    for (shown = size < TEXT_MOST ? size : TEXT_MOST; shown < size && shown > 0; shown--)
        if (((unsigned char)text[shown] & 0xc0) != 0x80)
            break;
    lm_buf_puts(out, "<div class=\"text\" tabindex=\"0\" dir=\"auto\">");
    if (text != NULL)
        lm_html_text(out, text, shown);
    lm_buf_puts(out, shown < size ? "\xe2\x80\xa6</div>\n" : "</div>\n");
}

static void put_fact(struct lm_buf *out, const struct report *report, const struct lm_json *line,
                     enum report_text label, const char *key)
{
    lm_html_printf(out, "<tr><th scope=\"row\" class=\"w\">%s</th><td>", report_say(report, label));
    put_text(out, line, key);
    lm_buf_puts(out, "</td></tr>\n");
}

static void put_label(struct lm_buf *out, const struct report *report, int64_t index)
{
    size_t size;
    const char *label = report_label(report, index, &size);
    lm_html_text(out, label, size);
}

static int64_t label_in(const struct lm_json *line, const char *key)
{
    return lm_json_int(lm_json_get(line, key), -1);
}

/* ---- examples by a number of them ---- */

struct place {
    double value;
    size_t index;
};

/* The largest first; equal ones in the order of the items. */
static int compare_places(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? 1 : -1;
    return (x->index > y->index) - (x->index < y->index);
}

/* Sorted values that are numbers, *count of them; NULL when memory is out. */
static struct place *sort(const struct report *report, const double *values, size_t *count)
{
    struct place *list = LM_NEW_ARRAY(report->arena, struct place, report->examples.count + 1);
    *count = 0;
    for (size_t i = 0; list != NULL && i < report->examples.count; i++)
        if (!isnan(values[i]))
            list[(*count)++] = (struct place){values[i], i};
    if (list != NULL)
        qsort(list, *count, sizeof *list, compare_places);
    return list;
}

/* A heading, and beside it how many of how many are shown, and of which split. */
static void put_heading(struct lm_buf *out, const struct report *report, enum report_text heading,
                        enum report_text of, size_t count)
{
    struct lm_num shown = lm_num_count((int64_t)(count < SHOWN ? count : SHOWN));
    struct lm_num all = lm_num_count((int64_t)count);
    lm_html_printf(out, "<h3>%s <small>%s</small></h3>\n", report_say(report, heading),
                   report_say(report, of, shown.text, all.text,
                              report_split_text(report, report->examples_split)));
}

/* ---- classify ---- */

static void put_confusion(struct lm_buf *out, const struct report *report)
{
    size_t labels = report_label_count(report);
    if (!report_has_confusion(report))
        return;
    lm_html_printf(out,
                   "<h3>%s <small>%s</small></h3>\n<div class=\"wide\" tabindex=\"0\"><table>"
                   "<thead><tr><th scope=\"col\">%s</th>",
                   report_say(report, TEXT_CONFUSION_MATRIX),
                   report_split_text(report, report->examples_split),
                   report_say(report, TEXT_LABEL_PREDICTED));
    for (size_t k = 0; k < labels; k++) {
        lm_buf_puts(out, "<th scope=\"col\" class=\"n\">");
        put_label(out, report, (int64_t)k);
        lm_buf_puts(out, "</th>");
    }
    lm_buf_puts(out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < labels; i++) {
        lm_buf_puts(out, "<tr><th scope=\"row\">");
        put_label(out, report, (int64_t)i);
        lm_buf_puts(out, "</th>");
        for (size_t k = 0; k < labels; k++) {
            struct lm_num count = lm_num_fixed(report_confusion(report, i, k), 0);
            lm_html_printf(out,
                           i == k ? "<td class=\"n\"><b>%s</b></td>" : "<td class=\"n\">%s</td>",
                           count.text);
        }
        lm_buf_puts(out, "</tr>\n");
    }
    lm_buf_puts(out, "</tbody></table></div>\n");
}

static void put_mistake(struct lm_buf *out, const struct report *report, const struct place *place)
{
    const struct lm_json *line = report->examples.items[place->index];
    struct lm_num share = report_share(report, lm_exp(-place->value), 1);
    lm_buf_puts(out, "<article class=\"sample\"><h4>");
    put_label(out, report, label_in(line, "gold"));
    lm_html_printf(out, " <span>%s </span>", report_say(report, TEXT_HAS_PROBABILITY, share.text));
    put_label(out, report, label_in(line, "predicted"));
    lm_buf_puts(out, "</h4>\n");
    put_text(out, line, "text");
    lm_buf_puts(out, "</article>\n");
}

/* Wrong labels, the surest of them first. */
static void put_mistakes(struct lm_buf *out, const struct report *report)
{
    double *nll = LM_NEW_ARRAY(report->arena, double, report->examples.count + 1);
    size_t count = 0;
    for (size_t i = 0; nll != NULL && i < report->examples.count; i++) {
        const struct lm_json *line = report->examples.items[i];
        bool is_wrong = label_in(line, "gold") != label_in(line, "predicted");
        nll[i] = is_wrong ? lm_json_double(lm_json_get(line, "nll"), (double)NAN) : (double)NAN;
    }
    const struct place *list = nll != NULL ? sort(report, nll, &count) : NULL;
    if (list == NULL || count == 0)
        return;
    put_heading(out, report, TEXT_CONFIDENT_MISTAKES, TEXT_SHOWN_OF, count);
    for (size_t k = 0; k < count && k < SHOWN; k++)
        put_mistake(out, report, &list[k]);
}

static void put_classify(struct lm_buf *out, const struct report *report)
{
    put_confusion(out, report);
    put_mistakes(out, report);
}

/* ---- translate ---- */

/* The first answers, in the order of the items: not chosen. */
static void put_translate(struct lm_buf *out, const struct report *report)
{
    size_t count = report->examples.count < SHOWN ? report->examples.count : SHOWN;
    if (count == 0)
        return;
    put_heading(out, report, TEXT_GENERATED_OUTPUTS, TEXT_FIRST_OF, report->examples.count);
    for (size_t i = 0; i < count; i++) {
        lm_buf_puts(out, "<article class=\"sample\"><table><tbody>\n");
        put_fact(out, report, report->examples.items[i], TEXT_PROMPT, "text");
        put_fact(out, report, report->examples.items[i], TEXT_OUTPUT, "predicted");
        put_fact(out, report, report->examples.items[i], TEXT_REFERENCE, "gold");
        lm_buf_puts(out, "</tbody></table></article>\n");
    }
}

/* ---- similar ---- */

/* Places of the numbers `key` from 0, the largest, to 1, the least; equal numbers share the mean of
 * theirs, as in Spearman's correlation. NaN without a number; NULL when memory is out. */
static double *places_of(const struct report *report, const char *key)
{
    size_t count = 0, items = report->examples.count;
    double *values = LM_NEW_ARRAY(report->arena, double, items + 1);
    for (size_t i = 0; values != NULL && i < items; i++)
        values[i] = lm_json_double(lm_json_get(report->examples.items[i], key), (double)NAN);
    const struct place *list = values != NULL ? sort(report, values, &count) : NULL;
    if (list == NULL)
        return NULL;
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && list[to].value == list[from].value;)
            to++;
        for (size_t k = from; k < to; k++)
            values[list[k].index] =
                count > 1 ? 0.5 * (double)(from + to - 1) / (double)(count - 1) : 0;
    }
    return values;
}

static void put_pair(struct lm_buf *out, const struct report *report, const struct lm_json *line,
                     double people, double model)
{
    struct lm_num gold = lm_num_short(lm_json_double(lm_json_get(line, "gold"), (double)NAN), 3);
    struct lm_num cosine =
        lm_num_fixed(lm_json_double(lm_json_get(line, "predicted"), (double)NAN), 3);
    struct lm_num first = report_share(report, 1 - people, 0);
    struct lm_num second = report_share(report, 1 - model, 0);
    lm_html_printf(out,
                   "<article class=\"sample\"><h4>%s <span>%s</span>, %s <span>%s</span></h4>\n",
                   report_say(report, TEXT_PEOPLE_GAVE, gold.text),
                   report_say(report, TEXT_ABOVE_PAIRS, first.text),
                   report_say(report, TEXT_COSINE_IS, cosine.text),
                   report_say(report, TEXT_ABOVE, second.text));
    put_text(out, line, "a");
    put_text(out, line, "b");
    lm_buf_puts(out, "</article>\n");
}

/* Pairs whose place by the model is furthest from that by people. */
static void put_similar(struct lm_buf *out, const struct report *report)
{
    const double *people = places_of(report, "gold"), *model = places_of(report, "predicted");
    double *apart = LM_NEW_ARRAY(report->arena, double, report->examples.count + 1);
    size_t count = 0;
    if (people == NULL || model == NULL || apart == NULL)
        return;
    for (size_t i = 0; i < report->examples.count; i++)
        apart[i] = fabs(people[i] - model[i]);
    const struct place *list = sort(report, apart, &count);
    if (list == NULL || count == 0)
        return;
    put_heading(out, report, TEXT_RANK_ERRORS, TEXT_PAIRS_OF, count);
    for (size_t k = 0; k < count && k < SHOWN; k++)
        put_pair(out, report, report->examples.items[list[k].index], people[list[k].index],
                 model[list[k].index]);
}

/* ---- by objective ---- */

static const struct {
    const char *name;
    void (*put)(struct lm_buf *out, const struct report *report);
} objectives[] = {
    {"classify", put_classify}, {"translate", put_translate}, {"similar", put_similar}};

void report_page_examples(struct lm_buf *out, const struct report *report, const char *objective)
{
    for (size_t i = 0; i < sizeof objectives / sizeof objectives[0]; i++)
        if (strcmp(objectives[i].name, objective) == 0)
            objectives[i].put(out, report);
}
