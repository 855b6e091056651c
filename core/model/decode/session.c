/*
 * Incremental decoding: keys and values of all earlier tokens are kept, and every number is
 * computed in the order of the portable product whatever other rows are computed beside it. So a
 * sequence's logits depend on nothing but its tokens: not on how they were cut, not on threads,
 * not on other sequences.
 */
#include "model/core.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/block.h"
#include "model/decode/decoder.h"
#include "model/queries_keys.h"

enum {
    ROWS = LM_DECODER_ROWS, /* tokens that share a read of the weights */
    QUERIES = 4,            /* queries of a head that share a read of its keys */
    COLUMNS = LM_DECODE_COLUMNS,
    MAX_SEQUENCES = 4096,
};

/* Tokens of one sequence within the running rows. */
struct segment {
    size_t sequence, row, rows;
    size_t at;    /* position of the first one */
    size_t token; /* which of its feed it is */
};

struct lm_session {
    struct lm_decoder *decoder;
    size_t sequences, length;
    int64_t *lengths; /* of each sequence */
    int32_t *newest;  /* token of each sequence */
    bool *is_fed;     /* by the running call */
    struct segment segments[ROWS];
    size_t segment_count;
    int32_t tokens[ROWS], before[ROWS]; /* and those before them */
    size_t places[ROWS];                /* positions of the rows */
    float *block;
    size_t floats;
    /* (L, sequences, K): keys in panels (length / COLUMNS, hs, COLUMNS), values (length, hs),
     * both rounded up: a strip may touch what lies behind */
    float *keys, *values;
    size_t key_floats, value_floats, value_ld;     /* of a head */
    float *x, *h, *qkv, *att, *f, *g, *out, *stat; /* g: only where f is wider */
    float *last, *logits; /* (sequences, C) and (sequences, V): the ends of the feeds */
    float *scores;        /* per worker: QUERIES rows of scores, QUERIES of outputs */
    size_t scores_ld, worker_floats;
};

static size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

static float *carve(float **at, size_t floats)
{
    float *out = *at;
    *at += round_up(floats, 16);
    return out;
}

/* Everything a session holds, from `base` on; returns the floats it takes. */
static size_t layout(struct lm_session *session, const struct lm_model_config *config,
                     size_t threads, float *base)
{
    const struct lm_shape s = lm_shape_of(config);
    size_t heads = s.L * session->sequences * s.K;
    float *at = base;
    session->scores_ld = round_up(session->length, COLUMNS);
    session->value_ld = round_up(s.D, LM_DECODE_UNIT);
    session->key_floats = session->scores_ld * s.D;
    session->value_floats = session->length * session->value_ld;
    session->worker_floats = QUERIES * (session->scores_ld + session->value_ld);
    session->keys = carve(&at, heads * session->key_floats);
    session->values = carve(&at, heads * session->value_floats);
    session->x = carve(&at, ROWS * s.C);
    session->h = carve(&at, ROWS * s.C);
    session->qkv = carve(&at, ROWS * s.Q);
    session->att = carve(&at, ROWS * s.A);
    session->f = carve(&at, ROWS * s.G * s.F);
    session->g = carve(&at, s.G > 1 ? ROWS * s.F : 0);
    session->out = carve(&at, ROWS * s.C);
    session->stat = carve(&at, 2 * ROWS);
    session->last = carve(&at, session->sequences * s.C);
    session->logits = carve(&at, session->sequences * s.V);
    session->scores = carve(&at, threads * session->worker_floats);
    return (size_t)(at - base);
}

/* How many sequences, and how long. */
static void seat(struct lm_session *session, const struct lm_model_config *config,
                 const struct lm_session_options *options)
{
    int64_t sequences = options != NULL ? options->sequences : 0;
    int64_t length = options != NULL ? options->length : 0;
    session->sequences = sequences > 0 ? (size_t)sequences : 1;
    session->length = (size_t)(length > 0 ? length : config->context);
}

uint64_t lm_session_memory(const struct lm_model_config *config,
                           const struct lm_session_options *options, size_t threads)
{
    struct lm_session session;
    float none = 0;
    seat(&session, config, options);
    return layout(&session, config, threads > 0 ? threads : 1, &none) * sizeof(float);
}

static enum lm_status check_options(const struct lm_session_options *options, int64_t context,
                                    struct lm_err *err)
{
    if (options->sequences < 0 || options->sequences > MAX_SEQUENCES)
        return lm_fail(err, LM_RANGE, "sequences: %lld is outside 1 to %d; take fewer",
                       (long long)options->sequences, MAX_SEQUENCES);
    if (options->length < 0 || options->length > context)
        return lm_fail(err, LM_RANGE, "length: %lld is outside 1 to the context of %lld; shorten",
                       (long long)options->length, (long long)context);
    return LM_OK;
}

enum lm_status lm_session_create(struct lm_session **out, struct lm_decoder *decoder,
                                 const struct lm_session_options *options, struct lm_err *err)
{
    const struct lm_model_config *config = &decoder->model->config;
    size_t threads = lm_pool_threads(decoder->model->pool);
    if (options != NULL)
        LM_TRY(check_options(options, config->context, err));
    struct lm_session *session = calloc(1, sizeof *session);
    if (session != NULL) {
        float none = 0;
        session->decoder = decoder;
        seat(session, config, options);
        session->lengths = calloc(session->sequences, sizeof *session->lengths);
        session->is_fed = calloc(session->sequences, sizeof *session->is_fed);
        session->newest = calloc(session->sequences, sizeof *session->newest);
        session->floats = layout(session, config, threads, &none);
        session->block = lm_block_map(session->floats * sizeof(float));
    }
    if (session == NULL || session->block == NULL || session->lengths == NULL ||
        session->is_fed == NULL || session->newest == NULL) {
        lm_session_free(session);
        return lm_fail(err, LM_NOMEM,
                       "out of memory for a session; take fewer sequences or a shorter length");
    }
    layout(session, config, threads, session->block);
    *out = session;
    return LM_OK;
}

void lm_session_free(struct lm_session *session)
{
    if (session == NULL)
        return;
    lm_block_unmap(session->block, session->floats * sizeof(float));
    free(session->lengths);
    free(session->is_fed);
    free(session->newest);
    free(session);
}

void lm_session_reset(struct lm_session *session, int64_t sequence)
{
    session->lengths[sequence] = 0;
}

/* Copies rows [first, end) of all layers' keys and values. */
static void copy_rows(struct lm_session *session, size_t to, size_t from, size_t first, size_t end)
{
    const struct lm_shape *s = &session->decoder->model->shape;
    size_t ld = session->value_ld, panel = first / COLUMNS * COLUMNS * s->D;
    size_t panels = round_up(end, COLUMNS) * s->D - panel;
    for (size_t l = 0; l < s->L; l++)
        for (size_t k = 0; k < s->K; k++) {
            size_t a = (l * session->sequences + to) * s->K + k;
            size_t b = (l * session->sequences + from) * s->K + k;
            memcpy(session->keys + a * session->key_floats + panel,
                   session->keys + b * session->key_floats + panel, panels * sizeof(float));
            memcpy(session->values + a * session->value_floats + first * ld,
                   session->values + b * session->value_floats + first * ld,
                   (end - first) * ld * sizeof(float));
        }
}

enum lm_status lm_session_fork(struct lm_session *session, int64_t from, int64_t to, int64_t shared,
                               struct lm_err *err)
{
    int64_t count = (int64_t)session->sequences;
    if (from < 0 || from >= count || to < 0 || to >= count)
        return lm_fail(err, LM_RANGE,
                       "there are no sequences %lld and %lld among %lld; number them "
                       "from 0",
                       (long long)from, (long long)to, (long long)count);
    int64_t length = session->lengths[from];
    if (shared < 0 || shared > length || shared > session->lengths[to])
        return lm_fail(err, LM_RANGE,
                       "sequences of %lld and %lld tokens do not share %lld; say how many they do",
                       (long long)length, (long long)session->lengths[to], (long long)shared);
    if (from != to && shared < length)
        copy_rows(session, (size_t)to, (size_t)from, (size_t)shared, (size_t)length);
    session->lengths[to] = length;
    session->newest[to] = session->newest[from];
    return LM_OK;
}

int64_t lm_session_length(const struct lm_session *session, int64_t sequence)
{
    return session->lengths[sequence];
}

/* ---- attention ---- */

struct attend {
    struct lm_session *session;
    size_t layer;
};

/* A head of keys and values of one segment. */
struct head {
    float *keys, *values, *scores, *sums;
    size_t size, ld; /* ld: of the rows of queries, keys and values */
    size_t window;   /* keys that a query sees; 0: all */
};

/* Keeps the keys and values of the segment's rows. */
static void keep_rows(const struct lm_session *session, const struct segment *segment,
                      const struct head *head, const float *key)
{
    size_t to_values = session->decoder->model->shape.K * head->size;
    for (size_t r = 0; r < segment->rows; r++, key += head->ld) {
        size_t at = segment->at + r;
        float *panel = head->keys + at / COLUMNS * COLUMNS * head->size + at % COLUMNS;
        for (size_t d = 0; d < head->size; d++)
            panel[d * COLUMNS] = key[d];
        memcpy(head->values + at * session->value_ld, key + to_values, head->size * sizeof *key);
    }
}

/* Up to QUERIES rows from row r of the segment on, of one head of queries: their last one sees the
 * most keys, and the probabilities of keys that others must not see are 0. */
static void attend_rows(const struct lm_session *session, const struct segment *segment,
                        const struct head *head, const float *q, size_t r, size_t rows, float *out)
{
    const struct lm_decoder *decoder = session->decoder;
    size_t A = decoder->model->shape.A, ld = session->scores_ld, first = segment->at + r;
    size_t low = lm_first_key(first, head->window), keys = first + rows - low;
    float max[QUERIES], sum[QUERIES];
    for (size_t j = 0; j < keys; j += COLUMNS)
        decoder->kernels->strip(head->scores + j, ld, q, head->ld, rows,
                                head->keys + (low + j) * head->size, COLUMNS, head->size,
                                keys - j < COLUMNS ? round_up(keys - j, LM_DECODE_UNIT) : COLUMNS);
    decoder->model->kernels->softmax_causal(head->scores, ld, rows, first - low, keys, head->window,
                                            lm_score_scale(decoder->model), max, sum);
    decoder->kernels->strip(head->sums, session->value_ld, head->scores, ld, rows,
                            head->values + low * session->value_ld, session->value_ld, keys,
                            session->value_ld);
    for (size_t i = 0; i < rows; i++)
        memcpy(out + i * A, head->sums + i * session->value_ld, head->size * sizeof *out);
}

/* Rows that go together from row r on: QUERIES at most, and of one block of queries, which the
 * first key of a band depends on. */
static size_t rows_together(const struct segment *segment, size_t r)
{
    size_t rest = segment->rows - r, room = LM_QUERY_BLOCK - (segment->at + r) % LM_QUERY_BLOCK;
    rest = rest < room ? rest : room;
    return rest < QUERIES ? rest : QUERIES;
}

static void attend_task(void *user, size_t task, size_t worker)
{
    const struct attend *attend = user;
    struct lm_session *session = attend->session;
    const struct lm_model *model = session->decoder->model;
    const struct lm_shape *s = &model->shape;
    const struct segment *segment = &session->segments[task / s->K];
    size_t k = task % s->K, group = s->H / s->K;
    size_t place = (attend->layer * session->sequences + segment->sequence) * s->K + k;
    struct head head = {
        .keys = session->keys + place * session->key_floats,
        .values = session->values + place * session->value_floats,
        .scores = session->scores + worker * session->worker_floats,
        .size = s->D,
        .ld = s->Q,
        .window = lm_shape_window(&model->config, attend->layer),
    };
    head.sums = head.scores + QUERIES * session->scores_ld;
    const float *qkv = session->qkv + segment->row * s->Q;
    keep_rows(session, segment, &head, qkv + s->A + k * s->D);
    for (size_t h = k * group; h < (k + 1) * group; h++)
        for (size_t r = 0; r < segment->rows; r += rows_together(segment, r))
            attend_rows(session, segment, &head, qkv + r * s->Q + h * s->D, r,
                        rows_together(segment, r),
                        session->att + (segment->row + r) * s->A + h * s->D);
}

static void attention(struct lm_session *session, size_t layer)
{
    const struct lm_shape *s = &session->decoder->model->shape;
    struct attend attend = {session, layer};
    size_t work = 0, cost = 12; /* multiplications of a product that take as long as one here */
    for (size_t i = 0; i < session->segment_count; i++) {
        const struct segment *segment = &session->segments[i];
        work += cost * segment->rows * (segment->at + segment->rows) * s->A;
    }
    size_t tasks = session->segment_count * s->K;
    lm_pool_run_near(lm_decoder_pool(session->decoder, work), tasks, tasks, attend_task, &attend);
}

/* ---- the layers ---- */

static void multiply(const struct lm_session *session, enum lm_decoder_matrix matrix, size_t layer,
                     size_t rows, const float *x, enum lm_tensor_id bias, float *y)
{
    const struct lm_model *model = session->decoder->model;
    struct lm_decoder_product product = {
        .matrix = matrix,
        .layer = layer,
        .rows = rows,
        .x = x,
        .bias = lm_weight(model, bias, layer),
        .gelu = matrix == LM_MATRIX_FC && model->config.mlp == LM_MLP_GELU,
    };
    product.y = y;
    lm_decoder_multiply(session->decoder, &product);
}

/* f, to which its bias has been added; behind a GELU, which rides on the product, it is done. */
static const float *activate(const struct lm_session *session, size_t rows)
{
    const struct lm_model *model = session->decoder->model;
    if (model->config.mlp == LM_MLP_GELU)
        return session->f;
    model->mlp->forward(session->f, session->g, NULL, rows, model->shape.F);
    return session->g;
}

static void change_queries_keys(const struct lm_session *session, size_t layer, size_t rows)
{
    const struct lm_model *model = session->decoder->model;
    for (size_t r = 0; r < rows && lm_qk_is_changed(model); r++)
        lm_qk_row(model, layer, session->qkv + r * model->shape.Q, session->places[r], NULL, NULL);
}

/* x += what was computed for it, h = norm(x); the first layer has nothing to add yet. */
static void add_and_norm(const struct lm_session *session, bool has_delta, enum lm_tensor_id w,
                         enum lm_tensor_id b, size_t layer, size_t rows)
{
    const struct lm_model *model = session->decoder->model;
    size_t C = (size_t)model->config.width;
    float *mean = session->stat, *rstd = session->stat + ROWS;
    if (has_delta)
        model->norm->residual(session->x, session->h, mean, rstd, session->x, session->out, NULL,
                              lm_gain(model, w, layer), lm_weight(model, b, layer), rows, C);
    else
        model->norm->forward(session->h, mean, rstd, session->x, lm_gain(model, w, layer),
                             lm_weight(model, b, layer), rows, C);
}

/* The rows through all layers: x is the residual stream behind the last. */
static enum lm_status run_rows(struct lm_session *session, size_t rows, struct lm_err *err)
{
    const struct lm_model *model = session->decoder->model;
    size_t C = (size_t)model->config.width;
    for (size_t r = 0; r < rows; r++)
        lm_embed_row(model, session->x + r * C, session->tokens[r], session->before[r],
                     session->places[r]);
    for (size_t l = 0; l < (size_t)model->config.layers; l++) {
        if (rows == ROWS && lm_model_is_stopped(model)) /* of a long prompt */
            return lm_fail(err, LM_CANCELLED, "interrupted; run again to resume");
        add_and_norm(session, l > 0, LM_LN1_W, LM_LN1_B, l, rows);
        multiply(session, LM_MATRIX_QKV, l, rows, session->h, LM_QKV_B, session->qkv);
        change_queries_keys(session, l, rows);
        attention(session, l);
        multiply(session, LM_MATRIX_PROJ, l, rows, session->att, LM_PROJ_B, session->out);
        add_and_norm(session, true, LM_LN2_W, LM_LN2_B, l, rows);
        multiply(session, LM_MATRIX_FC, l, rows, session->h, LM_FC_B, session->f);
        multiply(session, LM_MATRIX_OUT, l, rows, activate(session, rows), LM_OUT_B, session->out);
    }
    model->kernels->add(session->x, session->out, rows * C);
    return LM_OK;
}

/* Logits of the first `count` rows of `last`. */
static void run_head(struct lm_session *session, size_t count)
{
    const struct lm_model *model = session->decoder->model;
    size_t C = (size_t)model->config.width, V = (size_t)model->config.vocab, rows;
    for (size_t first = 0; first < count; first += rows) {
        rows = count - first < ROWS ? count - first : ROWS;
        model->norm->forward(session->h, session->stat, session->stat + ROWS,
                             session->last + first * C, lm_gain(model, LM_LNF_W, 0),
                             lm_weight(model, LM_LNF_B, 0), rows, C);
        const struct lm_decoder_product product = {.matrix = LM_MATRIX_HEAD,
                                                   .rows = rows,
                                                   .x = session->h,
                                                   .y = session->logits + first * V};
        lm_decoder_multiply(session->decoder, &product);
        if (model->config.logit_cap > 0)
            model->kernels->cap(session->logits + first * V, rows * V,
                                (float)model->config.logit_cap);
    }
}

/* ---- feeding ---- */

static enum lm_status check_feed(struct lm_session *session, const struct lm_feed *feed,
                                 struct lm_err *err)
{
    int64_t vocab = session->decoder->model->config.vocab;
    if (feed->sequence < 0 || feed->sequence >= (int64_t)session->sequences)
        return lm_fail(err, LM_RANGE, "there is no sequence %lld among %zu; number them from 0",
                       (long long)feed->sequence, session->sequences);
    if (session->is_fed[feed->sequence])
        return lm_fail(err, LM_INVALID,
                       "sequence %lld occurs twice in a call; join its tokens in one feed",
                       (long long)feed->sequence);
    session->is_fed[feed->sequence] = true;
    int64_t length = session->lengths[feed->sequence];
    if (feed->count < 1 || feed->count > (int64_t)session->length - length)
        return lm_fail(err, LM_RANGE,
                       "%lld tokens do not fit behind %lld in a length of %zu; reset the sequence "
                       "and feed a shorter suffix",
                       (long long)feed->count, (long long)length, session->length);
    for (int64_t i = 0; i < feed->count; i++)
        if (feed->tokens[i] < 0 || feed->tokens[i] >= vocab)
            return lm_fail(err, LM_RANGE,
                           "token %lld is %d, outside the vocabulary of %lld; encode the text with "
                           "the model's own vocabulary",
                           (long long)i, (int)feed->tokens[i], (long long)vocab);
    return LM_OK;
}

static enum lm_status check_feeds(struct lm_session *session, const struct lm_feed *feeds,
                                  size_t count, struct lm_err *err)
{
    memset(session->is_fed, 0, session->sequences * sizeof *session->is_fed);
    for (size_t i = 0; i < count; i++)
        LM_TRY(check_feed(session, &feeds[i], err));
    return LM_OK;
}

/* Where a call is: the next token to take. */
struct cursor {
    size_t feed;
    int64_t token;
};

/* Takes up to ROWS tokens of the feeds; returns how many. */
static size_t take_rows(struct lm_session *session, const struct lm_feed *feeds, size_t count,
                        struct cursor *cursor)
{
    size_t rows = 0;
    session->segment_count = 0;
    while (rows < ROWS && cursor->feed < count) {
        const struct lm_feed *feed = &feeds[cursor->feed];
        size_t left = (size_t)(feed->count - cursor->token), room = ROWS - rows;
        struct segment *segment = &session->segments[session->segment_count++];
        *segment = (struct segment){.sequence = (size_t)feed->sequence, .row = rows};
        segment->rows = left < room ? left : room;
        segment->token = (size_t)cursor->token;
        segment->at = (size_t)session->lengths[feed->sequence];
        for (size_t i = 0; i < segment->rows; i++) {
            session->tokens[rows + i] = feed->tokens[cursor->token + (int64_t)i];
            session->places[rows + i] = segment->at + i;
            session->before[rows + i] =
                session->places[rows + i] > 0 ? session->newest[feed->sequence] : -1;
            session->newest[feed->sequence] = session->tokens[rows + i];
        }
        rows += segment->rows;
        cursor->token += (int64_t)segment->rows;
        if (cursor->token == feed->count)
            *cursor = (struct cursor){.feed = cursor->feed + 1};
    }
    return rows;
}

/* The states of a segment's rows, where its feed wants them. */
static void give_states(struct lm_session *session, const struct segment *segment,
                        const struct lm_feed *feed)
{
    const struct lm_model *model = session->decoder->model;
    size_t C = (size_t)model->config.width;
    if (feed->states == NULL)
        return;
    model->norm->forward(feed->states + segment->token * C, session->stat, session->stat + ROWS,
                         session->x + segment->row * C, lm_gain(model, LM_LNF_W, 0),
                         lm_weight(model, LM_LNF_B, 0), segment->rows, C);
}

enum lm_status lm_session_feed(struct lm_session *session, struct lm_feed *feeds, size_t count,
                               struct lm_err *err)
{
    const struct lm_model_config *config = &session->decoder->model->config;
    size_t C = (size_t)config->width, wanted = 0;
    struct cursor cursor = {0};
    LM_TRY(check_feeds(session, feeds, count, err));
    while (cursor.feed < count) {
        size_t feed = cursor.feed, rows = take_rows(session, feeds, count, &cursor);
        LM_TRY(run_rows(session, rows, err));
        for (size_t i = 0; i < session->segment_count; i++, feed++) {
            const struct segment *segment = &session->segments[i];
            session->lengths[segment->sequence] += (int64_t)segment->rows;
            give_states(session, segment, &feeds[feed]);
            if (feed >= cursor.feed || feeds[feed].no_logits)
                continue;
            memcpy(session->last + wanted * C, session->x + (segment->row + segment->rows - 1) * C,
                   C * sizeof *session->x);
            wanted++;
        }
    }
    run_head(session, wanted);
    wanted = 0;
    for (size_t i = 0; i < count; i++)
        feeds[i].logits =
            feeds[i].no_logits ? NULL : session->logits + wanted++ * (size_t)config->vocab;
    return LM_OK;
}
