#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "exec/exec.h"

#define SAVE_EVERY                                                                                 \
    UINT64_C(2000000000) /**< ns: what a killed run forgets costs nothing but words */

/** The spec's path below the root, so that a moved project keeps its memory. */
static const char *own_path(const struct lm_spec *spec)
{
    size_t length = strlen(spec->root);
    return strncmp(spec->path, spec->root, length) == 0 && spec->path[length] == '/'
               ? spec->path + length + 1
               : spec->path;
}

/** The row of a stage of the spec by its place; rows of stages that are gone come after them. */
static enum lm_status arrange(struct lm_exec *exec, const struct lm_last *rows, size_t count,
                              struct lm_err *err)
{
    const struct lm_spec *spec = exec->spec;
    exec->last = LM_NEW_ARRAY(exec->arena, struct lm_last, spec->stage_count + count);
    if (exec->last == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory reading what ran last");
    exec->last_count = spec->stage_count;
    for (size_t i = 0; i < spec->stage_count; i++)
        if (exec->now.stages[i].last != NULL)
            exec->last[i] = (struct lm_last){spec->stages[i].id, *exec->now.stages[i].last};
    for (size_t i = 0; i < count; i++)
        if (lm_spec_find(spec, rows[i].stage, NULL) == (size_t)-1)
            exec->last[exec->last_count++] = rows[i];
    return LM_OK;
}

enum lm_status lm_exec_last_load(struct lm_exec *exec, struct lm_err *err)
{
    const struct lm_spec *spec = exec->spec;
    struct lm_last *rows = NULL;
    size_t count = 0;
    const char *owner = NULL;
    LM_TRY(lm_last_load(&rows, &count, &owner, exec->arena, spec->root, spec->experiment, err));
    if (owner != NULL && strcmp(owner, own_path(spec)) != 0) {
        const char *path = lm_path_join(exec->arena, spec->root, owner);
        if (path != NULL && lm_path_exists(path))
            return lm_fail(err, LM_INVALID,
                           "artifacts/%s belongs to %s; give this spec another experiment name",
                           spec->experiment, owner);
    }
    exec->last_changed = owner == NULL || strcmp(owner, own_path(spec)) != 0;
    return arrange(exec, rows, count, err);
}

void lm_exec_last_note(struct lm_exec *exec, size_t stage)
{
    const struct lm_digest *key = &exec->now.stages[stage].key;
    struct lm_last *row = &exec->last[stage];
    if (row->stage != NULL && lm_digest_compare(&row->key, key) == 0)
        return;
    *row = (struct lm_last){exec->spec->stages[stage].id, *key};
    exec->last_changed = true;
}

void lm_exec_last_save(struct lm_exec *exec, bool now)
{
    struct lm_err err = {LM_OK, ""};
    uint64_t at = lm_clock_monotonic_ns();
    if (!exec->last_changed || (!now && at - exec->saved_ns < SAVE_EVERY))
        return;
    if (lm_last_save(exec->last, exec->last_count, own_path(exec->spec), exec->spec->root,
                     exec->spec->experiment, &err) != LM_OK)
        lm_exec_note(exec, NULL, err.text);
    exec->last_changed = false;
    exec->saved_ns = at;
}
