#include "model/formats/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/half.h"
#include "base/io.h"
#include "base/json.h"
#include "base/new_file.h"

enum { ALIGNMENT = 8, CHUNK = 1 << 14 };

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "weights are written as they lie in memory: this needs a little-endian machine"
#endif

/* How the tensors are written. */
struct form {
    const char *prefix;
    enum lm_dtype dtype;
};

static const struct {
    const char *name;
    int64_t bytes;
} types[LM_DTYPES] = {
    [LM_DTYPE_F32] = {"F32", 4}, [LM_DTYPE_F16] = {"F16", 2}, [LM_DTYPE_BF16] = {"BF16", 2}};

/* ---- writing ---- */

static void put_tensor(struct lm_json_writer *writer, const struct lm_tensor *tensor,
                       const struct form *form, int64_t *offset)
{
    char name[LM_ST_NAME + 1];
    int64_t end = *offset + tensor->count * types[form->dtype].bytes;
    snprintf(name, sizeof name, "%s%s", form->prefix, tensor->name);
    lm_json_key(writer, name);
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "dtype", types[form->dtype].name);
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

static void put_header(struct lm_buf *out, const struct lm_tensor *tensors, size_t count,
                       const struct form *form)
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
        put_tensor(&writer, &tensors[i], form, &offset);
    lm_json_close(&writer, '}');
    while (out->size % ALIGNMENT != 0 && !out->failed)
        lm_buf_putc(out, ' ');
}

/* A tensor in 16 bits, a chunk at a time. */
static enum lm_status write_narrow(int fd, const char *path, const struct lm_tensor *tensor,
                                   enum lm_dtype dtype, struct lm_err *err)
{
    uint16_t chunk[CHUNK];
    for (int64_t at = 0; at < tensor->count; at += CHUNK) {
        size_t some = (size_t)(tensor->count - at < CHUNK ? tensor->count - at : CHUNK);
        if (!(dtype == LM_DTYPE_F16 ? lm_floats_to_halves
                                    : lm_floats_to_bf16s)(chunk, tensor->data + at, some))
            return lm_fail(err, LM_RANGE,
                           "tensor \"%s\" holds a number that is too large for %s; write f32",
                           tensor->name, types[dtype].name);
        LM_TRY(lm_write_all(fd, chunk, some * sizeof *chunk, path, err));
    }
    return LM_OK;
}

static enum lm_status write_body(int fd, const char *path, const struct lm_buf *header,
                                 const struct lm_tensor *tensors, size_t count, enum lm_dtype dtype,
                                 struct lm_err *err)
{
    uint64_t length = header->size;
    LM_TRY(lm_write_all(fd, &length, sizeof length, path, err));
    LM_TRY(lm_write_all(fd, header->data, header->size, path, err));
    for (size_t i = 0; i < count; i++) {
        if (dtype == LM_DTYPE_F32)
            LM_TRY(lm_write_all(fd, tensors[i].data, (size_t)tensors[i].count * sizeof(float), path,
                                err));
        else
            LM_TRY(write_narrow(fd, path, &tensors[i], dtype, err));
    }
    return LM_OK;
}

enum lm_status lm_safetensors_write(const char *path, const struct lm_tensor *tensors, size_t count,
                                    const char *prefix, enum lm_dtype dtype, struct lm_err *err)
{
    const struct form form = {prefix, dtype};
    struct lm_new_file file;
    struct lm_buf header;
    lm_buf_init(&header, LM_ST_HEADER_MAX);
    put_header(&header, tensors, count, &form);
    enum lm_status status = lm_buf_status(&header, err);
    if (status == LM_OK)
        status = lm_new_file_open(&file, path, 0666, err);
    if (status == LM_OK) {
        status = write_body(file.fd, path, &header, tensors, count, dtype, err);
        if (status == LM_OK)
            status = lm_new_file_commit(&file, LM_NEW_DURABLE, err);
        lm_new_file_drop(&file);
    }
    lm_buf_release(&header);
    return status;
}

enum lm_status lm_safetensors_save(const char *path, const struct lm_tensor *tensors, size_t count,
                                   struct lm_err *err)
{
    return lm_safetensors_write(path, tensors, count, "", LM_DTYPE_F32, err);
}

/* ---- reading ---- */

size_t lm_tensor_find(const struct lm_tensor *tensors, size_t count, const char *name, size_t *hint)
{
    for (size_t k = 0; k < count; k++) {
        size_t i = (*hint + k) % count;
        if (strcmp(tensors[i].name, name) == 0) {
            *hint = i + 1;
            return i;
        }
    }
    return count;
}

enum lm_status lm_tensor_fits(const struct lm_tensor *tensor, const struct lm_safetensors *file,
                              const struct lm_st_tensor *found, struct lm_err *err)
{
    bool is_equal = found->dims == tensor->dims;
    for (int d = 0; d < tensor->dims && is_equal; d++)
        is_equal = found->shape[d] == tensor->shape[d];
    if (!is_equal)
        return lm_fail(err, LM_FORMAT,
                       "%s: tensor \"%s\" has another shape than config.json says; take the "
                       "config.json that belongs to it",
                       lm_safetensors_path(file), found->name);
    return LM_OK;
}

/* places[i] is which of the file's tensors is tensor i. */
static enum lm_status find_places(size_t *places, const struct lm_tensor *tensors, size_t count,
                                  const struct lm_safetensors *file, struct lm_err *err)
{
    size_t hint = 0, rows = lm_safetensors_count(file);
    for (size_t row = 0; row < rows; row++) {
        const struct lm_st_tensor *found = lm_safetensors_at(file, row);
        size_t i = lm_tensor_find(tensors, count, found->name, &hint);
        if (i == count)
            return lm_fail(err, LM_FORMAT,
                           "%s: tensor \"%.80s\" is not one of this model; its config.json may "
                           "belong to another",
                           lm_safetensors_path(file), found->name);
        if (found->type != LM_DTYPE_F32)
            return lm_fail(err, LM_FORMAT, "%s: tensor \"%s\" is not F32; import the model first",
                           lm_safetensors_path(file), found->name);
        LM_TRY(lm_tensor_fits(&tensors[i], file, found, err));
        places[i] = row;
    }
    if (rows != count)
        return lm_fail(err, LM_FORMAT,
                       "%s holds %zu of the model's %zu tensors; it is incomplete or belongs to "
                       "another config.json",
                       lm_safetensors_path(file), rows, count);
    return LM_OK;
}

enum lm_status lm_safetensors_load(const char *path, const struct lm_tensor *tensors, size_t count,
                                   struct lm_err *err)
{
    struct lm_safetensors *file = NULL;
    size_t *places = calloc(count + 1, sizeof *places);
    if (places == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for %s", path);
    enum lm_status status = lm_safetensors_open(&file, path, err);
    if (status == LM_OK)
        status = find_places(places, tensors, count, file, err);
    for (size_t i = 0; i < count && status == LM_OK; i++)
        status = lm_safetensors_read(file, lm_safetensors_at(file, places[i]), 0, tensors[i].count,
                                     tensors[i].data, err);
    free(places);
    lm_safetensors_close(file);
    return status;
}
