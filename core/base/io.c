#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_MORE = 128 << 10 };

char *lm_path_join(struct lm_arena *arena, const char *dir, const char *name)
{
    if (name[0] == '/')
        return lm_arena_strdup(arena, name);
    size_t length = strlen(dir);
    bool has_slash = length > 0 && dir[length - 1] == '/';
    return lm_arena_printf(arena, "%s%s%s", dir, has_slash ? "" : "/", name);
}

char *lm_path_dir(struct lm_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return lm_arena_strdup(arena, ".");
    size_t length = (size_t)(slash - path);
    return lm_arena_strndup(arena, path, length > 0 ? length : 1);
}

const char *lm_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const char *lm_path_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    length -= length > 0 && folder[length - 1] == '/'; /* of "/" nothing is left */
    bool below = strncmp(path, folder, length) == 0 && path[length] == '/';
    return below && path[length + 1] != '\0' ? path + length + 1 : NULL;
}

/* Reads until `size` bytes or the end; -1 and errno on failure. */
static ssize_t read_fully(int fd, char *data, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = read(fd, data + done, size - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

/* Reads all of an open file of about `expected` bytes; those of /proc claim to have none. */
static enum lm_status read_descriptor(char **out, size_t *size, struct lm_arena *arena, int fd,
                                      size_t expected, size_t ceiling, const char *path,
                                      struct lm_err *err)
{
    size_t room = expected, filled = 0;
    char *data = NULL;
    for (;; room = room * 2 + READ_MORE) {
        room = room < ceiling ? room : ceiling;
        char *larger = lm_arena_alloc_array(arena, room + 2, 1, 1);
        if (larger == NULL)
            return lm_fail(err, LM_NOMEM, "%s: no memory for %zu bytes; free some", path, room);
        if (filled > 0)
            memcpy(larger, data, filled);
        data = larger;
        ssize_t got = read_fully(fd, data + filled, room + 1 - filled);
        if (got < 0)
            return lm_fail_errno(err, errno, "cannot read %s", path);
        filled += (size_t)got;
        if (filled <= room)
            break;
        if (room >= ceiling)
            return lm_fail(err, LM_RANGE, "%s: larger than %zu bytes; make it smaller", path,
                           ceiling);
    }
    data[filled] = '\0';
    *out = data;
    if (size != NULL)
        *size = filled;
    return LM_OK;
}

enum lm_status lm_file_read(char **out, size_t *size, struct lm_arena *arena, const char *path,
                            size_t ceiling, struct lm_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return lm_fail_errno(err, errno, "cannot open %s", path);
    struct stat info;
    enum lm_status status;
    if (fstat(fd, &info) != 0)
        status = lm_fail_errno(err, errno, "cannot look at %s", path);
    else if (S_ISDIR(info.st_mode))
        status = lm_fail_errno(err, EISDIR, "cannot read %s", path);
    else
        status = read_descriptor(out, size, arena, fd, (size_t)info.st_size,
                                 ceiling < SIZE_MAX / 4 ? ceiling : SIZE_MAX / 4, path, err);
    close(fd);
    return status;
}

enum lm_status lm_fd_read(char **out, size_t *size, struct lm_arena *arena, int fd, size_t ceiling,
                          const char *name, struct lm_err *err)
{
    return read_descriptor(out, size, arena, fd, 0, ceiling < SIZE_MAX / 4 ? ceiling : SIZE_MAX / 4,
                           name, err);
}

size_t lm_read_at(int fd, void *out, size_t size, uint64_t at)
{
    size_t got = 0;
    while (got < size) {
        ssize_t part = pread(fd, (char *)out + got, size - got, (off_t)(at + got));
        if (part < 0 && errno == EINTR)
            continue;
        if (part == 0)
            errno = 0;
        if (part <= 0)
            break;
        got += (size_t)part;
    }
    return got;
}

enum lm_status lm_write_all(int fd, const void *data, size_t size, const char *name,
                            struct lm_err *err)
{
    const char *at = data;
    while (size > 0) {
        ssize_t put = write(fd, at, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return lm_fail_errno(err, errno, "cannot write %s", name);
        at += put;
        size -= (size_t)put;
    }
    return LM_OK;
}

/* close() reports late write errors of some file systems. */
static enum lm_status close_written(int fd, enum lm_status status, const char *path,
                                    struct lm_err *err)
{
    if (close(fd) != 0 && status == LM_OK)
        return lm_fail_errno(err, errno, "cannot write %s", path);
    return status;
}

enum lm_status lm_file_write(const char *path, const void *data, size_t size, struct lm_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return lm_fail_errno(err, errno, "cannot create %s", path);
    return close_written(fd, lm_write_all(fd, data, size, path, err), path, err);
}

enum lm_status lm_file_write_buf(const char *path, const struct lm_buf *buf, struct lm_err *err)
{
    LM_TRY(lm_buf_status(buf, err));
    return lm_file_write(path, buf->data, buf->size, err);
}

enum lm_status lm_fsync_path(const char *path, struct lm_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return lm_fail_errno(err, errno, "cannot open %s", path);
    enum lm_status status = LM_OK;
    if (fsync(fd) != 0 && errno != EINVAL) /* EINVAL: a file system that cannot sync folders */
        status = lm_fail_errno(err, errno, "cannot make %s durable", path);
    close(fd);
    return status;
}

bool lm_path_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

bool lm_path_is_dir(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}
