/*
 * Forward pass of the trunk: pre-norm transformer (Radford et al. 2019, section 2.3). Two parallel
 * regions a layer: attention over (sequence, head), and everything else over tiles of rows.
 */
#include "model/core.h"

#include <string.h>

#include "model/queries_keys.h"
#include "model/region.h"
#include "model/weights.h"

enum { ACTIVE_ROWS = 8 }; /* rows that stay in cache between two passes */

static bool drops(const struct lm_pass *pass)
{
    return pass->training && pass->model->config.dropout > 0;
}

/* Dropout of rows whose bias is to be added before it: adds it and drops. Returns the bias that
 * whoever adds the residual has still to add, NULL when none. */
static const float *drop(const struct lm_pass *pass, enum lm_site site, float *rows_out,
                         const float *bias, size_t first, size_t rows)
{
    const struct lm_model *model = pass->model;
    size_t C = (size_t)model->config.width;
    if (!drops(pass))
        return bias;
    if (bias != NULL)
        model->kernels->add_bias(rows_out, bias, rows, C);
    lm_dropout_rows(pass, pass->layer, site, rows_out, first, rows, C);
    return NULL;
}

/* Queries and keys of rows [first, first + rows) as attention takes them. */
static void change_queries_keys(const struct lm_pass *pass, size_t l, float *qkv, size_t first,
                                size_t rows)
{
    const struct lm_model *model = pass->model;
    const struct lm_shape *s = &model->shape;
    size_t heads = s->H + s->K;
    for (size_t r = first; r < first + rows && lm_qk_is_changed(model); r++)
        lm_qk_row(model, l, qkv + (r - first) * s->Q, lm_row_position(pass, r),
                  LM_ACT(model, qk, l) + r * heads * s->D, LM_ACT(model, qk_rstd, l) + r * heads);
}

/* h1 = norm(x), qkv = h1 W + b: what attention of layer l needs, for rows [first, first + rows). */
static void open_layer(const struct lm_pass *pass, size_t worker, size_t l, size_t first,
                       size_t rows)
{
    const struct lm_model *model = pass->model;
    size_t C = model->shape.C, Q = model->shape.Q;
    float *place = LM_ACT(model, h1, l) + first * lm_words(model, C);
    float *h = lm_staging(model, worker, place), *qkv = LM_ACT(model, qkv, l) + first * Q;
    const float *bias = lm_weight(model, LM_QKV_B, l);
    model->norm->forward(h, LM_ACT(model, mean1, l) + first, LM_ACT(model, rstd1, l) + first,
                         lm_stream(model, l) + first * C, lm_gain(model, LM_LN1_W, l),
                         lm_weight(model, LM_LN1_B, l), rows, C);
    lm_store(model, place, h, rows, C);
    lm_weight_product(model, worker, LM_NN, LM_QKV_W, l, rows, lm_stored(model, place, C), qkv, Q);
    if (bias != NULL)
        model->kernels->add_bias(qkv, bias, rows, Q);
    change_queries_keys(pass, l, qkv, first, rows);
}

/* xmid = x + attention's projection, h2 = norm(xmid). */
static void project(const struct lm_pass *pass, size_t worker, size_t first, size_t rows)
{
    const struct lm_model *model = pass->model;
    size_t C = model->shape.C, A = model->shape.A, l = pass->layer;
    float *delta = lm_scratch(model, worker);
    float *place = LM_ACT(model, h2, l) + first * lm_words(model, C);
    float *h = lm_staging(model, worker, place); /* delta's rows are read before h's are written */
    lm_weight_product(model, worker, LM_NN, LM_PROJ_W, l, rows,
                      lm_floats(LM_ACT(model, att, l) + first * A, A), delta, C);
    const float *bias =
        drop(pass, LM_SITE_PROJ, delta, lm_weight(model, LM_PROJ_B, l), first, rows);
    model->norm->residual(LM_ACT(model, xmid, l) + first * C, h, LM_ACT(model, mean2, l) + first,
                          LM_ACT(model, rstd2, l) + first, lm_stream(model, l) + first * C, delta,
                          bias, lm_gain(model, LM_LN2_W, l), lm_weight(model, LM_LN2_B, l), rows,
                          C);
    lm_store(model, place, h, rows, C);
}

/* f += bias, g = act(f), stored a few rows at a time. */
static void activate(const struct lm_pass *pass, size_t worker, float *f, float *g, size_t rows)
{
    const struct lm_model *model = pass->model;
    size_t n = model->shape.F, wide = model->mlp->wide * n;
    size_t some = lm_stores(model) ? ACTIVE_ROWS : rows;
    const float *bias = lm_weight(model, LM_FC_B, pass->layer);
    for (size_t r = 0; r < rows; r += some) {
        size_t count = rows - r < some ? rows - r : some;
        float *place = g + r * lm_words(model, n), *out = lm_staging(model, worker, place);
        model->mlp->forward(f + r * wide, out, bias, count, n);
        lm_store(model, place, out, count, n);
    }
}

/* The next layer's stream: xmid + W act(W h2 + b) + b. Computed again it is there already. */
static void feed_forward(const struct lm_pass *pass, size_t worker, size_t first, size_t rows)
{
    const struct lm_model *model = pass->model;
    size_t C = model->shape.C, F = model->shape.F, wide = model->mlp->wide * F, l = pass->layer;
    const float *h = LM_ACT(model, h2, l) + first * lm_words(model, C);
    float *f = LM_ACT(model, f, l) + first * wide, *x = lm_stream(model, l + 1) + first * C;
    float *g = LM_ACT(model, g, l) + first * lm_words(model, F);
    lm_weight_product(model, worker, LM_NN, LM_FC_W, l, rows, lm_stored(model, h, C), f, wide);
    activate(pass, worker, f, g, rows);
    if (pass->again)
        return;
    lm_weight_product(model, worker, LM_NN, LM_OUT_W, l, rows, lm_stored(model, g, F), x, C);
    const float *bias = drop(pass, LM_SITE_OUT, x, lm_weight(model, LM_OUT_B, l), first, rows);
    model->kernels->add_residual(x, bias, LM_ACT(model, xmid, l) + first * C, rows, C);
}

/* x = token + place, without the latter where positions are not learned, + smear · token before. */
void lm_embed_sum(const struct lm_model *model, float *x, int32_t token, int32_t before,
                  size_t position)
{
    size_t C = model->shape.C;
    const float *wte = lm_weight(model, LM_WTE, 0), *wpe = lm_weight(model, LM_WPE, 0);
    const float *smear = lm_weight(model, LM_SMEAR, 0);
    memcpy(x, wte + (size_t)token * C, C * sizeof *x);
    if (wpe != NULL)
        model->kernels->add(x, wpe + position * C, C);
    if (smear != NULL && before >= 0)
        model->kernels->add_product(x, smear, wte + (size_t)before * C, C);
}

void lm_embed_row(const struct lm_model *model, float *x, int32_t token, int32_t before,
                  size_t position)
{
    float rstd;
    lm_embed_sum(model, x, token, before, position);
    if (model->config.embed_norm)
        model->kernels->norms[LM_NORM_RMS].forward(
            x, NULL, &rstd, x, lm_at(model, model->layout.ones), NULL, 1, model->shape.C);
}

/* The tokens before those of rows, where they are looked at. */
static void find_before(const struct lm_pass *pass)
{
    const struct lm_model *model = pass->model;
    const int32_t *tokens = (const int32_t *)lm_at(model, model->layout.tokens);
    int32_t *before = (int32_t *)lm_at(model, model->layout.before);
    for (size_t r = 0; r < pass->rows && model->config.smear; r++)
        before[r] = lm_row_position(pass, r) > 0 ? tokens[r - 1] : -1;
    for (size_t i = 0; pass->prefixes != NULL && model->config.smear && i < pass->batch; i++) {
        int32_t from = pass->prefixes[i];
        if (from >= 0)
            before[pass->first_rows[i]] = tokens[pass->first_rows[from] + pass->lengths[from] - 1];
    }
}

static void embed_task(void *user, size_t task, size_t worker)
{
    const struct lm_pass *pass = user;
    const struct lm_model *model = pass->model;
    size_t C = (size_t)model->config.width, first, rows = lm_wide(pass, task, &first);
    const int32_t *tokens = (const int32_t *)lm_at(model, model->layout.tokens);
    float *x = lm_stream(model, 0) + first * C;
    for (size_t r = first; r < first + rows; r++)
        lm_embed_row(model, x + (r - first) * C, tokens[r], lm_token_before(model, r),
                     lm_row_position(pass, r));
    if (drops(pass))
        lm_dropout_rows(pass, (size_t)model->config.layers, LM_SITE_ATTENTION, x, first, rows, C);
    open_layer(pass, worker, 0, first, rows);
}

/* hf = norm(x) of the last layer's stream. */
static void final_norm(const struct lm_pass *pass, size_t worker, size_t first, size_t rows)
{
    const struct lm_model *model = pass->model;
    const struct lm_layout *at = &model->layout;
    size_t C = (size_t)model->config.width, L = (size_t)model->config.layers;
    float *place = lm_at(model, at->hf) + first * lm_words(model, C);
    float *h = lm_staging(model, worker, place);
    model->norm->forward(h, lm_at(model, at->meanf) + first, lm_at(model, at->rstdf) + first,
                         lm_stream(model, L) + first * C, lm_gain(model, LM_LNF_W, 0),
                         lm_weight(model, LM_LNF_B, 0), rows, C);
    lm_store(model, place, h, rows, C);
}

/* The rest of a layer for one tile, and the beginning of the next. */
static void layer_task(void *user, size_t task, size_t worker)
{
    const struct lm_pass *pass = user;
    const struct lm_model *model = pass->model;
    size_t L = (size_t)model->config.layers, first, rows = lm_wide(pass, task, &first);
    project(pass, worker, first, rows);
    feed_forward(pass, worker, first, rows);
    if (pass->again)
        return;
    if (pass->layer + 1 < L)
        open_layer(pass, worker, pass->layer + 1, first, rows);
    else
        final_norm(pass, worker, first, rows);
}

static void open_task(void *user, size_t task, size_t worker)
{
    const struct lm_pass *pass = user;
    size_t first, rows = lm_wide(pass, task, &first);
    open_layer(pass, worker, pass->layer, first, rows);
}

enum { LAYER_RIGHTS = 3, AGAIN_RIGHTS = 2 };

/* The first `count` of what the rest of layer l needs. */
static void layer_rights(struct lm_right *out, size_t count, const struct lm_model *model, size_t l)
{
    static const enum lm_tensor_id ids[LAYER_RIGHTS] = {LM_PROJ_W, LM_FC_W, LM_OUT_W};

    for (size_t i = 0; i < count && i < LAYER_RIGHTS; i++)
        out[i] = lm_weight_right(model, ids[i], l, LM_NN);
}

void lm_layer_again(struct lm_pass *pass)
{
    const struct lm_model *model = pass->model;
    struct lm_right open = lm_weight_right(model, LM_QKV_W, pass->layer, LM_NN);
    struct lm_right rest[AGAIN_RIGHTS];
    layer_rights(rest, AGAIN_RIGHTS, model, pass->layer);
    pass->again = true;
    lm_region(pass, LM_PHASE_BACKWARD, 0, NULL, &open, 1);
    lm_region(pass, LM_PHASE_BACKWARD, pass->wides, open_task, NULL, 0);
    lm_attention_forward(pass, rest, AGAIN_RIGHTS);
    lm_region(pass, LM_PHASE_BACKWARD, pass->wides, layer_task, NULL, 0);
    pass->again = false;
}

void lm_trunk_forward(struct lm_pass *pass)
{
    const struct lm_model *model = pass->model;
    size_t L = (size_t)model->config.layers;
    struct lm_right rights[LAYER_RIGHTS + 1];
    lm_phase_count_forward(pass->model, pass->rows, pass->time);
    find_before(pass);
    rights[0] = lm_weight_right(model, LM_QKV_W, 0, LM_NN);
    lm_region(pass, LM_PHASE_FORWARD, 0, NULL, rights, 1);
    lm_region(pass, LM_PHASE_FORWARD, pass->wides, embed_task, NULL, 0);
    for (size_t l = 0; l < L; l++) {
        size_t count = LAYER_RIGHTS;
        layer_rights(rights, count, model, l);
        if (l + 1 < L)
            rights[count++] = lm_weight_right(model, LM_QKV_W, l + 1, LM_NN);
        pass->layer = l;
        lm_attention_forward(pass, rights, count);
        lm_region(pass, LM_PHASE_FORWARD, pass->wides, layer_task, NULL, 0);
    }
}
