#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/new_file.h"

enum { TRIES = 100 };

/** The file may have been removed between opening and locking: then the lock is worth nothing.
 *  1: it is there, 0: it is not, -1: nobody knows (errno). */
static int is_still_there(int fd, const char *path)
{
    struct stat open_file, named;
    if (fstat(fd, &open_file) != 0)
        return -1;
    if (lstat(path, &named) != 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
    return open_file.st_ino == named.st_ino && open_file.st_dev == named.st_dev;
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

/** What is no file (a folder, a link) cannot be anybody's lock: it moves away. A lock of another
 *  user, who lets nobody write to it, can still be locked. */
static int open_lock(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (fd < 0 && errno == EACCES)
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == EACCES && chmod(path, 0600) == 0) /* our own, and unreadable */
        fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    bool odd = fd >= 0 ? fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)
                       : errno == EISDIR || errno == ELOOP || errno == ENXIO;
    if (!odd)
        return fd;
    if (fd >= 0)
        close(fd);
    char *aside = lm_path_beside(path, "aside");
    int moved = aside != NULL ? rename(path, aside) : -1;
    free(aside);
    return moved == 0 ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666) : -1;
}

enum lm_status lm_lock_try(struct lm_lock *out, bool *taken, int *owner, const char *path,
                           bool exclusive, struct lm_err *err)
{
    if (owner != NULL)
        *owner = 0;
    for (int i = 0; i < TRIES; i++) {
        int fd = open_lock(path);
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
        int there = is_still_there(fd, path), error = errno;
        if (there > 0) {
            if (exclusive)
                write_owner(fd);
            out->fd = fd;
            *taken = true;
            return LM_OK;
        }
        close(fd);
        if (there < 0)
            return lm_fail_errno(err, error, "cannot look at the lock %s", path);
    }
    *taken = false; /* others make and remove it all the time: it is not free now */
    return LM_OK;
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
