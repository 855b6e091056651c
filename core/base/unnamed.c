#include "base/unnamed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum lm_status lm_unnamed_open(int *fd, const char *folder, const char *what, struct lm_err *err)
{
    size_t size = strlen(folder) + sizeof "/spill-XXXXXX";
    char *path = malloc(size);
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to put %s into a file; free some", what);
    snprintf(path, size, "%s/spill-XXXXXX", folder);
    *fd = mkostemp(path, O_CLOEXEC);
    int error = errno;
    if (*fd >= 0)
        unlink(path);
    free(path);
    return *fd >= 0 ? LM_OK
                    : lm_fail_errno(err, error, "cannot make a file for %s in %s", what, folder);
}

enum lm_status lm_unnamed_map(void **out, size_t size, const char *folder, const char *what,
                              struct lm_err *err)
{
    int fd = -1;
    void *map = MAP_FAILED;
    LM_TRY(lm_unnamed_open(&fd, folder, what, err));
    int error = posix_fallocate(fd, 0, (off_t)size);
    if (error == 0) {
        map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        error = errno;
    }
    close(fd);
    if (map == MAP_FAILED)
        return lm_fail_errno(err, error, "cannot put %zu bytes of %s into a file in %s", size, what,
                             folder);
    *out = map;
    return LM_OK;
}
