/* The root of experiments, and what a spec is called in it, however it is reached. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "spec/spec.h"

const char *lm_root_find(struct lm_arena *arena, const char *folder)
{
    const char *own = lm_arena_strdup(arena, folder);
    struct lm_arena_mark mark = lm_arena_mark(arena);
    for (const char *at = own; at != NULL; at = lm_path_dir(arena, at)) {
        const char *artifacts = lm_path_join(arena, at, "artifacts");
        const char *git = lm_path_join(arena, at, ".git");
        if (artifacts == NULL || git == NULL)
            break;
        if (lm_path_is_dir(artifacts) || lm_path_exists(git))
            return at;
        if (strcmp(at, "/") == 0)
            break;
    }
    lm_arena_rewind(arena, mark);
    return own;
}

enum lm_status lm_spec_check_owner(const struct lm_spec *spec, const char *owner,
                                   struct lm_err *err)
{
    char real[PATH_MAX];
    const char *path = owner != NULL ? lm_path_join(spec->arena, spec->root, owner) : NULL;
    if (owner != NULL && path == NULL)
        return lm_fail(err, LM_NOMEM, "%s: no memory to read it; free some", spec->path);
    if (owner == NULL || realpath(path, real) == NULL || strcmp(real, spec->real) == 0)
        return LM_OK;
    return lm_fail(err, LM_INVALID,
                   "%s: artifacts/%s belongs to %s; give this spec another experiment name",
                   spec->path, spec->experiment, path);
}
