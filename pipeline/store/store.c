#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/new_file.h"
#include "base/path_digest.h"
#include "base/stat_time.h"
#include "protocol/checkpoint.h"
#include "store/store_inside.h"

#define VERSION_HEAD "lmpipe-store "

static const char *const folders[] = {"objects", "actions", "checkpoints", LM_STORE_STATES,
                                      "runs",    "tmp",     "locks"};

/* ---- life ---- */

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "out of memory opening the store");
}

/** A store that is only read needs no empty folders. */
static bool is_read_only(int error)
{
    return error == EROFS || error == EACCES || error == EPERM;
}

/** Folders that are not there, since the store is new or was carried as files. */
static enum lm_status create_folders(struct lm_store *store, struct lm_err *err)
{
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        const char *path = lm_path_join(store->arena, store->path, folders[i]);
        if (path == NULL)
            return no_memory(err);
        struct stat st;
        bool there = stat(path, &st) == 0;
        if (there && S_ISDIR(st.st_mode))
            continue;
        if (there)
            lm_store_set_aside(store, path, NULL, "what stood in the place of a folder,");
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            return lm_fail_errno(err, errno, "cannot create folder %s", path);
    }
    return LM_OK;
}

enum version { THIS_VERSION, OTHER_VERSION, NO_VERSION, DAMAGED_VERSION };

/** Do the folders of a store stand around the version file? */
static bool has_folders(const struct lm_store *store)
{
    const char *objects = lm_path_join(store->arena, store->path, "objects");
    const char *actions = lm_path_join(store->arena, store->path, "actions");
    return objects != NULL && actions != NULL && lm_path_is_dir(objects) && lm_path_is_dir(actions);
}

/** The beginning of a plain file; its length, or -1 and errno (0: no plain file). */
static ssize_t read_beginning(char *text, size_t room, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return -1;
    bool plain = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    ssize_t size = plain ? pread(fd, text, room - 1, 0) : -1;
    int error = plain ? errno : 0;
    close(fd);
    text[size > 0 ? size : 0] = '\0';
    errno = error;
    return size;
}

/** What the file says. A text that no version of lmpipe wrote is damage where the folders of a
 * store stand around it; else the folder belongs to somebody else. */
static enum version read_version(const struct lm_store *store, const char *path)
{
    char text[64] = "";
    ssize_t size = read_beginning(text, sizeof text, path);
    size_t head = strlen(VERSION_HEAD);
    if (size == 0 || (size < 0 && errno == ENOENT))
        return NO_VERSION; /* empty: the disk was full, or the power failed, when it was made */
    if (strcmp(text, LM_STORE_VERSION) == 0)
        return THIS_VERSION;
    bool other = strncmp(text, VERSION_HEAD, head) == 0 && strspn(text + head, "0123456789") > 0;
    return !other && has_folders(store) ? DAMAGED_VERSION : OTHER_VERSION;
}

/** The version file is written last: a store without one is new, or was interrupted while new. */
static enum lm_status check_layout(struct lm_store *store, struct lm_err *err)
{
    struct lm_err trouble = {0};
    const char *path = lm_path_join(store->arena, store->path, "VERSION");
    if (path == NULL)
        return no_memory(err);
    enum version version = read_version(store, path);
    if (version == OTHER_VERSION)
        return lm_fail(err, LM_FORMAT,
                       "%s: not a store of this version of lmpipe; name another with --store",
                       store->path);
    enum lm_status status = create_folders(store, &trouble);
    if (status != LM_OK && version == THIS_VERSION && is_read_only(trouble.error_number))
        return LM_OK;
    if (version == DAMAGED_VERSION && status == LM_OK)
        lm_store_set_aside(store, path, NULL, "the version file");
    if (version != THIS_VERSION && status == LM_OK)
        status = lm_new_file_write(path, LM_STORE_VERSION, strlen(LM_STORE_VERSION), LM_NEW_DURABLE,
                                   &trouble);
    if (status != LM_OK && err != NULL)
        *err = trouble;
    return status;
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
        return no_memory(err);
    store->fd = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->fd < 0)
        return lm_fail_errno(err, errno, "cannot open the store %s", store->path);
    LM_TRY(check_layout(store, err));
    const char *index = lm_path_join(store->arena, store->path, "index");
    const char *records = lm_path_join(store->arena, store->path, "records");
    if (index == NULL || records == NULL)
        return no_memory(err);
    store->index = lm_stat_index_open(index, &damaged);
    if (damaged)
        lm_store_set_aside(store, index, NULL, "the stat index");
    store->records = lm_record_index_open(records, &damaged);
    if (damaged)
        lm_store_set_aside(store, records, NULL, "the index of records");
    return store->index != NULL && store->records != NULL ? LM_OK : no_memory(err);
}

enum lm_status lm_store_open(struct lm_store **out, const char *path, struct lm_err *err)
{
    struct lm_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return no_memory(err);
    enum lm_status status = LM_OK;
    store->fd = -1;
    store->arena = lm_arena_create();
    if (store->arena == NULL)
        status = no_memory(err);
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
    lm_pending_clear(&store->pending);
    lm_store_forget_seen(store);
    lm_arena_free(store->seen.arena);
    lm_stat_index_close(store->index);
    lm_record_index_close(store->records);
    if (store->fd >= 0)
        close(store->fd);
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

bool lm_store_look(const struct lm_store *store, const char *folder, const struct lm_digest *digest,
                   struct stat *st)
{
    char name[LM_STORE_NAME], hex[LM_DIGEST_HEX];
    size_t length = strlen(folder);
    lm_digest_hex(hex, digest);
    memcpy(name, folder, length);
    memcpy(name + length, (char[]){'/', hex[0], hex[1], '/'}, 4);
    memcpy(name + length + 4, hex + 2, sizeof hex - 2);
    return fstatat(store->fd, name, st, AT_SYMLINK_NOFOLLOW) == 0;
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

const char *lm_store_state_folder(const struct lm_store *store, struct lm_arena *arena,
                                  const struct lm_digest *prefix)
{
    char hex[LM_DIGEST_HEX];
    lm_digest_hex(hex, prefix);
    return lm_arena_printf(arena, "%s/" LM_STORE_STATES "/%s", store->path, hex);
}

int64_t lm_store_state(const struct lm_store *store, struct lm_arena *arena,
                       const struct lm_digest *prefix)
{
    struct lm_arena_mark mark = lm_arena_mark(arena);
    const char *folder = lm_store_state_folder(store, arena, prefix);
    int64_t position = folder != NULL ? lm_state_peek(folder) : -1;
    lm_arena_rewind(arena, mark);
    return position;
}

const char *lm_store_lock_path(const struct lm_store *store, struct lm_arena *arena,
                               const struct lm_digest *key)
{
    char hex[LM_DIGEST_HEX];
    lm_digest_hex(hex, key);
    return lm_arena_printf(arena, "%s/locks/%s", store->path, hex);
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

void lm_store_warn(struct lm_store *store, const char *format, ...)
{
    char text[1000];
    va_list arguments;
    if (store->warning_count == LM_STORE_WARNINGS)
        return;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    const char *copy = length >= 0 ? lm_arena_strdup(store->arena, text) : NULL;
    if (copy != NULL)
        store->warnings[store->warning_count++] = copy;
}

const char *const *lm_store_warnings(const struct lm_store *store, size_t *count)
{
    *count = store->warning_count;
    return store->warnings;
}

/** damaged/<its path in the store, by hyphens>, and a random part when that is taken. */
static bool move_to_damaged(const struct lm_store *store, const char *path, char **goal)
{
    size_t length = strlen(store->path);
    const char *name = strncmp(path, store->path, length) == 0 ? path + length + 1 : path;
    if (asprintf(goal, "%s/damaged/%s", store->path, name) < 0) {
        *goal = NULL;
        return false;
    }
    for (char *at = *goal + length + strlen("/damaged/"); *at != '\0'; at++)
        *at = *at == '/' ? '-' : *at;
    if (renameat2(AT_FDCWD, path, AT_FDCWD, *goal, RENAME_NOREPLACE) == 0)
        return true;
    char *other = lm_path_beside(*goal, "again");
    free(*goal);
    *goal = other;
    return other != NULL && rename(path, other) == 0;
}

bool lm_store_set_aside(struct lm_store *store, const char *path, const struct stat *checked,
                        const char *what)
{
    struct stat moved;
    char *folder = NULL, *goal = NULL;
    if (asprintf(&folder, "%s/damaged", store->path) < 0)
        return false;
    bool gone =
        (mkdir(folder, 0777) == 0 || errno == EEXIST) && move_to_damaged(store, path, &goal);
    if (gone && checked != NULL && lstat(goal, &moved) == 0 &&
        (moved.st_ino != checked->st_ino || moved.st_size != checked->st_size)) {
        /* Another process has put a sound one there since it was looked at: back with it. Is there
         * yet another, ours is one too many. */
        if (renameat2(AT_FDCWD, goal, AT_FDCWD, path, RENAME_NOREPLACE) != 0)
            unlink(goal);
    } else if (gone) {
        lm_store_warn(store, "%s %s was damaged and has been set aside in %s", what,
                      path + strlen(store->path) + 1, folder);
    } else {
        /* What cannot be moved away must at least not be found again. */
        gone = checked == NULL && (unlink(path) == 0 || rmdir(path) == 0);
    }
    free(folder);
    free(goal);
    return gone;
}

/* ---- hashing ---- */

enum lm_status lm_store_hash_file(struct lm_store *store, struct lm_digest *out, struct stat *st,
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

static enum lm_status digest_file(void *user, struct lm_digest *out, const char *path,
                                  struct lm_err *err)
{
    struct stat st;
    return lm_store_hash_file(user, out, &st, path, err);
}

bool lm_store_knows(const struct lm_store *store, struct lm_digest *out, const struct stat *seen)
{
    return S_ISREG(seen->st_mode) && lm_stat_index_find(store->index, seen, out);
}

enum lm_status lm_store_hash_path(struct lm_store *store, struct lm_digest *out, const char *path,
                                  struct lm_err *err)
{
    struct stat st;
    if (stat(path, &st) == 0 && lm_store_knows(store, out, &st))
        return LM_OK;
    return lm_path_digest(out, path, digest_file, store, err);
}
