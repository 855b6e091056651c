/* What a run does with the lock file: holds its stages to it, or brings it up to date. */
#include <stdio.h>
#include <unistd.h>

#include "base/io.h"
#include "exec/exec.h"

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "out of memory for the lock file; free some");
}

/** Said before hours of work whose end it would spoil. */
static enum lm_status check_folder(const struct lm_exec *exec, struct lm_err *err)
{
    const char *folder = lm_path_dir(exec->arena, exec->locked->path);
    if (folder == NULL)
        return no_memory(err);
    if (access(folder, W_OK) == 0)
        return LM_OK;
    return lm_fail(err, LM_IO,
                   "%s: cannot be written, for its folder is read-only; make the folder writable, "
                   "or run without --lock; nothing was run",
                   exec->locked->shown);
}

enum lm_status lm_exec_lock_open(struct lm_exec *exec, struct lm_err *err)
{
    enum lm_lock_use use = exec->options->lock;
    if (use == LM_LOCK_NONE)
        return LM_OK;
    exec->locked = LM_NEW(exec->arena, struct lm_locked);
    if (exec->locked == NULL)
        return no_memory(err);
    LM_TRY(lm_locked_open(exec->locked, exec->arena, exec->spec, err));
    if (use == LM_LOCK_WRITE)
        return check_folder(exec, err);
    if (exec->locked->is_there)
        return LM_OK;
    return lm_fail(err, LM_INVALID,
                   "%s: is not there, and --locked holds a run to it; write it with 'lmpipe run %s "
                   "--lock'",
                   exec->locked->shown, exec->spec->path);
}

/** Holds back whatever has not begun; returns what the stage's own row says. */
static const char *stop(struct lm_exec *exec, const struct lm_diag *why)
{
    const char *text = lm_arena_printf(exec->arena, "%s: %s", why->field, why->text);
    exec->differs = lm_diag_format(exec->arena, why);
    return text != NULL ? text : exec->differs;
}

enum lm_status lm_exec_lock_expect(struct lm_exec *exec, struct lm_err *err)
{
    if (exec->options->lock != LM_LOCK_HOLD)
        return LM_OK;
    for (size_t i = 0; i < exec->spec->stage_count; i++) {
        struct lm_diag why;
        if (!exec->now.stages[i].selected)
            continue;
        LM_TRY(lm_locked_expect(&why, exec->locked, &exec->now, i, err));
        if (why.text == NULL)
            continue;
        lm_task_set_remove(&exec->due, i);
        lm_exec_finish(exec, &exec->tasks[i], LM_FAILED, stop(exec, &why));
        return LM_OK;
    }
    return LM_OK;
}

const char *lm_exec_lock_compare(struct lm_exec *exec, size_t stage)
{
    struct lm_err err = {LM_OK, ""};
    struct lm_diag why = {.text = NULL};
    if (exec->options->lock != LM_LOCK_HOLD || exec->differs != NULL)
        return NULL;
    if (lm_locked_compare(&why, exec->locked, &exec->now, stage, &err) != LM_OK)
        lm_exec_break(exec, err.text);
    return why.text != NULL ? stop(exec, &why) : NULL;
}

/** Why it stays as it was; NULL: every stage that was selected has a result. */
static const char *find_hindrance(const struct lm_exec *exec)
{
    size_t missing = 0;
    for (size_t i = 0; i < exec->spec->stage_count; i++)
        missing += exec->now.stages[i].selected && !lm_state_is_fine(exec->stages[i].state);
    if (exec->broken != NULL || exec->killed)
        return "the run did not end well";
    return missing > 0 ? lm_arena_printf(exec->arena, "%zu stage%s no result", missing,
                                         missing > 1 ? "s have" : " has")
                       : NULL;
}

static void tell(struct lm_exec *exec, const struct lm_locked_changes *changes)
{
    const char *shown = exec->locked->shown, *text;
    if (changes->added + changes->changed + changes->removed == 0)
        text = lm_arena_printf(exec->arena, "%s says all of it already", shown);
    else
        text = lm_arena_printf(exec->arena, "wrote %s: %zu stage%s changed, %zu new, %zu gone",
                               shown, changes->changed, changes->changed == 1 ? "" : "s",
                               changes->added, changes->removed);
    if (text != NULL)
        lm_exec_note(exec, NULL, text);
}

void lm_exec_lock_write(struct lm_exec *exec)
{
    struct lm_err err = {LM_OK, ""};
    struct lm_locked_changes changes;
    if (exec->options->lock != LM_LOCK_WRITE)
        return;
    const char *why = find_hindrance(exec);
    if (why != NULL) {
        const char *text =
            lm_arena_printf(exec->arena, "%s stays as it was: %s", exec->locked->shown, why);
        lm_exec_note(exec, NULL, text != NULL ? text : why);
    } else if (lm_locked_write(exec->locked, &exec->now, &changes, &err) != LM_OK) {
        lm_exec_break(exec, err.text);
    } else {
        tell(exec, &changes);
    }
}
