#include "model/formats/safetensors_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/half.h"
#include "base/io.h"
#include "base/json.h"

enum { LENGTH_BYTES = 8, CHUNK = 1 << 14 };

struct lm_safetensors {
    struct lm_arena *arena; /* this, and all it points to */
    const char *path;
    int fd;
    int64_t data_at, data_size; /* of the part behind the header */
    struct lm_st_tensor *tensors;
    size_t count;
};

/* What visits the header's rows. */
struct reading {
    struct lm_safetensors *file;
    enum lm_status status;
    struct lm_err *err;
};

/* Every type of the format with whole bytes; those of enum lm_dtype first and in its order. */
static const struct {
    const char *name;
    int64_t bytes;
} types[] = {
    {"F32", 4},     {"F16", 2},  {"BF16", 2}, {"F64", 8}, {"F8_E4M3", 1},
    {"F8_E5M2", 1}, {"BOOL", 1}, {"U8", 1},   {"I8", 1},  {"U16", 2},
    {"I16", 2},     {"U32", 4},  {"I32", 4},  {"U64", 8}, {"I64", 8},
};

enum { TYPES = sizeof types / sizeof types[0] };

static enum lm_status read_at(const struct lm_safetensors *file, void *out, size_t size,
                              int64_t offset, struct lm_err *err)
{
    if (lm_read_at(file->fd, out, size, (uint64_t)offset) == size)
        return LM_OK;
    return errno != 0 ? lm_fail_errno(err, errno, "cannot read %s", file->path)
                      : lm_fail(err, LM_FORMAT, "%s ends too soon; copy it again", file->path);
}

/* ---- rows ---- */

static enum lm_status bad_row(const struct reading *reading, const char *name, const char *what)
{
    return lm_fail(reading->err, LM_FORMAT,
                   "%s: %s of tensor \"%.80s\" do not fit; the file is damaged",
                   reading->file->path, what, name);
}

static int find_type(const char *name)
{
    int i = 0;
    while (i < TYPES && (name == NULL || strcmp(types[i].name, name) != 0))
        i++;
    return i;
}

/* Dimensions ≥ 1 whose product does not overflow; *count is the product. */
static bool take_shape(struct lm_st_tensor *out, const struct lm_json *shape)
{
    size_t dims = lm_json_count(shape);
    if (!lm_json_is_array(shape) || dims > LM_ST_DIMS)
        return false;
    out->dims = (int)dims;
    out->count = 1;
    for (size_t d = 0; d < dims; d++) {
        out->shape[d] = lm_json_int(lm_json_at(shape, d), -1);
        if (out->shape[d] < 1 || __builtin_mul_overflow(out->count, out->shape[d], &out->count))
            return false;
    }
    return true;
}

static bool take_offsets(struct lm_st_tensor *out, const struct lm_json *offsets, int64_t bytes,
                         int64_t data_size)
{
    int64_t size;
    out->begin = lm_json_int(lm_json_at(offsets, 0), -1);
    out->end = lm_json_int(lm_json_at(offsets, 1), -1);
    return lm_json_is_array(offsets) && lm_json_count(offsets) == 2 && out->begin >= 0 &&
           out->end >= out->begin && out->end <= data_size &&
           !__builtin_mul_overflow(out->count, bytes, &size) && size == out->end - out->begin;
}

static enum lm_status take_row(struct reading *reading, const char *name, const struct lm_json *row)
{
    struct lm_safetensors *file = reading->file;
    struct lm_st_tensor tensor = {.name = lm_arena_strdup(file->arena, name)};
    if (tensor.name == NULL)
        return lm_fail(reading->err, LM_NOMEM, "out of memory for %s", file->path);
    if (strlen(name) > LM_ST_NAME)
        return lm_fail(
            reading->err, LM_FORMAT,
            "%s: tensor \"%.80s…\" has a name of more than %d bytes; the file is damaged",
            file->path, name, LM_ST_NAME);
    int type = find_type(lm_json_string(lm_json_get(row, "dtype"), NULL));
    if (type == TYPES)
        return lm_fail(reading->err, LM_FORMAT,
                       "%s: tensor \"%.80s\" is of no known type; the file is damaged, or save it "
                       "as F32",
                       file->path, name);
    tensor.type = type < LM_DTYPES ? type : LM_ST_OTHER_TYPE;
    if (lm_json_count(row) != 3)
        return bad_row(reading, name, "the members");
    if (!take_shape(&tensor, lm_json_get(row, "shape")))
        return bad_row(reading, name, "the dimensions");
    if (!take_offsets(&tensor, lm_json_get(row, "data_offsets"), types[type].bytes,
                      file->data_size))
        return bad_row(reading, name, "the offsets");
    file->tensors[file->count++] = tensor;
    return LM_OK;
}

static bool visit_word(void *user, const char *key, const struct lm_json *value)
{
    struct reading *reading = user;
    if (!lm_json_is_string(value))
        reading->status = lm_fail(reading->err, LM_FORMAT,
                                  "%s: header: \"%.80s\" of __metadata__ is no text; the file is "
                                  "damaged",
                                  reading->file->path, key);
    return reading->status == LM_OK;
}

static bool visit_row(void *user, const char *name, const struct lm_json *row)
{
    struct reading *reading = user;
    if (strcmp(name, "__metadata__") != 0)
        reading->status = take_row(reading, name, row);
    else
        lm_json_each(row, visit_word, reading);
    return reading->status == LM_OK;
}

/* ---- the file ---- */

static int compare_places(const void *a, const void *b)
{
    const struct lm_st_tensor *x = a, *y = b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

/* The tensors' bytes follow each other from the first to the last of the data. */
static enum lm_status check_places(const struct lm_safetensors *file, struct lm_err *err)
{
    int64_t at = 0;
    if (file->count > 0)
        qsort(file->tensors, file->count, sizeof *file->tensors, compare_places);
    for (size_t i = 0; i < file->count; at = file->tensors[i++].end)
        if (file->tensors[i].begin != at)
            return lm_fail(err, LM_FORMAT,
                           "%s: the tensors overlap or leave holes; the file is damaged",
                           file->path);
    if (at != file->data_size)
        return lm_fail(err, LM_FORMAT, "%s: %lld bytes follow the last tensor; the file is damaged",
                       file->path, (long long)(file->data_size - at));
    return LM_OK;
}

static enum lm_status parse_rows(struct lm_safetensors *file, const char *text, size_t length,
                                 struct lm_err *err)
{
    struct lm_json *root = NULL;
    struct reading reading = {file, LM_OK, err};
    enum lm_status status = lm_json_parse(&root, text, length, err);
    if (status != LM_OK)
        return lm_wrap(err, status, "%s: header", file->path);
    size_t rows = lm_json_count(root);
    if (!lm_json_is_object(root) || rows > LM_ST_TENSORS)
        status = lm_fail(err, LM_FORMAT,
                         "%s: the header is no list of at most %d tensors; it is no safetensors "
                         "file or damaged",
                         file->path, LM_ST_TENSORS);
    if (status == LM_OK) {
        file->tensors = LM_NEW_ARRAY(file->arena, struct lm_st_tensor, rows + 1);
        if (file->tensors == NULL)
            status = lm_fail(err, LM_NOMEM, "out of memory for %s", file->path);
    }
    if (status == LM_OK) {
        lm_json_each(root, visit_row, &reading);
        status = reading.status;
    }
    lm_json_free(root);
    return status;
}

static enum lm_status read_header(struct lm_safetensors *file, struct lm_err *err)
{
    struct stat info;
    uint64_t length = 0;
    if (fstat(file->fd, &info) != 0)
        return lm_fail_errno(err, errno, "cannot read %s", file->path);
    if (!S_ISREG(info.st_mode))
        return lm_fail(err, LM_FORMAT, "%s is no file; give a safetensors file", file->path);
    LM_TRY(read_at(file, &length, sizeof length, 0, err));
    if (length > LM_ST_HEADER_MAX || length > (uint64_t)info.st_size - LENGTH_BYTES)
        return lm_fail(err, LM_FORMAT,
                       "%s: the header's length is impossible; it is no safetensors file or "
                       "damaged",
                       file->path);
    file->data_at = LENGTH_BYTES + (int64_t)length;
    file->data_size = info.st_size - file->data_at;
    char *header = malloc((size_t)length + 1);
    if (header == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for %s", file->path);
    enum lm_status status = read_at(file, header, (size_t)length, LENGTH_BYTES, err);
    if (status == LM_OK)
        status = parse_rows(file, header, (size_t)length, err);
    free(header);
    return status;
}

enum lm_status lm_safetensors_open(struct lm_safetensors **out, const char *path,
                                   struct lm_err *err)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_safetensors *file = arena == NULL ? NULL : LM_NEW(arena, struct lm_safetensors);
    const char *name = arena == NULL ? NULL : lm_arena_strdup(arena, path);
    if (file == NULL || name == NULL) {
        lm_arena_free(arena);
        return lm_fail(err, LM_NOMEM, "out of memory for %s", path);
    }
    *file = (struct lm_safetensors){.arena = arena, .path = name};
    file->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a pipe must not make it wait */
    enum lm_status status =
        file->fd < 0 ? lm_fail_errno(err, errno, "cannot open %s", path) : read_header(file, err);
    if (status == LM_OK)
        status = check_places(file, err);
    if (status != LM_OK) {
        lm_safetensors_close(file);
        return status;
    }
    *out = file;
    return LM_OK;
}

void lm_safetensors_close(struct lm_safetensors *file)
{
    if (file == NULL)
        return;
    if (file->fd >= 0)
        close(file->fd);
    lm_arena_free(file->arena);
}

size_t lm_safetensors_count(const struct lm_safetensors *file)
{
    return file->count;
}

const struct lm_st_tensor *lm_safetensors_at(const struct lm_safetensors *file, size_t i)
{
    return &file->tensors[i];
}

const char *lm_safetensors_path(const struct lm_safetensors *file)
{
    return file->path;
}

/* Numbers of 16 bits, a chunk at a time. */
static enum lm_status read_narrow(const struct lm_safetensors *file, int type, int64_t offset,
                                  int64_t count, float *out, struct lm_err *err)
{
    uint16_t chunk[CHUNK];
    for (int64_t at = 0; at < count; at += CHUNK) {
        size_t some = (size_t)(count - at < CHUNK ? count - at : CHUNK);
        LM_TRY(
            read_at(file, chunk, some * sizeof *chunk, offset + at * (int64_t)sizeof *chunk, err));
        (type == LM_DTYPE_F16 ? lm_halves_to_floats : lm_bf16s_to_floats)(out + at, chunk, some);
    }
    return LM_OK;
}

enum lm_status lm_safetensors_read(const struct lm_safetensors *file,
                                   const struct lm_st_tensor *tensor, int64_t first, int64_t count,
                                   float *out, struct lm_err *err)
{
    if (tensor->type == LM_ST_OTHER_TYPE)
        return lm_fail(err, LM_FORMAT,
                       "%s: tensor \"%.80s\" is neither F32, F16 nor BF16; convert it first",
                       file->path, tensor->name);
    int64_t offset = file->data_at + tensor->begin + first * types[tensor->type].bytes;
    if (tensor->type != LM_DTYPE_F32)
        return read_narrow(file, tensor->type, offset, count, out, err);
    return read_at(file, out, (size_t)count * sizeof *out, offset, err);
}
