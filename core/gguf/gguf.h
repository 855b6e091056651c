/**
 * The inside of GGUF files (include/lmpipe/gguf.h): named values and a table of tensors, without
 * what they mean.
 *
 * All of a header is in memory, tensors stay in the file. Bounds: 256 MiB of header, 4,096 keys of
 * up to 256 bytes, 65,536 tensors with names of up to 64, both printable ASCII.
 */
#ifndef LM_GGUF_GGUF_H
#define LM_GGUF_GGUF_H

#include <lmpipe/gguf.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LM_GGUF_DIMS = 4, LM_GGUF_KEY_LONGEST = 256, LM_GGUF_NAME_LONGEST = 64 };

/** A file of ours says its own SHA-256, taken with the digest's digits as zeros, so that damage
 *  anywhere is noticed; and in its first key that it does. */
#define LM_GGUF_FORMAT_KEY "lmpipe.format"
#define LM_GGUF_DIGEST_KEY "lmpipe.sha256"
#define LM_GGUF_NO_DIGEST "0000000000000000000000000000000000000000000000000000000000000000"

/** Types of values, by their numbers in the file. */
enum lm_gguf_type {
    LM_GGUF_U8,
    LM_GGUF_I8,
    LM_GGUF_U16,
    LM_GGUF_I16,
    LM_GGUF_U32,
    LM_GGUF_I32,
    LM_GGUF_F32,
    LM_GGUF_BOOL,
    LM_GGUF_STRING,
    LM_GGUF_ARRAY,
    LM_GGUF_U64,
    LM_GGUF_I64,
    LM_GGUF_F64,
    LM_GGUF_TYPES
};

/** Types of elements that are read and written, by their numbers in the file. */
enum lm_gguf_element {
    LM_GGUF_ELEMENT_F32 = 0,
    LM_GGUF_ELEMENT_F16 = 1,
    LM_GGUF_ELEMENT_BF16 = 30
};

/** A type of elements: so many are stored together in so many bytes. */
struct lm_gguf_block {
    const char *name; /**< "F32", "Q4_K"; NULL: unknown */
    uint32_t elements, bytes;
};

/** The type of number `type`; name NULL when it is unknown. */
struct lm_gguf_block lm_gguf_block(uint32_t type);

/** Rows of floats in memory: element i of row r is data[r * row + i * item]. */
struct lm_gguf_view {
    float *data;
    size_t row, item;
};

struct lm_gguf_tensor {
    const char *name;
    int dims;                    /**< 1 to 4 */
    int64_t shape[LM_GGUF_DIMS]; /**< elements of a row first; 1 beyond dims */
    int64_t count;               /**< elements of all */
    uint32_t type;               /**< known to lm_gguf_block */
    uint64_t offset, size;       /**< bytes, from the start of the data */
};

/* ---- read ---- */

const char *lm_gguf_path(const struct lm_gguf *gguf);

/** Values by key. LM_NOT_FOUND, or LM_FORMAT when the value is of another kind; the message names
 *  file and key. Integers of any width; text is UTF-8 without control characters, borrowed, and not
 *  NUL-terminated. */
enum lm_status lm_gguf_get_int(const struct lm_gguf *gguf, const char *key, int64_t *out,
                               struct lm_err *err);
enum lm_status lm_gguf_get_double(const struct lm_gguf *gguf, const char *key, double *out,
                                  struct lm_err *err);
enum lm_status lm_gguf_get_bool(const struct lm_gguf *gguf, const char *key, bool *out,
                                struct lm_err *err);
enum lm_status lm_gguf_get_text(const struct lm_gguf *gguf, const char *key, const char **text,
                                size_t *size, struct lm_err *err);

bool lm_gguf_has(const struct lm_gguf *gguf, const char *key);
/** The index-th key by the order of bytes; NULL behind the last. */
const char *lm_gguf_key(const struct lm_gguf *gguf, size_t index);

/** An array on its way: items come one by one. */
struct lm_gguf_items {
    enum lm_gguf_type type;
    uint64_t left;
    const uint8_t *at;
};

/** The array of strings, or of integers, called `key`. Errors as those of single values. */
enum lm_status lm_gguf_get_texts(const struct lm_gguf *gguf, const char *key,
                                 struct lm_gguf_items *out, struct lm_err *err);
enum lm_status lm_gguf_get_ints(const struct lm_gguf *gguf, const char *key,
                                struct lm_gguf_items *out, struct lm_err *err);
/** The next item; false at the end. Bytes of a text are any. */
bool lm_gguf_next_text(struct lm_gguf_items *items, const char **text, size_t *size);
bool lm_gguf_next_int(struct lm_gguf_items *items, int64_t *out);

size_t lm_gguf_tensors(const struct lm_gguf *gguf);
/** The index-th tensor in the order of the file; by name, or NULL. Borrowed. */
const struct lm_gguf_tensor *lm_gguf_tensor(const struct lm_gguf *gguf, size_t index);
const struct lm_gguf_tensor *lm_gguf_find(const struct lm_gguf *gguf, const char *name);

/** Reads a tensor of F32, F16 or BF16 into a view of shape[0] columns, all further dimensions being
 *  rows. LM_UNSUPPORTED for another type, LM_IO, LM_NOMEM. */
enum lm_status lm_gguf_read(const struct lm_gguf *gguf, const struct lm_gguf_tensor *tensor,
                            struct lm_gguf_view view, struct lm_err *err);

/* ---- write ---- */

/** Adds a value; what fails is told by lm_gguf_write. Keys must differ. */
void lm_gguf_put_u32(struct lm_gguf_writer *writer, const char *key, uint32_t value);
void lm_gguf_put_f32(struct lm_gguf_writer *writer, const char *key, float value);
void lm_gguf_put_bool(struct lm_gguf_writer *writer, const char *key, bool value);
void lm_gguf_put_text(struct lm_gguf_writer *writer, const char *key, const char *text);
/** Begins an array of `count` items of one type, which must follow. */
void lm_gguf_put_array(struct lm_gguf_writer *writer, const char *key, enum lm_gguf_type type,
                       uint64_t count);
void lm_gguf_put_item_text(struct lm_gguf_writer *writer, const void *text, size_t size);
void lm_gguf_put_item_i32(struct lm_gguf_writer *writer, int32_t value);
/** Adds a tensor of one or two dimensions, `rows` × `columns` (0 rows: one dimension), kept as F32,
 *  F16 or BF16. The view's data is borrowed until the file is written. LM_NOMEM. */
enum lm_status lm_gguf_put_tensor(struct lm_gguf_writer *writer, const char *name,
                                  enum lm_gguf_element type, int64_t rows, int64_t columns,
                                  struct lm_gguf_view view, struct lm_err *err);

#endif
