#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/new_file.h"
#include "store/hold.h"
#include "store/lock.h"
#include "store/record.h"
#include "store/store_inside.h"

/* ---- leftovers of processes that died ---- */

/** What a sweep does with the entries of one folder of the store. */
typedef void sweep_fn(struct lm_store *store, const char *folder, char *name);

static void sweep_folder(struct lm_store *store, const char *folder, sweep_fn *sweep)
{
    struct lm_names names = {0};
    struct lm_arena_mark mark = lm_arena_mark(store->arena);
    const char *path = lm_path_join(store->arena, store->path, folder);
    if (path != NULL && lm_dir_list(&names, store->arena, path, NULL) == LM_OK)
        for (size_t i = 0; i < names.count; i++)
            sweep(store, path, names.items[i]);
    lm_arena_rewind(store->arena, mark);
}

/** tmp/<run>/ belongs to the holder of tmp/<run>.lock. */
static void sweep_run(struct lm_store *store, const char *tmp, char *name)
{
    struct lm_lock lock = {.fd = -1};
    bool taken = false;
    size_t length = strlen(name);
    if (length > 5 && strcmp(name + length - 5, ".lock") == 0)
        name[length - 5] = '\0'; /* a lock without its folder, too */
    const char *folder = lm_path_join(store->arena, tmp, name);
    const char *file = folder != NULL ? lm_arena_printf(store->arena, "%s.lock", folder) : NULL;
    if (file == NULL || lm_lock_try(&lock, &taken, NULL, file, true, NULL) != LM_OK || !taken)
        return;
    lm_dir_remove(folder, NULL);
    lm_lock_release(&lock, file);
}

/** The lock of a key that nobody holds is a file too many. */
static void sweep_lock(struct lm_store *store, const char *locks, char *name)
{
    struct lm_digest key;
    struct lm_lock lock = {.fd = -1};
    bool taken = false;
    const char *path = lm_path_join(store->arena, locks, name);
    if (path != NULL && lm_digest_parse(&key, name) &&
        lm_lock_try(&lock, &taken, NULL, path, true, NULL) == LM_OK && taken)
        lm_lock_release(&lock, path);
}

/** Checkpoints of a key that has a result, and what a writer of slots that died left behind; while
 *  nobody holds the key's lock. */
static void sweep_checkpoint(struct lm_store *store, const char *checkpoints, char *name)
{
    static const char *const old[] = {"a.tmp", "b.tmp"}; /* written until 0.1.0 */
    struct lm_digest key;
    struct stat st;
    struct lm_lock lock = {.fd = -1};
    bool taken = false;
    if (!lm_digest_parse(&key, name))
        return;
    const char *folder = lm_path_join(store->arena, checkpoints, name);
    const char *record = lm_store_path_of(store, store->arena, "actions", &key);
    const char *path = lm_store_lock_path(store, store->arena, &key);
    if (folder == NULL || record == NULL || path == NULL ||
        lm_lock_try(&lock, &taken, NULL, path, true, NULL) != LM_OK || !taken)
        return;
    if (lstat(record, &st) == 0 && S_ISREG(st.st_mode))
        lm_dir_remove(folder, NULL);
    lm_new_file_sweep(folder);
    for (size_t i = 0; i < sizeof old / sizeof old[0]; i++) {
        const char *slot = lm_path_join(store->arena, folder, old[i]);
        if (slot != NULL)
            unlink(slot);
    }
    lm_lock_release(&lock, path);
}

/** What a writer of a state that died has left. */
static void sweep_state(struct lm_store *store, const char *states, char *name)
{
    const char *folder = lm_path_join(store->arena, states, name);
    if (folder != NULL)
        lm_new_file_sweep(folder);
}

/** *.tmp.<pid>: how temporary files were named until 0.1.0. */
static void sweep_old(struct lm_store *store, const char *folder, char *name)
{
    const char *path = lm_path_join(store->arena, folder, name);
    const char *tail = strstr(name, ".tmp.");
    if (path != NULL && tail != NULL && tail[5] != '\0' &&
        strspn(tail + 5, "0123456789") == strlen(tail + 5))
        unlink(path);
}

static void sweep_fan(struct lm_store *store, const char *actions, char *name)
{
    const char *fan = lm_path_join(store->arena, actions, name);
    if (fan == NULL || strlen(name) != 2)
        return;
    lm_new_file_sweep(fan);
    sweep_folder(store, fan, sweep_old);
}

void lm_store_sweep(struct lm_store *store)
{
    static const struct {
        const char *folder;
        sweep_fn *sweep;
    } rows[] = {{"tmp", sweep_run},
                {"checkpoints", sweep_checkpoint},
                {LM_STORE_STATES, sweep_state},
                {"locks", sweep_lock},
                {"actions", sweep_fan},
                {".", sweep_old}};

    static const char *const plain[] = {".",         "runs/parameters", "runs/results",
                                        "runs/keys", "runs/newest",     "runs/tags"};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        const char *folder = lm_path_join(store->arena, store->path, plain[i]);
        if (folder != NULL)
            lm_new_file_sweep(folder);
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        sweep_folder(store, rows[i].folder, rows[i].sweep);
}

/* ---- clearing ---- */

enum lm_status lm_store_clear(struct lm_store *store, struct lm_store_usage *removed,
                              struct lm_err *err)
{
    /* Records first: a record must never outlive its objects. */
    static const char *const order[] = {"actions",       "objects", "checkpoints",
                                        LM_STORE_STATES, "tmp",     "damaged"};
    struct lm_lock lock;
    LM_TRY(lm_store_own(store, &lock, err));
    enum lm_status status = lm_store_usage(store, removed, err);
    for (size_t i = 0; i < sizeof order / sizeof order[0] && status == LM_OK; i++) {
        const char *folder = lm_path_join(store->arena, store->path, order[i]);
        status = folder != NULL ? lm_dir_remove(folder, err)
                                : lm_fail(err, LM_NOMEM, "out of memory clearing the store");
        if (status == LM_OK && strcmp(order[i], "damaged") != 0)
            status = lm_dir_create(folder, err);
    }
    lm_stat_index_clear(store->index);
    lm_record_index_clear(store->records);
    lm_store_disown(&lock);
    return status;
}

/* ---- health ---- */

struct checkup {
    struct lm_store *store;
    struct lm_arena *arena;
    FILE *out;
    size_t records, bad, missing;
};

/** Objects a record names that are not there at all (sizes are compared, bytes are not read). */
static size_t missing_objects(struct checkup *checkup, const struct lm_record *record)
{
    size_t missing = 0;
    for (size_t i = 0; i < record->output_count; i++)
        for (size_t k = 0; k < record->outputs[i].file_count; k++) {
            struct stat st;
            const struct lm_output_file *file = &record->outputs[i].files[k];
            const char *path = lm_store_object_path(checkup->store, checkup->arena, &file->object);
            missing += path == NULL || lstat(path, &st) != 0 || (uint64_t)st.st_size != file->size;
        }
    return missing;
}

static void check_record(void *user, const char *path, const struct stat *st)
{
    struct checkup *checkup = user;
    struct lm_arena_mark mark = lm_arena_mark(checkup->arena);
    struct lm_record record;
    char *text;
    size_t size;
    (void)st;
    checkup->records++;
    if (lm_file_read(&text, &size, checkup->arena, path, LM_RECORD_CEILING, NULL) != LM_OK ||
        lm_record_read(&record, checkup->arena, text, size, NULL) != LM_OK) {
        checkup->bad++;
        fprintf(checkup->out, "damaged record %s; the stage runs again when it is needed\n", path);
    } else if (missing_objects(checkup, &record) > 0) {
        checkup->missing++;
    }
    lm_arena_rewind(checkup->arena, mark);
}

enum lm_status lm_store_doctor(struct lm_store *store, FILE *out, struct lm_err *err)
{
    struct lm_store_usage usage;
    struct checkup checkup = {.store = store, .out = out, .arena = lm_arena_create()};
    if (checkup.arena == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory looking at the store");
    const char *actions = lm_path_join(store->arena, store->path, "actions");
    enum lm_status status = lm_store_usage(store, &usage, err);
    if (status == LM_OK && actions != NULL) {
        lm_store_walk(actions, check_record, &checkup);
        fprintf(out,
                "store %s: %zu results, %llu objects, %llu runs, %zu files and %zu results "
                "indexed\n",
                store->path, checkup.records, (unsigned long long)usage.objects,
                (unsigned long long)usage.runs, lm_stat_index_count(store->index),
                lm_record_index_count(store->records));
        if (checkup.missing > 0)
            fprintf(out, "%zu results have lost objects; their stages run again when needed\n",
                    checkup.missing);
        if (lm_store_entries(store, "damaged", false) > 0)
            fprintf(out, "%llu damaged files were set aside in %s/damaged; remove them freely\n",
                    (unsigned long long)lm_store_entries(store, "damaged", false), store->path);
        if (lm_store_entries(store, "tmp", false) > 0)
            fprintf(out,
                    "temporary files of other runs: %llu bytes; the next run sweeps those of "
                    "runs that have died\n",
                    (unsigned long long)usage.temporary_bytes);
        for (size_t i = 0; i < store->warning_count; i++)
            fprintf(out, "%s\n", store->warnings[i]);
    }
    lm_arena_free(checkup.arena);
    return status;
}
