#include "model/weights.h"

/* A region with its packing tasks. */
struct region {
    struct lm_pass *pass;
    size_t count;
    lm_task_fn *fn;
    const struct lm_right *rights;
};

/* Where each weight is packed: forward, transposed. */
static const enum lm_pack_slot slots[LM_TENSOR_IDS][2] = {
    [LM_QKV_W] = {LM_PACK_QKV, LM_PACK_QKV},   [LM_PROJ_W] = {LM_PACK_PROJ, LM_PACK_PROJ},
    [LM_FC_W] = {LM_PACK_FC, LM_PACK_FC},      [LM_OUT_W] = {LM_PACK_OUT, LM_PACK_OUT},
    [LM_WTE] = {LM_PACK_HEAD, LM_PACK_LOGITS},
};

struct lm_right lm_weight_right(const struct lm_model *model, enum lm_tensor_id id, size_t layer,
                                enum lm_gemm_form form)
{
    const struct lm_tensor *tensor =
        &model->tensors[lm_tensor_index(id, (int64_t)layer, model->config.layers)];
    size_t rows = (size_t)tensor->shape[0], cols = (size_t)tensor->shape[1];
    bool turned = form == LM_NT;
    return (struct lm_right){
        .from = {form, tensor->data, cols, false},
        .packed = {.data = lm_at(model, model->layout.packed[slots[id][turned]]),
                   .n = turned ? rows : cols,
                   .k = turned ? cols : rows},
    };
}

static void region_task(void *user, size_t task, size_t worker)
{
    const struct region *region = user;
    const struct lm_model *model = region->pass->model;
    if (task < region->count) {
        region->fn(region->pass, task, worker);
        return;
    }
    const struct lm_right *right = region->rights;
    size_t part = task - region->count;
    for (; part >= lm_right_parts(model, right); right++)
        part -= lm_right_parts(model, right);
    lm_right_pack(model, right, part);
}

void lm_region(struct lm_pass *pass, enum lm_phase phase, size_t count, lm_task_fn *fn,
               const struct lm_right *rights, size_t right_count)
{
    struct lm_model *model = pass->model;
    if (lm_pass_stopped(pass))
        return;
    struct region region = {pass, count, fn, rights};
    size_t packing = 0;
    for (size_t i = 0; i < right_count; i++)
        packing += lm_right_parts(model, &rights[i]);
    lm_phase_run(model, phase, count + packing, region_task, &region);
}

void lm_weight_product(const struct lm_model *model, size_t worker, enum lm_gemm_form form,
                       enum lm_tensor_id id, size_t layer, size_t rows, struct lm_operand a,
                       float *c, size_t ldc)
{
    struct lm_right right = lm_weight_right(model, id, layer, form);
    lm_right_multiply(model, worker, rows, right.packed.n, right.packed.k, a, &right, false, c,
                      ldc);
}
