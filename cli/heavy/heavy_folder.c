#include "heavy_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/new_file.h"

static bool is_model_file(const char *name)
{
    static const char *const names[] = {"config.json", "model.safetensors", "vocab"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* The goal without slashes at its end; NULL when memory is out. */
static char *trim(struct lm_arena *arena, const char *path)
{
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/')
        size--;
    return lm_arena_strndup(arena, path, size);
}

/* A name by which a folder cannot be replaced. */
static bool is_place(const char *goal)
{
    const char *base = lm_path_base(goal);
    return base[0] == '\0' || strcmp(base, ".") == 0 || strcmp(base, "..") == 0;
}

/* Nothing is lost when the goal is replaced. */
static enum lm_status check_goal(const char *goal, struct lm_arena *arena, struct lm_err *err)
{
    struct lm_names names = {0};
    if (is_place(goal))
        return lm_fail(err, LM_INVALID, "'%s' is no name for a new folder; give one", goal);
    if (!lm_path_exists(goal))
        return LM_OK;
    if (!lm_path_is_dir(goal))
        return lm_fail(err, LM_INVALID, "%s is a file; name a folder", goal);
    LM_TRY(lm_dir_list(&names, arena, goal, err));
    for (size_t i = 0; i < names.count; i++)
        if (!is_model_file(names.items[i]))
            return lm_fail(err, LM_INVALID,
                           "%s holds \"%.80s\", which is no part of a model; choose another folder",
                           goal, names.items[i]);
    return LM_OK;
}

/* Where the file system cannot exchange two names, the goal is absent for a moment. */
static enum lm_status take_place(const char *temporary, const char *goal, struct lm_arena *arena,
                                 struct lm_err *err)
{
    const char *old = lm_arena_printf(arena, "%s.old", temporary);
    if (!lm_path_exists(goal))
        return rename(temporary, goal) == 0
                   ? LM_OK
                   : lm_fail_errno(err, errno, "cannot rename %s to %s", temporary, goal);
    if (renameat2(AT_FDCWD, temporary, AT_FDCWD, goal, RENAME_EXCHANGE) == 0)
        return lm_dir_remove(temporary, err);
    if ((errno != EINVAL && errno != ENOSYS) || old == NULL)
        return lm_fail_errno(err, errno, "cannot replace %s", goal);
    if (rename(goal, old) != 0 || rename(temporary, goal) != 0)
        return lm_fail_errno(err, errno, "cannot replace %s", goal);
    return lm_dir_remove(old, err);
}

static enum lm_status fill(const struct lm_heavy_model *model, const char *folder,
                           struct lm_arena *arena, struct lm_err *err)
{
    const char *vocab = lm_path_join(arena, folder, "vocab");
    if (vocab == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory");
    LM_TRY(lm_dir_create(folder, err));
    LM_TRY(lm_model_save(model->model, folder, err));
    LM_TRY(lm_vocab_save(model->vocab, vocab, err));
    return lm_fsync_path(folder, err);
}

enum lm_status lm_heavy_folder_write(const struct lm_heavy_model *model, const char *path,
                                     struct lm_arena *arena, struct lm_err *err)
{
    const char *goal = trim(arena, path);
    const char *parent = goal == NULL ? NULL : lm_path_dir(arena, goal);
    char *beside = goal == NULL ? NULL : lm_path_beside(goal, "tmp");
    const char *temporary = beside == NULL ? NULL : lm_arena_strdup(arena, beside);
    free(beside);
    if (parent == NULL || temporary == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory");
    LM_TRY(check_goal(goal, arena, err));
    enum lm_status status = fill(model, temporary, arena, err);
    if (status == LM_OK)
        status = take_place(temporary, goal, arena, err);
    if (status != LM_OK) {
        lm_dir_remove(temporary, NULL);
        return status;
    }
    return lm_fsync_path(parent, err);
}
