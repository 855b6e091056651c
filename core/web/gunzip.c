#include "web/gunzip.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#define BLOCK 65536
#define GZIP_OR_ZLIB (32 + MAX_WBITS)
#define GZIP_ONLY (16 + MAX_WBITS) /**< windowBits of inflateInit2: a gzip header and trailer */

struct lm_gunzip {
    z_stream z;
    bool is_open; /**< z needs inflateEnd */
    int fd;
    bool in_member;      /**< a member has begun and not ended */
    bool is_end;         /**< of the file */
    unsigned members;    /**< ended ones */
    unsigned char *here; /**< BLOCK bytes of the file */
};

enum lm_status lm_gunzip_open(struct lm_gunzip **out, int fd, struct lm_err *err)
{
    struct lm_gunzip *gunzip = calloc(1, sizeof *gunzip);
    if (gunzip == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory while unpacking");
    gunzip->fd = fd;
    gunzip->here = malloc(BLOCK);
    gunzip->is_open = gunzip->here != NULL && inflateInit2(&gunzip->z, GZIP_ONLY) == Z_OK;
    if (!gunzip->is_open) {
        lm_gunzip_close(gunzip);
        return lm_fail(err, LM_NOMEM, "out of memory while unpacking");
    }
    *out = gunzip;
    return LM_OK;
}

/** More input, when all of it is used up. */
static enum lm_status refill(struct lm_gunzip *gunzip, struct lm_err *err)
{
    while (gunzip->z.avail_in == 0 && !gunzip->is_end) {
        ssize_t n = read(gunzip->fd, gunzip->here, BLOCK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return lm_fail_errno(err, errno, "cannot read the file");
        gunzip->is_end = n == 0;
        gunzip->z.next_in = gunzip->here;
        gunzip->z.avail_in = (uInt)n;
    }
    return LM_OK;
}

/** Zeros behind a member pad it; anything else must begin another member. */
static enum lm_status begin_member(struct lm_gunzip *gunzip, struct lm_err *err)
{
    z_stream *z = &gunzip->z;
    bool is_padded = false;
    LM_TRY(refill(gunzip, err));
    while (gunzip->members > 0 && z->avail_in > 0 && *z->next_in == 0) {
        is_padded = true;
        z->next_in++;
        z->avail_in--;
        LM_TRY(refill(gunzip, err));
    }
    if (z->avail_in == 0)
        return LM_OK;
    if (gunzip->members > 0 && (is_padded || *z->next_in != 0x1f))
        return lm_fail(err, LM_FORMAT,
                       "has bytes behind the end of its gzip data, or a damaged member; fetch it "
                       "again, or cut them off");
    gunzip->in_member = true;
    return inflateReset(z) == Z_OK ? LM_OK
                                   : lm_fail(err, LM_INTERNAL, "zlib cannot begin; report this");
}

static enum lm_status inflate_some(struct lm_gunzip *gunzip, struct lm_err *err)
{
    z_stream *z = &gunzip->z;
    LM_TRY(refill(gunzip, err));
    if (z->avail_in == 0)
        return lm_fail(err, LM_FORMAT, "is cut off in the middle of its gzip data; fetch it again");
    int result = inflate(z, Z_NO_FLUSH);
    if (result == Z_MEM_ERROR)
        return lm_fail(err, LM_NOMEM, "out of memory while unpacking");
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        return lm_fail(err, LM_FORMAT, "is damaged (gzip member %u: %s); fetch it again",
                       gunzip->members + 1, z->msg != NULL ? z->msg : "no reason given");
    gunzip->in_member = result != Z_STREAM_END;
    gunzip->members += result == Z_STREAM_END;
    return LM_OK;
}

enum lm_status lm_gunzip_read(struct lm_gunzip *gunzip, void *out, size_t size, size_t *got,
                              struct lm_err *err)
{
    z_stream *z = &gunzip->z;
    uInt room = size > BLOCK ? BLOCK : (uInt)size;
    z->next_out = out;
    z->avail_out = room;
    while (z->avail_out > 0) {
        if (!gunzip->in_member)
            LM_TRY(begin_member(gunzip, err));
        if (!gunzip->in_member)
            break;
        LM_TRY(inflate_some(gunzip, err));
    }
    *got = room - z->avail_out;
    return LM_OK;
}

void lm_gunzip_close(struct lm_gunzip *gunzip)
{
    if (gunzip == NULL)
        return;
    if (gunzip->is_open)
        inflateEnd(&gunzip->z);
    free(gunzip->here);
    free(gunzip);
}

enum lm_status lm_inflate(struct lm_buf *out, const uint8_t *data, size_t size, struct lm_err *err)
{
    z_stream z = {.next_in = (unsigned char *)(uintptr_t)data};
    unsigned char *block = malloc(BLOCK);
    int result = block == NULL ? Z_MEM_ERROR : inflateInit2(&z, GZIP_OR_ZLIB);
    bool is_open = result == Z_OK;
    while (result == Z_OK && !out->failed) {
        size_t left = size - (size_t)(z.next_in - data);
        z.avail_in = left < BLOCK ? (uInt)left : BLOCK;
        z.next_out = block;
        z.avail_out = BLOCK;
        result = inflate(&z, Z_NO_FLUSH);
        lm_buf_append(out, block, BLOCK - z.avail_out);
        if (result == Z_BUF_ERROR && z.avail_out == 0)
            result = Z_OK;
    }
    if (is_open)
        inflateEnd(&z);
    free(block);
    if (out->failed && out->size + BLOCK >= out->ceiling)
        return lm_fail(err, LM_RANGE, "would unpack to more than %zu bytes", out->ceiling);
    if (result == Z_MEM_ERROR || out->failed)
        return lm_fail(err, LM_NOMEM, "out of memory while unpacking");
    if (result == Z_BUF_ERROR)
        return lm_fail(err, LM_FORMAT, "is cut off in the middle of its packed data");
    return result == Z_STREAM_END ? LM_OK
                                  : lm_fail(err, LM_FORMAT, "has damaged packed data (%s)",
                                            z.msg != NULL ? z.msg : "no reason given");
}
