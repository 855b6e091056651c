/* Whole files put in their place: written, or copied from another. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/io.h"
#include "base/new_file.h"

enum { COPY_CHUNK = 128 << 10, COPY_RANGE = 1 << 30 };

enum lm_status lm_file_write_atomic(const char *path, const void *data, size_t size,
                                    struct lm_err *err)
{
    return lm_new_file_write(path, data, size, LM_NEW_DURABLE, err);
}

static int copy_by_reading(int to, int from)
{
    char *chunk = malloc(COPY_CHUNK);
    if (chunk == NULL)
        return ENOMEM;
    int error = 0;
    for (;;) {
        ssize_t got = read(from, chunk, COPY_CHUNK);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            error = got < 0 ? errno : 0;
            break;
        }
        struct lm_err why;
        if (lm_write_all(to, chunk, (size_t)got, "", &why) != LM_OK) {
            error = why.error_number;
            break;
        }
    }
    free(chunk);
    return error;
}

/* 0 or an errno. copy_file_range may refuse (other file system, old kernel) before it copied
 * anything, and gives 0 at once for files of /proc: both then go by reading. */
static int copy_content(int to, int from)
{
    if (ioctl(to, FICLONE, from) == 0)
        return 0;
    for (;;) {
        ssize_t copied = copy_file_range(from, NULL, to, NULL, COPY_RANGE, 0);
        if (copied < 0 && errno == EINTR)
            continue;
        if (copied <= 0)
            return copy_by_reading(to, from);
    }
}

enum lm_status lm_file_copy(const char *to, const char *from, unsigned mode, struct lm_err *err)
{
    struct lm_new_file file;
    int source = open(from, O_RDONLY | O_CLOEXEC);
    if (source < 0)
        return lm_fail_errno(err, errno, "cannot open %s", from);
    enum lm_status status = lm_new_file_open(&file, to, mode, err);
    if (status == LM_OK) {
        int error = copy_content(file.fd, source);
        if (error == 0)
            status = lm_new_file_commit(&file, LM_NEW_ASIDE, err);
        else
            status = lm_fail_errno(err, error, "cannot copy %s to %s", from, to);
        lm_new_file_drop(&file);
    }
    close(source);
    return status;
}
