#include "store/gc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/new_file.h"
#include "store/inventory.h"
#include "store/lock.h"

enum { FAN = 256 };

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to collect what nobody needs; free some");
}

/* ---- what is known of keys ---- */

struct lm_key_use *lm_key_uses_add(struct lm_key_uses *uses, const struct lm_digest *key)
{
    size_t place = lm_digest_map_find(&uses->places, key);
    if (place != SIZE_MAX)
        return &uses->rows[place];
    struct lm_key_use *rows =
        lm_arena_grow(uses->arena, uses->rows, uses->count, &uses->capacity, sizeof *rows);
    if (rows == NULL || !lm_digest_map_put(&uses->places, key, uses->count))
        return NULL;
    uses->rows = rows;
    rows[uses->count] = (struct lm_key_use){.key = *key};
    return &rows[uses->count++];
}

const struct lm_key_use *lm_key_uses_find(const struct lm_key_uses *uses,
                                          const struct lm_digest *key)
{
    size_t place = lm_digest_map_find(&uses->places, key);
    return place != SIZE_MAX ? &uses->rows[place] : NULL;
}

void lm_key_uses_release(struct lm_key_uses *uses)
{
    lm_digest_map_release(&uses->places);
}

/* ---- mark ---- */

/** A file or folder that goes, beside results and objects. */
struct scrap {
    const char *path, *lock; /**< lock: a file that goes with it, or NULL */
};

struct gc {
    struct lm_store *store;
    struct lm_arena *arena;
    const struct lm_gc_how *how;
    struct lm_gc_result *out;
    struct lm_inventory inventory;
    bool *result_goes, *object_goes; /**< parallel to the inventory's */
    size_t *users_left;              /**< of objects */
    struct scrap *scraps;
    size_t scrap_count, scrap_capacity;
    uint64_t freed;
};

static bool is_needed(const struct gc *gc, const struct lm_digest *key)
{
    const struct lm_key_use *use = lm_key_uses_find(gc->how->uses, key);
    return use != NULL && use->is_needed;
}

/** When time stands still, or runs backwards, a grace of zero is none. */
static bool is_old(const struct gc *gc, int64_t changed, double grace)
{
    return grace <= 0 || (double)(gc->how->now - changed) >= grace;
}

static bool is_too_large(const struct gc *gc)
{
    return gc->how->is_limited && gc->how->size > gc->how->limit + gc->freed;
}

static void count(struct gc *gc, struct lm_gc_count *row, uint64_t bytes)
{
    row->count++;
    row->bytes += bytes;
    gc->freed += bytes;
}

static void drop_object(struct gc *gc, size_t place)
{
    gc->object_goes[place] = true;
    count(gc, &gc->out->objects, gc->inventory.objects[place].size);
}

/** A result goes, and with it the objects that no other one names. */
static void drop_result(struct gc *gc, size_t place)
{
    const struct lm_stored_result *result = &gc->inventory.results[place];
    gc->result_goes[place] = true;
    count(gc, &gc->out->results, result->size);
    for (size_t i = 0; i < result->count; i++) {
        size_t object = gc->inventory.uses[result->first + i];
        if (--gc->users_left[object] == 0)
            drop_object(gc, object);
    }
}

/** A result that may go. */
struct candidate {
    int64_t last;
    size_t place;
};

static int compare_candidates(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->last != y->last)
        return x->last < y->last ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

/** Whichever was used last, by a run or by being made, goes last. */
static enum lm_status mark_results(struct gc *gc, struct lm_err *err)
{
    size_t found = 0;
    struct candidate *rows = LM_NEW_ARRAY(gc->arena, struct candidate, gc->inventory.result_count);
    if (rows == NULL)
        return no_memory(err);
    for (size_t i = 0; i < gc->inventory.result_count; i++) {
        const struct lm_stored_result *result = &gc->inventory.results[i];
        const struct lm_key_use *use = lm_key_uses_find(gc->how->uses, &result->key);
        bool is_used_later = use != NULL && use->last > result->changed;
        if ((use == NULL || !use->is_needed) && is_old(gc, result->changed, gc->how->grace))
            rows[found++] = (struct candidate){is_used_later ? use->last : result->changed, i};
    }
    if (found > 1)
        qsort(rows, found, sizeof *rows, compare_candidates);
    for (size_t i = 0; i < found; i++) {
        if (gc->how->is_limited && !is_too_large(gc))
            break;
        drop_result(gc, rows[i].place);
    }
    return LM_OK;
}

static void mark_orphans(struct gc *gc)
{
    for (size_t i = 0; i < gc->inventory.object_count; i++)
        if (gc->inventory.objects[i].users == 0 &&
            is_old(gc, gc->inventory.objects[i].changed, gc->how->grace))
            drop_object(gc, i);
}

static enum lm_status add_scrap(struct gc *gc, const char *path, const char *lock,
                                struct lm_err *err)
{
    struct scrap *scraps =
        lm_arena_grow(gc->arena, gc->scraps, gc->scrap_count, &gc->scrap_capacity, sizeof *scraps);
    if (scraps == NULL)
        return no_memory(err);
    gc->scraps = scraps;
    scraps[gc->scrap_count++] = (struct scrap){path, lock};
    return LM_OK;
}

/** Decides on an entry of a folder of the store. */
typedef enum lm_status mark_fn(struct gc *gc, const char *path, const char *name,
                               struct lm_err *err);

static enum lm_status mark_folder(struct gc *gc, const char *folder, mark_fn *mark,
                                  struct lm_err *err)
{
    struct lm_names names = {0};
    const char *path = lm_path_join(gc->arena, gc->store->path, folder);
    if (path == NULL)
        return no_memory(err);
    if (!lm_path_is_dir(path))
        return LM_OK;
    LM_TRY(lm_dir_list(&names, gc->arena, path, err));
    for (size_t i = 0; i < names.count; i++) {
        const char *entry = lm_path_join(gc->arena, path, names.items[i]);
        LM_TRY(entry != NULL ? mark(gc, entry, names.items[i], err) : no_memory(err));
    }
    return LM_OK;
}

/** A key with a result needs no checkpoint; one that nobody needs keeps it for a while. */
static enum lm_status mark_checkpoint(struct gc *gc, const char *path, const char *name,
                                      struct lm_err *err)
{
    struct lm_digest key;
    struct stat st;
    struct lm_tally tally = {0};
    if (!lm_digest_parse(&key, name))
        return LM_OK;
    lm_store_tally(&tally, path);
    bool has_result = lm_store_look(gc->store, "actions", &key, &st) && S_ISREG(st.st_mode);
    bool is_kept = is_needed(gc, &key) || !is_old(gc, tally.changed, gc->how->checkpoint_grace);
    if (!has_result && is_kept)
        return LM_OK;
    count(gc, &gc->out->checkpoints, tally.bytes);
    return add_scrap(gc, path, NULL, err);
}

/** A state that may go. */
struct old_state {
    const char *path;
    struct lm_tally tally;
};

static int compare_states(const void *a, const void *b)
{
    const struct old_state *x = a, *y = b;
    if (x->tally.changed != y->tally.changed)
        return x->tally.changed < y->tally.changed ? -1 : 1;
    return strcmp(x->path, y->path);
}

/** Expired ones, and while the store is too large the oldest of the others. */
static enum lm_status drop_states(struct gc *gc, const struct old_state *states, size_t count_of,
                                  struct lm_err *err)
{
    for (size_t i = 0; i < count_of; i++) {
        int64_t changed = states[i].tally.changed;
        bool is_pressed = is_too_large(gc) && is_old(gc, changed, gc->how->grace);
        if (!is_pressed && !is_old(gc, changed, gc->how->checkpoint_grace))
            continue;
        count(gc, &gc->out->states, states[i].tally.bytes);
        LM_TRY(add_scrap(gc, states[i].path, NULL, err));
    }
    return LM_OK;
}

static enum lm_status mark_states(struct gc *gc, struct lm_err *err)
{
    struct lm_names names = {0};
    const char *folder = lm_path_join(gc->arena, gc->store->path, LM_STORE_STATES);
    if (folder == NULL)
        return no_memory(err);
    if (!lm_path_is_dir(folder))
        return LM_OK;
    LM_TRY(lm_dir_list(&names, gc->arena, folder, err));
    struct old_state *states = LM_NEW_ARRAY(gc->arena, struct old_state, names.count);
    if (states == NULL)
        return no_memory(err);
    for (size_t i = 0; i < names.count; i++) {
        states[i].path = lm_path_join(gc->arena, folder, names.items[i]);
        if (states[i].path == NULL)
            return no_memory(err);
        lm_store_tally(&states[i].tally, states[i].path);
    }
    if (names.count > 1)
        qsort(states, names.count, sizeof *states, compare_states);
    return drop_states(gc, states, names.count, err);
}

/** tmp/<id>, unless the process that holds tmp/<id>.lock lives. */
static enum lm_status mark_temporary(struct gc *gc, const char *path, const char *name,
                                     struct lm_err *err)
{
    struct lm_tally tally = {0};
    struct lm_lock lock = {.fd = -1};
    bool taken = false, is_there;
    size_t length = strlen(name);
    const char *file = lm_arena_printf(gc->arena, "%s.lock", path);
    if (file == NULL)
        return no_memory(err);
    if (length > 5 && strcmp(name + length - 5, ".lock") == 0)
        return LM_OK; /* with its folder; alone the next run sweeps it */
    is_there = lm_path_exists(file);
    if (is_there)
        LM_TRY(lm_lock_try(&lock, &taken, NULL, file, false, err));
    lm_lock_release(&lock, NULL);
    if (is_there && !taken)
        return LM_OK;
    lm_store_tally(&tally, path);
    lm_store_tally(&tally, file);
    count(gc, &gc->out->temporary, tally.bytes);
    return add_scrap(gc, path, file, err);
}

/** A record that a run that died was writing. */
static enum lm_status mark_unfinished(struct gc *gc, const char *path, const char *name,
                                      struct lm_err *err)
{
    struct lm_tally tally = {0};
    if (!lm_new_file_is_temporary(name))
        return LM_OK;
    lm_store_tally(&tally, path);
    count(gc, &gc->out->temporary, tally.bytes);
    return add_scrap(gc, path, NULL, err);
}

static enum lm_status mark_damaged(struct gc *gc, const char *path, const char *name,
                                   struct lm_err *err)
{
    struct lm_tally tally = {0};
    (void)name;
    lm_store_tally(&tally, path);
    if (!is_old(gc, tally.changed, gc->how->grace))
        return LM_OK;
    count(gc, &gc->out->damaged, tally.bytes);
    return add_scrap(gc, path, NULL, err);
}

/** What is there may be needed by a result that cannot be read just now. */
static enum lm_status refuse_unreadable(const struct gc *gc, struct lm_err *err)
{
    for (size_t i = 0; i < gc->inventory.result_count; i++)
        if (gc->inventory.results[i].finding == LM_UNREADABLE)
            return lm_fail(err, LM_IO,
                           "%s cannot be read, so that nobody knows what it needs; nothing was "
                           "removed; make it readable, or remove it",
                           gc->inventory.results[i].path);
    return LM_OK;
}

static void count_kept(struct gc *gc)
{
    const struct lm_inventory *inventory = &gc->inventory;
    bool *is_seen = LM_NEW_ARRAY(gc->arena, bool, inventory->object_count);
    for (size_t i = 0; i < inventory->result_count && is_seen != NULL; i++) {
        const struct lm_stored_result *result = &inventory->results[i];
        if (gc->result_goes[i])
            continue;
        struct lm_gc_count *rows[] = {&gc->out->kept, &gc->out->needed};
        size_t many = is_needed(gc, &result->key) ? 2 : 1;
        for (size_t r = 0; r < many; r++) {
            rows[r]->count++;
            rows[r]->bytes += result->size;
        }
        for (size_t k = 0; k < result->count && many == 2; k++) {
            size_t object = inventory->uses[result->first + k];
            gc->out->needed.bytes += is_seen[object] ? 0 : inventory->objects[object].size;
            is_seen[object] = true;
        }
    }
    for (size_t i = 0; i < inventory->object_count; i++)
        if (!gc->object_goes[i])
            gc->out->kept.bytes += inventory->objects[i].size;
}

static enum lm_status mark(struct gc *gc, struct lm_err *err)
{
    LM_TRY(lm_inventory_take(&gc->inventory, gc->store, gc->arena, err));
    LM_TRY(refuse_unreadable(gc, err));
    gc->result_goes = LM_NEW_ARRAY(gc->arena, bool, gc->inventory.result_count);
    gc->object_goes = LM_NEW_ARRAY(gc->arena, bool, gc->inventory.object_count);
    gc->users_left = LM_NEW_ARRAY(gc->arena, size_t, gc->inventory.object_count);
    if (gc->result_goes == NULL || gc->object_goes == NULL || gc->users_left == NULL)
        return no_memory(err);
    for (size_t i = 0; i < gc->inventory.object_count; i++)
        gc->users_left[i] = gc->inventory.objects[i].users;
    mark_orphans(gc);
    LM_TRY(mark_folder(gc, "checkpoints", mark_checkpoint, err));
    LM_TRY(mark_folder(gc, "tmp", mark_temporary, err));
    LM_TRY(mark_folder(gc, "damaged", mark_damaged, err));
    for (unsigned i = 0; i < FAN; i++) {
        char fan[16];
        snprintf(fan, sizeof fan, "actions/%02x", i);
        LM_TRY(mark_folder(gc, fan, mark_unfinished, err));
    }
    LM_TRY(mark_states(gc, err));
    LM_TRY(mark_results(gc, err)); /* last: by then it is known how much must go */
    count_kept(gc);
    return LM_OK;
}

/* ---- sweep ---- */

static enum lm_status remove_file(const char *path, struct lm_err *err)
{
    if (unlink(path) == 0 || errno == ENOENT)
        return LM_OK;
    return lm_fail_errno(err, errno, "cannot remove %s", path);
}

/** Gone from the disk before any of their objects are. */
static enum lm_status sweep_results(struct gc *gc, struct lm_err *err)
{
    bool fans[FAN] = {false};
    for (size_t i = 0; i < gc->inventory.result_count; i++) {
        if (!gc->result_goes[i])
            continue;
        LM_TRY(remove_file(gc->inventory.results[i].path, err));
        fans[gc->inventory.results[i].key.bytes[0]] = true;
    }
    for (unsigned i = 0; i < FAN; i++) {
        if (!fans[i])
            continue;
        const char *fan = lm_arena_printf(gc->arena, "%s/actions/%02x", gc->store->path, i);
        LM_TRY(fan != NULL ? lm_fsync_path(fan, err) : no_memory(err));
    }
    return LM_OK;
}

static enum lm_status sweep(struct gc *gc, struct lm_err *err)
{
    LM_TRY(sweep_results(gc, err));
    for (size_t i = 0; i < gc->inventory.object_count; i++)
        if (gc->object_goes[i])
            LM_TRY(remove_file(gc->inventory.objects[i].path, err));
    for (size_t i = 0; i < gc->scrap_count; i++) {
        const struct scrap *scrap = &gc->scraps[i];
        struct stat st;
        bool is_folder = lstat(scrap->path, &st) == 0 && S_ISDIR(st.st_mode);
        LM_TRY(is_folder ? lm_dir_remove(scrap->path, err) : remove_file(scrap->path, err));
        if (scrap->lock != NULL)
            LM_TRY(remove_file(scrap->lock, err));
    }
    return LM_OK;
}

enum lm_status lm_store_gc(struct lm_store *store, const struct lm_gc_how *how,
                           struct lm_gc_result *out, struct lm_err *err)
{
    struct gc gc = {.store = store, .how = how, .out = out, .arena = lm_arena_create()};
    *out = (struct lm_gc_result){0};
    if (gc.arena == NULL)
        return no_memory(err);
    enum lm_status status = mark(&gc, err);
    if (status == LM_OK && !how->is_dry)
        status = sweep(&gc, err);
    lm_inventory_release(&gc.inventory);
    lm_arena_free(gc.arena);
    return status;
}
