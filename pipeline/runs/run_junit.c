/* junit-run.xml (docs/formats/ci.md). Names are the same in every run of a spec; what was measured
 * stands in messages alone. */
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
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

static void put_attribute(struct lm_buf *out, const char *name, const char *value)
{
    lm_buf_printf(out, " %s=\"", name);
    put_xml(out, value);
    lm_buf_putc(out, '"');
}

/** Outcomes of test cases, counted as they are written: the attributes that readers insist on. */
struct cases {
    struct lm_buf out;
    const struct lm_run_facts *facts;
    struct lm_run_file file; /**< where the last case's place was */
    size_t tests, failures, errors, skipped;
};

static void open_case(struct cases *cases, const char *suite, const char *name,
                      const struct lm_origin *at, double seconds)
{
    const struct lm_spec *spec = cases->facts->spec;
    cases->tests++;
    lm_buf_printf(&cases->out, "    <testcase classname=\"%s.%s\"", spec->experiment, suite);
    put_attribute(&cases->out, "name", name);
    lm_buf_printf(&cases->out, " time=\"%.3f\"", seconds);
    put_attribute(&cases->out, "file", lm_run_file_below(&cases->file, spec, at->file));
    lm_buf_printf(&cases->out, " line=\"%d\">", at->line);
}

/** The outcome of a case: <system-out> of one that passes, else an element with a message. */
static void put_outcome(struct cases *cases, const char *element, const char *type,
                        const char *message)
{
    struct lm_buf *out = &cases->out;
    bool has_type = type != NULL;
    cases->failures += strcmp(element, "failure") == 0;
    cases->errors += strcmp(element, "error") == 0;
    cases->skipped += strcmp(element, "skipped") == 0;
    lm_buf_printf(out, "<%s", element);
    if (strcmp(element, "system-out") == 0) {
        lm_buf_putc(out, '>');
        put_xml(out, message);
        lm_buf_printf(out, "</%s>", element);
    } else {
        put_attribute(out, "message", message);
        if (has_type)
            put_attribute(out, "type", type);
        lm_buf_puts(out, "/>");
    }
    lm_buf_puts(out, "</testcase>\n");
}

static void put_stage(struct cases *cases, size_t i)
{
    const struct lm_run_facts *facts = cases->facts;
    const struct lm_run_stage *ran = &facts->stages[i];
    const struct lm_record *record = facts->plan->stages[i].record;
    const struct lm_spec_stage *stage = &facts->spec->stages[i];
    bool told = record != NULL && record->headline[0] != '\0';
    struct lm_buf text;
    open_case(cases, "stages", stage->id, &stage->origin,
              ran->execution != NULL ? ran->execution->seconds : 0);
    if (ran->state == LM_FAILED) {
        put_outcome(cases, "failure", "stage", ran->error != NULL ? ran->error : "failed");
        return;
    }
    lm_buf_init(&text, 0);
    lm_buf_puts(&text, lm_state_name(ran->state));
    if (lm_state_is_fine(ran->state) && told)
        lm_buf_printf(&text, ": %s", record->headline);
    else if (ran->error != NULL)
        lm_buf_printf(&text, ": %s", ran->error);
    cases->out.failed = cases->out.failed || text.failed;
    put_outcome(cases, lm_state_is_fine(ran->state) ? "system-out" : "skipped", NULL,
                text.failed ? "" : text.data);
    lm_buf_release(&text);
}

static void put_gate(struct cases *cases, size_t i)
{
    static const char *const elements[] = {[LM_GATE_PASS] = "system-out",
                                           [LM_GATE_FAIL] = "failure",
                                           [LM_GATE_UNDECIDED] = "error",
                                           [LM_GATE_UNSELECTED] = "skipped"};
    const struct lm_gate_row *gate = &cases->facts->result->gates[i];
    bool is_bad = gate->verdict == LM_GATE_FAIL || gate->verdict == LM_GATE_UNDECIDED;
    open_case(cases, "gates", gate->name, &cases->facts->spec->gates[i].origin, 0);
    put_outcome(cases, elements[gate->verdict], is_bad ? "gate" : NULL, gate->reason);
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

/** A gate twice in a spec is one case: names tell cases apart. */
static bool is_again(const struct lm_run_facts *facts, struct lm_name_map *seen, size_t i)
{
    const char *name = facts->result->gates[i].name;
    if (lm_name_map_find(seen, name) != SIZE_MAX)
        return true;
    lm_name_map_put(seen, name, i);
    return false;
}

static void put_cases(struct cases *cases)
{
    const struct lm_run_facts *facts = cases->facts;
    bool reported = is_reported(facts);
    struct lm_name_map seen;
    lm_name_map_init(&seen, facts->spec->arena);
    for (size_t i = 0; i < facts->spec->stage_count; i++)
        if (facts->plan->stages[i].selected)
            put_stage(cases, i);
    for (size_t i = 0; i < facts->result->gate_count; i++)
        if ((!reported || !facts->spec->gates[i].held) && !is_again(facts, &seen, i))
            put_gate(cases, i);
}

static void put_counts(struct lm_buf *out, const struct cases *cases)
{
    lm_buf_printf(out,
                  " name=\"%s\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" "
                  "time=\"%.3f\"",
                  cases->facts->spec->experiment, cases->tests, cases->failures, cases->errors,
                  cases->skipped, cases->facts->seconds);
}

void lm_run_junit_write(struct lm_buf *out, const struct lm_run_facts *facts)
{
    struct cases cases = {.facts = facts};
    char started[32];
    struct lm_arena_mark mark = lm_arena_mark(facts->spec->arena);
    lm_buf_init(&cases.out, 0);
    put_cases(&cases);
    lm_buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    put_counts(out, &cases);
    lm_buf_puts(out, ">\n");
    if (cases.tests > 0) { /* readers refuse a suite without cases */
        lm_buf_puts(out, "  <testsuite");
        put_counts(out, &cases);
        lm_clock_format(started, facts->started);
        started[strcspn(started, "Z")] = '\0'; /* JUnit's times have no zone */
        put_attribute(out, "timestamp", started);
        put_attribute(out, "hostname", facts->host);
        lm_buf_puts(out, ">\n");
        lm_buf_append(out, cases.out.data, cases.out.size);
        lm_buf_puts(out, "  </testsuite>\n");
    }
    lm_buf_puts(out, "</testsuites>\n");
    out->failed = out->failed || cases.out.failed;
    lm_buf_release(&cases.out);
    lm_arena_rewind(facts->spec->arena, mark);
}
