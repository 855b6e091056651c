/*
 * The head and softmax cross-entropy, a chunk of rows at a time: logits of a chunk live
 * until their gradients are taken, never all logits of a batch.
 */
#include "model/core.h"

#include <string.h>

#include "base/elem.h"
#include "model/region.h"
#include "model/weights.h"

enum { VOCAB_ROWS = 512 };

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
    const float *h = lm_at(model, at->hf) + *row * lm_words(model, C);
    lm_weight_product(model, worker, LM_NT, lm_head_tensor(model), 0, rows, lm_stored(model, h, C),
                      *logits, at->logits_ld);
    return rows;
}

/* ---- the loss of a row ----
 * log Z − Σ q·l + z·log²Z, with q = 1 − e at the target plus e/V everywhere: plain likelihood when
 * e = z = 0. Szegedy et al. 2016; Chowdhery et al. 2022. */

/* log Z, from what the forward pass kept of the row. */
static double row_log_sum(const struct lm_model *model, size_t row)
{
    const struct lm_layout *at = &model->layout;
    return (double)lm_at(model, at->row_max)[row] + lm_log((double)lm_at(model, at->row_sum)[row]);
}

/* Σ q·l of a row of logits. */
static float row_hit(const struct lm_model *model, const float *line, int32_t target)
{
    size_t V = (size_t)model->config.vocab;
    double e = model->options.label_smoothing;
    if (target < 0)
        return 0;
    if (e == 0)
        return line[target];
    return (float)((1 - e) * (double)line[target] +
                   e * (double)model->kernels->sum(line, V) / (double)V);
}

static double row_loss(const struct lm_model *model, size_t row)
{
    double log_sum = row_log_sum(model, row), z = model->options.z_loss;
    double loss = log_sum - (double)lm_at(model, model->layout.row_hit)[row];
    return z > 0 ? loss + z * log_sum * log_sum : loss;
}

/* softmax·(1 + 2·z·log Z) − q, times the scale. */
static struct lm_smooth smooth_of(const struct lm_pass *pass, size_t row, float scale)
{
    const struct lm_model *model = pass->model;
    const struct lm_layout *at = &model->layout;
    double e = model->options.label_smoothing, wide = (double)scale;
    double mass = 1 + 2 * model->options.z_loss * row_log_sum(model, row);
    return (struct lm_smooth){
        .max = lm_at(model, at->row_max)[row],
        .mass = (float)(wide * mass / (double)lm_at(model, at->row_sum)[row]),
        .floor = (float)(wide * e / (double)model->config.vocab),
        .hit = (float)(wide * (1 - e)),
    };
}

/* Gradients of a row of logits in their place, as an operand. */
static void row_gradient(const struct lm_pass *pass, float *line, size_t row, int32_t target)
{
    const struct lm_model *model = pass->model;
    const struct lm_layout *at = &model->layout;
    size_t V = (size_t)model->config.vocab, hit = target < 0 ? 0 : (size_t)target;
    float scale = target < 0 ? 0 : pass->scale;
    if (model->options.label_smoothing > 0 || model->options.z_loss > 0) {
        const struct lm_smooth smooth = smooth_of(pass, row, scale);
        model->kernels->smooth_backward(line, V, hit, &smooth);
    } else {
        model->kernels->cross_entropy_backward(line, V, hit, lm_at(model, at->row_max)[row],
                                               lm_at(model, at->row_sum)[row], scale);
    }
    lm_store(model, line, line, 1, V);
}

/* Gradients of the chunk's logits from its row `first` on: they keep the distance of rows. */
static struct lm_operand gradients(const struct lm_model *model, size_t first)
{
    size_t ld = model->layout.logits_ld;
    const float *logits = lm_at(model, model->layout.logits) + first * ld;
    return (struct lm_operand){LM_NN, logits, ld, lm_stores(model)};
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
        hit[row + r] = row_hit(model, line, target);
        if (pass->want_grad)
            row_gradient(pass, line, row + r, target);
    }
    if (pass->want_grad)
        lm_weight_product(model, worker, LM_NN, lm_head_tensor(model), 0, rows,
                          gradients(model, row - pass->first), lm_at(model, at->dhf) + row * C, C);
}

/* The chunk's rows of hf as a right operand. */
static struct lm_right chunk_right(const struct lm_pass *pass)
{
    const struct lm_model *model = pass->model;
    size_t C = (size_t)model->config.width;
    const float *h = lm_at(model, model->layout.hf) + pass->first * lm_words(model, C);
    return (struct lm_right){
        .from = lm_stored(model, h, C),
        .packed = {.data = lm_at(model, model->layout.packed_chunk), .n = C, .k = pass->count},
    };
}

/* Rows of the head's gradient: dlogitsᵀ · hf of the chunk. */
static void vocab_task(void *user, size_t task, size_t worker)
{
    const struct lm_pass *pass = user;
    const struct lm_model *model = pass->model;
    size_t C = (size_t)model->config.width, V = (size_t)model->config.vocab;
    size_t first = task * VOCAB_ROWS, rows = V - first < VOCAB_ROWS ? V - first : VOCAB_ROWS;
    bool fresh = pass->fresh && pass->first == 0;
    struct lm_right right = chunk_right(pass);
    lm_right_multiply(
        model, worker, rows, C, pass->count, lm_turned(model, gradients(model, 0), first), &right,
        !fresh, lm_grad(model, lm_head_tensor(model), 0) + first * C, C, (struct lm_causal){0});
}

/* Runs `task` over the tiles of every chunk, and the vocabulary's tasks behind it for gradients. */
static void each_chunk(struct lm_pass *pass, lm_task_fn *task)
{
    struct lm_model *model = pass->model;
    size_t step = lm_chunk_rows(pass->rows, (size_t)model->config.vocab);
    enum lm_tensor_id head = lm_head_tensor(model);
    const struct lm_right rights[] = {lm_weight_right(model, head, 0, LM_NT),
                                      lm_weight_right(model, head, 0, LM_NN)};
    lm_phase_count_head(model, pass->rows, pass->want_grad);
    lm_region(pass, LM_PHASE_HEAD, 0, NULL, rights, pass->want_grad ? 2 : 1);
    for (pass->first = 0; pass->first < pass->rows && !lm_pass_stopped(pass); pass->first += step) {
        pass->count = pass->rows - pass->first < step ? pass->rows - pass->first : step;
        struct lm_right chunk = chunk_right(pass);
        lm_region(pass, LM_PHASE_HEAD, (pass->count + pass->head_tile - 1) / pass->head_tile, task,
                  &chunk, pass->want_grad ? 1 : 0);
        if (pass->want_grad)
            lm_region(pass, LM_PHASE_HEAD,
                      ((size_t)model->config.vocab + VOCAB_ROWS - 1) / VOCAB_ROWS, vocab_task, NULL,
                      0);
    }
}

double lm_head_loss(struct lm_pass *pass)
{
    const int32_t *targets = targets_of(pass->model);
    each_chunk(pass, loss_task);
    double total = 0;
    for (size_t r = 0; r < pass->rows; r++)
        if (targets[r] >= 0)
            total += row_loss(pass->model, r);
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
        int32_t wanted = targets[row + r];
        size_t target = wanted < 0 ? 0 : (size_t)wanted;
        size_t at = pass->places != NULL ? (size_t)pass->places[row + r] : row + r;
        model->kernels->score(&score, line, (size_t)model->config.vocab, target);
        double log_sum = lm_log((double)score.sum);
        if (out->nll != NULL)
            out->nll[at] =
                wanted < 0 ? 0 : (float)((double)score.max + log_sum - (double)line[target]);
        if (out->entropy != NULL)
            out->entropy[at] = (float)(log_sum - (double)score.moment / (double)score.sum);
        if (out->top != NULL)
            out->top[at] = 1 / score.sum;
        if (out->rank != NULL)
            out->rank[at] = wanted < 0 ? -1 : (int32_t)(score.above + score.equal / 2);
        if (out->equal != NULL)
            out->equal[at] = wanted < 0 ? 0 : (int32_t)score.equal;
    }
}

void lm_head_scores(struct lm_pass *pass)
{
    pass->want_grad = false;
    each_chunk(pass, score_task);
}

/* Rows with a target are moved to the front, in their order: each to a place before its own. */
void lm_head_scores_sparse(struct lm_pass *pass)
{
    struct lm_model *model = pass->model;
    size_t words = lm_words(model, (size_t)model->config.width), kept = 0;
    float *states = lm_at(model, model->layout.hf);
    int32_t *targets = (int32_t *)lm_at(model, model->layout.targets);
    int32_t *places = (int32_t *)lm_at(model, model->layout.positions);
    for (size_t row = 0; row < pass->rows; row++) {
        if (targets[row] < 0)
            continue;
        if (kept < row)
            memmove(states + kept * words, states + row * words, words * sizeof *states);
        targets[kept] = targets[row];
        places[kept++] = (int32_t)row;
    }
    pass->places = places;
    pass->rows = kept;
    lm_head_scores(pass);
}

static void copy_task(void *user, size_t task, size_t worker)
{
    const struct lm_pass *pass = user;
    const struct lm_model *model = pass->model;
    size_t V = (size_t)model->config.vocab, row;
    float *logits;
    size_t rows = tile_logits(pass, task, worker, &logits, &row);
    for (size_t r = 0; r < rows; r++)
        memcpy(pass->logits + (row + r) * V, logits + r * model->layout.logits_ld,
               V * sizeof *logits);
}

void lm_head_logits(struct lm_pass *pass, float *logits)
{
    pass->logits = logits;
    pass->want_grad = false;
    each_chunk(pass, copy_task);
}
