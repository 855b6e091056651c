/*
 * Incremental decoding: keys and values of all earlier tokens are kept. Every token's numbers are
 * computed by kernels that treat rows one by one in a fixed order, so they depend on nothing but
 * the tokens before it: not on how the prompt was cut, not on threads, not on other sequences.
 */
#include "model/core.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/block.h"

enum {
    FEED_ROWS = 16,    /* tokens that share a read of the weights */
    OUT_COLUMNS = 256, /* outputs of a task */
    SERIAL_WORK =
        1 << 18 /* products below this many multiplications are not worth waking threads */
};

struct lm_session {
    struct lm_model *model;
    int64_t length;
    float *block;
    size_t floats;
    float *keys, *values; /* (L, T, C) */
    float *x, *h, *qkv, *f, *out, *scores, *logits, *stat;
};

static float *carve(float **at, size_t floats)
{
    float *out = *at;
    *at += (floats + 15) / 16 * 16;
    return out;
}

static size_t layout(struct lm_session *session, const struct lm_model_config *config, float *base)
{
    size_t C = (size_t)config->width, T = (size_t)config->context, L = (size_t)config->layers;
    float *at = base;
    session->keys = carve(&at, L * T * C);
    session->values = carve(&at, L * T * C);
    session->x = carve(&at, FEED_ROWS * C);
    session->h = carve(&at, FEED_ROWS * C);
    session->qkv = carve(&at, FEED_ROWS * 3 * C);
    session->f = carve(&at, FEED_ROWS * 4 * C);
    session->out = carve(&at, FEED_ROWS * 4 * C);
    session->scores = carve(&at, (size_t)config->heads * T);
    session->logits = carve(&at, (size_t)config->vocab);
    session->stat = carve(&at, 2 * FEED_ROWS);
    return (size_t)(at - base);
}

uint64_t lm_session_memory(const struct lm_model_config *config)
{
    struct lm_session session;
    float none = 0;
    return layout(&session, config, &none) * sizeof(float);
}

enum lm_status lm_session_create(struct lm_session **out, struct lm_model *model,
                                 struct lm_err *err)
{
    struct lm_session *session = calloc(1, sizeof *session);
    if (session != NULL) {
        float none = 0;
        session->model = model;
        session->floats = layout(session, &model->config, &none);
        session->block = lm_block_map(session->floats * sizeof(float));
    }
    if (session == NULL || session->block == NULL) {
        free(session);
        return lm_fail(err, LM_NOMEM, "out of memory for a session; choose a shorter context");
    }
    layout(session, &model->config, session->block);
    *out = session;
    return LM_OK;
}

void lm_session_free(struct lm_session *session)
{
    if (session == NULL)
        return;
    lm_block_unmap(session->block, session->floats * sizeof(float));
    free(session);
}

void lm_session_reset(struct lm_session *session)
{
    session->length = 0;
}

int64_t lm_session_length(const struct lm_session *session)
{
    return session->length;
}

/* y = x w + bias for some rows, cut along the outputs. */
struct product {
    const struct lm_kernels *kernels;
    float *y;
    const float *x, *w, *bias;
    size_t rows, k, n;
};

static void product_task(void *user, size_t task, size_t worker)
{
    (void)worker;
    const struct product *p = user;
    size_t first = task * OUT_COLUMNS, rest = p->n - first;
    p->kernels->linear(p->y + first, p->n, p->x, p->k, p->w + first, p->n, p->bias + first, p->rows,
                       p->k, rest < OUT_COLUMNS ? rest : OUT_COLUMNS);
}

static void linear(const struct lm_session *session, float *y, const float *x, enum lm_tensor_id w,
                   enum lm_tensor_id bias, size_t layer, size_t rows, size_t k, size_t n)
{
    const struct lm_model *model = session->model;
    struct product p = {.kernels = model->kernels, .x = x, .rows = rows, .k = k, .n = n};
    p.y = y;
    p.w = lm_weight(model, w, layer);
    p.bias = lm_weight(model, bias, layer);
    struct lm_pool *pool = rows * k * n < SERIAL_WORK ? NULL : model->pool;
    lm_pool_run(pool, (n + OUT_COLUMNS - 1) / OUT_COLUMNS, product_task, &p);
}

/* The attention of one head for row `row` of the fed tokens. */
struct attend {
    struct lm_session *session;
    size_t layer, row, keys;
};

static void attend_task(void *user, size_t h, size_t worker)
{
    (void)worker;
    const struct attend *at = user;
    struct lm_session *session = at->session;
    const struct lm_model *model = session->model;
    const struct lm_kernels *kernels = model->kernels;
    size_t C = (size_t)model->config.width, hs = C / (size_t)model->config.heads;
    size_t T = (size_t)model->config.context, base = at->layer * T * C + h * hs;
    float *scores = session->scores + h * T, *out = session->h + at->row * C + h * hs;
    kernels->dots(scores, session->qkv + at->row * 3 * C + h * hs, session->keys + base, C,
                  at->keys, hs);
    kernels->softmax(scores, at->keys, (float)(1.0 / sqrt((double)hs)));
    kernels->linear(out, C, scores, T, session->values + base, C, NULL, 1, at->keys, hs);
}

static void attention(struct lm_session *session, size_t layer, size_t rows)
{
    const struct lm_model *model = session->model;
    size_t C = (size_t)model->config.width, T = (size_t)model->config.context;
    size_t at = (size_t)session->length;
    for (size_t r = 0; r < rows; r++) {
        const float *qkv = session->qkv + r * 3 * C;
        memcpy(session->keys + (layer * T + at + r) * C, qkv + C, C * sizeof *qkv);
        memcpy(session->values + (layer * T + at + r) * C, qkv + 2 * C, C * sizeof *qkv);
    }
    for (size_t r = 0; r < rows; r++) {
        struct attend attend = {session, layer, r, at + r + 1};
        struct lm_pool *pool = attend.keys * C * 2 < SERIAL_WORK ? NULL : model->pool;
        lm_pool_run(pool, (size_t)model->config.heads, attend_task, &attend);
    }
}

static void layer(struct lm_session *session, size_t l, size_t rows)
{
    const struct lm_model *model = session->model;
    const struct lm_kernels *kernels = model->kernels;
    size_t C = (size_t)model->config.width;
    kernels->layernorm(session->h, session->stat, session->stat + FEED_ROWS, session->x,
                       lm_weight(model, LM_LN1_W, l), lm_weight(model, LM_LN1_B, l), rows, C);
    linear(session, session->qkv, session->h, LM_QKV_W, LM_QKV_B, l, rows, C, 3 * C);
    attention(session, l, rows);
    linear(session, session->out, session->h, LM_PROJ_W, LM_PROJ_B, l, rows, C, C);
    kernels->residual_layernorm(session->x, session->h, session->stat, session->stat + FEED_ROWS,
                                session->x, session->out, lm_weight(model, LM_LN2_W, l),
                                lm_weight(model, LM_LN2_B, l), rows, C);
    linear(session, session->f, session->h, LM_FC_W, LM_FC_B, l, rows, C, 4 * C);
    kernels->gelu(session->f, rows * 4 * C);
    linear(session, session->out, session->f, LM_OUT_W, LM_OUT_B, l, rows, 4 * C, C);
    kernels->add(session->x, session->out, rows * C);
}

static void logits_task(void *user, size_t task, size_t worker)
{
    (void)worker;
    struct lm_session *session = user;
    const struct lm_model *model = session->model;
    size_t C = (size_t)model->config.width, V = (size_t)model->config.vocab;
    size_t first = task * OUT_COLUMNS, rest = V - first;
    model->kernels->dots(session->logits + first, session->h,
                         lm_weight(model, LM_WTE, 0) + first * C, C,
                         rest < OUT_COLUMNS ? rest : OUT_COLUMNS, C);
}

static void last_logits(struct lm_session *session, size_t row)
{
    const struct lm_model *model = session->model;
    size_t C = (size_t)model->config.width, V = (size_t)model->config.vocab;
    model->kernels->layernorm(session->h, session->stat, session->stat + FEED_ROWS,
                              session->x + row * C, lm_weight(model, LM_LNF_W, 0),
                              lm_weight(model, LM_LNF_B, 0), 1, C);
    lm_pool_run(V * C < SERIAL_WORK ? NULL : model->pool, (V + OUT_COLUMNS - 1) / OUT_COLUMNS,
                logits_task, session);
}

static void feed(struct lm_session *session, const int32_t *tokens, size_t rows)
{
    const struct lm_model *model = session->model;
    size_t C = (size_t)model->config.width;
    const float *wte = lm_weight(model, LM_WTE, 0), *wpe = lm_weight(model, LM_WPE, 0);
    for (size_t r = 0; r < rows; r++) {
        const float *place = wpe + ((size_t)session->length + r) * C;
        for (size_t i = 0; i < C; i++)
            session->x[r * C + i] = wte[(size_t)tokens[r] * C + i] + place[i];
    }
    for (size_t l = 0; l < (size_t)model->config.layers; l++)
        layer(session, l, rows);
    session->length += (int64_t)rows;
}

enum lm_status lm_session_feed(struct lm_session *session, const int32_t *tokens, int64_t count,
                               const float **logits, struct lm_err *err)
{
    const struct lm_model_config *config = &session->model->config;
    if (count < 1 || count > config->context - session->length)
        return lm_fail(err, LM_RANGE,
                       "%lld tokens do not fit behind %lld in a context of %lld; reset the session "
                       "and feed a shorter suffix",
                       (long long)count, (long long)session->length, (long long)config->context);
    for (int64_t i = 0; i < count; i++)
        if (tokens[i] < 0 || tokens[i] >= config->vocab)
            return lm_fail(err, LM_RANGE,
                           "token %lld is %d, outside the vocabulary of %lld; encode the text with "
                           "the model's own vocabulary",
                           (long long)i, (int)tokens[i], (long long)config->vocab);
    size_t rows = 0;
    for (int64_t i = 0; i < count; i += (int64_t)rows) {
        rows = count - i < FEED_ROWS ? (size_t)(count - i) : FEED_ROWS;
        feed(session, tokens + i, rows);
    }
    if (logits != NULL) {
        last_logits(session, rows - 1);
        *logits = session->logits;
    }
    return LM_OK;
}
