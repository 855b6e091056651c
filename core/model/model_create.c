/* A model's life: plan, map, name the tensors, draw the weights, free. */
#include "model/core.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/block.h"
#include "model/queries_keys.h"

static enum lm_status options_check(const struct lm_model_config *config,
                                    const struct lm_model_options *options, struct lm_err *err)
{
    if (options->max_time < 0 || options->max_time > config->context)
        return lm_fail(err, LM_RANGE, "max_time: %lld is outside 1 to the context of %lld",
                       (long long)options->max_time, (long long)config->context);
    if (options->max_batch < 0 || options->max_batch > 1 << 20 || options->threads > 4096)
        return lm_fail(err, LM_RANGE, "max_batch or threads: too large");
    if (options->leaves < 0 || options->leaves > (int64_t)1 << 40)
        return lm_fail(err, LM_RANGE, "leaves: %lld is outside 0 to 2^40; choose another number",
                       (long long)options->leaves);
    if (options->frozen_layers < 0 || options->frozen_layers > config->layers)
        return lm_fail(err, LM_RANGE,
                       "frozen_layers: %lld is outside 0 to the %lld layers there are",
                       (long long)options->frozen_layers, (long long)config->layers);
    if (!(options->label_smoothing >= 0 && options->label_smoothing < 1) || !(options->z_loss >= 0))
        return lm_fail(err, LM_RANGE,
                       "label_smoothing or z_loss: outside [0, 1) or below 0; leave it out");
    if (!lm_layout_fits(config, options))
        return lm_fail(err, LM_NOMEM, "a model of this size fits no memory; choose a smaller one");
    return LM_OK;
}

static bool name_tensors(struct lm_model *model)
{
    struct lm_tensor_row rows[LM_TENSOR_IDS];
    lm_tensor_rows(rows, &model->config);
    size_t count = model->map.count, offset = 0;
    model->tensor_count = count;
    model->tensors = calloc(count, sizeof *model->tensors);
    model->names = calloc(count, sizeof *model->names);
    model->first_block = calloc(count + 1, sizeof *model->first_block);
    if (model->tensors == NULL || model->names == NULL || model->first_block == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        int64_t layer;
        const struct lm_tensor_row *row = &rows[lm_tensor_at(&model->map, i, &layer)];
        bool inside = row->scope == LM_SCOPE_LAYER;
        snprintf(model->names[i], sizeof model->names[i], inside ? "h.%lld.%s" : "%.0lld%s",
                 inside ? (long long)layer : 0LL, row->name);
        model->tensors[i] = (struct lm_tensor){
            .name = model->names[i],
            .shape = {row->rows, row->cols},
            .dims = row->dims,
            .count = row->rows * row->cols,
            .data = lm_at(model, model->layout.params + offset),
            .grad = model->options.training ? lm_at(model, model->layout.grads + offset) : NULL,
            .decay = (row->group & (LM_GROUP_MATRICES | LM_GROUP_EMBEDDINGS)) != 0,
        };
        size_t size = (size_t)(row->rows * row->cols);
        offset += (size + 15) / 16 * 16;
        model->first_block[i + 1] = model->first_block[i] + lm_update_blocks(size);
    }
    return true;
}

enum { PAGE_FLOATS = 1024, TOUCHED = 512 * PAGE_FLOATS }; /* of a page; of a task: a huge page */

/* Writes to each page of some weights, which are 0 anyway. */
static void touch_task(void *user, size_t task, size_t worker)
{
    (void)worker;
    const struct lm_model *model = user;
    size_t all = model->layout.param_floats, first = task * TOUCHED, end = first + TOUCHED;
    float *weights = lm_at(model, model->layout.params);
    for (size_t at = first; at < end && at < all; at += PAGE_FLOATS)
        weights[at] = 0;
}

/* A page lies where the thread is that first touches it. All else is first written by the tasks
 * that use it, but weights may be read from a file by one thread, and all read them: they are
 * spread over the threads. */
static void touch_weights(struct lm_model *model)
{
    size_t tasks = (model->layout.param_floats + TOUCHED - 1) / TOUCHED;
    if (model->pool != NULL)
        lm_pool_run(model->pool, tasks, touch_task, model);
}

/* Kernels, threads and memory; everything but the values of the weights. */
enum lm_status lm_model_prepare(struct lm_model **out, const struct lm_model_config *config,
                                const struct lm_model_options *options, struct lm_err *err)
{
    LM_TRY(lm_model_config_check(config, err));
    LM_TRY(options_check(config, options, err));
    const struct lm_kernels *kernels = lm_kernels_pick(options->kernels);
    if (kernels == NULL)
        return lm_fail(err, LM_UNSUPPORTED,
                       "kernels \"%s\" do not run on this processor; take auto, or one of avx512, "
                       "avx2, c",
                       options->kernels);
    struct lm_model *model = calloc(1, sizeof *model);
    if (model == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a model");
    model->config = *config;
    model->options = *options;
    model->options.kernels = NULL; /* borrowed from the caller: not kept */
    model->shape = lm_shape_of(config);
    model->map = lm_tensor_map_of(config);
    model->kernels = kernels;
    model->norm = &kernels->norms[config->norm];
    model->mlp = &kernels->mlps[config->mlp];
    model->products = lm_layout_is_blas(options)
                          ? &lm_products_f32_blas
                          : lm_products_pick(kernels->name, options->precision);
    model->own = lm_products_pick(kernels->name, LM_PRECISION_F32);
    model->dropout = lm_rng_stream(options->seed, "dropout");
    if (lm_layout_is_blas(options))
        lm_blas_start();
    lm_layout_plan(&model->layout, config, options);
    model->block = lm_block_map(model->layout.floats * sizeof(float));
    if (options->threads > 1)
        model->pool = lm_pool_create(options->threads);
    if (options->threads > 1 && model->pool == NULL) {
        lm_model_free(model);
        return lm_fail(err, LM_NOMEM,
                       "cannot start %zu threads; give fewer, or raise the limit of processes "
                       "(ulimit -u)",
                       options->threads);
    }
    if (model->block == NULL || !name_tensors(model)) {
        size_t mib = model->layout.floats * sizeof(float) >> 20;
        lm_model_free(model);
        return lm_fail(err, LM_NOMEM,
                       "out of memory: the model needs %zu MiB; choose a smaller batch or model",
                       mib);
    }
    touch_weights(model);
    lm_turns_fill(model);
    for (size_t i = model->layout.ones; i < model->layout.scratch; i++)
        model->block[i] = 1;
    *out = model;
    return LM_OK;
}

/* The initialisation; a task is a block of one tensor. */
struct init {
    struct lm_model *model;
    size_t before; /* tasks of tensors that are not drawn */
    struct lm_rng rng;
    struct lm_tensor_row rows[LM_TENSOR_IDS];
};

static double init_deviation(enum lm_tensor_init init, int64_t layers)
{
    return init == LM_INIT_RESIDUAL ? 0.02 / sqrt(2.0 * (double)layers) : 0.02;
}

static bool is_zero(const struct lm_model *model, enum lm_tensor_init init)
{
    bool ends = init == LM_INIT_RESIDUAL || init == LM_INIT_HEAD;
    return init == LM_INIT_ZERO || (ends && model->options.zero_init);
}

static void init_task(void *user, size_t task, size_t worker)
{
    (void)worker;
    struct init *init = user;
    struct lm_model *model = init->model;
    size_t at = 0;
    task += init->before;
    while (model->first_block[at + 1] <= task)
        at++;
    int64_t layer;
    const struct lm_tensor_row *row = &init->rows[lm_tensor_at(&model->map, at, &layer)];
    const struct lm_tensor *tensor = &model->tensors[at];
    size_t first = (task - model->first_block[at]) * lm_update_block();
    size_t last = first + lm_update_block(), count = (size_t)tensor->count;
    double deviation = init_deviation(row->init, model->config.layers);
    bool zero = is_zero(model, row->init);
    for (size_t i = first; i < last && i < count; i++)
        tensor->data[i] = row->init == LM_INIT_ONE ? 1.0F
                          : zero                   ? 0.0F
                                 : (float)(deviation * lm_rng_normal(init->rng, at, i));
}

void lm_model_draw(struct lm_model *model, size_t first)
{
    struct init init = {.model = model,
                        .before = model->first_block[first],
                        .rng = lm_rng_stream(model->options.seed, "init")};
    lm_tensor_rows(init.rows, &model->config);
    lm_pool_run(model->pool, model->first_block[model->tensor_count] - init.before, init_task,
                &init);
}

enum lm_status lm_model_create(struct lm_model **out, const struct lm_model_config *config,
                               const struct lm_model_options *options, struct lm_err *err)
{
    struct lm_model *model = NULL;
    enum lm_status status = lm_model_prepare(&model, config, options, err);
    if (model == NULL)
        return status;
    lm_model_draw(model, 0);
    *out = model;
    return LM_OK;
}

void lm_model_free(struct lm_model *model)
{
    if (model == NULL)
        return;
    lm_pool_free(model->pool);
    lm_block_unmap(model->block, model->layout.floats * sizeof(float));
    free(model->tensors);
    free(model->names);
    free(model->first_block);
    free(model);
}

const struct lm_model_config *lm_model_config(const struct lm_model *model)
{
    return &model->config;
}

size_t lm_model_tensors(const struct lm_model *model)
{
    return model->tensor_count;
}

struct lm_tensor lm_model_tensor(const struct lm_model *model, size_t index)
{
    return model->tensors[index];
}

const char *lm_model_kernels(const struct lm_model *model)
{
    return model->kernels->name;
}
