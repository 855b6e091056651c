#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/** The file may have been removed between opening and locking: then the lock is worth nothing. */
static bool is_still_there(int fd, const char *path)
{
    struct stat open_file, named;
    return fstat(fd, &open_file) == 0 && stat(path, &named) == 0 &&
           open_file.st_ino == named.st_ino && open_file.st_dev == named.st_dev;
}

static int read_owner(int fd)
{
    char text[24] = "";
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    long pid = n > 0 ? strtol(text, NULL, 10) : 0;
    return pid > 0 && pid < 1 << 30 ? (int)pid : 0;
}

/** For people only; a lock whose owner could not be noted is as good. */
static void write_owner(int fd)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) != n)
        return;
}

enum lm_status lm_lock_try(struct lm_lock *out, bool *taken, int *owner, const char *path,
                           bool exclusive, struct lm_err *err)
{
    for (;;) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (fd < 0)
            return lm_fail_errno(err, errno, "cannot open the lock %s", path);
        if (flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
            int error = errno;
            if (owner != NULL)
                *owner = read_owner(fd);
            close(fd);
            if (error != EWOULDBLOCK && error != EINTR)
                return lm_fail_errno(err, error, "cannot lock %s", path);
            *taken = false;
            return LM_OK;
        }
        if (is_still_there(fd, path)) {
            if (exclusive)
                write_owner(fd);
            out->fd = fd;
            *taken = true;
            return LM_OK;
        }
        close(fd);
    }
}

void lm_lock_release(struct lm_lock *lock, const char *remove)
{
    if (lock->fd < 0)
        return;
    if (remove != NULL)
        unlink(remove);
    close(lock->fd);
    lock->fd = -1;
}
