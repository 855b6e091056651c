#include "exec/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/pool.h"
#include "runs/run_files.h"

#define SECOND UINT64_C(1000000000)
#define GRACE (10 * SECOND) /**< after SIGTERM a worker may checkpoint this long */
#define TICK_MS 200
#define LOCK_TRIES 100 /**< of 100 ms, for the store's lock */

/* ---- beginning ---- */

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "out of memory starting the run");
}

/** Nothing is executed when the plan says that it cannot end well. */
static enum lm_status refuse(const struct lm_plan *plan, struct lm_err *err)
{
    struct lm_err why;
    if (lm_plan_refusal(plan, &why) == LM_OK)
        return LM_OK;
    return lm_fail(err, LM_INVALID, "%s", why.text);
}

/** Shared by runners; `cache clear` takes it alone. */
static enum lm_status lock_store(struct lm_exec *exec, struct lm_err *err)
{
    const struct timespec wait = {.tv_nsec = 100000000};
    const char *path = lm_path_join(exec->arena, lm_store_path(exec->store), "locks/store");
    bool taken = false;
    if (path == NULL)
        return no_memory(err);
    for (int i = 0; i < LOCK_TRIES; i++) {
        LM_TRY(lm_lock_try(&exec->store_lock, &taken, NULL, path, false, err));
        if (taken)
            return LM_OK;
        nanosleep(&wait, NULL);
    }
    return lm_fail(err, LM_IO, "%s is being cleared by another process; run again later",
                   lm_store_path(exec->store));
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

static enum lm_status open_signals(struct lm_exec *exec, struct lm_err *err)
{
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    exec->signal_fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
    return exec->signal_fd >= 0 ? LM_OK : lm_fail_errno(err, errno, "cannot take signals");
}

static enum lm_status create_nodes(struct lm_exec *exec, struct lm_err *err)
{
    exec->nodes = LM_NEW_ARRAY(exec->arena, struct lm_node, exec->spec->stage_count);
    exec->environment = lm_exec_environment(exec->options, exec->arena);
    if (exec->nodes == NULL || exec->environment == NULL)
        return no_memory(err);
    for (size_t i = 0; i < exec->spec->stage_count; i++) {
        const struct lm_plan_stage *planned = &exec->plan->stages[i];
        struct lm_node *node = &exec->nodes[i];
        node->index = i;
        node->lock.fd = -1;
        node->resumed = -1;
        node->phase = planned->selected ? LM_PENDING : LM_FINISHED;
        node->state = planned->record != NULL ? LM_HIT : LM_SKIPPED;
    }
    return LM_OK;
}

static enum lm_status begin(struct lm_exec *exec, struct lm_err *err)
{
    exec->begin_ns = lm_clock_monotonic_ns();
    exec->threads = exec->options->threads > 0 ? exec->options->threads : lm_cpu_count();
    LM_TRY(refuse(exec->plan, err));
    struct lm_err forgetful = {LM_OK, ""}; /* what cannot be remembered stops no run */
    if (lm_last_claim(exec->spec, &forgetful) == LM_INVALID)
        return lm_fail(err, LM_INVALID, "%s", forgetful.text);
    LM_TRY(lock_store(exec, err));
    LM_TRY(create_nodes(exec, err));
    LM_TRY(create_run_folder(exec, err));
    LM_TRY(open_signals(exec, err));
    const char *path = lm_path_join(exec->arena, exec->folder, "events.jsonl");
    if (path == NULL)
        return no_memory(err);
    LM_TRY(lm_events_open(&exec->events, path, exec->options->on_event, exec->options->user, err));
    struct lm_run_event event = {.kind = LM_EV_RUN_BEGIN, .text = exec->id};
    lm_events_emit(&exec->events, &event, true);
    if (forgetful.status != LM_OK)
        lm_exec_note(exec, NULL, forgetful.text);
    return LM_OK;
}

/** What the store found damaged is told as notes, once. */
static void tell_damage(struct lm_exec *exec, size_t *told)
{
    size_t count;
    const char *const *warnings = lm_store_warnings(exec->store, &count);
    for (; *told < count; ++*told)
        lm_exec_note(exec, NULL, warnings[*told]);
}

/* ---- stopping ---- */

static void send_term(struct lm_node *node)
{
    if (node->term_ns == 0)
        node->term_ns = lm_clock_monotonic_ns();
    lm_child_signal(&node->child, SIGTERM);
}

static void stop(struct lm_exec *exec, const char *why)
{
    exec->stopping = true;
    lm_exec_note(exec, NULL, why);
    for (size_t i = 0; i < exec->spec->stage_count; i++)
        if (exec->nodes[i].phase == LM_RUNNING)
            send_term(&exec->nodes[i]);
}

static void kill_all(struct lm_exec *exec)
{
    exec->killed = true;
    for (size_t i = 0; i < exec->spec->stage_count; i++)
        if (exec->nodes[i].phase == LM_RUNNING) {
            exec->nodes[i].term_ns = exec->nodes[i].term_ns > 0 ? exec->nodes[i].term_ns : 1;
            lm_child_signal(&exec->nodes[i].child, SIGKILL);
        }
}

static void take_signals(struct lm_exec *exec)
{
    struct signalfd_siginfo info;
    while (read(exec->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (exec->stop_signal != 0) {
            exec->stop_signal = (int)info.ssi_signo;
            kill_all(exec);
            continue;
        }
        exec->stop_signal = (int)info.ssi_signo;
        if (!exec->stopping)
            stop(exec, "stopping; a second signal ends at once");
    }
}

/** Deadlines of the run and of stages; workers that do not obey SIGTERM. */
static void check_clocks(struct lm_exec *exec)
{
    uint64_t now = lm_clock_monotonic_ns();
    double deadline = exec->options->deadline;
    if (!exec->stopping && deadline > 0 && (double)(now - exec->begin_ns) * 1e-9 >= deadline)
        stop(exec, "the deadline has come; stopping");
    for (size_t i = 0; i < exec->spec->stage_count; i++) {
        struct lm_node *node = &exec->nodes[i];
        double timeout = exec->spec->stages[i].timeout;
        if (node->phase != LM_RUNNING)
            continue;
        if (timeout > 0 && node->term_ns == 0 &&
            (double)(now - node->attempt_ns) * 1e-9 > timeout) {
            node->timed_out = true;
            send_term(node);
        }
        /* `now` is older than a SIGTERM that was sent here */
        if (node->term_ns > 0 && now > node->term_ns && now - node->term_ns > GRACE)
            lm_child_signal(&node->child, SIGKILL);
    }
}

/* ---- the loop ---- */

/** Waits for something to happen; then takes it. */
static void wait_and_take(struct lm_exec *exec, struct pollfd *fds, struct lm_node **owners)
{
    nfds_t count = 0;
    fds[count++] = (struct pollfd){.fd = exec->signal_fd, .events = POLLIN};
    for (size_t i = 0; i < exec->spec->stage_count; i++) {
        struct lm_node *node = &exec->nodes[i];
        if (node->phase != LM_RUNNING)
            continue;
        owners[count] = node;
        fds[count++] = (struct pollfd){.fd = node->child.pid_fd, .events = POLLIN};
        owners[count] = node;
        fds[count++] = (struct pollfd){.fd = node->child.events_fd, .events = POLLIN};
    }
    int ready = poll(fds, count, TICK_MS);
    if (ready > 0 && fds[0].revents)
        take_signals(exec);
    for (nfds_t i = 1; ready > 0 && i + 1 < count; i += 2) {
        if (fds[i + 1].revents)
            lm_exec_read(exec, owners[i]);
        if (fds[i].revents)
            lm_exec_end(exec, owners[i]);
    }
    struct lm_run_event event = {.kind = LM_EV_TICK};
    lm_events_emit(&exec->events, &event, false);
}

static enum lm_status loop(struct lm_exec *exec, struct lm_err *err)
{
    size_t told = 0, places = exec->spec->stage_count * 2 + 1;
    struct pollfd *fds = LM_NEW_ARRAY(exec->arena, struct pollfd, places);
    struct lm_node **owners = LM_NEW_ARRAY(exec->arena, struct lm_node *, places);
    if (fds == NULL || owners == NULL)
        return no_memory(err);
    for (;;) {
        lm_exec_advance(exec);
        tell_damage(exec, &told);
        bool waiting = lm_exec_count(exec, LM_WAITING) > 0 && lm_exec_may_start(exec);
        if (lm_exec_count(exec, LM_RUNNING) == 0 && !waiting)
            break;
        wait_and_take(exec, fds, owners);
        check_clocks(exec);
    }
    /* What could not begin: after an interruption it may next time, after a failure it is skipped.
     */
    for (size_t i = 0; i < exec->spec->stage_count; i++)
        if (exec->nodes[i].phase != LM_FINISHED)
            lm_exec_finish(exec, &exec->nodes[i], exec->stopping ? LM_STOPPED : LM_SKIPPED, NULL);
    return LM_OK;
}

/* ---- the end ---- */

static enum lm_status fill_rows(const struct lm_exec *exec, struct lm_run_result *out,
                                struct lm_err *err)
{
    out->rows = LM_NEW_ARRAY(exec->arena, struct lm_run_row, exec->spec->stage_count);
    if (out->rows == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory ending the run");
    for (size_t i = 0; i < exec->spec->stage_count; i++) {
        const struct lm_node *node = &exec->nodes[i];
        const struct lm_plan_stage *planned = &exec->plan->stages[i];
        if (!planned->selected)
            continue;
        const char *headline = planned->record != NULL ? planned->record->headline : "";
        out->rows[out->row_count++] = (struct lm_run_row){
            .stage = exec->spec->stages[i].id,
            .state = node->state,
            .seconds = node->begin_ns > 0 ? (double)(node->end_ns - node->begin_ns) * 1e-9 : 0,
            .headline = headline,
            .error = node->error};
    }
    return LM_OK;
}

static int exit_code(const struct lm_exec *exec, const struct lm_run_result *result)
{
    if (exec->killed)
        return 128 + exec->stop_signal;
    if (exec->store_failed)
        return 3;
    if (exec->failed)
        return 1;
    for (size_t i = 0; i < exec->spec->stage_count; i++)
        if (exec->nodes[i].state == LM_STOPPED)
            return 75;
    return lm_gates_exit_code(result->gates, result->gate_count);
}

static void write_text(struct lm_exec *exec, const char *folder, const char *name,
                       void (*write)(struct lm_buf *out, const struct lm_run_facts *facts),
                       const struct lm_run_facts *facts)
{
    struct lm_buf buf;
    struct lm_err err = {LM_OK, ""};
    const char *path = lm_path_join(exec->arena, folder, name);
    const char *temporary =
        path != NULL ? lm_arena_printf(exec->arena, "%s.tmp.%d", path, (int)getpid()) : NULL;
    lm_buf_init(&buf, 0);
    write(&buf, facts);
    enum lm_status status = temporary != NULL ? lm_buf_status(&buf, &err) : no_memory(&err);
    if (status == LM_OK)
        status = lm_file_write(temporary, buf.data, buf.size, &err);
    if (status == LM_OK && rename(temporary, path) != 0)
        status = lm_fail_errno(&err, errno, "cannot rename %s", temporary);
    if (status != LM_OK)
        lm_exec_note(exec, NULL, err.text); /* a run is not worse for want of its page */
    lm_buf_release(&buf);
}

/** run.json and run.html beside what is published: when something ran, or they are not there. */
static void write_pages(struct lm_exec *exec, struct lm_run_result *out,
                        const struct lm_run_facts *facts)
{
    const struct {
        const char *name;
        void (*write)(struct lm_buf *buf, const struct lm_run_facts *facts);
        bool wanted;
    } pages[] = {{"run.json", lm_run_record_write, true},
                 {"run.html", lm_run_page_write, true},
                 {"junit-run.xml", lm_run_junit_write, exec->options->ci}};

    const char *folder = lm_publish_folder(exec->plan);
    if (folder == NULL || lm_dir_create(folder, NULL) != LM_OK)
        return;
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        const char *path = lm_path_join(exec->arena, folder, pages[i].name);
        bool always = exec->options->ci || exec->executed > 0;
        if (path == NULL || !pages[i].wanted)
            continue;
        if (always || !lm_path_exists(path))
            write_text(exec, folder, pages[i].name, pages[i].write, facts);
        if (i > 0) /* run.json is for machines; the other two are worth naming */
            out->published[out->published_count++] = path;
    }
}

static const char *state_word(int code)
{
    return code == 75 || code > 128 ? "interrupted" : code == 0 ? "finished" : "failed";
}

static enum lm_status end(struct lm_exec *exec, struct lm_run_result *out, struct lm_err *err)
{
    struct lm_run_facts facts;
    struct lm_err trouble = {LM_OK, ""};
    struct lm_run_result result = {.id = exec->id, .executed = exec->executed};
    LM_TRY(lm_plan_decide(&result.gates, exec->plan, err));
    result.gate_count = exec->spec->gate_count;
    if (lm_publish_all(exec->plan, &result.published, &result.published_count, &trouble) != LM_OK) {
        lm_exec_note(exec, NULL, trouble.text);
        exec->store_failed = true;
    }
    LM_TRY(fill_rows(exec, &result, err));
    result.exit_code = exit_code(exec, &result);
    lm_run_facts_init(&facts, exec);
    facts.result = &result;
    facts.state = state_word(result.exit_code);
    write_text(exec, exec->folder, "run.json", lm_run_record_write, &facts);
    if (result.published != NULL)
        write_pages(exec, &result, &facts);
    struct lm_run_event event = {
        .kind = LM_EV_RUN_END, .text = facts.state, .value = facts.seconds};
    lm_events_emit(&exec->events, &event, true);
    *out = result;
    return LM_OK;
}

static void close_all(struct lm_exec *exec)
{
    lm_events_close(&exec->events);
    if (exec->signal_fd >= 0)
        close(exec->signal_fd);
    if (exec->temporary != NULL) {
        const char *lock = lm_arena_printf(exec->arena, "%s.lock", exec->temporary);
        lm_dir_remove(exec->temporary, NULL);
        lm_lock_release(&exec->temporary_lock, lock);
    }
    lm_lock_release(&exec->store_lock, NULL);
}

enum lm_status lm_run(struct lm_plan *plan, const struct lm_run_options *options,
                      struct lm_run_result *out, struct lm_err *err)
{
    struct lm_exec exec = {.plan = plan,
                           .spec = plan->spec,
                           .store = plan->store,
                           .arena = plan->arena,
                           .options = options,
                           .store_lock.fd = -1,
                           .temporary_lock.fd = -1,
                           .signal_fd = -1};
    enum lm_status status = begin(&exec, err);
    if (status == LM_OK)
        status = loop(&exec, err);
    if (status == LM_OK)
        status = end(&exec, out, err);
    close_all(&exec);
    return status;
}
