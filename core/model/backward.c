/*
 * Backward pass of the trunk. Four parallel regions a layer: (1) tiles of rows through the
 * feed-forward half, (2) attention over (sequence, head), (3) tiles of rows through the first
 * layer norm, (4) the weights' gradients, each cut along the rows of its matrix so that no sum is
 * ever shared. Sums over rows are kept per tile and added in tile order.
 *
 * Gradients of the residual stream go round three buffers: dx[a] of the layer's output, dx[b] of
 * its middle, dx[c] of its input.
 */
#include "model/core.h"

#include <stddef.h>
#include <string.h>

#include "model/region.h"
#include "model/weights.h"

enum { WEIGHT_ROWS = 128, COLUMN_BLOCK = 64 };

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

static float *partial(const struct lm_pass *pass, size_t tile, enum lm_partial part)
{
    const struct lm_model *model = pass->model;
    size_t C = (size_t)model->config.width;
    return lm_at(model, model->layout.partials) + tile * model->layout.partial_rows +
           (pass->layer * LM_LAYER_PARTIALS + part) * C;
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

/* (1) dout → df → dmid → datt */
static void upper_task(void *user, size_t task, size_t worker)
{
    const struct lm_pass *pass = user;
    const struct lm_model *model = pass->model;
    const struct lm_kernels *kernels = model->kernels;
    size_t C = (size_t)model->config.width, l = pass->layer, first;
    size_t rows = lm_tile(pass, task, &first);
    struct buffers buffers = buffers_of(pass);
    float *df = lm_at(model, model->layout.df) + first * lm_words(model, 4 * C);
    float *d = lm_staging(model, worker, df), *dh = lm_scratch(model, worker);
    const float *dout = keep(pass, LM_SITE_OUT, buffers.dout, first, rows);
    kernels->column_sums(partial(pass, task, LM_PART_OUT_B), dout, rows, C, C);
    lm_weight_product(model, worker, LM_NT, LM_OUT_W, l, rows, lm_floats(dout, C), d, 4 * C);
    kernels->gelu_backward(d, partial(pass, task, LM_PART_FC_B),
                           LM_ACT(model, f, l) + first * 4 * C, rows, 4 * C);
    lm_store(model, df, d, rows, 4 * C);
    lm_weight_product(model, worker, LM_NT, LM_FC_W, l, rows, lm_stored(model, df, 4 * C), dh, C);
    kernels->layernorm_backward(buffers.dmid + first * C, partial(pass, task, LM_PART_LN2_W),
                                partial(pass, task, LM_PART_LN2_B), dh,
                                LM_ACT(model, xmid, l) + first * C, LM_ACT(model, mean2, l) + first,
                                LM_ACT(model, rstd2, l) + first, lm_weight(model, LM_LN2_W, l),
                                buffers.dout + first * C, rows, C);
    const float *dmid = keep(pass, LM_SITE_PROJ, buffers.dmid, first, rows);
    kernels->column_sums(partial(pass, task, LM_PART_PROJ_B), dmid, rows, C, C);
    lm_weight_product(model, worker, LM_NT, LM_PROJ_W, l, rows, lm_floats(dmid, C),
                      lm_at(model, model->layout.datt) + first * C, C);
}

/* (3) dqkv → din */
static void lower_task(void *user, size_t task, size_t worker)
{
    const struct lm_pass *pass = user;
    const struct lm_model *model = pass->model;
    const struct lm_kernels *kernels = model->kernels;
    size_t C = (size_t)model->config.width, l = pass->layer, first;
    size_t rows = lm_tile(pass, task, &first);
    struct buffers buffers = buffers_of(pass);
    const float *dqkv = lm_at(model, model->layout.dqkv) + first * 3 * C;
    float *dh = lm_scratch(model, worker);
    kernels->column_sums(partial(pass, task, LM_PART_QKV_B), dqkv, rows, 3 * C, 3 * C);
    lm_weight_product(model, worker, LM_NT, LM_QKV_W, l, rows, lm_floats(dqkv, 3 * C), dh, C);
    kernels->layernorm_backward(buffers.din + first * C, partial(pass, task, LM_PART_LN1_W),
                                partial(pass, task, LM_PART_LN1_B), dh,
                                lm_stream(model, l) + first * C, LM_ACT(model, mean1, l) + first,
                                LM_ACT(model, rstd1, l) + first, lm_weight(model, LM_LN1_W, l),
                                buffers.dmid + first * C, rows, C);
}

/* The gradients of a layer's matrices: grad (in × out) = inputᵀ · delta; the larger tasks first, so
 * that smaller ones fill up what they leave. */
static const struct {
    enum lm_tensor_id id;
    size_t input;            /* of the activations: offset of its field */
    bool stored;             /* it lies there as an operand */
    size_t in;               /* in units of C */
    enum lm_delta_slot slot; /* where the delta is packed */
} weight_jobs[] = {
    {LM_FC_W, offsetof(struct lm_layer_layout, h2), true, 1, LM_DELTA_FC},
    {LM_QKV_W, offsetof(struct lm_layer_layout, h1), true, 1, LM_DELTA_QKV},
    {LM_OUT_W, offsetof(struct lm_layer_layout, g), true, 4, LM_DELTA_OUT},
    {LM_PROJ_W, offsetof(struct lm_layer_layout, att), false, 1, LM_DELTA_PROJ},
};

enum { WEIGHT_JOBS = sizeof weight_jobs / sizeof weight_jobs[0] };

/* A delta of the layer as a right operand. */
static struct lm_right delta_of(const struct lm_pass *pass, enum lm_delta_slot slot)
{
    const struct lm_model *model = pass->model;
    const struct buffers buffers = buffers_of(pass);
    size_t C = (size_t)model->config.width;

    const struct {
        struct lm_operand from;
        size_t width;
    } deltas[LM_DELTA_SLOTS] = {
        [LM_DELTA_OUT] = {lm_floats(buffers.dout_kept, C), C},
        [LM_DELTA_FC] = {lm_stored(model, lm_at(model, model->layout.df), 4 * C), 4 * C},
        [LM_DELTA_PROJ] = {lm_floats(buffers.dmid_kept, C), C},
        [LM_DELTA_QKV] = {lm_floats(lm_at(model, model->layout.dqkv), 3 * C), 3 * C},
    };

    return (struct lm_right){
        .from = deltas[slot].from,
        .packed = {.data = lm_at(model, model->layout.packed_delta[slot]),
                   .n = deltas[slot].width,
                   .k = pass->rows},
    };
}

static size_t weight_parts(const struct lm_pass *pass, size_t job)
{
    size_t in = weight_jobs[job].in * (size_t)pass->model->config.width;
    return (in + WEIGHT_ROWS - 1) / WEIGHT_ROWS;
}

static size_t all_weight_parts(const struct lm_pass *pass)
{
    size_t parts = 0;
    for (size_t job = 0; job < WEIGHT_JOBS; job++)
        parts += weight_parts(pass, job);
    return parts;
}

/* (4) Part `part` of the rows of all weight gradients of the layer, counted through the jobs. */
static void weight_task(void *user, size_t part, size_t worker)
{
    const struct lm_pass *pass = user;
    const struct lm_model *model = pass->model;
    size_t job = 0;
    for (; part >= weight_parts(pass, job); job++)
        part -= weight_parts(pass, job);
    size_t in = weight_jobs[job].in * (size_t)model->config.width;
    size_t first = part * WEIGHT_ROWS, rest = in - first;
    const char *fields = (const char *)&model->layout.layer;
    size_t place = *(const size_t *)(const void *)(fields + weight_jobs[job].input);
    const float *input = lm_at(model, place + pass->layer * model->layout.layer_stride);
    struct lm_operand left =
        weight_jobs[job].stored ? lm_stored(model, input, in) : lm_floats(input, in);
    struct lm_right delta = delta_of(pass, weight_jobs[job].slot);
    size_t out = delta.packed.n;
    lm_right_multiply(model, worker, rest < WEIGHT_ROWS ? rest : WEIGHT_ROWS, out, pass->rows,
                      lm_turned(model, left, first), &delta, !pass->fresh,
                      lm_grad(model, weight_jobs[job].id, pass->layer) + first * out, out);
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
    sums += L * LM_LAYER_PARTIALS * C;
    model->kernels->layernorm_backward(
        lm_at(model, at->dx[0]) + first * C, sums, sums + C, lm_at(model, at->dhf) + first * C,
        lm_stream(model, L) + first * C, lm_at(model, at->meanf) + first,
        lm_at(model, at->rstdf) + first, lm_weight(model, LM_LNF_W, 0), NULL, rows, C);
}

/* Where the partial sums of a layer go. */
static const struct {
    enum lm_tensor_id id;
    enum lm_partial part;
    size_t size; /* in units of C */
} part_goals[] = {
    {LM_LN1_W, LM_PART_LN1_W, 1},   {LM_LN1_B, LM_PART_LN1_B, 1}, {LM_QKV_B, LM_PART_QKV_B, 3},
    {LM_PROJ_B, LM_PART_PROJ_B, 1}, {LM_LN2_W, LM_PART_LN2_W, 1}, {LM_LN2_B, LM_PART_LN2_B, 1},
    {LM_FC_B, LM_PART_FC_B, 4},     {LM_OUT_B, LM_PART_OUT_B, 1},
};

/* grad (+)= the sum over tiles of the partial sums at `offset`. */
static void add_partials(const struct lm_pass *pass, float *grad, size_t offset, size_t n)
{
    const struct lm_model *model = pass->model;
    if (pass->fresh)
        memset(grad, 0, n * sizeof *grad);
    model->kernels->column_sums(grad, lm_at(model, model->layout.partials) + offset, pass->tiles, n,
                                model->layout.partial_rows);
}

static void reduce_layer(const struct lm_pass *pass, size_t layer)
{
    const struct lm_model *model = pass->model;
    size_t C = (size_t)model->config.width, L = (size_t)model->config.layers;
    if (layer == L) {
        add_partials(pass, lm_grad(model, LM_LNF_W, 0), L * LM_LAYER_PARTIALS * C, C);
        add_partials(pass, lm_grad(model, LM_LNF_B, 0), (L * LM_LAYER_PARTIALS + 1) * C, C);
        return;
    }
    for (size_t i = 0; i < sizeof part_goals / sizeof part_goals[0]; i++)
        add_partials(pass, lm_grad(model, part_goals[i].id, layer),
                     (layer * LM_LAYER_PARTIALS + part_goals[i].part) * C, part_goals[i].size * C);
}

/* Embeddings: a block of columns through all rows in order. The head has written wte's gradient. */
static void embedding_columns(const struct lm_pass *pass, size_t block)
{
    const struct lm_model *model = pass->model;
    size_t C = (size_t)model->config.width, first = block * COLUMN_BLOCK;
    size_t n = C - first < COLUMN_BLOCK ? C - first : COLUMN_BLOCK;
    const int32_t *tokens = (const int32_t *)lm_at(model, model->layout.tokens);
    const float *dx = lm_at(model, model->layout.dx[(size_t)model->config.layers * 2 % 3]);
    float *wte = lm_grad(model, LM_WTE, 0), *wpe = lm_grad(model, LM_WPE, 0);
    for (size_t t = 0; pass->fresh && t < (size_t)model->config.context; t++)
        memset(wpe + t * C + first, 0, n * sizeof *wpe);
    for (size_t r = 0; r < pass->rows; r++) {
        const float *d = dx + r * C + first;
        model->kernels->add(wte + (size_t)tokens[r] * C + first, d, n);
        model->kernels->add(wpe + r % pass->time * C + first, d, n);
    }
}

static void finish_task(void *user, size_t task, size_t worker)
{
    (void)worker;
    const struct lm_pass *pass = user;
    size_t layers = (size_t)pass->model->config.layers + 1;
    if (task < layers)
        reduce_layer(pass, task);
    else
        embedding_columns(pass, task - layers);
}

/* The embedding's dropout, on the gradient of the stream before layer 0. */
static void drop_task(void *user, size_t task, size_t worker)
{
    (void)worker;
    const struct lm_pass *pass = user;
    const struct lm_model *model = pass->model;
    size_t C = (size_t)model->config.width, L = (size_t)model->config.layers, first;
    size_t rows = lm_tile(pass, task, &first);
    lm_dropout_rows(pass, L, LM_SITE_ATTENTION,
                    lm_at(model, model->layout.dx[L * 2 % 3]) + first * C, first, rows, C);
}

enum { UPPER_RIGHTS = 3, ATTENTION_RIGHTS = 4 };

/* What the upper half of layer l needs. */
static void upper_rights(struct lm_right out[UPPER_RIGHTS], const struct lm_model *model, size_t l)
{
    static const enum lm_tensor_id ids[UPPER_RIGHTS] = {LM_OUT_W, LM_FC_W, LM_PROJ_W};

    for (size_t i = 0; i < UPPER_RIGHTS; i++)
        out[i] = lm_weight_right(model, ids[i], l, LM_NT);
}

/* Four regions; each packs what is there to be packed and later ones multiply by. */
static void layer_backward(struct lm_pass *pass)
{
    const struct lm_model *model = pass->model;
    const struct lm_right attention[ATTENTION_RIGHTS] = {
        delta_of(pass, LM_DELTA_FC), delta_of(pass, LM_DELTA_OUT), delta_of(pass, LM_DELTA_PROJ),
        lm_weight_right(model, LM_QKV_W, pass->layer, LM_NT)};
    const struct lm_right lower = delta_of(pass, LM_DELTA_QKV);
    struct lm_right upper[UPPER_RIGHTS];
    bool more = pass->layer > 0 && !model->options.recompute;
    upper_rights(upper, model, more ? pass->layer - 1 : 0);
    lm_region(pass, LM_PHASE_BACKWARD, pass->tiles, upper_task, NULL, 0);
    lm_attention_backward(pass, attention, ATTENTION_RIGHTS);
    lm_region(pass, LM_PHASE_BACKWARD, pass->tiles, lower_task, &lower, 1);
    lm_region(pass, LM_PHASE_BACKWARD, all_weight_parts(pass), weight_task, upper,
              more ? UPPER_RIGHTS : 0);
}

void lm_trunk_backward(struct lm_pass *pass)
{
    struct lm_model *model = pass->model;
    size_t L = (size_t)model->config.layers, C = (size_t)model->config.width;
    struct lm_right upper[UPPER_RIGHTS];
    lm_phase_count_backward(model, pass->rows, pass->time);
    upper_rights(upper, model, L - 1);
    lm_region(pass, LM_PHASE_BACKWARD, pass->tiles, final_task, upper, UPPER_RIGHTS);
    for (size_t l = L; l-- > 0;) {
        pass->layer = l;
        if (model->options.recompute && l + 1 < L) {
            lm_layer_again(pass);
            upper_rights(upper, model, l); /* whose places the forward weights have taken */
            lm_region(pass, LM_PHASE_BACKWARD, 0, NULL, upper, UPPER_RIGHTS);
        }
        layer_backward(pass);
    }
    if (drops(model))
        lm_region(pass, LM_PHASE_BACKWARD, pass->tiles, drop_task, NULL, 0);
    lm_region(pass, LM_PHASE_BACKWARD, L + 1 + (C + COLUMN_BLOCK - 1) / COLUMN_BLOCK, finish_task,
              NULL, 0);
}
