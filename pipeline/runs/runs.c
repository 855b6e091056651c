/* The promise of include/lmpipe/runs.h, but for what is printed. */
#include <lmpipe/runs.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/new_file.h"
#include "base/suggest.h"
#include "runs/export.h"
#include "runs/history.h"
#include "store/hold.h"
#include "store/roots.h"

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to read the runs; free some");
}

/** A history while a function works; the arena goes with it. */
static enum lm_status open_history(struct lm_history *out, const struct lm_store *store,
                                   struct lm_err *err)
{
    struct lm_arena *arena = lm_arena_create();
    *out = (struct lm_history){.arena = arena};
    return arena != NULL ? lm_history_load(out, arena, store, err) : no_memory(err);
}

static void close_history(struct lm_history *history)
{
    struct lm_arena *arena = history->arena;
    lm_history_release(history);
    lm_arena_free(arena);
}

/* ---- tags ---- */

static enum lm_status write_tag(const struct lm_history *history, const char *tag, const char *id,
                                struct lm_err *err)
{
    const char *path = lm_tag_path(history->arena, history->store, tag);
    const char *folder = path != NULL ? lm_path_dir(history->arena, path) : NULL;
    const char *text = lm_arena_printf(history->arena, "%s\n", id);
    if (folder == NULL || text == NULL)
        return no_memory(err);
    LM_TRY(lm_dir_create(folder, err));
    return lm_file_write_atomic(path, text, strlen(text), err);
}

static enum lm_status remove_tag(const struct lm_history *history, const char *tag,
                                 struct lm_err *err)
{
    const char **names = LM_NEW_ARRAY(history->arena, const char *, history->tag_count);
    const char *path = lm_tag_path(history->arena, history->store, tag);
    if (names == NULL || path == NULL)
        return no_memory(err);
    for (size_t i = 0; i < history->tag_count; i++) {
        names[i] = history->tags[i].name;
        if (strcmp(names[i], tag) == 0)
            return unlink(path) == 0 ? LM_OK : lm_fail_errno(err, errno, "cannot remove %s", path);
    }
    const char *nearest = lm_suggest(tag, names, history->tag_count);
    if (nearest != NULL)
        return lm_fail(err, LM_INVALID, "no tag '%s'; did you mean '%s'?", tag, nearest);
    return lm_fail(err, LM_INVALID, "no tag '%s'; see 'lmpipe exp tag'", tag);
}

enum lm_status lm_run_tag(const struct lm_store *store, const char *tag, const char *run,
                          struct lm_err *err)
{
    struct lm_history history;
    struct lm_lock lock; /* gc has not looked at tags yet, or has done its work */
    size_t place = 0;
    LM_TRY(lm_store_share(store, &lock, err));
    enum lm_status status = open_history(&history, store, err);
    if (status == LM_OK && run != NULL && !lm_tag_is_fine(tag))
        status = lm_fail(err, LM_INVALID,
                         "'%s' is no name for a run; begin with a letter and use letters, digits, "
                         ". _ - (64 at most), and not 'last'",
                         tag);
    if (status == LM_OK && run != NULL)
        status = lm_history_find(&place, &history, run, err);
    if (status == LM_OK)
        status = run != NULL ? write_tag(&history, tag, history.ids[place], err)
                             : remove_tag(&history, tag, err);
    close_history(&history);
    lm_lock_release(&lock, NULL);
    return status;
}

enum lm_status lm_run_tags(const struct lm_store *store, bool json, FILE *out, struct lm_err *err)
{
    struct lm_history history;
    enum lm_status status = open_history(&history, store, err);
    for (size_t i = 0; status == LM_OK && i < history.tag_count; i++)
        fprintf(out, json ? "%s\"%s\": \"%s\"" : "%s%s  %s\n",
                !json    ? ""
                : i == 0 ? "{"
                         : ", ",
                history.tags[i].name, history.tags[i].run);
    if (status == LM_OK && json)
        fputs(history.tag_count > 0 ? "}\n" : "{}\n", out);
    close_history(&history);
    return status;
}

/* ---- removing ---- */

static enum lm_status remove_run(const struct lm_history *history, const char *id,
                                 struct lm_err *err)
{
    const char *folder =
        lm_arena_printf(history->arena, "%s/runs/%s", lm_store_path(history->store), id);
    for (size_t i = 0; i < history->tag_count; i++)
        if (strcmp(history->tags[i].run, id) == 0)
            return lm_fail(err, LM_INVALID,
                           "run %s is tagged %s; remove the tag first: lmpipe exp tag "
                           "--remove %s",
                           id, history->tags[i].name, history->tags[i].name);
    if (lm_recorded_is_live(history->arena, history->store, id))
        return lm_fail(err, LM_INVALID, "run %s is going on; end it first", id);
    return folder != NULL ? lm_dir_remove(folder, err) : no_memory(err);
}

enum lm_status lm_run_remove(const struct lm_store *store, const char *run, struct lm_err *err)
{
    struct lm_history history;
    size_t place = 0;
    enum lm_status status = open_history(&history, store, err);
    if (status == LM_OK)
        status = lm_history_find(&place, &history, run, err);
    if (status == LM_OK)
        status = remove_run(&history, history.ids[place], err);
    close_history(&history);
    return status;
}

/* ---- exporting ---- */

bool lm_run_is_baseline(const char *path)
{
    return lm_baseline_is_one(path);
}

static enum lm_status write_baseline(const struct lm_baseline *baseline, const char *path,
                                     struct lm_err *err)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    lm_baseline_write(&out, baseline);
    enum lm_status status = lm_new_file_write_buf(path, &out, LM_NEW_DURABLE, err);
    lm_buf_release(&out);
    return status == LM_NOT_FOUND ? LM_IO : status; /* its folder is not there */
}

/** Nothing is ever removed from a store that nobody can write. */
static bool is_read_only(const struct lm_err *err)
{
    return err->error_number == EROFS || err->error_number == EACCES;
}

/** The file needs its results from here on, wherever it goes (store/roots.h). */
static enum lm_status keep_root(const struct lm_history *history, const struct lm_recorded *run,
                                const char *path, struct lm_err *err)
{
    char real[PATH_MAX];
    struct lm_root root = {.kind = LM_ROOT_BASELINE,
                           .path = realpath(path, real) != NULL ? real : path,
                           .experiment = run->experiment != NULL ? run->experiment : ""};
    root.keys = LM_NEW_ARRAY(history->arena, struct lm_root_key, run->stage_count);
    if (root.keys == NULL)
        return no_memory(err);
    for (size_t i = 0; i < run->stage_count; i++)
        if (run->stages[i].is_keyed)
            root.keys[root.count++] =
                (struct lm_root_key){run->stages[i].key, run->stages[i].id, true};
    struct lm_err why = {0};
    if (lm_root_put(history->store, &root, &why) == LM_OK || is_read_only(&why))
        return LM_OK;
    return lm_fail(err, why.status, "%s", why.text);
}

enum lm_status lm_run_export(struct lm_store *store, const char *run, const char *path,
                             size_t *left, struct lm_err *err)
{
    struct lm_history history;
    struct lm_recorded recorded;
    struct lm_baseline baseline;
    struct lm_lock lock;
    struct lm_err why = {0};
    size_t place = 0;
    if (lm_store_share(store, &lock, &why) != LM_OK && !is_read_only(&why))
        return lm_fail(err, why.status, "%s", why.text);
    enum lm_status status = open_history(&history, store, err);
    if (status == LM_OK)
        status = lm_history_find(&place, &history, run, err);
    if (status == LM_OK)
        status = lm_recorded_read(&recorded, history.arena, store, history.ids[place], err);
    if (status == LM_OK)
        status = lm_export(&baseline, left, history.arena, store, &recorded, err);
    if (status == LM_OK)
        status = write_baseline(&baseline, path, err);
    if (status == LM_OK)
        status = keep_root(&history, &recorded, path, err);
    close_history(&history);
    lm_lock_release(&lock, NULL);
    return status;
}
