/* What costs what: the promise of include/lmpipe/cache.h. */
#include <lmpipe/cache.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "runs/needed.h"
#include "store/inventory.h"
#include "store/store_files.h"

/** A result, or a checkpoint, is of a row; of several where experiments have a stage in common. */
struct pair {
    size_t row, result;
};

/** While a list is made. */
struct listing {
    struct lm_cache_list *out;
    struct lm_arena *arena;
    struct lm_needed needed;
    struct lm_inventory inventory;
    struct lm_name_map places; /**< of rows, by "<experiment>/<stage>" */
    size_t capacity;           /**< of rows */
    struct pair *pairs;        /**< by row */
    size_t pair_count, pair_capacity;
    size_t *last;   /**< of each object: one more than the row or root that had it last */
    size_t *owners; /**< of each object: rows that name it */
};

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to list the store; free some");
}

/* ---- rows ---- */

/** Place of a row; SIZE_MAX: out of memory. */
static size_t place_of(struct listing *listing, const char *experiment, const char *stage)
{
    struct lm_cache_list *out = listing->out;
    const char *name = lm_arena_printf(listing->arena, "%s/%s", experiment, stage);
    if (name == NULL)
        return SIZE_MAX;
    size_t place = lm_name_map_find(&listing->places, name);
    if (place != SIZE_MAX)
        return place;
    struct lm_cache_row *rows =
        lm_arena_grow(listing->arena, out->rows, out->row_count, &listing->capacity, sizeof *rows);
    if (rows == NULL || !lm_name_map_put(&listing->places, name, out->row_count))
        return SIZE_MAX;
    out->rows = rows;
    rows[out->row_count] = (struct lm_cache_row){.experiment = experiment, .stage = stage};
    return out->row_count++;
}

/** Does something with a row that a key is of; `many`: rows that it is of. */
typedef bool owner_fn(struct listing *listing, size_t row, size_t many, const void *user);

/** Visits the rows of a key; `type` is all that is known of one that no run had. False: out of
 *  memory. */
static bool each_owner(struct listing *listing, const struct lm_digest *key, const char *type,
                       owner_fn *visit, const void *user)
{
    const struct lm_key_use *use = lm_key_uses_find(&listing->needed.uses, key);
    size_t many = 0;
    for (const struct lm_key_owner *o = use != NULL ? use->owners : NULL; o != NULL; o = o->next)
        many++;
    if (many == 0) {
        size_t row = place_of(listing, "", type[0] != '\0' ? type : "unknown");
        return row != SIZE_MAX && visit(listing, row, 1, user);
    }
    for (const struct lm_key_owner *o = use->owners; o != NULL; o = o->next) {
        size_t row = place_of(listing, o->experiment, o->stage);
        if (row == SIZE_MAX || !visit(listing, row, many, user))
            return false;
    }
    return true;
}

static bool add_pair(struct listing *listing, size_t place, size_t many, const void *user)
{
    const struct lm_stored_result *result = user;
    struct lm_cache_row *row = &listing->out->rows[place];
    const struct lm_key_use *use = lm_key_uses_find(&listing->needed.uses, &result->key);
    int64_t used = use != NULL && use->last > result->changed ? use->last : result->changed;
    struct pair *pairs = lm_arena_grow(listing->arena, listing->pairs, listing->pair_count,
                                       &listing->pair_capacity, sizeof *pairs);
    if (pairs == NULL)
        return false;
    listing->pairs = pairs;
    pairs[listing->pair_count++] =
        (struct pair){place, (size_t)(result - listing->inventory.results)};
    row->results++;
    row->bytes += result->size;
    row->shared += many > 1 ? result->size : 0;
    row->oldest =
        row->results == 1 || result->changed < row->oldest ? result->changed : row->oldest;
    row->newest = result->changed > row->newest ? result->changed : row->newest;
    row->used = used > row->used ? used : row->used;
    return true;
}

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    return x->result < y->result ? -1 : x->result > y->result;
}

static bool has_many_owners(const struct listing *listing, const struct lm_digest *key)
{
    const struct lm_key_use *use = lm_key_uses_find(&listing->needed.uses, key);
    return use != NULL && use->owners != NULL && use->owners->next != NULL;
}

/** Pairs by row, so that an object that several results of a row name counts once for it. */
static enum lm_status add_results(struct listing *listing, struct lm_err *err)
{
    const struct lm_inventory *inventory = &listing->inventory;
    for (size_t i = 0; i < inventory->result_count; i++) {
        const struct lm_stored_result *result = &inventory->results[i];
        if (!each_owner(listing, &result->key, result->type, add_pair, result))
            return no_memory(err);
        listing->out->bytes += result->size;
        listing->out->shared += has_many_owners(listing, &result->key) ? result->size : 0;
    }
    if (listing->pair_count > 1)
        qsort(listing->pairs, listing->pair_count, sizeof *listing->pairs, compare_pairs);
    return LM_OK;
}

typedef void object_fn(struct listing *listing, size_t row, size_t object);

/** Visits every object of every row once. */
static void each_object(struct listing *listing, object_fn *visit)
{
    const struct lm_inventory *inventory = &listing->inventory;
    memset(listing->last, 0, inventory->object_count * sizeof *listing->last);
    for (size_t i = 0; i < listing->pair_count; i++) {
        const struct lm_stored_result *result = &inventory->results[listing->pairs[i].result];
        size_t row = listing->pairs[i].row;
        for (size_t k = 0; k < result->count; k++) {
            size_t object = inventory->uses[result->first + k];
            if (listing->last[object] != row + 1)
                visit(listing, row, object);
            listing->last[object] = row + 1;
        }
    }
}

static void count_owner(struct listing *listing, size_t row, size_t object)
{
    (void)row;
    listing->owners[object]++;
}

static void add_object(struct listing *listing, size_t row, size_t object)
{
    uint64_t size = listing->inventory.objects[object].size;
    listing->out->rows[row].bytes += size;
    if (listing->owners[object] > 1)
        listing->out->rows[row].shared += size;
}

static void add_totals(struct listing *listing)
{
    for (size_t i = 0; i < listing->inventory.object_count; i++) {
        uint64_t size = listing->inventory.objects[i].size;
        *(listing->owners[i] > 0 ? &listing->out->bytes : &listing->out->unused) += size;
        listing->out->shared += listing->owners[i] > 1 ? size : 0;
    }
}

static bool add_checkpoint(struct listing *listing, size_t place, size_t many, const void *user)
{
    const struct lm_tally *tally = user;
    struct lm_cache_row *row = &listing->out->rows[place];
    row->bytes += tally->bytes;
    row->shared += many > 1 ? tally->bytes : 0;
    row->checkpoint_bytes += tally->bytes;
    row->used = tally->changed > row->used ? tally->changed : row->used;
    return true;
}

static enum lm_status add_checkpoints(struct listing *listing, struct lm_err *err)
{
    struct lm_names names = {0};
    const char *folder =
        lm_path_join(listing->arena, lm_store_path(listing->needed.store), "checkpoints");
    if (folder == NULL)
        return no_memory(err);
    if (!lm_path_is_dir(folder))
        return LM_OK;
    LM_TRY(lm_dir_list(&names, listing->arena, folder, err));
    for (size_t i = 0; i < names.count; i++) {
        struct lm_digest key;
        struct lm_tally tally = {0};
        const char *path = lm_path_join(listing->arena, folder, names.items[i]);
        if (!lm_digest_parse(&key, names.items[i]))
            continue;
        if (path == NULL)
            return no_memory(err);
        lm_store_tally(&tally, path);
        if (!each_owner(listing, &key, "", add_checkpoint, &tally))
            return no_memory(err);
        listing->out->bytes += tally.bytes;
        listing->out->shared += has_many_owners(listing, &key) ? tally.bytes : 0;
    }
    return LM_OK;
}

/** States are of no key, and so of no row. */
static enum lm_status count_states(struct listing *listing, struct lm_err *err)
{
    struct lm_store_usage usage;
    LM_TRY(lm_store_usage(listing->needed.store, &usage, err));
    listing->out->states = (struct lm_cache_count){usage.states, usage.state_bytes};
    return LM_OK;
}

static int compare_rows(const void *a, const void *b)
{
    const struct lm_cache_row *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes > y->bytes ? -1 : 1;
    int order = strcmp(x->experiment, y->experiment);
    return order != 0 ? order : strcmp(x->stage, y->stage);
}

/* ---- roots ---- */

/** Place of the result of a key, or SIZE_MAX: they are sorted. */
static size_t find_result(const struct lm_inventory *inventory, const struct lm_digest *key)
{
    size_t low = 0, high = inventory->result_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = lm_digest_compare(&inventory->results[middle].key, key);
        if (order == 0)
            return middle;
        *(order < 0 ? &low : &high) = order < 0 ? middle + 1 : middle;
    }
    return SIZE_MAX;
}

static void add_root(struct listing *listing, const struct lm_root *root)
{
    const struct lm_inventory *inventory = &listing->inventory;
    struct lm_cache_root *row = &listing->out->roots[listing->out->root_count++];
    struct stat st;
    *row = (struct lm_cache_root){.path = root->path,
                                  .experiment = root->experiment,
                                  .is_baseline = root->kind == LM_ROOT_BASELINE,
                                  .is_there = stat(root->path, &st) == 0 && S_ISREG(st.st_mode)};
    for (size_t i = 0; i < root->count; i++) {
        size_t place = find_result(inventory, &root->keys[i].key);
        if (place == SIZE_MAX)
            continue;
        const struct lm_stored_result *result = &inventory->results[place];
        row->results++;
        row->bytes += result->size;
        for (size_t k = 0; k < result->count; k++) {
            size_t object = inventory->uses[result->first + k];
            if (listing->last[object] != listing->out->root_count)
                row->bytes += inventory->objects[object].size;
            listing->last[object] = listing->out->root_count;
        }
    }
}

static int compare_roots(const void *a, const void *b)
{
    const struct lm_cache_root *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    return order != 0 ? order : (int)x->is_baseline - (int)y->is_baseline;
}

static enum lm_status add_roots(struct listing *listing, struct lm_err *err)
{
    const struct lm_needed *needed = &listing->needed;
    listing->out->roots = LM_NEW_ARRAY(listing->arena, struct lm_cache_root, needed->root_count);
    if (listing->out->roots == NULL)
        return no_memory(err);
    memset(listing->last, 0, listing->inventory.object_count * sizeof *listing->last);
    for (size_t i = 0; i < needed->root_count; i++)
        if (!needed->roots[i].is_damaged)
            add_root(listing, &needed->roots[i]);
    if (listing->out->root_count > 1)
        qsort(listing->out->roots, listing->out->root_count, sizeof *listing->out->roots,
              compare_roots);
    return LM_OK;
}

/* ---- all of it ---- */

static enum lm_status list(struct listing *listing, struct lm_store *store, struct lm_err *err)
{
    static const struct lm_cache_options nothing = {.keep_runs = 0};
    struct lm_arena *arena = listing->arena;
    LM_TRY(lm_inventory_take(&listing->inventory, store, arena, err));
    LM_TRY(lm_needed_find(&listing->needed, arena, store, &nothing, LM_NEEDED_NAMES, err));
    listing->out->now = listing->needed.now;
    listing->last = LM_NEW_ARRAY(arena, size_t, listing->inventory.object_count);
    listing->owners = LM_NEW_ARRAY(arena, size_t, listing->inventory.object_count);
    if (listing->last == NULL || listing->owners == NULL)
        return no_memory(err);
    lm_name_map_init(&listing->places, arena);
    LM_TRY(add_results(listing, err));
    each_object(listing, count_owner);
    each_object(listing, add_object);
    add_totals(listing);
    LM_TRY(add_checkpoints(listing, err));
    LM_TRY(count_states(listing, err));
    LM_TRY(add_roots(listing, err));
    if (listing->out->row_count > 1)
        qsort(listing->out->rows, listing->out->row_count, sizeof *listing->out->rows,
              compare_rows);
    return LM_OK;
}

enum lm_status lm_cache_list(struct lm_store *store, struct lm_cache_list *out, struct lm_err *err)
{
    struct lm_arena *arena = lm_arena_create();
    struct listing listing = {.out = out, .arena = arena};
    *out = (struct lm_cache_list){.arena = arena};
    enum lm_status status = arena != NULL ? list(&listing, store, err) : no_memory(err);
    lm_needed_release(&listing.needed);
    lm_inventory_release(&listing.inventory);
    if (status != LM_OK) {
        lm_arena_free(arena);
        out->arena = NULL;
    }
    return status;
}
