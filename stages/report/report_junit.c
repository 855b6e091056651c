#include <string.h>

#include "page/html.h"

#include "report_files.h"

static void put_case(struct lm_buf *out, const struct report *report,
                     const struct report_gate *gate)
{
    static const char *const elements[REPORT_OUTCOMES] = {"system-out", "failure", "error",
                                                          "skipped"};
    const char *element = elements[gate->outcome];
    lm_buf_puts(out, "    <testcase classname=\"");
    lm_html_attribute(out, report->name, strlen(report->name));
    lm_buf_puts(out, ".gates\" name=\"");
    lm_html_attribute(out, gate->name, strlen(gate->name));
    if (gate->outcome == REPORT_PASS)
        lm_buf_printf(out, "\" time=\"0\">\n      <%s>", element);
    else
        lm_buf_printf(out, "\" time=\"0\">\n      <%s message=\"", element);
    lm_html_attribute(out, gate->reason, strlen(gate->reason));
    if (gate->outcome == REPORT_PASS)
        lm_buf_printf(out, "</%s>\n    </testcase>\n", element);
    else
        lm_buf_puts(out, "\"/>\n    </testcase>\n");
}

/* The attributes many readers insist on. */
static void put_counts(struct lm_buf *out, const struct report *report)
{
    size_t counts[REPORT_OUTCOMES] = {0};
    for (size_t i = 0; i < report->gate_count; i++)
        counts[report->gates[i].outcome]++;
    lm_buf_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"0\"",
                  report->gate_count, counts[REPORT_FAIL], counts[REPORT_UNDECIDED],
                  counts[REPORT_SKIPPED]);
}

/* Some readers take a suite without tests for a failure: without gates there is none. */
void report_junit_write(struct lm_buf *out, const struct report *report)
{
    lm_buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"lmpipe\"");
    put_counts(out, report);
    if (report->gate_count == 0) {
        lm_buf_puts(out, "/>\n");
        return;
    }
    lm_buf_puts(out, ">\n  <testsuite name=\"");
    lm_html_attribute(out, report->name, strlen(report->name));
    lm_buf_puts(out, " gates\"");
    put_counts(out, report);
    lm_buf_puts(out, ">\n");
    for (size_t i = 0; i < report->gate_count; i++)
        put_case(out, report, &report->gates[i]);
    lm_buf_puts(out, "  </testsuite>\n</testsuites>\n");
}
