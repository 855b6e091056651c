/* What changed against the baseline, in Markdown: a row a metric, then the items newly wrong. */
#include <math.h>

#include "report_changes.h"
#include "report_markdown.h"
#include "report_page.h"

enum { ROWS_MAX = 8000, FLIPS_MAX = 14000 /* bytes of Markdown */ };

static void put_row(struct lm_buf *out, const struct report *report,
                    const struct report_change *row)
{
    const struct lm_change *change = &row->change;
    lm_buf_puts(out, "| ");
    report_markdown_text(out, report_split_text(report, row->set));
    lm_buf_puts(out, " | ");
    report_markdown_text(out, report_say(report, row->metric.label));
    lm_buf_printf(out, " | %s | %s | %s | %s | ", report_change_value(report, row, change->value),
                  report_change_value(report, row, change->baseline),
                  report_change_delta(report, row, change->difference.value),
                  report_change_range(report, row, &change->difference));
    report_markdown_text(out, report_change_result(report, row));
    if (isnan(change->mcnemar))
        lm_buf_puts(out, " | | |\n");
    else
        lm_buf_printf(out, " | %s | %s |\n", lm_num_count((int64_t)change->newly_right).text,
                      lm_num_count((int64_t)change->newly_wrong).text);
}

static size_t put_rows(struct lm_buf *out, const struct report *report)
{
    static const enum report_text heads[] = {
        TEXT_SPLIT_OR_TASK, TEXT_METRIC,        TEXT_THIS_MODEL,  TEXT_BASELINE,   TEXT_DIFFERENCE,
        TEXT_INTERVAL_HEAD, TEXT_THIS_MODEL_IS, TEXT_NEWLY_RIGHT, TEXT_NEWLY_WRONG};

    size_t shown = 0;
    report_markdown_head(out, report, heads, sizeof heads / sizeof heads[0], 2);
    for (; shown < report->changes->count && out->size < ROWS_MAX; shown++)
        put_row(out, report, &report->changes->rows[shown]);
    lm_buf_putc(out, '\n');
    return report->changes->count - shown;
}

static void put_text(struct lm_buf *out, const struct report *report, enum report_text label,
                     const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    report_markdown_text(out, report_say(report, label));
    report_markdown_text(out, report_say(report, TEXT_COLON));
    report_markdown_text(out, text);
    lm_buf_puts(out, "<br>");
}

static void put_flips(struct lm_buf *out, const struct report *report,
                      const struct report_change *row)
{
    lm_buf_puts(out, "<details><summary>");
    report_markdown_text(out, report_say(report, TEXT_NEWLY_WRONG_OF,
                                         report_split_text(report, row->set),
                                         lm_num_count((int64_t)row->wrong_count).text,
                                         lm_num_count((int64_t)row->change.newly_wrong).text));
    lm_buf_puts(out, "</summary>\n\n");
    for (size_t i = 0; i < row->wrong_count; i++) {
        const struct report_flip *flip = &row->wrong[i];
        lm_buf_puts(out, "- ");
        report_markdown_text(out, flip->id);
        lm_buf_puts(out, "<br>");
        put_text(out, report, TEXT_ITEM_CONTEXT, flip->context);
        put_text(out, report, TEXT_EXPECTED, flip->expected);
        put_text(out, report, TEXT_PREDICTED, flip->predicted);
        lm_buf_putc(out, '\n');
    }
    lm_buf_puts(out, "\n</details>\n\n");
}

void report_markdown_changes(struct lm_buf *out, const struct report *report)
{
    if (!report_has_changes(report))
        return;
    report_markdown_text(out, report_changes_sentence(report));
    lm_buf_puts(out, "\n\n");
    if (report->changes->count == 0)
        return;
    size_t left_out = put_rows(out, report);
    if (left_out > 0) {
        report_markdown_text(
            out, report_say(report, TEXT_COUNT_MORE, lm_num_count((int64_t)left_out).text));
        lm_buf_puts(out, "\n\n");
    }
    for (size_t i = 0; i < report->changes->count && out->size < FLIPS_MAX; i++)
        if (report->changes->rows[i].wrong_count > 0)
            put_flips(out, report, &report->changes->rows[i]);
}
