#include "model/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/json.h"

enum { LENGTH_BYTES = 8, HEADER_MAX = 1 << 24, PATH_BYTES = 4096 };

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "weights are written as they lie in memory: this needs a little-endian machine"
#endif

/* ---- writing ---- */

static void put_tensor(struct lm_json_writer *writer, const struct lm_tensor *tensor,
                       int64_t *offset)
{
    int64_t end = *offset + tensor->count * (int64_t)sizeof(float);
    lm_json_key(writer, tensor->name);
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "dtype", "F32");
    lm_json_key(writer, "shape");
    lm_json_open(writer, '[');
    for (int d = 0; d < tensor->dims; d++)
        lm_json_put_int(writer, tensor->shape[d]);
    lm_json_close(writer, ']');
    lm_json_key(writer, "data_offsets");
    lm_json_open(writer, '[');
    lm_json_put_int(writer, *offset);
    lm_json_put_int(writer, end);
    lm_json_close(writer, ']');
    lm_json_close(writer, '}');
    *offset = end;
}

static void put_header(struct lm_buf *out, const struct lm_tensor *tensors, size_t count)
{
    struct lm_json_writer writer;
    int64_t offset = 0;
    lm_json_begin(&writer, out, false);
    lm_json_open(&writer, '{');
    lm_json_key(&writer, "__metadata__");
    lm_json_open(&writer, '{');
    lm_json_member_string(&writer, "format", "pt");
    lm_json_close(&writer, '}');
    for (size_t i = 0; i < count; i++)
        put_tensor(&writer, &tensors[i], &offset);
    lm_json_close(&writer, '}');
    while (out->size % LENGTH_BYTES != 0 && !out->failed)
        lm_buf_putc(out, ' ');
}

static enum lm_status write_body(int fd, const char *path, const struct lm_buf *header,
                                 const struct lm_tensor *tensors, size_t count, struct lm_err *err)
{
    uint64_t length = header->size;
    LM_TRY(lm_write_all(fd, &length, sizeof length, path, err));
    LM_TRY(lm_write_all(fd, header->data, header->size, path, err));
    for (size_t i = 0; i < count; i++)
        LM_TRY(
            lm_write_all(fd, tensors[i].data, (size_t)tensors[i].count * sizeof(float), path, err));
    if (fsync(fd) != 0)
        return lm_fail_errno(err, errno, "cannot write %s", path);
    return LM_OK;
}

enum lm_status lm_safetensors_save(const char *path, const struct lm_tensor *tensors, size_t count,
                                   struct lm_err *err)
{
    char temporary[PATH_BYTES];
    if (snprintf(temporary, sizeof temporary, "%s.tmp.%ld", path, (long)getpid()) >= PATH_BYTES)
        return lm_fail(err, LM_RANGE, "%s: the path is too long; choose a shorter one", path);
    struct lm_buf header;
    lm_buf_init(&header, HEADER_MAX);
    put_header(&header, tensors, count);
    enum lm_status status = lm_buf_status(&header, err);
    int fd = -1;
    if (status == LM_OK) {
        fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        status = fd < 0 ? lm_fail_errno(err, errno, "cannot create %s", temporary)
                        : write_body(fd, temporary, &header, tensors, count, err);
    }
    if (fd >= 0 && close(fd) != 0 && status == LM_OK)
        status = lm_fail_errno(err, errno, "cannot write %s", temporary);
    if (status == LM_OK && rename(temporary, path) != 0)
        status = lm_fail_errno(err, errno, "cannot rename %s", temporary);
    if (status != LM_OK && fd >= 0)
        unlink(temporary);
    lm_buf_release(&header);
    return status;
}

/* ---- reading ---- */

/* A tensor's place in the file's data. */
struct span {
    int64_t begin, end;
    size_t tensor;
};

struct reader {
    const char *path;
    int fd;
    int64_t data_at, data_size; /* of the part behind the header */
    const struct lm_tensor *tensors;
    size_t count;
    struct span *spans; /* one a tensor */
    size_t found;
    enum lm_status status;
    struct lm_err *err;
};

static enum lm_status read_at(const struct reader *reader, void *out, size_t size, int64_t offset)
{
    char *to = out;
    while (size > 0) {
        ssize_t n = pread(reader->fd, to, size < 1 << 30 ? size : 1 << 30, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return lm_fail_errno(reader->err, errno, "cannot read %s", reader->path);
        if (n == 0)
            return lm_fail(reader->err, LM_FORMAT, "%s ends too soon; copy it again", reader->path);
        to += n;
        offset += n;
        size -= (size_t)n;
    }
    return LM_OK;
}

static bool shape_equals(const struct lm_json *shape, const struct lm_tensor *tensor)
{
    if (!lm_json_is_array(shape) || lm_json_count(shape) != (size_t)tensor->dims)
        return false;
    for (int d = 0; d < tensor->dims; d++)
        if (lm_json_int(lm_json_at(shape, (size_t)d), -1) != tensor->shape[d])
            return false;
    return true;
}

/* A row of the header: known, of the right type and shape, and inside the file. */
static enum lm_status take_row(struct reader *reader, const char *name, const struct lm_json *row)
{
    size_t i = 0;
    while (i < reader->count && strcmp(reader->tensors[i].name, name) != 0)
        i++;
    if (i == reader->count)
        return lm_fail(reader->err, LM_FORMAT,
                       "%s: tensor \"%.80s\" is not one of this model; its config.json may belong "
                       "to another",
                       reader->path, name);
    const struct lm_tensor *tensor = &reader->tensors[i];
    const char *type = lm_json_string(lm_json_get(row, "dtype"), NULL);
    if (type == NULL || strcmp(type, "F32") != 0)
        return lm_fail(reader->err, LM_FORMAT, "%s: tensor \"%s\" is not F32; convert it first",
                       reader->path, name);
    if (!shape_equals(lm_json_get(row, "shape"), tensor))
        return lm_fail(reader->err, LM_FORMAT,
                       "%s: tensor \"%s\" has another shape than config.json says; take the "
                       "config.json that belongs to it",
                       reader->path, name);
    const struct lm_json *offsets = lm_json_get(row, "data_offsets");
    struct span span = {lm_json_int(lm_json_at(offsets, 0), -1),
                        lm_json_int(lm_json_at(offsets, 1), -1), i};
    if (lm_json_count(offsets) != 2 || span.begin < 0 || span.end > reader->data_size ||
        span.begin > span.end || span.end - span.begin != tensor->count * (int64_t)sizeof(float))
        return lm_fail(reader->err, LM_FORMAT,
                       "%s: the offsets of tensor \"%s\" do not fit; the file is damaged",
                       reader->path, name);
    reader->spans[reader->found++] = span;
    return LM_OK;
}

static bool visit_row(void *user, const char *name, const struct lm_json *row)
{
    struct reader *reader = user;
    if (strcmp(name, "__metadata__") != 0)
        reader->status = take_row(reader, name, row);
    return reader->status == LM_OK;
}

static int compare_spans(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

/* All tensors are there, and their bytes follow each other from the first to the last. */
static enum lm_status check_spans(struct reader *reader)
{
    if (reader->found != reader->count)
        return lm_fail(reader->err, LM_FORMAT,
                       "%s holds %zu of the model's %zu tensors; it is "
                       "incomplete or belongs to another config.json",
                       reader->path, reader->found, reader->count);
    qsort(reader->spans, reader->count, sizeof *reader->spans, compare_spans);
    int64_t at = 0;
    for (size_t i = 0; i < reader->count; at = reader->spans[i++].end)
        if (reader->spans[i].begin != at)
            return lm_fail(reader->err, LM_FORMAT,
                           "%s: the tensors overlap or leave holes; the file is damaged",
                           reader->path);
    if (at != reader->data_size)
        return lm_fail(reader->err, LM_FORMAT,
                       "%s: %lld bytes follow the last tensor; the file is damaged", reader->path,
                       (long long)(reader->data_size - at));
    return LM_OK;
}

static enum lm_status read_header(struct reader *reader, char **text, uint64_t *length)
{
    struct stat info;
    if (fstat(reader->fd, &info) != 0)
        return lm_fail_errno(reader->err, errno, "cannot read %s", reader->path);
    LM_TRY(read_at(reader, length, sizeof *length, 0));
    if (*length > HEADER_MAX || *length > (uint64_t)info.st_size - LENGTH_BYTES)
        return lm_fail(reader->err, LM_FORMAT,
                       "%s: the header's length is impossible; it is no safetensors file or "
                       "damaged",
                       reader->path);
    reader->data_at = LENGTH_BYTES + (int64_t)*length;
    reader->data_size = info.st_size - reader->data_at;
    char *header = malloc((size_t)*length + 1);
    if (header == NULL)
        return lm_fail(reader->err, LM_NOMEM, "out of memory for %s", reader->path);
    *text = header;
    return read_at(reader, header, (size_t)*length, LENGTH_BYTES);
}

static enum lm_status read_tensors(struct reader *reader)
{
    for (size_t i = 0; i < reader->count; i++) {
        const struct span *span = &reader->spans[i];
        LM_TRY(read_at(reader, reader->tensors[span->tensor].data,
                       (size_t)(span->end - span->begin), reader->data_at + span->begin));
    }
    return LM_OK;
}

static enum lm_status parse_rows(struct reader *reader, const char *text, uint64_t length)
{
    struct lm_json *root = NULL;
    enum lm_status status = lm_json_parse(&root, text, (size_t)length, reader->err);
    if (status != LM_OK)
        return lm_wrap(reader->err, status, "%s: header", reader->path);
    if (!lm_json_is_object(root) || lm_json_count(root) > reader->count + 1)
        status = lm_fail(reader->err, LM_FORMAT,
                         "%s: the header does not list the model's %zu tensors; it belongs to "
                         "another config.json",
                         reader->path, reader->count);
    if (status == LM_OK) {
        lm_json_each(root, visit_row, reader);
        status = reader->status;
    }
    lm_json_free(root);
    return status;
}

enum lm_status lm_safetensors_load(const char *path, const struct lm_tensor *tensors, size_t count,
                                   struct lm_err *err)
{
    struct reader reader = {.path = path, .tensors = tensors, .count = count, .err = err};
    char *text = NULL;
    uint64_t length = 0;
    reader.fd = open(path, O_RDONLY | O_CLOEXEC);
    if (reader.fd < 0)
        return lm_fail_errno(err, errno, "cannot open %s", path);
    reader.spans = calloc(count + 1, sizeof *reader.spans);
    enum lm_status status = reader.spans == NULL
                                ? lm_fail(err, LM_NOMEM, "out of memory for %s", path)
                                : read_header(&reader, &text, &length);
    if (status == LM_OK)
        status = parse_rows(&reader, text, length);
    if (status == LM_OK)
        status = check_spans(&reader);
    if (status == LM_OK)
        status = read_tensors(&reader);
    free(text);
    free(reader.spans);
    close(reader.fd);
    return status;
}
