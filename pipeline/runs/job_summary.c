/* summary.md (docs/formats/ci.md): a run on half a page, for the summary of a job and for comments.
 * Every part has its share of the whole; what does not fit is counted. */
#include <math.h>
#include <string.h>

#include "compare/baseline.h"
#include "page/markdown.h"
#include "page/numtext.h"
#include "plan/against.h"
#include "plan/key.h"
#include "runs/events.h"
#include "runs/run_files.h"

enum {
    FOLDED = 8,     /**< instances of a family that have a row each */
    TEXT_MAX = 400, /**< bytes of a foreign text */
    /* Where the parts end at most; LM_JOB_SUMMARY_MAX leaves room for a line that counts. */
    FAILURES_END = 14000,
    GATES_END = 30000,
    CHANGES_END = 44000,
    STAGES_END = LM_JOB_SUMMARY_MAX - 1000
};

struct summary {
    struct lm_buf *out;
    struct lm_buf row; /**< that is being written */
    const struct lm_run_facts *facts;
    size_t end;         /**< of the part, in bytes of `out` */
    size_t rows, extra; /**< of it: written, and such that did not fit */
};

/* ---- parts ---- */

static void begin_part(struct summary *summary, size_t end)
{
    summary->end = end;
    summary->rows = summary->extra = 0;
}

/** The row that was written goes to the part, behind `head` when it is the first. */
static void end_row(struct summary *summary, const char *head)
{
    size_t size = summary->row.size + (summary->rows == 0 ? strlen(head) : 0);
    bool fits = summary->extra == 0 && summary->out->size + size <= summary->end;
    summary->out->failed = summary->out->failed || summary->row.failed;
    if (fits && summary->rows == 0)
        lm_buf_puts(summary->out, head);
    if (fits && !summary->row.failed)
        lm_buf_append(summary->out, summary->row.data, summary->row.size);
    summary->rows += fits;
    summary->extra += !fits;
    lm_buf_clear(&summary->row);
}

static void end_part(struct summary *summary, const char *what)
{
    if (summary->extra > 0)
        lm_buf_printf(summary->out, "\n%s more %s are not shown.\n",
                      lm_num_count((int64_t)summary->extra).text, what);
    if (summary->rows > 0)
        lm_buf_putc(summary->out, '\n');
}

/** A foreign text, cut between characters. */
static void put_text(struct lm_buf *out, const char *text)
{
    size_t size = strlen(text), length = size;
    if (size > TEXT_MAX)
        for (length = TEXT_MAX; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;)
            length--;
    lm_markdown_text(out, text, length);
    if (length < size)
        lm_buf_puts(out, "…");
}

static void put_cell(struct summary *summary, const char *text)
{
    lm_buf_puts(&summary->row, "| ");
    put_text(&summary->row, text);
    lm_buf_putc(&summary->row, ' ');
}

static void put_number(struct summary *summary, double v)
{
    lm_buf_printf(&summary->row, "| %s ", isfinite(v) ? lm_num_short(v, 6).text : "");
}

/* ---- the result ---- */

static const char *verdict(int code)
{
    static const struct {
        int code;
        const char *words;
    } rows[] = {{0, "passed"},
                {1, "a stage failed"},
                {3, "the store cannot be used"},
                {4, "a gate failed"},
                {5, "a gate is undecided"},
                {6, "results are not what they were"},
                {75, "interrupted, run again to resume"}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].code == code)
            return rows[i].words;
    return "ended at once";
}

/** ", 7 hit", for every state or verdict that occurs. */
static void put_counts(struct lm_buf *out, const size_t *counts, size_t count,
                       const char *(*name)(int which))
{
    const char *before = " (";
    for (size_t i = 0; i < count; i++) {
        if (counts[i] == 0)
            continue;
        lm_buf_printf(out, "%s%s %s", before, lm_num_count((int64_t)counts[i]).text, name((int)i));
        before = ", ";
    }
    lm_buf_puts(out, before[0] == ',' ? ")" : "");
}

static const char *name_state(int state)
{
    return lm_state_name((enum lm_state)state);
}

static const char *name_verdict(int v)
{
    return lm_gate_verdict_name((enum lm_gate_verdict)v);
}

static void put_head(struct summary *summary)
{
    const struct lm_run_facts *facts = summary->facts;
    struct lm_buf *out = summary->out;
    int code = facts->result->exit_code;
    size_t states[LM_STOPPED + 1] = {0}, verdicts[LM_GATE_UNSELECTED + 1] = {0}, stages = 0;
    for (size_t i = 0; i < facts->spec->stage_count; i++) {
        stages += facts->plan->stages[i].selected;
        states[facts->stages[i].state] += facts->plan->stages[i].selected;
    }
    for (size_t i = 0; i < facts->result->gate_count; i++)
        verdicts[facts->result->gates[i].verdict]++;
    lm_buf_puts(out, "### ");
    put_text(out, facts->spec->experiment);
    lm_buf_printf(out, "&#58; %s\n\nexit status %d · %s stages", verdict(code), code,
                  lm_num_count((int64_t)stages).text);
    put_counts(out, states, LM_STOPPED + 1, name_state);
    lm_buf_printf(out, " · %s gates", lm_num_count((int64_t)facts->result->gate_count).text);
    put_counts(out, verdicts, LM_GATE_UNSELECTED + 1, name_verdict);
    lm_buf_printf(out, " · %s\n\n", lm_num_seconds(facts->seconds).text);
    if (facts->result->error != NULL) {
        put_text(out, facts->result->error);
        lm_buf_puts(out, "\n\n");
    }
}

static void put_failures(struct summary *summary)
{
    const struct lm_run_facts *facts = summary->facts;
    begin_part(summary, FAILURES_END);
    for (size_t i = 0; i < facts->spec->stage_count; i++) {
        if (!facts->plan->stages[i].selected || facts->stages[i].state != LM_FAILED)
            continue;
        put_cell(summary, facts->spec->stages[i].id);
        put_cell(summary, facts->stages[i].error != NULL ? facts->stages[i].error : "");
        lm_buf_puts(&summary->row, "|\n");
        end_row(summary, "| failed stage | why |\n|---|---|\n");
    }
    end_part(summary, "failed stages");
}

/* ---- gates ---- */

static void put_interval(struct summary *summary, size_t i)
{
    const struct lm_spec_gate *gate = &summary->facts->spec->gates[i];
    const struct lm_record *record = summary->facts->plan->stages[gate->stage].record;
    double bounds[2] = {(double)NAN, (double)NAN};
    struct lm_buf name;
    lm_buf_init(&name, 0);
    for (int side = 0; record != NULL && side < 2; side++) {
        lm_buf_clear(&name);
        lm_buf_printf(&name, "%s.%s", gate->metric, side == 0 ? "lo" : "hi");
        bounds[side] = name.failed ? (double)NAN : lm_record_metric(record, name.data);
    }
    lm_buf_release(&name);
    lm_buf_puts(&summary->row, "| ");
    if (isfinite(bounds[0]) && isfinite(bounds[1]))
        lm_buf_printf(&summary->row, "%s – %s ", lm_num_short(bounds[0], 6).text,
                      lm_num_short(bounds[1], 6).text);
}

static void put_gate(struct summary *summary, size_t i)
{
    const struct lm_gate_row *gate = &summary->facts->result->gates[i];
    size_t length = strlen(gate->metric);
    bool is_split = strncmp(gate->name, gate->metric, length) == 0 && gate->name[length] == ' ';
    put_cell(summary, is_split ? gate->metric : gate->name);
    put_cell(summary, is_split ? gate->name + length + 1 : "");
    put_number(summary, gate->value);
    put_interval(summary, i);
    lm_buf_printf(&summary->row, "| %s ", lm_gate_verdict_name(gate->verdict));
    put_cell(summary, gate->reason);
    lm_buf_puts(&summary->row, "|\n");
    end_row(summary, "| gate | bound | measured | interval | result | why |\n"
                     "|---|---|--:|---|---|---|\n");
}

static void put_gates(struct summary *summary)
{
    static const enum lm_gate_verdict order[] = {LM_GATE_FAIL, LM_GATE_UNDECIDED, LM_GATE_PASS,
                                                 LM_GATE_UNSELECTED};
    const struct lm_run_result *result = summary->facts->result;
    begin_part(summary, GATES_END);
    for (size_t k = 0; k < sizeof order / sizeof order[0]; k++)
        for (size_t i = 0; i < result->gate_count; i++)
            if (result->gates[i].verdict == order[k])
                put_gate(summary, i);
    end_part(summary, "gates");
}

/* ---- changes against the baseline ---- */

static void put_change(struct summary *summary, const struct lm_spec_stage *stage,
                       const char *metric, double before, double now)
{
    enum lm_better better = lm_run_better(stage, metric);
    bool is_better = (now < before) == (better == LM_BETTER_LOWER);
    struct lm_buf name;
    lm_buf_init(&name, 0);
    lm_buf_printf(&name, "%s.%s", stage->id, metric);
    put_cell(summary, name.failed ? "" : name.data);
    lm_buf_release(&name);
    put_number(summary, before);
    put_number(summary, now);
    lm_buf_printf(&summary->row, "| %s%s | %s |\n", now > before ? "+" : "",
                  lm_num_short(now - before, 4).text, is_better ? "better" : "worse");
    end_row(summary, "| metric | baseline | now | change | direction |\n|---|--:|--:|--:|---|\n");
}

/** Metrics that tell better from worse and differ; what is equal is counted. */
static size_t put_changes_of(struct summary *summary, size_t i,
                             const struct lm_baseline_stage *before)
{
    const struct lm_spec_stage *stage = &summary->facts->spec->stages[i];
    const struct lm_record *record = summary->facts->plan->stages[i].record;
    size_t equal = 0;
    for (size_t k = 0; k < record->metric_count; k++) {
        double now = record->metrics[k].value;
        double then = lm_baseline_metric(before, record->metrics[k].name);
        if (lm_run_better(stage, record->metrics[k].name) == LM_BETTER_NONE || !isfinite(now) ||
            !isfinite(then))
            continue;
        equal += now == then;
        if (now != then)
            put_change(summary, stage, record->metrics[k].name, then, now);
    }
    return equal;
}

static void put_changes(struct summary *summary)
{
    const struct lm_run_facts *facts = summary->facts;
    const struct lm_baseline *baseline = lm_against_baseline(facts->plan);
    size_t equal = 0, missing = 0;
    if (facts->spec->baseline == NULL)
        return;
    begin_part(summary, CHANGES_END);
    for (size_t i = 0; baseline != NULL && i < facts->spec->stage_count; i++) {
        const struct lm_record *record = facts->plan->stages[i].record;
        const struct lm_baseline_stage *before =
            lm_baseline_find(baseline, facts->spec->stages[i].id);
        bool is_here = facts->plan->stages[i].selected && record != NULL;
        missing += is_here && before == NULL && record->metric_count > 0;
        if (is_here && before != NULL)
            equal += put_changes_of(summary, i, before);
    }
    end_part(summary, "changed metrics");
    if (baseline == NULL)
        lm_buf_puts(summary->out, "The baseline could not be read.\n\n");
    else
        lm_buf_printf(summary->out, "Against the baseline: %s metrics changed, %s did not",
                      lm_num_count((int64_t)(summary->rows + summary->extra)).text,
                      lm_num_count((int64_t)equal).text);
    if (missing > 0)
        lm_buf_printf(summary->out, "; %s stages are new", lm_num_count((int64_t)missing).text);
    lm_buf_puts(summary->out, baseline != NULL ? ".\n\n" : "");
}

/* ---- stages ---- */

#define STAGE_HEAD "| stage | state | time | result |\n|---|---|--:|---|\n"

static double seconds_of(const struct summary *summary, size_t i)
{
    const struct lm_execution *execution = summary->facts->stages[i].execution;
    return execution != NULL ? execution->seconds : 0;
}

static void put_seconds(struct summary *summary, double seconds)
{
    lm_buf_printf(&summary->row, "| %s ", seconds > 0 ? lm_num_seconds(seconds).text : "");
}

static void put_stage(struct summary *summary, size_t i)
{
    const struct lm_run_stage *ran = &summary->facts->stages[i];
    const struct lm_record *record = summary->facts->plan->stages[i].record;
    put_cell(summary, summary->facts->spec->stages[i].id);
    put_cell(summary, lm_state_name(ran->state));
    put_seconds(summary, seconds_of(summary, i));
    put_cell(summary, lm_state_is_fine(ran->state) && record != NULL ? record->headline : "");
    lm_buf_puts(&summary->row, "|\n");
    end_row(summary, STAGE_HEAD);
}

/** A family with many instances in one row. */
static void put_folded(struct summary *summary, const struct lm_spec_family *family,
                       size_t selected)
{
    const struct lm_run_facts *facts = summary->facts;
    size_t states[LM_STOPPED + 1] = {0};
    double seconds = 0;
    for (size_t i = family->first; i < family->first + family->count; i++) {
        states[facts->stages[i].state] += facts->plan->stages[i].selected;
        seconds += facts->plan->stages[i].selected ? seconds_of(summary, i) : 0;
    }
    put_cell(summary, family->id);
    lm_buf_printf(&summary->row, "| %s instances", lm_num_count((int64_t)selected).text);
    put_counts(&summary->row, states, LM_STOPPED + 1, name_state);
    lm_buf_putc(&summary->row, ' ');
    put_seconds(summary, seconds);
    lm_buf_puts(&summary->row, "| |\n");
    end_row(summary, STAGE_HEAD);
}

static void put_stages(struct summary *summary)
{
    const struct lm_run_facts *facts = summary->facts;
    begin_part(summary, STAGES_END);
    for (size_t f = 0; f < facts->spec->family_count; f++) {
        const struct lm_spec_family *family = &facts->spec->families[f];
        size_t selected = 0, end = family->first + family->count;
        for (size_t i = family->first; i < end; i++)
            selected += facts->plan->stages[i].selected;
        if (selected > FOLDED)
            put_folded(summary, family, selected);
        for (size_t i = family->first; selected <= FOLDED && i < end; i++)
            if (facts->plan->stages[i].selected)
                put_stage(summary, i);
    }
    end_part(summary, "stages");
}

void lm_run_job_summary_write(struct lm_buf *out, const struct lm_run_facts *facts)
{
    struct summary summary = {.out = out, .facts = facts};
    lm_buf_init(&summary.row, 0);
    put_head(&summary);
    put_failures(&summary);
    put_gates(&summary);
    put_changes(&summary);
    put_stages(&summary);
    lm_buf_release(&summary.row);
}
