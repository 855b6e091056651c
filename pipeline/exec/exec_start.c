#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "exec/exec.h"
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

const struct lm_output *lm_exec_input(const struct lm_plan *plan, const struct lm_spec_input *input)
{
    const struct lm_record *record = plan->stages[input->stage].record;
    return record != NULL ? lm_record_output(record, lm_port_key(input->from)) : NULL;
}

/** A private folder of links to the objects of a folder port. */
static enum lm_status link_folder(struct lm_exec *exec, const struct lm_output *output,
                                  const char *folder, struct lm_err *err)
{
    LM_TRY(lm_dir_create(folder, err));
    for (size_t i = 0; i < output->file_count; i++) {
        const char *path = lm_path_join(exec->arena, folder, output->files[i].name);
        const char *object =
            lm_store_object_path(exec->store, exec->arena, &output->files[i].object);
        if (path == NULL || object == NULL)
            return no_memory(err);
        if (strchr(output->files[i].name, '/') != NULL) {
            const char *parent = lm_path_dir(exec->arena, path);
            if (parent == NULL)
                return no_memory(err);
            LM_TRY(lm_dir_create(parent, err));
        }
        if (symlink(object, path) != 0)
            return lm_fail_errno(err, errno, "cannot link %s", path);
    }
    return LM_OK;
}

static enum lm_status prepare_input(struct lm_exec *exec, const struct lm_node *node,
                                    const struct lm_spec_input *input, size_t number,
                                    struct lm_job_input *out, struct lm_err *err)
{
    const struct lm_output *output = lm_exec_input(exec->plan, input);
    if (output == NULL)
        return lm_fail(err, LM_INTERNAL, "the input %s has no result", input->label);
    out->port = input->port->name;
    out->label = input->label;
    if (!output->folder) {
        out->path = lm_store_object_path(exec->store, exec->arena, &output->files[0].object);
        return out->path != NULL ? LM_OK : no_memory(err);
    }
    out->path = lm_arena_printf(exec->arena, "%s/in/%zu-%s", node->folder, number, out->port);
    return out->path != NULL ? link_folder(exec, output, out->path, err) : no_memory(err);
}

static enum lm_status prepare_inputs(struct lm_exec *exec, const struct lm_node *node,
                                     struct lm_job *job, struct lm_err *err)
{
    const struct lm_spec_stage *stage = &exec->spec->stages[node->index];
    struct lm_job_input *inputs =
        LM_NEW_ARRAY(exec->arena, struct lm_job_input, stage->input_count);
    if (inputs == NULL)
        return no_memory(err);
    for (size_t i = 0; i < stage->input_count; i++)
        LM_TRY(prepare_input(exec, node, &stage->inputs[i], i, &inputs[i], err));
    job->inputs = inputs;
    job->input_count = stage->input_count;
    return LM_OK;
}

/** The digest text a key has for a file of the parameters, or NULL when it is not in the key. */
static const char *digest_in_key(struct lm_arena *arena, const char *key_text, const char *param)
{
    const char *field = lm_arena_printf(arena, "\nfile %s ", param);
    const char *line = field != NULL ? strstr(key_text, field) : NULL;
    if (line == NULL)
        return NULL;
    line += strlen(field);
    return lm_arena_strndup(arena, line, strcspn(line, "\n"));
}

/** Files the parameters name by content: the worker hashes them again when the stage has run. */
static enum lm_status prepare_files(struct lm_exec *exec, const struct lm_node *node,
                                    struct lm_job *job, struct lm_err *err)
{
    const struct lm_spec_stage *stage = &exec->spec->stages[node->index];
    const char *key_text = exec->plan->stages[node->index].key_text;
    struct lm_job_file *files = LM_NEW_ARRAY(exec->arena, struct lm_job_file, stage->file_count);
    if (files == NULL)
        return no_memory(err);
    for (size_t i = 0; i < stage->file_count; i++) {
        const char *digest = digest_in_key(exec->arena, key_text, stage->files[i].param);
        if (digest != NULL)
            files[job->file_count++] = (struct lm_job_file){stage->files[i].path, digest};
    }
    job->files = files;
    return LM_OK;
}

/* ---- the job ---- */

static enum lm_status experiment_facts(struct lm_exec *exec, const struct lm_node *node,
                                       struct lm_job *job, struct lm_err *err)
{
    struct lm_buf buf;
    if (!(exec->spec->stages[node->index].type->flags & LM_STAGE_EXPERIMENT))
        return LM_OK;
    lm_buf_init(&buf, 0);
    enum lm_status status = lm_plan_write_experiment(&buf, exec->plan, node->index, err);
    if (status == LM_OK) {
        job->experiment = lm_arena_strdup(exec->arena, buf.data);
        status = job->experiment != NULL ? LM_OK : no_memory(err);
    }
    lm_buf_release(&buf);
    return status;
}

static enum lm_status prepare_job(struct lm_exec *exec, const struct lm_node *node,
                                  const char *path, struct lm_err *err)
{
    const struct lm_spec_stage *stage = &exec->spec->stages[node->index];
    const struct lm_plan_stage *planned = &exec->plan->stages[node->index];
    struct lm_job job = {.stage = stage->type,
                         .params = stage->params,
                         .folder = node->folder,
                         .kernels = exec->options->kernels,
                         .seed = stage->seed,
                         .threads = node->threads,
                         .portable = stage->portable,
                         .offline = exec->options->offline};
    job.checkpoints = lm_store_checkpoint_folder(exec->store, exec->arena, &planned->key);
    if (job.checkpoints == NULL)
        return no_memory(err);
    LM_TRY(prepare_inputs(exec, node, &job, err));
    LM_TRY(prepare_files(exec, node, &job, err));
    LM_TRY(experiment_facts(exec, node, &job, err));
    return lm_job_save(&job, path, err);
}

/** tmp/<id>, owned by a lock: whoever finds the lock free may remove the folder. */
static enum lm_status prepare_temporary(struct lm_exec *exec, struct lm_err *err)
{
    bool taken = false;
    if (exec->temporary != NULL)
        return LM_OK;
    lm_store_sweep(exec->store);
    const char *folder =
        lm_arena_printf(exec->arena, "%s/tmp/%s", lm_store_path(exec->store), exec->id);
    const char *lock = folder != NULL ? lm_arena_printf(exec->arena, "%s.lock", folder) : NULL;
    if (lock == NULL)
        return no_memory(err);
    LM_TRY(lm_lock_try(&exec->temporary_lock, &taken, NULL, lock, true, err));
    if (!taken)
        return lm_fail(err, LM_IO, "%s is held by another process; run again", lock);
    LM_TRY(lm_dir_create(folder, err));
    exec->temporary = folder;
    return LM_OK;
}

static enum lm_status prepare_folder(struct lm_exec *exec, struct lm_node *node, const char **job,
                                     struct lm_err *err)
{
    const char *id = exec->spec->stages[node->index].id;
    LM_TRY(prepare_temporary(exec, err));
    const char *logs = lm_path_join(exec->arena, exec->folder, "logs");
    node->folder = lm_arena_printf(exec->arena, "%s/%s", exec->temporary, id);
    *job = lm_arena_printf(exec->arena, "%s/%s/job.json", exec->temporary, id);
    node->log = lm_arena_printf(exec->arena, "%s/logs/%s.log", exec->folder, id);
    if (logs == NULL || node->folder == NULL || *job == NULL || node->log == NULL)
        return no_memory(err);
    LM_TRY(lm_dir_create(logs, err));
    LM_TRY(lm_dir_remove(node->folder, err));
    return lm_dir_create(node->folder, err);
}

enum lm_status lm_exec_start(struct lm_exec *exec, struct lm_node *node, struct lm_err *err)
{
    const struct lm_plan_stage *planned = &exec->plan->stages[node->index];
    const char *job = NULL;
    LM_TRY(prepare_folder(exec, node, &job, err));
    LM_TRY(prepare_job(exec, node, job, err));
    const char *const argv[] = {exec->options->worker, "stage", job, NULL};
    LM_TRY(lm_child_start(&node->child, argv, exec->environment, node->log, err));
    node->phase = LM_RUNNING;
    node->attempts++;
    node->result = NULL;
    node->gauge_count = 0; /* those of an earlier attempt */
    node->timed_out = false;
    node->term_ns = 0;
    node->attempt_ns = lm_clock_monotonic_ns();
    node->begin_ns = node->attempts > 1 ? node->begin_ns : node->attempt_ns;
    node->resumed = lm_store_checkpoint(exec->store, &planned->key);
    node->reason = planned->reason;
    struct lm_run_event event = {.kind = LM_EV_STAGE_BEGIN,
                                 .stage = exec->spec->stages[node->index].id,
                                 .state = node->resumed >= 0 ? LM_RESUME : LM_RUN,
                                 .text = planned->reason};
    lm_events_emit(&exec->events, &event, true);
    return LM_OK;
}
