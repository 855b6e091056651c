#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "runs/events.h"
#include "runs/run_files.h"

/** XML 1.0 text: markup escaped, what XML forbids replaced by U+FFFD. */
static void put_xml(struct lm_buf *out, const char *text)
{
    static const struct {
        char c;
        const char *name;
    } escapes[] = {{'<', "&lt;"}, {'>', "&gt;"}, {'&', "&amp;"}, {'"', "&quot;"}};

    const uint8_t *at = (const uint8_t *)text, *end = at + strlen(text);
    while (at < end) {
        uint32_t code = 0;
        size_t length = lm_utf8_decode(&code, at, (size_t)(end - at)), i = 0;
        bool forbidden = length == 0 || (code < 0x20 && code != '\t') || code == 0x7f ||
                         code == 0xfffe || code == 0xffff;
        while (i < 4 && (uint32_t)(unsigned char)escapes[i].c != code)
            i++;
        if (forbidden)
            lm_buf_puts(out, "\xef\xbf\xbd");
        else if (i < 4)
            lm_buf_puts(out, escapes[i].name);
        else
            lm_buf_append(out, at, length);
        at += length > 0 ? length : 1;
    }
}

static void open_case(struct lm_buf *out, const struct lm_run_facts *facts, const char *suite,
                      const char *name, double seconds)
{
    lm_buf_printf(out, "    <testcase classname=\"%s.%s\" name=\"", facts->spec->experiment, suite);
    put_xml(out, name);
    lm_buf_puts(out, "\" time=\"");
    lm_buf_printf(out, "%.3f\">", seconds);
}

static void put_stage(struct lm_buf *out, const struct lm_run_facts *facts, size_t i)
{
    const struct lm_run_stage *ran = &facts->stages[i];
    double seconds = ran->execution != NULL ? ran->execution->seconds : 0;
    open_case(out, facts, "stages", facts->spec->stages[i].id, seconds);
    if (ran->state == LM_FAILED) {
        lm_buf_puts(out, "<failure message=\"");
        put_xml(out, ran->error != NULL ? ran->error : "failed");
        lm_buf_puts(out, "\"/>");
    } else if (!lm_state_is_fine(ran->state)) {
        lm_buf_printf(out, "<skipped message=\"%s\"/>", lm_state_name(ran->state));
    }
    lm_buf_puts(out, "</testcase>\n");
}

/** Outcomes of test cases, counted for the attributes that readers insist on. */
struct counts {
    size_t tests, failures, errors, skipped;
};

static void put_gate(struct lm_buf *out, const struct lm_run_facts *facts,
                     const struct lm_gate_row *gate)
{
    static const char *const elements[] = {[LM_GATE_PASS] = "system-out",
                                           [LM_GATE_FAIL] = "failure",
                                           [LM_GATE_UNDECIDED] = "error",
                                           [LM_GATE_UNSELECTED] = "skipped"};
    open_case(out, facts, "gates", gate->name, 0);
    lm_buf_printf(out, gate->verdict == LM_GATE_PASS ? "<%s>" : "<%s message=\"",
                  elements[gate->verdict]);
    put_xml(out, gate->reason);
    if (gate->verdict == LM_GATE_PASS)
        lm_buf_printf(out, "</%s>", elements[gate->verdict]);
    else
        lm_buf_puts(out, "\"/>");
    lm_buf_puts(out, "</testcase>\n");
}

/** Does a report that this run brought up to date publish the gates it holds as JUnit? */
static bool is_reported(const struct lm_run_facts *facts)
{
    for (size_t i = 0; i < facts->spec->stage_count; i++) {
        const struct lm_spec_stage *stage = &facts->spec->stages[i];
        bool here = facts->plan->stages[i].selected && lm_state_is_fine(facts->stages[i].state);
        for (size_t k = 0; here && stage->after_count > 0 && k < stage->publish_count; k++)
            if (strcmp(stage->publish[k].port->kind, "junit") == 0)
                return true;
    }
    return false;
}

static struct counts count(const struct lm_run_facts *facts, bool reported)
{
    const struct lm_run_result *result = facts->result;
    struct counts counts = {0};
    for (size_t i = 0; i < facts->spec->stage_count; i++) {
        if (!facts->plan->stages[i].selected)
            continue;
        counts.tests++;
        counts.failures += facts->stages[i].state == LM_FAILED;
        counts.skipped +=
            facts->stages[i].state != LM_FAILED && !lm_state_is_fine(facts->stages[i].state);
    }
    for (size_t i = 0; i < result->gate_count; i++) {
        if (reported && facts->spec->gates[i].held)
            continue;
        counts.tests++;
        counts.failures += result->gates[i].verdict == LM_GATE_FAIL;
        counts.errors += result->gates[i].verdict == LM_GATE_UNDECIDED;
        counts.skipped += result->gates[i].verdict == LM_GATE_UNSELECTED;
    }
    return counts;
}

void lm_run_junit_write(struct lm_buf *out, const struct lm_run_facts *facts)
{
    const struct lm_run_result *result = facts->result;
    bool reported = is_reported(facts);
    struct counts counts = count(facts, reported);
    lm_buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    lm_buf_printf(out,
                  "  <testsuite name=\"%s\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" "
                  "skipped=\"%zu\" time=\"%.3f\" hostname=\"",
                  facts->spec->experiment, counts.tests, counts.failures, counts.errors,
                  counts.skipped, facts->seconds);
    put_xml(out, facts->host);
    lm_buf_puts(out, "\">\n");
    for (size_t i = 0; i < facts->spec->stage_count; i++)
        if (facts->plan->stages[i].selected)
            put_stage(out, facts, i);
    for (size_t i = 0; i < result->gate_count; i++)
        if (!reported || !facts->spec->gates[i].held)
            put_gate(out, facts, &result->gates[i]);
    lm_buf_puts(out, "  </testsuite>\n</testsuites>\n");
}
