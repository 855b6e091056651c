#include "data/zstd_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/io.h"

enum { LEVEL = 3, BLOCK = 256 << 10 };

bool lm_zstd_is_name(const char *path)
{
    size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, ".zst") == 0;
}

/* ---- writing ---- */

struct lm_zstd_writer {
    ZSTD_CCtx *context;
    const char *path;
    int fd;
    char out[BLOCK];
};

enum lm_status lm_zstd_writer_create(struct lm_zstd_writer **out, int fd, const char *path,
                                     struct lm_err *err)
{
    struct lm_zstd_writer *writer = malloc(sizeof *writer);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    if (writer == NULL || context == NULL ||
        ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, LEVEL)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1))) {
        free(writer);
        ZSTD_freeCCtx(context);
        return lm_fail(err, LM_NOMEM, "no memory to compress %s; free some", path);
    }
    writer->context = context;
    writer->path = path;
    writer->fd = fd;
    *out = writer;
    return LM_OK;
}

void lm_zstd_abandon(struct lm_zstd_writer *writer)
{
    if (writer == NULL)
        return;
    ZSTD_freeCCtx(writer->context);
    free(writer);
}

/* Compresses until all is taken, or with ZSTD_e_end until all is out. */
static enum lm_status compress(struct lm_zstd_writer *writer, const void *data, size_t size,
                               ZSTD_EndDirective way, struct lm_err *err)
{
    ZSTD_inBuffer in = {data, size, 0};
    for (size_t left = 1; in.pos < in.size || (way == ZSTD_e_end && left != 0);) {
        ZSTD_outBuffer out = {writer->out, sizeof writer->out, 0};
        left = ZSTD_compressStream2(writer->context, &out, &in, way);
        if (ZSTD_isError(left))
            return lm_fail(err, LM_NOMEM, "cannot compress %s: %s; free some memory", writer->path,
                           ZSTD_getErrorName(left));
        LM_TRY(lm_write_all(writer->fd, writer->out, out.pos, writer->path, err));
    }
    return LM_OK;
}

enum lm_status lm_zstd_write(struct lm_zstd_writer *writer, const void *data, size_t size,
                             struct lm_err *err)
{
    return compress(writer, data, size, ZSTD_e_continue, err);
}

enum lm_status lm_zstd_finish(struct lm_zstd_writer *writer, struct lm_err *err)
{
    enum lm_status status = compress(writer, "", 0, ZSTD_e_end, err);
    lm_zstd_abandon(writer);
    return status;
}

/* ---- reading ---- */

struct lm_zstd_reader {
    ZSTD_DCtx *context;
    const char *path;
    int fd;
    size_t left; /* what the decoder waits for; 0: a frame has ended */
    ZSTD_inBuffer in;
    char bytes[BLOCK];
};

enum lm_status lm_zstd_reader_create(struct lm_zstd_reader **out, int fd, const char *path,
                                     struct lm_err *err)
{
    struct lm_zstd_reader *reader = malloc(sizeof *reader);
    ZSTD_DCtx *context = ZSTD_createDCtx();
    if (reader == NULL || context == NULL) {
        free(reader);
        ZSTD_freeDCtx(context);
        return lm_fail(err, LM_NOMEM, "no memory to read %s; free some", path);
    }
    reader->context = context;
    reader->path = path;
    reader->fd = fd;
    reader->left = 1; /* an empty file holds no frame */
    reader->in = (ZSTD_inBuffer){reader->bytes, 0, 0};
    *out = reader;
    return LM_OK;
}

void lm_zstd_reader_free(struct lm_zstd_reader *reader)
{
    if (reader == NULL)
        return;
    ZSTD_freeDCtx(reader->context);
    free(reader);
}

static enum lm_status fill(struct lm_zstd_reader *reader, size_t *taken, struct lm_err *err)
{
    ssize_t count;
    do
        count = read(reader->fd, reader->bytes, sizeof reader->bytes);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return lm_fail_errno(err, errno, "cannot read %s", reader->path);
    reader->in.pos = 0;
    reader->in.size = (size_t)count;
    *taken += (size_t)count;
    return LM_OK;
}

enum lm_status lm_zstd_read(struct lm_zstd_reader *reader, void *to, size_t room, size_t *got,
                            size_t *taken, struct lm_err *err)
{
    ZSTD_outBuffer out = {to, room, 0};
    *taken = 0;
    while (out.pos == 0) {
        if (reader->in.pos == reader->in.size)
            LM_TRY(fill(reader, taken, err));
        bool is_end = reader->in.size == 0;
        if (is_end && reader->left == 0)
            break;
        reader->left = ZSTD_decompressStream(reader->context, &out, &reader->in);
        if (ZSTD_isError(reader->left))
            return lm_fail(err, LM_FORMAT, "%s: is no sound Zstandard file: %s; make it anew",
                           reader->path, ZSTD_getErrorName(reader->left));
        if (is_end && out.pos == 0)
            return lm_fail(err, LM_FORMAT, "%s: ends too early: the file was cut; make it anew",
                           reader->path);
    }
    *got = out.pos;
    return LM_OK;
}

/* ---- its identity ---- */

static enum lm_status hash_all(struct lm_digest *out, struct lm_zstd_reader *reader, char *block,
                               struct lm_err *err)
{
    struct lm_sha256 *hash = lm_sha256_create();
    size_t got = 1, taken = 0;
    enum lm_status status =
        hash != NULL ? LM_OK : lm_fail(err, LM_NOMEM, "no memory to hash a file; free some");
    while (status == LM_OK && got > 0) {
        status = lm_zstd_read(reader, block, BLOCK, &got, &taken, err);
        if (status == LM_OK)
            lm_sha256_update(hash, block, got);
    }
    if (status == LM_OK)
        lm_sha256_final(hash, out);
    lm_sha256_free(hash);
    return status;
}

enum lm_status lm_zstd_digest(struct lm_digest *out, const char *path, struct lm_err *err)
{
    struct lm_zstd_reader *reader = NULL;
    char *block = malloc(BLOCK);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum lm_status status = fd >= 0 ? LM_OK : lm_fail_errno(err, errno, "cannot open %s", path);
    if (status == LM_OK && block == NULL)
        status = lm_fail(err, LM_NOMEM, "no memory to hash %s; free some", path);
    if (status == LM_OK)
        status = lm_zstd_reader_create(&reader, fd, path, err);
    if (status == LM_OK)
        status = hash_all(out, reader, block, err);
    lm_zstd_reader_free(reader);
    free(block);
    if (fd >= 0)
        close(fd);
    return status;
}
