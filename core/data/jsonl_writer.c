#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/json.h"
#include "base/utf8.h"
#include "data/jsonl.h"
#include "data/zstd_stream.h"

enum { FLUSH_AT = 256 << 10 };

struct lm_jsonl_writer {
    char *path;
    int fd;
    struct lm_zstd_writer *packed; /* NULL: not compressed */
    struct lm_buf buf;
};

enum lm_status lm_jsonl_create(struct lm_jsonl_writer **out, const char *path, struct lm_err *err)
{
    struct lm_jsonl_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to write %s; free some", path);
    lm_buf_init(&writer->buf, 0);
    writer->path = strdup(path);
    writer->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (writer->path == NULL || writer->fd < 0) {
        int error = writer->path ? errno : ENOMEM;
        lm_jsonl_abandon(writer);
        return lm_fail_errno(err, error, "cannot create %s", path);
    }
    if (lm_zstd_is_name(path)) {
        enum lm_status status =
            lm_zstd_writer_create(&writer->packed, writer->fd, writer->path, err);
        if (status != LM_OK) {
            lm_jsonl_abandon(writer);
            return status;
        }
    }
    *out = writer;
    return LM_OK;
}

void lm_jsonl_abandon(struct lm_jsonl_writer *writer)
{
    if (writer == NULL)
        return;
    lm_zstd_abandon(writer->packed);
    if (writer->fd >= 0)
        close(writer->fd);
    lm_buf_release(&writer->buf);
    free(writer->path);
    free(writer);
}

static enum lm_status flush(struct lm_jsonl_writer *writer, struct lm_err *err)
{
    LM_TRY(lm_buf_status(&writer->buf, err));
    const struct lm_buf *buf = &writer->buf;
    LM_TRY(writer->packed != NULL
               ? lm_zstd_write(writer->packed, buf->data, buf->size, err)
               : lm_write_all(writer->fd, buf->data, buf->size, writer->path, err));
    lm_buf_clear(&writer->buf);
    return LM_OK;
}

void lm_jsonl_line(struct lm_buf *out, const struct lm_digest *digest, const void *text,
                   size_t size)
{
    char id[LM_DIGEST_HEX];
    struct lm_json_writer json;
    lm_digest_hex(id, digest);
    lm_json_begin(&json, out, false);
    lm_json_open(&json, '{');
    lm_json_member_string(&json, "id", id);
    lm_json_key(&json, "text");
    lm_json_put_bytes(&json, text, size);
    lm_json_close(&json, '}');
}

/* Ends a line that began at `before`, and writes when there is enough. */
static enum lm_status end_line(struct lm_jsonl_writer *writer, size_t before, struct lm_err *err)
{
    lm_buf_putc(&writer->buf, '\n');
    if (writer->buf.size - before > LM_JSONL_LONGEST)
        return lm_fail(
            err, LM_RANGE,
            "%s: a line of %zu bytes, more than the %zu that are read; split the document",
            writer->path, writer->buf.size - before, LM_JSONL_LONGEST);
    return writer->buf.size < FLUSH_AT ? lm_buf_status(&writer->buf, err) : flush(writer, err);
}

enum lm_status lm_jsonl_put(struct lm_jsonl_writer *writer, const void *text, size_t size,
                            struct lm_err *err)
{
    if (lm_utf8_valid_prefix(text, size) != size)
        return lm_fail(err, LM_FORMAT, "%s: a document is not well-formed UTF-8; repair it first",
                       writer->path);
    struct lm_digest digest;
    size_t before = writer->buf.size;
    lm_sha256_bytes(&digest, text, size);
    lm_jsonl_line(&writer->buf, &digest, text, size);
    return end_line(writer, before, err);
}

enum lm_status lm_jsonl_put_line(struct lm_jsonl_writer *writer, const char *line, size_t size,
                                 struct lm_err *err)
{
    size_t before = writer->buf.size;
    lm_buf_append(&writer->buf, line, size);
    return end_line(writer, before, err);
}

enum lm_status lm_jsonl_finish(struct lm_jsonl_writer *writer, struct lm_err *err)
{
    enum lm_status status = flush(writer, err);
    struct lm_zstd_writer *packed = writer->packed;
    writer->packed = NULL;
    if (status == LM_OK && packed != NULL)
        status = lm_zstd_finish(packed, err);
    else
        lm_zstd_abandon(packed);
    if (close(writer->fd) != 0 && status == LM_OK)
        status = lm_fail_errno(err, errno, "cannot write %s", writer->path);
    writer->fd = -1;
    lm_jsonl_abandon(writer);
    return status;
}
