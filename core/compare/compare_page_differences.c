/* Paired differences, and what repeats say beside them. */
#include <math.h>

#include "page/html.h"

#include "compare/compare_page.h"

static void put_verdict(struct lm_buf *out, enum lm_compare_verdict verdict)
{
    lm_buf_printf(out, "<td><b class=\"%s\">%s</b></td>", lm_compare_verdict_class(verdict),
                  lm_compare_verdict_words[verdict]);
}

static void put_interval(struct lm_buf *out, double low, double high)
{
    struct lm_num from = lm_compare_signed(low), to = lm_compare_signed(high);
    if (isnan(low) || isnan(high))
        lm_buf_puts(out, "<td class=\"n\">\xe2\x80\x93</td>");
    else
        lm_html_printf(out, "<td class=\"n\">%s to %s</td>", from.text, to.text);
}

/* ---- repeats ---- */

bool lm_compare_has_groups(const struct lm_comparison *comparison)
{
    return comparison->group_count > 0;
}

static void put_group(struct lm_buf *out, const struct lm_compare_group *group, bool is_first)
{
    const struct lm_spread *spread = &group->spread;
    lm_buf_puts(out, is_first ? "<tr class=\"us\">" : "<tr>");
    lm_html_printf(out, "<th scope=\"row\">%s</th><td class=\"n\">%zu</td><td class=\"n\">%s</td>",
                   group->label, group->count, lm_compare_value(spread->mean).text);
    lm_html_printf(out, "<td class=\"n\">%s</td>", lm_compare_value(spread->deviation).text);
    if (isnan(spread->low))
        lm_buf_puts(out, "<td class=\"n\">\xe2\x80\x93</td>");
    else
        lm_html_printf(out, "<td class=\"n\">%s\xe2\x80\x93%s</td>",
                       lm_compare_value(spread->low).text, lm_compare_value(spread->high).text);
    if (isnan(group->low))
        lm_buf_puts(out, "<td class=\"n\">\xe2\x80\x93</td>");
    else
        lm_html_printf(out, "<td class=\"n\">%s\xe2\x80\x93%s</td>",
                       lm_compare_value(group->low).text, lm_compare_value(group->high).text);
    lm_buf_puts(out, "</tr>\n");
}

static void put_group_difference(struct lm_buf *out, const struct lm_compare_group *group)
{
    lm_html_printf(out, "<tr><th scope=\"row\">%s</th><td class=\"n\">%s</td>", group->label,
                   lm_compare_signed(group->repeats.value).text);
    put_verdict(out, group->items_verdict);
    put_interval(out, group->items.low, group->items.high);
    put_verdict(out, group->repeats_verdict);
    put_interval(out, group->repeats.low, group->repeats.high);
    lm_buf_puts(out, "</tr>\n");
}

void lm_compare_page_groups(struct lm_buf *out, const struct lm_comparison *comparison)
{
    const char *items = lm_compare_items_word(comparison);
    lm_html_section(out, "repeats", "Repeats",
                    lm_arena_printf(comparison->arena,
                                    "Runs that differ in their seed alone, as one. Two intervals, "
                                    "never mixed: over repeats (Student\xe2\x80\x99s t: what other "
                                    "seeds would give on these %s) and over %s (what these runs "
                                    "would give on others).",
                                    items, items));
    struct lm_num confidence = lm_compare_confidence(comparison);
    lm_html_printf(out,
                   "<div class=\"wide\" tabindex=\"0\"><table><thead><tr><th>Setting</th>"
                   "<th class=\"n\">Runs</th><th class=\"n\">Mean %s</th><th class=\"n\">Standard "
                   "deviation</th><th class=\"n\">%s over repeats</th><th class=\"n\">%s over %s"
                   "</th></tr></thead><tbody>\n",
                   comparison->options->metric, confidence.text, confidence.text, items);
    for (size_t g = 0; g < comparison->group_count; g++)
        put_group(out, &comparison->groups[g], g == 0);
    lm_buf_puts(out, "</tbody></table></div>\n");
    if (comparison->group_count > 1) {
        lm_html_printf(out,
                       "<h3>Difference of the means to %s</h3>\n<div class=\"wide\" tabindex=\"0\">"
                       "<table><thead><tr><th>Setting</th><th class=\"n\">Difference</th>"
                       "<th>Over %s</th><th class=\"n\">%s interval</th><th>Over repeats</th>"
                       "<th class=\"n\">%s interval</th></tr></thead><tbody>\n",
                       comparison->groups[comparison->reference_group].label, items,
                       confidence.text, confidence.text);
        for (size_t g = 0; g < comparison->group_count; g++)
            if (g != comparison->reference_group)
                put_group_difference(out, &comparison->groups[g]);
        lm_buf_puts(out, "</tbody></table></div>\n");
    }
    lm_html_section_end(out);
}

/* ---- by item ---- */

bool lm_compare_has_differences(const struct lm_comparison *comparison)
{
    return comparison->unpaired == NULL && comparison->compared > 1;
}

struct scale {
    double low, high;
};

/* From the lowest to the highest end of the intervals, zero among them. */
static struct scale scale_of(const struct lm_comparison *comparison)
{
    struct scale scale = {0, 0};
    for (size_t i = 0; i < comparison->ranked; i++) {
        const struct lm_difference *own = &comparison->rows[i].difference;
        scale.low = fmin(scale.low, fmin(own->value, own->low));
        scale.high = fmax(scale.high, fmax(own->value, own->high));
    }
    if (!(scale.high > scale.low))
        scale.high = scale.low + 1;
    return scale;
}

static double place_of(struct scale scale, double value)
{
    return 2 + 96 * (value - scale.low) / (scale.high - scale.low);
}

static void put_forest(struct lm_buf *out, const struct lm_difference *own, struct scale scale)
{
    lm_buf_printf(out,
                  "<td class=\"bar forest\"><span class=\"track\"><span class=\"zero\" "
                  "style=\"left:%.2f%%\"></span>",
                  place_of(scale, 0));
    if (isfinite(own->low))
        lm_buf_printf(out, "<span class=\"span\" style=\"left:%.2f%%;width:%.2f%%\"></span>",
                      place_of(scale, own->low),
                      place_of(scale, own->high) - place_of(scale, own->low));
    else if (isfinite(own->value))
        lm_buf_printf(out, "<span class=\"mark\" style=\"left:%.2f%%\"></span>",
                      place_of(scale, own->value));
    lm_buf_puts(out, "</span></td>");
}

static void put_row(struct lm_buf *out, const struct lm_comparison *comparison,
                    const struct lm_compare_row *row, struct scale scale)
{
    bool is_reference = row->verdict == LM_VERDICT_REFERENCE;
    struct lm_num share = lm_num_percent(row->best_share, row->best_share < 0.01 ? 1 : 0);
    lm_buf_puts(out, is_reference ? "<tr class=\"us\">" : "<tr>");
    lm_html_printf(out, "<th scope=\"row\">%s</th><td class=\"n\">%s</td>", row->label,
                   is_reference ? "0" : lm_compare_signed(row->difference.value).text);
    put_verdict(out, row->verdict);
    if (is_reference)
        lm_buf_puts(out, "<td></td>");
    else
        put_interval(out, row->difference.low, row->difference.high);
    put_forest(out, &row->difference, scale);
    lm_html_printf(out, "<td class=\"n\">%s</td><td class=\"n\">%s</td>",
                   is_reference ? "" : lm_compare_value(row->difference.detectable).text,
                   share.text);
    if (comparison->pairing.is_right_wrong && is_reference)
        lm_buf_puts(out, "<td></td><td></td>");
    else if (comparison->pairing.is_right_wrong)
        lm_html_printf(out, "<td class=\"n\">%zu : %zu</td><td class=\"n\">%s</td>", row->only_own,
                       row->only_reference, lm_num_short(row->mcnemar, 2).text);
    lm_buf_puts(out, "</tr>\n");
}

static const char *note_of(const struct lm_comparison *comparison)
{
    return lm_arena_printf(
        comparison->arena,
        "Each run less %s, paired on the same %zu %s. The intervals hold all at once with "
        "%s (max-T over shared resamples)%s. No difference shown is not equality: the "
        "smallest difference that four of five such samples would show stands beside it.",
        comparison->is_best_reference ? "the best" : "the reference", comparison->items,
        lm_compare_items_word(comparison), lm_compare_confidence(comparison).text,
        comparison->is_best_reference
            ? ", also whichever run had been picked as the best: picking it is paid for"
            : "");
}

void lm_compare_page_differences(struct lm_buf *out, const struct lm_comparison *comparison)
{
    struct scale scale = scale_of(comparison);
    lm_html_section(out, "differences", "Differences", note_of(comparison));
    lm_html_printf(out,
                   "<div class=\"wide\" tabindex=\"0\"><table class=\"bars\"><thead><tr>"
                   "<th>Run</th><th class=\"n\">Difference<br/>%s</th><th>Verdict</th>"
                   "<th class=\"n\">%s interval</th><th></th><th class=\"n\">Detectable</th>"
                   "<th class=\"n\">Best in</th>",
                   comparison->pairing.unit, lm_compare_confidence(comparison).text);
    if (comparison->pairing.is_right_wrong)
        lm_buf_puts(out, "<th class=\"n\">Right alone</th><th class=\"n\">McNemar p</th>");
    lm_buf_puts(out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < comparison->compared; i++)
        put_row(out, comparison, &comparison->rows[i], scale);
    lm_buf_puts(out, "</tbody></table></div>\n");
    if (comparison->compared < comparison->ranked && comparison->compared > 0)
        lm_html_printf(out, "<p>The best %zu of %zu runs are resampled.</p>\n",
                       comparison->compared, comparison->ranked);
    lm_html_section_end(out);
}
