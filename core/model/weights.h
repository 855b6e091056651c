/**
 * Products with weight matrices, and the regions of tasks in which right operands are packed.
 * Own products take an operand packed once for all tiles that use it: packing rides along as
 * further tasks of the region before. OpenBLAS packs at every call, and nothing is to be done.
 */
#ifndef LM_MODEL_WEIGHTS_H
#define LM_MODEL_WEIGHTS_H

#include "model/right.h"

/** A weight as a right operand: LM_NN forward, LM_NT for gradients and logits. */
struct lm_right lm_weight_right(const struct lm_model *model, enum lm_tensor_id id, size_t layer,
                                enum lm_gemm_form form);

/** Runs fn(pass, 0 … count − 1, worker) as part of `phase` and packs `rights` (right_count of
 *  them) beside it; nothing of it once the call is stopped. */
void lm_region(struct lm_pass *pass, enum lm_phase phase, size_t count, lm_task_fn *fn,
               const struct lm_right *rights, size_t right_count);

/** c (rows × out) = a (rows × in) · weight, or · weightᵀ for LM_NT; packed by an earlier region. */
void lm_weight_product(const struct lm_model *model, size_t worker, enum lm_gemm_form form,
                       enum lm_tensor_id id, size_t layer, size_t rows, struct lm_operand a,
                       float *c, size_t ldc);

#endif
