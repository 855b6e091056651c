#include <math.h>

#include "page/html.h"

#include "report_page.h"
#include "report_tasks.h"

bool report_has_tasks(const struct report *report)
{
    size_t count;
    return report_tasks_list(report, &count) != NULL;
}

/* ---- bars ---- */

/* What a full bar is: the whole of a share or a correlation; of points and bits the round number
 * that holds all, so that points of nothing stay nothing. */
static double full_bar(const struct report_task *task)
{
    static const double steps[] = {1, 2, 5, 10, 20, 50, 100};
    double most = fmax(task->value, fmax(task->high, task->best.value));
    if (task->metric.unit == REPORT_SHARE || task->metric.unit == REPORT_CORRELATION)
        return 1;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (!(most > steps[i]))
            return steps[i];
    return most;
}

static double place(double value, double full)
{
    return 100 * fmin(fmax(value / full, 0), 1);
}

static void put_mark(struct lm_buf *out, const char *class_name, double value, double full)
{
    if (!isnan(value))
        lm_buf_printf(out, "<span class=\"mark %s\" style=\"left:%.2f%%\"></span>", class_name,
                      place(value, full));
}

static void put_fill(struct lm_buf *out, double value, double full)
{
    lm_buf_printf(out,
                  "<td class=\"bar\"><span class=\"track\"><span class=\"fill\" "
                  "style=\"width:%.2f%%\"></span>",
                  place(value, full));
}

static const char *range_text(const struct report *report, const struct report_task *task,
                              double low, double high)
{
    return report_range(report, report_metric_text(report, &task->metric, low),
                        report_metric_text(report, &task->metric, high));
}

/* What the marks of a bar say, in words. */
static const char *marks_text(const struct report *report, const struct report_task *task)
{
    const char *text = report_say(report, task->metric.label);
    if (!isnan(task->chance))
        text = report_say(
            report, TEXT_LIST, text,
            report_say(report, TEXT_CHANCE_IS, report_share(report, task->chance, 1).text));
    if (!isnan(task->best.value))
        text = report_say(
            report, TEXT_LIST, text,
            report_say(report, TEXT_FLOOR_IS, report_say(report, task->best.label),
                       report_metric_text(report, &task->metric, task->best.value).text));
    return text;
}

static void put_bar(struct lm_buf *out, const struct report *report, const struct report_task *task)
{
    double full = full_bar(task);
    lm_html_printf(out,
                   "<tr class=\"us\"><th scope=\"row\">%s <small>%s</small></th>"
                   "<td class=\"n\">%s</td>",
                   task->name, marks_text(report, task),
                   report_metric_text(report, &task->metric, task->value).text);
    put_fill(out, task->value, full);
    if (!isnan(task->low) && !isnan(task->high))
        lm_buf_printf(out, "<span class=\"span\" style=\"left:%.2f%%;width:%.2f%%\"></span>",
                      place(task->low, full), place(task->high, full) - place(task->low, full));
    put_mark(out, "chance", task->chance, full);
    put_mark(out, "floor", task->best.value, full);
    lm_buf_puts(out, "</span></td></tr>\n");
}

static void open_bars(struct lm_buf *out, const struct report *report, enum report_text first,
                      enum report_text second)
{
    lm_html_printf(out,
                   "<table class=\"bars\"><thead><tr><th scope=\"col\">%s</th>"
                   "<th scope=\"col\" class=\"n\">%s</th><td></td></tr></thead><tbody>\n",
                   report_say(report, first), report_say(report, second));
}

/* ---- the numbers ---- */

static const char *floors_text(const struct report *report, const struct report_task *task)
{
    struct report_floor list[REPORT_FLOORS];
    size_t count = report_task_floors(list, report, task);
    const char *text = count == 0 ? "\xe2\x80\x93" : "";
    for (size_t i = 0; i < count; i++) {
        const char *one = report_say(report, TEXT_IS, report_say(report, list[i].label),
                                     report_metric_text(report, &task->metric, list[i].value).text);
        text = i > 0 ? report_say(report, TEXT_LIST, text, one) : one;
    }
    return text;
}

/* The difference to the bigram on the same items, and its interval where there is one. */
static void put_over(struct lm_buf *out, const struct report *report,
                     const struct report_task *task)
{
    const bool is_share = task->metric.unit == REPORT_SHARE && !isnan(task->over);
    const double scale = is_share ? 100 : 1;
    const int digits = is_share ? 1 : 3;
    const struct lm_num number = report_fixed(scale * task->over, digits);
    const char *value =
        is_share ? report_say(report, TEXT_POINTS_OF_SHARE, number.text) : number.text;
    if (!isnan(task->over_low))
        value = report_say(report, TEXT_WITH_INTERVAL, value,
                           report_say(report, TEXT_FROM_TO,
                                      report_fixed(scale * task->over_low, digits).text,
                                      report_fixed(scale * task->over_high, digits).text));
    lm_html_printf(out, "<td class=\"n\">%s</td>", value);
}

static void put_row(struct lm_buf *out, const struct report *report, const struct report_task *task)
{
    lm_html_printf(out,
                   "<tr><th scope=\"row\">%s</th><td class=\"n\">%s</td><td class=\"n\">%s</td>"
                   "<td class=\"n\">%s</td><td>%s</td>",
                   task->name, range_text(report, task, task->low, task->high),
                   range_text(report, task, task->group_low, task->group_high),
                   report_share(report, task->chance, 1).text, floors_text(report, task));
    put_over(out, report, task);
    lm_html_printf(
        out, "<td>%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td></tr>\n",
        report_say(report, report_task_is_above(report, task) ? TEXT_SHOWN : TEXT_NOT_SHOWN),
        report_fixed(task->items, 0).text, report_fixed(task->ties, 0).text);
}

static void put_numbers(struct lm_buf *out, const struct report *report,
                        const struct report_task *tasks, size_t count)
{
    static const struct report_column columns[] = {
        {TEXT_TASK},      {TEXT_INTERVAL_HEAD, true}, {TEXT_OVER_GROUPS, true}, {TEXT_CHANCE, true},
        {TEXT_FLOORS},    {TEXT_OVER_BIGRAM, true},   {TEXT_ABOVE_FLOORS},      {TEXT_ITEMS, true},
        {TEXT_TIES, true}};
    double sum = 0;
    size_t centred = 0;
    report_table(out, report, NULL, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < count; i++) {
        put_row(out, report, &tasks[i]);
        sum += isnan(tasks[i].centred) ? 0 : tasks[i].centred;
        centred += isnan(tasks[i].centred) ? 0 : 1;
    }
    report_table_end(out);
    if (centred > 1)
        lm_html_printf(out, "<p class=\"sum\">%s</p>\n",
                       report_say(report, TEXT_CENTRED, lm_num_count((int64_t)centred).text,
                                  report_fixed(sum / (double)centred, 3).text));
}

/* ---- groups ---- */

static void put_groups(struct lm_buf *out, const struct report *report,
                       const struct report_task *task)
{
    size_t count;
    const struct report_task_group *groups = report_task_groups(report, task, &count);
    if (groups == NULL)
        return;
    lm_html_printf(out, "<details><summary>%s</summary>",
                   report_say(report, TEXT_GROUPS_OF, task->name));
    open_bars(out, report, TEXT_GROUP, TEXT_ACCURACY);
    for (size_t i = 0; i < count; i++) {
        lm_html_printf(out,
                       "<tr><th scope=\"row\">%s <small>%s</small></th><td class=\"n\">%s</td>",
                       groups[i].name, range_text(report, task, groups[i].low, groups[i].high),
                       report_share(report, groups[i].value, 1).text);
        put_fill(out, groups[i].value, 1);
        put_mark(out, "chance", task->chance, 1);
        lm_buf_puts(out, "</span></td></tr>\n");
    }
    lm_buf_puts(out, "</tbody></table></details>\n");
}

static void put_signatures(struct lm_buf *out, const struct report *report,
                           const struct report_task *tasks, size_t count)
{
    lm_html_printf(out, "<details><summary>%s</summary>\n", report_say(report, TEXT_SIGNATURES));
    for (size_t i = 0; i < count; i++)
        lm_html_printf(out, "<p class=\"sig\" lang=\"en\">%s: %s</p>\n", tasks[i].name,
                       tasks[i].signature);
    lm_buf_puts(out, "</details>\n");
}

void report_page_tasks(struct lm_buf *out, const struct report *report)
{
    size_t count;
    const struct report_task *tasks = report_tasks_list(report, &count);
    report_section(out, report, "tasks", TEXT_TASKS, TEXT_TASKS_NOTE);
    open_bars(out, report, TEXT_TASK, TEXT_SCORE);
    for (size_t i = 0; i < count; i++)
        put_bar(out, report, &tasks[i]);
    lm_buf_puts(out, "</tbody></table>\n");
    put_numbers(out, report, tasks, count);
    for (size_t i = 0; i < count; i++)
        put_groups(out, report, &tasks[i]);
    report_page_contamination(out, report);
    put_signatures(out, report, tasks, count);
    report_section_end(out);
}
