/** The sizes that a configuration comes to, worked out once: what loops and tensors are cut by. */
#ifndef LM_MODEL_SHAPE_H
#define LM_MODEL_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include <lmpipe/model.h>

struct lm_shape {
    size_t V, T, L, C; /**< vocabulary, context, layers, width */
    size_t H, K, D;    /**< heads, heads of keys and values, numbers of a head */
    size_t A, Q;       /**< of all heads; of a row of queries, keys and values: A + 2·K·D */
    size_t F, G;       /**< of the feed-forward part inside; times which its first matrix is wide */
};

struct lm_shape lm_shape_of(const struct lm_model_config *config);

/** Tokens that a query of this layer sees; 0: all before it. */
size_t lm_shape_window(const struct lm_model_config *config, size_t layer);

/** Multiplications and additions of a forward pass on `rows` tokens in sequences of `time`: through
 *  the layers' matrices, the attention of all layers, the head. */
double lm_layers_flops(const struct lm_model_config *config, size_t rows);
double lm_attention_flops(const struct lm_model_config *config, size_t rows, size_t time);
double lm_head_flops(const struct lm_model_config *config, size_t rows);

#endif
