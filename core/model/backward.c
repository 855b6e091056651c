/*
 * Backward pass of the trunk. Four parallel regions a layer: (1) tiles of rows through the
 * feed-forward half, (2) attention over (sequence, head), (3) tiles of rows through the first
 * layer norm, (4) the weights' gradients, each cut along the rows of its matrix so that no sum is
 * ever shared. Sums over rows are kept per tile and added in tile order.
 *
 * Gradients of the residual stream go round three buffers: dx[a] of the layer's output, dx[b] of
 * its middle, dx[c] of its input. Nothing is computed below the lowest layer that learns.
 */
#include "model/core.h"

#include <stddef.h>
#include <string.h>

#include "model/queries_keys.h"
#include "model/region.h"
#include "model/weights.h"

enum { WEIGHT_ROWS = 128, COLUMN_BLOCK = 64 }; /* rows: of OpenBLAS's tasks */

struct buffers {
    const float *dout;                  /* gradient of the layer's output stream */
    float *dmid, *din;                  /* of its middle and its input */
    const float *dout_kept, *dmid_kept; /* the same behind dropout: what the two projections see */
};

static bool drops(const struct lm_model *model)
{
    return model->config.dropout > 0;
}

static struct buffers buffers_of(const struct lm_pass *pass)
{
    const struct lm_model *model = pass->model;
    const struct lm_layout *at = &model->layout;
    size_t turn = ((size_t)model->config.layers - 1 - pass->layer) * 2;
    struct buffers out = {
        .dout = lm_at(model, at->dx[turn % 3]),
        .dmid = lm_at(model, at->dx[(turn + 1) % 3]),
        .din = lm_at(model, at->dx[(turn + 2) % 3]),
    };
    out.dout_kept = drops(model) ? lm_at(model, at->ddrop[0]) : out.dout;
    out.dmid_kept = drops(model) ? lm_at(model, at->ddrop[1]) : out.dmid;
    return out;
}

/* Sums over the rows of the tile that `row` is in. */
static float *partial(const struct lm_pass *pass, size_t row, enum lm_partial part)
{
    const struct lm_layout *at = &pass->model->layout;
    return lm_at(pass->model, at->partials) + row / pass->tile * at->partial_rows +
           pass->layer * at->part_step + at->parts[part];
}

/* Rows of the tile that begins at row `at` of a task's `rows`: a task has one whole tile or more,
 * and sums over rows are kept for each. */
static size_t tile_rows(const struct lm_pass *pass, size_t at, size_t rows)
{
    return rows - at < pass->tile ? rows - at : pass->tile;
}

static void sum_rows(const struct lm_pass *pass, enum lm_partial part, const float *d, size_t first,
                     size_t rows, size_t n)
{
    for (size_t r = 0, some; (some = tile_rows(pass, r, rows)) > 0; r += some)
        pass->model->kernels->column_sums(partial(pass, first + r, part), d + r * n, some, n, n);
}

/* The gradient of a norm's input. */
struct norm_back {
    float *dx;
    const float *dh; /* of the task's rows alone; all others of all rows */
    const float *x, *mean, *rstd, *gain, *dres;
    enum lm_partial w, b;
};

static void norm_rows(const struct lm_pass *pass, const struct norm_back *at, size_t first,
                      size_t rows)
{
    size_t C = pass->model->shape.C;
    for (size_t r = 0, some; (some = tile_rows(pass, r, rows)) > 0; r += some) {
        size_t row = first + r;
        pass->model->norm->backward(
            at->dx + row * C, partial(pass, row, at->w), partial(pass, row, at->b), at->dh + r * C,
            at->x + row * C, at->mean + row, at->rstd + row, at->gain, at->dres + row * C, some, C);
    }
}

/* Gradient behind dropout: a masked copy for the projection that fed the stream. */
static const float *keep(const struct lm_pass *pass, enum lm_site site, const float *d,
                         size_t first, size_t rows)
{
    size_t C = (size_t)pass->model->config.width;
    if (!drops(pass->model))
        return d + first * C;
    float *out = lm_at(pass->model, pass->model->layout.ddrop[site == LM_SITE_OUT ? 0 : 1]);
    memcpy(out + first * C, d + first * C, rows * C * sizeof *out);
    lm_dropout_rows(pass, pass->layer, site, out + first * C, first, rows, C);
    return out + first * C;
}

/* A delta of the layer as a right operand. */
static struct lm_right delta_of(const struct lm_pass *pass, enum lm_delta_slot slot)
{
    const struct lm_model *model = pass->model;
    const struct buffers buffers = buffers_of(pass);
    size_t C = model->shape.C, Q = model->shape.Q, wide = model->mlp->wide * model->shape.F;

    const struct {
        struct lm_operand from;
        size_t width;
    } deltas[LM_DELTA_SLOTS] = {
        [LM_DELTA_OUT] = {lm_floats(buffers.dout_kept, C), C},
        [LM_DELTA_FC] = {lm_stored(model, lm_at(model, model->layout.df), wide), wide},
        [LM_DELTA_PROJ] = {lm_floats(buffers.dmid_kept, C), C},
        [LM_DELTA_QKV] = {lm_floats(lm_at(model, model->layout.dqkv), Q), Q},
    };

    return (struct lm_right){
        .from = deltas[slot].from,
        .packed = {.data = lm_at(model, model->layout.packed_delta[slot]),
                   .n = deltas[slot].width,
                   .k = pass->rows},
    };
}

/* Packs a tile's rows of a delta, for the thread has just written them. */
static void pack_delta(const struct lm_pass *pass, enum lm_delta_slot slot, size_t first,
                       size_t rows)
{
    const struct lm_right delta = delta_of(pass, slot);
    lm_right_pack_rows(pass->model, &delta, first, rows);
}

/* dh of a feed-forward part from the gradient of what it adds to the stream. */
static void feed_forward_back(const struct lm_pass *pass, size_t worker, const float *dout,
                              float *dh, size_t first, size_t rows)
{
    const struct lm_model *model = pass->model;
    size_t C = model->shape.C, F = model->shape.F, wide = model->mlp->wide * F, l = pass->layer;
    float *place = lm_at(model, model->layout.df) + first * lm_words(model, wide);
    float *df = lm_staging(model, worker, place), *dg = df;
    if (model->mlp->wide > 1) /* behind df, where that is staged too */
        dg = lm_scratch(model, worker) + (lm_stores(model) ? rows * wide : 0);
    lm_weight_product(model, worker, LM_NT, LM_OUT_W, l, rows, lm_floats(dout, C), dg, F);
    for (size_t r = 0, some; (some = tile_rows(pass, r, rows)) > 0; r += some)
        model->mlp->backward(df + r * wide, partial(pass, first + r, LM_PART_FC_B), dg + r * F,
                             LM_ACT(model, f, l) + (first + r) * wide, some, F);
    lm_store(model, place, df, rows, wide);
    pack_delta(pass, LM_DELTA_FC, first, rows);
    lm_weight_product(model, worker, LM_NT, LM_FC_W, l, rows, lm_stored(model, place, wide), dh, C);
}

/* (1) dout → df → dmid → datt */
static void upper_task(void *user, size_t task, size_t worker)
{
    const struct lm_pass *pass = user;
    const struct lm_model *model = pass->model;
    size_t C = model->shape.C, A = model->shape.A, l = pass->layer, first;
    size_t rows = lm_wide(pass, task, &first);
    struct buffers buffers = buffers_of(pass);
    float *dh = lm_scratch(model, worker);
    const struct norm_back norm = {
        .dx = buffers.dmid,
        .dh = dh,
        .x = LM_ACT(model, xmid, l),
        .mean = LM_ACT(model, mean2, l),
        .rstd = LM_ACT(model, rstd2, l),
        .gain = lm_gain(model, LM_LN2_W, l),
        .dres = buffers.dout,
        .w = LM_PART_LN2_W,
        .b = LM_PART_LN2_B,
    };
    const float *dout = keep(pass, LM_SITE_OUT, buffers.dout, first, rows);
    sum_rows(pass, LM_PART_OUT_B, dout, first, rows, C);
    pack_delta(pass, LM_DELTA_OUT, first, rows);
    feed_forward_back(pass, worker, dout, dh, first, rows);
    norm_rows(pass, &norm, first, rows);
    const float *dmid = keep(pass, LM_SITE_PROJ, buffers.dmid, first, rows);
    sum_rows(pass, LM_PART_PROJ_B, dmid, first, rows, C);
    pack_delta(pass, LM_DELTA_PROJ, first, rows);
    lm_weight_product(model, worker, LM_NT, LM_PROJ_W, l, rows, lm_floats(dmid, C),
                      lm_at(model, model->layout.datt) + first * A, A);
}

/* Gradients of queries and keys as the product made them, in their place. */
static void queries_keys_task(void *user, size_t task, size_t worker)
{
    (void)worker;
    const struct lm_pass *pass = user;
    const struct lm_model *model = pass->model;
    const struct lm_shape *s = &model->shape;
    size_t heads = s->H + s->K, l = pass->layer, first, rows = lm_tile(pass, task, &first);
    for (size_t r = first; r < first + rows; r++)
        lm_qk_row_backward(model, l, lm_at(model, model->layout.dqkv) + r * s->Q,
                           lm_row_position(pass, r), LM_ACT(model, qk, l) + r * heads * s->D,
                           LM_ACT(model, qk_rstd, l) + r * heads,
                           partial(pass, first, LM_PART_QN_W), partial(pass, first, LM_PART_KN_W));
}

/* (3) dqkv → din */
static void lower_task(void *user, size_t task, size_t worker)
{
    const struct lm_pass *pass = user;
    const struct lm_model *model = pass->model;
    size_t C = model->shape.C, Q = model->shape.Q, l = pass->layer, first;
    size_t rows = lm_wide(pass, task, &first);
    struct buffers buffers = buffers_of(pass);
    const float *dqkv = lm_at(model, model->layout.dqkv) + first * Q;
    float *dh = lm_scratch(model, worker);
    const struct norm_back norm = {
        .dx = buffers.din,
        .dh = dh,
        .x = lm_stream(model, l),
        .mean = LM_ACT(model, mean1, l),
        .rstd = LM_ACT(model, rstd1, l),
        .gain = lm_gain(model, LM_LN1_W, l),
        .dres = buffers.dmid,
        .w = LM_PART_LN1_W,
        .b = LM_PART_LN1_B,
    };
    sum_rows(pass, LM_PART_QKV_B, dqkv, first, rows, Q);
    pack_delta(pass, LM_DELTA_QKV, first, rows);
    lm_weight_product(model, worker, LM_NT, LM_QKV_W, l, rows, lm_floats(dqkv, Q), dh, C);
    norm_rows(pass, &norm, first, rows);
}

/* The gradients of a layer's matrices: grad (in × out) = inputᵀ · delta; the larger tasks first, so
 * that smaller ones fill up what they leave. */
static const struct {
    enum lm_tensor_id id;
    size_t input;            /* of the activations: offset of its field */
    bool stored;             /* it lies there as an operand */
    size_t in;               /* its width: offset in the shape */
    enum lm_delta_slot slot; /* where the delta is packed */
} weight_jobs[] = {
    {LM_FC_W, offsetof(struct lm_layer_layout, h2), true, offsetof(struct lm_shape, C),
     LM_DELTA_FC},
    {LM_QKV_W, offsetof(struct lm_layer_layout, h1), true, offsetof(struct lm_shape, C),
     LM_DELTA_QKV},
    {LM_OUT_W, offsetof(struct lm_layer_layout, g), true, offsetof(struct lm_shape, F),
     LM_DELTA_OUT},
    {LM_PROJ_W, offsetof(struct lm_layer_layout, att), false, offsetof(struct lm_shape, A),
     LM_DELTA_PROJ},
};

enum { WEIGHT_JOBS = sizeof weight_jobs / sizeof weight_jobs[0] };

/* A size at `offset` of a struct of sizes. */
static size_t size_at(const void *sizes, size_t offset)
{
    size_t out;
    memcpy(&out, (const char *)sizes + offset, sizeof out);
    return out;
}

/* The same jobs as a grid cuts them: in × out, a sum over all rows. */
static void weight_grid_jobs(struct lm_grid_job out[WEIGHT_JOBS], const struct lm_pass *pass)
{
    for (size_t job = 0; job < WEIGHT_JOBS; job++)
        out[job] = (struct lm_grid_job){
            .m = size_at(&pass->model->shape, weight_jobs[job].in),
            .n = delta_of(pass, weight_jobs[job].slot).packed.n,
            .k = pass->rows,
        };
}

/* (4) A part of the weight gradients of the layer. */
static void weight_task(void *user, size_t task, size_t worker)
{
    const struct lm_pass *pass = user;
    const struct lm_model *model = pass->model;
    struct lm_grid_job jobs[WEIGHT_JOBS];
    weight_grid_jobs(jobs, pass);
    const struct lm_grid_part part = lm_grid_at(pass->grid, jobs, task);
    size_t in = jobs[part.job].m, out = jobs[part.job].n;
    size_t place = size_at(&model->layout.layer, weight_jobs[part.job].input);
    const float *input = lm_at(model, place + pass->layer * model->layout.layer_stride);
    struct lm_operand left =
        weight_jobs[part.job].stored ? lm_stored(model, input, in) : lm_floats(input, in);
    struct lm_right delta = delta_of(pass, weight_jobs[part.job].slot);
    delta = lm_right_from(model, delta, part.col);
    lm_right_multiply(
        model, worker, part.rows, part.cols, pass->rows, lm_turned(model, left, part.row), &delta,
        false, lm_grad(model, weight_jobs[part.job].id, pass->layer) + part.row * out + part.col,
        out, (struct lm_causal){0});
}

/* Gradient of the final layer norm: dhf → dx[0] of the last layer's output. */
static void final_task(void *user, size_t task, size_t worker)
{
    (void)worker;
    const struct lm_pass *pass = user;
    const struct lm_model *model = pass->model;
    const struct lm_layout *at = &model->layout;
    size_t C = (size_t)model->config.width, L = (size_t)model->config.layers, first;
    size_t rows = lm_tile(pass, task, &first);
    float *sums = lm_at(model, at->partials) + task * at->partial_rows;
    memset(sums, 0, at->partial_rows * sizeof *sums);
    sums += L * at->part_step;
    model->norm->backward(lm_at(model, at->dx[0]) + first * C, sums, sums + C,
                          lm_at(model, at->dhf) + first * C, lm_stream(model, L) + first * C,
                          lm_at(model, at->meanf) + first, lm_at(model, at->rstdf) + first,
                          lm_gain(model, LM_LNF_W, 0), NULL, rows, C);
}

/* Where the partial sums of a layer go. */
static const enum lm_tensor_id part_goals[LM_PARTS] = {
    [LM_PART_LN1_W] = LM_LN1_W, [LM_PART_LN1_B] = LM_LN1_B, [LM_PART_QKV_B] = LM_QKV_B,
    [LM_PART_QN_W] = LM_QN_W,   [LM_PART_KN_W] = LM_KN_W,   [LM_PART_PROJ_B] = LM_PROJ_B,
    [LM_PART_LN2_W] = LM_LN2_W, [LM_PART_LN2_B] = LM_LN2_B, [LM_PART_FC_B] = LM_FC_B,
    [LM_PART_OUT_B] = LM_OUT_B,
};

/* The gradient of a vector is the sum over tiles of its partial sums at `offset`; nothing when
 * the model has no such vector. */
static void add_partials(const struct lm_pass *pass, enum lm_tensor_id id, size_t layer,
                         size_t offset)
{
    const struct lm_model *model = pass->model;
    int64_t index = lm_tensor_index(&model->map, id, (int64_t)layer);
    if (index < 0)
        return;
    float *grad = lm_grad(model, id, layer);
    size_t n = (size_t)model->tensors[index].count;
    memset(grad, 0, n * sizeof *grad);
    model->kernels->column_sums(grad, lm_at(model, model->layout.partials) + offset, pass->tiles, n,
                                model->layout.partial_rows);
}

static void reduce_layer(const struct lm_pass *pass, size_t layer)
{
    const struct lm_model *model = pass->model;
    size_t place = layer * model->layout.part_step;
    if (layer == model->shape.L) {
        add_partials(pass, LM_LNF_W, 0, place);
        add_partials(pass, LM_LNF_B, 0, place + model->shape.C);
        return;
    }
    for (size_t i = 0; i < LM_PARTS; i++)
        add_partials(pass, part_goals[i], layer, place + model->layout.parts[i]);
}

static void clear_columns(float *grad, size_t rows, size_t C, size_t first, size_t n)
{
    for (size_t r = 0; r < rows; r++)
        memset(grad + r * C + first, 0, n * sizeof *grad);
}

/* What the tokens before got of rows' gradients, and the vector that says how much of them is seen.
 */
static void smear_columns(const struct lm_pass *pass, const float *dx, size_t first, size_t n)
{
    const struct lm_model *model = pass->model;
    size_t C = model->shape.C;
    const float *smear = lm_weight(model, LM_SMEAR, 0) + first;
    const float *weights = lm_weight(model, LM_WTE, 0) + first;
    float *dsmear = lm_grad(model, LM_SMEAR, 0) + first, *wte = lm_grad(model, LM_WTE, 0) + first;
    memset(dsmear, 0, n * sizeof *dsmear);
    for (size_t r = 1; r < pass->rows; r++) {
        const float *d = dx + r * C + first;
        int32_t before = lm_token_before(model, r);
        if (before < 0)
            continue;
        model->kernels->add_product(dsmear, d, weights + (size_t)before * C, n);
        model->kernels->add_product(wte + (size_t)before * C, d, smear, n);
    }
}

/* Embeddings: a block of columns through all rows in order. A tied head has written wte's gradient.
 */
static void embedding_columns(const struct lm_pass *pass, size_t block)
{
    const struct lm_model *model = pass->model;
    size_t C = model->shape.C, first = block * COLUMN_BLOCK;
    size_t n = C - first < COLUMN_BLOCK ? C - first : COLUMN_BLOCK;
    const int32_t *tokens = (const int32_t *)lm_at(model, model->layout.tokens);
    const float *dx = lm_at(model, model->layout.dx[model->shape.L * 2 % 3]);
    float *wte = lm_grad(model, LM_WTE, 0), *wpe = lm_grad(model, LM_WPE, 0);
    if (model->config.untied)
        clear_columns(wte, model->shape.V, C, first, n);
    if (wpe != NULL)
        clear_columns(wpe, model->shape.T, C, first, n);
    for (size_t r = 0; r < pass->rows; r++) {
        const float *d = dx + r * C + first;
        model->kernels->add(wte + (size_t)tokens[r] * C + first, d, n);
        if (wpe != NULL)
            model->kernels->add(wpe + lm_row_position(pass, r) * C + first, d, n);
    }
    if (model->config.smear)
        smear_columns(pass, dx, first, n);
}

static void finish_task(void *user, size_t task, size_t worker)
{
    (void)worker;
    const struct lm_pass *pass = user;
    size_t frozen = (size_t)pass->model->options.frozen_layers;
    size_t layers = pass->model->shape.L + 1 - frozen;
    if (task < layers)
        reduce_layer(pass, frozen + task);
    else
        embedding_columns(pass, task - layers);
}

/* The embedding's norm: its input and what that norm found are computed again. */
static void embed_norm_back(const struct lm_pass *pass, size_t worker, float *dx, size_t row)
{
    const struct lm_model *model = pass->model;
    const struct lm_norm_kernels *rms = &model->kernels->norms[LM_NORM_RMS];
    const int32_t *tokens = (const int32_t *)lm_at(model, model->layout.tokens);
    const float *ones = lm_at(model, model->layout.ones);
    size_t C = model->shape.C;
    float rstd, *x = lm_scratch(model, worker), *unused = x + C;
    lm_embed_sum(model, x, tokens[row], lm_token_before(model, row), lm_row_position(pass, row));
    rms->forward(unused, NULL, &rstd, x, ones, NULL, 1, C);
    rms->backward(dx, unused, NULL, dx, x, NULL, &rstd, ones, NULL, 1, C);
}

/* The embedding's dropout and norm, on the gradient of the stream before layer 0. */
static void embed_task(void *user, size_t task, size_t worker)
{
    const struct lm_pass *pass = user;
    const struct lm_model *model = pass->model;
    size_t C = model->shape.C, L = model->shape.L, first, rows = lm_tile(pass, task, &first);
    float *dx = lm_at(model, model->layout.dx[L * 2 % 3]) + first * C;
    if (drops(model))
        lm_dropout_rows(pass, L, LM_SITE_ATTENTION, dx, first, rows, C);
    for (size_t r = 0; r < rows && model->config.embed_norm; r++)
        embed_norm_back(pass, worker, dx + r * C, first + r);
}

enum { UPPER_RIGHTS = 3 };

/* What the upper half of layer l needs. */
static void upper_rights(struct lm_right out[UPPER_RIGHTS], const struct lm_model *model, size_t l)
{
    static const enum lm_tensor_id ids[UPPER_RIGHTS] = {LM_OUT_W, LM_FC_W, LM_PROJ_W};

    for (size_t i = 0; i < UPPER_RIGHTS; i++)
        out[i] = lm_weight_right(model, ids[i], l, LM_NT);
}

/* Four regions, one more where queries and keys are changed; each packs what is there to be packed
 * and later ones multiply by: weights in tasks of their own, deltas by the rows of a tile. */
static void layer_backward(struct lm_pass *pass)
{
    const struct lm_model *model = pass->model;
    const struct lm_right lower = lm_weight_right(model, LM_QKV_W, pass->layer, LM_NT);
    struct lm_right upper[UPPER_RIGHTS];
    bool more = pass->layer > (size_t)model->options.frozen_layers && !model->options.recompute;
    upper_rights(upper, model, more ? pass->layer - 1 : 0);
    lm_region(pass, LM_PHASE_BACKWARD, pass->wides, upper_task, NULL, 0);
    lm_attention_backward(pass, &lower, 1);
    if (lm_qk_is_changed(model))
        lm_region(pass, LM_PHASE_BACKWARD, pass->tiles, queries_keys_task, NULL, 0);
    lm_region(pass, LM_PHASE_BACKWARD, pass->wides, lower_task, NULL, 0);
    struct lm_grid_job jobs[WEIGHT_JOBS];
    weight_grid_jobs(jobs, pass);
    pass->grid = lm_model_grid(model, jobs, WEIGHT_JOBS, WEIGHT_ROWS);
    lm_region_of(pass, LM_PHASE_BACKWARD, 0, lm_grid_count(pass->grid, jobs, WEIGHT_JOBS),
                 weight_task, pass, upper, more ? UPPER_RIGHTS : 0);
}

void lm_trunk_backward(struct lm_pass *pass)
{
    struct lm_model *model = pass->model;
    size_t L = model->shape.L, C = model->shape.C, frozen = (size_t)model->options.frozen_layers;
    size_t blocks = frozen > 0 ? 0 : (C + COLUMN_BLOCK - 1) / COLUMN_BLOCK;
    struct lm_right upper[UPPER_RIGHTS];
    lm_phase_count_backward(model, pass->rows, pass->time);
    upper_rights(upper, model, L - 1);
    lm_region(pass, LM_PHASE_BACKWARD, pass->tiles, final_task, upper, UPPER_RIGHTS);
    for (size_t l = L; l-- > frozen;) {
        pass->layer = l;
        if (model->options.recompute && l + 1 < L) {
            lm_layer_again(pass);
            upper_rights(upper, model, l); /* whose places the forward weights have taken */
            lm_region(pass, LM_PHASE_BACKWARD, 0, NULL, upper, UPPER_RIGHTS);
        }
        layer_backward(pass);
    }
    if ((drops(model) || model->config.embed_norm) && frozen == 0)
        lm_region(pass, LM_PHASE_BACKWARD, pass->tiles, embed_task, NULL, 0);
    lm_region_of(pass, LM_PHASE_BACKWARD, 0, L + 1 - frozen + blocks, finish_task, pass, NULL, 0);
}
