#include "plan/states.h"

#include <inttypes.h>
#include <string.h>

#include "page/numtext.h"
#include "plan/key_facts.h"

static enum lm_status no_memory(const struct lm_plan *plan, struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "%s: no memory to plan it; free some", plan->spec->path);
}

/** Asks the type, and names the state. */
static enum lm_status name_state(struct lm_prefix *prefix, struct lm_plan *plan, size_t stage,
                                 struct lm_err *err)
{
    const struct lm_spec_stage *spec = &plan->spec->stages[stage];
    struct lm_plan_stage *s = &plan->stages[stage];
    struct lm_arena_mark mark = lm_arena_mark(plan->arena);
    void *params = lm_arena_alloc(plan->arena, spec->type->params_size);
    struct lm_buf text;
    if (params == NULL)
        return no_memory(plan, err);
    memcpy(params, spec->params, spec->type->params_size);
    s->has_prefix = spec->type->prefix(params, prefix);
    if (!s->has_prefix)
        return LM_OK;
    lm_buf_init(&text, 0);
    enum lm_status status =
        lm_key_facts_write_prefix(&text, plan, stage, params, prefix, plan->arena, err);
    if (status == LM_OK)
        lm_sha256_bytes(&s->prefix, text.data, text.size);
    lm_buf_release(&text);
    lm_arena_rewind(plan->arena, mark);
    s->all_steps = prefix->all_steps;
    return status;
}

/** Work on parts of an input: which of them this one has is seen when it reads it. */
static enum lm_status tell_parts(struct lm_plan *plan, struct lm_plan_stage *s, int64_t stands,
                                 struct lm_err *err)
{
    struct lm_num bytes = lm_num_plain(lm_num_bytes((uint64_t)stands));
    s->kept = (uint64_t)stands;
    s->reason =
        lm_arena_printf(plan->arena, "takes up the work on at most %s; %s", bytes.text, s->reason);
    return s->reason != NULL ? LM_OK : no_memory(plan, err);
}

enum lm_status lm_plan_find_state(struct lm_plan *plan, size_t stage, struct lm_err *err)
{
    struct lm_plan_stage *s = &plan->stages[stage];
    struct lm_prefix prefix = {0};
    s->has_prefix = false;
    s->kept = 0;
    if (plan->spec->stages[stage].type->prefix == NULL)
        return LM_OK;
    LM_TRY(name_state(&prefix, plan, stage, err));
    if (!s->has_prefix || s->forced)
        return LM_OK;
    int64_t stands = lm_store_state(plan->store, plan->arena, &s->prefix);
    if (stands > 0 && prefix.parts != NULL)
        return tell_parts(plan, s, stands, err);
    if (stands <= 0 || (uint64_t)stands > prefix.steps || stands <= s->resume)
        return LM_OK;
    s->state = LM_RUN;
    s->resume = stands;
    s->reason = lm_arena_printf(plan->arena, "continues at %" PRId64 " of %" PRIu64 "; %s", stands,
                                s->all_steps, s->reason);
    return s->reason != NULL ? LM_OK : no_memory(plan, err);
}
