/* The classification head: a linear map of the last token's state (Radford et al. 2018, section
 * 3.2), and its cross-entropy. A head has few labels: its work is one task. */
#include "model/pooled.h"

#include "base/elem.h"
#include "model/region.h"

struct labels_pass {
    struct lm_pooled_pass pooled;
    const int32_t *labels; /* NULL: logits alone */
    float *logits;         /* (B, labels) */
    double loss;
};

static enum lm_status require_head(const struct lm_model *model, struct lm_err *err)
{
    if (model->config.labels == 0)
        return lm_fail(err, LM_INVALID,
                       "the model has no classification head; create or load it with labels");
    return LM_OK;
}

static void logits_task(void *user, size_t task, size_t worker)
{
    (void)task;
    const struct labels_pass *call = user;
    const struct lm_model *model = call->pooled.pass.model;
    size_t C = (size_t)model->config.width, N = (size_t)model->config.labels;
    lm_gemm(model, worker, LM_NT, call->pooled.pass.batch, N, C, lm_at(model, model->layout.pooled),
            C, lm_weight(model, LM_SCORE, 0), C, false, call->logits, N, (struct lm_causal){0});
}

/* Loss; the logits become their gradients, which go on to pooled states and weights. */
static void loss_task(void *user, size_t task, size_t worker)
{
    struct labels_pass *call = user;
    const struct lm_pass *pass = &call->pooled.pass;
    const struct lm_model *model = pass->model;
    size_t B = pass->batch, C = (size_t)model->config.width, N = (size_t)model->config.labels;
    float *pooled = lm_at(model, model->layout.pooled), *logits = call->logits;
    logits_task(user, task, worker);
    call->loss = 0;
    for (size_t i = 0; i < B; i++) {
        float max, sum, *row = logits + i * N;
        size_t label = (size_t)call->labels[i];
        model->kernels->softmax_stats(&max, &sum, row, N);
        call->loss += (double)max + lm_log((double)sum) - (double)row[label];
        model->kernels->cross_entropy_backward(row, N, label, max, sum,
                                               (float)(call->pooled.scale / (double)B));
    }
    call->loss /= (double)B;
    lm_gemm(model, worker, LM_NN, B, C, N, logits, N, lm_weight(model, LM_SCORE, 0), C, false,
            lm_at(model, model->layout.dpooled), C, (struct lm_causal){0});
    lm_gemm(model, worker, LM_TN, N, C, B, logits, N, pooled, C, false, lm_grad(model, LM_SCORE, 0),
            C, (struct lm_causal){0});
}

static double head(struct lm_pass *pass)
{
    struct labels_pass *call = (struct labels_pass *)pass;
    lm_pooled_gather(&call->pooled);
    lm_region(pass, LM_PHASE_HEAD, 1, pass->want_grad ? loss_task : logits_task, NULL, 0);
    if (pass->want_grad)
        lm_pooled_spread(&call->pooled);
    return call->loss;
}

enum lm_status lm_model_classify(struct lm_model *model, const struct lm_texts *texts,
                                 float *logits, struct lm_err *err)
{
    struct labels_pass call = {0};
    LM_TRY(require_head(model, err));
    LM_TRY(lm_pooled_begin(&call.pooled, model, texts, LM_POOL_LAST, false, err));
    call.logits = logits;
    return lm_pass_look(&call.pooled.pass, head, err);
}

enum lm_status lm_model_accumulate_labels(struct lm_model *model, const struct lm_texts *texts,
                                          const int32_t *labels, double scale, double *loss,
                                          struct lm_err *err)
{
    struct labels_pass call = {.labels = labels};
    LM_TRY(require_head(model, err));
    for (int64_t i = 0; i < texts->count; i++)
        if (labels[i] < 0 || labels[i] >= model->config.labels)
            return lm_fail(err, LM_RANGE,
                           "label %lld is %d, outside the head's 0 to %lld; count labels from 0",
                           (long long)i, (int)labels[i], (long long)model->config.labels - 1);
    LM_TRY(lm_pooled_begin(&call.pooled, model, texts, LM_POOL_LAST, true, err));
    call.pooled.scale = scale;
    call.logits = lm_at(model, model->layout.label_logits);
    return lm_pass_learn(&call.pooled.pass, head, loss, err);
}
