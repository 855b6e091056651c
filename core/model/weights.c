#include "model/weights.h"

/* Where each weight is packed: forward, transposed. */
static const enum lm_pack_slot slots[LM_TENSOR_IDS][2] = {
    [LM_QKV_W] = {LM_PACK_QKV, LM_PACK_QKV},   [LM_PROJ_W] = {LM_PACK_PROJ, LM_PACK_PROJ},
    [LM_FC_W] = {LM_PACK_FC, LM_PACK_FC},      [LM_OUT_W] = {LM_PACK_OUT, LM_PACK_OUT},
    [LM_WTE] = {LM_PACK_HEAD, LM_PACK_LOGITS}, [LM_HEAD_W] = {LM_PACK_HEAD, LM_PACK_LOGITS},
};

struct lm_right lm_weight_right(const struct lm_model *model, enum lm_tensor_id id, size_t layer,
                                enum lm_gemm_form form)
{
    const struct lm_tensor *tensor =
        &model->tensors[lm_tensor_index(&model->map, id, (int64_t)layer)];
    size_t rows = (size_t)tensor->shape[0], cols = (size_t)tensor->shape[1];
    bool turned = form == LM_NT;
    return (struct lm_right){
        .from = {form, tensor->data, cols, false},
        .packed = {.data = lm_at(model, model->layout.packed[slots[id][turned]]),
                   .n = turned ? rows : cols,
                   .k = turned ? cols : rows},
    };
}

void lm_weight_product(const struct lm_model *model, size_t worker, enum lm_gemm_form form,
                       enum lm_tensor_id id, size_t layer, size_t rows, struct lm_operand a,
                       float *c, size_t ldc)
{
    struct lm_right right = lm_weight_right(model, id, layer, form);
    lm_right_multiply(model, worker, rows, right.packed.n, right.packed.k, a, &right, false, c, ldc,
                      (struct lm_causal){0});
}
