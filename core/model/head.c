/*
 * The head and softmax cross-entropy, a chunk of rows at a time: logits of a chunk live
 * until their gradients are taken, never all logits of a batch.
 */
#include "model/core.h"

#include <string.h>

#include "base/elem.h"
#include "model/region.h"
#include "model/weights.h"

static const int32_t *targets_of(const struct lm_model *model)
{
    return (const int32_t *)lm_at(model, model->layout.targets);
}

/* Rows [first, first + rows) of the chunk: their logits are there and are to be used. */
typedef void head_rows_fn(const struct lm_pass *pass, size_t first, size_t rows);

/* A row of the chunk's logits. */
static float *logits_of(const struct lm_model *model, size_t row)
{
    return lm_at(model, model->layout.logits) + row * model->layout.logits_ld;
}

/* A part of the outputs of one of the head's three products. */
typedef void head_product_fn(const struct lm_pass *pass, size_t worker,
                             const struct lm_grid_part *part);

/* Of the chunk's logits: rows × vocabulary. */
static void multiply_logits(const struct lm_pass *pass, size_t worker,
                            const struct lm_grid_part *part)
{
    const struct lm_model *model = pass->model;
    size_t C = model->shape.C;
    const float *h =
        lm_at(model, model->layout.hf) + (pass->first + part->row) * lm_words(model, C);
    struct lm_right right = lm_weight_right(model, lm_head_tensor(model), 0, LM_NT);
    right = lm_right_from(model, right, part->col);
    lm_right_multiply(model, worker, part->rows, part->cols, C, lm_stored(model, h, C), &right,
                      false, logits_of(model, part->row) + part->col, model->layout.logits_ld,
                      (struct lm_causal){0});
    for (size_t r = 0; r < part->rows && model->config.logit_cap > 0; r++)
        model->kernels->cap(logits_of(model, part->row + r) + part->col, part->cols,
                            (float)model->config.logit_cap);
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

enum { CAPPED = 1024 };

/* The same of capped logits, before they were capped: piece by piece, since both are needed. */
static void capped_gradient(const struct lm_model *model, float *line, size_t hit,
                            const struct lm_smooth *smooth)
{
    float kept[CAPPED];
    size_t V = (size_t)model->config.vocab;
    for (size_t at = 0; at < V; at += CAPPED) {
        size_t count = V - at < CAPPED ? V - at : CAPPED;
        bool is_hit = hit >= at && hit - at < count;
        struct lm_smooth piece = *smooth;
        piece.hit = is_hit ? smooth->hit : 0;
        memcpy(kept, line + at, count * sizeof *kept);
        model->kernels->smooth_backward(line + at, count, is_hit ? hit - at : 0, &piece);
        model->kernels->cap_backward(line + at, kept, count, (float)model->config.logit_cap);
    }
}

/* Gradients of a row of logits in their place, as an operand. */
static void row_gradient(const struct lm_pass *pass, float *line, size_t row, int32_t target)
{
    const struct lm_model *model = pass->model;
    const struct lm_layout *at = &model->layout;
    size_t V = (size_t)model->config.vocab, hit = target < 0 ? 0 : (size_t)target;
    float scale = target < 0 ? 0 : pass->scale;
    const struct lm_smooth smooth = smooth_of(pass, row, scale);
    if (model->config.logit_cap > 0) {
        capped_gradient(model, line, hit, &smooth);
    } else if (model->options.label_smoothing > 0 || model->options.z_loss > 0) {
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

/* Of the gradient of the chunk's final states: rows × width, dlogits · head. */
static void multiply_states(const struct lm_pass *pass, size_t worker,
                            const struct lm_grid_part *part)
{
    const struct lm_model *model = pass->model;
    size_t C = model->shape.C;
    float *out = lm_at(model, model->layout.dhf) + (pass->first + part->row) * C;
    struct lm_right right = lm_weight_right(model, lm_head_tensor(model), 0, LM_NN);
    right = lm_right_from(model, right, part->col);
    lm_right_multiply(model, worker, part->rows, part->cols, model->shape.V,
                      gradients(model, part->row), &right, false, out + part->col, C,
                      (struct lm_causal){0});
}

static void loss_rows(const struct lm_pass *pass, size_t first, size_t rows)
{
    const struct lm_model *model = pass->model;
    const struct lm_layout *at = &model->layout;
    for (size_t r = first; r < first + rows; r++) {
        float *line = logits_of(model, r);
        size_t row = pass->first + r;
        int32_t target = targets_of(model)[row];
        model->kernels->softmax_stats(lm_at(model, at->row_max) + row,
                                      lm_at(model, at->row_sum) + row, line, model->shape.V);
        lm_at(model, at->row_hit)[row] = row_hit(model, line, target);
        if (pass->want_grad)
            row_gradient(pass, line, row, target);
    }
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

/* Of the head's gradient: vocabulary × width, dlogitsᵀ · hf of the chunk. */
static void multiply_vocab(const struct lm_pass *pass, size_t worker,
                           const struct lm_grid_part *part)
{
    const struct lm_model *model = pass->model;
    size_t C = model->shape.C;
    const struct lm_right right = lm_right_from(model, chunk_right(pass), part->col);
    lm_right_multiply(model, worker, part->rows, part->cols, pass->count,
                      lm_turned(model, gradients(model, 0), part->row), &right, pass->first > 0,
                      lm_grad(model, lm_head_tensor(model), 0) + part->row * C + part->col, C,
                      (struct lm_causal){0});
}

/* What is done to a chunk: by tiles of rows where they keep all threads busy, so that a tile's
 * logits stay in cache between its products; else each product by a grid of its own. */
struct head_call {
    struct lm_pass *pass;
    head_rows_fn *rows;
    struct lm_grid grid;
    struct lm_grid_job jobs[2]; /* products of the running region */
    head_product_fn *products[2];
    size_t count;
};

enum { ROWS_AT_ONCE = 8, VOCAB_ROWS = 512 }; /* of a task that multiplies nothing; of OpenBLAS's */

static void tile_task(void *user, size_t task, size_t worker)
{
    const struct head_call *call = user;
    const struct lm_pass *pass = call->pass;
    size_t first = task * pass->head_tile, rest = pass->count - first;
    struct lm_grid_part part = {.row = first, .cols = pass->model->shape.V};
    part.rows = rest < pass->head_tile ? rest : pass->head_tile;
    multiply_logits(pass, worker, &part);
    call->rows(pass, first, part.rows);
    part.cols = pass->model->shape.C;
    if (pass->want_grad)
        multiply_states(pass, worker, &part);
}

static void product_task(void *user, size_t task, size_t worker)
{
    const struct head_call *call = user;
    struct lm_grid_part part = lm_grid_at(call->grid, call->jobs, task);
    call->products[part.job](call->pass, worker, &part);
}

static void rows_task(void *user, size_t task, size_t worker)
{
    (void)worker;
    const struct head_call *call = user;
    size_t first = task * ROWS_AT_ONCE, rest = call->pass->count - first;
    call->rows(call->pass, first, rest < ROWS_AT_ONCE ? rest : ROWS_AT_ONCE);
}

static void add_product(struct head_call *call, head_product_fn *product, size_t m, size_t n,
                        size_t k)
{
    call->products[call->count] = product;
    call->jobs[call->count++] = (struct lm_grid_job){m, n, k};
}

/* Runs what was added, by the grid that suits it. */
static void run_products(struct head_call *call, const struct lm_right *rights, size_t right_count)
{
    call->grid = lm_model_grid(call->pass->model, call->jobs, call->count, VOCAB_ROWS);
    lm_region_of(call->pass, LM_PHASE_HEAD, lm_grid_count(call->grid, call->jobs, call->count),
                 product_task, call, rights, right_count);
    call->count = 0;
}

static bool tiles_suffice(const struct lm_pass *pass)
{
    size_t tiles = (pass->count + pass->head_tile - 1) / pass->head_tile;
    size_t threads = lm_model_cut_for(pass->model), rounds = (tiles + threads - 1) / threads;
    return tiles * 10 >= rounds * threads * 8;
}

static void run_chunk(struct head_call *call)
{
    struct lm_pass *pass = call->pass;
    size_t C = pass->model->shape.C, V = pass->model->shape.V, rows = pass->count;
    size_t tiles = (rows + pass->head_tile - 1) / pass->head_tile;
    const struct lm_right chunk = chunk_right(pass);
    size_t packing = pass->want_grad ? 1 : 0;
    bool tiled = tiles_suffice(pass);
    if (tiled) {
        lm_region_of(pass, LM_PHASE_HEAD, tiles, tile_task, call, &chunk, packing);
    } else {
        add_product(call, multiply_logits, rows, V, C);
        run_products(call, &chunk, packing);
        lm_region_of(pass, LM_PHASE_HEAD, (rows + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE, rows_task, call,
                     NULL, 0);
    }
    if (!pass->want_grad)
        return;
    if (!tiled)
        add_product(call, multiply_states, rows, C, V); /* its tasks are the longer ones */
    add_product(call, multiply_vocab, V, C, rows);
    run_products(call, NULL, 0);
}

/* All rows, a chunk after the other. */
static void each_chunk(struct lm_pass *pass, head_rows_fn *rows)
{
    struct lm_model *model = pass->model;
    size_t step = lm_chunk_rows(pass->rows, model->shape.V);
    enum lm_tensor_id head = lm_head_tensor(model);
    const struct lm_right rights[] = {lm_weight_right(model, head, 0, LM_NT),
                                      lm_weight_right(model, head, 0, LM_NN)};
    struct head_call call = {.pass = pass, .rows = rows};
    lm_phase_count_head(model, pass->rows, pass->want_grad);
    lm_region(pass, LM_PHASE_HEAD, 0, NULL, rights, pass->want_grad ? 2 : 1);
    for (pass->first = 0; pass->first < pass->rows && !lm_pass_stopped(pass); pass->first += step) {
        pass->count = pass->rows - pass->first < step ? pass->rows - pass->first : step;
        run_chunk(&call);
    }
}

double lm_head_loss(struct lm_pass *pass)
{
    const int32_t *targets = targets_of(pass->model);
    each_chunk(pass, loss_rows);
    double total = 0;
    for (size_t r = 0; r < pass->rows; r++)
        if (targets[r] >= 0)
            total += row_loss(pass->model, r);
    return total;
}

/* What a row of logits says of a target (-1: none), into a place. */
static void score_target(const struct lm_pass *pass, const float *line, int32_t wanted, size_t at)
{
    const struct lm_model *model = pass->model;
    const struct lm_scores *out = pass->scores;
    struct lm_row_score score;
    size_t target = wanted < 0 ? 0 : (size_t)wanted;
    model->kernels->score(&score, line, (size_t)model->config.vocab, target);
    double log_sum = lm_log((double)score.sum);
    if (out->nll != NULL)
        out->nll[at] = wanted < 0 ? 0 : (float)((double)score.max + log_sum - (double)line[target]);
    if (out->entropy != NULL)
        out->entropy[at] = (float)(log_sum - (double)score.moment / (double)score.sum);
    if (out->top != NULL)
        out->top[at] = 1 / score.sum;
    if (out->rank != NULL)
        out->rank[at] = wanted < 0 ? -1 : (int32_t)(score.above + score.equal / 2);
    if (out->equal != NULL)
        out->equal[at] = wanted < 0 ? 0 : (int32_t)score.equal;
}

static void score_rows(const struct lm_pass *pass, size_t first, size_t rows)
{
    const struct lm_model *model = pass->model;
    const int32_t *targets = targets_of(model);
    for (size_t r = first; r < first + rows; r++) {
        size_t row = pass->first + r;
        size_t at = pass->places != NULL ? (size_t)pass->places[row] : row;
        score_target(pass, logits_of(model, r), targets[row], at);
        int32_t other = pass->texts != NULL ? pass->texts->others[at] : -1;
        for (; other >= 0; other = pass->texts->other_next[other])
            score_target(pass, logits_of(model, r), pass->texts->other_targets[other],
                         pass->others + (size_t)other);
    }
}

void lm_head_scores(struct lm_pass *pass)
{
    pass->want_grad = false;
    each_chunk(pass, score_rows);
}

/* Rows with a target are moved to the front, in their order: each to a place before its own. From
 * then on they are the pass's only ones; returns how many there were. */
static size_t keep_scored(struct lm_pass *pass)
{
    struct lm_model *model = pass->model;
    size_t words = lm_words(model, (size_t)model->config.width), kept = 0, all = pass->rows;
    float *states = lm_at(model, model->layout.hf);
    int32_t *targets = (int32_t *)lm_at(model, model->layout.targets);
    int32_t *places = (int32_t *)lm_at(model, model->layout.positions) + 2 * model->layout.max_rows;
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
    return all;
}

void lm_head_scores_sparse(struct lm_pass *pass)
{
    keep_scored(pass);
    lm_head_scores(pass);
}

/* Gradients of the kept rows' states go back to where the rows were: each behind its own place, so
 * the last one goes first. Those of all other rows are 0. */
static void spread_scored(const struct lm_pass *pass, size_t all)
{
    const struct lm_model *model = pass->model;
    size_t C = model->shape.C, kept = pass->rows;
    float *d = lm_at(model, model->layout.dhf);
    for (size_t row = all; row-- > 0;) {
        bool is_kept = kept > 0 && (size_t)pass->places[kept - 1] == row;
        if (!is_kept)
            memset(d + row * C, 0, C * sizeof *d);
        else if (--kept < row)
            memcpy(d + row * C, d + kept * C, C * sizeof *d);
    }
}

double lm_head_loss_sparse(struct lm_pass *pass)
{
    size_t all = keep_scored(pass);
    if (pass->rows == 0)
        lm_gradient_clear(pass->model, lm_head_tensor(pass->model));
    double total = lm_head_loss(pass);
    spread_scored(pass, all);
    pass->rows = all;
    return total;
}

static void copy_rows(const struct lm_pass *pass, size_t first, size_t rows)
{
    size_t V = pass->model->shape.V;
    for (size_t r = first; r < first + rows; r++)
        memcpy(pass->logits + (pass->first + r) * V, logits_of(pass->model, r),
               V * sizeof *pass->logits);
}

void lm_head_logits(struct lm_pass *pass, float *logits)
{
    pass->logits = logits;
    pass->want_grad = false;
    each_chunk(pass, copy_rows);
}
