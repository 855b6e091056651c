#include "exec/exec.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/pool.h"
#include "store/hold.h"

#define SECOND UINT64_C(1000000000)
#define TICK_MS 200
#define FLUSH_MS 100 /**< while results wait to become durable */

/* ---- beginning ---- */

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "out of memory starting the run");
}

/** Nothing is executed when the plan says that it cannot end well. */
static enum lm_status refuse(const struct lm_plan *plan, struct lm_err *err)
{
    struct lm_err why;
    enum lm_status status = lm_plan_refusal(plan, &why);
    if (status == LM_OK)
        return LM_OK;
    return lm_fail(err, status == LM_IO ? LM_IO : LM_INVALID, "%s", why.text);
}

/** runs/<UTC time to the millisecond>-<experiment>: sortable; the folder makes it unique. */
static enum lm_status create_run_folder(struct lm_exec *exec, struct lm_err *err)
{
    const struct timespec wait = {.tv_nsec = 1000000};
    for (;;) {
        uint64_t now = lm_clock_unix_ns();
        char t[32];
        lm_clock_format(t, (int64_t)(now / SECOND)); /* 2026-11-23T18:25:00Z */
        exec->id = lm_arena_printf(exec->arena, "%.4s%.2s%.2sT%.2s%.2s%.2s.%03u-%s", t, t + 5,
                                   t + 8, t + 11, t + 14, t + 17, (unsigned)(now / 1000000 % 1000),
                                   exec->spec->experiment);
        exec->folder = exec->id != NULL ? lm_arena_printf(exec->arena, "%s/runs/%s",
                                                          lm_store_path(exec->store), exec->id)
                                        : NULL;
        if (exec->folder == NULL)
            return no_memory(err);
        if (mkdir(exec->folder, 0777) == 0)
            return LM_OK;
        if (errno != EEXIST)
            return lm_fail_errno(err, errno, "cannot create %s", exec->folder);
        nanosleep(&wait, NULL);
    }
}

/** The plan goes on in the run's own memory; the one that was given stays as it is. */
static enum lm_status copy_plan(struct lm_exec *exec, const struct lm_plan *plan,
                                struct lm_err *err)
{
    size_t count = plan->spec->stage_count;
    exec->now = *plan;
    exec->now.arena = exec->arena;
    exec->now.stages = LM_NEW_ARRAY(exec->arena, struct lm_plan_stage, count);
    exec->now.taken = LM_NEW_ARRAY(exec->arena, struct lm_taken, count);
    if (exec->now.stages == NULL || exec->now.taken == NULL)
        return no_memory(err);
    if (count > 0) {
        memcpy(exec->now.stages, plan->stages, count * sizeof *plan->stages);
        memcpy(exec->now.taken, plan->taken, count * sizeof *plan->taken);
    }
    return LM_OK;
}

/** False: out of memory. */
static bool make_room(struct lm_exec *exec, size_t count)
{
    exec->costs = (struct lm_costs){.arena = exec->arena};
    exec->tasks = lm_tasks_create(exec->arena, exec->spec);
    exec->stages = LM_NEW_ARRAY(exec->arena, struct lm_run_stage, count);
    exec->running = LM_NEW_ARRAY(exec->arena, struct lm_task *, count);
    exec->held = LM_NEW_ARRAY(exec->arena, struct lm_held_lock, LM_HELD_MAX);
    exec->spent = LM_NEW_ARRAY(exec->arena, struct lm_held_lock, LM_SPENT_MAX);
    exec->environment = lm_exec_environment(exec->options, exec->arena);
    return exec->tasks != NULL && exec->stages != NULL && exec->running != NULL &&
           exec->held != NULL && exec->spent != NULL && exec->environment != NULL &&
           lm_task_set_init(&exec->due, exec->arena, count) &&
           lm_task_set_init(&exec->ready, exec->arena, count);
}

static void create_tasks(struct lm_exec *exec)
{
    size_t count = exec->spec->stage_count;
    for (size_t i = 0; i < count; i++) {
        struct lm_task *task = &exec->tasks[i];
        const struct lm_plan_stage *planned = &exec->now.stages[i];
        exec->stages[i].state = planned->record != NULL ? LM_HIT : LM_SKIPPED;
        if (planned->selected)
            continue;
        task->phase = LM_FINISHED;
        for (size_t k = 0; k < task->dependent_count; k++)
            exec->tasks[task->dependents[k]].awaits--;
    }
    for (size_t i = 0; i < count; i++)
        if (exec->tasks[i].phase == LM_PENDING && exec->tasks[i].awaits == 0)
            lm_task_set_add(&exec->due, i);
}

/** The run's folder says from here on that it is going on, and what it is about. */
static enum lm_status open_record(struct lm_exec *exec, struct lm_err *err)
{
    static const struct lm_run_result nothing = {.exit_code = 0};
    const char *path = lm_path_join(exec->arena, exec->folder, "events.jsonl");
    struct lm_err forgetful = {LM_OK, ""};
    if (path == NULL)
        return no_memory(err);
    LM_TRY(lm_events_open(&exec->events, path, exec->options->on_event, exec->options->user, err));
    exec->facts = (struct lm_run_facts){.spec = exec->spec,
                                        .plan = &exec->now,
                                        .id = exec->id,
                                        .stages = exec->stages,
                                        .budget = exec->threads,
                                        .result = &nothing,
                                        .state = "running",
                                        .job = exec->options->job};
    lm_run_facts_init(&exec->facts, exec->arena, exec->begin_ns);
    struct lm_run_event event = {.kind = LM_EV_RUN_BEGIN, .text = exec->id};
    lm_events_emit(&exec->events, &event, true);
    if (lm_run_root_keep(&exec->facts, false, &forgetful) != LM_OK ||
        lm_run_keep_begin(&exec->facts, &forgetful) != LM_OK)
        lm_exec_note(exec, NULL, forgetful.text);
    return LM_OK;
}

enum lm_status lm_exec_open(struct lm_exec *exec, const struct lm_plan *plan, struct lm_err *err)
{
    char host[256] = "";
    exec->begin_ns = lm_clock_monotonic_ns();
    exec->threads = exec->options->threads > 0 ? exec->options->threads : plan->processors;
    exec->memory = plan->memory;
    exec->jobs = lm_room_files();
    exec->held_max = exec->jobs < LM_HELD_MAX ? exec->jobs : LM_HELD_MAX;
    if (exec->options->jobs > 0 && (size_t)exec->options->jobs < exec->jobs)
        exec->jobs = (size_t)exec->options->jobs;
    gethostname(host, sizeof host - 1);
    exec->host = lm_arena_strdup(exec->arena, host);
    if (exec->host == NULL)
        return no_memory(err);
    LM_TRY(copy_plan(exec, plan, err));
    if (plan->lock.fd < 0)
        LM_TRY(lm_store_share(exec->store, &exec->store_lock, err));
    return make_room(exec, exec->spec->stage_count) ? LM_OK : no_memory(err);
}

static enum lm_status begin(struct lm_exec *exec, const struct lm_plan *plan, struct lm_err *err)
{
    LM_TRY(refuse(plan, err));
    LM_TRY(lm_exec_consent(plan, exec->options, NULL, err));
    LM_TRY(lm_exec_open(exec, plan, err));
    LM_TRY(lm_exec_lock_open(exec, err));
    struct lm_err forgetful = {LM_OK, ""}; /* what cannot be remembered stops no run */
    if (lm_last_claim(exec->spec, &exec->now.last, &forgetful) == LM_INVALID)
        return lm_fail(err, LM_INVALID, "%s", forgetful.text);
    create_tasks(exec);
    LM_TRY(create_run_folder(exec, err));
    LM_TRY(lm_exec_signals_open(exec, err));
    LM_TRY(open_record(exec, err));
    if (forgetful.status != LM_OK)
        lm_exec_note(exec, NULL, forgetful.text);
    return lm_exec_lock_expect(exec, err);
}

void lm_exec_tell_damage(struct lm_exec *exec)
{
    size_t count;
    const char *const *warnings = lm_store_warnings(exec->store, &count);
    while (exec->told < count)
        lm_exec_note(exec, NULL, warnings[exec->told++]);
}

/* ---- the loop ---- */

enum { FDS_A_TASK = 2 };

/** Waits for something to happen; then takes it. */
static void wait_and_take(struct lm_exec *exec, struct pollfd *fds, struct lm_task **owners)
{
    size_t running = exec->running_count;
    fds[0] = (struct pollfd){.fd = exec->signal_fd, .events = POLLIN};
    for (size_t i = 0; i < running; i++) {
        owners[i] = exec->running[i];
        const struct lm_child *child = &owners[i]->attempt->child;
        fds[1 + FDS_A_TASK * i] = (struct pollfd){.fd = child->pid_fd, .events = POLLIN};
        fds[2 + FDS_A_TASK * i] = (struct pollfd){.fd = child->events_fd, .events = POLLIN};
    }
    lm_events_flush(&exec->events);
    int ready =
        poll(fds, (nfds_t)(1 + FDS_A_TASK * running), exec->held_count > 0 ? FLUSH_MS : TICK_MS);
    exec->retry_locks = ready == 0;
    if (ready > 0 && fds[0].revents)
        lm_exec_signals_take(exec);
    for (size_t i = 0; ready > 0 && i < running; i++) {
        if (fds[2 + FDS_A_TASK * i].revents)
            lm_exec_read(exec, owners[i]);
        if (fds[1 + FDS_A_TASK * i].revents || owners[i]->attempt->rests)
            lm_exec_end(exec, owners[i]);
    }
    struct lm_run_event event = {.kind = LM_EV_TICK};
    lm_events_emit(&exec->events, &event, false);
}

/** True while something runs, or another process produces what is needed here. */
static bool is_going_on(const struct lm_exec *exec)
{
    return exec->running_count > 0 || (exec->ready.count > 0 && lm_exec_may_start(exec));
}

enum lm_status lm_exec_loop(struct lm_exec *exec, struct lm_err *err)
{
    struct pollfd *fds =
        LM_NEW_ARRAY(exec->arena, struct pollfd, FDS_A_TASK * exec->spec->stage_count + 1);
    struct lm_task **owners = LM_NEW_ARRAY(exec->arena, struct lm_task *, exec->spec->stage_count);
    if (fds == NULL || owners == NULL)
        return no_memory(err);
    for (;;) {
        lm_exec_advance(exec);
        lm_exec_tell_damage(exec);
        if (exec->due.count > 0)
            continue; /* what was launched has failed, and others follow from that */
        lm_exec_flush(exec, false);
        if (!is_going_on(exec))
            break;
        wait_and_take(exec, fds, owners);
        lm_exec_check_clocks(exec);
    }
    /* What could not begin: after an interruption it may next time, after a failure it is skipped.
     */
    for (size_t i = 0; i < exec->spec->stage_count; i++)
        if (exec->tasks[i].phase != LM_FINISHED)
            lm_exec_finish(exec, &exec->tasks[i], exec->stopping ? LM_STOPPED : LM_SKIPPED, NULL);
    lm_exec_flush(exec, true);
    lm_exec_tell_damage(exec);
    return LM_OK;
}

/* ---- the end ---- */

void lm_exec_close(struct lm_exec *exec)
{
    lm_worker_server_close(&exec->server);
    lm_exec_clean(exec);
    lm_events_close(&exec->events);
    lm_exec_signals_close(exec);
    if (exec->temporary != NULL) {
        const char *lock = lm_arena_printf(exec->arena, "%s.lock", exec->temporary);
        lm_dir_remove(exec->temporary, NULL);
        lm_lock_release(&exec->temporary_lock, lock);
    }
    lm_lock_release(&exec->store_lock, NULL);
}

enum lm_status lm_run(const struct lm_plan *plan, const struct lm_run_options *options,
                      struct lm_run_result *out, struct lm_err *err)
{
    struct lm_exec exec = {.spec = plan->spec,
                           .store = plan->store,
                           .arena = lm_arena_create(),
                           .options = options,
                           .store_lock = {-1},
                           .temporary_lock = {-1},
                           .signal_fd = -1};
    if (exec.arena == NULL)
        return no_memory(err);
    lm_worker_server_init(&exec.server);
    enum lm_status status = begin(&exec, plan, err);
    if (status == LM_OK)
        status = lm_exec_loop(&exec, err);
    if (status == LM_OK)
        status = lm_exec_leave(&exec, out, err);
    lm_exec_close(&exec);
    if (status != LM_OK)
        lm_arena_free(exec.arena);
    return status;
}

void lm_run_result_release(struct lm_run_result *result)
{
    lm_arena_free(result->arena);
    *result = (struct lm_run_result){0};
}
