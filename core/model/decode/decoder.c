#include "model/decode/decoder.h"

#include <lmpipe/model/reading.h>

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "model/block.h"
#include "model/decode/panels.h"
#include "model/kernels/peak.h"

enum {
    COLUMNS = LM_DECODE_COLUMNS,
    TURN = 16,             /* inputs gathered together from a transposed matrix: a cache line */
    SERIAL_WORK = 1 << 18, /* fewer multiplications are not worth waking threads */
    PIECE = 1 << 22,       /* bytes of a task that only reads */
};

static const enum lm_tensor_id tensors[LM_MATRIX_KINDS] = {
    [LM_MATRIX_QKV] = LM_QKV_W, [LM_MATRIX_PROJ] = LM_PROJ_W, [LM_MATRIX_FC] = LM_FC_W,
    [LM_MATRIX_OUT] = LM_OUT_W, [LM_MATRIX_HEAD] = LM_WTE,
};

static void plan(struct lm_decoder *decoder, const struct lm_model_config *config)
{
    struct lm_tensor_row rows[LM_TENSOR_IDS];
    size_t at = 0;
    lm_tensor_rows(rows, config);
    for (size_t i = 0; i < LM_MATRIX_KINDS; i++) {
        struct lm_matrix_panels *matrix = &decoder->matrices[i];
        bool own = i == LM_MATRIX_HEAD && config->untied;
        enum lm_tensor_id id = own ? LM_HEAD_W : tensors[i];
        const struct lm_tensor_row *row = &rows[id];
        bool turned = i == LM_MATRIX_HEAD; /* (V, C): logits are rows times its transpose */
        *matrix = (struct lm_matrix_panels){
            .id = id,
            .k = (size_t)(turned ? row->cols : row->rows),
            .n = (size_t)(turned ? row->rows : row->cols),
        };
        matrix->panels = (matrix->n + COLUMNS - 1) / COLUMNS;
        matrix->panel_bytes = lm_panel_bytes(decoder->weights, matrix->k);
        if (turned)
            decoder->layer_bytes = at, at *= (size_t)config->layers;
        matrix->offset = at;
        at += matrix->panels * matrix->panel_bytes;
    }
    decoder->bytes = at;
}

static unsigned char *panel_at(const struct lm_decoder *decoder, enum lm_decoder_matrix which,
                               size_t layer, size_t panel)
{
    const struct lm_matrix_panels *matrix = &decoder->matrices[which];
    size_t skip = which == LM_MATRIX_HEAD ? 0 : layer * decoder->layer_bytes;
    return decoder->block + skip + matrix->offset + panel * matrix->panel_bytes;
}

/* ---- packing ---- */

struct packing {
    const struct lm_decoder *decoder;
    float *scratch; /* a panel of floats for each worker; NULL: panels are floats already */
    size_t scratch_floats;
};

/* Columns [first, first + cols) of a (k × n) matrix. */
static void gather(float *out, const float *w, size_t k, size_t n, size_t first, size_t cols)
{
    for (size_t p = 0; p < k; p++) {
        memcpy(out + p * COLUMNS, w + p * n + first, cols * sizeof *out);
        memset(out + p * COLUMNS + cols, 0, (COLUMNS - cols) * sizeof *out);
    }
}

/* The same of the transpose of an (n × k) matrix. */
static void gather_turned(float *out, const float *w, size_t k, size_t first, size_t cols)
{
    if (cols < COLUMNS)
        memset(out, 0, k * COLUMNS * sizeof *out);
    for (size_t p = 0; p < k; p += TURN)
        for (size_t c = 0; c < cols; c++)
            for (size_t i = p; i < k && i < p + TURN; i++)
                out[i * COLUMNS + c] = w[(first + c) * k + i];
}

static void pack_panel(const struct packing *packing, enum lm_decoder_matrix which, size_t layer,
                       size_t panel, size_t worker)
{
    const struct lm_decoder *decoder = packing->decoder;
    const struct lm_matrix_panels *matrix = &decoder->matrices[which];
    const float *w = lm_weight(decoder->model, matrix->id, layer);
    size_t first = panel * COLUMNS, rest = matrix->n - first;
    size_t cols = rest < COLUMNS ? rest : COLUMNS;
    void *out = panel_at(decoder, which, layer, panel);
    float *floats = decoder->weights == LM_WEIGHTS_F32
                        ? out
                        : packing->scratch + worker * packing->scratch_floats;
    if (which == LM_MATRIX_HEAD)
        gather_turned(floats, w, matrix->k, first, cols);
    else
        gather(floats, w, matrix->k, matrix->n, first, cols);
    lm_panel_pack(out, decoder->weights, floats, matrix->k);
}

static size_t panels_of_layer(const struct lm_decoder *decoder)
{
    size_t panels = 0;
    for (size_t i = 0; i < LM_MATRIX_HEAD; i++)
        panels += decoder->matrices[i].panels;
    return panels;
}

static void pack_task(void *user, size_t task, size_t worker)
{
    const struct packing *packing = user;
    const struct lm_decoder *decoder = packing->decoder;
    size_t each = panels_of_layer(decoder), layer = task / each, panel = task % each;
    size_t which = 0;
    if (layer >= (size_t)decoder->model->config.layers) {
        panel = task - (size_t)decoder->model->config.layers * each;
        which = LM_MATRIX_HEAD;
        layer = 0;
    }
    for (; which < LM_MATRIX_HEAD && panel >= decoder->matrices[which].panels; which++)
        panel -= decoder->matrices[which].panels;
    pack_panel(packing, (enum lm_decoder_matrix)which, layer, panel, worker);
}

static bool pack(struct lm_decoder *decoder)
{
    struct packing packing = {.decoder = decoder};
    struct lm_pool *pool = decoder->model->pool;
    for (size_t i = 0; i < LM_MATRIX_KINDS; i++)
        if (decoder->matrices[i].k * COLUMNS > packing.scratch_floats)
            packing.scratch_floats = decoder->matrices[i].k * COLUMNS;
    packing.scratch =
        calloc(lm_pool_threads(pool) * packing.scratch_floats, sizeof *packing.scratch);
    if (packing.scratch == NULL)
        return false;
    lm_pool_run(pool,
                (size_t)decoder->model->config.layers * panels_of_layer(decoder) +
                    decoder->matrices[LM_MATRIX_HEAD].panels,
                pack_task, &packing);
    free(packing.scratch);
    return true;
}

enum lm_status lm_decoder_create(struct lm_decoder **out, struct lm_model *model,
                                 enum lm_weights weights, struct lm_err *err)
{
    struct lm_decoder *decoder = calloc(1, sizeof *decoder);
    if (decoder != NULL) {
        decoder->model = model;
        decoder->weights = weights;
        decoder->kernels = lm_decode_pick(model->kernels->name);
        plan(decoder, &model->config);
        decoder->block = lm_block_map(decoder->bytes);
    }
    if (decoder == NULL || decoder->block == NULL || !pack(decoder)) {
        lm_decoder_free(decoder);
        return lm_fail(err, LM_NOMEM,
                       "out of memory for packed weights; take bf16 or int8 weights, or a smaller "
                       "model");
    }
    *out = decoder;
    return LM_OK;
}

uint64_t lm_decoder_bytes(const struct lm_decoder *decoder)
{
    return decoder->bytes;
}

uint64_t lm_decoder_memory(const struct lm_model_config *config, enum lm_weights weights)
{
    struct lm_decoder decoder = {.weights = weights};
    plan(&decoder, config);
    return decoder.bytes;
}

void lm_decoder_free(struct lm_decoder *decoder)
{
    if (decoder == NULL)
        return;
    lm_block_unmap(decoder->block, decoder->bytes);
    free(decoder);
}

/* ---- reading ---- */

struct reading {
    const struct lm_decoder *decoder;
    const struct lm_peak_kernel *kernel;
    _Atomic float sink; /* so that no reading is left out */
};

static void read_task(void *user, size_t task, size_t worker)
{
    (void)worker;
    struct reading *reading = user;
    const size_t unit = LM_PEAK_READ_UNIT * sizeof(float), first = task * PIECE;
    size_t rest = reading->decoder->bytes - first, size = rest < PIECE ? rest : PIECE;
    const void *at = reading->decoder->block + first;
    reading->sink = reading->kernel->read(at, size / unit * LM_PEAK_READ_UNIT);
}

double lm_decoder_read(const struct lm_decoder *decoder)
{
    struct reading reading = {decoder, lm_peak_pick(decoder->kernels->name), 0};
    uint64_t begin = lm_clock_monotonic_ns();
    lm_pool_run(decoder->model->pool, (decoder->bytes + PIECE - 1) / PIECE, read_task, &reading);
    return (double)(lm_clock_monotonic_ns() - begin) * 1e-9;
}

/* ---- products ---- */

/* A product, whose panels are tasks: whole, so that a thread looks at one place for it. */
struct job {
    _Alignas(64) const struct lm_decoder *decoder;
    struct lm_decoder_product what;
};

static void panel_task(void *user, size_t panel, size_t worker)
{
    (void)worker;
    const struct job *job = user;
    const struct lm_decoder *decoder = job->decoder;
    const struct lm_decoder_product *what = &job->what;
    const struct lm_matrix_panels *matrix = &decoder->matrices[what->matrix];
    _Alignas(64) float sums[LM_DECODER_ROWS * COLUMNS];
    size_t first = panel * COLUMNS, rest = matrix->n - first;
    size_t cols = rest < COLUMNS ? rest : COLUMNS;
    float *y = what->y + first;
    bool is_whole = cols == COLUMNS; /* else columns that there are not would be written */
    decoder->kernels->panel[decoder->weights](
        is_whole ? y : sums, is_whole ? matrix->n : COLUMNS, what->x, matrix->k, what->rows,
        panel_at(decoder, what->matrix, what->layer, panel), matrix->k);
    for (size_t r = 0; r < what->rows; r++, y += matrix->n) {
        if (!is_whole)
            memcpy(y, sums + r * COLUMNS, cols * sizeof *y);
        if (what->bias != NULL)
            decoder->model->kernels->add(y, what->bias + first, cols);
        if (what->gelu)
            decoder->model->kernels->gelu(y, cols);
    }
}

struct lm_pool *lm_decoder_pool(const struct lm_decoder *decoder, size_t work)
{
    return work < SERIAL_WORK ? NULL : decoder->model->pool;
}

void lm_decoder_multiply(const struct lm_decoder *decoder, const struct lm_decoder_product *product)
{
    const struct lm_matrix_panels *matrix = &decoder->matrices[product->matrix];
    struct lm_pool *pool = lm_decoder_pool(decoder, product->rows * matrix->k * matrix->n);
    struct job job = {decoder, *product};
    lm_pool_run_near(pool, matrix->panels, matrix->panels, panel_task, &job);
}
