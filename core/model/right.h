/**
 * Right operands of matrix products: weights, keys, values, gradients. Own products take them
 * packed, so that many products share the packing; OpenBLAS takes them as they are.
 */
#ifndef LM_MODEL_RIGHT_H
#define LM_MODEL_RIGHT_H

#include "model/core.h"

/** A right operand, and where it is packed. */
struct lm_right {
    struct lm_operand from;
    struct lm_packed packed; /**< its n and k; the data: room by lm_packed_floats */
};

/** Tasks that packing is cut into; 0 when the products need none. */
size_t lm_right_parts(const struct lm_model *model, const struct lm_right *right);
/** Does one of them. */
void lm_right_pack(const struct lm_model *model, const struct lm_right *right, size_t part);
/** Does all of them. */
void lm_right_pack_all(const struct lm_model *model, const struct lm_right *right);

/** Packs rows [first, first + rows) of the inner dimension, where nothing else packs them: for who
 *  has just written them. Whole words; nothing when the products need no packing. */
void lm_right_pack_rows(const struct lm_model *model, const struct lm_right *right, size_t first,
                        size_t rows);

/** The same operand from column `first` on, a multiple of LM_GEMM_UNIT. */
struct lm_right lm_right_from(const struct lm_model *model, struct lm_right right, size_t first);

/** c (m×n) (+)= left · the first n columns and k rows of `right`, which is packed. A left operand
 *  of the form LM_TN only goes with a right one of LM_NN. */
void lm_right_multiply(const struct lm_model *model, size_t worker, size_t m, size_t n, size_t k,
                       struct lm_operand left, const struct lm_right *right, bool accumulate,
                       float *c, size_t ldc, struct lm_causal causal);

#endif
