/* Writing GGUF version 3: keys and values are put into bytes as they come, tensors when the file is
 * written. */
#include "gguf/gguf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lmpipe/hash.h>

#include "base/buf.h"
#include "base/grow.h"
#include "base/half.h"
#include "base/io.h"
#include "base/new_file.h"

enum { VERSION = 3, FORMAT = 1, ALIGNMENT = 32, CHUNK = 1 << 16 };

/* A tensor that will be written. */
struct row {
    char name[LM_GGUF_NAME_LONGEST + 1];
    enum lm_gguf_element type;
    int dims;
    size_t rows, columns;
    struct lm_gguf_view view;
};

struct lm_gguf_writer {
    struct lm_buf pairs;
    uint64_t pair_count;
    struct row *rows;
    size_t row_count, row_capacity;
};

enum lm_status lm_gguf_writer_create(struct lm_gguf_writer **out, struct lm_err *err)
{
    struct lm_gguf_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a GGUF file; free some");
    lm_buf_init(&writer->pairs, 0);
    lm_gguf_put_u32(writer, LM_GGUF_FORMAT_KEY, FORMAT);
    *out = writer;
    return LM_OK;
}

void lm_gguf_writer_free(struct lm_gguf_writer *writer)
{
    if (writer == NULL)
        return;
    lm_buf_release(&writer->pairs);
    free(writer->rows);
    free(writer);
}

/* ---- keys and values ---- */

static void put_bytes(struct lm_buf *out, const void *bytes, size_t size)
{
    lm_buf_put_u64(out, size);
    lm_buf_append(out, bytes, size);
}

static void put_key(struct lm_gguf_writer *writer, const char *key, enum lm_gguf_type type)
{
    put_bytes(&writer->pairs, key, strlen(key));
    lm_buf_put_u32(&writer->pairs, (uint32_t)type);
    writer->pair_count++;
}

void lm_gguf_put_u32(struct lm_gguf_writer *writer, const char *key, uint32_t value)
{
    put_key(writer, key, LM_GGUF_U32);
    lm_buf_put_u32(&writer->pairs, value);
}

void lm_gguf_put_f32(struct lm_gguf_writer *writer, const char *key, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_key(writer, key, LM_GGUF_F32);
    lm_buf_put_u32(&writer->pairs, bits);
}

void lm_gguf_put_bool(struct lm_gguf_writer *writer, const char *key, bool value)
{
    put_key(writer, key, LM_GGUF_BOOL);
    lm_buf_putc(&writer->pairs, value ? 1 : 0);
}

void lm_gguf_put_text(struct lm_gguf_writer *writer, const char *key, const char *text)
{
    put_key(writer, key, LM_GGUF_STRING);
    put_bytes(&writer->pairs, text, strlen(text));
}

void lm_gguf_put_array(struct lm_gguf_writer *writer, const char *key, enum lm_gguf_type type,
                       uint64_t count)
{
    put_key(writer, key, LM_GGUF_ARRAY);
    lm_buf_put_u32(&writer->pairs, (uint32_t)type);
    lm_buf_put_u64(&writer->pairs, count);
}

void lm_gguf_put_item_text(struct lm_gguf_writer *writer, const void *text, size_t size)
{
    put_bytes(&writer->pairs, text, size);
}

void lm_gguf_put_item_i32(struct lm_gguf_writer *writer, int32_t value)
{
    lm_buf_put_u32(&writer->pairs, (uint32_t)value);
}

/* ---- tensors ---- */

enum lm_status lm_gguf_put_tensor(struct lm_gguf_writer *writer, const char *name,
                                  enum lm_gguf_element type, int64_t rows, int64_t columns,
                                  struct lm_gguf_view view, struct lm_err *err)
{
    struct row *grown =
        lm_grow(writer->rows, &writer->row_capacity, writer->row_count, sizeof *grown);
    if (grown == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a table of tensors; free some");
    writer->rows = grown;
    struct row *row = &writer->rows[writer->row_count];
    *row = (struct row){.type = type,
                        .dims = rows > 0 ? 2 : 1,
                        .rows = rows > 0 ? (size_t)rows : 1,
                        .columns = (size_t)columns,
                        .view = view};
    if (snprintf(row->name, sizeof row->name, "%s", name) >= (int)sizeof row->name)
        return lm_fail(err, LM_RANGE, "%s: a tensor's name has at most %d characters; shorten it",
                       name, LM_GGUF_NAME_LONGEST);
    writer->row_count++;
    return LM_OK;
}

static uint64_t row_bytes(const struct row *row)
{
    return (uint64_t)row->rows * row->columns * lm_gguf_block(row->type).bytes;
}

static uint64_t align_up(uint64_t offset)
{
    return (offset + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void pad(struct lm_buf *out, uint64_t size)
{
    for (uint64_t i = size; i < align_up(size); i++)
        lm_buf_putc(out, 0);
}

/* All before the data. *digest_at: where the digest's digits stand, as zeros so far. */
static void put_header(struct lm_buf *out, const struct lm_gguf_writer *writer, size_t *digest_at)
{
    static const char key[] = LM_GGUF_DIGEST_KEY, digits[] = LM_GGUF_NO_DIGEST;
    uint64_t offset = 0;
    lm_buf_puts(out, "GGUF");
    lm_buf_put_u32(out, VERSION);
    lm_buf_put_u64(out, writer->row_count);
    lm_buf_put_u64(out, writer->pair_count + 1);
    lm_buf_append(out, writer->pairs.data, writer->pairs.size);
    put_bytes(out, key, sizeof key - 1);
    lm_buf_put_u32(out, LM_GGUF_STRING);
    put_bytes(out, digits, sizeof digits - 1);
    *digest_at = out->size - (sizeof digits - 1);
    for (size_t i = 0; i < writer->row_count; i++) {
        const struct row *row = &writer->rows[i];
        put_bytes(out, row->name, strlen(row->name));
        lm_buf_put_u32(out, (uint32_t)row->dims);
        lm_buf_put_u64(out, row->columns);
        if (row->dims == 2)
            lm_buf_put_u64(out, row->rows);
        lm_buf_put_u32(out, (uint32_t)row->type);
        lm_buf_put_u64(out, offset);
        offset = align_up(offset + row_bytes(row));
    }
    pad(out, out->size);
}

/* ---- the file ---- */

/* A file on its way, and room for a chunk of numbers. */
struct output {
    struct lm_sha256 *hash; /* of all that was written */
    int fd;
    const char *path;
    struct lm_err *err;
    float floats[CHUNK];
    uint16_t halves[CHUNK];
};

static enum lm_status emit(struct output *output, const void *bytes, size_t size)
{
    lm_sha256_update(output->hash, bytes, size);
    return lm_write_all(output->fd, bytes, size, output->path, output->err);
}

static enum lm_status write_chunk(struct output *output, const struct row *row, size_t count)
{
    bool fits = true;
    if (row->type == LM_GGUF_ELEMENT_F32)
        return emit(output, output->floats, count * sizeof(float));
    if (row->type == LM_GGUF_ELEMENT_F16)
        fits = lm_floats_to_halves(output->halves, output->floats, count);
    else
        fits = lm_floats_to_bf16s(output->halves, output->floats, count);
    if (!fits)
        return lm_fail(output->err, LM_UNSUPPORTED,
                       "tensor \"%s\" holds a number that is too large for %s; write F32 or BF16",
                       row->name, lm_gguf_block(row->type).name);
    return emit(output, output->halves, count * sizeof(uint16_t));
}

static enum lm_status write_tensor(struct output *output, const struct row *row)
{
    static const char zeros[ALIGNMENT] = {0};
    size_t held = 0;
    for (size_t r = 0; r < row->rows; r++)
        for (size_t i = 0; i < row->columns; i++) {
            output->floats[held++] = row->view.data[r * row->view.row + i * row->view.item];
            if (held < CHUNK)
                continue;
            LM_TRY(write_chunk(output, row, held));
            held = 0;
        }
    LM_TRY(write_chunk(output, row, held));
    uint64_t size = row_bytes(row);
    return emit(output, zeros, (size_t)(align_up(size) - size));
}

/* The digest takes the place of its zeros. */
static enum lm_status write_digest(struct output *output, size_t digest_at)
{
    struct lm_digest digest;
    char digits[LM_DIGEST_HEX];
    lm_sha256_final(output->hash, &digest);
    lm_digest_hex(digits, &digest);
    if (lseek(output->fd, (off_t)digest_at, SEEK_SET) < 0)
        return lm_fail_errno(output->err, errno, "cannot write %s", output->path);
    return lm_write_all(output->fd, digits, strlen(digits), output->path, output->err);
}

static enum lm_status write_body(struct output *output, const struct lm_gguf_writer *writer,
                                 const struct lm_buf *header, size_t digest_at)
{
    LM_TRY(emit(output, header->data, header->size));
    for (size_t i = 0; i < writer->row_count; i++)
        LM_TRY(write_tensor(output, &writer->rows[i]));
    return write_digest(output, digest_at);
}

static enum lm_status write_file(struct output *output, const struct lm_gguf_writer *writer,
                                 struct lm_err *err)
{
    struct lm_buf header;
    size_t digest_at;
    lm_buf_init(&header, 0);
    put_header(&header, writer, &digest_at);
    header.failed = header.failed || writer->pairs.failed;
    enum lm_status status = lm_buf_status(&header, err);
    struct lm_new_file file;
    if (status == LM_OK)
        status = lm_new_file_open(&file, output->path, 0666, err);
    if (status == LM_OK) {
        output->fd = file.fd;
        status = write_body(output, writer, &header, digest_at);
        if (status == LM_OK)
            status = lm_new_file_commit(&file, LM_NEW_DURABLE, err);
        lm_new_file_drop(&file);
    }
    lm_buf_release(&header);
    return status;
}

enum lm_status lm_gguf_write(const struct lm_gguf_writer *writer, const char *path,
                             struct lm_err *err)
{
    struct output *output = malloc(sizeof *output);
    if (output == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for %s; free some", path);
    output->path = path;
    output->err = err;
    output->hash = lm_sha256_create();
    enum lm_status status = output->hash == NULL
                                ? lm_fail(err, LM_NOMEM, "out of memory for %s; free some", path)
                                : write_file(output, writer, err);
    lm_sha256_free(output->hash);
    free(output);
    return status;
}
