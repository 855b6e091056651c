/** safetensors files (https://github.com/huggingface/safetensors, format description of v0.3):
 *  8 bytes little-endian header length, a JSON header, then the tensors' bytes without holes. */
#ifndef LM_MODEL_SAFETENSORS_H
#define LM_MODEL_SAFETENSORS_H

#include <lmpipe/model.h>

/** Writes `count` tensors as F32 in the given order; durable when it returns. LM_IO, LM_NOMEM. */
enum lm_status lm_safetensors_save(const char *path, const struct lm_tensor *tensors, size_t count,
                                   struct lm_err *err);

/** Reads exactly the given tensors into their data. LM_FORMAT says what differs: a missing or
 *  unknown name, another type or shape, offsets that overlap, leave holes or leave the file. */
enum lm_status lm_safetensors_load(const char *path, const struct lm_tensor *tensors, size_t count,
                                   struct lm_err *err);

#endif
