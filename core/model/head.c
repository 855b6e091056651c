/*
 * The tied head and softmax cross-entropy, a chunk of rows at a time: logits of a chunk live
 * until their gradients are taken, never all logits of a batch.
 */
#include "model/core.h"

#include "base/elem.h"
#include "model/weights.h"

enum { VOCAB_ROWS = 512 };

struct chunk {
    const struct lm_pass *pass;
    float *out; /* lm_head_logits: where rows go; else NULL */
};

static const int32_t *targets_of(const struct lm_model *model)
{
    return (const int32_t *)lm_at(model, model->layout.targets);
}

/* Logits of tile `task` of the chunk; returns their rows, *row the first one's place in the batch.
 */
static size_t tile_logits(const struct lm_pass *pass, size_t task, size_t worker, float **logits,
                          size_t *row)
{
    const struct lm_model *model = pass->model;
    const struct lm_layout *at = &model->layout;
    size_t C = (size_t)model->config.width;
    size_t first = task * pass->head_tile, rest = pass->count - first;
    size_t rows = rest < pass->head_tile ? rest : pass->head_tile;
    *logits = lm_at(model, at->logits) + first * at->logits_ld;
    *row = pass->first + first;
    lm_weight_product(model, worker, LM_NT, LM_WTE, 0, rows, lm_at(model, at->hf) + *row * C, C,
                      *logits, at->logits_ld);
    return rows;
}

static void loss_task(void *user, size_t task, size_t worker)
{
    const struct lm_pass *pass = user;
    const struct lm_model *model = pass->model;
    const struct lm_layout *at = &model->layout;
    size_t C = (size_t)model->config.width, V = (size_t)model->config.vocab, row;
    float *logits;
    size_t rows = tile_logits(pass, task, worker, &logits, &row);
    float *max = lm_at(model, at->row_max), *sum = lm_at(model, at->row_sum);
    float *hit = lm_at(model, at->row_hit);
    const int32_t *targets = targets_of(model);
    for (size_t r = 0; r < rows; r++) {
        float *line = logits + r * at->logits_ld;
        int32_t target = targets[row + r];
        model->kernels->softmax_stats(max + row + r, sum + row + r, line, V);
        hit[row + r] = target < 0 ? 0 : line[target];
        if (pass->want_grad)
            model->kernels->cross_entropy_backward(line, V, target < 0 ? 0 : (size_t)target,
                                                   max[row + r], sum[row + r],
                                                   target < 0 ? 0 : pass->scale);
    }
    if (pass->want_grad)
        lm_weight_product(model, worker, LM_NN, LM_WTE, 0, rows, logits, at->logits_ld,
                          lm_at(model, at->dhf) + row * C, C);
}

/* Rows of wte's gradient: dlogitsᵀ · hf of the chunk. */
static void vocab_task(void *user, size_t task, size_t worker)
{
    const struct lm_pass *pass = user;
    const struct lm_model *model = pass->model;
    const struct lm_layout *at = &model->layout;
    size_t C = (size_t)model->config.width, V = (size_t)model->config.vocab;
    size_t first = task * VOCAB_ROWS, rows = V - first < VOCAB_ROWS ? V - first : VOCAB_ROWS;
    bool fresh = pass->fresh && pass->first == 0;
    lm_gemm(model, worker, LM_TN, rows, C, pass->count, lm_at(model, at->logits) + first,
            at->logits_ld, lm_at(model, at->hf) + pass->first * C, C, !fresh,
            lm_grad(model, LM_WTE, 0) + first * C, C);
}

/* Runs `task` over the tiles of every chunk, and the vocabulary's tasks behind it for gradients. */
static void each_chunk(struct lm_pass *pass, lm_task_fn *task, void *user)
{
    struct lm_model *model = pass->model;
    size_t step = lm_chunk_rows(pass->rows, (size_t)model->config.vocab);
    const struct lm_pack_job jobs[] = {{LM_WTE, 0, LM_NT}, {LM_WTE, 0, LM_NN}};
    lm_phase_count_head(model, pass->rows, pass->want_grad);
    lm_region(pass, LM_PHASE_HEAD, 0, NULL, jobs, pass->want_grad ? 2 : 1);
    for (pass->first = 0; pass->first < pass->rows && !lm_pass_stopped(pass); pass->first += step) {
        pass->count = pass->rows - pass->first < step ? pass->rows - pass->first : step;
        lm_phase_run(model, LM_PHASE_HEAD, (pass->count + pass->head_tile - 1) / pass->head_tile,
                     task, user);
        if (pass->want_grad)
            lm_phase_run(model, LM_PHASE_HEAD,
                         ((size_t)model->config.vocab + VOCAB_ROWS - 1) / VOCAB_ROWS, vocab_task,
                         pass);
    }
}

static double row_nll(const struct lm_model *model, size_t row)
{
    const struct lm_layout *at = &model->layout;
    return (double)lm_at(model, at->row_max)[row] + lm_log((double)lm_at(model, at->row_sum)[row]) -
           (double)lm_at(model, at->row_hit)[row];
}

double lm_head_loss(struct lm_pass *pass)
{
    const int32_t *targets = targets_of(pass->model);
    each_chunk(pass, loss_task, pass);
    double total = 0;
    for (size_t r = 0; r < pass->rows; r++)
        if (targets[r] >= 0)
            total += row_nll(pass->model, r);
    return total;
}

static void score_task(void *user, size_t task, size_t worker)
{
    const struct lm_pass *pass = user;
    const struct lm_model *model = pass->model;
    const struct lm_scores *out = pass->scores;
    const int32_t *targets = targets_of(model);
    float *logits;
    size_t row, rows = tile_logits(pass, task, worker, &logits, &row);
    for (size_t r = 0; r < rows; r++) {
        struct lm_row_score score;
        const float *line = logits + r * model->layout.logits_ld;
        size_t at = row + r, target = targets[at] < 0 ? 0 : (size_t)targets[at];
        model->kernels->score(&score, line, (size_t)model->config.vocab, target);
        double log_sum = lm_log((double)score.sum);
        if (out->nll != NULL)
            out->nll[at] =
                targets[at] < 0 ? 0 : (float)((double)score.max + log_sum - (double)line[target]);
        if (out->entropy != NULL)
            out->entropy[at] = (float)(log_sum - (double)score.moment / (double)score.sum);
        if (out->rank != NULL)
            out->rank[at] = targets[at] < 0 ? -1 : (int32_t)(score.above + score.equal / 2);
    }
}

void lm_head_scores(struct lm_pass *pass)
{
    pass->want_grad = false;
    each_chunk(pass, score_task, pass);
}

static void copy_task(void *user, size_t task, size_t worker)
{
    const struct chunk *chunk = user;
    const struct lm_model *model = chunk->pass->model;
    size_t V = (size_t)model->config.vocab, row;
    float *logits;
    size_t rows = tile_logits(chunk->pass, task, worker, &logits, &row);
    for (size_t r = 0; r < rows; r++)
        for (size_t v = 0; v < V; v++)
            chunk->out[(row + r) * V + v] = logits[r * model->layout.logits_ld + v];
}

void lm_head_logits(struct lm_pass *pass, float *logits)
{
    struct chunk chunk = {.pass = pass};
    chunk.out = logits;
    pass->want_grad = false;
    each_chunk(pass, copy_task, &chunk);
}
