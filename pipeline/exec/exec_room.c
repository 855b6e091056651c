/* Who may start now, and with how many threads. */
#include <math.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "exec/exec.h"

enum {
    LOOK = 64, /**< with more stages ready each of them gets a thread anyhow */
    LONG = 8   /**< times as long as all the others together */
};

static bool share_a_mutex(const struct lm_spec_stage *a, const struct lm_spec_stage *b)
{
    for (const char *const *x = a->mutex; x != NULL && *x != NULL; x++)
        for (const char *const *y = b->mutex; y != NULL && *y != NULL; y++)
            if (strcmp(*x, *y) == 0)
                return true;
    return false;
}

/** Files that are open beside those of stages: the run's own, and two of each resting process. */
#define OWN_FILES (32 + 2 * LM_RESTING_MAX)
/** A stage that runs has its process, its events and its lock; the lock of one that has ended is
 *  open until its result is durable, and at the end of that its record. */
#define FILES_A_STAGE 5

size_t lm_room_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return SIZE_MAX;
    size_t free = limit.rlim_cur > OWN_FILES ? (size_t)limit.rlim_cur - OWN_FILES : 0;
    return free > FILES_A_STAGE ? free / FILES_A_STAGE : 1;
}

bool lm_exec_is_full(const struct lm_exec *exec)
{
    return exec->running_count >= exec->jobs ||
           (exec->running_count > 0 && exec->threads_used >= exec->threads);
}

size_t lm_exec_share(const struct lm_exec *exec, const struct lm_task *task, size_t patient)
{
    size_t want = lm_spec_threads(exec->spec, task->index, exec->threads);
    if (exec->verify != NULL && exec->verify->options->exact > 0)
        return exec->threads;
    size_t free = exec->threads > exec->threads_used ? exec->threads - exec->threads_used : 0;
    size_t others = exec->ready.count - (patient != SIZE_MAX); /* this one among them */
    if (others > exec->jobs - exec->running_count)
        others = exec->jobs - exec->running_count;
    if (exec->spec->stages[task->index].threads > 0)
        return want;
    size_t share = others > 1 ? free / others : free;
    share = share > 0 ? share : 1;
    return share < want ? share : want;
}

bool lm_exec_has_room(const struct lm_exec *exec, const struct lm_task *task, size_t threads,
                      uint64_t memory)
{
    const struct lm_spec_stage *stage = &exec->spec->stages[task->index];
    if (exec->running_count == 0)
        return true;
    if (exec->threads_used + threads > exec->threads || exec->memory_used + memory > exec->memory)
        return false;
    for (size_t i = 0; i < exec->running_count && stage->mutex != NULL; i++)
        if (share_a_mutex(stage, &exec->spec->stages[exec->running[i]->index]))
            return false;
    return true;
}

/* ---- the long one waits for the short ones ---- */

/** Processor time that a running stage still needs, as far as it was foreseen; below 0: nobody
 *  knows. */
static double rest_of(const struct lm_exec *exec, const struct lm_task *task, uint64_t now)
{
    double all = lm_forecast_weight(&exec->now, task->index);
    double ran = (double)(now - task->attempt->begin_ns) * 1e-9 * (double)task->attempt->threads;
    return all > 0 ? fmax(all - ran, 0) : -1;
}

size_t lm_room_long_one(const double *work, size_t count, double beside)
{
    size_t longest = 0;
    double sum = beside;
    for (size_t i = 0; i < count; i++) {
        if (!(work[i] > 0))
            return SIZE_MAX;
        sum += work[i];
        longest = work[i] > work[longest] ? i : longest;
    }
    bool is_long = count > 0 && beside >= 0 && (sum - work[longest]) * LONG <= work[longest];
    return is_long ? longest : SIZE_MAX;
}

size_t lm_exec_patient(struct lm_exec *exec)
{
    struct lm_task *tasks[LOOK];
    double work[LOOK], beside = 0;
    size_t count = 0;
    uint64_t now = lm_clock_monotonic_ns();
    if (exec->threads < 2 || exec->ready.count > LOOK || exec->running_count > LOOK ||
        exec->ready.count + exec->running_count < 2 || exec->jobs == 1)
        return SIZE_MAX;
    for (size_t i = 0; i < exec->running_count && beside >= 0; i++) {
        double rest = rest_of(exec, exec->running[i], now);
        beside = rest >= 0 ? beside + rest : rest;
    }
    for (size_t i = lm_task_set_next(&exec->ready, 0); i != SIZE_MAX;
         i = lm_task_set_next(&exec->ready, i + 1)) {
        tasks[count] = &exec->tasks[i];
        work[count++] = lm_forecast_weight(&exec->now, i);
    }
    size_t longest = lm_room_long_one(work, count, beside);
    if (longest == SIZE_MAX || lm_spec_threads(exec->spec, tasks[longest]->index, 2) < 2 ||
        exec->spec->stages[tasks[longest]->index].threads > 0)
        return SIZE_MAX;
    struct lm_task *task = tasks[longest];
    task->patient_ns = task->patient_ns > 0 ? task->patient_ns : now;
    bool is_over = (double)(now - task->patient_ns) * 1e-9 * LONG > work[longest];
    return is_over ? SIZE_MAX : task->index;
}
