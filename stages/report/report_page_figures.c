#include <math.h>
#include <stdio.h>
#include <string.h>

#include "page/html.h"
#include "page/numtext.h"
#include "page/svg.h"

#include "report_page.h"

enum { GRAMS = 5, SERIES = 3, COLUMNS = 10 };

static const int grams[GRAMS] = {2, 3, 4, 8, 13};

struct column {
    const char *key;
    enum report_text head;

    enum { COLUMN_SHARE, COLUMN_COUNT, COLUMN_NATS } unit;
};

static const struct column diversity[] = {
    {"samples", TEXT_SAMPLES_HEAD, COLUMN_COUNT},  {"tokens", TEXT_TOKENS_HEAD, COLUMN_COUNT},
    {"nll", TEXT_NATS_PER_TOKEN, COLUMN_NATS},     {"distinct_1", TEXT_DISTINCT_1, COLUMN_SHARE},
    {"distinct_2", TEXT_DISTINCT_2, COLUMN_SHARE}, {"distinct_3", TEXT_DISTINCT_3, COLUMN_SHARE},
    {"rep_4", TEXT_REP_4, COLUMN_SHARE},           {NULL, TEXT_NO, COLUMN_COUNT},
};

static const struct column novelty[] = {
    {"novel_2", TEXT_NEW_2, COLUMN_SHARE},   {"novel_3", TEXT_NEW_3, COLUMN_SHARE},
    {"novel_4", TEXT_NEW_4, COLUMN_SHARE},   {"novel_8", TEXT_NEW_8, COLUMN_SHARE},
    {"novel_13", TEXT_NEW_13, COLUMN_SHARE}, {"longest_copy", TEXT_LONGEST_COPY, COLUMN_COUNT},
    {NULL, TEXT_NO, COLUMN_COUNT},
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

static const char *label_of(const struct report *report, const struct lm_json *line)
{
    const char *of = lm_json_string(lm_json_get(line, "of"), NULL);
    return is_real(line) ? report_say(report, TEXT_REAL_TEXT) : of != NULL ? of : "?";
}

/* ---- tables ---- */

static struct lm_num cell_text(const struct report *report, double value,
                               const struct column *column)
{
    if (column->unit == COLUMN_SHARE)
        return report_share(report, value, 1);
    return report_fixed(value, column->unit == COLUMN_NATS ? 2 : 0);
}

static void put_row(struct lm_buf *out, const struct report *report, const struct lm_json *line,
                    const struct column *columns)
{
    lm_buf_puts(out, is_real(line) ? "<tr class=\"us\">" : "<tr>");
    lm_html_printf(out, "<th scope=\"row\" class=\"w\">%s</th>", label_of(report, line));
    for (; columns->key != NULL; columns++) {
        double value = lm_json_double(lm_json_get(line, columns->key), (double)NAN);
        lm_html_printf(out, "<td class=\"n\">%s</td>", cell_text(report, value, columns).text);
    }
    lm_buf_puts(out, "</tr>\n");
}

static void put_table(struct lm_buf *out, const struct report *report, enum report_text caption,
                      const struct column *columns)
{
    struct report_column heads[COLUMNS] = {{TEXT_METHOD, false}};
    size_t count = 1;
    for (; columns[count - 1].key != NULL && count < COLUMNS; count++)
        heads[count] = (struct report_column){columns[count - 1].head, true};
    report_table(out, report, report_say(report, caption), heads, count);
    for (size_t i = 0; i < report->samples.count; i++) {
        if (report_is_kind(report->samples.items[i], "figures"))
            put_row(out, report, report->samples.items[i], columns);
    }
    report_table_end(out);
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
        legend[count++].text = label_of(report, line);
        methods += !real;
    }
    struct lm_plot plot = {.out = out,
                           .id = "novelty",
                           .title = report_say(report, TEXT_NEW_BY_LENGTH),
                           .summary = report_say(report, TEXT_NOVELTY_SUMMARY),
                           .legend = legend,
                           .legend_count = count,
                           .height = 190};
    lm_axis_log(&plot.x, report_say(report, TEXT_AXIS_TOKENS_IN_A_ROW), 2, grams[GRAMS - 1]);
    lm_axis_linear(&plot.y, report_say(report, TEXT_AXIS_NOT_IN_TRAINING), 0, 100, 5, true);
    lm_plot_begin(&plot);
    for (size_t i = 0; i < count; i++)
        put_series(&plot, lines[i], legend[i].class_name);
    lm_plot_end(&plot);
}

void report_page_figures(struct lm_buf *out, const struct report *report)
{
    report_section(out, report, "figures", TEXT_DIVERSITY_AND_NOVELTY, TEXT_FIGURES_NOTE);
    put_curve(out, report);
    put_table(out, report, TEXT_DIVERSITY, diversity);
    put_table(out, report, TEXT_NOVELTY, novelty);
    report_section_end(out);
}
