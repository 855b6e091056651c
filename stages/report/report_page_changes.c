#include <math.h>
#include <string.h>

#include "page/html.h"

#include "report_changes.h"
#include "report_page.h"

static const char *const classes[LM_VERDICTS] = {[LM_VERDICT_BETTER] = "pass",
                                                 [LM_VERDICT_WORSE] = "fail",
                                                 [LM_VERDICT_NO_DIFFERENCE] = "und",
                                                 [LM_VERDICT_REFERENCE] = "und",
                                                 [LM_VERDICT_NOT_COMPARED] = "und"};

static void put_row(struct lm_buf *out, const struct report *report,
                    const struct report_change *row)
{
    const struct lm_change *change = &row->change;
    lm_html_printf(out,
                   "<tr><th scope=\"row\">%s <small>%s</small></th><td class=\"n\">%s</td>"
                   "<td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>"
                   "<td class=\"n\">%s</td><td>",
                   report_split_text(report, row->set), report_say(report, row->metric.label),
                   report_change_value(report, row, change->value),
                   report_change_value(report, row, change->baseline),
                   report_change_delta(report, row, change->difference.value),
                   report_change_range(report, row, &change->difference),
                   report_change_value(report, row, change->difference.detectable));
    lm_html_printf(out, "<b class=\"%s\">%s</b></td></tr>\n", classes[change->verdict],
                   report_change_result(report, row));
}

static void put_rows(struct lm_buf *out, const struct report *report)
{
    static const struct report_column columns[] = {
        {TEXT_METRIC},           {TEXT_THIS_MODEL, true},    {TEXT_BASELINE, true},
        {TEXT_DIFFERENCE, true}, {TEXT_INTERVAL_HEAD, true}, {TEXT_DETECTABLE, true},
        {TEXT_THIS_MODEL_IS}};
    report_table(out, report, NULL, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < report->changes->count; i++)
        put_row(out, report, &report->changes->rows[i]);
    report_table_end(out);
}

/* ---- items that changed sides ---- */

static void put_counts(struct lm_buf *out, const struct report *report)
{
    static const struct report_column columns[] = {{TEXT_TASK},
                                                   {TEXT_ITEMS, true},
                                                   {TEXT_NEWLY_RIGHT, true},
                                                   {TEXT_NEWLY_WRONG, true},
                                                   {TEXT_MCNEMAR, true},
                                                   {TEXT_OVER_GROUPS, true}};
    report_table(out, report, NULL, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < report->changes->count; i++) {
        const struct report_change *row = &report->changes->rows[i];
        const struct lm_change *change = &row->change;
        if (isnan(change->mcnemar))
            continue;
        const char *groups = change->groups > 1 && isnan(change->by_group.low)
                                 ? report_say(report, TEXT_FEW_GROUPS)
                                 : report_change_range(report, row, &change->by_group);
        lm_html_printf(out,
                       "<tr><th scope=\"row\">%s</th><td class=\"n\">%s</td><td class=\"n\">%s</td>"
                       "<td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>"
                       "</tr>\n",
                       report_split_text(report, row->set),
                       lm_num_count((int64_t)change->items).text,
                       lm_num_count((int64_t)change->newly_right).text,
                       lm_num_count((int64_t)change->newly_wrong).text,
                       lm_num_short(change->mcnemar, 2).text, groups);
    }
    report_table_end(out);
}

static void put_text(struct lm_buf *out, const struct report *report, enum report_text label,
                     const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    lm_html_printf(out,
                   "<tr><th scope=\"row\" class=\"w\">%s</th><td><div class=\"text\" "
                   "tabindex=\"0\" dir=\"auto\">%s</div></td></tr>\n",
                   report_say(report, label), text);
}

static void put_flip(struct lm_buf *out, const struct report *report,
                     const struct report_flip *flip, enum report_text kind)
{
    lm_html_printf(out, "<article class=\"sample\"><h4>%s <span>%s%s%s</span></h4>\n",
                   report_say(report, kind), flip->id, flip->group != NULL ? " \xc2\xb7 " : "",
                   flip->group != NULL ? flip->group : "");
    lm_buf_puts(out, "<table><tbody>\n");
    put_text(out, report, TEXT_ITEM_CONTEXT, flip->context);
    put_text(out, report, TEXT_EXPECTED, flip->expected);
    put_text(out, report, TEXT_PREDICTED, flip->predicted);
    lm_buf_puts(out, "</tbody></table></article>\n");
}

static void put_flips(struct lm_buf *out, const struct report *report,
                      const struct report_change *row)
{
    if (row->right_count + row->wrong_count == 0)
        return;
    lm_html_printf(
        out, "<details><summary>%s</summary>\n",
        report_say(
            report, TEXT_FLIPS_OF, report_split_text(report, row->set),
            lm_num_count((int64_t)(row->right_count + row->wrong_count)).text,
            lm_num_count((int64_t)(row->change.newly_right + row->change.newly_wrong)).text));
    for (size_t i = 0; i < row->wrong_count; i++)
        put_flip(out, report, &row->wrong[i], TEXT_NEWLY_WRONG);
    for (size_t i = 0; i < row->right_count; i++)
        put_flip(out, report, &row->right[i], TEXT_NEWLY_RIGHT);
    lm_buf_puts(out, "</details>\n");
}

static bool has_sides(const struct report *report)
{
    for (size_t i = 0; i < report->changes->count; i++)
        if (!isnan(report->changes->rows[i].change.mcnemar))
            return true;
    return false;
}

void report_page_changes(struct lm_buf *out, const struct report *report)
{
    report_section(out, report, "changes", TEXT_CHANGES, TEXT_CHANGES_NOTE);
    lm_html_printf(out, "<p class=\"sum\">%s</p>\n", report_changes_sentence(report));
    if (report->changes->count > 0)
        put_rows(out, report);
    if (has_sides(report))
        put_counts(out, report);
    for (size_t i = 0; i < report->changes->count; i++)
        put_flips(out, report, &report->changes->rows[i]);
    report_section_end(out);
}
