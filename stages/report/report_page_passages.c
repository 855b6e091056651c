#include <math.h>
#include <stdlib.h>

#include "page/html.h"
#include "page/numtext.h"

#include "report_page.h"

enum { SURPRISES = 8 };

bool report_has_passages(const struct report *report)
{
    return report->passages.count > 0 && report->vocab != NULL;
}

struct surprise {
    double nll;
    size_t index;
};

static int compare_surprises(const void *a, const void *b)
{
    const struct surprise *x = a, *y = b;
    if (x->nll != y->nll)
        return x->nll < y->nll ? 1 : -1;
    return (x->index > y->index) - (x->index < y->index);
}

/* The most surprising tokens of a passage: what colour shows, in words. */
static void put_surprises(struct lm_buf *out, const struct report *report,
                          const struct lm_json *passage)
{
    static const struct report_column columns[] = {
        {TEXT_TOKEN}, {TEXT_PLACE, true}, {TEXT_BITS, true}, {TEXT_RANK, true}};
    const struct lm_json *ids = lm_json_get(passage, "ids"), *nll = lm_json_get(passage, "nll");
    const struct lm_json *rank = lm_json_get(passage, "rank");
    size_t count =
        lm_json_count(nll) < lm_json_count(ids) ? lm_json_count(nll) : lm_json_count(ids);
    struct surprise *list = LM_NEW_ARRAY(report->arena, struct surprise, count + 1);
    if (list == NULL || count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        list[i] = (struct surprise){lm_json_double(lm_json_at(nll, i), 0), i};
    qsort(list, count, sizeof *list, compare_surprises);
    lm_html_printf(out, "<details><summary>%s</summary>", report_say(report, TEXT_MOST_SURPRISING));
    report_table(out, report, NULL, columns, 4);
    for (size_t k = 0; k < count && k < SURPRISES; k++) {
        struct lm_num bits = lm_num_fixed(list[k].nll / 0.69314718055994530942, 1);
        struct lm_num place = lm_num_count((int64_t)list[k].index + 1);
        struct lm_num order = lm_num_count(lm_json_int(lm_json_at(rank, list[k].index), -1) + 1);
        lm_buf_puts(out, "<tr><th scope=\"row\">");
        report_token_write(out, report, lm_json_int(lm_json_at(ids, list[k].index), -1));
        lm_html_printf(out,
                       "</th><td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>"
                       "</tr>\n",
                       place.text, bits.text, order.text);
    }
    report_table_end(out);
    lm_buf_puts(out, "</details>\n");
}

static double sum_of(const struct lm_json *values)
{
    double sum = 0;
    for (size_t i = 0; i < lm_json_count(values); i++)
        sum += lm_json_double(lm_json_at(values, i), 0);
    return sum;
}

static void put_passage(struct lm_buf *out, const struct report *report, size_t index)
{
    const struct lm_json *passage = report->passages.items[index];
    const struct lm_json *ids = lm_json_get(passage, "ids"), *nll = lm_json_get(passage, "nll");
    const char *split = lm_json_string(lm_json_get(passage, "split"), NULL);
    const char *document = lm_json_string(lm_json_get(passage, "document"), NULL);
    size_t count = lm_json_count(ids);
    struct lm_num mean =
        lm_num_fixed(count > 0 ? sum_of(nll) / 0.69314718055994530942 / (double)count : 0, 2);
    struct lm_num tokens = lm_num_count((int64_t)count);
    lm_html_printf(out,
                   "<article class=\"sample\"><h3>%s <span>%s</span></h3>\n"
                   "<div class=\"text\" tabindex=\"0\" dir=\"auto\">",
                   report_say(report, TEXT_DOCUMENT_ID, document != NULL ? document : "?"),
                   report_say(report, TEXT_PASSAGE_IS,
                              split != NULL ? report_split_text(report, split) : "?", tokens.text,
                              mean.text));
    report_tokens_write(out, report, &(struct report_tokens){NULL, ids, nll});
    lm_buf_puts(out, "</div>\n");
    put_surprises(out, report, passage);
    lm_buf_puts(out, "</article>\n");
}

void report_page_passages(struct lm_buf *out, const struct report *report)
{
    report_section(out, report, "passages", TEXT_HELD_OUT_TEXT, TEXT_HELD_OUT_NOTE);
    report_ramp_write(out, report);
    for (size_t i = 0; i < report->passages.count; i++)
        put_passage(out, report, i);
    report_section_end(out);
}
