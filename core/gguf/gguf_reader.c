/* Reading GGUF: the header is taken in piece by piece, and nothing is believed that the file's
 * length does not bear out. */
#include "gguf/gguf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lmpipe/arena.h>
#include <lmpipe/hash.h>

#include "base/buf.h"
#include "base/half.h"
#include "base/io.h"
#include "base/utf8.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "numbers are read as they lie in the file: this needs a little-endian machine"
#endif

enum {
    CHUNK = 1 << 16,
    HEADER_MAX = 1 << 28,
    KEYS_MAX = 1 << 12,
    TENSORS_MAX = 1 << 16,
    ALIGNMENT_MAX = 1 << 16,
    VERSION_FIRST = 2,
    VERSION_LAST = 3,
    KEY_BYTES = 8 + 1 + 4 + 1,           /* the least that a key and its value take */
    TENSOR_BYTES = 8 + 1 + 4 + 8 + 4 + 8 /* … a row of the table */
};

/* Where a value lies in the header. */
struct value {
    enum lm_gguf_type type, item; /* item: of an array */
    uint64_t count;
    size_t at, size;
};

struct pair {
    const char *key;
    struct value value;
};

struct lm_gguf {
    const char *path;
    int fd;
    uint64_t file_size;
    struct lm_arena *arena;
    struct lm_buf header; /* what has been read of it */
    size_t at;            /* what has been parsed of it */
    struct pair *pairs;   /* by key */
    size_t pair_count;
    struct lm_gguf_tensor *tensors; /* in the order of the file */
    const struct lm_gguf_tensor **by_name;
    size_t tensor_count;
    uint64_t alignment, data_at;
};

static const size_t sizes[LM_GGUF_TYPES] = {
    [LM_GGUF_U8] = 1,  [LM_GGUF_I8] = 1,  [LM_GGUF_U16] = 2, [LM_GGUF_I16] = 2,
    [LM_GGUF_U32] = 4, [LM_GGUF_I32] = 4, [LM_GGUF_F32] = 4, [LM_GGUF_BOOL] = 1,
    [LM_GGUF_U64] = 8, [LM_GGUF_I64] = 8, [LM_GGUF_F64] = 8,
};

#define AGAIN "take the file from its source again"

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

static const struct value *find(const struct lm_gguf *gguf, const char *key)
{
    const struct pair wanted = {.key = key};
    const struct pair *pair =
        bsearch(&wanted, gguf->pairs, gguf->pair_count, sizeof *gguf->pairs, by_key);
    return pair == NULL ? NULL : &pair->value;
}

static enum lm_status out_of_memory(const struct lm_gguf *gguf, struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "out of memory for %s; free some", gguf->path);
}

/* ---- bytes ---- */

static enum lm_status read_at(const struct lm_gguf *gguf, void *out, size_t size, uint64_t offset,
                              struct lm_err *err)
{
    if (lm_read_at(gguf->fd, out, size, offset) == size)
        return LM_OK;
    return errno != 0
               ? lm_fail_errno(err, errno, "cannot read %s", gguf->path)
               : lm_fail(err, LM_FORMAT, "%s became shorter while it was read; " AGAIN, gguf->path);
}

/* Takes in the next `size` bytes of the header, which the file must have. */
static enum lm_status need(struct lm_gguf *gguf, uint64_t size, struct lm_err *err)
{
    char chunk[CHUNK / 4];
    if (size > gguf->file_size - gguf->at)
        return lm_fail(err, LM_FORMAT, "%s ends too soon; " AGAIN, gguf->path);
    if (size > HEADER_MAX - gguf->at)
        return lm_fail(err, LM_RANGE, "%s: its header is larger than %d MiB; it is not for here",
                       gguf->path, HEADER_MAX >> 20);
    while (gguf->header.size < gguf->at + size) {
        uint64_t left = gguf->file_size - gguf->header.size;
        size_t n = left < sizeof chunk ? (size_t)left : sizeof chunk;
        LM_TRY(read_at(gguf, chunk, n, gguf->header.size, err));
        lm_buf_append(&gguf->header, chunk, n);
        if (gguf->header.failed)
            return out_of_memory(gguf, err);
    }
    return LM_OK;
}

/* The next number; `out` has its size. */
static enum lm_status take(struct lm_gguf *gguf, void *out, size_t size, struct lm_err *err)
{
    LM_TRY(need(gguf, size, err));
    memcpy(out, gguf->header.data + gguf->at, size);
    gguf->at += size;
    return LM_OK;
}

static enum lm_status take_name(struct lm_gguf *gguf, const char **out, size_t longest,
                                const char *what, struct lm_err *err)
{
    uint64_t size = 0;
    LM_TRY(take(gguf, &size, sizeof size, err));
    if (size < 1 || size > longest)
        return lm_fail(err, LM_FORMAT, "%s: a %s is not of 1 to %zu characters; " AGAIN, gguf->path,
                       what, longest);
    LM_TRY(need(gguf, size, err));
    const char *name = gguf->header.data + gguf->at;
    for (size_t i = 0; i < size; i++)
        if (name[i] < ' ' || name[i] > '~')
            return lm_fail(err, LM_FORMAT, "%s: a %s is not printable ASCII; " AGAIN, gguf->path,
                           what);
    *out = lm_arena_strndup(gguf->arena, name, (size_t)size);
    gguf->at += (size_t)size;
    return *out != NULL ? LM_OK : out_of_memory(gguf, err);
}

/* ---- keys and values ---- */

static enum lm_status take_type(struct lm_gguf *gguf, enum lm_gguf_type *out, const char *key,
                                struct lm_err *err)
{
    uint32_t type = 0;
    LM_TRY(take(gguf, &type, sizeof type, err));
    if (type >= LM_GGUF_TYPES)
        return lm_fail(err, LM_FORMAT, "%s: %s has the unknown type %u; " AGAIN, gguf->path, key,
                       type);
    *out = (enum lm_gguf_type)type;
    return LM_OK;
}

static enum lm_status check_bools(const struct lm_gguf *gguf, const struct value *value,
                                  const char *key, struct lm_err *err)
{
    for (size_t i = 0; i < value->size; i++)
        if ((unsigned char)gguf->header.data[value->at + i] > 1)
            return lm_fail(err, LM_FORMAT, "%s: %s is neither true nor false; " AGAIN, gguf->path,
                           key);
    return LM_OK;
}

/* Steps over `count` strings. Each takes bytes of the file, so that it ends. */
static enum lm_status skip_strings(struct lm_gguf *gguf, uint64_t count, struct lm_err *err)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t size = 0;
        LM_TRY(take(gguf, &size, sizeof size, err));
        LM_TRY(need(gguf, size, err));
        gguf->at += (size_t)size;
    }
    return LM_OK;
}

/* Items of one type from here on: their place and size. */
static enum lm_status take_items(struct lm_gguf *gguf, struct value *value, enum lm_gguf_type type,
                                 const char *key, struct lm_err *err)
{
    value->at = gguf->at;
    if (type == LM_GGUF_STRING) {
        LM_TRY(skip_strings(gguf, value->count, err));
    } else {
        if (value->count > gguf->file_size / sizes[type])
            return lm_fail(err, LM_FORMAT, "%s: %s is longer than the file; " AGAIN, gguf->path,
                           key);
        LM_TRY(need(gguf, value->count * sizes[type], err));
        gguf->at += (size_t)value->count * sizes[type];
    }
    value->size = gguf->at - value->at;
    return type == LM_GGUF_BOOL ? check_bools(gguf, value, key, err) : LM_OK;
}

static enum lm_status take_pair(struct lm_gguf *gguf, struct pair *pair, struct lm_err *err)
{
    struct value *value = &pair->value;
    LM_TRY(take_name(gguf, &pair->key, LM_GGUF_KEY_LONGEST, "key", err));
    LM_TRY(take_type(gguf, &value->type, pair->key, err));
    value->item = value->type;
    value->count = 1;
    if (value->type == LM_GGUF_ARRAY) {
        LM_TRY(take_type(gguf, &value->item, pair->key, err));
        if (value->item == LM_GGUF_ARRAY)
            return lm_fail(err, LM_UNSUPPORTED,
                           "%s: %s is an array of arrays, which no model needs; leave it out",
                           gguf->path, pair->key);
        LM_TRY(take(gguf, &value->count, sizeof value->count, err));
    }
    return take_items(gguf, value, value->item, pair->key, err);
}

static enum lm_status take_pairs(struct lm_gguf *gguf, struct lm_err *err)
{
    gguf->pairs = LM_NEW_ARRAY(gguf->arena, struct pair, gguf->pair_count + 1);
    if (gguf->pairs == NULL)
        return out_of_memory(gguf, err);
    for (size_t i = 0; i < gguf->pair_count; i++)
        LM_TRY(take_pair(gguf, &gguf->pairs[i], err));
    qsort(gguf->pairs, gguf->pair_count, sizeof *gguf->pairs, by_key);
    for (size_t i = 1; i < gguf->pair_count; i++)
        if (by_key(&gguf->pairs[i - 1], &gguf->pairs[i]) == 0)
            return lm_fail(err, LM_FORMAT, "%s: %s is there twice; " AGAIN, gguf->path,
                           gguf->pairs[i].key);
    return LM_OK;
}

/* ---- tensors ---- */

static uint64_t align_up(const struct lm_gguf *gguf, uint64_t offset)
{
    return (offset + gguf->alignment - 1) / gguf->alignment * gguf->alignment;
}

static enum lm_status take_shape(struct lm_gguf *gguf, struct lm_gguf_tensor *tensor,
                                 struct lm_err *err)
{
    uint32_t dims = 0;
    LM_TRY(take(gguf, &dims, sizeof dims, err));
    if (dims < 1 || dims > LM_GGUF_DIMS)
        return lm_fail(err, LM_FORMAT, "%s: tensor \"%s\" has %u dimensions, not 1 to %d; " AGAIN,
                       gguf->path, tensor->name, dims, LM_GGUF_DIMS);
    tensor->dims = (int)dims;
    tensor->count = 1;
    for (uint32_t d = 0; d < LM_GGUF_DIMS; d++) {
        uint64_t size = 1;
        if (d < dims)
            LM_TRY(take(gguf, &size, sizeof size, err));
        if (size < 1 || size > INT64_MAX ||
            __builtin_mul_overflow(tensor->count, (int64_t)size, &tensor->count))
            return lm_fail(err, LM_FORMAT, "%s: tensor \"%s\" has an impossible shape; " AGAIN,
                           gguf->path, tensor->name);
        tensor->shape[d] = (int64_t)size;
    }
    return LM_OK;
}

/* A row of the table; `expected` is where its bytes must begin, and becomes where they end. */
static enum lm_status take_tensor(struct lm_gguf *gguf, struct lm_gguf_tensor *tensor,
                                  uint64_t *expected, struct lm_err *err)
{
    LM_TRY(take_name(gguf, &tensor->name, LM_GGUF_NAME_LONGEST, "tensor's name", err));
    LM_TRY(take_shape(gguf, tensor, err));
    LM_TRY(take(gguf, &tensor->type, sizeof tensor->type, err));
    LM_TRY(take(gguf, &tensor->offset, sizeof tensor->offset, err));
    struct lm_gguf_block block = lm_gguf_block(tensor->type);
    if (block.name == NULL)
        return lm_fail(err, LM_UNSUPPORTED,
                       "%s: tensor \"%s\" has elements of the unknown type %u; convert it to F32, "
                       "F16 or BF16",
                       gguf->path, tensor->name, tensor->type);
    if (tensor->shape[0] % block.elements != 0 ||
        __builtin_mul_overflow((uint64_t)tensor->count / block.elements, block.bytes,
                               &tensor->size) ||
        tensor->size > gguf->file_size)
        return lm_fail(err, LM_FORMAT, "%s: tensor \"%s\" is larger than the file; " AGAIN,
                       gguf->path, tensor->name);
    *expected = align_up(gguf, *expected);
    if (tensor->offset != *expected)
        return lm_fail(err, LM_FORMAT,
                       "%s: tensor \"%s\" does not begin where the one before it ends; " AGAIN,
                       gguf->path, tensor->name);
    *expected += tensor->size;
    return *expected <= gguf->file_size
               ? LM_OK
               : lm_fail(err, LM_FORMAT, "%s ends too soon; " AGAIN, gguf->path);
}

static int by_name(const void *a, const void *b)
{
    const struct lm_gguf_tensor *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static enum lm_status take_tensors(struct lm_gguf *gguf, uint64_t *data_size, struct lm_err *err)
{
    gguf->tensors = LM_NEW_ARRAY(gguf->arena, struct lm_gguf_tensor, gguf->tensor_count + 1);
    gguf->by_name =
        LM_NEW_ARRAY(gguf->arena, const struct lm_gguf_tensor *, gguf->tensor_count + 1);
    if (gguf->tensors == NULL || gguf->by_name == NULL)
        return out_of_memory(gguf, err);
    *data_size = 0;
    for (size_t i = 0; i < gguf->tensor_count; i++) {
        LM_TRY(take_tensor(gguf, &gguf->tensors[i], data_size, err));
        gguf->by_name[i] = &gguf->tensors[i];
    }
    qsort(gguf->by_name, gguf->tensor_count, sizeof(const struct lm_gguf_tensor *), by_name);
    for (size_t i = 1; i < gguf->tensor_count; i++)
        if (by_name(&gguf->by_name[i - 1], &gguf->by_name[i]) == 0)
            return lm_fail(err, LM_FORMAT, "%s: tensor \"%s\" is there twice; " AGAIN, gguf->path,
                           gguf->by_name[i]->name);
    return LM_OK;
}

/* ---- the whole ---- */

static enum lm_status take_start(struct lm_gguf *gguf, struct lm_err *err)
{
    char magic[4];
    uint32_t version = 0;
    uint64_t tensors = 0, pairs = 0;
    if (gguf->file_size < sizeof magic + sizeof version + sizeof tensors + sizeof pairs)
        return lm_fail(err, LM_FORMAT, "%s is too short to be a GGUF file; name another",
                       gguf->path);
    LM_TRY(take(gguf, magic, sizeof magic, err));
    if (memcmp(magic, "GGUF", sizeof magic) != 0)
        return lm_fail(err, LM_FORMAT, "%s is no GGUF file; name another", gguf->path);
    LM_TRY(take(gguf, &version, sizeof version, err));
    if (version == 1 || (version & 0xFFFF) == 0)
        return lm_fail(err, LM_UNSUPPORTED,
                       "%s is %s, which is not read; convert it with llama.cpp's tools", gguf->path,
                       version == 1 ? "GGUF of version 1" : "a big-endian GGUF file");
    if (version < VERSION_FIRST || version > VERSION_LAST)
        return lm_fail(err, LM_UNSUPPORTED,
                       "%s is GGUF of version %u; versions %d and %d are read, convert it",
                       gguf->path, version, VERSION_FIRST, VERSION_LAST);
    LM_TRY(take(gguf, &tensors, sizeof tensors, err));
    LM_TRY(take(gguf, &pairs, sizeof pairs, err));
    if (tensors > TENSORS_MAX || tensors > gguf->file_size / TENSOR_BYTES || pairs > KEYS_MAX ||
        pairs > gguf->file_size / KEY_BYTES)
        return lm_fail(err, LM_FORMAT, "%s announces more keys or tensors than it can hold; " AGAIN,
                       gguf->path);
    gguf->tensor_count = (size_t)tensors;
    gguf->pair_count = (size_t)pairs;
    return LM_OK;
}

static enum lm_status find_alignment(struct lm_gguf *gguf, struct lm_err *err)
{
    static const char key[] = "general.alignment";
    int64_t alignment = 32;
    if (lm_gguf_has(gguf, key))
        LM_TRY(lm_gguf_get_int(gguf, key, &alignment, err));
    if (alignment < 8 || alignment > ALIGNMENT_MAX || (alignment & (alignment - 1)) != 0)
        return lm_fail(err, LM_FORMAT, "%s: %s is no power of two from 8 to %d; " AGAIN, gguf->path,
                       key, ALIGNMENT_MAX);
    gguf->alignment = (uint64_t)alignment;
    return LM_OK;
}

/* Bytes from..to, which only pad, are zero. */
static enum lm_status check_padding(const struct lm_gguf *gguf, uint64_t from, uint64_t to,
                                    struct lm_err *err)
{
    char bytes[256];
    while (from < to) {
        size_t n = to - from < sizeof bytes ? (size_t)(to - from) : sizeof bytes;
        LM_TRY(read_at(gguf, bytes, n, from, err));
        for (size_t i = 0; i < n; i++)
            if (bytes[i] != 0)
                return lm_fail(err, LM_FORMAT, "%s: the padding at byte %llu is not zero; " AGAIN,
                               gguf->path, (unsigned long long)from + i);
        from += n;
    }
    return LM_OK;
}

/* Header, tensors, and padding between and behind them are all that the file holds. */
static enum lm_status check_extent(struct lm_gguf *gguf, uint64_t data_size, struct lm_err *err)
{
    uint64_t header = gguf->at;
    gguf->data_at = align_up(gguf, header);
    uint64_t end = gguf->tensor_count > 0 ? gguf->data_at + data_size : header;
    if (gguf->file_size < end)
        return lm_fail(err, LM_FORMAT, "%s ends too soon; " AGAIN, gguf->path);
    if (gguf->file_size != end && gguf->file_size != align_up(gguf, end))
        return lm_fail(err, LM_FORMAT, "%s: %llu bytes follow what it lists; " AGAIN, gguf->path,
                       (unsigned long long)(gguf->file_size - end));
    for (size_t i = 0; i < gguf->tensor_count; i++) {
        uint64_t begin = gguf->data_at + gguf->tensors[i].offset;
        LM_TRY(check_padding(gguf, header, begin, err));
        header = begin + gguf->tensors[i].size;
    }
    return check_padding(gguf, header, gguf->file_size, err);
}

/* Adds bytes from..to to a hash. */
static enum lm_status hash_bytes(const struct lm_gguf *gguf, struct lm_sha256 *hash, uint64_t from,
                                 uint64_t to, struct lm_err *err)
{
    char chunk[CHUNK / 4];
    while (from < to) {
        size_t n = to - from < sizeof chunk ? (size_t)(to - from) : sizeof chunk;
        LM_TRY(read_at(gguf, chunk, n, from, err));
        lm_sha256_update(hash, chunk, n);
        from += n;
    }
    return LM_OK;
}

/* A file that says its digest must have it. */
static enum lm_status check_digest(const struct lm_gguf *gguf, struct lm_err *err)
{
    static const char zeros[] = LM_GGUF_NO_DIGEST;
    const struct value *value = find(gguf, LM_GGUF_DIGEST_KEY);
    struct lm_digest digest;
    char digits[LM_DIGEST_HEX];
    if (value == NULL)
        return find(gguf, LM_GGUF_FORMAT_KEY) == NULL
                   ? LM_OK
                   : lm_fail(err, LM_FORMAT, "%s has lost its " LM_GGUF_DIGEST_KEY "; " AGAIN,
                             gguf->path);
    uint64_t length = sizeof zeros - 1, at = value->at + sizeof(uint64_t);
    if (value->type != LM_GGUF_STRING || value->size != length + sizeof(uint64_t))
        return lm_fail(err, LM_FORMAT, "%s: " LM_GGUF_DIGEST_KEY " is no digest; " AGAIN,
                       gguf->path);
    struct lm_sha256 *hash = lm_sha256_create();
    if (hash == NULL)
        return out_of_memory(gguf, err);
    enum lm_status status = hash_bytes(gguf, hash, 0, at, err);
    if (status == LM_OK) {
        lm_sha256_update(hash, zeros, (size_t)length);
        status = hash_bytes(gguf, hash, at + length, gguf->file_size, err);
    }
    lm_sha256_final(hash, &digest);
    lm_sha256_free(hash);
    lm_digest_hex(digits, &digest);
    if (status == LM_OK && memcmp(digits, gguf->header.data + at, (size_t)length) != 0)
        status =
            lm_fail(err, LM_FORMAT,
                    "%s has not the SHA-256 that " LM_GGUF_DIGEST_KEY
                    " says; take the file from its source again, or remove that key if another "
                    "program has changed it",
                    gguf->path);
    return status;
}

static enum lm_status parse(struct lm_gguf *gguf, struct lm_err *err)
{
    uint64_t data_size = 0;
    struct stat info;
    if (fstat(gguf->fd, &info) != 0)
        return lm_fail_errno(err, errno, "cannot read %s", gguf->path);
    if (!S_ISREG(info.st_mode))
        return lm_fail(err, LM_FORMAT, "%s is no file; name a GGUF file", gguf->path);
    gguf->file_size = (uint64_t)info.st_size;
    LM_TRY(take_start(gguf, err));
    LM_TRY(take_pairs(gguf, err));
    LM_TRY(find_alignment(gguf, err));
    LM_TRY(take_tensors(gguf, &data_size, err));
    LM_TRY(check_extent(gguf, data_size, err));
    return check_digest(gguf, err);
}

enum lm_status lm_gguf_open(struct lm_gguf **out, const char *path, struct lm_err *err)
{
    struct lm_gguf *gguf = calloc(1, sizeof *gguf);
    if (gguf == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for %s; free some", path);
    lm_buf_init(&gguf->header, HEADER_MAX + CHUNK);
    gguf->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    gguf->arena = lm_arena_create();
    gguf->path = gguf->arena == NULL ? NULL : lm_arena_strdup(gguf->arena, path);
    enum lm_status status = LM_OK;
    if (gguf->fd < 0)
        status = lm_fail_errno(err, errno, "cannot open %s", path);
    else if (gguf->path == NULL)
        status = lm_fail(err, LM_NOMEM, "out of memory for %s; free some", path);
    else
        status = parse(gguf, err);
    if (status == LM_OK)
        *out = gguf;
    else
        lm_gguf_close(gguf);
    return status;
}

void lm_gguf_close(struct lm_gguf *gguf)
{
    if (gguf == NULL)
        return;
    if (gguf->fd >= 0)
        close(gguf->fd);
    lm_buf_release(&gguf->header);
    lm_arena_free(gguf->arena);
    free(gguf);
}

const char *lm_gguf_path(const struct lm_gguf *gguf)
{
    return gguf->path;
}

/* ---- asking for values ---- */

bool lm_gguf_has(const struct lm_gguf *gguf, const char *key)
{
    return find(gguf, key) != NULL;
}

const char *lm_gguf_key(const struct lm_gguf *gguf, size_t index)
{
    return index < gguf->pair_count ? gguf->pairs[index].key : NULL;
}

static enum lm_status get(const struct lm_gguf *gguf, const char *key, const struct value **out,
                          struct lm_err *err)
{
    *out = find(gguf, key);
    return *out != NULL
               ? LM_OK
               : lm_fail(err, LM_NOT_FOUND, "%s does not say %s; take a file that is a whole model",
                         gguf->path, key);
}

static enum lm_status wrong_kind(const struct lm_gguf *gguf, const char *key, const char *wanted,
                                 struct lm_err *err)
{
    return lm_fail(err, LM_FORMAT, "%s: %s is not %s; " AGAIN, gguf->path, key, wanted);
}

/* The integer of a type at `at`; false when the type is none or the number too large. */
static bool int_at(enum lm_gguf_type type, const uint8_t *at, int64_t *out)
{
    uint64_t bits = 0;
    bool is_signed = type == LM_GGUF_I8 || type == LM_GGUF_I16 || type == LM_GGUF_I32;
    if (type == LM_GGUF_F32 || type == LM_GGUF_F64 || type == LM_GGUF_BOOL ||
        type == LM_GGUF_STRING || type == LM_GGUF_ARRAY)
        return false;
    memcpy(&bits, at, sizes[type]);
    uint64_t sign = UINT64_C(1) << (8 * sizes[type] - 1);
    if (is_signed)
        bits = (bits ^ sign) - sign;
    *out = (int64_t)bits;
    return type != LM_GGUF_U64 || bits <= INT64_MAX;
}

static const uint8_t *bytes_of(const struct lm_gguf *gguf, const struct value *value)
{
    return (const uint8_t *)gguf->header.data + value->at;
}

enum lm_status lm_gguf_get_int(const struct lm_gguf *gguf, const char *key, int64_t *out,
                               struct lm_err *err)
{
    const struct value *value;
    int64_t number;
    LM_TRY(get(gguf, key, &value, err));
    if (!int_at(value->type, bytes_of(gguf, value), &number))
        return wrong_kind(gguf, key, "an integer", err);
    *out = number;
    return LM_OK;
}

enum lm_status lm_gguf_get_double(const struct lm_gguf *gguf, const char *key, double *out,
                                  struct lm_err *err)
{
    const struct value *value;
    float single = 0;
    LM_TRY(get(gguf, key, &value, err));
    if (value->type != LM_GGUF_F32 && value->type != LM_GGUF_F64)
        return wrong_kind(gguf, key, "a number with a fraction", err);
    if (value->type == LM_GGUF_F64) {
        memcpy(out, bytes_of(gguf, value), sizeof *out);
    } else {
        memcpy(&single, bytes_of(gguf, value), sizeof single);
        *out = (double)single;
    }
    return LM_OK;
}

enum lm_status lm_gguf_get_bool(const struct lm_gguf *gguf, const char *key, bool *out,
                                struct lm_err *err)
{
    const struct value *value;
    LM_TRY(get(gguf, key, &value, err));
    if (value->type != LM_GGUF_BOOL)
        return wrong_kind(gguf, key, "true or false", err);
    *out = bytes_of(gguf, value)[0] != 0;
    return LM_OK;
}

enum lm_status lm_gguf_get_text(const struct lm_gguf *gguf, const char *key, const char **text,
                                size_t *size, struct lm_err *err)
{
    const struct value *value;
    LM_TRY(get(gguf, key, &value, err));
    if (value->type != LM_GGUF_STRING)
        return wrong_kind(gguf, key, "a text", err);
    const uint8_t *bytes = bytes_of(gguf, value) + sizeof(uint64_t);
    size_t length = value->size - sizeof(uint64_t);
    bool is_line = lm_utf8_valid_prefix(bytes, length) == length;
    for (size_t i = 0; i < length; i++)
        is_line = is_line && bytes[i] >= ' ' && bytes[i] != 0x7F;
    if (!is_line)
        return wrong_kind(gguf, key, "a line of UTF-8", err);
    *text = (const char *)bytes;
    *size = length;
    return LM_OK;
}

/* ---- arrays ---- */

static enum lm_status get_items(const struct lm_gguf *gguf, const char *key, bool texts,
                                struct lm_gguf_items *out, struct lm_err *err)
{
    const struct value *value;
    int64_t ignored;
    LM_TRY(get(gguf, key, &value, err));
    const uint8_t zeros[8] = {0};
    bool fits = texts ? value->item == LM_GGUF_STRING : int_at(value->item, zeros, &ignored);
    if (value->type != LM_GGUF_ARRAY || !fits)
        return wrong_kind(gguf, key, texts ? "an array of texts" : "an array of integers", err);
    *out = (struct lm_gguf_items){value->item, value->count, bytes_of(gguf, value)};
    return LM_OK;
}

enum lm_status lm_gguf_get_texts(const struct lm_gguf *gguf, const char *key,
                                 struct lm_gguf_items *out, struct lm_err *err)
{
    return get_items(gguf, key, true, out, err);
}

enum lm_status lm_gguf_get_ints(const struct lm_gguf *gguf, const char *key,
                                struct lm_gguf_items *out, struct lm_err *err)
{
    return get_items(gguf, key, false, out, err);
}

bool lm_gguf_next_text(struct lm_gguf_items *items, const char **text, size_t *size)
{
    uint64_t length;
    if (items->left == 0)
        return false;
    memcpy(&length, items->at, sizeof length);
    *text = (const char *)items->at + sizeof length;
    *size = (size_t)length;
    items->at += sizeof length + (size_t)length;
    items->left--;
    return true;
}

bool lm_gguf_next_int(struct lm_gguf_items *items, int64_t *out)
{
    if (items->left == 0)
        return false;
    if (!int_at(items->type, items->at, out))
        *out = -1; /* an unsigned number beyond those with a sign: as far out of bounds */
    items->at += sizes[items->type];
    items->left--;
    return true;
}

/* ---- asking for tensors ---- */

size_t lm_gguf_tensors(const struct lm_gguf *gguf)
{
    return gguf->tensor_count;
}

const struct lm_gguf_tensor *lm_gguf_tensor(const struct lm_gguf *gguf, size_t index)
{
    return &gguf->tensors[index];
}

const struct lm_gguf_tensor *lm_gguf_find(const struct lm_gguf *gguf, const char *name)
{
    const struct lm_gguf_tensor wanted = {.name = name}, *key = &wanted;
    const struct lm_gguf_tensor *const *found = bsearch(
        &key, gguf->by_name, gguf->tensor_count, sizeof(const struct lm_gguf_tensor *), by_name);
    return found == NULL ? NULL : *found;
}

/* Elements as they are stored become floats. */
static void widen(float *out, const void *stored, uint32_t type, size_t count)
{
    if (type == LM_GGUF_ELEMENT_F32)
        memcpy(out, stored, count * sizeof *out);
    else if (type == LM_GGUF_ELEMENT_F16)
        lm_halves_to_floats(out, stored, count);
    else
        lm_bf16s_to_floats(out, stored, count);
}

enum lm_status lm_gguf_read(const struct lm_gguf *gguf, const struct lm_gguf_tensor *tensor,
                            struct lm_gguf_view view, struct lm_err *err)
{
    struct lm_gguf_block block = lm_gguf_block(tensor->type);
    if (tensor->type != LM_GGUF_ELEMENT_F32 && tensor->type != LM_GGUF_ELEMENT_F16 &&
        tensor->type != LM_GGUF_ELEMENT_BF16)
        return lm_fail(err, LM_UNSUPPORTED,
                       "%s: tensor \"%s\" is %s; take the model in F32, F16 or BF16", gguf->path,
                       tensor->name, block.name);
    float *floats = calloc(CHUNK, sizeof *floats + block.bytes);
    if (floats == NULL)
        return out_of_memory(gguf, err);
    void *stored = floats + CHUNK;
    enum lm_status status = LM_OK;
    size_t count = (size_t)tensor->count, columns = (size_t)tensor->shape[0], row = 0, column = 0;
    for (size_t done = 0; done < count && status == LM_OK;) {
        size_t n = count - done < CHUNK ? count - done : CHUNK;
        status = read_at(gguf, stored, n * block.bytes,
                         gguf->data_at + tensor->offset + done * block.bytes, err);
        if (status == LM_OK)
            widen(floats, stored, tensor->type, n);
        for (size_t i = 0; i < n && status == LM_OK; i++) {
            view.data[row * view.row + column * view.item] = floats[i];
            column = column + 1 == columns ? 0 : column + 1;
            row += column == 0;
        }
        done += n;
    }
    free(floats);
    return status;
}
