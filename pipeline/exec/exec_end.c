#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "exec/exec.h"
#include "protocol/result.h"
#include "store/record.h"

#define EXIT_INTERRUPTED 75
/** Results become durable together: at most this late (ns), and as soon as it would take so many
 *  seconds to make them again. */
#define FLUSH_AGE UINT64_C(500000000)
#define FLUSH_WORK 1.0

/* ---- success ---- */

/** The lock of a key whose result waits to become durable. Several stages may end between two looks
 *  of the loop at what is due, so that room is made here. */
static void hold_lock(struct lm_exec *exec, struct lm_attempt *attempt, double seconds)
{
    if (exec->held_count == exec->held_max)
        lm_exec_flush(exec, true);
    if (exec->held_count == 0) {
        exec->held_ns = lm_clock_monotonic_ns();
        exec->held_work = 0;
    }
    exec->held_work += seconds;
    exec->held[exec->held_count++] =
        (struct lm_held_lock){attempt->lock, lm_arena_strdup(exec->arena, attempt->lock_path),
                              lm_arena_strdup(exec->arena, attempt->folder)};
    attempt->lock.fd = -1;
}

/** Frees a lock. Its file stays for a while, as the stage's private folder does, which is empty by
 *  now: file systems are slow to make files where others have just been removed (ext4 looks at each
 *  of these again). */
static void spend_lock(struct lm_exec *exec, struct lm_held_lock *held)
{
    exec->spent[exec->spent_count++] = *held;
    lm_lock_release(&held->lock, NULL);
}

void lm_exec_clean(struct lm_exec *exec)
{
    for (size_t i = 0; i < exec->spent_count; i++) {
        const struct lm_held_lock *spent = &exec->spent[i];
        struct lm_lock lock = {.fd = -1};
        bool taken = false;
        if (spent->path != NULL &&
            lm_lock_try(&lock, &taken, NULL, spent->path, true, NULL) == LM_OK && taken)
            lm_lock_release(&lock, spent->path);
        if (spent->folder != NULL)
            lm_dir_remove(spent->folder, NULL); /* what stays is swept by the next run */
    }
    exec->spent_count = 0;
}

void lm_exec_flush(struct lm_exec *exec, bool now)
{
    struct lm_err err = {LM_OK, ""};
    bool due = now || exec->running_count == 0 || exec->held_count == exec->held_max ||
               exec->held_work >= FLUSH_WORK ||
               lm_clock_monotonic_ns() - exec->held_ns >= FLUSH_AGE;
    if (exec->held_count == 0 || !due)
        return;
    if (lm_store_flush(exec->store, &err) != LM_OK)
        lm_exec_break(exec, err.text);
    if (exec->spent_count + exec->held_count > LM_SPENT_MAX)
        lm_exec_clean(exec);
    for (size_t i = 0; i < exec->held_count; i++)
        spend_lock(exec, &exec->held[i]);
    exec->held_count = 0;
}

/** Holds a result against the one that is stored under its key, which stays when it is sound:
 * *stays; else NULL. *told: what to say when they differ. */
static enum lm_status hold_against(struct lm_record **stays, const char **told,
                                   struct lm_exec *exec, const struct lm_task *task,
                                   const struct lm_record *now, struct lm_err *err)
{
    struct lm_record *stored = NULL;
    const struct lm_difference *difference = NULL;
    bool sound = false;
    *stays = NULL;
    if (lm_store_read(exec->store, &stored, exec->arena, &now->key, NULL) != LM_OK)
        return LM_OK;
    LM_TRY(lm_exec_differ(&difference, exec, task, stored, now, err));
    if (difference == NULL)
        return LM_OK;
    const struct lm_record *const records[] = {stored};
    LM_TRY(lm_store_verify(exec->store, &sound, records, 1, 1, err));
    if (sound && lm_plan_lacking(&exec->now, task->index, stored) == NULL)
        *stays = stored;
    const char *text = lm_difference_text(exec->arena, difference);
    bool fetched = exec->spec->stages[task->index].type->flags & LM_STAGE_NETWORK;
    *told = lm_arena_printf(exec->arena, "not reproducible: %s; %s", text != NULL ? text : "",
                            *stays == NULL ? "it takes the place of the stored one, which is lost"
                            : fetched      ? "the stored result stays; pin the source by its new "
                                             "sha256 to take what it has now"
                                           : "the stored result stays");
    return *told != NULL ? LM_OK : lm_fail(err, LM_NOMEM, "out of memory taking a result");
}

/** Builds the record of a stage that has ended well and gives it to the store. *told: what is to be
 *  said of it, or NULL. */
static enum lm_status admit(const char **told, struct lm_exec *exec, struct lm_task *task,
                            struct lm_err *err)
{
    struct lm_record *stays = NULL;
    struct lm_attempt *attempt = task->attempt;
    struct lm_plan_stage *planned = &exec->now.stages[task->index];
    struct lm_record *record = LM_NEW(exec->arena, struct lm_record);
    struct lm_result result;
    if (record == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory taking a result");
    LM_TRY(lm_result_read(&result, exec->arena, attempt->result, strlen(attempt->result), err));
    record->outputs = result.outputs;
    record->output_count = result.output_count;
    record->metrics = result.metrics;
    record->metric_count = result.metric_count;
    record->sources = result.sources;
    record->source_count = result.source_count;
    record->headline = result.headline;
    record->key = planned->key;
    record->key_text = planned->key_text;
    record->finished = (int64_t)(lm_clock_unix_ns() / 1000000000);
    record->host = exec->host;
    record->seconds = attempt->before + exec->stages[task->index].execution->seconds;
    LM_TRY(lm_record_seal(record, exec->arena, err));
    LM_TRY(lm_exec_check_inputs(exec, task, err));
    if (exec->verify != NULL)
        return lm_exec_verify_take(exec, task, record, err);
    LM_TRY(hold_against(&stays, told, exec, task, record, err));
    if (stays != NULL) {
        planned->record = stays;
        return lm_dir_remove(attempt->folder, err);
    }
    LM_TRY(lm_store_admit(exec->store, attempt->folder, record, err));
    planned->record = record;
    hold_lock(exec, attempt, record->seconds);
    return LM_OK;
}

/* ---- what it has cost ---- */

#define WORTH_KEEPING 5.0 /**< seconds of work: what they tell is written at once */

void lm_exec_keep_costs(struct lm_exec *exec)
{
    lm_costs_save(&exec->costs, exec->store, NULL); /* what cannot be remembered is not */
    exec->costs = (struct lm_costs){.arena = exec->arena};
}

/** What the last attempt has cost; a stage that was resumed has done a part of its work in it,
 * which it must have counted itself. */
static void note_cost(struct lm_exec *exec, const struct lm_task *task)
{
    const struct lm_execution *execution = exec->stages[task->index].execution;
    double flops = lm_telemetry_value(&execution->telemetry, "flops");
    struct lm_cost row = {.value = {[LM_COST_THREADS] = (double)execution->threads,
                                    [LM_COST_SECONDS] = execution->attempt_seconds,
                                    [LM_COST_CPU_SECONDS] = execution->cpu_seconds,
                                    [LM_COST_MEMORY] = (double)execution->memory}};
    if (lm_forecast_row(&row, &exec->now, task->index, flops, NULL) != LM_OK ||
        (execution->resumed >= 0 && !(flops > 0)))
        return;
    lm_costs_add(&exec->costs, &row);
    if (execution->attempt_seconds >= WORTH_KEEPING)
        lm_exec_keep_costs(exec);
}

/* ---- the other ends ---- */

/** True when another attempt was started. */
static bool try_again(struct lm_exec *exec, struct lm_task *task, const char *why)
{
    struct lm_err err = {LM_OK, ""};
    int64_t attempts = exec->stages[task->index].execution->attempts;
    int64_t retries = exec->spec->stages[task->index].retries;
    if (exec->stopping || attempts > retries)
        return false;
    const char *text = lm_arena_printf(exec->arena, "attempt %lld of %lld failed: %s",
                                       (long long)attempts, (long long)retries + 1, why);
    lm_exec_note(exec, task, text != NULL ? text : why);
    return lm_exec_start(exec, task, &err) == LM_OK;
}

/** A process that had done other stages before has ended without a word: whether this one is at
 *  fault is told by one of its own. True when it was started. */
static bool try_alone(struct lm_exec *exec, struct lm_task *task, size_t stages_before)
{
    struct lm_err err = {LM_OK, ""};
    struct lm_attempt *attempt = task->attempt;
    if (stages_before == 0 || attempt->result != NULL || attempt->term_ns > 0 || exec->stopping)
        return false;
    attempt->alone = true;
    exec->stages[task->index].execution->attempts--;
    return lm_exec_start(exec, task, &err) == LM_OK;
}

/** Interrupted: it said so, or it was killed because it did not end in time. What failed otherwise
 *  has failed, even while the run is being stopped. */
static bool is_interrupted(struct lm_exec *exec, const struct lm_task *task)
{
    const struct lm_attempt *attempt = task->attempt;
    bool killed = attempt->killed && attempt->end.signal == SIGKILL;
    if (attempt->timed_out || attempt->term_ns == 0)
        return attempt->end.exit_code == EXIT_INTERRUPTED && !attempt->timed_out;
    if (killed && !exec->killed)
        lm_exec_note(exec, task,
                     "did not stop in time and was killed; it resumes from its last "
                     "checkpoint");
    return killed || attempt->end.exit_code == EXIT_INTERRUPTED || attempt->end.signal == SIGTERM;
}

/** Returns false when the task runs again. */
static bool end_badly(struct lm_exec *exec, struct lm_task *task, size_t stages_before)
{
    bool store = false;
    if (try_alone(exec, task, stages_before))
        return false;
    if (is_interrupted(exec, task)) {
        if (lm_exec_verify_resume(exec, task))
            return false;
        lm_attempt_seconds_keep(task->attempt, lm_clock_monotonic_ns());
        lm_exec_finish(exec, task, LM_STOPPED, NULL);
        return true;
    }
    const char *why = lm_exec_failure(exec, task, &store);
    why = why != NULL ? why : "failed, and there is no memory to say why";
    if (store)
        lm_exec_break(exec, why);
    if (!store && try_again(exec, task, why))
        return false;
    lm_exec_finish(exec, task, LM_FAILED, why);
    return true;
}

static void note_times(struct lm_exec *exec, const struct lm_task *task)
{
    const struct lm_attempt *attempt = task->attempt;
    struct lm_execution *execution = exec->stages[task->index].execution;
    uint64_t now = lm_clock_monotonic_ns();
    execution->seconds = (double)(now - attempt->first_ns) / 1e9;
    execution->attempt_seconds = (double)(now - attempt->begin_ns) / 1e9;
    execution->cpu_seconds = attempt->end.cpu_seconds;
    execution->memory = attempt->end.memory;
}

void lm_exec_end(struct lm_exec *exec, struct lm_task *task)
{
    struct lm_err err = {LM_OK, ""};
    const char *told = NULL;
    struct lm_attempt *attempt = task->attempt;
    size_t stages_before = attempt->child.stages;
    lm_exec_read_end(exec, task);
    note_times(exec, task);
    if (attempt->end.exit_code != 0 || attempt->result == NULL) {
        if (!end_badly(exec, task, stages_before))
            return;
    } else if (admit(&told, exec, task, &err) == LM_OK) {
        if (exec->verify == NULL)
            note_cost(exec, task);
        lm_exec_finish(exec, task, LM_DONE, told);
    } else {
        lm_exec_fail(exec, task, &err);
    }
    if (exec->stages[task->index].state != LM_DONE) /* else it is empty, and goes later */
        lm_dir_remove(attempt->folder, NULL);
    lm_exec_release(exec, task);
    lm_attempt_free(attempt);
    task->attempt = NULL;
}
