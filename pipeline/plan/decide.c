/* Gates are decided here, once: by the records of the stages they name. */
#include <math.h>
#include <string.h>

#include "compare/reason.h"
#include "plan/against.h"
#include "plan/key.h"
#include "plan/plan.h"

bool lm_plan_has_ended(const struct lm_plan *plan, size_t stage)
{
    const struct lm_plan_stage *s = &plan->stages[stage];
    bool settled = (s->state == LM_HIT || s->state == LM_DONE) && s->record != NULL;
    return !s->selected || settled || s->state == LM_FAILED || s->state == LM_SKIPPED ||
           s->state == LM_STOPPED;
}

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to decide the gates; free some");
}

/** A reason made of numbers: all digits, so that a key that holds its text holds the value. */
static struct lm_reason reason_of(struct lm_arena *arena, enum lm_reason_kind kind, double a,
                                  double b, double c)
{
    char digits[32];
    const double values[] = {a, b, c};
    struct lm_reason out = {.kind = kind};
    for (size_t i = 0; i < 3 && !lm_is_unset(values[i]); i++) {
        lm_format_double(digits, values[i]);
        out.parts[i] = lm_arena_strdup(arena, digits);
    }
    return out;
}

/** "2.11 is above 2.05", "1.98 is at most 2.05", "0.5 is between 0 and 1" */
static struct lm_reason compare(struct lm_arena *arena, const struct lm_spec_gate *gate,
                                double value)
{
    const double none = (double)NAN;
    if (value < gate->min)
        return reason_of(arena, LM_REASON_BELOW, value, gate->min, none);
    if (value > gate->max)
        return reason_of(arena, LM_REASON_ABOVE, value, gate->max, none);
    if (lm_is_unset(gate->min))
        return reason_of(arena, LM_REASON_AT_MOST, value, gate->max, none);
    if (lm_is_unset(gate->max))
        return reason_of(arena, LM_REASON_AT_LEAST, value, gate->min, none);
    return reason_of(arena, LM_REASON_BETWEEN, value, gate->min, gate->max);
}

static bool has_metric(const struct lm_record *record, const char *name)
{
    for (size_t i = 0; i < record->metric_count; i++)
        if (strcmp(record->metrics[i].name, name) == 0)
            return true;
    return false;
}

/** Why a gate is not decided by a number. */
static struct lm_reason excuse(const struct lm_plan *plan, const struct lm_spec_gate *gate)
{
    const struct lm_plan_stage *stage = &plan->stages[gate->stage];
    enum lm_reason_kind kind = !stage->selected                          ? LM_REASON_NOT_SELECTED
                               : stage->state == LM_FAILED               ? LM_REASON_FAILED
                               : stage->record == NULL                   ? LM_REASON_NO_RESULT
                               : has_metric(stage->record, gate->metric) ? LM_REASON_NOT_FINITE
                                                                         : LM_REASON_NO_METRIC;
    return (struct lm_reason){.kind = kind, .parts = {plan->spec->stages[gate->stage].id}};
}

/** A metric that is missing or not finite decides nothing: it must not pass. */
static enum lm_status decide(struct lm_gate_row *row, const struct lm_plan *plan, size_t index,
                             struct lm_err *err)
{
    const struct lm_spec_gate *gate = &plan->spec->gates[index];
    const struct lm_plan_stage *stage = &plan->stages[gate->stage];
    const struct lm_record *record = stage->selected ? stage->record : NULL;
    double value = record != NULL ? lm_record_metric(record, gate->metric) : (double)NAN;
    bool within = !(value < gate->min) && !(value > gate->max); /* a bound not given is NaN */
    struct lm_reason *why = LM_NEW(plan->arena, struct lm_reason);
    if (why == NULL)
        return no_memory(err);
    row->name = gate->text;
    row->why = why;
    row->value = isfinite(value) ? value : (double)NAN;
    row->verdict = !stage->selected   ? LM_GATE_UNSELECTED
                   : !isfinite(value) ? LM_GATE_UNDECIDED
                   : within           ? LM_GATE_PASS
                                      : LM_GATE_FAIL;
    if (isfinite(value) && gate->is_against)
        LM_TRY(lm_against_decide(&row->verdict, why, plan, index, record, err));
    else
        *why = isfinite(value) ? compare(plan->arena, gate, value) : excuse(plan, gate);
    row->reason = lm_reason_text(plan->arena, why);
    row->metric =
        lm_arena_printf(plan->arena, "%s.%s", plan->spec->stages[gate->stage].id, gate->metric);
    row->text = row->reason ? lm_arena_printf(plan->arena, "%s: %s", row->name, row->reason) : NULL;
    if (row->text == NULL || row->metric == NULL)
        return no_memory(err);
    return LM_OK;
}

enum lm_status lm_plan_decide(struct lm_gate_row **out, const struct lm_plan *plan,
                              struct lm_err *err)
{
    size_t count = plan->spec->gate_count;
    struct lm_gate_row *rows = LM_NEW_ARRAY(plan->arena, struct lm_gate_row, count);
    if (rows == NULL)
        return no_memory(err);
    for (size_t i = 0; i < count; i++)
        LM_TRY(decide(&rows[i], plan, i, err));
    *out = rows;
    return LM_OK;
}

enum lm_status lm_plan_write_experiment(struct lm_buf *out, const struct lm_plan *plan,
                                        size_t stage, struct lm_err *err)
{
    struct lm_gate_row *gates = NULL;
    LM_TRY(lm_plan_decide(&gates, plan, err));
    lm_key_write_experiment(out, plan->spec, plan->taken, stage, gates);
    return lm_buf_status(out, err);
}
