/*
 * Causal self-attention (Vaswani et al. 2017, section 3.2), a task for each sequence and head of
 * keys and values, which several heads of queries may share. Scores are held for LM_QUERY_BLOCK
 * queries at a time and only up to the last key they may see; the backward pass computes them again
 * from the maximum and the sum of each row (Dao et al. 2022). A text that goes on from another sees
 * that one's keys and values, gathered before its own: then all is as if it stood there whole.
 */
#include "model/core.h"

#include <math.h>
#include <string.h>

#include "model/region.h"

/* A head of keys and values of one sequence, and the heads of queries that share it. */
struct head {
    const float *k, *v;    /* (T, size), rows ld_keys apart */
    size_t queries, first; /* heads of queries, and which is the first */
    size_t size, ld, ld_keys, A, T, row;
    size_t before; /* of T: rows of the texts that this one goes on from */
    size_t window; /* keys that a query sees; 0: all before it */
    size_t ld_scores;
    float scale;
};

/* One head of queries. */
struct queries {
    const float *q;   /* (T − before, size), rows ld apart */
    float *max, *sum; /* (T − before): of the softmax of each query */
    size_t column;    /* of its outputs */
    uint64_t element; /* first of its scores, rows of the pass's `time` each, for dropout */
};

/* Queries [first, first + rows) and the keys [low, high) that they see, by their places in the
 * text; query `first` is row `own` of the text's own. */
struct span {
    size_t first, rows, low, high, own;
};

static struct head head_of(const struct lm_pass *pass, size_t task)
{
    const struct lm_model *model = pass->model;
    const struct lm_shape *s = &model->shape;
    size_t b = task / s->K, k = task % s->K;
    size_t row, T = lm_text_rows(pass, b, &row);
    const float *keys = LM_ACT(model, qkv, pass->layer) + row * s->Q + s->A + k * s->D;
    return (struct head){
        .k = keys,
        .v = keys + s->K * s->D,
        .queries = s->H / s->K,
        .first = k * (s->H / s->K),
        .size = s->D,
        .ld = s->Q,
        .ld_keys = s->Q,
        .A = s->A,
        .T = T,
        .row = row,
        .before = pass->prefixes != NULL ? lm_row_position(pass, row) : 0,
        .window = lm_shape_window(&model->config, pass->layer),
        .ld_scores = (T + 15) / 16 * 16,
        .scale = lm_score_scale(model),
    };
}

/* Copies the keys and values of rows [row, row + count) to places [at, at + count). */
static void gather_rows(struct head *head, const float *k, const float *v, float *to, size_t at,
                        size_t row, size_t count)
{
    size_t bytes = head->size * sizeof *to;
    for (size_t i = 0; i < count; i++) {
        memcpy(to + (at + i) * head->size, k + (row + i) * head->ld, bytes);
        memcpy(to + (head->T + at + i) * head->size, v + (row + i) * head->ld, bytes);
    }
}

/* Keys and values of all that text `text` goes on from and of its own, behind one another in the
 * worker's scratch. */
static void gather(const struct lm_pass *pass, size_t worker, struct head *head, int32_t text)
{
    const struct lm_model *model = pass->model;
    float *to = lm_scratch(model, worker) + model->layout.scratch_gather;
    const float *k = head->k - head->row * head->ld, *v = head->v - head->row * head->ld;
    size_t end = head->before + head->T;
    head->T = end;
    for (; text >= 0; text = pass->prefixes[text]) {
        size_t count = (size_t)pass->lengths[text];
        end -= count;
        gather_rows(head, k, v, to, end, (size_t)pass->first_rows[text], count);
    }
    head->k = to;
    head->v = to + head->T * head->size;
    head->ld_keys = head->size;
    head->ld_scores = (head->T + 15) / 16 * 16;
}

static struct queries queries_of(const struct lm_pass *pass, const struct head *head, size_t index)
{
    const struct lm_model *model = pass->model;
    size_t h = head->first + index;
    size_t place = head->row * model->shape.H + h * (head->T - head->before);
    return (struct queries){
        .q = LM_ACT(model, qkv, pass->layer) + head->row * head->ld + h * head->size,
        .max = LM_ACT(model, peak, pass->layer) + place,
        .sum = LM_ACT(model, mass, pass->layer) + place,
        .column = h * head->size,
        .element = (uint64_t)place * pass->time,
    };
}

static struct span span_of(const struct head *head, size_t block)
{
    size_t first = block * LM_QUERY_BLOCK, high = first + LM_QUERY_BLOCK;
    first = first < head->before ? head->before : first;
    high = high < head->T ? high : head->T;
    return (struct span){first, high - first, lm_first_key(first, head->window), high,
                         first - head->before};
}

/* Its queries see no keys after themselves: what of a product is left. */
static struct lm_causal causal_of(const struct span *span, enum lm_causal_part part)
{
    return (struct lm_causal){part, span->first - span->low};
}

/* Keys or values of a head, of the span or of all tokens (NULL), as a right operand, packed into
 * place `place` of the worker's scratch: LM_NT to be multiplied by rows of the head's size, LM_NN
 * by rows of scores. */
static struct lm_right pack(const struct lm_model *model, size_t worker, const struct head *head,
                            const struct span *span, const float *data, enum lm_gemm_form form,
                            size_t place)
{
    size_t low = span != NULL ? span->low : 0, count = span != NULL ? span->high - low : head->T;
    struct lm_right right = {
        .from = {form, data + low * head->ld_keys, head->ld_keys, false},
        .packed = {.data = lm_scratch(model, worker) + model->layout.scratch_heads[place],
                   .n = form == LM_NT ? count : head->size,
                   .k = form == LM_NT ? head->size : count},
    };
    lm_right_pack_all(model, &right);
    return right;
}

/* Which of a head's three operands a pass multiplies by. */
struct operands {
    struct lm_right by_keys, other, to_keys;
};

/* Forward: keys, and values to be summed up. Backward: keys, values, and keys to be summed up. */
static struct operands pack_operands(const struct lm_model *model, size_t worker,
                                     const struct head *head, const struct span *span,
                                     bool backward)
{
    struct operands out = {.by_keys = pack(model, worker, head, span, head->k, LM_NT, 0)};
    out.other = pack(model, worker, head, span, head->v, backward ? LM_NT : LM_NN, 1);
    if (backward)
        out.to_keys = pack(model, worker, head, span, head->k, LM_NN, 2);
    return out;
}

static void drop_scores(const struct lm_pass *pass, const struct head *head,
                        const struct queries *queries, float *scores, const struct span *span)
{
    if (!pass->training || pass->model->config.dropout <= 0)
        return;
    for (size_t r = 0; r < span->rows; r++)
        lm_dropout(pass, pass->layer, LM_SITE_ATTENTION, scores + r * head->ld_scores,
                   queries->element + (uint64_t)(span->first + r) * pass->time + span->low,
                   span->first + r + 1 - span->low);
}

/* Outputs of a span of queries. */
static void forward_span(const struct lm_pass *pass, size_t worker, const struct head *head,
                         const struct queries *queries, const struct operands *operands,
                         const struct span *span)
{
    const struct lm_model *model = pass->model;
    float *scores = lm_scratch(model, worker);
    float *out = LM_ACT(model, att, pass->layer) + (head->row + span->own) * head->A;
    size_t keys = span->high - span->low;
    lm_right_multiply(model, worker, span->rows, keys, head->size,
                      lm_floats(queries->q + span->own * head->ld, head->ld), &operands->by_keys,
                      false, scores, head->ld_scores, causal_of(span, LM_CAUSAL_OUT));
    model->kernels->softmax_causal(scores, head->ld_scores, span->rows, span->first - span->low,
                                   keys, head->window, head->scale, queries->max + span->own,
                                   queries->sum + span->own);
    drop_scores(pass, head, queries, scores, span);
    lm_right_multiply(model, worker, span->rows, head->size, keys,
                      lm_floats(scores, head->ld_scores), &operands->other, false,
                      out + queries->column, head->A, causal_of(span, LM_CAUSAL_LEFT));
}

static size_t blocks_of(const struct head *head)
{
    return (head->T + LM_QUERY_BLOCK - 1) / LM_QUERY_BLOCK;
}

static void forward_task(void *user, size_t task, size_t worker)
{
    const struct lm_pass *pass = user;
    struct head head = head_of(pass, task);
    struct operands operands;
    if (head.before > 0)
        gather(pass, worker, &head, (int32_t)(task / pass->model->shape.K));
    if (head.window == 0)
        operands = pack_operands(pass->model, worker, &head, NULL, false);
    for (size_t block = head.before / LM_QUERY_BLOCK; block < blocks_of(&head); block++) {
        const struct span span = span_of(&head, block);
        if (head.window > 0)
            operands = pack_operands(pass->model, worker, &head, &span, false);
        for (size_t i = 0; i < head.queries; i++) {
            const struct queries queries = queries_of(pass, &head, i);
            forward_span(pass, worker, &head, &queries, &operands, &span);
        }
    }
}

void lm_attention_forward(struct lm_pass *pass, const struct lm_right *rights, size_t right_count)
{
    lm_region(pass, LM_PHASE_ATTENTION, pass->batch * pass->model->shape.K, forward_task, rights,
              right_count);
}

/* Gradients of a span of queries, and what it adds to those of its keys and values; the first to
 * come is to write them (`more` is false). */
static void backward_span(const struct lm_pass *pass, size_t worker, const struct head *head,
                          const struct queries *queries, const struct operands *operands,
                          const struct span *span, bool more)
{
    const struct lm_model *model = pass->model;
    size_t keys = span->high - span->low, ld = head->ld, A = head->A, ld_scores = head->ld_scores;
    size_t place = (head->row + span->first) * A + queries->column;
    const float *q = queries->q + span->first * ld;
    const float *out = LM_ACT(model, att, pass->layer) + place;
    const float *g = lm_at(model, model->layout.datt) + place;
    float *dqkv = lm_at(model, model->layout.dqkv) + head->row * ld;
    float *dk = dqkv + (head->k - LM_ACT(model, qkv, pass->layer)) - head->row * ld;
    float *dv = dk + (head->v - head->k);
    float *p = lm_scratch(model, worker), *d = p + LM_QUERY_BLOCK * ld_scores;
    lm_right_multiply(model, worker, span->rows, keys, head->size, lm_floats(q, ld),
                      &operands->by_keys, false, p, ld_scores, causal_of(span, LM_CAUSAL_OUT));
    model->kernels->softmax_again(p, ld_scores, span->rows, span->first - span->low, keys,
                                  head->window, head->scale, queries->max + span->first,
                                  queries->sum + span->first);
    lm_right_multiply(model, worker, span->rows, keys, head->size, lm_floats(g, A),
                      &operands->other, false, d, ld_scores, causal_of(span, LM_CAUSAL_OUT));
    drop_scores(pass, head, queries, d, span);
    model->kernels->softmax_backward(d, p, ld_scores, span->rows, span->first - span->low, keys,
                                     head->scale, out, g, A, head->size);
    lm_right_multiply(model, worker, span->rows, head->size, keys, lm_floats(d, ld_scores),
                      &operands->to_keys, false, dqkv + span->first * ld + queries->column, ld,
                      causal_of(span, LM_CAUSAL_LEFT));
    lm_gemm(model, worker, LM_TN, keys, head->size, span->rows, d, ld_scores, q, ld, more,
            dk + span->low * ld, ld, causal_of(span, LM_CAUSAL_TURNED));
    drop_scores(pass, head, queries, p, span);
    lm_gemm(model, worker, LM_TN, keys, head->size, span->rows, p, ld_scores, g, A, more,
            dv + span->low * ld, ld, causal_of(span, LM_CAUSAL_TURNED));
}

/* Keys of a band are first met by different spans: their gradients begin at 0. */
static void clear_gradients(const struct lm_pass *pass, const struct head *head)
{
    const struct lm_model *model = pass->model;
    float *dk = lm_at(model, model->layout.dqkv) + (head->k - LM_ACT(model, qkv, pass->layer));
    float *dv = dk + (head->v - head->k);
    for (size_t t = 0; t < head->T; t++) {
        memset(dk + t * head->ld, 0, head->size * sizeof *dk);
        memset(dv + t * head->ld, 0, head->size * sizeof *dv);
    }
}

/* Blocks of queries from the last to the first: the last sees all keys and starts their sums. */
static void backward_task(void *user, size_t task, size_t worker)
{
    const struct lm_pass *pass = user;
    const struct head head = head_of(pass, task);
    struct operands operands;
    size_t blocks = blocks_of(&head);
    if (head.window == 0)
        operands = pack_operands(pass->model, worker, &head, NULL, true);
    else
        clear_gradients(pass, &head);
    for (size_t block = blocks; block-- > 0;) {
        const struct span span = span_of(&head, block);
        if (head.window > 0)
            operands = pack_operands(pass->model, worker, &head, &span, true);
        for (size_t i = 0; i < head.queries; i++) {
            const struct queries queries = queries_of(pass, &head, i);
            bool more = head.window > 0 || block + 1 < blocks || i > 0;
            backward_span(pass, worker, &head, &queries, &operands, &span, more);
        }
    }
}

void lm_attention_backward(struct lm_pass *pass, const struct lm_right *rights, size_t right_count)
{
    lm_region(pass, LM_PHASE_ATTENTION, pass->batch * pass->model->shape.K, backward_task, rights,
              right_count);
}
