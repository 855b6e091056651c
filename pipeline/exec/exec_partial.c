/* What a checkpoint holds, as the outputs of its stage: the stage itself writes them, in a process
 * that does no work. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "exec/exec.h"
#include "protocol/checkpoint.h"
#include "protocol/job.h"
#include "protocol/result.h"
#include "store/record.h"

struct lm_partial {
    struct lm_arena *arena;
    struct lm_plan_made made;
    struct lm_record record;
    struct lm_lock lock;
    const char *folder;
    const char *result; /**< JSON text of the worker's last event, or NULL */
    uint64_t position;
};

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "out of memory reading a checkpoint");
}

/* ---- whether there is one ---- */

static enum lm_status check(const struct lm_plan *plan, size_t stage, struct lm_err *err)
{
    const struct lm_spec_stage *of = &plan->spec->stages[stage];
    const struct lm_plan_stage *planned = &plan->stages[stage];
    if (!(of->type->flags & LM_STAGE_STEPS))
        return lm_fail(err, LM_INVALID,
                       "%s is of type %s, which keeps no part of its result while it runs; leave "
                       "--partial out",
                       of->id, of->type->name);
    if (!planned->keyed)
        return lm_fail(
            err, LM_NOT_FOUND,
            "%s has no checkpoint: what it takes has no result yet (%s); run: lmpipe run "
            "%s %s",
            of->id, planned->reason, plan->spec->path, of->id);
    if (lm_store_checkpoint(plan->store, &planned->key) < 0)
        return lm_fail(err, LM_NOT_FOUND,
                       "%s has no checkpoint with these settings; one is saved about every ten "
                       "seconds of training, and when it is interrupted: lmpipe run %s %s",
                       of->id, plan->spec->path, of->id);
    return LM_OK;
}

/* ---- the stage's process ---- */

static void take_line(void *user, const char *line, size_t size)
{
    struct lm_partial *partial = user;
    struct lm_json *root = NULL;
    if (lm_json_parse(&root, line, size, NULL) != LM_OK)
        return;
    const char *kind = lm_json_string(lm_json_get(root, "event"), NULL);
    if (kind != NULL && strcmp(kind, "result") == 0)
        partial->result = lm_arena_strndup(partial->arena, line, size);
    if (kind != NULL && strcmp(kind, "checkpoint") == 0)
        partial->position = (uint64_t)lm_json_int(lm_json_get(root, "position"), 0);
    lm_json_free(root);
}

static enum lm_status prepare(const char **path, const struct lm_partial *partial,
                              struct lm_err *err)
{
    const struct lm_plan *plan = partial->made.plan;
    const struct lm_exec_place place = {plan, partial->made.stage, partial->arena, partial->folder};
    struct lm_job job = {.threads = 1, .offline = true, .partial = true};
    job.checkpoints = lm_store_checkpoint_folder(plan->store, partial->arena,
                                                 &plan->stages[partial->made.stage].key);
    *path = lm_path_join(partial->arena, partial->folder, "job.json");
    if (job.checkpoints == NULL || *path == NULL)
        return no_memory(err);
    LM_TRY(lm_exec_job(&job, &place, err));
    return lm_job_save(&job, *path, err);
}

static enum lm_status execute(struct lm_partial *partial, const struct lm_partial_options *options,
                              struct lm_err *err)
{
    const struct lm_run_options run = {.env = options->env, .env_user = options->env_user};
    const char *job = NULL, *log = lm_path_join(partial->arena, partial->folder, "log");
    const char *const *environment = lm_exec_environment(&run, partial->arena);
    struct lm_child child;
    struct lm_child_end end;
    if (log == NULL || environment == NULL)
        return no_memory(err);
    LM_TRY(prepare(&job, partial, err));
    const char *const argv[] = {options->worker, "stage", job, NULL};
    LM_TRY(lm_child_start(&child, argv, environment, log, err));
    lm_child_finish(&child, &end, take_line, partial);
    return LM_OK;
}

static enum lm_status take_result(struct lm_partial *partial, struct lm_err *err)
{
    struct lm_result result;
    const char *id = partial->made.plan->spec->stages[partial->made.stage].id;
    if (partial->result == NULL)
        return lm_fail(err, LM_IO,
                       "the worker ended while it read the checkpoint of %s; is there memory for "
                       "the weights twice?",
                       id);
    LM_TRY(lm_result_read(&result, partial->arena, partial->result, strlen(partial->result), err));
    if (result.status == LM_NOT_FOUND)
        return lm_fail(err, LM_NOT_FOUND, "%s has no checkpoint any more; it may have ended: %s",
                       id, result.error);
    if (result.status != LM_OK)
        return lm_fail(err, result.status, "%s: its checkpoint cannot be read: %s", id,
                       result.error);
    partial->record.outputs = result.outputs;
    partial->record.output_count = result.output_count;
    return lm_record_seal(&partial->record, partial->arena, err);
}

/* ---- life ---- */

static enum lm_status make(struct lm_partial *partial, const struct lm_partial_options *options,
                           struct lm_err *err)
{
    struct lm_store *store = partial->made.plan->store;
    const char *name = lm_arena_printf(partial->arena, "partial-%ld-%llu", (long)getpid(),
                                       (unsigned long long)lm_clock_monotonic_ns());
    if (name == NULL)
        return no_memory(err);
    LM_TRY(lm_store_temporary(&partial->folder, &partial->lock, store, partial->arena, name, err));
    LM_TRY(execute(partial, options, err));
    LM_TRY(take_result(partial, err));
    partial->made.record = &partial->record;
    partial->made.folder = partial->folder;
    return LM_OK;
}

enum lm_status lm_partial_open(struct lm_partial **out, struct lm_plan *plan, size_t stage,
                               const struct lm_partial_options *options, struct lm_err *err)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_partial *partial = arena != NULL ? LM_NEW(arena, struct lm_partial) : NULL;
    enum lm_status status = partial != NULL ? check(plan, stage, err) : no_memory(err);
    if (partial != NULL) {
        partial->arena = arena;
        partial->lock.fd = -1;
        partial->made = (struct lm_plan_made){.plan = plan, .stage = stage};
    }
    if (status == LM_OK)
        status = make(partial, options, err);
    if (status == LM_OK) {
        *out = partial;
        return LM_OK;
    }
    if (partial != NULL)
        lm_partial_close(partial);
    else
        lm_arena_free(arena);
    return status;
}

uint64_t lm_partial_position(const struct lm_partial *partial)
{
    return partial->position;
}

enum lm_status lm_partial_artifact(const struct lm_partial *partial, const char *port,
                                   const char *name, const char **path, const char **manifest,
                                   struct lm_err *err)
{
    return lm_plan_artifact_of(&partial->made, port, name, path, manifest, err);
}

const char *lm_partial_path(const struct lm_partial *partial, const char *port)
{
    return lm_arena_printf(partial->arena, "%s/out/%s", partial->folder, port);
}

void lm_partial_close(struct lm_partial *partial)
{
    if (partial == NULL)
        return;
    const char *lock = partial->folder != NULL
                           ? lm_arena_printf(partial->arena, "%s.lock", partial->folder)
                           : NULL;
    if (partial->folder != NULL)
        lm_dir_remove(partial->folder, NULL); /* what stays is swept by the next run */
    lm_lock_release(&partial->lock, lock);
    lm_arena_free(partial->arena);
}
