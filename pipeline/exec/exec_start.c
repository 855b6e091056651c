#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* ---- inputs ---- */

/** Output of the record of an input's stage, or NULL. */
static const struct lm_output *output_of(const struct lm_plan *plan,
                                         const struct lm_spec_input *input)
{
    const struct lm_record *record = plan->stages[input->stage].record;
    return record != NULL ? lm_record_output(record, lm_port_key(input->from)) : NULL;
}

/** A private folder of links to the objects of a folder port. */
static enum lm_status link_folder(struct lm_exec *exec, struct lm_arena *arena,
                                  const struct lm_output *output, const char *folder,
                                  struct lm_err *err)
{
    LM_TRY(lm_dir_create(folder, err));
    for (size_t i = 0; i < output->file_count; i++) {
        const char *path = lm_path_join(arena, folder, output->files[i].name);
        const char *object = lm_store_object_path(exec->store, arena, &output->files[i].object);
        if (path == NULL || object == NULL)
            return no_memory(err);
        if (strchr(output->files[i].name, '/') != NULL) {
            const char *parent = lm_path_dir(arena, path);
            if (parent == NULL)
                return no_memory(err);
            LM_TRY(lm_dir_create(parent, err));
        }
        if (symlink(object, path) != 0)
            return lm_fail_errno(err, errno, "cannot link %s", path);
    }
    return LM_OK;
}

static enum lm_status prepare_input(struct lm_exec *exec, const struct lm_attempt *attempt,
                                    const struct lm_spec_input *input, size_t number,
                                    struct lm_job_input *out, struct lm_err *err)
{
    struct lm_arena *arena = attempt->arena;
    const struct lm_output *output = output_of(&exec->now, input);
    out->port = input->port->name;
    out->label = input->label;
    out->path = ""; /* a list's, which has failed */
    if (output == NULL && input->role == LM_INPUT_DROPPED)
        return LM_OK;
    if (output == NULL)
        return lm_fail(err, LM_INTERNAL, "the input %s has no result", input->typed);
    if (!output->folder) {
        out->path = lm_store_object_path(exec->store, arena, &output->files[0].object);
        return out->path != NULL ? LM_OK : no_memory(err);
    }
    out->path = lm_arena_printf(arena, "%s/in/%zu-%s", attempt->folder, number, out->port);
    return out->path != NULL ? link_folder(exec, arena, output, out->path, err) : no_memory(err);
}

static enum lm_status prepare_inputs(struct lm_exec *exec, const struct lm_task *task,
                                     struct lm_job *job, struct lm_err *err)
{
    const struct lm_taken *taken = &exec->now.taken[task->index];
    struct lm_job_input *inputs =
        LM_NEW_ARRAY(task->attempt->arena, struct lm_job_input, taken->count);
    if (inputs == NULL)
        return no_memory(err);
    for (size_t i = 0; i < taken->count; i++)
        LM_TRY(prepare_input(exec, task->attempt, &taken->rows[i], i, &inputs[i], err));
    job->inputs = inputs;
    job->input_count = taken->count;
    return LM_OK;
}

/** The digest text a key has behind a head, "file tasks.0"; NULL when it is not in the key. */
static const char *digest_in_key(struct lm_arena *arena, const char *key_text, const char *head,
                                 const char *name)
{
    const char *field = lm_arena_printf(arena, "\n%s %s ", head, name);
    const char *line = field != NULL ? strstr(key_text, field) : NULL;
    if (line == NULL)
        return NULL;
    line += strlen(field);
    return lm_arena_strndup(arena, line, strcspn(line, "\n"));
}

/** Files the parameters name by content: the worker hashes them again when the stage has run. */
static enum lm_status prepare_files(struct lm_exec *exec, const struct lm_task *task,
                                    struct lm_job *job, struct lm_err *err)
{
    struct lm_arena *arena = task->attempt->arena;
    const struct lm_spec_stage *stage = &exec->spec->stages[task->index];
    const char *key_text = exec->now.stages[task->index].key_text;
    struct lm_job_file *files = LM_NEW_ARRAY(arena, struct lm_job_file, stage->file_count + 1);
    if (files == NULL)
        return no_memory(err);
    for (size_t i = 0; i < stage->file_count; i++) {
        const char *digest = digest_in_key(arena, key_text, "file", stage->files[i].param);
        if (digest != NULL)
            files[job->file_count++] =
                (struct lm_job_file){stage->files[i].path, digest, stage->files[i].param};
    }
    const char *baseline = digest_in_key(arena, key_text, "experiment", "baseline");
    if (baseline != NULL)
        files[job->file_count++] = (struct lm_job_file){exec->spec->baseline, baseline, "baseline"};
    job->files = files;
    return LM_OK;
}

/* ---- the job ---- */

static enum lm_status experiment_facts(struct lm_exec *exec, const struct lm_task *task,
                                       struct lm_job *job, struct lm_err *err)
{
    struct lm_buf buf;
    if (!(exec->spec->stages[task->index].type->flags & LM_STAGE_EXPERIMENT))
        return LM_OK;
    lm_buf_init(&buf, 0);
    enum lm_status status = lm_plan_write_experiment(&buf, &exec->now, task->index, err);
    if (status == LM_OK) {
        job->experiment = lm_arena_strdup(task->attempt->arena, buf.data);
        status = job->experiment != NULL ? LM_OK : no_memory(err);
    }
    lm_buf_release(&buf);
    return status;
}

/** What `verify` proves is executed from its first step on, and leaves nothing. */
static const char *state_of(const struct lm_exec *exec, const struct lm_task *task)
{
    const struct lm_plan_stage *planned = &exec->now.stages[task->index];
    return exec->verify == NULL && planned->has_prefix
               ? lm_store_state_folder(exec->store, task->attempt->arena, &planned->prefix)
               : NULL;
}

static enum lm_status prepare_job(struct lm_exec *exec, const struct lm_task *task,
                                  const char *path, struct lm_err *err)
{
    const struct lm_spec_stage *stage = &exec->spec->stages[task->index];
    struct lm_job job = {.stage = stage->type,
                         .params = stage->params,
                         .folder = task->attempt->folder,
                         .checkpoints = task->attempt->checkpoints,
                         .kernels = exec->options->kernels,
                         .seed = stage->seed,
                         .threads = task->attempt->threads,
                         .interrupt_at = lm_exec_verify_position(exec, task),
                         .portable = stage->portable,
                         .offline = exec->options->offline,
                         .state = state_of(exec, task),
                         .afresh = exec->now.stages[task->index].forced};
    LM_TRY(prepare_inputs(exec, task, &job, err));
    LM_TRY(prepare_files(exec, task, &job, err));
    LM_TRY(experiment_facts(exec, task, &job, err));
    return lm_job_save(&job, path, err);
}

enum lm_status lm_exec_prepare_temporary(struct lm_exec *exec, struct lm_err *err)
{
    bool taken = false;
    if (exec->temporary != NULL)
        return LM_OK;
    lm_store_sweep(exec->store);
    const char *folder =
        lm_arena_printf(exec->arena, "%s/tmp/%s", lm_store_path(exec->store), exec->id);
    const char *lock = folder != NULL ? lm_arena_printf(exec->arena, "%s.lock", folder) : NULL;
    const char *logs = lm_path_join(exec->arena, exec->folder, "logs");
    if (lock == NULL || logs == NULL)
        return no_memory(err);
    LM_TRY(lm_lock_try(&exec->temporary_lock, &taken, NULL, lock, true, err));
    if (!taken)
        return lm_fail(err, LM_IO, "%s is held by another process; run again", lock);
    LM_TRY(lm_dir_create(folder, err));
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
    if (server_log == NULL || execution == NULL)
        return no_memory(err);
    LM_TRY(lm_worker_server_start(&exec->server, &attempt->child, exec->options->worker,
                                  exec->environment, server_log, job, attempt->log, err));
    task->phase = LM_RUNNING;
    attempt->result = NULL;
    attempt->timed_out = attempt->killed = false;
    attempt->term_ns = attempt->kept_ns = 0;
    struct lm_run_event event = {.kind = LM_EV_STAGE_BEGIN,
                                 .stage = exec->spec->stages[task->index].id,
                                 .state = execution->resumed >= 0 ? LM_RESUME : LM_RUN,
                                 .key = &exec->now.stages[task->index].key,
                                 .text = execution->reason};
    lm_events_emit(&exec->events, &event, true);
    return LM_OK;
}
