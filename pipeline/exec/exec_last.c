#include <string.h>

#include "base/io.h"
#include "exec/exec.h"

/** The spec's path below the root, so that a moved project keeps its memory. */
static const char *own_path(const struct lm_spec *spec)
{
    size_t length = strlen(spec->root);
    return strncmp(spec->path, spec->root, length) == 0 && spec->path[length] == '/'
               ? spec->path + length + 1
               : spec->path;
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
    exec->last = LM_NEW_ARRAY(exec->arena, struct lm_last, count + spec->stage_count);
    if (exec->last == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory reading what ran last");
    if (count > 0)
        memcpy(exec->last, rows, count * sizeof *rows);
    exec->last_count = count;
    exec->last_changed = owner == NULL || strcmp(owner, own_path(spec)) != 0;
    return LM_OK;
}

void lm_exec_last_note(struct lm_exec *exec, size_t stage)
{
    const char *id = exec->spec->stages[stage].id;
    const struct lm_digest *key = &exec->plan->stages[stage].key;
    size_t i = 0;
    while (i < exec->last_count && strcmp(exec->last[i].stage, id) != 0)
        i++;
    if (i < exec->last_count && lm_digest_compare(&exec->last[i].key, key) == 0)
        return;
    exec->last[i] = (struct lm_last){id, *key};
    exec->last_count = i == exec->last_count ? i + 1 : exec->last_count;
    exec->last_changed = true;
}

void lm_exec_last_save(struct lm_exec *exec)
{
    struct lm_err err = {LM_OK, ""};
    if (!exec->last_changed)
        return;
    if (lm_last_save(exec->last, exec->last_count, own_path(exec->spec), exec->spec->root,
                     exec->spec->experiment, &err) != LM_OK)
        lm_exec_note(exec, NULL, err.text);
    exec->last_changed = false;
}
