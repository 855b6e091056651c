/* Which stages of a plan were asked for. */
#include "plan/plan.h"

static enum lm_status find(size_t *index, const struct lm_plan *plan, const char *id,
                           struct lm_err *err)
{
    const char *nearest = NULL;
    *index = lm_spec_find(plan->spec, id, &nearest);
    if (*index != (size_t)-1)
        return LM_OK;
    if (nearest != NULL)
        return lm_fail(err, LM_NOT_FOUND, "%s has no stage '%s'; did you mean '%s'?",
                       plan->spec->path, id, nearest);
    return lm_fail(err, LM_NOT_FOUND, "%s has no stage '%s'; name one of its stages",
                   plan->spec->path, id);
}

/** Adds to the marked stages all that lie upstream of them. */
static void mark_upstream(const struct lm_spec *spec, bool *marked)
{
    for (size_t i = spec->stage_count; i-- > 0;)
        for (size_t k = 0; marked[i] && k < spec->stages[i].input_count; k++)
            marked[spec->stages[i].inputs[k].stage] = true;
}

/** Adds to the marked stages all that lie downstream of them. */
static void mark_downstream(const struct lm_spec *spec, bool *marked)
{
    for (size_t i = 0; i < spec->stage_count; i++)
        for (size_t k = 0; k < spec->stages[i].input_count; k++)
            marked[i] = marked[i] || marked[spec->stages[i].inputs[k].stage];
}

/** Keeps selected only what is marked too; clears the marks. */
static void keep_marked(struct lm_plan *plan, bool *marked)
{
    for (size_t i = 0; i < plan->spec->stage_count; i++) {
        plan->stages[i].selected = plan->stages[i].selected && marked[i];
        marked[i] = false;
    }
}

enum lm_status lm_plan_select(struct lm_plan *plan, const struct lm_selection *selection,
                              struct lm_err *err)
{
    const struct lm_spec *spec = plan->spec;
    bool *marked = LM_NEW_ARRAY(plan->arena, bool, spec->stage_count);
    size_t index;
    if (marked == NULL)
        return lm_fail(err, LM_NOMEM, "%s: no memory to plan it; free some", spec->path);
    for (size_t i = 0; i < spec->stage_count; i++)
        plan->stages[i].selected = true;
    for (size_t i = 0; i < selection->target_count; i++) {
        LM_TRY(find(&index, plan, selection->targets[i], err));
        marked[index] = true;
    }
    if (selection->target_count > 0) {
        if (!selection->only)
            mark_upstream(spec, marked);
        keep_marked(plan, marked);
    }
    if (selection->until != NULL) {
        LM_TRY(find(&index, plan, selection->until, err));
        marked[index] = true;
        mark_upstream(spec, marked);
        keep_marked(plan, marked);
    }
    if (selection->from != NULL) {
        LM_TRY(find(&index, plan, selection->from, err));
        marked[index] = true;
        mark_downstream(spec, marked);
        keep_marked(plan, marked);
    }
    for (size_t i = 0; i < selection->force_count; i++) {
        LM_TRY(find(&index, plan, selection->force[i], err));
        plan->stages[index].forced = plan->stages[index].selected = true;
    }
    return LM_OK;
}
