/* What nobody needs goes: the promise of include/lmpipe/cache.h. */
#include <lmpipe/cache.h>

#include <string.h>

#include "runs/expire.h"
#include "runs/needed.h"
#include "store/hold.h"
#include "store/store_files.h"

enum { GRACE = 3600, CHECKPOINT_GRACE = 14 * 86400, DAY = 86400 };

static void tell(const struct lm_needed *needed)
{
    for (size_t i = 0; i < needed->note_count && needed->options->note != NULL; i++)
        needed->options->note(needed->options->user, needed->notes[i]);
}

/** The files of roots that are forgotten. */
static enum lm_status forget(struct lm_needed *needed, struct lm_cache_result *out,
                             struct lm_err *err)
{
    for (size_t i = 0; i < needed->root_count; i++) {
        struct lm_tally tally = {0};
        if (!needed->is_forgotten[i])
            continue;
        const char *path = lm_arena_printf(needed->arena, "%s/roots/%s",
                                           lm_store_path(needed->store), needed->roots[i].name);
        if (path == NULL)
            return lm_fail(err, LM_NOMEM, "no memory to forget roots; free some");
        lm_store_tally(&tally, path);
        out->freed += tally.bytes;
        out->forgotten++;
        if (!needed->options->is_dry)
            LM_TRY(lm_root_remove(needed->store, needed->roots[i].name, err));
    }
    return LM_OK;
}

static struct lm_cache_count count_of(struct lm_gc_count count)
{
    return (struct lm_cache_count){count.count, count.bytes};
}

static void take_result(struct lm_cache_result *out, const struct lm_gc_result *gone,
                        const struct lm_needed *needed)
{
    out->results = count_of(gone->results);
    out->objects = count_of(gone->objects);
    out->checkpoints = count_of(gone->checkpoints);
    out->states = count_of(gone->states);
    out->temporary = count_of(gone->temporary);
    out->damaged = count_of(gone->damaged);
    out->kept = count_of(gone->kept);
    out->needed = count_of(gone->needed);
    out->freed += out->results.bytes + out->objects.bytes + out->checkpoints.bytes +
                  out->states.bytes + out->temporary.bytes + out->damaged.bytes + out->runs.bytes;
    out->specs = needed->specs;
    out->baselines = needed->baselines;
    out->tags = needed->tags;
    out->last_runs = needed->last_runs;
}

/** With the store for oneself. */
static enum lm_status collect(struct lm_store *store, struct lm_arena *arena,
                              const struct lm_cache_options *options, struct lm_cache_result *out,
                              struct lm_err *err)
{
    struct lm_needed needed;
    struct lm_store_usage usage;
    struct lm_gc_result gone = {.results = {0}};
    double made = options->keep_days > 0 ? options->keep_days * DAY : 0;
    double grace = options->grace < 0 ? GRACE : options->grace;
    struct lm_gc_how how = {
        .uses = &needed.uses,
        .grace = grace > made ? grace : made,
        .checkpoint_grace = options->grace < 0 ? CHECKPOINT_GRACE : grace,
        .is_limited = options->max_size >= 0,
        .limit = (uint64_t)options->max_size,
        .is_dry = options->is_dry,
    };
    how.checkpoint_grace = how.checkpoint_grace > made ? how.checkpoint_grace : made;
    enum lm_status status = lm_needed_find(&needed, arena, store, options,
                                           how.is_limited ? LM_NEEDED_TIMES : LM_NEEDED_ONLY, err);
    if (status == LM_OK) {
        tell(&needed);
        status = lm_store_usage(store, &usage, err);
    }
    if (status == LM_OK) {
        how.now = needed.now;
        how.size = usage.total_bytes;
        status = forget(&needed, out, err);
    }
    if (status == LM_OK)
        status = lm_store_gc(store, &how, &gone, err);
    if (status == LM_OK)
        status = lm_runs_expire(&out->runs, &needed, how.grace, options->is_dry, err);
    if (status == LM_OK)
        take_result(out, &gone, &needed);
    lm_needed_release(&needed);
    return status;
}

enum lm_status lm_cache_gc(struct lm_store *store, const struct lm_cache_options *options,
                           struct lm_cache_result *out, struct lm_err *err)
{
    struct lm_lock lock;
    struct lm_arena *arena = lm_arena_create();
    enum lm_status status = arena != NULL
                                ? lm_store_own(store, &lock, err)
                                : lm_fail(err, LM_NOMEM, "no memory to clean up; free some");
    *out = (struct lm_cache_result){0};
    if (status == LM_OK) {
        status = collect(store, arena, options, out, err);
        lm_store_disown(&lock);
    }
    lm_arena_free(arena);
    return status;
}
