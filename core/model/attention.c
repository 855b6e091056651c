/*
 * Causal self-attention (Vaswani et al. 2017, section 3.2), a task for each sequence and head.
 * Scores are held for LM_QUERY_BLOCK queries at a time and only up to the last key they may see;
 * the backward pass computes them again from the maximum and the sum of each row (Dao et al. 2022).
 */
#include "model/core.h"

#include "model/region.h"
#include <math.h>

/* One head of one sequence. */
struct head {
    const float *q, *k, *v; /* (T, hs), rows 3C apart */
    float *max, *sum;       /* (T): of the softmax of each query */
    size_t size, ld, C, T, row, column;
    size_t ld_scores;
    float scale;
    uint64_t element; /* first of its T·T scores, for dropout */
};

static struct head head_of(const struct lm_pass *pass, size_t task)
{
    const struct lm_model *model = pass->model;
    size_t H = (size_t)model->config.heads, C = (size_t)model->config.width, T = pass->time;
    size_t b = task / H, h = task % H, hs = C / H;
    const float *qkv = LM_ACT(model, qkv, pass->layer) + b * T * 3 * C + h * hs;
    return (struct head){
        .q = qkv,
        .k = qkv + C,
        .v = qkv + 2 * C,
        .max = LM_ACT(model, peak, pass->layer) + task * T,
        .sum = LM_ACT(model, mass, pass->layer) + task * T,
        .size = hs,
        .ld = 3 * C,
        .C = C,
        .T = T,
        .row = b * T,
        .column = h * hs,
        .ld_scores = (T + 15) / 16 * 16,
        .scale = (float)(1.0 / sqrt((double)hs)),
        .element = (uint64_t)task * T * T,
    };
}

/* Keys or values of a head as a right operand, packed into place `place` of the worker's scratch:
 * LM_NT to be multiplied by rows of the head's size, LM_NN by rows of scores. */
static struct lm_right pack(const struct lm_model *model, size_t worker, const struct head *head,
                            const float *data, enum lm_gemm_form form, size_t place)
{
    struct lm_right right = {
        .from = {form, data, head->ld, false},
        .packed = {.data = lm_scratch(model, worker) + model->layout.scratch_heads[place],
                   .n = form == LM_NT ? head->T : head->size,
                   .k = form == LM_NT ? head->size : head->T},
    };
    lm_right_pack_all(model, &right);
    return right;
}

static void drop_scores(const struct lm_pass *pass, const struct head *head, float *scores,
                        size_t first, size_t rows)
{
    if (!pass->training || pass->model->config.dropout <= 0)
        return;
    for (size_t r = 0; r < rows; r++)
        lm_dropout(pass, pass->layer, LM_SITE_ATTENTION, scores + r * head->ld_scores,
                   head->element + (uint64_t)(first + r) * head->T, first + r + 1);
}

static void forward_task(void *user, size_t task, size_t worker)
{
    const struct lm_pass *pass = user;
    const struct lm_model *model = pass->model;
    struct head head = head_of(pass, task);
    float *scores = lm_scratch(model, worker);
    float *out = LM_ACT(model, att, pass->layer) + head.row * head.C + head.column;
    struct lm_right by_keys = pack(model, worker, &head, head.k, LM_NT, 0);
    struct lm_right to_values = pack(model, worker, &head, head.v, LM_NN, 1);
    for (size_t first = 0; first < head.T; first += LM_QUERY_BLOCK) {
        size_t rest = head.T - first, rows = rest < LM_QUERY_BLOCK ? rest : LM_QUERY_BLOCK;
        size_t keys = first + rows;
        lm_right_multiply(model, worker, rows, keys, head.size,
                          lm_floats(head.q + first * head.ld, head.ld), &by_keys, false, scores,
                          head.ld_scores);
        model->kernels->softmax_causal(scores, head.ld_scores, rows, first, keys, head.scale,
                                       head.max + first, head.sum + first);
        drop_scores(pass, &head, scores, first, rows);
        lm_right_multiply(model, worker, rows, head.size, keys, lm_floats(scores, head.ld_scores),
                          &to_values, false, out + first * head.C, head.C);
    }
}

void lm_attention_forward(struct lm_pass *pass, const struct lm_right *rights, size_t right_count)
{
    lm_region(pass, LM_PHASE_ATTENTION, pass->batch * (size_t)pass->model->config.heads,
              forward_task, rights, right_count);
}

/* Blocks of queries from the last to the first: the last sees all keys and starts their sums. */
static void backward_task(void *user, size_t task, size_t worker)
{
    const struct lm_pass *pass = user;
    const struct lm_model *model = pass->model;
    struct head head = head_of(pass, task);
    const float *out = LM_ACT(model, att, pass->layer) + head.row * head.C + head.column;
    const float *dout = lm_at(model, model->layout.datt) + head.row * head.C + head.column;
    float *dq = lm_at(model, model->layout.dqkv) + head.row * head.ld + head.column;
    float *dk = dq + head.C, *dv = dk + head.C;
    float *p = lm_scratch(model, worker), *d = p + LM_QUERY_BLOCK * head.ld_scores;
    struct lm_right by_keys = pack(model, worker, &head, head.k, LM_NT, 0);
    struct lm_right by_values = pack(model, worker, &head, head.v, LM_NT, 1);
    struct lm_right to_keys = pack(model, worker, &head, head.k, LM_NN, 2);
    size_t blocks = (head.T + LM_QUERY_BLOCK - 1) / LM_QUERY_BLOCK;
    for (size_t block = blocks; block-- > 0;) {
        size_t first = block * LM_QUERY_BLOCK, rest = head.T - first;
        size_t rows = rest < LM_QUERY_BLOCK ? rest : LM_QUERY_BLOCK, keys = first + rows;
        bool more = block + 1 < blocks;
        const float *q = head.q + first * head.ld, *g = dout + first * head.C;
        lm_right_multiply(model, worker, rows, keys, head.size, lm_floats(q, head.ld), &by_keys,
                          false, p, head.ld_scores);
        model->kernels->softmax_again(p, head.ld_scores, rows, first, keys, head.scale,
                                      head.max + first, head.sum + first);
        lm_right_multiply(model, worker, rows, keys, head.size, lm_floats(g, head.C), &by_values,
                          false, d, head.ld_scores);
        drop_scores(pass, &head, d, first, rows);
        model->kernels->softmax_backward(d, p, head.ld_scores, rows, keys, head.scale,
                                         out + first * head.C, g, head.C, head.size);
        lm_right_multiply(model, worker, rows, head.size, keys, lm_floats(d, head.ld_scores),
                          &to_keys, false, dq + first * head.ld, head.ld);
        lm_gemm(model, worker, LM_TN, keys, head.size, rows, d, head.ld_scores, q, head.ld, more,
                dk, head.ld);
        drop_scores(pass, &head, p, first, rows);
        lm_gemm(model, worker, LM_TN, keys, head.size, rows, p, head.ld_scores, g, head.C, more, dv,
                head.ld);
    }
}

void lm_attention_backward(struct lm_pass *pass, const struct lm_right *rights, size_t right_count)
{
    lm_region(pass, LM_PHASE_ATTENTION, pass->batch * (size_t)pass->model->config.heads,
              backward_task, rights, right_count);
}
