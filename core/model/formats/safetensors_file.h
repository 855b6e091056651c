/**
 * A safetensors file opened for reading (https://github.com/huggingface/safetensors, format
 * description of v0.3): 8 bytes little-endian header length, a JSON header, the tensors' bytes.
 *
 * Nothing in a file is trusted. When it is open, the header was inside the file and at most 16 MiB,
 * names and numbers were bounded, no name came twice, every dimension was ≥ 1, every size was what
 * shape and type make, products did not overflow, and the tensors' bytes follow each other without
 * hole or overlap up to the end of the file. Data is read with read(), never mapped.
 */
#ifndef LM_MODEL_SAFETENSORS_FILE_H
#define LM_MODEL_SAFETENSORS_FILE_H

#include <lmpipe/model.h>

enum {
    LM_ST_DIMS = 4,              /**< most dimensions; a scalar has none */
    LM_ST_NAME = 256,            /**< longest name, bytes */
    LM_ST_TENSORS = 1 << 16,     /**< most tensors */
    LM_ST_HEADER_MAX = 1 << 24,  /**< longest header, bytes */
    LM_ST_OTHER_TYPE = LM_DTYPES /**< a known type that does not become float */
};

struct lm_safetensors; /**< an open file */

/** A row of the header, checked. */
struct lm_st_tensor {
    const char *name; /**< owned by the file */
    int type;         /**< enum lm_dtype, or LM_ST_OTHER_TYPE */
    int dims;
    int64_t shape[LM_ST_DIMS];
    int64_t count;      /**< elements */
    int64_t begin, end; /**< its bytes, counted from the end of the header */
};

/** Opens and checks a file. LM_FORMAT says what is wrong with it; LM_NOT_FOUND, LM_IO, LM_NOMEM. */
enum lm_status lm_safetensors_open(struct lm_safetensors **out, const char *path,
                                   struct lm_err *err);
void lm_safetensors_close(struct lm_safetensors *file); /**< NULL is fine */

/** Number of tensors, and the i-th of them in the order of their bytes. */
size_t lm_safetensors_count(const struct lm_safetensors *file);
const struct lm_st_tensor *lm_safetensors_at(const struct lm_safetensors *file, size_t i);
const char *lm_safetensors_path(const struct lm_safetensors *file);

/** Elements [first, first + count) of a tensor of this file as float, exactly. LM_FORMAT for a type
 *  that is none of enum lm_dtype, or when the file has become shorter; LM_IO. */
enum lm_status lm_safetensors_read(const struct lm_safetensors *file,
                                   const struct lm_st_tensor *tensor, int64_t first, int64_t count,
                                   float *out, struct lm_err *err);

#endif
