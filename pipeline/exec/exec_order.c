#include <string.h>

#include "base/clock.h"
#include "base/pool.h"
#include "exec/exec.h"

bool lm_state_is_fine(enum lm_state state)
{
    return state == LM_HIT || state == LM_DONE;
}

size_t lm_exec_count(const struct lm_exec *exec, enum lm_phase phase)
{
    size_t count = 0;
    for (size_t i = 0; i < exec->spec->stage_count; i++)
        count += exec->nodes[i].phase == phase;
    return count;
}

/** Notes the key of a stage that is up to date, unless it is noted. */
static void note_last(struct lm_exec *exec, const struct lm_plan_stage *planned, const char *id)
{
    struct lm_err err = {LM_OK, ""};
    bool known = planned->last != NULL && lm_digest_compare(planned->last, &planned->key) == 0;
    if (!known && lm_last_note(exec->spec, id, &planned->key, &err) != LM_OK)
        lm_exec_note(exec, NULL, err.text);
}

void lm_exec_finish(struct lm_exec *exec, struct lm_node *node, enum lm_state state,
                    const char *error)
{
    struct lm_plan_stage *planned = &exec->plan->stages[node->index];
    bool hit = state == LM_HIT;
    node->phase = LM_FINISHED;
    node->state = planned->state = state;
    node->error = error;
    node->end_ns = lm_clock_monotonic_ns();
    exec->failed = exec->failed || state == LM_FAILED;
    if (lm_state_is_fine(state))
        note_last(exec, planned, exec->spec->stages[node->index].id);
    else
        planned->record = NULL; /* an older result of a stage that was forced */
    const char *headline = planned->record != NULL ? planned->record->headline : NULL;
    struct lm_run_event event = {
        .kind = hit ? LM_EV_STAGE_HIT : LM_EV_STAGE_END,
        .stage = exec->spec->stages[node->index].id,
        .state = state,
        .text = error != NULL ? error
                : hit         ? planned->reason
                              : headline,
        .value = node->begin_ns > 0 ? (double)(node->end_ns - node->begin_ns) * 1e-9 : 0};
    lm_events_emit(&exec->events, &event, true);
}

/* ---- may it run? ---- */

enum readiness { READY, NOT_YET, NEVER };

/** NEVER: something upstream has failed (its own row says why), or is not selected and has no
 *  result (*why says so). */
static enum readiness readiness_of(struct lm_exec *exec, const struct lm_node *node,
                                   const char **why)
{
    const struct lm_spec_stage *stage = &exec->spec->stages[node->index];
    enum readiness readiness = READY;
    for (size_t i = 0; i < stage->input_count; i++) {
        size_t upstream = stage->inputs[i].stage;
        const struct lm_node *from = &exec->nodes[upstream];
        if (from->phase != LM_FINISHED) {
            readiness = readiness == NEVER ? NEVER : NOT_YET;
        } else if (exec->plan->stages[upstream].record == NULL) {
            readiness = NEVER;
            if (!exec->plan->stages[upstream].selected)
                *why =
                    lm_arena_printf(exec->arena, "%s has no result and is not selected; run it too",
                                    exec->spec->stages[upstream].id);
        }
    }
    for (size_t i = 0; i < stage->after_count && readiness == READY; i++)
        if (exec->nodes[stage->after[i]].phase != LM_FINISHED)
            readiness = NOT_YET;
    return readiness;
}

/** True when anything upstream was executed in this run, so that the plan must be looked at again.
 */
static bool is_plan_old(const struct lm_exec *exec, const struct lm_node *node)
{
    const struct lm_spec_stage *stage = &exec->spec->stages[node->index];
    if (!exec->plan->stages[node->index].keyed)
        return true;
    for (size_t i = 0; i < stage->input_count; i++)
        if (exec->nodes[stage->inputs[i].stage].state != LM_HIT)
            return true;
    for (size_t i = 0; i < stage->after_count; i++)
        if (exec->nodes[stage->after[i]].state != LM_HIT)
            return true;
    return false;
}

/* ---- is there room? ---- */

static bool share_a_mutex(const struct lm_spec_stage *a, const struct lm_spec_stage *b)
{
    for (const char *const *x = a->mutex; x != NULL && *x != NULL; x++)
        for (const char *const *y = b->mutex; y != NULL && *y != NULL; y++)
            if (strcmp(*x, *y) == 0)
                return true;
    return false;
}

static uint64_t memory_of(const struct lm_exec *exec, size_t stage)
{
    return lm_spec_need(exec->spec, stage, &exec->plan->stages[stage].estimate);
}

/** Says so when others hold what a stage will need; it is tried all the same. */
static void tell_shortage(struct lm_exec *exec, const struct lm_node *node)
{
    uint64_t need = memory_of(exec, node->index), left = lm_memory_available();
    const char *text =
        need > left
            ? lm_arena_printf(exec->arena,
                              "needs about %.0f MiB of memory, %.0f MiB are available now; close "
                              "other programs if it becomes slow or is killed",
                              (double)need / 1048576, (double)left / 1048576)
            : NULL;
    if (text != NULL)
        lm_exec_note(exec, node, text);
}

/** Alone a stage may always run; beside others only within threads, memory, -j and mutexes. */
static bool has_room(const struct lm_exec *exec, const struct lm_node *node)
{
    const struct lm_spec_stage *stage = &exec->spec->stages[node->index];
    size_t running = 0, threads = lm_spec_threads(exec->spec, node->index, exec->threads);
    uint64_t memory = memory_of(exec, node->index);
    for (size_t i = 0; i < exec->spec->stage_count; i++) {
        if (exec->nodes[i].phase != LM_RUNNING)
            continue;
        running++;
        threads += exec->nodes[i].threads;
        memory += memory_of(exec, i);
        if (share_a_mutex(stage, &exec->spec->stages[i]))
            return false;
    }
    return running == 0 || (threads <= exec->threads && memory <= lm_memory_limit() &&
                            (exec->options->jobs <= 0 || running < (size_t)exec->options->jobs));
}

/* ---- going on ---- */

/** Looks at the plan again; true when the node is finished thereby. */
static bool settle(struct lm_exec *exec, struct lm_node *node)
{
    struct lm_err err = {LM_OK, ""};
    struct lm_plan_stage *planned = &exec->plan->stages[node->index];
    if (lm_plan_update(exec->plan, node->index, &err) != LM_OK) {
        lm_exec_finish(exec, node, LM_FAILED, lm_arena_strdup(exec->arena, err.text));
        return true;
    }
    if (planned->state == LM_HIT)
        lm_exec_finish(exec, node, LM_HIT, NULL);
    else if (!planned->keyed)
        lm_exec_finish(exec, node, LM_FAILED, "its key could not be computed; run it again");
    return node->phase == LM_FINISHED;
}

static void tell_waiting(struct lm_exec *exec, struct lm_node *node, int owner)
{
    if (node->phase == LM_WAITING)
        return;
    node->phase = LM_WAITING;
    struct lm_run_event event = {
        .kind = LM_EV_STAGE_WAIT,
        .stage = exec->spec->stages[node->index].id,
        .text = lm_arena_printf(exec->arena,
                                "another run (process %d) is producing this result; waiting for it",
                                owner)};
    lm_events_emit(&exec->events, &event, true);
}

/** Takes the lock of the node's key. False: not now (somebody else has it), or failed. */
static bool take_lock(struct lm_exec *exec, struct lm_node *node)
{
    struct lm_err err = {LM_OK, ""};
    bool taken = false;
    int owner = 0;
    char hex[LM_DIGEST_HEX];
    lm_digest_hex(hex, &exec->plan->stages[node->index].key);
    node->lock_path = lm_arena_printf(exec->arena, "%s/locks/%s", lm_store_path(exec->store), hex);
    enum lm_status status =
        node->lock_path != NULL
            ? lm_lock_try(&node->lock, &taken, &owner, node->lock_path, true, &err)
            : lm_fail(&err, LM_NOMEM, "out of memory starting a stage");
    if (status != LM_OK)
        lm_exec_finish(exec, node, LM_FAILED, lm_arena_strdup(exec->arena, err.text));
    else if (!taken)
        tell_waiting(exec, node, owner);
    return taken;
}

/** Starts a node that misses: its lock first, then the plan again (the lock's last holder may have
 *  made the result), then the worker. */
static void launch(struct lm_exec *exec, struct lm_node *node)
{
    struct lm_err err = {LM_OK, ""};
    if (!take_lock(exec, node))
        return;
    if (!settle(exec, node)) {
        node->threads = lm_spec_threads(exec->spec, node->index, exec->threads);
        exec->executed++;
        tell_shortage(exec, node);
        if (lm_exec_start(exec, node, &err) == LM_OK)
            return;
        lm_exec_finish(exec, node, LM_FAILED, lm_arena_strdup(exec->arena, err.text));
    }
    lm_lock_release(&node->lock, node->lock_path);
}

bool lm_exec_may_start(const struct lm_exec *exec)
{
    return !exec->stopping && !exec->store_failed && (!exec->failed || exec->options->keep_going);
}

static void advance_node(struct lm_exec *exec, struct lm_node *node)
{
    const char *why = NULL;
    enum readiness readiness = readiness_of(exec, node, &why);
    struct lm_plan_stage *planned = &exec->plan->stages[node->index];
    if (readiness == NEVER)
        lm_exec_finish(exec, node, LM_SKIPPED, why);
    if (readiness != READY)
        return;
    if (node->phase == LM_PENDING && is_plan_old(exec, node)) {
        if (!lm_exec_may_start(exec) || settle(exec, node))
            return;
    } else if (node->phase == LM_PENDING && planned->state == LM_HIT) {
        lm_exec_finish(exec, node, LM_HIT, NULL);
        return;
    }
    if (lm_exec_may_start(exec) && has_room(exec, node))
        launch(exec, node);
}

void lm_exec_advance(struct lm_exec *exec)
{
    for (size_t i = 0; i < exec->spec->stage_count; i++)
        if (exec->nodes[i].phase == LM_PENDING || exec->nodes[i].phase == LM_WAITING)
            advance_node(exec, &exec->nodes[i]);
}
