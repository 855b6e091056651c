#include "model/weights.h"

/* A region with its packing tasks. */
struct region {
    struct lm_pass *pass;
    size_t count;
    lm_task_fn *fn;
    const struct lm_pack_job *jobs;
};

/* Shape of a weight as a right operand. */
struct operand {
    const float *data;
    size_t ld, k, n;
    float *packed;
};

/* Where each weight is packed: forward, transposed. */
static const enum lm_pack_slot slots[LM_TENSOR_IDS][2] = {
    [LM_QKV_W] = {LM_PACK_QKV, LM_PACK_QKV},   [LM_PROJ_W] = {LM_PACK_PROJ, LM_PACK_PROJ},
    [LM_FC_W] = {LM_PACK_FC, LM_PACK_FC},      [LM_OUT_W] = {LM_PACK_OUT, LM_PACK_OUT},
    [LM_WTE] = {LM_PACK_HEAD, LM_PACK_LOGITS},
};

static struct operand operand_of(const struct lm_model *model, enum lm_tensor_id id, size_t layer,
                                 enum lm_gemm_form form)
{
    const struct lm_tensor *tensor =
        &model->tensors[lm_tensor_index(id, (int64_t)layer, model->config.layers)];
    size_t rows = (size_t)tensor->shape[0], cols = (size_t)tensor->shape[1];
    return (struct operand){
        .data = tensor->data,
        .ld = cols,
        .k = form == LM_NT ? cols : rows,
        .n = form == LM_NT ? rows : cols,
        .packed = lm_at(model, model->layout.packed[slots[id][form == LM_NT]]),
    };
}

static bool packs(const struct lm_model *model)
{
    return model->options.numerics == LM_NUMERICS_PORTABLE;
}

static size_t blocks_of(const struct lm_model *model, const struct lm_pack_job *job)
{
    struct operand operand = operand_of(model, job->id, job->layer, job->form);
    return (operand.n + LM_GEMM_COLUMNS - 1) / LM_GEMM_COLUMNS;
}

static void region_task(void *user, size_t task, size_t worker)
{
    const struct region *region = user;
    const struct lm_model *model = region->pass->model;
    if (task < region->count) {
        region->fn(region->pass, task, worker);
        return;
    }
    const struct lm_pack_job *job = region->jobs;
    size_t block = task - region->count;
    for (; block >= blocks_of(model, job); job++)
        block -= blocks_of(model, job);
    struct operand operand = operand_of(model, job->id, job->layer, job->form);
    model->kernels->pack_weight(operand.packed, job->form, operand.n, operand.k, operand.data,
                                operand.ld, block);
}

void lm_region(struct lm_pass *pass, enum lm_phase phase, size_t count, lm_task_fn *fn,
               const struct lm_pack_job *jobs, size_t job_count)
{
    struct lm_model *model = pass->model;
    if (lm_pass_stopped(pass))
        return;
    struct region region = {pass, count, fn, jobs};
    size_t packing = 0;
    for (size_t i = 0; i < job_count && packs(model); i++)
        packing += blocks_of(model, &jobs[i]);
    lm_phase_run(model, phase, count + packing, region_task, &region);
}

void lm_weight_product(const struct lm_model *model, size_t worker, enum lm_gemm_form form,
                       enum lm_tensor_id id, size_t layer, size_t rows, const float *a, size_t lda,
                       float *c, size_t ldc)
{
    struct operand operand = operand_of(model, id, layer, form);
    if (packs(model))
        model->kernels->gemm_packed(rows, operand.n, operand.k, a, lda, operand.packed, c, ldc,
                                    lm_scratch(model, worker) + model->layout.scratch_gemm);
    else
        lm_gemm(model, worker, form, rows, operand.n, operand.k, a, lda, operand.data, operand.ld,
                false, c, ldc);
}
