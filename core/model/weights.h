/** Weight matrices as right operands, and products with them. */
#ifndef LM_MODEL_WEIGHTS_H
#define LM_MODEL_WEIGHTS_H

#include "model/right.h"

/** A weight as a right operand: LM_NN forward, LM_NT for gradients and logits. */
struct lm_right lm_weight_right(const struct lm_model *model, enum lm_tensor_id id, size_t layer,
                                enum lm_gemm_form form);

/** c (rows × out) = a (rows × in) · weight, or · weightᵀ for LM_NT; packed by an earlier region. */
void lm_weight_product(const struct lm_model *model, size_t worker, enum lm_gemm_form form,
                       enum lm_tensor_id id, size_t layer, size_t rows, struct lm_operand a,
                       float *c, size_t ldc);

#endif
