#include <math.h>

#include "page/html.h"

#include "report_page.h"
#include "report_tasks.h"

/* The metric of a part of the items with its interval: "61.2 % (58.0 %–64.0 %)". */
static const char *part_text(const struct report *report, const struct report_task *task,
                             const char *part)
{
    struct report_metric metric = task->metric;
    const char *key = lm_arena_printf(report->arena, "%s_%s", task->metric.key, part);
    if (key == NULL) {
        *report->lacks_memory = true;
        return "";
    }
    metric.key = key;
    double value = report_score(report, task->name, key);
    double low = report_metric_end(report, task->name, &metric, "lo");
    double high = report_metric_end(report, task->name, &metric, "hi");
    const char *text = report_number(report, report_metric_text(report, &metric, value));
    if (isnan(low) || isnan(high))
        return text;
    return report_say(report, TEXT_WITH_INTERVAL, text,
                      report_range(report, report_metric_text(report, &metric, low),
                                   report_metric_text(report, &metric, high)));
}

void report_page_contamination(struct lm_buf *out, const struct report *report)
{
    static const struct report_column columns[] = {{TEXT_TASK},
                                                   {TEXT_CONTAMINATED, true},
                                                   {TEXT_CLEAN_SCORE, true},
                                                   {TEXT_DIRTY_SCORE, true},
                                                   {TEXT_UNTESTED, true}};
    size_t count, shown = 0;
    const struct report_task *tasks = report_tasks_list(report, &count);
    for (size_t i = 0; i < count; i++) {
        double share = report_score(report, tasks[i].name, "contamination");
        double untested = report_score(report, tasks[i].name, "contamination.untested");
        if (isnan(share))
            continue;
        if (shown++ == 0) {
            lm_html_printf(out, "<h3>%s</h3>\n<p class=\"sum\">%s</p>\n",
                           report_say(report, TEXT_CONTAMINATION),
                           report_say(report, TEXT_CONTAMINATION_NOTE));
            report_table(out, report, NULL, columns, 5);
        }
        lm_html_printf(out,
                       "<tr><th scope=\"row\">%s</th><td class=\"n\">%s</td><td class=\"n\">%s</td>"
                       "<td class=\"n\">%s</td><td class=\"n\">%s</td></tr>\n",
                       tasks[i].name, report_share(report, share, 2).text,
                       part_text(report, &tasks[i], "clean"), part_text(report, &tasks[i], "dirty"),
                       report_fixed(untested, 0).text);
    }
    if (shown > 0)
        report_table_end(out);
}
