/* Which stages of a plan were asked for. */
#include "plan/plan.h"

/** Marks the stages that a target means. */
static enum lm_status mark(const struct lm_plan *plan, const char *target, bool *marked,
                           struct lm_err *err)
{
    const char *nearest = NULL;
    if (lm_spec_match(plan->spec, target, marked) > 0)
        return LM_OK;
    lm_spec_find(plan->spec, target, &nearest);
    if (nearest != NULL)
        return lm_fail(err, LM_NOT_FOUND, "%s has no stage '%s'; did you mean '%s'?",
                       plan->spec->path, target, nearest);
    return lm_fail(err, LM_NOT_FOUND, "%s has no stage '%s'; name one of its stages",
                   plan->spec->path, target);
}

/** Marks every Nth instance of the families with the most of them. */
static void mark_shard(const struct lm_spec *spec, const struct lm_selection *selection,
                       bool *marked)
{
    size_t widest = 0;
    for (size_t f = 0; f < spec->family_count; f++)
        widest = spec->families[f].count > widest ? spec->families[f].count : widest;
    for (size_t f = 0; f < spec->family_count; f++)
        for (size_t i = selection->shard - 1; i < widest && spec->families[f].count == widest;
             i += selection->shards)
            marked[spec->families[f].first + i] = true;
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

/** Keeps what a target means, and what lies in one direction of it; NULL: all. */
static enum lm_status keep(struct lm_plan *plan, const char *target,
                           void (*spread)(const struct lm_spec *spec, bool *marked), bool *marked,
                           struct lm_err *err)
{
    if (target == NULL)
        return LM_OK;
    LM_TRY(mark(plan, target, marked, err));
    spread(plan->spec, marked);
    keep_marked(plan, marked);
    return LM_OK;
}

static enum lm_status keep_targets(struct lm_plan *plan, const struct lm_selection *selection,
                                   bool *marked, struct lm_err *err)
{
    for (size_t i = 0; i < selection->target_count; i++)
        LM_TRY(mark(plan, selection->targets[i], marked, err));
    if (selection->target_count == 0)
        return LM_OK;
    if (!selection->only)
        mark_upstream(plan->spec, marked);
    keep_marked(plan, marked);
    return LM_OK;
}

static enum lm_status force(struct lm_plan *plan, const struct lm_selection *selection,
                            bool *marked, struct lm_err *err)
{
    for (size_t i = 0; i < selection->force_count; i++)
        LM_TRY(mark(plan, selection->force[i], marked, err));
    for (size_t i = 0; i < plan->spec->stage_count && selection->force_count > 0; i++)
        if (marked[i])
            plan->stages[i].forced = plan->stages[i].selected = true;
    return LM_OK;
}

enum lm_status lm_plan_select(struct lm_plan *plan, const struct lm_selection *selection,
                              struct lm_err *err)
{
    const struct lm_spec *spec = plan->spec;
    bool *marked = LM_NEW_ARRAY(plan->arena, bool, spec->stage_count);
    if (marked == NULL)
        return lm_fail(err, LM_NOMEM, "%s: no memory to plan it; free some", spec->path);
    plan->is_whole = selection->target_count == 0 && selection->from == NULL &&
                     selection->until == NULL && selection->shards == 0;
    for (size_t i = 0; i < spec->stage_count; i++)
        plan->stages[i].selected = true;
    LM_TRY(keep_targets(plan, selection, marked, err));
    LM_TRY(keep(plan, selection->until, mark_upstream, marked, err));
    LM_TRY(keep(plan, selection->from, mark_downstream, marked, err));
    if (selection->shards > 0) {
        mark_shard(spec, selection, marked);
        mark_upstream(spec, marked);
        keep_marked(plan, marked);
    }
    return force(plan, selection, marked, err);
}
