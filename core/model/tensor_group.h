/** Where a weight tensor stands: its group and its level, by its place among the model's. */
#ifndef LM_MODEL_TENSOR_GROUP_H
#define LM_MODEL_TENSOR_GROUP_H

#include "model/params.h"

/** The bit of enum lm_tensor_group. */
unsigned lm_tensor_group_of(const struct lm_tensor_map *map, size_t index);

/** 0: embeddings; 1 … layers: the layers; layers + 1: what is above them. */
int64_t lm_tensor_level(const struct lm_tensor_map *map, size_t index);

#endif
