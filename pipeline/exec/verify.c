/* lm_verify: stages executed again, beside their stored results. */
#include <lmpipe/verify.h>

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "exec/exec.h"

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "out of memory verifying; free some");
}

/* ---- what is verified ---- */

static bool has_key(const struct lm_verify_options *options, const struct lm_plan_stage *planned)
{
    for (size_t i = 0; i < options->key_count && planned->keyed; i++)
        if (lm_digest_compare(&options->keys[i], &planned->key) == 0)
            return true;
    return options->key_count == 0;
}

/** Marks what was asked for. */
static enum lm_status mark(bool *marked, const struct lm_exec *exec, struct lm_err *err)
{
    const struct lm_verify_options *options = exec->verify->options;
    const struct lm_spec *spec = exec->spec;
    bool any = false;
    for (size_t i = 0; i < options->target_count; i++)
        if (lm_spec_match(spec, options->targets[i], marked) == 0)
            return lm_fail(err, LM_NOT_FOUND, "%s has no stage '%s'", spec->path,
                           options->targets[i]);
    for (size_t i = 0; i < spec->stage_count; i++) {
        marked[i] =
            (marked[i] || options->target_count == 0) && has_key(options, &exec->now.stages[i]);
        any = any || marked[i];
    }
    if (any || options->key_count == 0)
        return LM_OK;
    return lm_fail(err, LM_NOT_FOUND, "no stage of %s has this key now", spec->path);
}

/** A stage named alone that cannot do what was asked is an error of the command. */
static enum lm_status check_alone(const struct lm_exec *exec, const bool *marked,
                                  struct lm_err *err)
{
    const struct lm_verify_options *options = exec->verify->options;
    bool any = false;
    for (size_t i = 0; i < exec->spec->stage_count; i++)
        any = any || (marked[i] && lm_exec_is_interruptible(exec->spec->stages[i].type));
    if (any || options->interrupt_count == 0)
        return LM_OK;
    return lm_fail(err, LM_INVALID,
                   "%s%s has no checkpoints: only stages that do, such as train, can be "
                   "interrupted",
                   options->target_count == 1 ? "" : "no stage of ",
                   options->target_count == 1 ? options->targets[0] : exec->spec->path);
}

/** Why a stage with a result is not executed, or NULL. */
static const char *why_not(struct lm_exec *exec, size_t i)
{
    const struct lm_spec_stage *stage = &exec->spec->stages[i];
    struct lm_verify_row *row = &exec->verify->rows[i];
    struct lm_diag_list warnings = {.arena = exec->arena};
    lm_spec_estimate(exec->spec, i, exec->threads, NULL, &exec->now.stages[i].estimate);
    if (exec->verify->options->interrupt_count > 0 && !lm_exec_is_interruptible(stage->type)) {
        row->state = LM_VERIFY_UNINTERRUPTED;
        return lm_arena_printf(exec->arena, "not executed: %s has no checkpoints",
                               stage->type->name);
    }
    row->state = LM_VERIFY_FAILED;
    lm_spec_check_memory(exec->spec, i, &exec->now.stages[i].estimate, exec->memory, &warnings);
    return warnings.count > 0 ? warnings.items[0].text : NULL;
}

static void prepare_stage(struct lm_exec *exec, size_t i)
{
    struct lm_plan_stage *planned = &exec->now.stages[i];
    struct lm_verify_row *row = &exec->verify->rows[i];
    if (planned->record == NULL) {
        row->state = LM_VERIFY_NO_RESULT;
        row->text = planned->reason;
        return;
    }
    row->text = why_not(exec, i);
    if (row->text != NULL)
        return;
    planned->reason = "executing again";
    exec->tasks[i].phase = LM_READY;
    lm_task_set_add(&exec->ready, i);
}

static enum lm_status choose(struct lm_exec *exec, bool *marked, struct lm_err *err)
{
    LM_TRY(mark(marked, exec, err));
    LM_TRY(check_alone(exec, marked, err));
    LM_TRY(lm_exec_consent(&exec->now, exec->options, marked, err));
    for (size_t i = 0; i < exec->spec->stage_count; i++) {
        const struct lm_plan_stage *planned = &exec->now.stages[i];
        exec->tasks[i].phase = LM_FINISHED;
        exec->verify->rows[i].stage = exec->spec->stages[i].id;
        if (planned->keyed)
            exec->verify->rows[i].key = planned->key;
        if (marked[i])
            prepare_stage(exec, i);
    }
    return LM_OK;
}

/* ---- where ---- */

/** All that is written lies in tmp/<id>, which whoever finds its lock free removes. */
static enum lm_status open_private(struct lm_exec *exec, struct lm_err *err)
{
    char day[32];
    uint64_t now = lm_clock_unix_ns();
    lm_clock_format(day, (int64_t)(now / 1000000000));
    exec->id = lm_arena_printf(exec->arena, "%.10s-verify-%ld-%09u", day, (long)getpid(),
                               (unsigned)(now % 1000000000));
    exec->folder = exec->id != NULL ? lm_arena_printf(exec->arena, "%s/tmp/%s/.verify",
                                                      lm_store_path(exec->store), exec->id)
                                    : NULL;
    const char *path =
        exec->folder != NULL ? lm_path_join(exec->arena, exec->folder, "events.jsonl") : NULL;
    if (path == NULL)
        return no_memory(err);
    LM_TRY(lm_exec_prepare_temporary(exec, err));
    LM_TRY(lm_exec_signals_open(exec, err));
    return lm_events_open(&exec->events, path, exec->options->on_event, exec->options->user, err);
}

/* ---- the end ---- */

/** What one difference proves weighs more than what was not proven. */
static int exit_code(const struct lm_exec *exec, const struct lm_verify_result *result)
{
    size_t counts[LM_VERIFY_STATES] = {0};
    size_t missed = 0;
    for (size_t i = 0; i < result->row_count; i++) {
        const struct lm_verify_row *row = &result->rows[i];
        counts[row->state]++;
        missed += row->state == LM_VERIFY_UNINTERRUPTED && row->seconds > 0;
    }
    if (exec->killed)
        return 128 + exec->stop_signal;
    if (counts[LM_VERIFY_DIFFERS] > 0)
        return 6;
    if (counts[LM_VERIFY_STOPPED] > 0)
        return 75;
    return counts[LM_VERIFY_FAILED] + counts[LM_VERIFY_NO_RESULT] + missed > 0 ? 1 : 0;
}

static enum lm_status leave(struct lm_exec *exec, const bool *marked, struct lm_verify_result *out,
                            struct lm_err *err)
{
    struct lm_verify_result result = {.arena = exec->arena, .rows = exec->verify->rows};
    if (exec->broken != NULL)
        return lm_fail(err, LM_IO, "%s", exec->broken);
    for (size_t i = 0; i < exec->spec->stage_count; i++) {
        if (!marked[i])
            continue;
        struct lm_verify_row *row = &result.rows[result.row_count++];
        *row = exec->verify->rows[i];
        row->text = row->text != NULL ? row->text : "";
    }
    result.exit_code = exit_code(exec, &result);
    *out = result;
    return LM_OK;
}

static enum lm_status verify_all(struct lm_exec *exec, const struct lm_plan *plan,
                                 struct lm_verify_result *out, struct lm_err *err)
{
    LM_TRY(lm_exec_open(exec, plan, err));
    bool *marked = LM_NEW_ARRAY(exec->arena, bool, exec->spec->stage_count);
    if (marked == NULL)
        return no_memory(err);
    LM_TRY(choose(exec, marked, err));
    LM_TRY(open_private(exec, err));
    LM_TRY(lm_exec_loop(exec, err));
    return leave(exec, marked, out, err);
}

enum lm_status lm_verify(const struct lm_plan *plan, const struct lm_verify_options *options,
                         struct lm_verify_result *out, struct lm_err *err)
{
    struct lm_run_options run = options->run;
    struct lm_exec_verify verify = {.options = options};
    struct lm_exec exec = {.spec = plan->spec,
                           .store = plan->store,
                           .arena = lm_arena_create(),
                           .options = &run,
                           .verify = &verify,
                           .store_lock = {-1},
                           .temporary_lock = {-1},
                           .signal_fd = -1};
    run.keep_going = true;
    if (options->exact > 0) {
        run.threads = options->exact;
        run.jobs = 1;
    }
    if (exec.arena == NULL)
        return no_memory(err);
    lm_worker_server_init(&exec.server);
    verify.rows = LM_NEW_ARRAY(exec.arena, struct lm_verify_row, plan->spec->stage_count);
    enum lm_status status =
        verify.rows != NULL ? verify_all(&exec, plan, out, err) : no_memory(err);
    lm_exec_close(&exec);
    if (status != LM_OK)
        lm_arena_free(exec.arena);
    return status;
}

void lm_verify_result_release(struct lm_verify_result *result)
{
    lm_arena_free(result->arena);
    *result = (struct lm_verify_result){0};
}
