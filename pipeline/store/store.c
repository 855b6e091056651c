#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/path_digest.h"
#include "protocol/checkpoint.h"
#include "store/record.h"
#include "store/store_inside.h"

#define RECORD_CEILING ((size_t)256 << 20)

static const char *const folders[] = {"objects", "actions", "checkpoints", "runs", "tmp", "locks"};

/* ---- life ---- */

/** The version file is written last: a store without one is new, or was interrupted while new. */
static enum lm_status create_layout(struct lm_store *store, const char *version, struct lm_err *err)
{
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        const char *path = lm_path_join(store->arena, store->path, folders[i]);
        if (path == NULL)
            return lm_fail(err, LM_NOMEM, "out of memory opening the store");
        LM_TRY(lm_dir_create(path, err));
    }
    return lm_file_write_atomic(version, LM_STORE_VERSION, strlen(LM_STORE_VERSION), err);
}

static enum lm_status check_version(struct lm_store *store, struct lm_err *err)
{
    char *text = NULL;
    size_t size = 0;
    const char *path = lm_path_join(store->arena, store->path, "VERSION");
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory opening the store");
    if (!lm_path_exists(path))
        return create_layout(store, path, err);
    LM_TRY(lm_file_read(&text, &size, store->arena, path, 4096, err));
    if (strcmp(text, LM_STORE_VERSION) != 0)
        return lm_fail(err, LM_FORMAT,
                       "%s: not a store of this version of lmpipe; name another with --store",
                       store->path);
    return LM_OK;
}

static enum lm_status open_inside(struct lm_store *store, const char *path, struct lm_err *err)
{
    bool damaged = false;
    char *full = realpath(path, NULL);
    if (full == NULL && errno == ENOENT) {
        LM_TRY(lm_dir_create(path, err));
        full = realpath(path, NULL);
    }
    if (full == NULL)
        return lm_fail_errno(err, errno, "cannot open the store %s", path);
    store->path = lm_arena_strdup(store->arena, full);
    free(full);
    if (store->path == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory opening the store");
    LM_TRY(check_version(store, err));
    const char *index = lm_path_join(store->arena, store->path, "index");
    store->index = index != NULL ? lm_stat_index_open(index, &damaged) : NULL;
    if (store->index == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory opening the store");
    if (damaged)
        lm_store_set_aside(store, index, "the stat index");
    return LM_OK;
}

enum lm_status lm_store_open(struct lm_store **out, const char *path, struct lm_err *err)
{
    struct lm_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory opening the store");
    enum lm_status status = LM_OK;
    store->arena = lm_arena_create();
    if (store->arena == NULL)
        status = lm_fail(err, LM_NOMEM, "out of memory opening the store");
    if (status == LM_OK)
        status = open_inside(store, path, err);
    if (status != LM_OK) {
        lm_store_close(store);
        return status;
    }
    *out = store;
    return LM_OK;
}

void lm_store_close(struct lm_store *store)
{
    if (store == NULL)
        return;
    lm_stat_index_close(store->index);
    lm_arena_free(store->arena);
    free(store);
}

const char *lm_store_path(const struct lm_store *store)
{
    return store->path;
}

/* ---- places ---- */

const char *lm_store_path_of(const struct lm_store *store, struct lm_arena *arena,
                             const char *folder, const struct lm_digest *digest)
{
    char hex[LM_DIGEST_HEX];
    lm_digest_hex(hex, digest);
    return lm_arena_printf(arena, "%s/%s/%.2s/%s", store->path, folder, hex, hex + 2);
}

const char *lm_store_object_path(const struct lm_store *store, struct lm_arena *arena,
                                 const struct lm_digest *object)
{
    return lm_store_path_of(store, arena, "objects", object);
}

const char *lm_store_checkpoint_folder(const struct lm_store *store, struct lm_arena *arena,
                                       const struct lm_digest *key)
{
    char hex[LM_DIGEST_HEX];
    lm_digest_hex(hex, key);
    return lm_arena_printf(arena, "%s/checkpoints/%s", store->path, hex);
}

int64_t lm_store_checkpoint(const struct lm_store *store, const struct lm_digest *key)
{
    struct lm_arena_mark mark = lm_arena_mark(store->arena);
    const char *folder = lm_store_checkpoint_folder(store, store->arena, key);
    int64_t position = folder != NULL ? lm_checkpoint_peek(folder) : -1;
    lm_arena_rewind(store->arena, mark);
    return position;
}

/* ---- damage ---- */

void lm_store_set_aside(struct lm_store *store, const char *path, const char *what)
{
    const char *name = strncmp(path, store->path, strlen(store->path)) == 0
                           ? path + strlen(store->path) + 1
                           : path;
    char *goal = lm_arena_printf(store->arena, "%s/damaged/%s", store->path, name);
    const char *folder = lm_path_join(store->arena, store->path, "damaged");
    if (goal == NULL || folder == NULL)
        return;
    for (char *at = goal + strlen(folder) + 1; *at != '\0'; at++)
        *at = *at == '/' ? '-' : *at;
    /* What cannot be moved away must at least not be found again. */
    if (lm_dir_create(folder, NULL) != LM_OK || rename(path, goal) != 0)
        unlink(path);
    if (store->warning_count < LM_STORE_WARNINGS) {
        const char *text = lm_arena_printf(
            store->arena, "%s %s was damaged and has been set aside in %s", what, name, folder);
        if (text != NULL)
            store->warnings[store->warning_count++] = text;
    }
}

const char *const *lm_store_warnings(const struct lm_store *store, size_t *count)
{
    *count = store->warning_count;
    return store->warnings;
}

/* ---- finding ---- */

/** Hashes a file unless the index knows it. The stat before and after must be the same. */
static enum lm_status hash_file(struct lm_store *store, struct lm_digest *out, struct stat *st,
                                const char *path, struct lm_err *err)
{
    struct stat after;
    if (stat(path, st) != 0)
        return lm_fail_errno(err, errno, "cannot look at %s", path);
    if (!S_ISREG(st->st_mode))
        return lm_fail(err, LM_INVALID, "%s: neither a file nor a folder; name one", path);
    if (lm_stat_index_find(store->index, st, out))
        return LM_OK;
    int64_t begin = lm_stat_clock_ns();
    LM_TRY(lm_sha256_file(out, NULL, path, err));
    if (stat(path, &after) == 0 && after.st_ino == st->st_ino && after.st_size == st->st_size &&
        lm_stat_mtime_ns(&after) == lm_stat_mtime_ns(st))
        lm_stat_index_put(store->index, &after, out, begin);
    return LM_OK;
}

/** True when the object is there and has its bytes; a damaged one is set aside. */
static bool object_is_sound(struct lm_store *store, struct lm_arena *arena,
                            const struct lm_output_file *file)
{
    struct lm_digest digest;
    struct stat st;
    const char *path = lm_store_object_path(store, arena, &file->object);
    if (path == NULL || lstat(path, &st) != 0)
        return false;
    if (S_ISREG(st.st_mode)) {
        if (hash_file(store, &digest, &st, path, NULL) != LM_OK)
            return false; /* unreadable now: a miss, but nothing is known to be damaged */
        if (lm_digest_compare(&digest, &file->object) == 0)
            return (uint64_t)st.st_size == file->size;
    }
    lm_store_set_aside(store, path, "an object");
    return false;
}

static bool objects_are_sound(struct lm_store *store, const struct lm_record *record)
{
    bool sound = true;
    struct lm_arena_mark mark = lm_arena_mark(store->arena);
    size_t warnings = store->warning_count;
    for (size_t i = 0; i < record->output_count; i++)
        for (size_t k = 0; k < record->outputs[i].file_count; k++)
            sound = object_is_sound(store, store->arena, &record->outputs[i].files[k]) && sound;
    if (warnings == store->warning_count) /* else their texts are in the arena */
        lm_arena_rewind(store->arena, mark);
    return sound;
}

enum lm_status lm_store_find(struct lm_store *store, struct lm_record **out, struct lm_arena *arena,
                             const struct lm_digest *key, struct lm_err *err)
{
    char *text = NULL;
    size_t size = 0;
    struct lm_digest named;
    const char *path = lm_store_path_of(store, arena, "actions", key);
    struct lm_record *record = LM_NEW(arena, struct lm_record);
    if (path == NULL || record == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for an action record");
    LM_TRY(lm_file_read(&text, &size, arena, path, RECORD_CEILING, err));
    enum lm_status status = lm_record_read(record, arena, text, size, err);
    if (status == LM_NOMEM)
        return status;
    if (status == LM_OK)
        lm_sha256_bytes(&named, record->key_text, strlen(record->key_text));
    if (status != LM_OK || lm_digest_compare(&record->key, key) != 0 ||
        lm_digest_compare(&named, key) != 0) {
        lm_store_set_aside(store, path, "the action record");
        return lm_fail(err, LM_NOT_FOUND, "the action record was damaged");
    }
    if (!objects_are_sound(store, record))
        return lm_fail(err, LM_NOT_FOUND, "objects of the result are missing or damaged");
    *out = record;
    return LM_OK;
}

/* ---- users' files ---- */

static enum lm_status digest_file(void *user, struct lm_digest *out, const char *path,
                                  struct lm_err *err)
{
    struct stat st;
    return hash_file(user, out, &st, path, err);
}

enum lm_status lm_store_hash_path(struct lm_store *store, struct lm_digest *out, const char *path,
                                  struct lm_err *err)
{
    return lm_path_digest(out, path, digest_file, store, err);
}
