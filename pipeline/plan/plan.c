#include "plan/plan.h"

#include <inttypes.h>
#include <string.h>

#include "base/io.h"
#include "base/json.h"
#include "base/pool.h"
#include "plan/against.h"
#include "plan/hits.h"
#include "plan/key_diff.h"
#include "plan/key_facts.h"
#include "plan/states.h"
#include "spec/upstream.h"
#include "store/ahead.h"
#include "store/hold.h"

enum { NAMED = 8 }; /**< of the stages that one waits for */

static enum lm_status no_memory(const struct lm_plan *plan, struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "%s: no memory to plan it; free some", plan->spec->path);
}

/* ---- keys ---- */

/** The text in the plan's arena; `keyed`: with inputs and verdicts. */
static enum lm_status write_key(const char **out, struct lm_plan *plan, size_t stage, bool keyed,
                                struct lm_err *err)
{
    struct lm_buf text;
    lm_buf_init(&text, 0);
    enum lm_status status = lm_key_facts_write(&text, plan, stage, keyed, plan->arena, err);
    if (status == LM_OK) {
        *out = lm_arena_strndup(plan->arena, text.data, text.size);
        status = *out ? LM_OK : no_memory(plan, err);
    }
    lm_buf_release(&text);
    return status;
}

const char *lm_plan_known_text(struct lm_plan *plan, size_t stage, struct lm_err *err)
{
    const char *text = plan->stages[stage].key_text;
    if (plan->stages[stage].keyed)
        return text;
    return write_key(&text, plan, stage, false, err) == LM_OK ? text : NULL;
}

const char *lm_plan_last_text(struct lm_plan *plan, size_t stage)
{
    struct lm_plan_stage *s = &plan->stages[stage];
    struct lm_record *record;
    if (s->last == NULL || s->last_asked)
        return s->last_text;
    s->last_asked = true;
    if (lm_store_read(plan->store, &record, plan->arena, s->last, NULL) == LM_OK) {
        s->last_text = record->key_text;
        s->last_record = record;
    }
    return s->last_text;
}

/* ---- states and reasons ---- */

/** Is an output an input of some stage, or published? */
static bool is_taken(const struct lm_spec *spec, size_t stage, const struct lm_port *port)
{
    for (size_t i = 0; i < spec->stages[stage].publish_count; i++)
        if (spec->stages[stage].publish[i].port == port)
            return true;
    for (size_t i = stage + 1; i < spec->stage_count; i++)
        for (size_t k = 0; k < spec->stages[i].input_count; k++)
            if (spec->stages[i].inputs[k].stage == stage && spec->stages[i].inputs[k].from == port)
                return true;
    return false;
}

const struct lm_port *lm_plan_lacking(const struct lm_plan *plan, size_t stage,
                                      const struct lm_record *record)
{
    const struct lm_spec_stage *s = &plan->spec->stages[stage];
    for (const struct lm_port *port = s->type->outputs; port->name != NULL; port++)
        if (lm_record_output(record, lm_port_key(port)) == NULL &&
            lm_stage_has_output(s->type, s->params, port) &&
            (!(port->flags & LM_PORT_OPTIONAL) || is_taken(plan->spec, stage, port)))
            return port;
    return NULL;
}

/** Is there a record of the key, although it is a miss: are its outputs missing or damaged? */
static bool has_record(const struct lm_plan *plan, const struct lm_digest *key)
{
    struct lm_record *record;
    return lm_store_read(plan->store, &record, plan->arena, key, NULL) == LM_OK;
}

/** Why a stage without a result has none. */
static const char *miss_reason(struct lm_plan *plan, size_t stage)
{
    struct lm_plan_stage *s = &plan->stages[stage];
    struct lm_key_change *changes;
    if (has_record(plan, &s->key))
        return "outputs missing or damaged";
    if (s->last == NULL)
        return "no cached result";
    if (lm_digest_compare(s->last, &s->key) == 0)
        return "its result is not in this store";
    const char *before = lm_plan_last_text(plan, stage);
    if (before == NULL)
        return "the last result is no longer in the store";
    size_t count = lm_key_diff(&changes, plan->arena, plan->spec, stage, before, s->key_text, true);
    if (count == SIZE_MAX || count == 0)
        return "out of date";
    const char *text = lm_key_change_text(plan->arena, plan->spec, stage, &changes[0]);
    if (count > 1)
        text = lm_arena_printf(plan->arena, "%s (+%zu more)", text, count - 1);
    return text ? text : "out of date";
}

/** Stages that are awaited, each once; there may be thousands. */
struct awaited {
    size_t stages[NAMED], count;
    bool more;
};

static void await(struct awaited *awaited, size_t stage)
{
    for (size_t i = 0; i < awaited->count; i++)
        if (awaited->stages[i] == stage)
            return;
    awaited->more = awaited->count == NAMED;
    if (!awaited->more)
        awaited->stages[awaited->count++] = stage;
}

/** The stages whose results are awaited: "depends on model, tokens". */
static const char *await_reason(const struct lm_plan *plan, size_t stage)
{
    const struct lm_spec_stage *s = &plan->spec->stages[stage];
    struct awaited awaited = {.count = 0};
    const char *text = "depends on";
    for (size_t i = 0; i < s->input_count && !awaited.more; i++)
        if (!lm_plan_is_settled(plan, s->inputs[i].stage))
            await(&awaited, s->inputs[i].stage);
    if (awaited.count == 0)
        text = "depends on the gates of";
    for (size_t i = 0; i < s->after_count && !awaited.more; i++)
        if (!lm_plan_has_ended(plan, s->after[i]))
            await(&awaited, s->after[i]);
    for (size_t i = 0; i < awaited.count && text != NULL; i++)
        text = lm_arena_printf(plan->arena, "%s%s %s", text, i > 0 ? "," : "",
                               plan->spec->stages[awaited.stages[i]].id);
    if (awaited.more && text != NULL)
        text = lm_arena_printf(plan->arena, "%s and others", text);
    return text != NULL && awaited.count > 0 ? text : "depends on what is upstream";
}

/** Is what the key says of the experiment known? Not while a stage upstream may take one or
 * another.
 */
static bool are_facts_known(const struct lm_plan *plan, size_t stage)
{
    struct lm_upstream_walk walk;
    bool known = plan->taken[stage].is_known;
    if (!(plan->spec->stages[stage].type->flags & LM_STAGE_EXPERIMENT))
        return true;
    lm_upstream_begin(&walk, plan->spec, plan->taken, plan->arena, stage);
    for (size_t i; known && (i = lm_upstream_next(&walk)) != SIZE_MAX;)
        known = plan->taken[i].is_known;
    return known && !walk.failed;
}

/** A stage whose inputs are not known yet: certain to run when it never did or when what it says
 *  itself has changed. */
static enum lm_status update_unkeyed(struct lm_plan *plan, size_t stage, struct lm_err *err)
{
    struct lm_plan_stage *s = &plan->stages[stage];
    struct lm_key_change *changes;
    size_t count = 0;
    s->state = LM_MAYBE;
    s->reason = await_reason(plan, stage);
    const char *before = lm_plan_last_text(plan, stage);
    if (s->forced || before == NULL) {
        s->state = LM_RUN;
        s->reason = s->forced         ? "forced"
                    : s->last == NULL ? "no cached result"
                                      : "the last result is no longer in the store";
        return LM_OK;
    }
    if (!are_facts_known(plan, stage))
        return LM_OK;
    const char *now = lm_plan_known_text(plan, stage, err);
    if (now == NULL)
        return err ? err->status : LM_NOMEM;
    count = lm_key_diff(&changes, plan->arena, plan->spec, stage, before, now, false);
    if (count == SIZE_MAX)
        return no_memory(plan, err);
    if (count > 0) {
        s->state = LM_RUN;
        s->reason = lm_key_change_text(plan->arena, plan->spec, stage, &changes[0]);
        if (count > 1)
            s->reason = lm_arena_printf(plan->arena, "%s (+%zu more)", s->reason, count - 1);
    }
    return s->reason ? LM_OK : no_memory(plan, err);
}

/** A stage whose key is known: looked up. */
static enum lm_status update_keyed(struct lm_plan *plan, size_t stage, struct lm_err *err)
{
    struct lm_plan_stage *s = &plan->stages[stage];
    s->record = NULL;
    enum lm_status status = LM_NOT_FOUND;
    const struct lm_port *lacking = NULL;
    if (!s->forced && !s->lost)
        status = (plan->is_trusting ? lm_store_read : lm_store_find)(plan->store, &s->record,
                                                                     plan->arena, &s->key, err);
    if (status == LM_OK)
        lacking = lm_plan_lacking(plan, stage, s->record);
    if (status == LM_OK && lacking == NULL) {
        s->state = LM_HIT;
        s->reason = "up to date";
        return LM_OK;
    }
    if (status != LM_OK && status != LM_NOT_FOUND)
        return status;
    s->record = NULL;
    s->state = LM_RUN;
    s->reason = s->forced ? "forced"
                : lacking != NULL
                    ? lm_arena_printf(plan->arena, "the result lacks %s, which it has by now",
                                      lacking->name)
                    : miss_reason(plan, stage);
    s->resume = lm_store_checkpoint(plan->store, &s->key);
    if (s->resume >= 0) {
        s->state = LM_RESUME;
        s->reason = lm_arena_printf(plan->arena, "interrupted; %s", s->reason);
    }
    return s->reason ? lm_plan_find_state(plan, stage, err) : no_memory(plan, err);
}

/** A stage that has nothing to choose from is told so when it is its turn. */
static enum lm_status take(struct lm_plan *plan, size_t stage, struct lm_err *err)
{
    struct lm_plan_stage *s = &plan->stages[stage];
    struct lm_err why = {.status = LM_OK};
    enum lm_status status = lm_plan_take(plan, stage, &why);
    s->stuck = NULL;
    if (status == LM_OK)
        return LM_OK;
    if (status != LM_NOT_FOUND)
        return lm_fail(err, status, "%s", why.text);
    s->stuck = s->reason = lm_arena_strdup(plan->arena, why.text);
    s->state = LM_RUN;
    return s->stuck != NULL ? LM_OK : no_memory(plan, err);
}

enum lm_status lm_plan_update(struct lm_plan *plan, size_t stage, struct lm_err *err)
{
    const struct lm_spec_stage *spec = &plan->spec->stages[stage];
    struct lm_plan_stage *s = &plan->stages[stage];
    s->keyed = false;
    s->resume = -1;
    const struct lm_spec_file *lacking = lm_spec_lacking(spec);
    if (lacking != NULL) {
        s->stuck = s->reason = lacking->lacking;
        s->state = LM_RUN;
        return LM_OK;
    }
    for (size_t i = 0; i < spec->input_count && !spec->is_selective; i++)
        if (!lm_plan_is_settled(plan, spec->inputs[i].stage))
            return update_unkeyed(plan, stage, err);
    if (spec->is_selective)
        LM_TRY(take(plan, stage, err));
    if (s->stuck != NULL)
        return LM_OK;
    if (!plan->taken[stage].is_known)
        return update_unkeyed(plan, stage, err);
    for (size_t i = 0; i < spec->after_count; i++)
        if (!lm_plan_has_ended(plan, spec->after[i]))
            return update_unkeyed(plan, stage, err);
    LM_TRY(write_key(&s->key_text, plan, stage, true, err));
    lm_sha256_bytes(&s->key, s->key_text, strlen(s->key_text));
    s->keyed = true;
    return update_keyed(plan, stage, err);
}

/* ---- the whole ---- */

static void find_last(struct lm_plan *plan, size_t stage)
{
    const struct lm_last *row = lm_last_find(&plan->last, plan->spec->stages[stage].id);
    plan->stages[stage].last = row != NULL ? &row->key : NULL;
}

/** A selected stage may not lean on a stale one that is not selected. */
static enum lm_status check_selection(const struct lm_plan *plan, struct lm_err *err)
{
    const struct lm_spec *spec = plan->spec;
    for (size_t i = 0; i < spec->stage_count; i++) {
        bool runs = plan->stages[i].selected && plan->stages[i].state != LM_HIT;
        for (size_t k = 0; runs && k < spec->stages[i].input_count; k++) {
            size_t from = spec->stages[i].inputs[k].stage;
            if (!plan->stages[from].selected && plan->stages[from].state != LM_HIT)
                return lm_fail(err, LM_INVALID,
                               "%s needs %s, which has no current result and is not selected; "
                               "select it too",
                               spec->stages[i].id, spec->stages[from].id);
        }
    }
    return LM_OK;
}

/** Verifies the objects of all results that were found, on all threads; *any: some are lost. */
static enum lm_status verify_hits(struct lm_plan *plan, size_t threads, bool *any,
                                  struct lm_err *err)
{
    size_t stages = plan->spec->stage_count, count = 0;
    const struct lm_record **records = LM_NEW_ARRAY(plan->arena, const struct lm_record *, stages);
    size_t *places = LM_NEW_ARRAY(plan->arena, size_t, stages);
    bool *sound = LM_NEW_ARRAY(plan->arena, bool, stages);
    if (records == NULL || places == NULL || sound == NULL)
        return no_memory(plan, err);
    for (size_t i = 0; i < stages; i++)
        if (plan->stages[i].record != NULL) {
            records[count] = plan->stages[i].record;
            places[count++] = i;
        }
    LM_TRY(lm_store_verify(plan->store, sound, records, count, threads, err));
    *any = false;
    for (size_t i = 0; i < count; i++) {
        plan->stages[places[i]].lost = !sound[i];
        *any = *any || !sound[i];
    }
    return LM_OK;
}

/** The states of all stages: keys follow from records alone, so that objects are verified at once;
 *  when some are lost, once more without these results. */
static enum lm_status update_all(struct lm_plan *plan, size_t threads, struct lm_err *err)
{
    bool again = false;
    plan->is_trusting = true;
    LM_TRY(lm_plan_find_hits(plan, threads, err));
    for (size_t i = 0; i < plan->spec->stage_count; i++)
        if (!plan->stages[i].keyed)
            LM_TRY(lm_plan_update(plan, i, err));
    LM_TRY(verify_hits(plan, threads, &again, err));
    lm_store_forget_seen(plan->store);
    for (size_t i = 0; again && i < plan->spec->stage_count; i++)
        LM_TRY(lm_plan_update(plan, i, err));
    for (size_t i = 0; i < plan->spec->stage_count; i++)
        plan->stages[i].lost = false;
    plan->is_trusting = false;
    return LM_OK;
}

static enum lm_status hash_path(void *user, struct lm_digest *out, const char *path,
                                struct lm_err *err)
{
    return lm_store_hash_path(user, out, path, err);
}

void lm_plan_check_pins(const struct lm_plan *plan, size_t stage, struct lm_diag_list *diags)
{
    lm_spec_check_pins(plan->spec, stage, hash_path, plan->store, diags);
}

static enum lm_status fill(struct lm_plan *plan, struct lm_err *err)
{
    if (plan->options->hold)
        LM_TRY(lm_store_share(plan->store, &plan->lock, err));
    if (plan->options->verify_hits)
        lm_store_distrust(plan->store);
    LM_TRY(lm_plan_select(plan, &plan->options->selection, err));
    LM_TRY(lm_key_facts_check(plan, err));
    LM_TRY(lm_last_load(&plan->last, plan->arena, plan->spec->root, plan->spec->experiment, err));
    lm_machine_limits(&plan->processors, &plan->memory);
    size_t threads = plan->options->threads > 0 ? plan->options->threads : plan->processors;
    for (size_t i = 0; i < plan->spec->stage_count; i++)
        find_last(plan, i);
    LM_TRY(update_all(plan, threads, err));
    LM_TRY(lm_forecast_all(plan, threads, err));
    for (size_t i = 0; i < plan->spec->stage_count; i++) {
        const struct lm_plan_stage *s = &plan->stages[i];
        if (s->selected && s->state != LM_HIT) {
            lm_spec_check_lacking(plan->spec, i, &plan->warnings);
            lm_spec_check_memory(plan->spec, i, &s->estimate, plan->memory, &plan->warnings);
        }
    }
    plan->refused = plan->warnings.count > 0;
    LM_TRY(lm_plan_check_disk(plan, err));
    for (size_t i = 0; i < plan->spec->stage_count; i++)
        if (plan->stages[i].selected && plan->stages[i].state == LM_HIT)
            lm_plan_check_pins(plan, i, &plan->warnings);
    return plan->warnings.failed ? no_memory(plan, err) : check_selection(plan, err);
}

enum lm_status lm_plan_create(struct lm_plan **out, const struct lm_spec *spec,
                              struct lm_store *store, const struct lm_plan_options *options,
                              struct lm_err *err)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_plan *plan = arena ? LM_NEW(arena, struct lm_plan) : NULL;
    struct lm_plan_options *copy = arena ? LM_NEW(arena, struct lm_plan_options) : NULL;
    enum lm_status status =
        lm_fail(err, LM_NOMEM, "%s: no memory to plan it; free some", spec->path);
    if (plan == NULL || copy == NULL)
        goto out;
    *copy = *options;
    *plan = (struct lm_plan){
        .spec = spec, .store = store, .lock = {-1}, .arena = arena, .options = copy};
    plan->warnings.arena = arena;
    plan->stages = LM_NEW_ARRAY(arena, struct lm_plan_stage, spec->stage_count);
    plan->taken = lm_spec_taken(spec, arena);
    plan->against = lm_against_create(arena, spec);
    if (plan->stages == NULL || plan->taken == NULL || plan->against == NULL)
        goto out;
    if (err != NULL)
        *err = (struct lm_err){.status = LM_OK};
    status = fill(plan, err);
out:
    if (status == LM_OK)
        *out = plan;
    else if (plan != NULL && plan->arena != NULL)
        lm_plan_free(plan);
    else
        lm_arena_free(arena);
    return status;
}

void lm_plan_free(struct lm_plan *plan)
{
    for (size_t i = 0; plan != NULL && i < plan->kept_count; i++)
        lm_arena_free(plan->kept[i]);
    if (plan != NULL) {
        lm_lock_release(&plan->lock, NULL);
        lm_arena_free(plan->arena);
    }
}

bool lm_plan_is_stale(const struct lm_plan *plan)
{
    for (size_t i = 0; i < plan->spec->stage_count; i++)
        if (plan->stages[i].selected && plan->stages[i].state != LM_HIT)
            return true;
    return false;
}

struct lm_diags lm_plan_warnings(const struct lm_plan *plan)
{
    return (struct lm_diags){.items = plan->warnings.items, .count = plan->warnings.count};
}

enum lm_status lm_plan_refusal(const struct lm_plan *plan, struct lm_err *err)
{
    if (plan->refused)
        return lm_fail(err, LM_RANGE, "%s: %s; nothing was run", plan->warnings.items[0].field,
                       plan->warnings.items[0].text);
    if (plan->cramped != NULL)
        return lm_fail(err, LM_IO, "%s; nothing was run", plan->cramped);
    return LM_OK;
}
