#include "clean_bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/unnamed.h"
#include "text/documents.h"

#define STEP ((size_t)1 << 20)      /* bytes that are looked at together */
#define DROP_FROM ((size_t)4 << 20) /* less is not worth a call */
#define MAP_FROM (4 << 20)          /* bytes of a file from which on it is mapped */
#define TAIL 64                     /* NULs behind a file that is read */

/* ---- mappings ---- */

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Behind the file's last page there is one more of zeros, so that a NUL follows in any case. No
 * room is set aside for changes: a file may be larger than memory and what is changed is let go. */
static int map(struct clean_bytes *out, int fd, size_t size)
{
    const int flags = MAP_PRIVATE | MAP_NORESERVE;
    size_t page = page_size(), mapped = size / page * page + 2 * page;
    void *all = mmap(NULL, mapped, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED)
        return errno;
    if (size > 0 &&
        mmap(all, size, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0) == MAP_FAILED) {
        int error = errno;
        munmap(all, mapped);
        return error;
    }
    posix_madvise(all, mapped, POSIX_MADV_SEQUENTIAL); /* advice: that it fails changes nothing */
    *out = (struct clean_bytes){.data = all, .size = size, .owned = all, .mapped = mapped};
    return 0;
}

/* A file of usual size is read: what is changed in a mapping is copied a page at a time, each with
 * a fault and an interrupt of the other threads, which takes several times as long. NULs follow. */
static int read_whole(struct clean_bytes *out, int fd, size_t size)
{
    uint8_t *data = malloc(size + TAIL);
    size_t done = 0;
    if (data == NULL)
        return ENOMEM;
    while (done < size) {
        ssize_t got = pread(fd, data + done, size - done, (off_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            int error = got < 0 ? errno : EIO; /* it was cut meanwhile */
            free(data);
            return error;
        }
        done += (size_t)got;
    }
    memset(data + size, 0, TAIL);
    *out = (struct clean_bytes){.data = data, .size = size, .owned = data};
    return 0;
}

enum lm_status clean_bytes_open(struct clean_bytes *out, const char *path, struct lm_err *err)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return lm_fail_errno(err, errno, "cannot open %s", path);
    int error = fstat(fd, &info) != 0 ? errno : S_ISDIR(info.st_mode) ? EISDIR : 0;
    if (error == 0)
        error = (info.st_size > MAP_FROM ? map : read_whole)(out, fd, (size_t)info.st_size);
    close(fd);
    return error == 0 ? LM_OK : lm_fail_errno(err, error, "cannot read %s", path);
}

void clean_bytes_drop(struct clean_bytes *bytes, const uint8_t *at)
{
    if (bytes->mapped == 0)
        return;
    uint8_t *start = (uint8_t *)bytes->owned + bytes->dropped;
    size_t page = page_size(), size = (size_t)(at - start) / page * page;
    if (size < DROP_FROM)
        return;
    madvise(start, size, MADV_DONTNEED); /* advice: that it fails changes nothing */
    bytes->dropped += size;
}

void clean_bytes_close(struct clean_bytes *bytes)
{
    if (bytes->mapped > 0)
        munmap(bytes->owned, bytes->mapped);
    else
        free(bytes->owned);
    *bytes = (struct clean_bytes){.data = NULL};
}

/* ---- bytes that are made anew ---- */

static enum lm_status put_away(struct clean_anew *anew, struct lm_err *err)
{
    LM_TRY(lm_buf_status(&anew->buf, err));
    if (anew->fd == 0) {
        int fd = -1;
        LM_TRY(lm_unnamed_open(&fd, anew->folder, "a text that is converted", err));
        anew->fd = fd + 1;
    }
    LM_TRY(lm_write_all(anew->fd - 1, anew->buf.data, anew->buf.size, "a text that is converted",
                        err));
    anew->written += anew->buf.size;
    lm_buf_clear(&anew->buf);
    return LM_OK;
}

enum lm_status clean_anew_take(struct clean_anew *anew, struct lm_err *err)
{
    return anew->buf.size < CLEAN_ANEW_AT ? lm_buf_status(&anew->buf, err) : put_away(anew, err);
}

enum lm_status clean_anew_end(struct clean_bytes *out, struct clean_anew *anew, struct lm_err *err)
{
    if (anew->fd == 0) {
        lm_buf_append(&anew->buf, "", 0); /* a NUL, and memory in any case */
        LM_TRY(lm_buf_status(&anew->buf, err));
        *out = (struct clean_bytes){
            .data = (uint8_t *)anew->buf.data, .size = anew->buf.size, .owned = anew->buf.data};
        lm_buf_init(&anew->buf, 0);
        return LM_OK;
    }
    if (anew->buf.size > 0)
        LM_TRY(put_away(anew, err));
    int error = map(out, anew->fd - 1, (size_t)anew->written);
    return error == 0 ? LM_OK : lm_fail_errno(err, error, "cannot read a text that was converted");
}

void clean_anew_release(struct clean_anew *anew)
{
    lm_buf_release(&anew->buf);
    if (anew->fd > 0)
        close(anew->fd - 1);
    anew->fd = 0;
}

/* ---- newlines ---- */

/* A part that begins behind `at`, and does not end between CR and LF. */
static size_t part_size(const struct clean_bytes *bytes, size_t at)
{
    size_t size = bytes->size - at < STEP ? bytes->size - at : STEP;
    const uint8_t *end = bytes->data + at + size;
    return at + size < bytes->size && end[-1] == '\r' && end[0] == '\n' ? size + 1 : size;
}

static enum lm_status even_large(struct clean_bytes *out, struct clean_bytes *bytes,
                                 struct clean_anew *anew, int64_t *newlines, struct lm_err *err)
{
    for (size_t at = 0, size; at < bytes->size; at += size) {
        size = part_size(bytes, at);
        size_t before = anew->buf.size;
        lm_buf_append(&anew->buf, bytes->data + at, size);
        LM_TRY(lm_buf_status(&anew->buf, err));
        anew->buf.size =
            before + lm_newlines_even((uint8_t *)anew->buf.data + before, size, newlines);
        LM_TRY(clean_anew_take(anew, err));
        clean_bytes_drop(bytes, bytes->data + at);
    }
    return clean_anew_end(out, anew, err);
}

enum lm_status clean_bytes_even(struct clean_bytes *bytes, const char *folder, int64_t *marks,
                                int64_t *newlines, struct lm_err *err)
{
    if (bytes->size >= 3 && memcmp(bytes->data, "\xEF\xBB\xBF", 3) == 0) {
        bytes->data += 3;
        bytes->size -= 3;
        ++*marks;
    }
    if (bytes->size == 0 || memchr(bytes->data, '\r', bytes->size) == NULL)
        return LM_OK;
    if (bytes->size <= CLEAN_ANEW_AT) {
        bytes->size = lm_newlines_even(bytes->data, bytes->size, newlines);
        bytes->data[bytes->size] = '\0';
        return LM_OK;
    }
    struct clean_anew anew = {.folder = folder};
    struct clean_bytes made;
    lm_buf_init(&anew.buf, 0);
    enum lm_status status = even_large(&made, bytes, &anew, newlines, err);
    clean_anew_release(&anew);
    if (status != LM_OK)
        return status;
    clean_bytes_close(bytes);
    *bytes = made;
    return LM_OK;
}
