/* Texts in, their pooled states out, and the gradients of these back to the trunk. */
#include "model/pooled.h"

#include <string.h>

#include "model/kernels/bf16.h"
#include "model/region.h"

enum lm_status lm_pooled_begin(struct lm_pooled_pass *out, struct lm_model *model,
                               const struct lm_texts *texts, enum lm_pooling pooling, bool training,
                               struct lm_err *err)
{
    int64_t most = model->options.max_batch > 0 ? model->options.max_batch : 1;
    if (texts->count < 1 || texts->count > most)
        return lm_fail(err, LM_RANGE,
                       "%lld texts do not fit the model's batch of %lld; raise "
                       "max_batch, or give fewer",
                       (long long)texts->count, (long long)most);
    const struct lm_packed_texts packed = {
        .tokens = texts->tokens, .lengths = texts->lengths, .count = (size_t)texts->count};
    LM_TRY(lm_pass_begin_packed(&out->pass, model, &packed, training, err));
    out->pooling = pooling;
    out->scale = 0;
    return LM_OK;
}

/* Row `row` of layout.hf as float32. */
static void load_state(const struct lm_model *model, float *out, size_t row)
{
    size_t C = (size_t)model->config.width;
    const float *h = lm_at(model, model->layout.hf) + row * lm_words(model, C);
    if (!lm_stores(model)) {
        memcpy(out, h, C * sizeof *out);
        return;
    }
    for (size_t i = 0; i < C; i++) {
        uint32_t pair = lm_float_bits(h[i / 2]);
        out[i] = lm_bits_float(i % 2 == 0 ? pair << 16 : pair & 0xFFFF0000U);
    }
}

static void gather_task(void *user, size_t text, size_t worker)
{
    const struct lm_pooled_pass *call = user;
    const struct lm_model *model = call->pass.model;
    size_t C = (size_t)model->config.width, first, length = lm_text_rows(&call->pass, text, &first);
    float *out = lm_at(model, model->layout.pooled) + text * C;
    if (call->pooling == LM_POOL_LAST) {
        load_state(model, out, first + length - 1);
        return;
    }
    double *sums = (double *)(void *)lm_scratch(model, worker);
    memset(sums, 0, C * sizeof *sums);
    for (size_t t = 0; t < length; t++) {
        load_state(model, out, first + t);
        for (size_t i = 0; i < C; i++)
            sums[i] += (double)out[i];
    }
    for (size_t i = 0; i < C; i++)
        out[i] = (float)(sums[i] / (double)length);
}

void lm_pooled_gather(struct lm_pooled_pass *call)
{
    lm_region(&call->pass, LM_PHASE_HEAD, call->pass.batch, gather_task, NULL, 0);
}

static void spread_task(void *user, size_t text, size_t worker)
{
    (void)worker;
    const struct lm_pooled_pass *call = user;
    const struct lm_model *model = call->pass.model;
    size_t C = (size_t)model->config.width, first, length = lm_text_rows(&call->pass, text, &first);
    const float *d = lm_at(model, model->layout.dpooled) + text * C;
    float *out = lm_at(model, model->layout.dhf) + first * C;
    memset(out, 0, length * C * sizeof *out);
    if (call->pooling == LM_POOL_LAST) {
        memcpy(out + (length - 1) * C, d, C * sizeof *out);
        return;
    }
    for (size_t i = 0; i < C; i++)
        out[i] = (float)((double)d[i] / (double)length);
    for (size_t t = 1; t < length; t++)
        memcpy(out + t * C, out, C * sizeof *out);
}

void lm_pooled_spread(struct lm_pooled_pass *call)
{
    lm_region(&call->pass, LM_PHASE_HEAD, call->pass.batch, spread_task, NULL, 0);
    /* nothing else of this call writes the language model's head */
    lm_gradient_clear(call->pass.model, lm_head_tensor(call->pass.model));
}

static double embed(struct lm_pass *pass)
{
    lm_pooled_gather((struct lm_pooled_pass *)pass);
    return 0;
}

enum lm_status lm_model_embed(struct lm_model *model, const struct lm_texts *texts,
                              enum lm_pooling pooling, float *out, struct lm_err *err)
{
    struct lm_pooled_pass call;
    LM_TRY(lm_pooled_begin(&call, model, texts, pooling, false, err));
    LM_TRY(lm_pass_look(&call.pass, embed, err));
    size_t floats = (size_t)(texts->count * model->config.width);
    memcpy(out, lm_at(model, model->layout.pooled), floats * sizeof *out);
    return LM_OK;
}
