#include <math.h>
#include <stdio.h>
#include <string.h>

#include "page/html.h"
#include "page/numtext.h"
#include "page/svg.h"

#include "report_page.h"

enum { GRAMS = 5, SERIES = 3 };

static const int grams[GRAMS] = {2, 3, 4, 8, 13};

struct column {
    const char *key, *head;

    enum { COLUMN_SHARE, COLUMN_COUNT, COLUMN_NATS } unit;
};

static const struct column diversity[] = {
    {"samples", "Samples", COLUMN_COUNT},       {"tokens", "Tokens", COLUMN_COUNT},
    {"nll", "Nats per token", COLUMN_NATS},     {"distinct_1", "distinct-1", COLUMN_SHARE},
    {"distinct_2", "distinct-2", COLUMN_SHARE}, {"distinct_3", "distinct-3", COLUMN_SHARE},
    {"rep_4", "rep-4", COLUMN_SHARE},           {NULL, NULL, COLUMN_COUNT},
};

static const struct column novelty[] = {
    {"novel_2", "New pairs", COLUMN_SHARE},
    {"novel_3", "of 3", COLUMN_SHARE},
    {"novel_4", "of 4", COLUMN_SHARE},
    {"novel_8", "of 8", COLUMN_SHARE},
    {"novel_13", "of 13", COLUMN_SHARE},
    {"longest_copy", "Longest copy", COLUMN_COUNT},
    {NULL, NULL, COLUMN_COUNT},
};

bool report_has_figures(const struct report *report)
{
    for (size_t i = 0; i < report->samples.count; i++) {
        if (report_is_kind(report->samples.items[i], "figures"))
            return true;
    }
    return false;
}

static bool is_real(const struct lm_json *line)
{
    const char *of = lm_json_string(lm_json_get(line, "of"), NULL);
    return of != NULL && strcmp(of, "held-out") == 0;
}

static const char *label_of(const struct lm_json *line)
{
    const char *of = lm_json_string(lm_json_get(line, "of"), NULL);
    return is_real(line) ? "real text" : of != NULL ? of : "?";
}

/* ---- tables ---- */

static struct lm_num cell_text(double value, const struct column *column)
{
    if (isnan(value))
        return (struct lm_num){"\xe2\x80\x93"};
    if (column->unit == COLUMN_SHARE)
        return lm_num_percent(value, 1);
    return lm_num_fixed(value, column->unit == COLUMN_NATS ? 2 : 0);
}

static void put_row(struct lm_buf *out, const struct lm_json *line, const struct column *columns)
{
    lm_buf_puts(out, is_real(line) ? "<tr class=\"us\">" : "<tr>");
    lm_html_printf(out, "<th scope=\"row\" class=\"w\">%s</th>", label_of(line));
    for (; columns->key != NULL; columns++) {
        struct lm_num text =
            cell_text(lm_json_double(lm_json_get(line, columns->key), (double)NAN), columns);
        lm_html_printf(out, "<td class=\"n\">%s</td>", text.text);
    }
    lm_buf_puts(out, "</tr>\n");
}

static void put_table(struct lm_buf *out, const struct report *report, const char *caption,
                      const struct column *columns)
{
    lm_html_printf(
        out,
        "<div class=\"wide\" tabindex=\"0\"><table><caption>%s</caption><thead><tr><th>Method</th>",
        caption);
    for (const struct column *column = columns; column->key != NULL; column++)
        lm_html_printf(out, "<th class=\"n\">%s</th>", column->head);
    lm_buf_puts(out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < report->samples.count; i++) {
        if (report_is_kind(report->samples.items[i], "figures"))
            put_row(out, report->samples.items[i], columns);
    }
    lm_buf_puts(out, "</tbody></table></div>\n");
}

/* ---- novelty by length ---- */

static void put_series(struct lm_plot *plot, const struct lm_json *line, const char *class_name)
{
    double x[GRAMS], y[GRAMS];
    for (size_t k = 0; k < GRAMS; k++) {
        char key[32];
        snprintf(key, sizeof key, "novel_%d", grams[k]);
        x[k] = grams[k];
        y[k] = 100 * lm_json_double(lm_json_get(line, key), (double)NAN);
    }
    lm_plot_line(plot, class_name, x, y, GRAMS);
    if (class_name[0] != 'd')
        lm_plot_dots(plot, class_name, x, y, GRAMS);
}

/* The first three methods and real text. */
static void put_curve(struct lm_buf *out, const struct report *report)
{
    static const char *const classes[SERIES] = {"a", "b", "c"};
    struct lm_legend legend[SERIES + 1];
    const struct lm_json *lines[SERIES + 1];
    size_t count = 0, methods = 0;
    for (size_t i = 0; i < report->samples.count && count <= SERIES; i++) {
        const struct lm_json *line = report->samples.items[i];
        bool real = is_real(line);
        if (!report_is_kind(line, "figures") || (!real && methods == SERIES))
            continue;
        lines[count] = line;
        legend[count].class_name = real ? "d" : classes[methods];
        legend[count++].text = label_of(line);
        methods += !real;
    }
    struct lm_plot plot = {.out = out,
                           .id = "novelty",
                           .title = "New n-grams by length",
                           .summary = "A curve far below real text copies; far above, it is noise.",
                           .legend = legend,
                           .legend_count = count,
                           .height = 190};
    lm_axis_log(&plot.x, "tokens in a row", 2, grams[GRAMS - 1]);
    lm_axis_linear(&plot.y, "% not in training text", 0, 100, 5, true);
    lm_plot_begin(&plot);
    for (size_t i = 0; i < count; i++)
        put_series(&plot, lines[i], legend[i].class_name);
    lm_plot_end(&plot);
}

void report_page_figures(struct lm_buf *out, const struct report *report)
{
    lm_html_section(out, "figures", "Diversity and novelty",
                    "distinct-n: different n-grams among all. rep-4: repeated 4-grams inside a "
                    "sample. New n-grams do not occur in the training tokens; the longest copy is "
                    "in tokens. Read them beside real held-out text.");
    put_curve(out, report);
    put_table(out, report, "Diversity", diversity);
    put_table(out, report, "Novelty", novelty);
    lm_html_section_end(out);
}
