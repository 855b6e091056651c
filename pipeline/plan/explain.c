/* `why`: what differs between the last result of a stage and what the spec asks for now. */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "plan/key_diff.h"
#include "plan/plan.h"

/** The answer for one stage. */
struct answer {
    struct lm_plan *plan; /* its arena takes the texts */
    size_t stage;
    const char *state;
    struct lm_key_change *changes;
    size_t count;
};

static const char *state_name(struct lm_plan *plan, const struct lm_plan_stage *stage)
{
    const char *text;
    if (stage->state == LM_RESUME)
        text = lm_arena_printf(plan->arena, "resume@%" PRId64, stage->resume);
    else
        text = stage->state == LM_HIT ? "hit" : stage->state == LM_RUN ? "run" : "maybe";
    return text ? text : "resume";
}

static enum lm_status find_answer(struct answer *out, struct lm_plan *plan, size_t stage,
                                  struct lm_err *err)
{
    struct lm_plan_stage *s = &plan->stages[stage];
    *out = (struct answer){.plan = plan, .stage = stage, .state = state_name(plan, s)};
    const char *before = lm_plan_last_text(plan, stage);
    if (before == NULL)
        return LM_OK;
    const char *now = lm_plan_known_text(plan, stage, err);
    if (now == NULL)
        return err ? err->status : LM_NOMEM;
    out->count = lm_key_diff(&out->changes, plan->arena, plan->spec, stage, before, now, s->keyed);
    if (out->count == SIZE_MAX)
        return lm_fail(err, LM_NOMEM, "no memory to explain %s; free some",
                       plan->spec->stages[stage].id);
    return LM_OK;
}

/** Is this the first input of its stage that the producer feeds? */
static bool is_first_from(const struct lm_spec_stage *stage, size_t input)
{
    for (size_t k = 0; k < input; k++)
        if (stage->inputs[k].stage == stage->inputs[input].stage)
            return false;
    return true;
}

/* ---- text ---- */

static void put_changes(struct lm_buf *out, const struct answer *answer)
{
    const struct lm_spec *spec = answer->plan->spec;
    for (size_t i = 0; i < answer->count; i++) {
        const struct lm_key_change *change = &answer->changes[i];
        lm_buf_printf(out, "  %s",
                      lm_key_change_text(answer->plan->arena, spec, answer->stage, change));
        if (change->upstream != SIZE_MAX)
            lm_buf_printf(out, "; see: lmpipe why %s %s", spec->path,
                          spec->stages[change->upstream].id);
        lm_buf_putc(out, '\n');
    }
}

/** Inputs that are not known yet. */
static void put_awaited(struct lm_buf *out, const struct answer *answer)
{
    const struct lm_plan *plan = answer->plan;
    const struct lm_spec_stage *stage = &plan->spec->stages[answer->stage];
    for (size_t i = 0;
         i < stage->input_count && !(stage->is_selective && plan->taken[answer->stage].is_known);
         i++)
        if (plan->stages[stage->inputs[i].stage].state != LM_HIT && is_first_from(stage, i))
            lm_buf_printf(out, "  input %s is not known before %s has run\n",
                          stage->inputs[i].port->name,
                          plan->spec->stages[stage->inputs[i].stage].id);
}

/** Marks the stages upstream that are certain to run: what all the waiting comes from. */
static bool *find_roots(const struct answer *answer)
{
    const struct lm_plan *plan = answer->plan;
    bool *upstream = LM_NEW_ARRAY(plan->arena, bool, plan->spec->stage_count);
    for (size_t i = answer->stage + 1; upstream != NULL && i-- > 0;) {
        const struct lm_spec_stage *stage = &plan->spec->stages[i];
        bool waits = i == answer->stage || (upstream[i] && plan->stages[i].state != LM_HIT);
        for (size_t k = 0; waits && k < stage->input_count; k++)
            upstream[stage->inputs[k].stage] = true;
    }
    for (size_t i = 0; upstream != NULL && i < plan->spec->stage_count; i++)
        upstream[i] =
            upstream[i] && (plan->stages[i].state == LM_RUN || plan->stages[i].state == LM_RESUME);
    return upstream;
}

static void put_roots(struct lm_buf *out, const struct answer *answer)
{
    const struct lm_plan *plan = answer->plan;
    const bool *roots = find_roots(answer);
    for (size_t i = 0; roots != NULL && i < answer->stage; i++)
        if (roots[i])
            lm_buf_printf(out, "  %s will run: %s; see: lmpipe why %s %s\n",
                          plan->spec->stages[i].id, plan->stages[i].reason, plan->spec->path,
                          plan->spec->stages[i].id);
}

static void put_text(struct lm_buf *out, const struct answer *answer)
{
    const struct lm_plan *plan = answer->plan;
    const struct lm_plan_stage *s = &plan->stages[answer->stage];
    const char *id = plan->spec->stages[answer->stage].id;
    bool changed = answer->count > 0;
    if (s->state == LM_HIT)
        lm_buf_printf(out, "%s: hit, %s\n", id,
                      changed ? "by an earlier result; since the last one:"
                              : "nothing has changed");
    else if (changed)
        lm_buf_printf(out, "%s: %s\n", id, answer->state);
    else
        lm_buf_printf(out, "%s: %s, %s\n", id, answer->state, s->reason);
    put_changes(out, answer);
    const char *choices = lm_plan_choices(plan, answer->stage);
    if (choices[0] != '\0')
        lm_buf_printf(out, "  %s\n", choices);
    if (!s->keyed) {
        put_awaited(out, answer);
        put_roots(out, answer);
    }
}

/* ---- JSON ---- */

static void put_origin(struct lm_json_writer *writer, const struct lm_origin *origin)
{
    if (origin->file == NULL)
        return;
    lm_json_member_string(writer, "file", origin->file);
    if (origin->line > 0)
        lm_json_member_int(writer, "line", origin->line);
    if (origin->via != NULL)
        lm_json_member_string(writer, "via", origin->via);
}

static void put_change_object(struct lm_json_writer *writer, const struct answer *answer,
                              const struct lm_key_change *change)
{
    const struct lm_spec *spec = answer->plan->spec;
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "kind", change->kind);
    if (change->name[0])
        lm_json_member_string(writer, "name", change->name);
    if (change->before != NULL)
        lm_json_member_string(writer, "before", change->before);
    if (change->now != NULL)
        lm_json_member_string(writer, "now", change->now);
    put_origin(writer, &change->origin);
    if (change->upstream != SIZE_MAX)
        lm_json_member_string(writer, "upstream", spec->stages[change->upstream].id);
    lm_json_member_string(writer, "text",
                          lm_key_change_text(answer->plan->arena, spec, answer->stage, change));
    lm_json_close(writer, '}');
}

static void put_json(struct lm_buf *out, const struct answer *answer)
{
    const struct lm_plan *plan = answer->plan;
    const struct lm_spec_stage *stage = &plan->spec->stages[answer->stage];
    struct lm_json_writer writer;
    lm_json_begin(&writer, out, true);
    lm_json_open(&writer, '{');
    lm_json_member_string(&writer, "stage", stage->id);
    lm_json_member_string(&writer, "state", answer->state);
    lm_json_member_string(&writer, "reason", plan->stages[answer->stage].reason);
    lm_json_key(&writer, "changes");
    lm_json_open(&writer, '[');
    for (size_t i = 0; i < answer->count; i++)
        put_change_object(&writer, answer, &answer->changes[i]);
    lm_json_close(&writer, ']');
    lm_json_key(&writer, "awaits");
    lm_json_open(&writer, '[');
    for (size_t i = 0; i < stage->input_count; i++)
        if (plan->stages[stage->inputs[i].stage].state != LM_HIT && is_first_from(stage, i))
            lm_json_put_string(&writer, plan->spec->stages[stage->inputs[i].stage].id);
    lm_json_close(&writer, ']');
    lm_json_key(&writer, "because");
    lm_json_open(&writer, '[');
    const bool *roots = plan->stages[answer->stage].keyed ? NULL : find_roots(answer);
    for (size_t i = 0; roots != NULL && i < answer->stage; i++)
        if (roots[i])
            lm_json_put_string(&writer, plan->spec->stages[i].id);
    lm_json_close(&writer, ']');
    lm_json_close(&writer, '}');
    lm_buf_putc(out, '\n');
}

enum lm_status lm_plan_explain(struct lm_plan *plan, size_t stage, bool json, FILE *out,
                               struct lm_err *err)
{
    struct answer answer;
    struct lm_buf text;
    LM_TRY(find_answer(&answer, plan, stage, err));
    lm_buf_init(&text, 0);
    if (json)
        put_json(&text, &answer);
    else
        put_text(&text, &answer);
    enum lm_status status = lm_buf_print(&text, out, err);
    lm_buf_release(&text);
    return status;
}
