/* The optimiser's step: norm of the gradient, clipping, AdamW; digests and states of weights. */
#include "model/core.h"

#include <math.h>
#include <string.h>

struct update {
    struct lm_model *model;
    struct lm_adamw with_decay, without;
};

/* The elements of optimiser task `task`; returns their tensor. */
static size_t block_of(const struct lm_model *model, size_t task, size_t *first, size_t *count)
{
    size_t low = 0, high = model->tensor_count;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (model->first_block[middle] <= task)
            low = middle;
        else
            high = middle;
    }
    *first = (task - model->first_block[low]) * lm_update_block();
    size_t rest = (size_t)model->tensors[low].count - *first;
    *count = rest < lm_update_block() ? rest : lm_update_block();
    return low;
}

static double *norms_of(const struct lm_model *model)
{
    return (double *)(void *)lm_at(model, model->layout.norms);
}

static void norm_task(void *user, size_t task, size_t worker)
{
    (void)worker;
    const struct lm_model *model = user;
    size_t first, count, at = block_of(model, task, &first, &count);
    norms_of(model)[task] = model->kernels->square_sum(model->tensors[at].grad + first, count);
}

static void update_task(void *user, size_t task, size_t worker)
{
    (void)worker;
    const struct update *update = user;
    const struct lm_model *model = update->model;
    size_t first, count, at = block_of(model, task, &first, &count);
    const struct lm_tensor *tensor = &model->tensors[at];
    size_t place = (size_t)(tensor->data - lm_at(model, model->layout.params)) + first;
    model->kernels->adamw(tensor->data + first, tensor->grad + first,
                          lm_at(model, model->layout.moment1) + place,
                          lm_at(model, model->layout.moment2) + place, count,
                          tensor->decay ? &update->with_decay : &update->without);
}

/* x^n by squaring: IEEE products only. */
static double int_power(double x, uint64_t n)
{
    double out = 1;
    for (; n > 0; n >>= 1, x *= x)
        if (n & 1)
            out *= x;
    return out;
}

/* Names the first bad tensor; the gradient is dropped. */
static enum lm_status fail_gradient(struct lm_model *model, struct lm_err *err)
{
    size_t blocks = model->first_block[model->tensor_count], first, count, at = 0;
    for (size_t i = 0; i < blocks; i++)
        if (!isfinite(norms_of(model)[i])) {
            at = block_of(model, i, &first, &count);
            break;
        }
    model->has_gradient = false;
    return lm_fail(err, LM_NUMERIC,
                   "the gradient of %s at step %llu is not finite; lower lr or set clip",
                   model->tensors[at].name, (unsigned long long)model->step + 1);
}

enum lm_status lm_model_gradient_norm(struct lm_model *model, double *norm, struct lm_err *err)
{
    if (!model->has_gradient)
        return lm_fail(err, LM_INVALID, "a step needs a gradient; call lm_model_backward first");
    size_t blocks = model->first_block[model->tensor_count];
    lm_phase_run(model, LM_PHASE_UPDATE, blocks, norm_task, model);
    double sum = 0;
    for (size_t i = 0; i < blocks; i++)
        sum += norms_of(model)[i];
    if (!isfinite(sum))
        return fail_gradient(model, err);
    *norm = sqrt(sum);
    return LM_OK;
}

void lm_model_drop_gradient(struct lm_model *model)
{
    model->has_gradient = false;
}

enum lm_status lm_model_step(struct lm_model *model, const struct lm_step_options *options,
                             struct lm_step_stats *stats, struct lm_err *err)
{
    double norm = 0;
    LM_TRY(lm_model_gradient_norm(model, &norm, err));
    size_t blocks = model->first_block[model->tensor_count];
    bool clipped = options->clip > 0 && norm > options->clip;
    model->updates++;
    struct update update = {
        .model = model,
        .without =
            {
                .scale = clipped ? (float)(options->clip / norm) : 1.0F,
                .lr = (float)options->lr,
                .beta1 = (float)options->beta1,
                .beta2 = (float)options->beta2,
                .eps = (float)options->eps,
                .correction1 = (float)(1 / (1 - int_power(options->beta1, model->updates))),
                .correction2 = (float)(1 / (1 - int_power(options->beta2, model->updates))),
            },
    };
    update.with_decay = update.without;
    update.with_decay.decay = (float)options->decay;
    lm_phase_run(model, LM_PHASE_UPDATE, blocks, update_task, &update);
    model->has_gradient = false;
    if (stats != NULL)
        *stats = (struct lm_step_stats){norm, clipped};
    return LM_OK;
}

/* ---- states ---- */

static const char state_magic[8] = {'l', 'm', 's', 't', 'a', 't', 'e', '1'};

/* magic, floats of a family, updates; then weights, first and second moments. */
enum { STATE_HEAD = 24 };

uint64_t lm_model_state_size(const struct lm_model *model)
{
    return STATE_HEAD + 3 * (uint64_t)model->layout.param_floats * sizeof(float);
}

void lm_model_state_save(const struct lm_model *model, void *out)
{
    unsigned char *at = out;
    uint64_t floats = model->layout.param_floats, size = floats * sizeof(float);
    memcpy(at, state_magic, 8);
    memcpy(at + 8, &floats, 8);
    memcpy(at + 16, &model->updates, 8);
    memcpy(at + STATE_HEAD, lm_at(model, model->layout.params), size);
    memcpy(at + STATE_HEAD + size, lm_at(model, model->layout.moment1), size);
    memcpy(at + STATE_HEAD + 2 * size, lm_at(model, model->layout.moment2), size);
}

enum lm_status lm_model_state_load(struct lm_model *model, const void *data, uint64_t size,
                                   struct lm_err *err)
{
    const unsigned char *at = data;
    uint64_t floats = model->layout.param_floats, part = floats * sizeof(float);
    if (!model->options.training || size != lm_model_state_size(model) ||
        memcmp(at, state_magic, 8) != 0 || memcmp(at + 8, &floats, 8) != 0)
        return lm_fail(err, LM_FORMAT,
                       "the training state does not belong to this model; start afresh");
    memcpy(&model->updates, at + 16, 8);
    memcpy(lm_at(model, model->layout.params), at + STATE_HEAD, part);
    memcpy(lm_at(model, model->layout.moment1), at + STATE_HEAD + part, part);
    memcpy(lm_at(model, model->layout.moment2), at + STATE_HEAD + 2 * part, part);
    model->has_gradient = false;
    model->batch = 0;
    return LM_OK;
}

enum lm_status lm_model_check(const struct lm_model *model, struct lm_err *err)
{
    for (size_t i = 0; i < model->tensor_count; i++) {
        const struct lm_tensor *tensor = &model->tensors[i];
        if (!isfinite(model->kernels->square_sum(tensor->data, (size_t)tensor->count)))
            return lm_fail(err, LM_NUMERIC,
                           "%s holds a number that is not finite; train with a lower lr, or set "
                           "clip",
                           tensor->name);
    }
    return LM_OK;
}

void lm_model_digest(const struct lm_model *model, struct lm_digest *out)
{
    struct lm_sha256 *hash = lm_sha256_create();
    if (hash == NULL) {
        memset(out, 0, sizeof *out);
        return;
    }
    for (size_t i = 0; i < model->tensor_count; i++)
        lm_sha256_update(hash, model->tensors[i].data,
                         (size_t)model->tensors[i].count * sizeof(float));
    lm_sha256_final(hash, out);
    lm_sha256_free(hash);
}
