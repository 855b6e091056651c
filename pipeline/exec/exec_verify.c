/* What `verify` does with a stage that has ended, where a run would admit or resume. */
#include <inttypes.h>
#include <string.h>

#include "base/io.h"
#include "exec/exec.h"
#include "protocol/checkpoint.h"

static struct lm_verify_row *row_of(const struct lm_exec *exec, const struct lm_task *task)
{
    return &exec->verify->rows[task->index];
}

bool lm_exec_is_interruptible(const struct lm_stage *type)
{
    return (type->flags & (LM_STAGE_STEPS | LM_STAGE_RESUMES)) != 0;
}

/** Where a step ends a checkpoint can stand; else behind it, at the next border. */
static bool stands_right(const struct lm_stage *type, int64_t stands, uint64_t asked)
{
    return stands >= 0 && ((type->flags & LM_STAGE_STEPS) != 0 ? (uint64_t)stands == asked
                                                               : (uint64_t)stands >= asked);
}

/** "step 13", "13 bytes"; "" where there is no memory. */
static const char *place_text(const struct lm_exec *exec, const struct lm_task *task, uint64_t at)
{
    bool has_steps = (exec->spec->stages[task->index].type->flags & LM_STAGE_STEPS) != 0;
    const char *text =
        lm_arena_printf(exec->arena, has_steps ? "step %" PRIu64 : "%" PRIu64 " bytes", at);
    return text != NULL ? text : "";
}

uint64_t lm_exec_verify_position(const struct lm_exec *exec, const struct lm_task *task)
{
    const struct lm_stage *type = exec->spec->stages[task->index].type;
    if (exec->verify == NULL || !lm_exec_is_interruptible(type))
        return 0;
    const struct lm_verify_options *options = exec->verify->options;
    size_t next = row_of(exec, task)->interruptions;
    return next < options->interrupt_count ? options->interrupt_at[next] : 0;
}

bool lm_exec_verify_resume(struct lm_exec *exec, struct lm_task *task)
{
    struct lm_err err = {LM_OK, ""};
    uint64_t asked = lm_exec_verify_position(exec, task);
    if (asked == 0 || exec->stopping || task->attempt->term_ns != 0)
        return false;
    int64_t stands = lm_checkpoint_peek(task->attempt->checkpoints);
    const char *text = NULL;
    if (!stands_right(exec->spec->stages[task->index].type, stands, asked))
        text = lm_arena_printf(exec->arena,
                               "it was interrupted at %s, and its checkpoint stands at %" PRId64,
                               place_text(exec, task, asked), stands);
    const char *reason =
        lm_arena_printf(exec->arena, "interrupted after %s", place_text(exec, task, asked));
    if (reason != NULL)
        exec->stages[task->index].execution->reason = reason;
    row_of(exec, task)->interruptions++;
    if (text == NULL && lm_exec_start(exec, task, &err) == LM_OK)
        return true;
    row_of(exec, task)->text = text != NULL ? text : lm_arena_strdup(exec->arena, err.text);
    return false;
}

/** Was it interrupted as often as was asked? Else says so. */
static bool is_proven(struct lm_exec *exec, const struct lm_task *task)
{
    uint64_t missed = lm_exec_verify_position(exec, task);
    struct lm_verify_row *row = row_of(exec, task);
    if (missed == 0 && row->interruptions > 0)
        row->text = lm_arena_printf(exec->arena, "interrupted %zu time%s, and resumed",
                                    row->interruptions, row->interruptions > 1 ? "s" : "");
    if (missed == 0)
        return true;
    row->text = lm_arena_printf(exec->arena,
                                "the same, but it had ended before it could be interrupted after "
                                "%s",
                                place_text(exec, task, missed));
    return false;
}

enum lm_status lm_exec_verify_take(struct lm_exec *exec, struct lm_task *task,
                                   const struct lm_record *now, struct lm_err *err)
{
    struct lm_verify_row *row = row_of(exec, task);
    LM_TRY(lm_exec_differ(&row->difference, exec, task, exec->now.stages[task->index].record, now,
                          err));
    if (row->difference != NULL) {
        row->state = LM_VERIFY_DIFFERS;
        row->text = lm_difference_text(exec->arena, row->difference);
    } else {
        row->state = is_proven(exec, task) ? LM_VERIFY_SAME : LM_VERIFY_UNINTERRUPTED;
    }
    lm_dir_remove(task->attempt->folder, NULL);
    return LM_OK;
}

void lm_exec_verify_finish(struct lm_exec *exec, const struct lm_task *task, enum lm_state state,
                           const char *error)
{
    struct lm_verify_row *row = row_of(exec, task);
    const struct lm_execution *execution = exec->stages[task->index].execution;
    if (state == LM_FAILED)
        row->state = LM_VERIFY_FAILED;
    else if (state != LM_DONE)
        row->state = row->text != NULL ? LM_VERIFY_FAILED : LM_VERIFY_STOPPED;
    if (state == LM_FAILED && error != NULL)
        row->text = error;
    if (execution != NULL) {
        row->seconds = execution->seconds;
        row->threads = execution->threads;
    }
}
