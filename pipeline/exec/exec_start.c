#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "exec/exec.h"
#include "protocol/checkpoint.h"
#include "protocol/job.h"

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "out of memory starting a stage");
}

/* ---- environment ---- */

const char *const *lm_exec_environment(const struct lm_run_options *options, struct lm_arena *arena)
{
    /* What is set always: one thread of BLAS, no locale, no time zone. */
    static const char *const fixed[] = {"OPENBLAS_NUM_THREADS=1", "LC_ALL=C", "TZ=UTC"};
    static const char *const passed[] = {
        "PATH",          "HOME",        "TMPDIR",        "OPENBLAS_CORETYPE", "LD_LIBRARY_PATH",
        "http_proxy",    "https_proxy", "HTTPS_PROXY",   "all_proxy",         "ALL_PROXY",
        "no_proxy",      "NO_PROXY",    "SSL_CERT_FILE", "SSL_CERT_DIR",      "ASAN_OPTIONS",
        "UBSAN_OPTIONS", "TSAN_OPTIONS"};
    size_t fixed_count = sizeof fixed / sizeof fixed[0], count = 0;
    size_t passed_count = sizeof passed / sizeof passed[0];
    const char **out = LM_NEW_ARRAY(arena, const char *, fixed_count + passed_count + 1);
    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < fixed_count; i++)
        out[count++] = fixed[i];
    for (size_t i = 0; i < passed_count && options->env != NULL; i++) {
        const char *value = options->env(options->env_user, passed[i]);
        const char *row = value != NULL ? lm_arena_printf(arena, "%s=%s", passed[i], value) : NULL;
        if (row != NULL)
            out[count++] = row;
    }
    return out;
}

/* ---- the job ---- */

/** What `verify` proves is executed from its first step on, and leaves nothing. */
static const char *state_of(const struct lm_exec *exec, const struct lm_task *task)
{
    const struct lm_plan_stage *planned = &exec->now.stages[task->index];
    return exec->verify == NULL && planned->has_prefix
               ? lm_store_state_folder(exec->store, task->attempt->arena, &planned->prefix)
               : NULL;
}

/** May the process of a stage be that of another one next? Not what executes a program or computes
 *  for long, and nothing that is being proved. */
static bool may_rest(const struct lm_exec *exec, const struct lm_task *task)
{
    const struct lm_stage *type = exec->spec->stages[task->index].type;
    return exec->verify == NULL && type->program == NULL && !(type->flags & LM_STAGE_NUMERIC);
}

static enum lm_status prepare_job(struct lm_exec *exec, const struct lm_task *task,
                                  const char *path, struct lm_err *err)
{
    const struct lm_exec_place place = {&exec->now, task->index, task->attempt->arena,
                                        task->attempt->folder};
    struct lm_job job = {.checkpoints = task->attempt->checkpoints,
                         .kernels = exec->options->kernels,
                         .threads = task->attempt->threads,
                         .interrupt_at = lm_exec_verify_position(exec, task),
                         .offline = exec->options->offline,
                         .state = state_of(exec, task),
                         .afresh = exec->now.stages[task->index].forced,
                         .may_rest = may_rest(exec, task)};
    LM_TRY(lm_exec_job(&job, &place, err));
    return lm_job_save(&job, path, err);
}

enum lm_status lm_exec_prepare_temporary(struct lm_exec *exec, struct lm_err *err)
{
    const char *folder = NULL, *logs = lm_path_join(exec->arena, exec->folder, "logs");
    if (exec->temporary != NULL)
        return LM_OK;
    if (logs == NULL)
        return no_memory(err);
    lm_store_sweep(exec->store);
    LM_TRY(lm_store_temporary(&folder, &exec->temporary_lock, exec->store, exec->arena, exec->id,
                              err));
    LM_TRY(lm_dir_create(logs, err));
    exec->temporary = folder;
    return LM_OK;
}

/** Of the key; of `verify` private ones, so that neither begins where the other has stopped. */
static const char *checkpoints_of(const struct lm_exec *exec, const struct lm_task *task)
{
    struct lm_arena *arena = task->attempt->arena;
    if (exec->verify == NULL)
        return lm_store_checkpoint_folder(exec->store, arena, &exec->now.stages[task->index].key);
    return lm_arena_printf(arena, "%s/.checkpoints/%s", exec->temporary,
                           exec->spec->stages[task->index].id);
}

static enum lm_status prepare_folder(struct lm_exec *exec, const struct lm_task *task,
                                     const char **job, struct lm_err *err)
{
    struct lm_attempt *attempt = task->attempt;
    const char *id = exec->spec->stages[task->index].id;
    LM_TRY(lm_exec_prepare_temporary(exec, err));
    attempt->folder = lm_arena_printf(attempt->arena, "%s/%s", exec->temporary, id);
    attempt->log = lm_arena_printf(attempt->arena, "%s/logs/%s.log", exec->folder, id);
    *job = lm_arena_printf(attempt->arena, "%s/%s/job.json", exec->temporary, id);
    attempt->checkpoints = checkpoints_of(exec, task);
    if (attempt->folder == NULL || attempt->log == NULL || *job == NULL ||
        attempt->checkpoints == NULL)
        return no_memory(err);
    LM_TRY(lm_dir_remove(attempt->folder, err));
    return lm_dir_create(attempt->folder, err);
}

/** What is told of a stage from now on; NULL: out of memory. */
static struct lm_execution *open_execution(struct lm_exec *exec, struct lm_task *task)
{
    const struct lm_plan_stage *planned = &exec->now.stages[task->index];
    struct lm_attempt *attempt = task->attempt;
    struct lm_run_stage *stage = &exec->stages[task->index];
    if (stage->execution == NULL) {
        stage->execution = LM_NEW(exec->arena, struct lm_execution);
        if (stage->execution == NULL)
            return NULL;
        attempt->before = lm_attempt_seconds_read(attempt);
        attempt->first_ns = attempt->begin_ns;
        stage->execution->begin = (double)(attempt->begin_ns - exec->begin_ns) * 1e-9;
        stage->execution->reason = planned->reason;
    }
    struct lm_execution *execution = stage->execution;
    execution->attempts++;
    execution->threads = attempt->threads;
    execution->resumed = lm_checkpoint_peek(attempt->checkpoints);
    execution->telemetry =
        (struct lm_telemetry){.arena = exec->arena, .begin_ns = attempt->begin_ns};
    return execution;
}

enum lm_status lm_exec_start(struct lm_exec *exec, struct lm_task *task, struct lm_err *err)
{
    struct lm_attempt *attempt = task->attempt;
    const char *job = NULL;
    /* A hit whose result was damaged meanwhile: nobody was asked. */
    if (exec->spec->stages[task->index].type->program != NULL && !exec->options->allow_programs)
        return lm_fail(err, LM_INVALID, "executes a program; allow it by --allow-commands");
    LM_TRY(prepare_folder(exec, task, &job, err));
    LM_TRY(prepare_job(exec, task, job, err));
    const char *server_log = lm_path_join(attempt->arena, exec->folder, "logs/.server.log");
    attempt->begin_ns = lm_clock_monotonic_ns();
    const struct lm_execution *execution = open_execution(exec, task);
    if (server_log == NULL || execution == NULL || !lm_exec_add_secrets(exec))
        return no_memory(err);
    const struct lm_worker_request request = {
        .job = job, .log = attempt->log, .alone = attempt->alone || !may_rest(exec, task)};
    LM_TRY(lm_worker_server_start(&exec->server, &attempt->child, exec->options->worker,
                                  exec->environment, server_log, &request, err));
    task->phase = LM_RUNNING;
    attempt->result = NULL;
    attempt->timed_out = attempt->killed = attempt->rests = false;
    attempt->term_ns = attempt->kept_ns = 0;
    attempt->doing[0] = '\0';
    struct lm_run_event event = {.kind = LM_EV_STAGE_BEGIN,
                                 .stage = exec->spec->stages[task->index].id,
                                 .state = execution->resumed >= 0 ? LM_RESUME : LM_RUN,
                                 .key = &exec->now.stages[task->index].key,
                                 .text = execution->reason};
    lm_events_emit(&exec->events, &event, true);
    return LM_OK;
}
