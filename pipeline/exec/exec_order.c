#include <string.h>

#include "base/clock.h"
#include "base/pool.h"
#include "exec/exec.h"

#define SMALL ((uint64_t)64 << 20) /**< bytes for which nobody asks how much memory is free */

/* ---- the end of a task ---- */

/** What plan and why compare with next time. */
static void note_last(struct lm_exec *exec, const struct lm_plan_stage *planned, const char *id)
{
    struct lm_err err = {LM_OK, ""};
    bool known = planned->last != NULL && lm_digest_compare(planned->last, &planned->key) == 0;
    if (!known && lm_last_note(exec->spec, id, &planned->key, &err) != LM_OK)
        lm_exec_note(exec, NULL, err.text);
}

void lm_exec_finish(struct lm_exec *exec, struct lm_task *task, enum lm_state state,
                    const char *error)
{
    struct lm_plan_stage *planned = &exec->now.stages[task->index];
    struct lm_run_stage *stage = &exec->stages[task->index];
    const char *differs = lm_state_is_fine(state) ? lm_exec_lock_compare(exec, task->index) : NULL;
    if (differs != NULL) {
        state = LM_FAILED;
        error = differs;
    }
    bool hit = state == LM_HIT;
    task->phase = LM_FINISHED;
    lm_task_set_remove(&exec->ready, task->index);
    stage->state = planned->state = state;
    stage->error = error;
    exec->failed = exec->failed || state == LM_FAILED;
    if (exec->verify != NULL)
        lm_exec_verify_finish(exec, task, state, error);
    else if (lm_state_is_fine(state))
        note_last(exec, planned, exec->spec->stages[task->index].id);
    else
        planned->record = NULL; /* an older result of a stage that was forced */
    for (size_t i = 0; i < task->dependent_count; i++) {
        struct lm_task *after = &exec->tasks[task->dependents[i]];
        after->replan = after->replan || !hit;
        if (--after->awaits == 0 && after->phase == LM_PENDING)
            lm_task_set_add(&exec->due, after->index);
    }
    const char *headline = planned->record != NULL ? planned->record->headline : NULL;
    struct lm_run_event event = {.kind = hit ? LM_EV_STAGE_HIT : LM_EV_STAGE_END,
                                 .stage = exec->spec->stages[task->index].id,
                                 .state = state,
                                 .text = error != NULL ? error
                                         : hit         ? planned->reason
                                                       : headline,
                                 .value = stage->execution != NULL ? stage->execution->seconds : 0};
    lm_events_emit(&exec->events, &event, !hit); /* the record says which were */
}

void lm_exec_fail(struct lm_exec *exec, struct lm_task *task, const struct lm_err *err)
{
    const char *text = lm_arena_strdup(exec->arena, err->text);
    if (err->status == LM_IO)
        lm_exec_break(exec, err->text);
    lm_exec_finish(exec, task, LM_FAILED, text != NULL ? text : "out of memory");
}

void lm_exec_break(struct lm_exec *exec, const char *why)
{
    if (exec->broken != NULL)
        return;
    const char *text = lm_arena_strdup(exec->arena, why);
    exec->broken = text != NULL ? text : "the store cannot be used, and there is no memory";
    lm_exec_note(exec, NULL, exec->broken);
}

/* ---- what is due ---- */

/** The stage before this one that has no result, or SIZE_MAX. */
static size_t missing_input(const struct lm_exec *exec, const struct lm_task *task)
{
    const struct lm_spec_stage *stage = &exec->spec->stages[task->index];
    for (size_t i = 0; i < stage->input_count; i++)
        if (stage->inputs[i].role == LM_INPUT_NEEDED &&
            exec->now.stages[stage->inputs[i].stage].record == NULL)
            return stage->inputs[i].stage;
    return SIZE_MAX;
}

/** Says which instances were chosen. */
static void tell_choices(struct lm_exec *exec, struct lm_task *task)
{
    if (exec->spec->stages[task->index].choice_count == 0)
        return;
    const char *text = lm_plan_choices(&exec->now, task->index);
    if (text[0] != '\0')
        lm_exec_note(exec, task, text);
}

/** All stages before it have finished: it hits, must run, or cannot. */
static void settle(struct lm_exec *exec, struct lm_task *task)
{
    struct lm_err err = {LM_OK, ""};
    struct lm_plan_stage *planned = &exec->now.stages[task->index];
    size_t missing = missing_input(exec, task);
    if (missing != SIZE_MAX) {
        const char *why =
            exec->now.stages[missing].selected
                ? NULL /* its own row says why */
                : lm_arena_printf(exec->arena, "%s has no result and is not selected; run it too",
                                  exec->spec->stages[missing].id);
        lm_exec_finish(exec, task, LM_SKIPPED, why);
        return;
    }
    if ((task->replan || !planned->keyed) &&
        lm_plan_update(&exec->now, task->index, &err) != LM_OK) {
        const char *text = lm_arena_strdup(exec->arena, err.text);
        lm_exec_finish(exec, task, LM_FAILED, text != NULL ? text : "out of memory");
        return;
    }
    if (planned->stuck != NULL) {
        lm_exec_finish(exec, task, LM_FAILED, planned->stuck);
        return;
    }
    if (task->replan || planned->state != LM_HIT)
        tell_choices(exec, task);
    if (planned->state == LM_HIT) {
        lm_exec_finish(exec, task, LM_HIT, NULL);
        return;
    }
    task->phase = LM_READY;
    lm_task_set_add(&exec->ready, task->index);
}

/* ---- starting ---- */

bool lm_exec_may_start(const struct lm_exec *exec)
{
    return !exec->stopping && exec->broken == NULL && exec->differs == NULL &&
           (!exec->failed || exec->options->keep_going);
}

/** Says so when others hold what a stage will need; it is tried all the same. */
static void tell_shortage(struct lm_exec *exec, const struct lm_task *task, uint64_t need)
{
    uint64_t left = need > SMALL ? lm_memory_available() : need;
    if (need <= left)
        return;
    const char *text = lm_arena_printf(exec->arena,
                                       "needs about %.0f MiB of memory, %.0f MiB are available "
                                       "now; close other programs if it becomes slow or is killed",
                                       (double)need / 1048576, (double)left / 1048576);
    if (text != NULL)
        lm_exec_note(exec, task, text);
}

static void tell_waiting(struct lm_exec *exec, struct lm_task *task, int owner)
{
    if (task->phase == LM_WAITING)
        return;
    task->phase = LM_WAITING;
    struct lm_run_event event = {
        .kind = LM_EV_STAGE_WAIT,
        .stage = exec->spec->stages[task->index].id,
        .text = lm_arena_printf(exec->arena,
                                "another run (process %d) is producing this result; waiting for it",
                                owner)};
    lm_events_emit(&exec->events, &event, true);
}

/** Takes the lock of the task's key. LM_OK with *taken false: somebody else has it. */
static enum lm_status take_lock(struct lm_exec *exec, struct lm_task *task, bool *taken,
                                struct lm_err *err)
{
    int owner = 0;
    struct lm_attempt *attempt = task->attempt;
    if (exec->verify != NULL) { /* which produces nothing that anybody waits for */
        *taken = true;
        return LM_OK;
    }
    attempt->lock_path =
        lm_store_lock_path(exec->store, attempt->arena, &exec->now.stages[task->index].key);
    if (attempt->lock_path == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory starting a stage");
    LM_TRY(lm_lock_try(&attempt->lock, taken, &owner, attempt->lock_path, true, err));
    if (!*taken)
        tell_waiting(exec, task, owner);
    return LM_OK;
}

/** Whoever held the lock before may have made the result of this very key. */
static bool is_made_meanwhile(struct lm_exec *exec, struct lm_task *task)
{
    struct lm_plan_stage *planned = &exec->now.stages[task->index];
    struct lm_record *record = NULL;
    struct lm_err err = {0};
    if (exec->verify != NULL)
        return false;
    if (!planned->forced &&
        lm_store_find(exec->store, &record, exec->arena, &planned->key, NULL) == LM_OK &&
        lm_plan_lacking(&exec->now, task->index, record) == NULL) {
        planned->record = record;
        planned->reason = "made by another run";
        return true;
    }
    /* Only the holder of a key's lock moves what is damaged out of the way. */
    if (lm_store_heal(exec->store, &planned->key, &err) != LM_OK)
        lm_exec_note(exec, task, err.text);
    return false;
}

static enum lm_status begin(struct lm_exec *exec, struct lm_task *task, struct lm_err *err)
{
    struct lm_attempt *attempt = task->attempt;
    exec->running[exec->running_count++] = task;
    exec->threads_used += attempt->threads;
    exec->memory_used += attempt->memory;
    exec->executed++;
    lm_task_set_remove(&exec->ready, task->index);
    tell_shortage(exec, task, attempt->memory);
    return lm_exec_start(exec, task, err);
}

/** Starts a task: its lock first, then a look whether its result is there by now, then the worker.
 */
static void launch(struct lm_exec *exec, struct lm_task *task, size_t threads, uint64_t memory)
{
    struct lm_err err = {LM_OK, ""};
    bool taken = false;
    task->attempt = lm_attempt_create();
    enum lm_status status = task->attempt != NULL
                                ? take_lock(exec, task, &taken, &err)
                                : lm_fail(&err, LM_NOMEM, "out of memory starting a stage");
    if (status == LM_OK && taken && is_made_meanwhile(exec, task)) {
        lm_exec_finish(exec, task, LM_HIT, NULL);
    } else if (status == LM_OK && taken) {
        task->attempt->threads = threads;
        task->attempt->memory = memory;
        if (begin(exec, task, &err) == LM_OK)
            return;
        lm_exec_release(exec, task);
        status = err.status;
    }
    if (status != LM_OK)
        lm_exec_fail(exec, task, &err);
    lm_attempt_free(task->attempt);
    task->attempt = NULL;
}

void lm_exec_release(struct lm_exec *exec, struct lm_task *task)
{
    size_t i = 0;
    while (i < exec->running_count && exec->running[i] != task)
        i++;
    if (i == exec->running_count)
        return;
    exec->running[i] = exec->running[--exec->running_count];
    exec->threads_used -= task->attempt->threads;
    exec->memory_used -= task->attempt->memory;
}

void lm_exec_advance(struct lm_exec *exec)
{
    size_t i;
    while ((i = lm_task_set_next(&exec->due, 0)) != SIZE_MAX) {
        lm_task_set_remove(&exec->due, i);
        settle(exec, &exec->tasks[i]);
    }
    size_t patient = lm_exec_patient(exec);
    for (i = lm_task_set_next(&exec->ready, 0);
         i != SIZE_MAX && lm_exec_may_start(exec) && !lm_exec_is_full(exec);
         i = lm_task_set_next(&exec->ready, i + 1)) {
        struct lm_task *task = &exec->tasks[i];
        size_t threads = lm_exec_share(exec, task, patient);
        uint64_t memory = lm_spec_need(exec->spec, i, &exec->now.stages[i].estimate);
        if (i == patient || (task->phase == LM_WAITING && !exec->retry_locks))
            continue;
        if (lm_exec_has_room(exec, task, threads, memory))
            launch(exec, task, threads, memory);
    }
    exec->retry_locks = false;
}
