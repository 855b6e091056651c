#include "exec/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/name_map.h"
#include "base/new_file.h"
#include "runs/run_files.h"

const char *lm_publish_folder(struct lm_arena *arena, const struct lm_spec *spec)
{
    return lm_arena_printf(arena, "%s/artifacts/%s", spec->root, spec->experiment);
}

/** What is being published. */
struct publisher {
    const struct lm_plan *plan;
    struct lm_arena *arena;
    struct lm_err *err;
};

static enum lm_status no_memory(const struct publisher *p, const char *to)
{
    return lm_fail(p->err, LM_NOMEM, "out of memory publishing %s", to);
}

/** True when the regular file `to` has the bytes of the object. */
static bool has_bytes(const struct publisher *p, const struct lm_output_file *file, const char *to)
{
    struct lm_digest there;
    struct stat st;
    return lstat(to, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == file->size &&
           lm_store_hash_path(p->plan->store, &there, to, NULL) == LM_OK &&
           lm_digest_compare(&there, &file->object) == 0;
}

/** Never a link: the file is the user's. */
static enum lm_status copy(const struct publisher *p, const struct lm_output_file *file,
                           const char *to)
{
    const char *from = lm_store_object_path(p->plan->store, p->arena, &file->object);
    const char *folder = lm_path_dir(p->arena, to);
    if (from == NULL || folder == NULL)
        return no_memory(p, to);
    LM_TRY(lm_dir_create(folder, p->err));
    return lm_file_copy(to, from, 0666, p->err);
}

static enum lm_status publish_file(const struct publisher *p, const struct lm_output_file *file,
                                   const char *to)
{
    if (has_bytes(p, file, to))
        return LM_OK;
    return copy(p, file, to);
}

/* ---- folders ---- */

/** True when the folder `to` holds the files of the output and nothing else. */
static bool has_files(const struct publisher *p, const struct lm_output *output, const char *to)
{
    struct lm_names names = {0};
    struct stat st;
    if (lstat(to, &st) != 0 || !S_ISDIR(st.st_mode) ||
        lm_dir_walk(&names, NULL, p->arena, to, NULL) != LM_OK || names.count != output->file_count)
        return false;
    for (size_t i = 0; i < names.count; i++) {
        const char *path = lm_path_join(p->arena, to, names.items[i]);
        if (path == NULL || strcmp(names.items[i], output->files[i].name) != 0 ||
            !has_bytes(p, &output->files[i], path))
            return false;
    }
    return true;
}

/** Moves what is no folder out of a folder's way. */
static enum lm_status make_way(const struct publisher *p, const char *to)
{
    struct stat st;
    if (lstat(to, &st) != 0 || S_ISDIR(st.st_mode))
        return LM_OK;
    char *aside = lm_path_beside(to, "aside");
    if (aside == NULL)
        return no_memory(p, to);
    int failed = rename(to, aside) != 0 ? errno : 0;
    free(aside);
    return failed == 0 ? LM_OK : lm_fail_errno(p->err, failed, "cannot publish %s", to);
}

/** Puts the folder `made` in the place of `to`, which may be there. */
static enum lm_status swap_in(const struct publisher *p, const char *made, const char *to)
{
    LM_TRY(make_way(p, to));
    if (!lm_path_exists(to))
        return rename(made, to) == 0 ? LM_OK
                                     : lm_fail_errno(p->err, errno, "cannot publish %s", to);
    if (renameat2(AT_FDCWD, made, AT_FDCWD, to, RENAME_EXCHANGE) == 0)
        return LM_OK;
    if (errno != EINVAL && errno != ENOSYS) /* a file system that cannot exchange */
        return lm_fail_errno(p->err, errno, "cannot publish %s", to);
    LM_TRY(lm_dir_remove(to, p->err));
    return rename(made, to) == 0 ? LM_OK : lm_fail_errno(p->err, errno, "cannot publish %s", to);
}

static enum lm_status publish_folder(const struct publisher *p, const struct lm_output *output,
                                     const char *to)
{
    enum lm_status status = LM_OK;
    if (has_files(p, output, to))
        return LM_OK;
    char *beside = lm_path_beside(to, "tmp");
    const char *made = beside != NULL ? lm_arena_strdup(p->arena, beside) : NULL;
    free(beside);
    if (made == NULL)
        return no_memory(p, to);
    LM_TRY(lm_dir_create(made, p->err));
    for (size_t i = 0; i < output->file_count && status == LM_OK; i++) {
        const char *path = lm_path_join(p->arena, made, output->files[i].name);
        status = path != NULL ? copy(p, &output->files[i], path) : no_memory(p, to);
    }
    if (status == LM_OK)
        status = swap_in(p, made, to);
    lm_dir_remove(made, NULL); /* the old one, or what could not be finished */
    return status;
}

/* ---- all ---- */

/** A finished stage keeps its record; others are not published. */
static bool is_publishable(const struct lm_plan_stage *stage)
{
    return stage->selected && stage->record != NULL && lm_state_is_fine(stage->state);
}

static enum lm_status publish_one(const struct publisher *p, const struct lm_record *record,
                                  const struct lm_spec_publish *publish, const char *to)
{
    const struct lm_output *output = lm_record_output(record, lm_port_key(publish->port));
    if (output == NULL)
        return lm_fail(p->err, LM_INTERNAL, "no output %s to publish", publish->port->name);
    return output->folder ? publish_folder(p, output, to) : publish_file(p, &output->files[0], to);
}

enum lm_status lm_publish_all(const struct lm_plan *plan, struct lm_arena *arena, const char ***out,
                              size_t *count, size_t spare, struct lm_err *err)
{
    const struct lm_spec *spec = plan->spec;
    const struct publisher p = {plan, arena, err};
    const char *folder = lm_publish_folder(arena, spec);
    size_t most = spare, done = 0;
    for (size_t i = 0; i < spec->stage_count; i++)
        most += spec->stages[i].publish_count;
    const char **paths = LM_NEW_ARRAY(arena, const char *, most);
    if (folder == NULL || paths == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory publishing");
    *out = paths;
    for (size_t i = 0; i < spec->stage_count; i++) {
        for (size_t k = 0; is_publishable(&plan->stages[i]) && k < spec->stages[i].publish_count;
             k++) {
            const struct lm_spec_publish *publish = &spec->stages[i].publish[k];
            const char *to = lm_path_join(arena, folder, publish->path);
            if (to == NULL)
                return no_memory(&p, publish->path);
            LM_TRY(publish_one(&p, plan->stages[i].record, publish, to));
            paths[done++] = to;
            *count = done;
        }
    }
    return LM_OK;
}

void lm_publish_each_stale(const struct lm_plan *plan, struct lm_arena *arena,
                           void (*visit)(void *user, size_t stage, const char *path), void *user)
{
    const struct lm_spec *spec = plan->spec;
    const char *folder = lm_publish_folder(arena, spec);
    for (size_t i = 0; folder != NULL && i < spec->stage_count; i++) {
        for (size_t k = 0; plan->stages[i].selected && k < spec->stages[i].publish_count; k++) {
            const char *path = lm_path_join(arena, folder, spec->stages[i].publish[k].path);
            if (!is_publishable(&plan->stages[i]) && path != NULL && lm_path_exists(path))
                visit(user, i, path);
        }
    }
}

/** "lr=0.001,seed=2" of an instance's id, or NULL. */
static const char *point_of(const char *id)
{
    const char *at = strchr(id, '@');
    return at != NULL ? at + 1 : NULL;
}

/** Adds the point of an id that has one; false: out of memory. */
static bool add_point(struct lm_name_map *points, const char *id, size_t place)
{
    const char *point = point_of(id);
    return point == NULL || lm_name_map_put(points, point, place);
}

/** Lists the points whose stages publish now, and those that had results before. False: out of
 *  memory. */
static bool list_points(struct lm_name_map *now, struct lm_name_map *before,
                        const struct lm_plan *plan, struct lm_arena *arena)
{
    const struct lm_spec *spec = plan->spec;
    bool good = true;
    lm_name_map_init(now, arena);
    lm_name_map_init(before, arena);
    for (size_t i = 0; good && i < spec->stage_count; i++)
        good = spec->stages[i].publish_count == 0 || add_point(now, spec->stages[i].id, i);
    for (size_t i = 0; good && i < plan->last.count; i++)
        good = add_point(before, plan->last.rows[i].stage, i);
    return good;
}

void lm_publish_remove_gone(const struct lm_plan *plan, struct lm_arena *arena,
                            void (*visit)(void *user, const char *path), void *user)
{
    const char *folder = lm_publish_folder(arena, plan->spec);
    struct lm_name_map now, before;
    struct lm_names names = {0};
    if (folder == NULL || !plan->is_whole || plan->spec->is_overridden ||
        lm_dir_list(&names, arena, folder, NULL) != LM_OK ||
        !list_points(&now, &before, plan, arena))
        return;
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.items[i], *path = lm_path_join(arena, folder, name);
        bool is_gone =
            lm_name_map_find(&before, name) != SIZE_MAX && lm_name_map_find(&now, name) == SIZE_MAX;
        if (is_gone && path != NULL && lm_path_is_dir(path) && lm_dir_remove(path, NULL) == LM_OK)
            visit(user, path);
    }
}

enum lm_status lm_publish(const struct lm_plan *plan, struct lm_run_result *out, struct lm_err *err)
{
    struct lm_run_result result = {.arena = lm_arena_create()};
    enum lm_status status = result.arena != NULL
                                ? lm_last_claim(plan->spec, &plan->last, err)
                                : lm_fail(err, LM_NOMEM, "out of memory publishing");
    if (status == LM_OK)
        status =
            lm_publish_all(plan, result.arena, &result.published, &result.published_count, 0, err);
    if (status == LM_OK)
        *out = result;
    else
        lm_run_result_release(&result);
    return status;
}
