#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "store/record.h"
#include "store/store_inside.h"

#define FAN 256

/** One commit under way. */
struct commit {
    struct lm_store *store;
    struct lm_arena *arena;
    const char *folder; /**< private, with out/ */
    bool touched[FAN];  /**< objects/<hex>: to be made durable */
    struct lm_err *err;
};

/** A full disk as one clear line; anything else as it came. */
static enum lm_status explain(struct commit *commit, enum lm_status status)
{
    struct statvfs fs;
    if (status == LM_OK || commit->err == NULL ||
        strstr(commit->err->text, strerror(ENOSPC)) == NULL ||
        statvfs(commit->store->path, &fs) != 0)
        return status;
    unsigned long long free_mb = (unsigned long long)fs.f_bavail * fs.f_frsize >> 20;
    return lm_fail(commit->err, LM_IO,
                   "the disk of the store %s is full (%llu MiB free); make room, or name another "
                   "store with --store, and run again",
                   commit->store->path, free_mb);
}

/** Makes the folder of a fan (objects/ab), durably when it is new. */
static enum lm_status fan_create(struct commit *commit, const char *path)
{
    const char *fan = lm_path_dir(commit->arena, path);
    const char *parent = fan != NULL ? lm_path_dir(commit->arena, fan) : NULL;
    if (parent == NULL)
        return lm_fail(commit->err, LM_NOMEM, "out of memory for a commit");
    if (lm_path_is_dir(fan))
        return LM_OK;
    LM_TRY(lm_dir_create(fan, commit->err));
    return lm_fsync_path(parent, commit->err);
}

/** Opens a private file and checks that it is the one that was hashed. */
static enum lm_status open_hashed(int *out, struct stat *st, const char *path,
                                  const struct lm_output_file *file, struct lm_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return lm_fail_errno(err, errno, "cannot open the output %s", path);
    if (fstat(fd, st) != 0 || !S_ISREG(st->st_mode) || st->st_nlink != 1 ||
        (uint64_t)st->st_size != file->size || lm_stat_mtime_ns(st) != file->mtime_ns) {
        close(fd);
        return lm_fail(err, LM_MISMATCH, "%s changed after it was hashed; run again", path);
    }
    *out = fd;
    return LM_OK;
}

/** fsync, read-only, rename. A sound object of this name may be there already: it is replaced by
 * the same bytes, and a damaged one is mended. */
static enum lm_status store_file(struct commit *commit, const char *path,
                                 const struct lm_output_file *file)
{
    struct stat st;
    int fd = -1;
    const char *goal = lm_store_object_path(commit->store, commit->arena, &file->object);
    if (goal == NULL)
        return lm_fail(commit->err, LM_NOMEM, "out of memory for a commit");
    LM_TRY(open_hashed(&fd, &st, path, file, commit->err));
    enum lm_status status = LM_OK;
    if (fchmod(fd, 0444) != 0 || fsync(fd) != 0)
        status = lm_fail_errno(commit->err, errno, "cannot make %s durable", path);
    if (status == LM_OK)
        status = fan_create(commit, goal);
    if (status == LM_OK && rename(path, goal) != 0)
        status = lm_fail_errno(commit->err, errno, "cannot move %s to %s", path, goal);
    if (status == LM_OK && fstat(fd, &st) == 0) {
        /* The bytes were hashed when the clock had left the tick of mtime (lm_stat_settle). */
        lm_stat_index_put(commit->store->index, &st, &file->object, lm_stat_clock_ns());
        commit->touched[file->object.bytes[0]] = true;
    }
    close(fd);
    return status;
}

static enum lm_status store_output(struct commit *commit, const struct lm_output *output)
{
    for (size_t i = 0; i < output->file_count; i++) {
        const struct lm_output_file *file = &output->files[i];
        const char *path =
            output->folder
                ? lm_arena_printf(commit->arena, "%s/out/%s/%s", commit->folder, output->port,
                                  file->name)
                : lm_arena_printf(commit->arena, "%s/out/%s", commit->folder, output->port);
        if (path == NULL)
            return lm_fail(commit->err, LM_NOMEM, "out of memory for a commit");
        /* Two files of one action may have the same bytes. */
        LM_TRY(store_file(commit, path, file));
    }
    return LM_OK;
}

static enum lm_status sync_fans(struct commit *commit)
{
    for (unsigned i = 0; i < FAN; i++) {
        if (!commit->touched[i])
            continue;
        const char *fan = lm_arena_printf(commit->arena, "%s/objects/%02x", commit->store->path, i);
        if (fan == NULL)
            return lm_fail(commit->err, LM_NOMEM, "out of memory for a commit");
        LM_TRY(lm_fsync_path(fan, commit->err));
    }
    return LM_OK;
}

/** The record becomes visible by its rename, when all it names is durable. */
static enum lm_status write_record(struct commit *commit, const struct lm_record *record)
{
    struct lm_buf text;
    const char *path = lm_store_path_of(commit->store, commit->arena, "actions", &record->key);
    if (path == NULL)
        return lm_fail(commit->err, LM_NOMEM, "out of memory for a commit");
    LM_TRY(fan_create(commit, path));
    lm_buf_init(&text, 0);
    lm_record_write(&text, record);
    enum lm_status status = lm_buf_status(&text, commit->err);
    if (status == LM_OK)
        status = lm_file_write_atomic(path, text.data, text.size, commit->err);
    lm_buf_release(&text);
    return status;
}

static enum lm_status commit_all(struct commit *commit, const struct lm_record *record)
{
    for (size_t i = 0; i < record->output_count; i++)
        LM_TRY(store_output(commit, &record->outputs[i]));
    LM_TRY(sync_fans(commit));
    return write_record(commit, record);
}

enum lm_status lm_store_commit(struct lm_store *store, const char *folder,
                               const struct lm_record *record, struct lm_err *err)
{
    struct commit commit = {.store = store, .folder = folder, .err = err};
    commit.arena = lm_arena_create();
    if (commit.arena == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a commit");
    enum lm_status status = explain(&commit, commit_all(&commit, record));
    const char *checkpoints =
        status == LM_OK ? lm_store_checkpoint_folder(store, commit.arena, &record->key) : NULL;
    if (checkpoints != NULL)
        lm_dir_remove(checkpoints, NULL); /* a leftover is harmless: the key hits from now on */
    lm_arena_free(commit.arena);
    return status;
}
