#include "runs/expire.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "store/store_files.h"

struct expiry {
    struct lm_needed *needed;
    struct lm_cache_count *out;
    double grace;
    bool is_dry;
    struct lm_name_map parameters, results, keys; /**< files that are referred to */
    struct lm_err *err;
};

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to look through the runs; free some");
}

static const char *path_of(const struct expiry *expiry, const char *folder, const char *name)
{
    return lm_arena_printf(expiry->needed->arena, "%s/runs/%s%s%s",
                           lm_store_path(expiry->needed->store), folder, name[0] != '\0' ? "/" : "",
                           name);
}

static enum lm_status drop(const struct expiry *expiry, const char *path,
                           const struct lm_tally *tally)
{
    expiry->out->bytes += tally->bytes;
    if (expiry->is_dry)
        return LM_OK;
    if (lm_path_is_dir(path))
        return lm_dir_remove(path, expiry->err);
    if (unlink(path) != 0 && errno != ENOENT)
        return lm_fail_errno(expiry->err, errno, "cannot remove %s", path);
    return LM_OK;
}

static enum lm_status drop_runs(const struct expiry *expiry)
{
    for (size_t i = 0; i < expiry->needed->run_count; i++) {
        struct lm_tally tally = {0};
        if (!expiry->needed->runs[i].is_expired)
            continue;
        const char *path = path_of(expiry, expiry->needed->runs[i].head.id, "");
        if (path == NULL)
            return no_memory(expiry->err);
        lm_store_tally(&tally, path);
        expiry->out->count++;
        LM_TRY(drop(expiry, path, &tally));
    }
    return LM_OK;
}

/* ---- what runs share ---- */

static bool refer(struct lm_name_map *map, const char *file)
{
    return file == NULL || lm_name_map_find(map, file) != SIZE_MAX || lm_name_map_put(map, file, 0);
}

static bool refer_keys(void *user, const char *file)
{
    struct expiry *expiry = user;
    return refer(&expiry->keys, file);
}

static enum lm_status refer_results(struct expiry *expiry, const char *file)
{
    if (file == NULL || lm_name_map_find(&expiry->results, file) != SIZE_MAX)
        return LM_OK;
    if (!refer(&expiry->results, file))
        return LM_NOMEM;
    return lm_run_results_files(&expiry->needed->keys, file, refer_keys, expiry);
}

/** What the newest results of experiments refer to, from which the next run goes on. */
static enum lm_status refer_newest(struct expiry *expiry)
{
    struct lm_names names = {0};
    struct lm_arena *arena = expiry->needed->arena;
    const char *folder = path_of(expiry, "newest", "");
    if (folder == NULL)
        return LM_NOMEM;
    if (lm_dir_list(&names, arena, folder, NULL) == LM_NOMEM)
        return LM_NOMEM;
    for (size_t i = 0; i < names.count; i++) {
        char *text;
        size_t size;
        const char *path = lm_path_join(arena, folder, names.items[i]);
        if (path == NULL)
            return LM_NOMEM;
        if (lm_file_read(&text, &size, arena, path, LM_DIGEST_HEX, NULL) != LM_OK)
            continue;
        text[strcspn(text, "\n/")] = '\0';
        LM_TRY(refer_results(expiry, text));
    }
    return LM_OK;
}

/** *is_known: every run that stays says what it refers to. */
static enum lm_status refer_runs(struct expiry *expiry, bool *is_known)
{
    *is_known = true;
    for (size_t i = 0; i < expiry->needed->run_count; i++) {
        const struct lm_needed_run *run = &expiry->needed->runs[i];
        if (run->is_expired)
            continue;
        *is_known = *is_known && !run->head.is_damaged;
        if (!refer(&expiry->parameters, run->head.parameters))
            return LM_NOMEM;
        LM_TRY(refer_results(expiry, run->head.results));
    }
    return LM_OK;
}

static enum lm_status drop_shared(const struct expiry *expiry, const char *folder,
                                  const struct lm_name_map *referred)
{
    struct lm_names names = {0};
    struct lm_arena *arena = expiry->needed->arena;
    const char *path = path_of(expiry, folder, "");
    if (path == NULL)
        return no_memory(expiry->err);
    if (!lm_path_is_dir(path))
        return LM_OK;
    LM_TRY(lm_dir_list(&names, arena, path, expiry->err));
    for (size_t i = 0; i < names.count; i++) {
        struct lm_digest digest;
        struct lm_tally tally = {0};
        const char *file = lm_path_join(arena, path, names.items[i]);
        if (file == NULL)
            return no_memory(expiry->err);
        if (!lm_digest_parse(&digest, names.items[i]) ||
            lm_name_map_find(referred, names.items[i]) != SIZE_MAX)
            continue;
        lm_store_tally(&tally, file);
        if (expiry->grace <= 0 || (double)(expiry->needed->now - tally.changed) >= expiry->grace)
            LM_TRY(drop(expiry, file, &tally));
    }
    return LM_OK;
}

enum lm_status lm_runs_expire(struct lm_cache_count *out, struct lm_needed *needed, double grace,
                              bool is_dry, struct lm_err *err)
{
    struct expiry expiry = {
        .needed = needed, .out = out, .grace = grace, .is_dry = is_dry, .err = err};
    bool is_known;
    lm_name_map_init(&expiry.parameters, needed->arena);
    lm_name_map_init(&expiry.results, needed->arena);
    lm_name_map_init(&expiry.keys, needed->arena);
    if (refer_runs(&expiry, &is_known) != LM_OK || refer_newest(&expiry) != LM_OK)
        return no_memory(err);
    LM_TRY(drop_runs(&expiry));
    if (!is_known)
        return LM_OK;
    LM_TRY(drop_shared(&expiry, "results", &expiry.results));
    LM_TRY(drop_shared(&expiry, "parameters", &expiry.parameters));
    return drop_shared(&expiry, "keys", &expiry.keys);
}
