#include "model/layout.h"

#include <string.h>

#include "model/gradient.h"
#include "model/kernels/products.h"
#include "model/muon.h"
#include "model/params.h"
#include "model/shape.h"

enum { UPDATE_BLOCK = 1 << 15, CHUNK_FLOATS = 1 << 22, CHUNK_MIN = 512, LANES = 16 };

static size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t lm_tile_rows(size_t rows)
{
    return rows >= 512 ? 128 : rows >= 128 ? 64 : 32;
}

size_t lm_chunk_rows(size_t rows, size_t vocab)
{
    size_t wanted = CHUNK_FLOATS / vocab / CHUNK_MIN * CHUNK_MIN;
    return min_size(rows, wanted < CHUNK_MIN ? CHUNK_MIN : wanted);
}

size_t lm_update_block(void)
{
    return UPDATE_BLOCK;
}

size_t lm_update_blocks(size_t count)
{
    return (count + UPDATE_BLOCK - 1) / UPDATE_BLOCK;
}

/* Reserves `count` floats on a cache line's border. */
static size_t take(struct lm_layout *layout, size_t count)
{
    size_t at = layout->floats;
    layout->floats += round_up(count, LANES);
    return at;
}

/* Elements of a packed word. */
static size_t depth_of(const struct lm_model_options *options)
{
    return options->precision == LM_PRECISION_BF16 ? 2 : 1;
}

static void plan_params(struct lm_layout *out, const struct lm_model_config *config,
                        const struct lm_model_options *options)
{
    struct lm_tensor_row rows[LM_TENSOR_IDS];
    lm_tensor_rows(rows, config);
    struct lm_tensor_map map = lm_tensor_map_of(config);
    size_t blocks = 0;
    for (size_t i = 0; i < map.count; i++) {
        int64_t layer;
        const struct lm_tensor_row *row = &rows[lm_tensor_at(&map, i, &layer)];
        size_t count = (size_t)(row->rows * row->cols);
        out->param_floats += round_up(count, LANES);
        blocks += lm_update_blocks(count);
    }
    out->params = take(out, out->param_floats);
    if (options->training) {
        out->grads = take(out, lm_gradient_places(options->leaves) * out->param_floats);
        out->moment1 = take(out, out->param_floats);
        out->moment2 = take(out, out->param_floats);
        out->norms = take(out, 4 * (blocks + (options->muon ? lm_muon_pieces(config) : 0)));
    }
}

static void plan_layer(struct lm_layout *out, size_t M, const struct lm_shape *s, bool qk_norm,
                       size_t depth)
{
    struct lm_layer_layout *layer = &out->layer;
    layer->mean1 = take(out, M);
    layer->rstd1 = take(out, M);
    layer->h1 = take(out, M * lm_stored_words(depth, s->C));
    layer->qkv = take(out, M * s->Q);
    layer->qk = take(out, qk_norm ? M * (s->H + s->K) * s->D : 0);
    layer->qk_rstd = take(out, qk_norm ? M * (s->H + s->K) : 0);
    layer->peak = take(out, M * s->H);
    layer->mass = take(out, M * s->H);
    layer->att = take(out, M * s->A);
    layer->xmid = take(out, M * s->C);
    layer->mean2 = take(out, M);
    layer->rstd2 = take(out, M);
    layer->h2 = take(out, M * lm_stored_words(depth, s->C));
    layer->f = take(out, M * s->G * s->F);
    layer->g = take(out, M * lm_stored_words(depth, s->F));
}

bool lm_layout_is_blas(const struct lm_model_options *options)
{
    return options->numerics == LM_NUMERICS_BLAS && options->precision == LM_PRECISION_F32;
}

/* Reserves room for an operand of k rows and n columns, and for its transpose. */
static size_t take_packed(struct lm_layout *out, size_t depth, size_t k, size_t n)
{
    size_t one = lm_packed_floats(depth, n, k), other = lm_packed_floats(depth, k, n);
    return take(out, one > other ? one : other);
}

static void plan_packed(struct lm_layout *out, const struct lm_shape *s,
                        const struct lm_model_options *options)
{
    size_t depth = depth_of(options), C = s->C, rows = out->max_rows;
    out->packed[LM_PACK_QKV] = take_packed(out, depth, C, s->Q);
    out->packed[LM_PACK_PROJ] = take_packed(out, depth, s->A, C);
    out->packed[LM_PACK_FC] = take_packed(out, depth, C, s->G * s->F);
    out->packed[LM_PACK_OUT] = take_packed(out, depth, s->F, C);
    out->packed[LM_PACK_LOGITS] = take(out, lm_packed_floats(depth, s->V, C));
    if (!options->training)
        return;
    out->packed[LM_PACK_HEAD] = take(out, lm_packed_floats(depth, C, s->V));
    out->packed_delta[LM_DELTA_OUT] = take(out, lm_packed_floats(depth, C, rows));
    out->packed_delta[LM_DELTA_FC] = take(out, lm_packed_floats(depth, s->G * s->F, rows));
    out->packed_delta[LM_DELTA_QKV] = take(out, lm_packed_floats(depth, s->Q, rows));
    out->packed_delta[LM_DELTA_PROJ] = take(out, lm_packed_floats(depth, C, rows));
    out->packed_chunk = take(out, lm_packed_floats(depth, C, out->chunk_rows));
}

/* Floats a row in a worker's scratch: a delta, or what lies inside the feed-forward part where it
 * is not computed in its place. */
static size_t scratch_row(const struct lm_shape *s, size_t depth)
{
    size_t inside = (s->G > 1 ? s->F : 0) + (depth > 1 ? s->G * s->F : 0);
    return inside > s->C ? inside : s->C;
}

/* A worker's scratch: rows of numbers, or scores of an attention task and the keys and values of
 * its head packed; then packing space. */
static void plan_scratch(struct lm_layout *out, const struct lm_shape *s, size_t T,
                         const struct lm_model_options *options)
{
    size_t at = 2 * LM_QUERY_BLOCK * round_up(T, LANES), depth = depth_of(options);
    for (size_t i = 0; i < 3; i++) {
        size_t side = lm_packed_floats(depth, T, s->D), deep = lm_packed_floats(depth, s->D, T);
        out->scratch_heads[i] = at;
        at += lm_layout_is_blas(options) ? 0 : round_up(side > deep ? side : deep, LANES);
    }
    out->scratch_gather = at;
    at += options->training ? 0 : round_up(2 * T * s->D, LANES);
    size_t rows = LM_TILE_MAX * scratch_row(s, depth);
    out->scratch_gemm = round_up(at > rows ? at : rows, LANES);
    out->scratch_stride = round_up(out->scratch_gemm + LM_GEMM_SCRATCH, 1024);
    out->scratch = take(out, out->scratch_stride * (options->threads > 0 ? options->threads : 1));
}

static void plan_partials(struct lm_layout *out, size_t M, const struct lm_shape *s)
{
    const size_t sizes[LM_PARTS] = {
        [LM_PART_LN1_W] = s->C, [LM_PART_LN1_B] = s->C, [LM_PART_QKV_B] = s->Q,
        [LM_PART_QN_W] = s->D,  [LM_PART_KN_W] = s->D,  [LM_PART_PROJ_B] = s->C,
        [LM_PART_LN2_W] = s->C, [LM_PART_LN2_B] = s->C, [LM_PART_FC_B] = s->G * s->F,
        [LM_PART_OUT_B] = s->C,
    };
    for (size_t i = 0; i < LM_PARTS; i++) {
        out->parts[i] = out->part_step;
        out->part_step += sizes[i];
    }
    size_t tiles = 0; /* the most any call with up to M rows is cut into */
    const size_t edges[] = {M, 511, 127};
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        size_t rows = min_size(M, edges[i]), tile = lm_tile_rows(rows);
        size_t count = (rows + tile - 1) / tile;
        tiles = count > tiles ? count : tiles;
    }
    out->partial_rows = s->L * out->part_step + 2 * s->C;
    out->partials = take(out, tiles * out->partial_rows);
}

static void plan_backward(struct lm_layout *out, size_t M, const struct lm_shape *s, bool dropout,
                          size_t depth)
{
    out->dhf = take(out, M * s->C);
    for (size_t i = 0; i < 3; i++)
        out->dx[i] = take(out, M * s->C);
    for (size_t i = 0; i < 2 && dropout; i++)
        out->ddrop[i] = take(out, M * s->C);
    out->datt = take(out, M * s->A);
    out->dqkv = take(out, M * s->Q);
    out->df = take(out, M * lm_stored_words(depth, s->G * s->F));
    plan_partials(out, M, s);
}

/* What heads on pooled states need for B texts of N labels. */
static void plan_texts(struct lm_layout *out, size_t B, size_t C, size_t N, bool training)
{
    out->pooled = take(out, B * C);
    if (!training)
        return;
    out->dpooled = take(out, B * C);
    out->label_logits = take(out, B * N);
    out->text_inverse = take(out, 2 * B);
    out->text_mass = take(out, 2 * B);
}

static void plan_muon(struct lm_layout *out, const struct lm_model_config *config,
                      const struct lm_model_options *options)
{
    if (!options->training || !options->muon)
        return;
    out->muon_stride = lm_muon_floats(config);
    out->muon = take(out, out->muon_stride * (options->threads > 0 ? options->threads : 1));
}

/* No row of an activation is wider than one of these sums, and no layer has more than 8 of each. */
bool lm_layout_fits(const struct lm_model_config *config, const struct lm_model_options *options)
{
    const struct lm_shape s = lm_shape_of(config);
    double time = (double)(options->max_time > 0 ? options->max_time : config->context);
    double rows = time * (double)(options->max_batch > 0 ? options->max_batch : 1);
    double wide = (double)(s.C + s.Q + s.A + s.G * s.F + s.F + s.H + 16);
    double floats =
        8 * rows * wide * (double)(s.L + 8) +
        (8 + (double)lm_gradient_places(options->leaves)) * (double)lm_model_parameters(config);
    return floats < 2e15;
}

void lm_layout_plan(struct lm_layout *out, const struct lm_model_config *config,
                    const struct lm_model_options *options)
{
    const struct lm_shape shape = lm_shape_of(config);
    size_t C = shape.C, L = shape.L, V = shape.V;
    size_t T = (size_t)(options->max_time > 0 ? options->max_time : config->context);
    size_t M = T * (size_t)(options->max_batch > 0 ? options->max_batch : 1);
    memset(out, 0, sizeof *out);
    out->max_rows = M;
    plan_params(out, config, options);
    out->tokens = take(out, M);
    out->targets = take(out, M);
    out->before = take(out, config->smear ? M : 0);
    out->positions = take(out, 3 * M);
    size_t start = out->floats;
    plan_layer(out, M, &shape, config->qk_norm, depth_of(options));
    if (options->training) {
        out->layer_stride = options->recompute ? 0 : out->floats - start;
        out->floats += (L - 1) * out->layer_stride;
        out->x_stride = round_up(M * C, LANES);
    }
    out->x = take(out, M * C + L * out->x_stride);
    out->meanf = take(out, M);
    out->rstdf = take(out, M);
    out->hf = take(out, M * lm_stored_words(depth_of(options), C));
    if (options->training)
        plan_backward(out, M, &shape, config->dropout > 0, depth_of(options));
    /* an odd number of cache lines: rows a power of two apart would fight for the same sets */
    out->logits_ld = round_up(V, LANES);
    out->logits_ld += out->logits_ld / LANES % 2 == 0 ? LANES : 0;
    out->chunk_rows = lm_chunk_rows(M, V);
    out->logits = take(out, out->chunk_rows * out->logits_ld);
    if (!lm_layout_is_blas(options))
        plan_packed(out, &shape, options);
    out->row_max = take(out, M);
    out->row_sum = take(out, M);
    out->row_hit = take(out, M);
    plan_texts(out, M / T, C, (size_t)config->labels, options->training);
    out->turns = take(out, config->positions == LM_POSITIONS_ROTARY ? shape.T * shape.D : 0);
    out->ones = take(out, C > shape.D ? C : shape.D);
    plan_scratch(out, &shape, T, options);
    plan_muon(out, config, options);
}
