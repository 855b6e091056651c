#include <math.h>
#include <stdio.h>
#include <string.h>

#include "page/html.h"
#include "page/numtext.h"
#include "page/svg.h"

#include "report_page.h"

enum { GRAMS = 13, SERIES = 3 };

static const int grams[GRAMS] = {1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 24, 32, 50};

/* A column; `length`: fills in its head, else 0. */
struct column {
    const char *key;
    enum report_text head;
    int length;

    enum { COLUMN_SHARE, COLUMN_COUNT, COLUMN_TOKENS, COLUMN_NATS, COLUMN_RATIO } unit;
};

static const struct column diversity[] = {
    {"samples", TEXT_SAMPLES_HEAD, 0, COLUMN_COUNT},
    {"tokens", TEXT_TOKENS_HEAD, 0, COLUMN_COUNT},
    {"nll", TEXT_NATS_PER_TOKEN, 0, COLUMN_NATS},
    {"distinct_1", TEXT_DISTINCT_1, 0, COLUMN_SHARE},
    {"distinct_2", TEXT_DISTINCT_2, 0, COLUMN_SHARE},
    {"distinct_3", TEXT_DISTINCT_3, 0, COLUMN_SHARE},
    {"distinct_4", TEXT_DISTINCT_4, 0, COLUMN_SHARE},
    {"rep_4", TEXT_REP_4, 0, COLUMN_SHARE},
    {"self_bleu", TEXT_SELF_BLEU, 0, COLUMN_SHARE},
    {"compression", TEXT_COMPRESSION, 0, COLUMN_RATIO},
    {NULL, TEXT_NO, 0, COLUMN_COUNT},
};

static const struct column novelty[] = {
    {"novel_1", TEXT_NEW_N, 1, COLUMN_SHARE},
    {"novel_2", TEXT_NEW_N, 2, COLUMN_SHARE},
    {"novel_3", TEXT_NEW_N, 3, COLUMN_SHARE},
    {"novel_4", TEXT_NEW_N, 4, COLUMN_SHARE},
    {"novel_6", TEXT_NEW_N, 6, COLUMN_SHARE},
    {"novel_8", TEXT_NEW_N, 8, COLUMN_SHARE},
    {"novel_13", TEXT_NEW_N, 13, COLUMN_SHARE},
    {"novel_24", TEXT_NEW_N, 24, COLUMN_SHARE},
    {"novel_50", TEXT_NEW_N, 50, COLUMN_SHARE},
    {"mean_copy", TEXT_MEAN_COPY, 0, COLUMN_TOKENS},
    {"longest_copy", TEXT_LONGEST_COPY, 0, COLUMN_COUNT},
    {NULL, TEXT_NO, 0, COLUMN_COUNT},
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

/* All held-out text; else what is as long as a method's. */
static bool is_all(const struct lm_json *line)
{
    return is_real(line) && lm_json_get(line, "beside") == NULL;
}

static const char *label_of(const struct report *report, const struct lm_json *line)
{
    const char *of = lm_json_string(lm_json_get(line, "of"), NULL);
    if (is_real(line))
        return report_say(report, is_all(line) ? TEXT_REAL_TEXT : TEXT_REAL_TEXT_AS_LONG);
    return of != NULL ? of : "?";
}

/* ---- tables ---- */

static struct lm_num cell_text(const struct report *report, double value,
                               const struct column *column)
{
    static const int digits[] = {[COLUMN_SHARE] = 1,
                                 [COLUMN_COUNT] = 0,
                                 [COLUMN_TOKENS] = 1,
                                 [COLUMN_NATS] = 2,
                                 [COLUMN_RATIO] = 2};
    if (column->unit == COLUMN_SHARE)
        return report_share(report, value, 1);
    return report_fixed(value, digits[column->unit]);
}

/* A value, and its interval below it. */
static void put_cell(struct lm_buf *out, const struct report *report, const struct lm_json *line,
                     const struct column *column)
{
    char low[32], high[32];
    snprintf(low, sizeof low, "%s.lo", column->key);
    snprintf(high, sizeof high, "%s.hi", column->key);
    double value = lm_json_double(lm_json_get(line, column->key), (double)NAN);
    double scale = column->unit == COLUMN_SHARE ? 100 : 1;
    double least = scale * lm_json_double(lm_json_get(line, low), (double)NAN);
    double most = scale * lm_json_double(lm_json_get(line, high), (double)NAN);
    int digits = column->unit == COLUMN_NATS || column->unit == COLUMN_RATIO ? 2 : 1;
    lm_html_printf(out, "<td class=\"n\">%s", cell_text(report, value, column).text);
    if (!isnan(least) && !isnan(most))
        lm_html_printf(
            out, "<br><small>%s</small>",
            report_range(report, report_fixed(least, digits), report_fixed(most, digits)));
    lm_buf_puts(out, "</td>");
}

static void put_row(struct lm_buf *out, const struct report *report, const struct lm_json *line,
                    const struct column *columns)
{
    lm_buf_puts(out, is_real(line) ? "<tr class=\"us\">" : "<tr>");
    lm_html_printf(out, "<th scope=\"row\" class=\"w\">%s</th>", label_of(report, line));
    for (; columns->key != NULL; columns++)
        put_cell(out, report, line, columns);
    lm_buf_puts(out, "</tr>\n");
}

static void put_table(struct lm_buf *out, const struct report *report, enum report_text caption,
                      const struct column *columns)
{
    lm_html_printf(out,
                   "<div class=\"wide\" tabindex=\"0\"><table><caption>%s</caption><thead><tr>"
                   "<th scope=\"col\">%s</th>",
                   report_say(report, caption), report_say(report, TEXT_METHOD));
    for (const struct column *column = columns; column->key != NULL; column++)
        lm_html_printf(out, "<th scope=\"col\" class=\"n\">%s</th>",
                       column->length > 0
                           ? report_say(report, column->head, lm_num_count(column->length).text)
                           : report_say(report, column->head));
    lm_buf_puts(out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < report->samples.count; i++) {
        if (report_is_kind(report->samples.items[i], "figures"))
            put_row(out, report, report->samples.items[i], columns);
    }
    report_table_end(out);
}

/* ---- novelty by length ---- */

/* A share by length, with what is behind the name of each ("", ".lo"), in percent. */
static void read_shares(double out[GRAMS], const struct lm_json *line, const char *end)
{
    for (size_t k = 0; k < GRAMS; k++) {
        char key[32];
        snprintf(key, sizeof key, "novel_%d%s", grams[k], end);
        out[k] = 100 * lm_json_double(lm_json_get(line, key), (double)NAN);
    }
}

static void put_series(struct lm_plot *plot, const struct lm_json *line, const char *class_name)
{
    double x[GRAMS], y[GRAMS], low[GRAMS], high[GRAMS];
    size_t count = 0;
    read_shares(y, line, "");
    read_shares(low, line, ".lo");
    read_shares(high, line, ".hi");
    for (size_t k = 0; k < GRAMS; k++) { /* lengths that were measured */
        if (isnan(y[k]))
            continue;
        x[count] = grams[k];
        y[count] = y[k];
        low[count] = low[k];
        high[count++] = high[k];
    }
    if (count > 0 && !isnan(low[0]) && !isnan(low[count - 1]))
        lm_plot_band(plot, class_name, x, low, high, count);
    lm_plot_line(plot, class_name, x, y, count);
    if (class_name[0] != 'd')
        lm_plot_dots(plot, class_name, x, y, count);
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
        if (!report_is_kind(line, "figures") || (real ? !is_all(line) : methods == SERIES))
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
    lm_axis_log(&plot.x, report_say(report, TEXT_AXIS_TOKENS_IN_A_ROW), 1, grams[GRAMS - 1]);
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
