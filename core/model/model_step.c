/* The optimiser's step: norm of the gradient, clipping, update; averages, digests and states of
 * weights. */
#include "model/core.h"

#include <math.h>
#include <string.h>

#include "base/elem.h"
#include "model/muon.h"
#include "model/tensor_group.h"

const char *const lm_optimizer_names[] = {"adamw", "sgd", "muon", NULL};

enum lm_optimizer lm_optimizer_find(const char *name)
{
    for (size_t i = 0; i < LM_OPTIMIZERS; i++)
        if (strcmp(name, lm_optimizer_names[i]) == 0)
            return (enum lm_optimizer)i;
    return LM_OPTIMIZER_ADAMW;
}

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

static int64_t level_of(const struct lm_model *model, size_t tensor)
{
    return lm_tensor_level(&model->map, tensor);
}

static bool is_frozen(const struct lm_model *model, size_t tensor)
{
    int64_t frozen = model->options.frozen_layers;
    return frozen > 0 && level_of(model, tensor) <= frozen;
}

static void norm_task(void *user, size_t task, size_t worker)
{
    (void)worker;
    const struct lm_model *model = user;
    size_t first, count, at = block_of(model, task, &first, &count);
    norms_of(model)[task] =
        is_frozen(model, at) ? 0
                             : model->kernels->square_sum(model->tensors[at].grad + first, count);
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
    lm_gradient_drop(model);
    return lm_fail(err, LM_NUMERIC,
                   "the gradient of %s at step %llu is not finite; lower lr or set clip",
                   model->tensors[at].name, (unsigned long long)model->step + 1);
}

enum lm_status lm_model_gradient_norm(struct lm_model *model, double *norm, struct lm_err *err)
{
    if (model->leaves == 0)
        return lm_fail(err, LM_INVALID, "a step needs a gradient; call lm_model_backward first");
    lm_gradient_close(model);
    size_t blocks = model->first_block[model->tensor_count];
    lm_phase_run(model, LM_PHASE_UPDATE, blocks, blocks, norm_task, model);
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
    lm_gradient_drop(model);
}

/* ---- updates ---- */

/* Some elements of a tensor, and its own constants. */
struct part {
    float *weights;
    const float *gradient;
    float *moment1, *moment2;
    size_t count;
    float lr, decay;
};

struct update {
    struct lm_model *model;
    const struct lm_step_options *options;
    struct lm_adamw adamw; /* lr and decay are the part's */
    struct lm_sgd sgd;     /* likewise */
    struct lm_muon muon;   /* likewise */
    size_t pieces;         /* of Muon, the first tasks */
    double *change, *size; /* by block, then by piece: squares of the update, and of the weights
                              before it */
};

typedef void update_fn(const struct update *update, const struct part *part);

static void update_adamw(const struct update *update, const struct part *part)
{
    struct lm_adamw constants = update->adamw;
    constants.lr = part->lr;
    constants.decay = part->decay;
    update->model->kernels->adamw(part->weights, part->gradient, part->moment1, part->moment2,
                                  part->count, &constants);
}

static void update_sgd(const struct update *update, const struct part *part)
{
    struct lm_sgd constants = update->sgd;
    constants.lr = part->lr;
    constants.decay = part->decay;
    update->model->kernels->sgd(part->weights, part->gradient, part->moment1, part->count,
                                &constants);
}

static update_fn *const optimizers[LM_OPTIMIZERS] = {[LM_OPTIMIZER_ADAMW] = update_adamw,
                                                     [LM_OPTIMIZER_SGD] = update_sgd,
                                                     [LM_OPTIMIZER_MUON] =
                                                         update_adamw}; /* of what is no piece */

enum { MEASURED = 1024 };

/* The same update piece by piece, with what it changed: each element is updated by itself. */
static void update_measured(const struct update *update, const struct part *part, size_t task)
{
    const struct lm_kernels *kernels = update->model->kernels;
    float before[MEASURED];
    double change = 0, size = 0;
    for (size_t at = 0; at < part->count; at += MEASURED) {
        size_t rest = part->count - at, count = rest < MEASURED ? rest : MEASURED;
        struct part piece = *part;
        piece.weights += at;
        piece.gradient += at;
        piece.moment1 += at;
        piece.moment2 += at;
        piece.count = count;
        memcpy(before, piece.weights, count * sizeof *before);
        size += kernels->square_sum(before, count);
        optimizers[update->options->optimizer](update, &piece);
        for (size_t i = 0; i < count; i++)
            before[i] = piece.weights[i] - before[i];
        change += kernels->square_sum(before, count);
    }
    update->change[task] = change;
    update->size[task] = size;
}

static bool decays(const struct lm_model *model, size_t tensor, unsigned groups)
{
    return groups == 0 ? model->tensors[tensor].decay
                       : (lm_tensor_group_of(&model->map, tensor) & groups) != 0;
}

static bool is_muon(const struct lm_model *model, const struct lm_step_options *options,
                    size_t tensor)
{
    return options->optimizer == LM_OPTIMIZER_MUON && lm_muon_has(model, tensor);
}

/* The rate of a tensor: each layer's is layer_decay times that of the one above. */
static double rate_of(const struct lm_model *model, const struct lm_step_options *options,
                      size_t tensor)
{
    int64_t below = model->config.layers + 1 - level_of(model, tensor);
    double factor = options->layer_decay > 0 ? options->layer_decay : 1;
    bool is_other = options->optimizer == LM_OPTIMIZER_MUON && !lm_muon_has(model, tensor);
    return (is_other ? options->adamw_lr : options->lr) * lm_powi(factor, (uint64_t)below);
}

static void muon_task(const struct update *update, size_t task, size_t worker)
{
    const struct lm_model *model = update->model;
    const struct lm_step_options *options = update->options;
    const struct lm_muon_piece piece = lm_muon_piece_at(model, task);
    struct lm_muon how = update->muon;
    double sizes[2] = {0, 0};
    how.lr = rate_of(model, options, piece.tensor);
    how.decay = decays(model, piece.tensor, options->groups) ? options->decay : 0;
    if (!is_frozen(model, piece.tensor))
        lm_muon_update(model, worker, &how, &piece, options->ratios != NULL ? sizes : NULL);
    size_t at = model->first_block[model->tensor_count] + task;
    update->change[at] = sizes[0];
    update->size[at] = sizes[1];
}

static void update_task(void *user, size_t task, size_t worker)
{
    const struct update *update = user;
    const struct lm_step_options *options = update->options;
    const struct lm_model *model = update->model;
    if (task < update->pieces) {
        muon_task(update, task, worker);
        return;
    }
    task -= update->pieces;
    size_t first, count, at = block_of(model, task, &first, &count);
    const struct lm_tensor *tensor = &model->tensors[at];
    size_t place = (size_t)(tensor->data - lm_at(model, model->layout.params)) + first;
    const struct part part = {
        .weights = tensor->data + first,
        .gradient = tensor->grad + first,
        .moment1 = lm_at(model, model->layout.moment1) + place,
        .moment2 = lm_at(model, model->layout.moment2) + place,
        .count = count,
        .lr = (float)rate_of(model, options, at),
        .decay = decays(model, at, options->groups) ? (float)options->decay : 0,
    };
    if (is_frozen(model, at) || is_muon(model, options, at))
        update->change[task] = update->size[task] = 0;
    else if (options->ratios == NULL)
        optimizers[options->optimizer](update, &part);
    else
        update_measured(update, &part, task);
}

/* Norm of the update over norm of the weights at one level, tasks in order. */
static double ratio_at(const struct update *update, int64_t level)
{
    const struct lm_model *model = update->model;
    double change = 0, size = 0;
    for (size_t i = 0; i < model->tensor_count; i++)
        for (size_t task = model->first_block[i];
             level_of(model, i) == level && task < model->first_block[i + 1]; task++) {
            change += update->change[task];
            size += update->size[task];
        }
    size_t blocks = model->first_block[model->tensor_count];
    for (size_t i = 0; i < update->pieces; i++)
        if (level_of(model, lm_muon_piece_at(model, i).tensor) == level) {
            change += update->change[blocks + i];
            size += update->size[blocks + i];
        }
    return size > 0 ? sqrt(change / size) : 0;
}

#define USUAL_EPS 1e-8
#define LEAST_EPS 1e-30 /* not 0 in float32, nor a denormal */

/* Zero-initialised options have AdamW's usual one: 0 would divide 0 by 0. */
static double eps_of(const struct lm_step_options *options)
{
    return options->eps != 0 ? options->eps : USUAL_EPS;
}

static struct lm_sgd sgd_of(const struct lm_step_options *options, double scale)
{
    return (struct lm_sgd){
        .scale = (float)scale,
        .momentum = (float)options->momentum,
        .fresh = options->nesterov ? 1 : 0,
        .kept = options->nesterov ? (float)options->momentum : 1,
    };
}

static struct lm_muon muon_of(const struct lm_model *model, const struct lm_step_options *options,
                              double scale)
{
    const double usual[] = {3.4445, -4.775, 2.0315}, *given = options->ns_coefficients;
    const double *c = given[0] == 0 && given[1] == 0 && given[2] == 0 ? usual : given;
    return (struct lm_muon){
        .polar = {model->kernels, model->own, options->ns_steps > 0 ? (size_t)options->ns_steps : 5,
                  (float)c[0], (float)c[1], (float)c[2]},
        .rule = options->muon_scale,
        .memory = sgd_of(options, scale),
    };
}

static struct update update_of(struct lm_model *model, const struct lm_step_options *options,
                               double scale)
{
    double *sums = norms_of(model);
    size_t pieces = options->optimizer == LM_OPTIMIZER_MUON ? lm_muon_pieces(&model->config) : 0;
    return (struct update){
        .model = model,
        .options = options,
        .muon = muon_of(model, options, scale),
        .pieces = pieces,
        .adamw =
            {
                .scale = (float)scale,
                .beta1 = (float)options->beta1,
                .beta2 = (float)options->beta2,
                .eps = (float)eps_of(options),
                .correction1 = (float)(1 / (1 - lm_powi(options->beta1, model->updates))),
                .correction2 = (float)(1 / (1 - lm_powi(options->beta2, model->updates))),
            },
        .sgd = sgd_of(options, scale),
        .change = sums,
        .size = sums + model->first_block[model->tensor_count] + pieces,
    };
}

/* What float32 makes of the numbers decides: an eps of 0 divides 0 by 0, a beta of 1 forgets
 * nothing and learns nothing. */
static enum lm_status check_options(const struct lm_step_options *options, struct lm_err *err)
{
    bool is_muon = options->optimizer == LM_OPTIMIZER_MUON;
    bool is_adamw = is_muon || options->optimizer == LM_OPTIMIZER_ADAMW;

    const struct {
        const char *name;
        double value, min, end;
        bool counts;
    } rows[] = {
        {"lr", options->lr, 0, (double)INFINITY, true},
        {"decay", options->decay, 0, 1e30, true},
        {"clip", options->clip, 0, (double)INFINITY, true},
        {"eps", eps_of(options), LEAST_EPS, 1e30, is_adamw},
        {"beta1", (double)(float)options->beta1, 0, 1, is_adamw},
        {"beta2", (double)(float)options->beta2, 0, 1, is_adamw},
        {"momentum", (double)(float)options->momentum, 0, 1, !is_adamw || is_muon},
        {"adamw_lr", options->adamw_lr, 0, (double)INFINITY, is_muon},
        {"ns_steps", (double)options->ns_steps, 0, 101, is_muon},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].counts && !(rows[i].value >= rows[i].min && rows[i].value < rows[i].end))
            return lm_fail(err, LM_RANGE,
                           "%s: %g is below %g, or not below %g in float32; choose "
                           "another",
                           rows[i].name, rows[i].value, rows[i].min, rows[i].end);
    return LM_OK;
}

enum lm_status lm_model_step(struct lm_model *model, const struct lm_step_options *options,
                             struct lm_step_stats *stats, struct lm_err *err)
{
    double norm = 0;
    LM_TRY(check_options(options, err));
    if (options->optimizer == LM_OPTIMIZER_MUON && !model->options.muon)
        return lm_fail(err, LM_INVALID, "the model has no room for Muon; set options.muon");
    LM_TRY(lm_model_gradient_norm(model, &norm, err));
    bool clipped = options->clip > 0 && norm > options->clip;
    model->updates++;
    struct update update = update_of(model, options, clipped ? options->clip / norm : 1);
    size_t tasks = update.pieces + model->first_block[model->tensor_count];
    lm_phase_run(model, LM_PHASE_UPDATE, update.pieces > 0 ? 0 : tasks, tasks, update_task,
                 &update);
    for (int64_t i = 0; i < model->config.layers + 2 && options->ratios != NULL; i++)
        options->ratios[i] = ratio_at(&update, i);
    lm_gradient_drop(model);
    if (stats != NULL)
        *stats = (struct lm_step_stats){norm, clipped};
    return LM_OK;
}

/* ---- averages ---- */

struct exchange {
    struct lm_model *model;
    float *other; /* all weights in tensor order */
    float rate;
};

/* The elements of task `task` in the model and in the other array; returns their count. */
static size_t pair_of(const struct exchange *exchange, size_t task, float **mine, float **other)
{
    const struct lm_model *model = exchange->model;
    size_t first, count, at = block_of(model, task, &first, &count), before = 0;
    for (size_t i = 0; i < at; i++)
        before += (size_t)model->tensors[i].count;
    *mine = model->tensors[at].data + first;
    *other = exchange->other + before + first;
    return count;
}

static void average_task(void *user, size_t task, size_t worker)
{
    (void)worker;
    const struct exchange *exchange = user;
    float *mine, *other;
    size_t count = pair_of(exchange, task, &mine, &other);
    exchange->model->kernels->approach(other, mine, count, exchange->rate);
}

static void swap_task(void *user, size_t task, size_t worker)
{
    (void)worker;
    float *mine, *other;
    size_t count = pair_of(user, task, &mine, &other);
    for (size_t i = 0; i < count; i++) {
        float kept = mine[i];
        mine[i] = other[i];
        other[i] = kept;
    }
}

void lm_model_average(struct lm_model *model, float *average, double rate)
{
    struct exchange exchange = {.model = model, .rate = (float)rate};
    exchange.other = average;
    lm_phase_run(model, LM_PHASE_UPDATE, 0, model->first_block[model->tensor_count], average_task,
                 &exchange);
}

void lm_model_swap(struct lm_model *model, float *weights)
{
    struct exchange exchange = {.model = model};
    exchange.other = weights;
    lm_phase_run(model, LM_PHASE_UPDATE, 0, model->first_block[model->tensor_count], swap_task,
                 &exchange);
}

/* ---- states ---- */

static const char state_magic[8] = {'l', 'm', 's', 't', 'a', 't', 'e', '1'};

enum { FAMILIES = LM_STATE_FAMILIES, STATE_HEAD = LM_STATE_HEAD };

void lm_model_state_view(const struct lm_model *model, struct lm_model_state *out)
{
    const struct lm_layout *at = &model->layout;
    const size_t places[FAMILIES] = {at->params, at->moment1, at->moment2};
    uint64_t floats = at->param_floats;
    memcpy(out->head, state_magic, 8);
    memcpy(out->head + 8, &floats, 8);
    memcpy(out->head + 16, &model->updates, 8);
    out->size = floats * sizeof(float);
    for (size_t i = 0; i < FAMILIES; i++)
        out->families[i] = i == 0 || model->options.training ? lm_at(model, places[i]) : NULL;
}

uint64_t lm_model_state_size(const struct lm_model *model)
{
    return STATE_HEAD + FAMILIES * (uint64_t)model->layout.param_floats * sizeof(float);
}

void lm_model_state_save(const struct lm_model *model, void *out)
{
    struct lm_model_state state;
    unsigned char *at = out;
    lm_model_state_view(model, &state);
    memcpy(at, state.head, STATE_HEAD);
    for (size_t i = 0; i < FAMILIES; i++)
        if (state.families[i] != NULL)
            memcpy(at + STATE_HEAD + i * state.size, state.families[i], state.size);
        else
            memset(at + STATE_HEAD + i * state.size, 0, state.size);
}

bool lm_model_state_fits(const struct lm_model *model, const unsigned char head[STATE_HEAD])
{
    struct lm_model_state own;
    lm_model_state_view(model, &own);
    return memcmp(head, own.head, 16) == 0; /* all but the updates */
}

enum lm_status lm_model_state_begin(struct lm_model *model, const unsigned char head[STATE_HEAD],
                                    struct lm_err *err)
{
    if (!lm_model_state_fits(model, head))
        return lm_fail(err, LM_FORMAT,
                       "the training state does not belong to this model; start afresh");
    memcpy(&model->updates, head + 16, 8);
    if (model->options.training)
        lm_gradient_drop(model);
    model->batch = 0;
    return LM_OK;
}

enum lm_status lm_model_state_load(struct lm_model *model, const void *data, uint64_t size,
                                   struct lm_err *err)
{
    struct lm_model_state state;
    const unsigned char *at = data;
    if (size != lm_model_state_size(model))
        return lm_fail(err, LM_FORMAT,
                       "the training state has another size than this model's; start afresh");
    LM_TRY(lm_model_state_begin(model, at, err));
    lm_model_state_view(model, &state);
    for (size_t i = 0; i < FAMILIES && state.families[i] != NULL; i++)
        memcpy(state.families[i], at + STATE_HEAD + i * state.size, state.size);
    return LM_OK;
}

/* Name of the first tensor that is not finite; NULL: all are. */
static const char *find_infinite(const struct lm_model *model)
{
    for (size_t i = 0; i < model->tensor_count; i++) {
        const struct lm_tensor *tensor = &model->tensors[i];
        if (!isfinite(model->kernels->square_sum(tensor->data, (size_t)tensor->count)))
            return tensor->name;
    }
    return NULL;
}

void lm_model_set_diverged(struct lm_model *model, int64_t step)
{
    model->config.diverged_at = step;
}

enum lm_status lm_model_check(const struct lm_model *model, struct lm_err *err)
{
    const char *name = find_infinite(model);
    if (name == NULL)
        return LM_OK;
    return lm_fail(err, LM_NUMERIC,
                   "%s holds a number that is not finite; train with a lower lr, or set clip",
                   name);
}

enum lm_status lm_model_check_read(const struct lm_model *model, const char *path,
                                   struct lm_err *err)
{
    const char *name = find_infinite(model);
    if (name == NULL)
        return LM_OK;
    return lm_fail(err, LM_NUMERIC,
                   "%s: %s holds a number that is not finite; take the file from its source again, "
                   "or another model",
                   path, name);
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
