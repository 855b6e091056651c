/* Loss by the length of documents, of the items of the split that the result is about. */
#include <math.h>
#include <stdlib.h>

#include "page/html.h"
#include "page/svg.h"
#include "stats/bootstrap.h"

#include "report_page.h"

enum { GROUPS = 5 }; /* of equally many documents */

static const double nats_of_bit = 0.69314718055994530942;

struct document {
    double bytes, nll;
    size_t index;
};

struct group {
    size_t documents;
    double from, to, bytes, nll; /* smallest, largest; sums */
};

/* The shortest first; equal ones in the order of their ids. */
static int compare_documents(const void *a, const void *b)
{
    const struct document *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* Documents that have a length and a loss, sorted; *count of them. */
static struct document *sort_documents(const struct report *report, size_t *count)
{
    const struct lm_items *items = &report->documents;
    struct document *list = LM_NEW_ARRAY(report->arena, struct document, items->count + 1);
    *count = 0;
    if (list == NULL)
        *report->lacks_memory = true;
    for (size_t i = 0; list != NULL && i < items->count; i++) {
        double bytes = items->columns[LM_ITEM_BYTES][i], nll = items->columns[LM_ITEM_NLL][i];
        if (bytes > 0 && isfinite(nll))
            list[(*count)++] = (struct document){bytes, nll, i};
    }
    if (list != NULL)
        qsort(list, *count, sizeof *list, compare_documents);
    return list;
}

/* Fills the groups; false when there are too few documents for any. */
static bool group_documents(struct group groups[GROUPS], const struct report *report)
{
    size_t count;
    const struct document *list = sort_documents(report, &count);
    if (list == NULL || count < LM_BOOTSTRAP_LEAST)
        return false;
    for (size_t g = 0; g < GROUPS; g++) {
        size_t first = g * count / GROUPS, end = (g + 1) * count / GROUPS;
        groups[g] = (struct group){end - first, list[first].bytes, list[end - 1].bytes, 0, 0};
        for (size_t i = first; i < end; i++) {
            groups[g].bytes += list[i].bytes;
            groups[g].nll += list[i].nll;
        }
    }
    return true;
}

static double bits_of(const struct group *group)
{
    return group->nll / nats_of_bit / group->bytes;
}

static void put_plot(struct lm_buf *out, const struct report *report,
                     const struct group groups[GROUPS])
{
    double x[GROUPS], y[GROUPS], low = (double)NAN, high = (double)NAN;
    struct lm_plot plot = {.out = out,
                           .id = "lengths",
                           .title = report_say(report, TEXT_LOSS_BY_LENGTH),
                           .height = 190};
    for (size_t g = 0; g < GROUPS; g++) {
        x[g] = groups[g].bytes / (double)groups[g].documents;
        y[g] = bits_of(&groups[g]);
        low = fmin(low, y[g]);
        high = fmax(high, y[g]);
    }
    plot.summary =
        report_say(report, TEXT_BY_LENGTH_SUMMARY, report_fixed(y[0], 3).text,
                   report_fixed(y[GROUPS - 1], 3).text, report_split_text(report, report->split));
    lm_axis_decades(&plot.x, report_say(report, TEXT_AXIS_LENGTH), x[0], x[GROUPS - 1]);
    lm_axis_linear(&plot.y, report_say(report, TEXT_UNIT_BITS_PER_BYTE), low, high, 5, true);
    lm_plot_begin(&plot);
    lm_plot_line(&plot, "a", x, y, GROUPS);
    lm_plot_dots(&plot, "a", x, y, GROUPS);
    lm_plot_end(&plot);
}

static void put_table(struct lm_buf *out, const struct report *report,
                      const struct group groups[GROUPS])
{
    static const struct report_column columns[] = {{TEXT_FROM_BYTES, true},
                                                   {TEXT_TO_BYTES, true},
                                                   {TEXT_DOCUMENTS_HEAD, true},
                                                   {TEXT_BITS_PER_BYTE, true}};
    lm_html_printf(out, "<details><summary>%s</summary>",
                   report_say(report, TEXT_AS_A_TABLE, report_say(report, TEXT_LOSS_BY_LENGTH)));
    report_table(out, report, NULL, columns, 4);
    for (size_t g = 0; g < GROUPS; g++)
        lm_html_printf(out,
                       "<tr><td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>"
                       "<td class=\"n\">%s</td></tr>\n",
                       report_fixed(groups[g].from, 0).text, report_fixed(groups[g].to, 0).text,
                       report_fixed((double)groups[g].documents, 0).text,
                       report_fixed(bits_of(&groups[g]), 3).text);
    report_table_end(out);
    lm_buf_puts(out, "</details>\n");
}

void report_page_lengths(struct lm_buf *out, const struct report *report)
{
    struct group groups[GROUPS];
    if (!group_documents(groups, report))
        return;
    put_plot(out, report, groups);
    put_table(out, report, groups);
}
