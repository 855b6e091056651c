/*
 * The head and softmax cross-entropy, a chunk of rows at a time: logits of a chunk live
 * until their gradients are taken, never all logits of a batch.
 */
#include "model/core.h"

#include <string.h>

#include "base/elem.h"
#include "model/region.h"
#include "model/row_loss.h"
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
    for (size_t r = first; r < first + rows; r++)
        lm_row_learn(pass, logits_of(pass->model, r), pass->first + r);
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
                      lm_turned(model, gradients(model, 0), part->row), &right, pass->more,
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

/* Whether the matrix learns: a tied one is the embedding, and frozen with it. */
static bool learns(const struct lm_model *model)
{
    return model->config.untied || model->options.frozen_layers == 0;
}

static void tile_task(void *user, size_t task, size_t worker)
{
    const struct head_call *call = user;
    const struct lm_pass *pass = call->pass;
    size_t first = task * pass->head_tile, rest = pass->count - first;
    struct lm_grid_part part = {.row = first, .cols = pass->model->shape.V};
    const struct lm_right chunk = chunk_right(pass);
    part.rows = rest < pass->head_tile ? rest : pass->head_tile;
    multiply_logits(pass, worker, &part);
    call->rows(pass, first, part.rows);
    if (pass->want_grad && learns(pass->model))
        lm_right_pack_rows(pass->model, &chunk, first, part.rows);
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
    if (call->count == 0)
        return;
    call->grid = lm_model_grid(call->pass->model, call->jobs, call->count, VOCAB_ROWS);
    lm_region_of(call->pass, LM_PHASE_HEAD, 0, lm_grid_count(call->grid, call->jobs, call->count),
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
    bool is_learnt = pass->want_grad && learns(pass->model);
    size_t C = pass->model->shape.C, V = pass->model->shape.V, rows = pass->count;
    size_t tiles = (rows + pass->head_tile - 1) / pass->head_tile;
    bool tiled = tiles_suffice(pass);
    if (tiled) {
        lm_region_of(pass, LM_PHASE_HEAD, tiles, tiles, tile_task, call, NULL, 0);
    } else {
        const struct lm_right chunk = chunk_right(pass);
        add_product(call, multiply_logits, rows, V, C);
        run_products(call, &chunk, is_learnt ? 1 : 0);
        lm_region_of(pass, LM_PHASE_HEAD, 0, (rows + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE, rows_task,
                     call, NULL, 0);
    }
    if (!pass->want_grad)
        return;
    if (!tiled)
        add_product(call, multiply_states, rows, C, V); /* its tasks are the longer ones */
    if (is_learnt)
        add_product(call, multiply_vocab, V, C, rows);
    run_products(call, NULL, 0);
    pass->more = true;
}

/* Packs what chunks of `rows` rows in all multiply by. */
static void open_head(struct lm_pass *pass, size_t rows)
{
    struct lm_model *model = pass->model;
    enum lm_tensor_id head = lm_head_tensor(model);
    const struct lm_right rights[] = {lm_weight_right(model, head, 0, LM_NT),
                                      lm_weight_right(model, head, 0, LM_NN)};
    size_t products = !pass->want_grad ? 1 : learns(model) ? 3 : 2;
    lm_phase_count_head(model, rows, products);
    lm_region(pass, LM_PHASE_HEAD, 0, NULL, rights, pass->want_grad ? 2 : 1);
    pass->more = false;
}

/* All rows, a chunk after the other. */
static void each_chunk(struct lm_pass *pass, head_rows_fn *rows)
{
    size_t step = lm_chunk_rows(pass->rows, pass->model->shape.V);
    struct head_call call = {.pass = pass, .rows = rows};
    open_head(pass, pass->rows);
    for (pass->first = 0; pass->first < pass->rows && !lm_pass_stopped(pass); pass->first += step) {
        pass->count = pass->rows - pass->first < step ? pass->rows - pass->first : step;
        run_chunk(&call);
    }
}

/* ---- rows without a target ---- */

static bool any_scored(const int32_t *targets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (targets[i] >= 0)
            return true;
    return false;
}

/* Of rows [first, first + count) those are moved to the front, in their order, that have a target,
 * or stand beside one in a group of `unit`: each to a place before its own. Returns how many. */
static size_t keep_scored(struct lm_pass *pass, size_t first, size_t count, size_t unit)
{
    struct lm_model *model = pass->model;
    size_t words = lm_words(model, (size_t)model->config.width), kept = first;
    float *states = lm_at(model, model->layout.hf);
    int32_t *targets = (int32_t *)lm_at(model, model->layout.targets);
    int32_t *places = (int32_t *)lm_at(model, model->layout.positions) + 2 * model->layout.max_rows;
    for (size_t at = 0; at < count; at += unit) {
        size_t row = first + at, group = count - at < unit ? count - at : unit;
        if (!any_scored(targets + row, group))
            continue;
        for (size_t end = row + group; row < end; row++) {
            if (kept < row)
                memmove(states + kept * words, states + row * words, words * sizeof *states);
            targets[kept] = targets[row];
            places[kept++] = (int32_t)row;
        }
    }
    pass->places = places;
    return kept - first;
}

/* Gradients of the kept rows' states go back to where the rows were: each behind its own place, so
 * the last one goes first. Those of all other rows are 0. */
static void spread_scored(const struct lm_pass *pass, size_t first, size_t count, size_t kept)
{
    const struct lm_model *model = pass->model;
    size_t C = model->shape.C, end = first + kept;
    float *d = lm_at(model, model->layout.dhf);
    for (size_t row = first + count; row-- > first;) {
        bool is_kept = end > first && (size_t)pass->places[end - 1] == row;
        if (!is_kept)
            memset(d + row * C, 0, C * sizeof *d);
        else if (--end < row)
            memcpy(d + row * C, d + end * C, C * sizeof *d);
    }
}

/* `total` and the losses of some rows, one after the other. */
static double add_losses(double total, const struct lm_pass *pass, size_t first, size_t count)
{
    const int32_t *targets = targets_of(pass->model);
    for (size_t r = first; r < first + count; r++)
        if (targets[r] >= 0)
            total += lm_row_loss(pass->model, r);
    return total;
}

/* Whether rows without a target are left out: where they are few, larger chunks are worth more; and
 * OpenBLAS's bits depend on how many rows a call has. */
static bool leaves_out(const struct lm_pass *pass)
{
    size_t scored = (size_t)pass->model->scored;
    return pass->model->products->pack != NULL && (pass->rows - scored) * 16 >= pass->rows;
}

/* Losses and gradients of rows with a target alone, by blocks of rows that the gradient of the
 * matrix adds up by themselves: the others would add zeros to their block, so no bit differs. Words
 * of several rows stay whole. */
static double loss_of_scored(struct lm_pass *pass)
{
    struct head_call call = {.pass = pass, .rows = loss_rows};
    size_t unit = pass->model->products->depth, block = LM_GEMM_K * unit;
    double total = 0;
    open_head(pass, (size_t)pass->model->scored);
    for (pass->first = 0; pass->first < pass->rows && !lm_pass_stopped(pass);
         pass->first += block) {
        size_t count = pass->rows - pass->first < block ? pass->rows - pass->first : block;
        pass->count = keep_scored(pass, pass->first, count, unit);
        if (pass->count > 0)
            run_chunk(&call);
        total = add_losses(total, pass, pass->first, pass->count);
        spread_scored(pass, pass->first, count, pass->count);
    }
    if (!pass->more)
        lm_gradient_clear(pass->model, lm_head_tensor(pass->model));
    return total;
}

double lm_head_loss(struct lm_pass *pass)
{
    if (pass->want_grad && (size_t)pass->model->scored < pass->rows && leaves_out(pass))
        return loss_of_scored(pass);
    each_chunk(pass, loss_rows);
    return add_losses(0, pass, 0, pass->rows);
}

double lm_head_loss_sparse(struct lm_pass *pass)
{
    size_t all = pass->rows, kept = keep_scored(pass, 0, all, 1);
    pass->rows = kept;
    if (kept == 0)
        lm_gradient_clear(pass->model, lm_head_tensor(pass->model));
    double total = lm_head_loss(pass);
    spread_scored(pass, 0, all, kept);
    pass->rows = all;
    return total;
}

/* ---- scores and logits ---- */

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

/* What is told of a row without a target. */
static void tell_nothing(const struct lm_scores *out, size_t row)
{
    if (out->nll != NULL)
        out->nll[row] = 0;
    if (out->rank != NULL)
        out->rank[row] = -1;
    if (out->equal != NULL)
        out->equal[row] = 0;
}

void lm_head_scores(struct lm_pass *pass)
{
    const int32_t *targets = targets_of(pass->model);
    const struct lm_scores *out = pass->scores;
    bool all = out->entropy != NULL || out->top != NULL || pass->model->products->pack == NULL;
    pass->want_grad = false;
    if ((size_t)pass->model->scored < pass->rows && !all) {
        for (size_t row = 0; row < pass->rows; row++)
            if (targets[row] < 0)
                tell_nothing(out, row);
        pass->rows = keep_scored(pass, 0, pass->rows, 1);
    }
    each_chunk(pass, score_rows);
}

void lm_head_scores_sparse(struct lm_pass *pass)
{
    pass->rows = keep_scored(pass, 0, pass->rows, 1);
    lm_head_scores(pass);
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
