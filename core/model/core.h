/** Inside of a model: shared by the files of core/model, seen by nobody else. */
#ifndef LM_MODEL_CORE_H
#define LM_MODEL_CORE_H

#include <math.h>

#include <lmpipe/model.h>

#include "base/pool.h"
#include "model/gradient.h"
#include "model/grid.h"
#include "model/kernels/kernels.h"
#include "model/kernels/products.h"
#include "model/layout.h"
#include "model/params.h"
#include "model/shape.h"

struct lm_model {
    struct lm_model_config config;
    struct lm_model_options options;
    struct lm_shape shape;
    struct lm_tensor_map map;
    struct lm_layout layout;
    float *block; /**< everything the layout names */
    size_t tensor_count;
    struct lm_tensor *tensors;
    char (*names)[64];
    struct lm_pool *pool; /**< NULL: one thread */
    const struct lm_kernels *kernels;
    const struct lm_norm_kernels *norm; /**< the configuration's choices among the kernels */
    const struct lm_mlp_kernels *mlp;
    const struct lm_products *products;
    const struct lm_products *own; /**< float32, portable: for Muon, whatever the others are */
    struct lm_rng dropout;
    uint64_t step, micro_batch; /**< where dropout draws */
    uint64_t updates;           /**< optimiser steps taken */
    size_t *first_block;        /**< optimiser tasks before tensor i; tensor_count + 1 entries */
    uint64_t leaves;            /**< gradients gathered for the next step: gradient.h */
    size_t leaf;                /**< floats from the tensors' `grad` to the one being computed */
    int64_t batch, time;        /**< of the last forward; 0: none */
    int64_t scored;             /**< targets of it that count */
    struct lm_phase_stats phases[LM_PHASES];
    const struct lm_trace *trace; /**< NULL but where tasks are looked at */
};

/** A call on a batch, as tasks see it. */
struct lm_pass {
    struct lm_model *model;
    size_t batch, time, rows, tile, tiles;
    /** Texts of different lengths, behind one another: `batch` of them, `time` the longest one's.
     *  NULL: all are `time` rows long. `prefixes`: which text each goes on from, -1: none; NULL: no
     *  text goes on from another. */
    const int32_t *lengths, *first_rows, *prefixes;
    size_t wide, wides;  /**< rows of a task of whole tiles, and how many such tasks there are */
    size_t head_tile;    /**< rows of a task of the head */
    bool training;       /**< dropout is drawn, activations are kept */
    size_t layer;        /**< of the running region */
    struct lm_grid grid; /**< of the running region's products */
    bool again;          /**< the running region computes a layer's activations once more */
    size_t first;        /**< first row of the running chunk of the head */
    size_t count;        /**< its rows */
    bool want_grad;      /**< head: gradients too */
    bool more;           /**< head: the gradient of its matrix has been written, and is added to */
    float scale;         /**< backward: of the loss, per scored target */
    const struct lm_scores *scores;
    const int32_t *places; /**< head: which row of the call a row is of; NULL: the same */
    const struct lm_packed_texts *texts; /**< head: whose other targets are scored; NULL: none */
    size_t others;                       /**< the place of the first of them */
    float *logits;                       /**< head: where all logits go, (rows, V) */
    bool stopped; /**< options.stop said so: what is left of the call is skipped */
};

/** Sites of dropout in a layer; the embedding is site 0 of layer L. */
enum lm_site { LM_SITE_ATTENTION, LM_SITE_PROJ, LM_SITE_OUT, LM_SITES };

/** lm_pool_run_near as part of `phase`: its time is counted. */
void lm_phase_run(struct lm_model *model, enum lm_phase phase, size_t near, size_t count,
                  lm_task_fn *fn, void *user);
/** Threads that outputs are cut for: 1 for OpenBLAS, whose bits depend on the shapes of its calls.
 */
size_t lm_model_cut_for(const struct lm_model *model);
/** The grid that suits them; for OpenBLAS tasks of `rows` whole rows. */
struct lm_grid lm_model_grid(const struct lm_model *model, const struct lm_grid_job *jobs,
                             size_t count, size_t rows);
/** Counts the useful work of a call on `rows` tokens in sequences of `time`: the trunk's forward
 *  pass, so many products of the head, or all with gradients. */
void lm_phase_count_forward(struct lm_model *model, size_t rows, size_t time);
void lm_phase_count_head(struct lm_model *model, size_t rows, size_t products);
void lm_phase_count_backward(struct lm_model *model, size_t rows, size_t time);

/** First row of a tile, and how many it has. */
static inline size_t lm_tile(const struct lm_pass *pass, size_t tile, size_t *first)
{
    *first = tile * pass->tile;
    size_t rest = pass->rows - *first;
    return rest < pass->tile ? rest : pass->tile;
}

/** Rows of a task of whole tiles, and the first of them. */
static inline size_t lm_wide(const struct lm_pass *pass, size_t task, size_t *first)
{
    *first = task * pass->wide;
    size_t rest = pass->rows - *first;
    return rest < pass->wide ? rest : pass->wide;
}

/** The token before a row's in its text, -1: none; only with `smear`. */
static inline int32_t lm_token_before(const struct lm_model *model, size_t row)
{
    const int32_t *before = (const int32_t *)(model->block + model->layout.before);
    return model->config.smear ? before[row] : -1;
}

/** Place of a row in its text, with all that the text goes on from. */
static inline size_t lm_row_position(const struct lm_pass *pass, size_t row)
{
    const struct lm_model *model = pass->model;
    const int32_t *positions = (const int32_t *)(model->block + model->layout.positions);
    return pass->lengths != NULL ? (size_t)positions[row] : row % pass->time;
}

/** Where text `text` of a pass begins, and how many rows it has. */
static inline size_t lm_text_rows(const struct lm_pass *pass, size_t text, size_t *first)
{
    bool packed = pass->lengths != NULL;
    *first = packed ? (size_t)pass->first_rows[text] : text * pass->time;
    return packed ? (size_t)pass->lengths[text] : pass->time;
}

/** Whether options.stop says that calls are to be given up. */
static inline bool lm_model_is_stopped(const struct lm_model *model)
{
    return model->options.stop != NULL && model->options.stop(model->options.stop_user);
}

static inline float *lm_at(const struct lm_model *model, size_t offset)
{
    return model->block + offset;
}

/** Values of a weight tensor; NULL when this model has none of it. */
static inline float *lm_weight(const struct lm_model *model, enum lm_tensor_id id, size_t layer)
{
    int64_t index = lm_tensor_index(&model->map, id, (int64_t)layer);
    return index < 0 ? NULL : model->tensors[index].data;
}

/** The gain of a norm, `id` its tensor: ones when this model has none of it. */
static inline const float *lm_gain(const struct lm_model *model, enum lm_tensor_id id, size_t layer)
{
    const float *weight = lm_weight(model, id, layer);
    return weight != NULL ? weight : lm_at(model, model->layout.ones);
}

/** What scores of attention are multiplied by. */
static inline float lm_score_scale(const struct lm_model *model)
{
    double given = model->config.score_scale;
    return (float)(given > 0 ? given : 1.0 / sqrt((double)model->shape.D));
}

/** Where the running backward pass writes the gradient of a weight tensor (training only); NULL
 *  when this model has none of it. */
static inline float *lm_grad(const struct lm_model *model, enum lm_tensor_id id, size_t layer)
{
    int64_t index = lm_tensor_index(&model->map, id, (int64_t)layer);
    return index < 0 ? NULL : model->tensors[index].grad + model->leaf;
}

/** The matrix of the head: the token embedding, when they are tied. */
static inline enum lm_tensor_id lm_head_tensor(const struct lm_model *model)
{
    return model->config.untied ? LM_HEAD_W : LM_WTE;
}

/** Activation `field` of a layer. */
#define LM_ACT(model, field, l)                                                                    \
    lm_at((model), (model)->layout.layer.field + (l) * (model)->layout.layer_stride)

/** Residual stream before layer l (after the last: l = L). */
static inline float *lm_stream(const struct lm_model *model, size_t l)
{
    return lm_at(model, model->layout.x + l * model->layout.x_stride);
}

/** Scratch of a worker, and its packing space. */
static inline float *lm_scratch(const struct lm_model *model, size_t worker)
{
    return lm_at(model, model->layout.scratch + worker * model->layout.scratch_stride);
}

/** Matrix product by the model's numerics on behalf of `worker`. */
static inline void lm_gemm(const struct lm_model *model, size_t worker, enum lm_gemm_form form,
                           size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                           size_t ldb, bool accumulate, float *c, size_t ldc,
                           struct lm_causal causal)
{
    model->products->gemm(form, m, n, k, a, lda, b, ldb, accumulate, c, ldc, causal,
                          lm_scratch(model, worker) + model->layout.scratch_gemm);
}

/** Whether operands of weights are stored as the products take them, not as float32. */
static inline bool lm_stores(const struct lm_model *model)
{
    return model->products->store != NULL;
}

/** Words of a row of n numbers that is stored as an operand. */
static inline size_t lm_words(const struct lm_model *model, size_t n)
{
    return lm_stored_words(model->products->depth, n);
}

/** Rows of n numbers stored as a left operand. */
static inline struct lm_operand lm_stored(const struct lm_model *model, const float *data, size_t n)
{
    return (struct lm_operand){LM_NN, data, lm_words(model, n), lm_stores(model)};
}

/** Rows of float32, `ld` apart, as a left operand. */
static inline struct lm_operand lm_floats(const float *data, size_t ld)
{
    return (struct lm_operand){LM_NN, data, ld, false};
}

/** The operand turned, from column `first` (even) on: the left one of a weight's gradient. */
static inline struct lm_operand lm_turned(const struct lm_model *model, struct lm_operand operand,
                                          size_t first)
{
    operand.form = LM_TN;
    operand.data += operand.stored ? lm_words(model, first) : first;
    return operand;
}

/** Where rows are computed that lm_store then brings to `place`: there at once when operands are
 *  float32, else in the worker's scratch. */
static inline float *lm_staging(const struct lm_model *model, size_t worker, float *place)
{
    return lm_stores(model) ? lm_scratch(model, worker) : place;
}

/** Stores rows of n numbers as an operand at `place`. */
static inline void lm_store(const struct lm_model *model, float *place, const float *from,
                            size_t rows, size_t n)
{
    if (lm_stores(model))
        model->products->store(place, lm_words(model, n), from, n, rows, n);
}

/** lm_model_check for weights that were read from `path`: the advice is another. LM_NUMERIC. */
enum lm_status lm_model_check_read(const struct lm_model *model, const char *path,
                                   struct lm_err *err);
/** lm_model_create without drawing the weights: they are zero. */
enum lm_status lm_model_prepare(struct lm_model **out, const struct lm_model_config *config,
                                const struct lm_model_options *options, struct lm_err *err);

/** Draws the weights from tensor `first` on, from the seed: the same numbers whatever `first`. */
void lm_model_draw(struct lm_model *model, size_t first);

/** Checks shape and ids of a batch and copies them; targets may be NULL, and tokens for a caller
 *  that fills layout.tokens. Fills *pass. LM_RANGE; LM_INVALID: not made for training. */
enum lm_status lm_pass_begin(struct lm_pass *pass, struct lm_model *model, const int32_t *tokens,
                             const int32_t *targets, int64_t batch, int64_t time, bool training,
                             struct lm_err *err);
/** The same for texts of different lengths behind one another; targets may be NULL. What such a
 *  pass leaves is not for lm_pass_resume. */
enum lm_status lm_pass_begin_packed(struct lm_pass *pass, struct lm_model *model,
                                    const struct lm_packed_texts *texts, bool training,
                                    struct lm_err *err);
/** The last forward of lm_pass_begin again, for its backward. */
void lm_pass_resume(struct lm_pass *pass, struct lm_model *model);

/** Token and position become the residual stream of a row, x (C); `before` is the token before it,
 *  -1: none. */
void lm_embed_row(const struct lm_model *model, float *x, int32_t token, int32_t before,
                  size_t position);
/** The same before it is normalised. */
void lm_embed_sum(const struct lm_model *model, float *x, int32_t token, int32_t before,
                  size_t position);
/** Embedding, all layers and the final layer norm: layout.hf holds (rows, C). */
void lm_trunk_forward(struct lm_pass *pass);
/** The activations of pass->layer once more, from its stream: for layers that share memory. */
void lm_layer_again(struct lm_pass *pass);
/** From the gradient of layout.hf (layout.dhf) to all gradients but the head's share of wte. */
void lm_trunk_backward(struct lm_pass *pass);

/** Attention of all sequences and heads of pass->layer, and some packing beside it. */
struct lm_right;
void lm_attention_forward(struct lm_pass *pass, const struct lm_right *rights, size_t right_count);
void lm_attention_backward(struct lm_pass *pass, const struct lm_right *rights, size_t right_count);

/** Losses of all rows; with pass->want_grad also layout.dhf and the head's share of wte's
 *  gradient. Returns the sum over scored targets in nats. */
double lm_head_loss(struct lm_pass *pass);
/** The same, in which rows without a target cost nothing; with gradients (pass->want_grad). */
double lm_head_loss_sparse(struct lm_pass *pass);
/** Per-position scores into pass->scores. Rows without a target cost nothing where nothing is to be
 *  told of them: by own products, when neither entropy nor top is wanted. */
void lm_head_scores(struct lm_pass *pass);
/** The same of the rows with a target alone. */
void lm_head_scores_sparse(struct lm_pass *pass);
/** All logits, (rows, V). */
void lm_head_logits(struct lm_pass *pass, float *logits);

/** A head's part of a call: reads layout.hf; with pass->want_grad it writes layout.dhf and the
 *  gradients of its own tensors and of wte. Returns the loss. */
typedef double lm_head_fn(struct lm_pass *pass);
/** Trunk and head, nothing kept. LM_CANCELLED. */
enum lm_status lm_pass_look(struct lm_pass *pass, lm_head_fn *head, struct lm_err *err);
/** Trunk, head and the trunk back, with the rules of lm_model_accumulate. */
enum lm_status lm_pass_learn(struct lm_pass *pass, lm_head_fn *head, double *loss,
                             struct lm_err *err);
/** Zeros the running leaf's gradient of a tensor outside layers: for objectives that do not reach
 * it. Nothing when the model has no such tensor. */
void lm_gradient_clear(const struct lm_model *model, enum lm_tensor_id id);

/** Multiplies x[0..n) by the dropout mask of elements [first, first + n) of a site. */
void lm_dropout(const struct lm_pass *pass, size_t layer, enum lm_site site, float *x,
                uint64_t first, size_t n);
/** The same for rows of `width` elements that start at row `row`. */
void lm_dropout_rows(const struct lm_pass *pass, size_t layer, enum lm_site site, float *x,
                     size_t row, size_t rows, size_t width);

#endif
