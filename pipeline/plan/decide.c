/* Gates are decided here, once: by the records of the stages they name. */
#include <math.h>
#include <string.h>

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

/** "2.11 is above 2.05", "1.98 is at most 2.05", "0.5 is between 0 and 1": all digits, so that a
 *  key that holds the text holds the value. */
static const char *compare(struct lm_arena *arena, const struct lm_spec_gate *gate, double value)
{
    char v[32], low[32], high[32];
    lm_format_double(v, value);
    lm_format_double(low, gate->min);
    lm_format_double(high, gate->max);
    if (value < gate->min)
        return lm_arena_printf(arena, "%s is below %s", v, low);
    if (value > gate->max)
        return lm_arena_printf(arena, "%s is above %s", v, high);
    if (lm_is_unset(gate->min))
        return lm_arena_printf(arena, "%s is at most %s", v, high);
    if (lm_is_unset(gate->max))
        return lm_arena_printf(arena, "%s is at least %s", v, low);
    return lm_arena_printf(arena, "%s is between %s and %s", v, low, high);
}

static bool has_metric(const struct lm_record *record, const char *name)
{
    for (size_t i = 0; i < record->metric_count; i++)
        if (strcmp(record->metrics[i].name, name) == 0)
            return true;
    return false;
}

/** Why a gate is not decided by a number. */
static const char *excuse(struct lm_arena *arena, const struct lm_plan *plan,
                          const struct lm_spec_gate *gate)
{
    const struct lm_plan_stage *stage = &plan->stages[gate->stage];
    const char *id = plan->spec->stages[gate->stage].id;
    if (!stage->selected)
        return lm_arena_printf(arena, "%s was not selected", id);
    if (stage->state == LM_FAILED)
        return lm_arena_printf(arena, "%s has failed", id);
    if (stage->record == NULL)
        return lm_arena_printf(arena, "%s has no result", id);
    if (has_metric(stage->record, gate->metric))
        return lm_arena_printf(arena, "the metric is not finite");
    return lm_arena_printf(arena, "the result of %s has no such metric", id);
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
    row->name = gate->text;
    row->value = isfinite(value) ? value : (double)NAN;
    row->verdict = !stage->selected   ? LM_GATE_UNSELECTED
                   : !isfinite(value) ? LM_GATE_UNDECIDED
                   : within           ? LM_GATE_PASS
                                      : LM_GATE_FAIL;
    if (isfinite(value) && gate->is_against)
        LM_TRY(lm_against_decide(&row->verdict, &row->reason, plan, index, record, err));
    else
        row->reason =
            isfinite(value) ? compare(plan->arena, gate, value) : excuse(plan->arena, plan, gate);
    row->metric =
        lm_arena_printf(plan->arena, "%s.%s", plan->spec->stages[gate->stage].id, gate->metric);
    row->text = row->reason ? lm_arena_printf(plan->arena, "%s: %s", row->name, row->reason) : NULL;
    if (row->text == NULL || row->metric == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to decide the gates; free some");
    return LM_OK;
}

enum lm_status lm_plan_decide(struct lm_gate_row **out, const struct lm_plan *plan,
                              struct lm_err *err)
{
    size_t count = plan->spec->gate_count;
    struct lm_gate_row *rows = LM_NEW_ARRAY(plan->arena, struct lm_gate_row, count);
    if (rows == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to decide the gates; free some");
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
