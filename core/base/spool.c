#include "base/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/grow.h"
#include "base/io.h"

#define MAGIC "LMFRAME1"

/* Byte offsets of a head, docs/formats/checkpoint.md. */
enum {
    AT_OWNER = 8,
    AT_OF = 16,
    AT_PLACE = 48,
    AT_COUNT = 56,
    AT_SIZE = 64,
    AT_DATA_SUM = 72,
    AT_SUM = 80,
    HEAD = 88
};

/* ---- opening ---- */

/* The frame whose head lies at `at`; false when none does that is all there. */
static bool find_frame(struct lm_frame *out, const struct lm_spool *spool, uint64_t at,
                       uint64_t file_size)
{
    uint8_t head[HEAD];
    if (file_size - at < HEAD || lm_read_at(spool->fd, head, HEAD, at) != HEAD ||
        memcmp(head, MAGIC, sizeof MAGIC - 1) != 0 || lm_get_u64(head + AT_OWNER) != spool->owner ||
        lm_get_u64(head + AT_SUM) != lm_hash64(head, AT_SUM, 0))
        return false;
    *out = (struct lm_frame){.place = lm_get_u64(head + AT_PLACE),
                             .count = lm_get_u64(head + AT_COUNT),
                             .size = lm_get_u64(head + AT_SIZE),
                             .sum = lm_get_u64(head + AT_DATA_SUM),
                             .at = at + HEAD};
    memcpy(out->of.bytes, head + AT_OF, sizeof out->of.bytes);
    return out->size <= file_size - out->at;
}

static enum lm_status add_frame(struct lm_spool *spool, const struct lm_frame *frame,
                                struct lm_err *err)
{
    struct lm_frame *frames =
        lm_grow(spool->frames, &spool->capacity, spool->count, sizeof *frames);
    if (frames == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu parts of kept work; free some",
                       spool->count);
    spool->frames = frames;
    frames[spool->count++] = *frame;
    spool->size = frame->at + frame->size;
    return LM_OK;
}

static enum lm_status cut_file(const struct lm_spool *spool, struct lm_err *err)
{
    if (ftruncate(spool->fd, (off_t)spool->size) != 0 ||
        lseek(spool->fd, (off_t)spool->size, SEEK_SET) < 0)
        return lm_fail_errno(err, errno, "cannot write %s", spool->path);
    return LM_OK;
}

static enum lm_status find_frames(struct lm_spool *spool, bool is_own, struct lm_err *err)
{
    struct stat info;
    struct lm_frame frame;
    if (fstat(spool->fd, &info) != 0)
        return lm_fail_errno(err, errno, "cannot look at %s", spool->path);
    while (S_ISREG(info.st_mode) && find_frame(&frame, spool, spool->size, (uint64_t)info.st_size))
        LM_TRY(add_frame(spool, &frame, err));
    return is_own ? cut_file(spool, err) : LM_OK;
}

enum lm_status lm_spool_open(struct lm_spool *out, const char *path, uint64_t owner, bool is_own,
                             struct lm_err *err)
{
    const int flags = (is_own ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    *out = (struct lm_spool){.path = path, .owner = owner, .fd = open(path, flags, 0666)};
    if (out->fd < 0 && !is_own)
        return LM_OK; /* whatever the reason: it has no frames for us */
    if (out->fd < 0)
        return lm_fail_errno(err, errno, "cannot write %s", path);
    out->is_open = true;
    enum lm_status status = find_frames(out, is_own, err);
    if (status != LM_OK)
        lm_spool_close(out);
    return status;
}

void lm_spool_close(struct lm_spool *spool)
{
    if (spool->is_open)
        close(spool->fd);
    free(spool->frames);
    *spool = (struct lm_spool){.path = spool->path};
}

/* ---- frames ---- */

static void make_head(uint8_t head[HEAD], const struct lm_frame *frame, uint64_t owner)
{
    memcpy(head, MAGIC, sizeof MAGIC - 1);
    lm_set_u64(head + AT_OWNER, owner);
    memcpy(head + AT_OF, frame->of.bytes, sizeof frame->of.bytes);
    lm_set_u64(head + AT_PLACE, frame->place);
    lm_set_u64(head + AT_COUNT, frame->count);
    lm_set_u64(head + AT_SIZE, frame->size);
    lm_set_u64(head + AT_DATA_SUM, frame->sum);
    lm_set_u64(head + AT_SUM, lm_hash64(head, AT_SUM, 0));
}

enum lm_status lm_spool_put(struct lm_spool *spool, const struct lm_frame *frame, const void *data,
                            size_t size, struct lm_err *err)
{
    uint8_t head[HEAD];
    struct lm_frame made = *frame;
    made.size = size;
    made.sum = lm_hash64(data, size, 0);
    made.at = spool->size + HEAD;
    make_head(head, &made, spool->owner);
    enum lm_status status = lm_write_all(spool->fd, head, HEAD, spool->path, err);
    if (status == LM_OK)
        status = lm_write_all(spool->fd, data, size, spool->path, err);
    if (status == LM_OK)
        status = add_frame(spool, &made, err);
    if (status != LM_OK)
        cut_file(spool, NULL); /* if that fails, too, whoever opens it next cuts it */
    return status;
}

bool lm_spool_read(const struct lm_spool *spool, const struct lm_frame *frame, void *out)
{
    return lm_read_at(spool->fd, out, (size_t)frame->size, frame->at) == frame->size &&
           lm_hash64(out, (size_t)frame->size, 0) == frame->sum;
}

size_t lm_spool_peek(const struct lm_spool *spool, const struct lm_frame *frame, void *out,
                     size_t size)
{
    return lm_read_at(spool->fd, out, frame->size < size ? (size_t)frame->size : size, frame->at);
}

enum lm_status lm_spool_drop(const struct lm_spool *spool, const struct lm_frame *frame, bool whole,
                             struct lm_err *err)
{
    if ((whole ? unlink(spool->path) : truncate(spool->path, (off_t)(frame->at - HEAD))) != 0 &&
        errno != ENOENT)
        return lm_fail_errno(err, errno, "cannot write %s", spool->path);
    return LM_OK;
}

enum lm_status lm_spool_cut(struct lm_spool *spool, size_t count, struct lm_err *err)
{
    if (count >= spool->count)
        return LM_OK;
    spool->size = spool->frames[count].at - HEAD;
    spool->count = count;
    return cut_file(spool, err);
}

enum lm_status lm_spool_sync(const struct lm_spool *spool, struct lm_err *err)
{
    if (fdatasync(spool->fd) != 0)
        return lm_fail_errno(err, errno, "cannot make %s durable", spool->path);
    return LM_OK;
}
