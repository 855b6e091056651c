#include "model/layout.h"

#include <string.h>

#include "model/kernels/products.h"
#include "model/params.h"

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

static void plan_params(struct lm_layout *out, const struct lm_model_config *config, bool training)
{
    struct lm_tensor_row rows[LM_TENSOR_IDS];
    lm_tensor_rows(rows, config);
    size_t tensors = lm_tensor_count(config->layers), blocks = 0;
    for (size_t i = 0; i < tensors; i++) {
        int64_t layer;
        const struct lm_tensor_row *row = &rows[lm_tensor_at(i, config->layers, &layer)];
        size_t count = (size_t)(row->rows * row->cols);
        out->param_floats += round_up(count, LANES);
        blocks += lm_update_blocks(count);
    }
    out->params = take(out, out->param_floats);
    if (training) {
        out->grads = take(out, out->param_floats);
        out->moment1 = take(out, out->param_floats);
        out->moment2 = take(out, out->param_floats);
        out->norms = take(out, 4 * blocks);
    }
}

static void plan_layer(struct lm_layout *out, size_t M, size_t C, size_t H, size_t depth)
{
    struct lm_layer_layout *layer = &out->layer;
    layer->mean1 = take(out, M);
    layer->rstd1 = take(out, M);
    layer->h1 = take(out, M * lm_stored_words(depth, C));
    layer->qkv = take(out, M * 3 * C);
    layer->peak = take(out, M * H);
    layer->mass = take(out, M * H);
    layer->att = take(out, M * C);
    layer->xmid = take(out, M * C);
    layer->mean2 = take(out, M);
    layer->rstd2 = take(out, M);
    layer->h2 = take(out, M * lm_stored_words(depth, C));
    layer->f = take(out, M * 4 * C);
    layer->g = take(out, M * lm_stored_words(depth, 4 * C));
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

static void plan_packed(struct lm_layout *out, size_t C, size_t V,
                        const struct lm_model_options *options)
{
    size_t depth = depth_of(options);
    out->packed[LM_PACK_QKV] = take_packed(out, depth, C, 3 * C);
    out->packed[LM_PACK_PROJ] = take_packed(out, depth, C, C);
    out->packed[LM_PACK_FC] = take_packed(out, depth, C, 4 * C);
    out->packed[LM_PACK_OUT] = take_packed(out, depth, 4 * C, C);
    out->packed[LM_PACK_LOGITS] = take(out, lm_packed_floats(depth, V, C));
    if (!options->training)
        return;
    out->packed[LM_PACK_HEAD] = take(out, lm_packed_floats(depth, C, V));
    out->packed_delta[LM_DELTA_OUT] = take(out, lm_packed_floats(depth, C, out->max_rows));
    out->packed_delta[LM_DELTA_FC] = take(out, lm_packed_floats(depth, 4 * C, out->max_rows));
    out->packed_delta[LM_DELTA_QKV] = take(out, lm_packed_floats(depth, 3 * C, out->max_rows));
    out->packed_delta[LM_DELTA_PROJ] = take(out, lm_packed_floats(depth, C, out->max_rows));
    out->packed_chunk = take(out, lm_packed_floats(depth, C, out->chunk_rows));
}

/* A worker's scratch: rows of C numbers, or scores of an attention task and the keys and values of
 * its head packed; then packing space. */
static void plan_scratch(struct lm_layout *out, size_t C, size_t H, size_t T,
                         const struct lm_model_options *options)
{
    size_t at = 2 * LM_QUERY_BLOCK * round_up(T, LANES), depth = depth_of(options);
    for (size_t i = 0; i < 3; i++) {
        size_t side = lm_packed_floats(depth, T, C / H), deep = lm_packed_floats(depth, C / H, T);
        out->scratch_heads[i] = at;
        at += lm_layout_is_blas(options) ? 0 : round_up(side > deep ? side : deep, LANES);
    }
    size_t rows = LM_TILE_MAX * (depth > 1 ? 4 * C : C);
    out->scratch_gemm = round_up(at > rows ? at : rows, LANES);
    out->scratch_stride = round_up(out->scratch_gemm + LM_GEMM_SCRATCH, 1024);
    out->scratch = take(out, out->scratch_stride * (options->threads > 0 ? options->threads : 1));
}

static void plan_backward(struct lm_layout *out, size_t M, size_t C, size_t L, bool dropout,
                          size_t depth)
{
    out->dhf = take(out, M * C);
    for (size_t i = 0; i < 3; i++)
        out->dx[i] = take(out, M * C);
    for (size_t i = 0; i < 2 && dropout; i++)
        out->ddrop[i] = take(out, M * C);
    out->datt = take(out, M * C);
    out->dqkv = take(out, M * 3 * C);
    out->df = take(out, M * lm_stored_words(depth, 4 * C));
    size_t tiles = 0; /* the most any call with up to M rows is cut into */
    const size_t edges[] = {M, 511, 127};
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        size_t rows = min_size(M, edges[i]), tile = lm_tile_rows(rows);
        size_t count = (rows + tile - 1) / tile;
        tiles = count > tiles ? count : tiles;
    }
    out->partial_rows = L * LM_LAYER_PARTIALS * C + 2 * C;
    out->partials = take(out, tiles * out->partial_rows);
}

void lm_layout_plan(struct lm_layout *out, const struct lm_model_config *config,
                    const struct lm_model_options *options)
{
    size_t C = (size_t)config->width, L = (size_t)config->layers, H = (size_t)config->heads;
    size_t T = (size_t)(options->max_time > 0 ? options->max_time : config->context);
    size_t M = T * (size_t)(options->max_batch > 0 ? options->max_batch : 1);
    memset(out, 0, sizeof *out);
    out->max_rows = M;
    plan_params(out, config, options->training);
    out->tokens = take(out, M);
    out->targets = take(out, M);
    size_t start = out->floats;
    plan_layer(out, M, C, H, depth_of(options));
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
        plan_backward(out, M, C, L, config->dropout > 0, depth_of(options));
    /* an odd number of cache lines: rows a power of two apart would fight for the same sets */
    out->logits_ld = round_up((size_t)config->vocab, LANES);
    out->logits_ld += out->logits_ld / LANES % 2 == 0 ? LANES : 0;
    out->chunk_rows = lm_chunk_rows(M, (size_t)config->vocab);
    out->logits = take(out, out->chunk_rows * out->logits_ld);
    if (!lm_layout_is_blas(options))
        plan_packed(out, C, (size_t)config->vocab, options);
    out->row_max = take(out, M);
    out->row_sum = take(out, M);
    out->row_hit = take(out, M);
    plan_scratch(out, C, H, T, options);
}
