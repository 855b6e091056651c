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

static void put_gate(struct lm_buf *out, const struct lm_run_facts *facts,
                     const struct lm_gate_row *gate)
{
    open_case(out, facts, "gates", gate->text, 0);
    if (gate->verdict == LM_GATE_FAIL || gate->verdict == LM_GATE_UNDECIDED)
        lm_buf_printf(out, "<failure message=\"%s\"/>",
                      gate->verdict == LM_GATE_FAIL ? "out of bounds" : "undecided");
    else if (gate->verdict == LM_GATE_UNSELECTED)
        lm_buf_puts(out, "<skipped message=\"not selected\"/>");
    lm_buf_puts(out, "</testcase>\n");
}

void lm_run_junit_write(struct lm_buf *out, const struct lm_run_facts *facts)
{
    const struct lm_run_result *result = facts->result;
    size_t tests = result->gate_count, failures = 0, skipped = 0;
    for (size_t i = 0; i < facts->spec->stage_count; i++) {
        if (!facts->plan->stages[i].selected)
            continue;
        tests++;
        failures += facts->stages[i].state == LM_FAILED;
        skipped += facts->stages[i].state != LM_FAILED && !lm_state_is_fine(facts->stages[i].state);
    }
    for (size_t i = 0; i < result->gate_count; i++) {
        failures += result->gates[i].verdict == LM_GATE_FAIL ||
                    result->gates[i].verdict == LM_GATE_UNDECIDED;
        skipped += result->gates[i].verdict == LM_GATE_UNSELECTED;
    }
    lm_buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    lm_buf_printf(out,
                  "  <testsuite name=\"%s\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
                  "skipped=\"%zu\" time=\"%.3f\" hostname=\"",
                  facts->spec->experiment, tests, failures, skipped, facts->seconds);
    put_xml(out, facts->host);
    lm_buf_puts(out, "\">\n");
    for (size_t i = 0; i < facts->spec->stage_count; i++)
        if (facts->plan->stages[i].selected)
            put_stage(out, facts, i);
    for (size_t i = 0; i < result->gate_count; i++)
        put_gate(out, facts, &result->gates[i]);
    lm_buf_puts(out, "  </testsuite>\n</testsuites>\n");
}
