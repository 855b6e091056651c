/* Results become visible: admitted (objects in place, the record waits), then flushed (objects
 * durable, records visible, records durable). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/new_file.h"
#include "base/stat_time.h"
#include "store/record.h"
#include "store/store_inside.h"

enum {
    FAN = 256,
    FEW = 2,     /**< so many files are made durable one by one; more, by a sync of their disk */
    BATCH = 256, /**< records made visible at once: each holds a descriptor until then */
    WORTH_A_HINT = 1 << 20, /**< bytes; smaller files are written together with others */
    BUSY_KIB = 512 << 10 /**< with so much of others' waiting, a sync of the disk takes too long */
};

/* ---- a failure in words ---- */

bool lm_store_free(const struct lm_store *store, uint64_t *bytes)
{
    struct statvfs fs;
    if (statvfs(store->path, &fs) != 0)
        return false;
    *bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    return true;
}

static enum lm_status explain_full(struct lm_store *store, struct lm_err *err)
{
    struct statvfs fs;
    if (statvfs(store->path, &fs) != 0)
        return err->status;
    unsigned long long free_mb = (unsigned long long)fs.f_bavail * fs.f_frsize >> 20;
    bool by_count = fs.f_files > 0 && fs.f_favail == 0;
    return by_count
               ? lm_fail(err, LM_IO,
                         "the disk of the store %s is full (it has no room for another file, "
                         "though %llu MiB are free); remove files, or name another store with "
                         "--store, and run again",
                         store->path, free_mb)
               : lm_fail(err, LM_IO,
                         "the disk of the store %s is full (%llu MiB free); make room, or name "
                         "another store with --store, and run again",
                         store->path, free_mb);
}

enum lm_status lm_store_explain(struct lm_store *store, struct lm_err *err)
{
    static const struct {
        int error_number;
        const char *advice;
    } rows[] = {
        {EDQUOT, "your quota on the disk of the store is used up; make room, or name another store "
                 "with --store, and run again"},
        {EFBIG, "the limit on the size of files is reached; raise it (ulimit -f), or name another "
                "store with --store"},
        {EROFS,
         "the store is on a disk that is mounted read-only; name another store with --store"},
        {EACCES, "the store cannot be written by you; name another store with --store"},
        {EIO, "the disk of the store has failed; look at the kernel's log, and name another store "
              "with --store"},
    };

    if (err == NULL || err->error_number == 0)
        return err != NULL ? err->status : LM_IO;
    int error = err->error_number;
    enum lm_status status = err->status;
    if (error == ENOSPC)
        status = explain_full(store, err);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].error_number == error) {
            char said[sizeof err->text];
            memcpy(said, err->text, sizeof said);
            status = lm_fail(err, status, "%.600s; %s", said, rows[i].advice);
        }
    err->error_number = error;
    return status;
}

/* ---- admitting ---- */

/** One result on its way in. */
struct admission {
    struct lm_store *store;
    struct lm_arena *arena;
    const char *folder; /**< private, with out/ */
    struct lm_err *err;
};

/** Opens a private file and checks that it is the one that was hashed. */
static enum lm_status open_hashed(int *out, const char *path, const struct lm_output_file *file,
                                  struct lm_err *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return lm_fail_errno(err, errno, "cannot open the output %s", path);
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 ||
        (uint64_t)st.st_size != file->size || lm_stat_mtime_ns(&st) != file->mtime_ns) {
        close(fd);
        return lm_fail(err, LM_MISMATCH, "%s changed after it was hashed; run again", path);
    }
    *out = fd;
    return LM_OK;
}

/** Is a sound object of this name there, as far as is known without reading it? */
static bool is_known(struct lm_store *store, const char *goal, const struct lm_output_file *file,
                     struct stat *st)
{
    struct lm_digest digest;
    if (lstat(goal, st) != 0 || !S_ISREG(st->st_mode) || (uint64_t)st->st_size != file->size)
        return false;
    const struct lm_pending_object *pending = lm_pending_object(&store->pending, &file->object);
    if (pending != NULL && pending->st.st_ino == st->st_ino)
        return true;
    return !store->is_distrusted && lm_stat_index_find(store->index, st, &digest) &&
           lm_digest_compare(&digest, &file->object) == 0;
}

/** Renames, making the folder below objects/ that is missing, past a folder that is in the way. */
static enum lm_status move(struct admission *admission, const char *path, const char *goal)
{
    if (rename(path, goal) == 0)
        return LM_OK;
    const char *fan = lm_path_dir(admission->arena, goal);
    if (errno == EISDIR)
        lm_store_set_aside(admission->store, goal, NULL, "an object");
    else if (errno == ENOTDIR && fan != NULL)
        lm_store_set_aside(admission->store, fan, NULL, "a folder of objects");
    if (fan != NULL)
        LM_TRY(lm_dir_create(fan, admission->err));
    if (rename(path, goal) == 0)
        return LM_OK;
    return lm_fail_errno(admission->err, errno, "cannot move %s to %s", path, goal);
}

static enum lm_status admit_file(struct admission *admission, const char *path,
                                 const struct lm_output_file *file)
{
    struct lm_pending_object object = {.digest = file->object};
    int fd = -1;
    const char *goal = lm_store_object_path(admission->store, admission->arena, &file->object);
    if (goal == NULL)
        return lm_fail(admission->err, LM_NOMEM, "out of memory for a commit");
    LM_TRY(open_hashed(&fd, path, file, admission->err));
    enum lm_status status = LM_OK;
    if (is_known(admission->store, goal, file, &object.st)) {
        unlink(path);
    } else {
        object.fresh = true;
        if (fchmod(fd, 0444) != 0)
            status = lm_fail_errno(admission->err, errno, "cannot protect %s", path);
        if (file->size >= WORTH_A_HINT)
            sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* so that the flush waits less */
        if (status == LM_OK)
            status = move(admission, path, goal);
        if (status == LM_OK && fstat(fd, &object.st) != 0)
            status = lm_fail_errno(admission->err, errno, "cannot look at %s", goal);
    }
    close(fd);
    if (status == LM_OK && !lm_pending_add_object(&admission->store->pending, &object))
        status = lm_fail(admission->err, LM_NOMEM, "out of memory for a commit");
    return status;
}

static enum lm_status admit_output(struct admission *admission, const struct lm_output *output)
{
    for (size_t i = 0; i < output->file_count; i++) {
        const struct lm_output_file *file = &output->files[i];
        const char *path =
            output->folder
                ? lm_arena_printf(admission->arena, "%s/out/%s/%s", admission->folder, output->port,
                                  file->name)
                : lm_arena_printf(admission->arena, "%s/out/%s", admission->folder, output->port);
        if (path == NULL)
            return lm_fail(admission->err, LM_NOMEM, "out of memory for a commit");
        LM_TRY(admit_file(admission, path, file));
    }
    return LM_OK;
}

static enum lm_status admit(struct admission *admission, const struct lm_record *record)
{
    struct lm_buf text;
    for (size_t i = 0; i < record->output_count; i++)
        LM_TRY(admit_output(admission, &record->outputs[i]));
    lm_buf_init(&text, 0);
    lm_record_write(&text, record);
    enum lm_status status = lm_buf_status(&text, admission->err);
    if (status == LM_OK &&
        !lm_pending_add_record(&admission->store->pending, &record->key, text.data, text.size))
        status = lm_fail(admission->err, LM_NOMEM, "out of memory for a commit");
    if (status != LM_OK)
        lm_buf_release(&text);
    return status;
}

enum lm_status lm_store_admit(struct lm_store *store, const char *folder,
                              const struct lm_record *record, struct lm_err *err)
{
    struct lm_err own = {0};
    struct admission admission = {
        .store = store, .folder = folder, .err = err != NULL ? err : &own};
    admission.arena = lm_arena_create();
    if (admission.arena == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a commit");
    enum lm_status status = admit(&admission, record);
    lm_arena_free(admission.arena);
    return status == LM_OK ? LM_OK : lm_store_explain(store, admission.err);
}

/* ---- flushing ---- */

/** A batch of records on its way out: those of the store's from `begin` on. */
struct flush {
    struct lm_store *store;
    struct lm_arena *arena;
    size_t begin, count;
    size_t visible;                  /**< so many of them have their names */
    struct lm_new_file files[BATCH]; /**< the others, written beside theirs */
    bool object_fans[FAN], record_fans[FAN];
    struct lm_err *err;
};

/** KiB of all programs' that wait for their disks, as the kernel tells. */
static long waiting_kib(void)
{
    char line[128];
    long dirty = 0;
    FILE *file = fopen("/proc/meminfo", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "Dirty: %ld", &dirty) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return dirty;
}

/** One sync of the disk costs as much as those of two files. It is told of every error since the
 *  store was opened. False: it was not done. */
static bool sync_disk(const struct flush *flush, size_t files, enum lm_status *status)
{
    *status = LM_OK;
    if (files <= FEW || waiting_kib() > BUSY_KIB)
        return false;
    if (syncfs(flush->store->fd) == 0)
        return true;
    if (errno == ENOSYS || errno == EBADF)
        return false;
    *status =
        lm_fail_errno(flush->err, errno, "cannot make results durable in %s", flush->store->path);
    return true;
}

static enum lm_status sync_fans(struct flush *flush, const char *folder, const bool fans[FAN])
{
    for (unsigned i = 0; i < FAN; i++) {
        if (!fans[i])
            continue;
        const char *fan =
            lm_arena_printf(flush->arena, "%s/%s/%02x", flush->store->path, folder, i);
        if (fan == NULL)
            return lm_fail(flush->err, LM_NOMEM, "out of memory for a commit");
        LM_TRY(lm_fsync_path(fan, flush->err));
    }
    const char *parent = lm_arena_printf(flush->arena, "%s/%s", flush->store->path, folder);
    if (parent == NULL)
        return lm_fail(flush->err, LM_NOMEM, "out of memory for a commit");
    return lm_fsync_path(parent, flush->err); /* fans may be new */
}

/** Objects and the records' bytes, before any record has its name. */
static enum lm_status sync_content(struct flush *flush)
{
    const struct lm_pending *pending = &flush->store->pending;
    size_t objects = flush->begin == 0 ? pending->object_count : 0;
    enum lm_status status;
    if (sync_disk(flush, objects + flush->count, &status))
        return status;
    for (size_t i = 0; i < objects; i++) {
        const struct lm_digest *digest = &pending->objects[i].digest;
        const char *path = lm_store_object_path(flush->store, flush->arena, digest);
        if (path == NULL)
            return lm_fail(flush->err, LM_NOMEM, "out of memory for a commit");
        LM_TRY(lm_fsync_path(path, flush->err));
        flush->object_fans[digest->bytes[0]] = true;
    }
    if (objects > 0)
        LM_TRY(sync_fans(flush, "objects", flush->object_fans));
    for (size_t i = 0; i < flush->count; i++)
        LM_TRY(lm_new_file_sync(&flush->files[i], flush->err));
    return LM_OK;
}

static enum lm_status sync_names(struct flush *flush)
{
    enum lm_status status;
    size_t fans = 1;
    for (size_t i = 0; i < FAN; i++)
        fans += flush->record_fans[i];
    if (sync_disk(flush, fans, &status))
        return status;
    return sync_fans(flush, "actions", flush->record_fans);
}

/** Writes one record beside its name. */
static enum lm_status write_beside(struct flush *flush, size_t place)
{
    const struct lm_pending_record *record = &flush->store->pending.records[flush->begin + place];
    struct lm_new_file *file = &flush->files[place];
    struct stat st;
    const char *path = lm_store_path_of(flush->store, flush->arena, "actions", &record->key);
    const char *fan = path != NULL ? lm_path_dir(flush->arena, path) : NULL;
    if (fan == NULL)
        return lm_fail(flush->err, LM_NOMEM, "out of memory for a commit");
    flush->record_fans[record->key.bytes[0]] = true;
    enum lm_status status = lm_new_file_open(file, path, 0666, flush->err);
    if (status != LM_OK && flush->err->error_number == ENOTDIR)
        lm_store_set_aside(flush->store, fan, NULL, "a folder of records");
    if (status != LM_OK &&
        (flush->err->error_number == ENOTDIR || flush->err->error_number == ENOENT)) {
        LM_TRY(lm_dir_create(fan, flush->err));
        status = lm_new_file_open(file, path, 0666, flush->err);
    }
    if (status != LM_OK)
        return status;
    flush->count = place + 1;
    if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
        lm_store_set_aside(flush->store, path, &st, "the action record");
    return lm_write_all(file->fd, record->text, record->size, path, flush->err);
}

/** A batch becomes visible as a whole or, as far as this process can see to it, not at all. */
static void take_back(struct flush *flush)
{
    for (size_t i = flush->visible; i < flush->count; i++)
        lm_new_file_drop(&flush->files[i]);
    while (flush->visible > 0) {
        const struct lm_digest *key =
            &flush->store->pending.records[flush->begin + --flush->visible].key;
        const char *path = lm_store_path_of(flush->store, flush->arena, "actions", key);
        if (path != NULL)
            unlink(path);
    }
}

static enum lm_status flush_batch(struct flush *flush, size_t most)
{
    flush->count = flush->visible = 0;
    for (size_t i = 0; i < most; i++)
        LM_TRY(write_beside(flush, i));
    LM_TRY(sync_content(flush));
    for (; flush->visible < flush->count; flush->visible++)
        LM_TRY(lm_new_file_commit(&flush->files[flush->visible], 0, flush->err));
    return sync_names(flush);
}

/** What a failed flush leaves behind is not known to be on the disk: it must not count as there.
 *  The same object made by another process meanwhile is that one's. */
static void drop_objects(struct flush *flush)
{
    const struct lm_pending *pending = &flush->store->pending;
    for (size_t i = 0; i < pending->object_count; i++) {
        const struct lm_pending_object *object = &pending->objects[i];
        struct stat now;
        const char *path = lm_store_object_path(flush->store, flush->arena, &object->digest);
        if (object->fresh && path != NULL && lstat(path, &now) == 0 &&
            now.st_ino == object->st.st_ino && now.st_dev == object->st.st_dev)
            unlink(path);
    }
}

/** Durable objects are known from now on; a key with a result needs no checkpoint. */
static void settle(struct flush *flush)
{
    const struct lm_pending *pending = &flush->store->pending;
    for (size_t i = 0; i < pending->object_count; i++)
        if (pending->objects[i].fresh) /* hashed when the clock had left the tick of mtime */
            lm_stat_index_put(flush->store->index, &pending->objects[i].st,
                              &pending->objects[i].digest, lm_stat_clock_ns());
    for (size_t i = 0; i < pending->record_count; i++) {
        struct stat st;
        const struct lm_pending_record *record = &pending->records[i];
        const char *path = lm_store_path_of(flush->store, flush->arena, "actions", &record->key);
        const char *folder = lm_store_checkpoint_folder(flush->store, flush->arena, &record->key);
        if (path != NULL && lstat(path, &st) == 0)
            lm_record_index_put(flush->store->records, &record->key, &st, record->text,
                                record->size);
        if (folder != NULL) /* a leftover is harmless, and swept later */
            lm_dir_remove(folder, NULL);
    }
}

static enum lm_status flush_all(struct flush *flush)
{
    size_t count = flush->store->pending.record_count;
    for (flush->begin = 0; flush->begin < count; flush->begin += flush->count) {
        size_t left = count - flush->begin;
        enum lm_status status = flush_batch(flush, left < BATCH ? left : BATCH);
        if (status != LM_OK) {
            take_back(flush);
            if (flush->begin == 0)
                drop_objects(flush);
            return status;
        }
    }
    settle(flush);
    return LM_OK;
}

enum lm_status lm_store_flush(struct lm_store *store, struct lm_err *err)
{
    struct lm_err own = {0};
    if (store->pending.record_count == 0)
        return LM_OK;
    struct flush *flush = calloc(1, sizeof *flush);
    struct lm_arena *arena = lm_arena_create();
    enum lm_status status = LM_NOMEM;
    if (flush != NULL && arena != NULL) {
        *flush = (struct flush){.store = store, .arena = arena, .err = err != NULL ? err : &own};
        status = flush_all(flush);
        if (status != LM_OK)
            status = lm_store_explain(store, flush->err);
    } else {
        lm_fail(err, LM_NOMEM, "out of memory for a commit");
    }
    lm_pending_clear(&store->pending);
    lm_arena_free(arena);
    free(flush);
    return status;
}

enum lm_status lm_store_commit(struct lm_store *store, const char *folder,
                               const struct lm_record *record, struct lm_err *err)
{
    LM_TRY(lm_store_admit(store, folder, record, err));
    return lm_store_flush(store, err);
}
