#include "base/new_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <lmpipe/hash.h>

#include "base/io.h"

#define WORD ".tmp."

enum { NAME_ROOM = 200, TRIES = 100, HOST_DIGITS = 8, RANDOM_DIGITS = 16 };

/* ---- names ---- */

/* 64 bits that differ between calls, processes and hosts. */
static uint64_t draw(void)
{
    uint64_t bits = 0;
    if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) == (ssize_t)sizeof bits)
        return bits;
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const uint64_t parts[] = {(uint64_t)now.tv_sec, (uint64_t)now.tv_nsec, (uint64_t)getpid()};
    return lm_hash64(parts, sizeof parts, 0);
}

char *lm_path_beside(const char *path, const char *word)
{
    char host[256] = "", *out = NULL;
    const char *base = lm_path_base(path);
    size_t length = strlen(base), folder = (size_t)(base - path);
    gethostname(host, sizeof host - 1);
    length = length < NAME_ROOM ? length : NAME_ROOM; /* names have at most 255 bytes */
    if (asprintf(&out, "%.*s%.*s.%s.%08" PRIx32 ".%016" PRIx64, (int)folder, path, (int)length,
                 base, word, (uint32_t)lm_hash64(host, strlen(host), 0), draw()) < 0)
        return NULL;
    return out;
}

/* What follows exactly `count` hex digits at `at`, or NULL. */
static const char *skip_hex(const char *at, size_t count)
{
    return strspn(at, "0123456789abcdef") == count ? at + count : NULL;
}

bool lm_new_file_is_temporary(const char *name)
{
    const char *tail = NULL;
    for (const char *at = name; (at = strstr(at, WORD)) != NULL; at++)
        tail = at + strlen(WORD);
    if (tail == NULL)
        return false;
    const char *dot = skip_hex(tail, HOST_DIGITS);
    const char *end = dot != NULL && *dot == '.' ? skip_hex(dot + 1, RANDOM_DIGITS) : NULL;
    return end != NULL && *end == '\0';
}

/* ---- writing ---- */

static void forget(struct lm_new_file *file)
{
    free(file->path);
    free(file->temporary);
    *file = (struct lm_new_file){.fd = -1};
}

/* A file system without locks leaves nothing to tell a dead writer by: it is written all the same.
 * False: a sweeper was quicker. */
static bool hold(int fd)
{
    struct stat st;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return false;
    return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

enum lm_status lm_new_file_open(struct lm_new_file *out, const char *path, unsigned mode,
                                struct lm_err *err)
{
    struct lm_new_file file = {.fd = -1, .path = strdup(path)};
    for (int i = 0; i < TRIES && file.path != NULL; i++) {
        file.temporary = lm_path_beside(path, "tmp");
        if (file.temporary == NULL)
            break;
        file.fd =
            open(file.temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
        if (file.fd >= 0 && hold(file.fd)) {
            *out = file;
            return LM_OK;
        }
        int error = file.fd < 0 ? errno : EEXIST;
        if (file.fd >= 0)
            close(file.fd);
        file.fd = -1;
        free(file.temporary);
        file.temporary = NULL;
        if (error != EEXIST) {
            forget(&file);
            return lm_fail_errno(err, error, "cannot create %s", path);
        }
    }
    forget(&file);
    return lm_fail(err, LM_NOMEM, "cannot create %s: out of memory; free some", path);
}

enum lm_status lm_new_file_sync(const struct lm_new_file *file, struct lm_err *err)
{
    if (fsync(file->fd) != 0)
        return lm_fail_errno(err, errno, "cannot make %s durable", file->path);
    return LM_OK;
}

/* Moves a folder that has the goal's name out of the way. */
static bool set_aside(const char *path)
{
    struct stat st;
    char *aside =
        lstat(path, &st) == 0 && S_ISDIR(st.st_mode) ? lm_path_beside(path, "aside") : NULL;
    bool moved = aside != NULL && rename(path, aside) == 0;
    free(aside);
    return moved;
}

static enum lm_status take_name(const struct lm_new_file *file, unsigned flags, struct lm_err *err)
{
    if (rename(file->temporary, file->path) == 0)
        return LM_OK;
    int error = errno;
    if (error == EISDIR && (flags & LM_NEW_ASIDE) && set_aside(file->path) &&
        rename(file->temporary, file->path) == 0)
        return LM_OK;
    return lm_fail_errno(err, error, "cannot put a new file in the place of %s", file->path);
}

static enum lm_status sync_folder(const char *path, struct lm_err *err)
{
    const char *base = lm_path_base(path);
    size_t length = (size_t)(base - path);
    char *folder = length > 0 ? strndup(path, length) : strdup(".");
    enum lm_status status = folder != NULL
                                ? lm_fsync_path(folder, err)
                                : lm_fail(err, LM_NOMEM, "no memory to write %s; free some", path);
    free(folder);
    return status;
}

enum lm_status lm_new_file_commit(struct lm_new_file *file, unsigned flags, struct lm_err *err)
{
    enum lm_status status = LM_OK;
    if (flags & LM_NEW_DURABLE)
        status = lm_new_file_sync(file, err);
    /* The name is taken while the lock is held: a sweeper finds no file or a live one. */
    if (status == LM_OK)
        status = take_name(file, flags, err);
    if (status != LM_OK)
        unlink(file->temporary);
    if (close(file->fd) != 0 && status == LM_OK && errno != EINTR)
        status = lm_fail_errno(err, errno, "cannot write %s", file->path);
    if (status == LM_OK && (flags & LM_NEW_DURABLE))
        status = sync_folder(file->path, err);
    forget(file);
    return status;
}

void lm_new_file_drop(struct lm_new_file *file)
{
    if (file->temporary == NULL)
        return;
    unlink(file->temporary);
    close(file->fd);
    forget(file);
}

enum lm_status lm_new_file_write(const char *path, const void *data, size_t size, unsigned flags,
                                 struct lm_err *err)
{
    struct lm_new_file file = {.fd = -1};
    LM_TRY(lm_new_file_open(&file, path, 0666, err));
    if (file.temporary == NULL || file.path == NULL)
        return lm_fail(err, LM_INTERNAL, "%s: no new file was opened", path);
    enum lm_status status = lm_write_all(file.fd, data, size, path, err);
    if (status == LM_OK)
        return lm_new_file_commit(&file, flags, err);
    lm_new_file_drop(&file);
    return status;
}

enum lm_status lm_new_file_write_buf(const char *path, const struct lm_buf *buf, unsigned flags,
                                     struct lm_err *err)
{
    LM_TRY(lm_buf_status(buf, err));
    return lm_new_file_write(path, buf->data, buf->size, flags, err);
}

/* ---- sweeping ---- */

/* Removes a temporary whose lock is free. */
static void sweep_one(int folder, const char *name)
{
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        unlinkat(folder, name, 0);
    close(fd);
}

void lm_new_file_sweep(const char *folder)
{
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        if (lm_new_file_is_temporary(entry->d_name))
            sweep_one(dirfd(dir), entry->d_name);
    closedir(dir);
}
