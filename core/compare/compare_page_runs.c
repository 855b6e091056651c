/* The runs in a table, those that are not compared, and all axes beside one another. */
#include <math.h>
#include <string.h>

#include "page/html.h"

#include "compare/compare_page.h"

bool lm_compare_has_runs(const struct lm_comparison *comparison)
{
    return comparison->ranked > 0;
}

/* An axis on which all runs stand at one place tells nothing. */
static bool is_told(const struct lm_comparison *comparison, size_t a)
{
    return comparison->axes[a].count > 1;
}

static size_t count_told(const struct lm_comparison *comparison)
{
    size_t count = 0;
    for (size_t a = 0; a < comparison->axis_count; a++)
        count += is_told(comparison, a);
    return count;
}

enum { MOST_SHOWN = 5, MOST_ROWS = 500, MOST_RAILS = 200 }; /* metrics, runs: all are in the CSV */

static size_t at_most(size_t count, size_t most)
{
    return count < most ? count : most;
}

static void put_cut(struct lm_buf *out, size_t shown, size_t count)
{
    if (shown < count)
        lm_html_printf(out, "<p>The best %zu of %zu runs; all are in the CSV.</p>\n", shown, count);
}

static size_t count_shown(const struct lm_comparison *comparison)
{
    return at_most(comparison->column_count, MOST_SHOWN);
}

static void put_head(struct lm_buf *out, const struct lm_comparison *comparison)
{
    lm_buf_puts(out, "<div class=\"wide\" tabindex=\"0\"><table><thead><tr>");
    if (count_told(comparison) == 0)
        lm_buf_puts(out, "<th>Run</th>");
    for (size_t a = 0; a < comparison->axis_count; a++)
        if (is_told(comparison, a))
            lm_html_printf(out, "<th>%s</th>", comparison->axes[a].name);
    for (size_t i = 0; i < comparison->param_count; i++)
        lm_html_printf(out, "<th class=\"n\">%s</th>", comparison->params[i]);
    for (size_t i = 0; i < count_shown(comparison); i++)
        lm_html_printf(out, "<th class=\"n\">%s</th>", comparison->columns[i].name);
    lm_buf_puts(out, "</tr></thead><tbody>\n");
}

/* The axes' values, or the label of a run without any. */
static void put_place(struct lm_buf *out, const struct lm_comparison *comparison,
                      const struct lm_compare_row *row)
{
    size_t told = count_told(comparison), put = 0, own = 0;
    for (size_t a = 0; a < comparison->axis_count; a++)
        own += is_told(comparison, a) && row->places[a] != SIZE_MAX;
    if (own == 0) {
        lm_buf_printf(out, "<th scope=\"row\" colspan=\"%zu\">", told > 0 ? told : 1);
        lm_html_printf(out, "%s</th>", row->label);
        return;
    }
    for (size_t a = 0; a < comparison->axis_count; a++) {
        const struct lm_compare_axis *axis = &comparison->axes[a];
        const char *text = row->places[a] != SIZE_MAX ? axis->texts[row->places[a]] : "";
        if (is_told(comparison, a))
            lm_html_printf(out, put++ == 0 ? "<th scope=\"row\">%s</th>" : "<td>%s</td>", text);
    }
}

static void put_metric(struct lm_buf *out, const struct lm_compare_row *row,
                       const struct lm_compare_column *column)
{
    struct lm_num value = lm_compare_value(lm_compare_score(row, column->name, ""));
    double low = lm_compare_score(row, column->name, ".lo");
    double high = lm_compare_score(row, column->name, ".hi");
    lm_html_printf(out, "<td class=\"n\">%s", value.text);
    if (column->has_interval && isfinite(low) && isfinite(high)) {
        struct lm_num from = lm_compare_value(low), to = lm_compare_value(high);
        lm_html_printf(out, "<br/><small>%s\xe2\x80\x93%s</small>", from.text, to.text);
    }
    lm_buf_puts(out, "</td>");
}

static void put_param(struct lm_buf *out, const struct lm_comparison *comparison,
                      const struct lm_compare_row *row, const char *name)
{
    const char *text = lm_compare_param_of(comparison, row, name);
    lm_html_printf(out, "<td class=\"n\">%s</td>", text != NULL ? text : "\xe2\x80\x93");
}

void lm_compare_page_runs(struct lm_buf *out, const struct lm_comparison *comparison)
{
    size_t shown = at_most(comparison->ranked, MOST_ROWS);
    bool lower = comparison->better == LM_BETTER_LOWER;
    const char *note = lm_arena_printf(
        comparison->arena,
        "Sorted by the first metric, the best on top (%s is better). Only axes and parameters that "
        "differ are shown. Small print: 95\xc2\xa0%% interval of the run alone, over %s; what "
        "differs between runs is paired and stands under Differences.",
        lower ? "less" : "more", lm_compare_items_word(comparison));
    lm_html_section(out, "runs", "Runs", note);
    put_head(out, comparison);
    for (size_t i = 0; i < shown; i++) {
        const struct lm_compare_row *row = &comparison->rows[i];
        lm_buf_puts(out, i == 0 ? "<tr class=\"us\">" : "<tr>");
        put_place(out, comparison, row);
        for (size_t k = 0; k < comparison->param_count; k++)
            put_param(out, comparison, row, comparison->params[k]);
        for (size_t k = 0; k < count_shown(comparison); k++)
            put_metric(out, row, &comparison->columns[k]);
        lm_buf_puts(out, "</tr>\n");
    }
    lm_buf_puts(out, "</tbody></table></div>\n");
    put_cut(out, shown, comparison->ranked);
    lm_html_section_end(out);
}

/* ---- those that are not ---- */

bool lm_compare_has_left_out(const struct lm_comparison *comparison)
{
    return comparison->ranked < comparison->count;
}

void lm_compare_page_left_out(struct lm_buf *out, const struct lm_comparison *comparison)
{
    static const char *const states[] = {[LM_RUN_OTHER] = "not comparable",
                                         [LM_RUN_UNRANKED] = "no metric",
                                         [LM_RUN_DIVERGED] = "diverged",
                                         [LM_RUN_FAILED] = "failed"};
    lm_html_section(out, "left-out", "Not compared",
                    "Runs that failed or diverged, and runs scored on something else: none is "
                    "dropped in silence, and none is taken for the best.");
    lm_buf_puts(out, "<div class=\"wide\" tabindex=\"0\"><table><thead><tr><th>Run</th>"
                     "<th>State</th><th>Why</th></tr></thead><tbody>\n");
    size_t out_of = comparison->count - comparison->ranked, shown = at_most(out_of, MOST_ROWS);
    for (size_t i = comparison->ranked; i < comparison->ranked + shown; i++) {
        const struct lm_compare_row *row = &comparison->rows[i];
        lm_html_printf(out, "<tr><th scope=\"row\">%s</th><td>", row->label);
        lm_html_printf(out, "<b class=\"und\">%s</b></td><td>%s</td></tr>\n", states[row->state],
                       row->why != NULL ? row->why : "");
    }
    lm_buf_puts(out, "</tbody></table></div>\n");
    if (shown < out_of)
        lm_html_printf(out, "<p>%zu of %zu; all are in the CSV.</p>\n", shown, out_of);
    lm_html_section_end(out);
}

/* ---- all axes beside one another ---- */

bool lm_compare_has_parallel(const struct lm_comparison *comparison)
{
    return count_told(comparison) > 2 && comparison->ranked > 1;
}

/* A mark on a rail: where a value stands among those of its column. */
static void put_rail(struct lm_buf *out, double place, const char *text)
{
    lm_buf_puts(out, "<td class=\"railed\">");
    if (isfinite(place))
        lm_buf_printf(out,
                      "<span class=\"rail\"><span class=\"mark\" style=\"left:%.2f%%\"></span>"
                      "</span>",
                      4 + 92 * place);
    lm_html_printf(out, "<small>%s</small></td>", text);
}

static double share_of(size_t place, size_t count)
{
    return place == SIZE_MAX ? (double)NAN : count < 2 ? 0.5 : (double)place / (double)(count - 1);
}

void lm_compare_page_parallel(struct lm_buf *out, const struct lm_comparison *comparison)
{
    double low, high;
    size_t shown = at_most(comparison->ranked, MOST_RAILS);
    lm_compare_range(comparison, &low, &high);
    lm_html_section(out, "parallel", "All axes",
                    "Each run a row, the best on top; a mark stands where its value is among those "
                    "of the axis, from the first to the last. An axis that matters has its marks "
                    "in order.");
    lm_buf_puts(out, "<div class=\"wide\" tabindex=\"0\"><table class=\"bars\"><thead><tr>");
    for (size_t a = 0; a < comparison->axis_count; a++)
        if (is_told(comparison, a))
            lm_html_printf(out, "<th>%s</th>", comparison->axes[a].name);
    lm_html_printf(out, "<th>%s</th></tr></thead><tbody>\n", comparison->options->metric);
    for (size_t i = 0; i < shown; i++) {
        const struct lm_compare_row *row = &comparison->rows[i];
        lm_buf_puts(out, i == 0 ? "<tr class=\"us\">" : "<tr>");
        for (size_t a = 0; a < comparison->axis_count; a++) {
            const struct lm_compare_axis *axis = &comparison->axes[a];
            if (!is_told(comparison, a))
                continue;
            put_rail(out, share_of(row->places[a], axis->count),
                     row->places[a] != SIZE_MAX ? axis->texts[row->places[a]] : "\xe2\x80\x93");
        }
        double place = high > low ? (fmin(fmax(row->value, low), high) - low) / (high - low) : 0.5;
        put_rail(out, place, lm_compare_value(row->value).text);
        lm_buf_puts(out, "</tr>\n");
    }
    lm_buf_puts(out, "</tbody></table></div>\n");
    put_cut(out, shown, comparison->ranked);
    lm_html_section_end(out);
}
