/** Weights as a safetensors file: written, and read into the tensors of a model (the format:
 *  safetensors_file.h). */
#ifndef LM_MODEL_SAFETENSORS_H
#define LM_MODEL_SAFETENSORS_H

#include <lmpipe/model.h>

#include "model/formats/safetensors_file.h"

/** Writes `count` tensors as `dtype`, each under its name behind `prefix`, in the given order;
 *  durable when it returns. LM_RANGE: a weight is too large for the dtype; LM_IO, LM_NOMEM. */
enum lm_status lm_safetensors_write(const char *path, const struct lm_tensor *tensors, size_t count,
                                    const char *prefix, enum lm_dtype dtype, struct lm_err *err);

/** The same as F32, without prefix: a model's own file. */
enum lm_status lm_safetensors_save(const char *path, const struct lm_tensor *tensors, size_t count,
                                   struct lm_err *err);

/** Reads exactly the given tensors, all F32, into their data. LM_FORMAT says what differs: a
 *  missing or unknown name, another type or shape, or what lm_safetensors_open says. */
enum lm_status lm_safetensors_load(const char *path, const struct lm_tensor *tensors, size_t count,
                                   struct lm_err *err);

/** Place of `name` among tensors[0..count), looked for from *hint on, which becomes the place
 * behind it: files are mostly in order. `count` when it is not there. */
size_t lm_tensor_find(const struct lm_tensor *tensors, size_t count, const char *name,
                      size_t *hint);
/** LM_FORMAT when a tensor of a file has another shape than the model's. */
enum lm_status lm_tensor_fits(const struct lm_tensor *tensor, const struct lm_safetensors *file,
                              const struct lm_st_tensor *found, struct lm_err *err);

#endif
