#include <math.h>

#include "runs/run_files.h"

static const char *gate_text(const struct lm_plan *plan, const struct lm_spec_gate *gate,
                             const char *value)
{
    return lm_arena_printf(plan->arena, "%s: %s", gate->text, value);
}

/** A metric that is missing or not finite decides nothing: it must not pass. */
static bool decide(struct lm_gate_row *row, const struct lm_plan *plan,
                   const struct lm_spec_gate *gate)
{
    const struct lm_plan_stage *stage = &plan->stages[gate->stage];
    char text[32];
    if (!stage->selected) {
        row->verdict = LM_GATE_UNSELECTED;
        row->text = gate_text(plan, gate, "not selected");
        return row->text != NULL;
    }
    double value =
        stage->record != NULL ? lm_record_metric(stage->record, gate->metric) : (double)NAN;
    bool within = !(value < gate->min) && !(value > gate->max); /* a bound not given is NaN */
    row->verdict = !isfinite(value) ? LM_GATE_UNDECIDED : within ? LM_GATE_PASS : LM_GATE_FAIL;
    row->text = gate_text(plan, gate,
                          stage->record == NULL ? "no result"
                          : isnan(value)        ? "no such metric in the result"
                                                : lm_format_double(text, value));
    return row->text != NULL;
}

enum lm_status lm_gates_decide(struct lm_gate_row **out, const struct lm_plan *plan,
                               struct lm_err *err)
{
    size_t count = plan->spec->gate_count;
    struct lm_gate_row *rows = LM_NEW_ARRAY(plan->arena, struct lm_gate_row, count);
    bool fine = rows != NULL;
    for (size_t i = 0; i < count && fine; i++)
        fine = decide(&rows[i], plan, &plan->spec->gates[i]);
    if (!fine)
        return lm_fail(err, LM_NOMEM, "out of memory deciding gates");
    *out = rows;
    return LM_OK;
}

int lm_gates_exit_code(const struct lm_gate_row *gates, size_t count)
{
    int code = 0;
    for (size_t i = 0; i < count; i++) {
        if (gates[i].verdict == LM_GATE_FAIL)
            return 4;
        if (gates[i].verdict == LM_GATE_UNDECIDED)
            code = 5;
    }
    return code;
}
