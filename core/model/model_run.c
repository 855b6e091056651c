/* Calls on batches: loss, gradients, scores, logits. */
#include "model/core.h"

#include <math.h>
#include <string.h>

static enum lm_status check_ids(const int32_t *ids, size_t count, int64_t lowest, int64_t vocab,
                                const char *what, struct lm_err *err)
{
    for (size_t i = 0; i < count; i++)
        if (ids[i] < lowest || ids[i] >= vocab)
            return lm_fail(err, LM_RANGE,
                           "%s %zu is %d, outside the vocabulary of %lld; encode the text with the "
                           "model's own vocabulary",
                           what, i, (int)ids[i], (long long)vocab);
    return LM_OK;
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Rows of a task: as many whole tiles as there may be, since each task reads all weights, while
 * threads do 9/10 of what they could. OpenBLAS's bits depend on it: a tile. */
static size_t rows_together(const struct lm_model *model, size_t rows, size_t tile)
{
    size_t threads = lm_model_cut_for(model), wide = LM_TILE_MAX / tile * tile;
    for (; wide > tile && !lm_layout_is_blas(&model->options); wide -= tile) {
        size_t tasks = (rows + wide - 1) / wide, rounds = (tasks + threads - 1) / threads;
        if (rows * 10 >= threads * min_size(rounds * wide, rows) * 9)
            return wide;
    }
    return tile;
}

enum { LONG_LOGITS = 1 << 14 }; /* numbers of a row, of which no tile stays in cache */

static size_t head_tile(const struct lm_model *model, size_t rows, size_t tile)
{
    /* logits of a tile should stay in cache; OpenBLAS packs the whole head for every tile */
    tile = min_size(tile, lm_layout_is_blas(&model->options) ? 128 : 64);
    if (model->shape.V < LONG_LOGITS)
        return tile;
    return rows_together(model, lm_chunk_rows(rows, model->shape.V), tile);
}

static struct lm_pass pass_of(struct lm_model *model, size_t batch, size_t time)
{
    size_t rows = batch * time, tile = lm_tile_rows(rows), wide = rows_together(model, rows, tile);
    return (struct lm_pass){
        .model = model,
        .batch = batch,
        .time = time,
        .rows = rows,
        .tile = tile,
        .tiles = (rows + tile - 1) / tile,
        .wide = wide,
        .wides = (rows + wide - 1) / wide,
        .head_tile = head_tile(model, rows, tile),
    };
}

static enum lm_status require_training(const struct lm_model *model, struct lm_err *err)
{
    if (!model->options.training)
        return lm_fail(err, LM_INVALID,
                       "the model was not made for training; set options.training");
    return LM_OK;
}

enum lm_status lm_pass_begin(struct lm_pass *pass, struct lm_model *model, const int32_t *tokens,
                             const int32_t *targets, int64_t batch, int64_t time, bool training,
                             struct lm_err *err)
{
    if (training)
        LM_TRY(require_training(model, err));
    int64_t max_batch = model->options.max_batch > 0 ? model->options.max_batch : 1;
    int64_t max_time =
        model->options.max_time > 0 ? model->options.max_time : model->config.context;
    if (batch < 1 || time < 1 || batch > max_batch || time > max_time)
        return lm_fail(err, LM_RANGE,
                       "a batch of %lld x %lld tokens does not fit the model's %lld x %lld; raise "
                       "max_batch or max_time",
                       (long long)batch, (long long)time, (long long)max_batch,
                       (long long)max_time);
    size_t rows = (size_t)(batch * time);
    if (tokens != NULL) {
        LM_TRY(check_ids(tokens, rows, 0, model->config.vocab, "token", err));
        memcpy(lm_at(model, model->layout.tokens), tokens, rows * sizeof *tokens);
    }
    model->scored = 0;
    if (targets != NULL) {
        LM_TRY(check_ids(targets, rows, -1, model->config.vocab, "target", err));
        memcpy(lm_at(model, model->layout.targets), targets, rows * sizeof *targets);
        for (size_t i = 0; i < rows; i++)
            model->scored += targets[i] >= 0;
    }
    *pass = pass_of(model, (size_t)batch, (size_t)time);
    pass->training = training;
    model->batch = training ? batch : 0; /* inference overwrites what a backward would need */
    model->time = time;
    return LM_OK;
}

/* Rows that come before those of text i in what it goes on from, given where each text begins. */
static enum lm_status count_before(const struct lm_packed_texts *texts, size_t i,
                                   const int32_t *first_rows, const int32_t *positions,
                                   size_t *before, struct lm_err *err)
{
    int32_t from = texts->prefixes != NULL ? texts->prefixes[i] : -1;
    *before = 0;
    if (from < 0)
        return LM_OK;
    if ((size_t)from >= i)
        return lm_fail(err, LM_RANGE,
                       "text %zu goes on from text %d, which does not stand before it; sort them",
                       i, (int)from);
    *before = (size_t)positions[first_rows[from]] + (size_t)texts->lengths[from];
    return LM_OK;
}

/* Places of rows in their texts, and where each text begins. */
static enum lm_status place_rows(struct lm_pass *pass, struct lm_model *model,
                                 const struct lm_packed_texts *texts, struct lm_err *err)
{
    const int32_t *lengths = texts->lengths;
    int32_t *positions = (int32_t *)lm_at(model, model->layout.positions);
    int32_t *first_rows = positions + model->layout.max_rows;
    size_t longest = 0, rows = 0, before, most = model->layout.max_rows;
    size_t max_time =
        (size_t)(model->options.max_time > 0 ? model->options.max_time : model->config.context);
    for (size_t i = 0; i < texts->count; i++) {
        size_t length = (size_t)lengths[i];
        LM_TRY(count_before(texts, i, first_rows, positions, &before, err));
        if (lengths[i] < 1 || length > max_time - before || length > most - rows)
            return lm_fail(err, LM_RANGE,
                           "text %zu of %d tokens, going on from %zu, behind %zu, does not fit the "
                           "model's %zu, and %zu in a call; cut it, or raise max_batch",
                           i, (int)lengths[i], before, rows, max_time, most);
        first_rows[i] = (int32_t)rows;
        for (size_t t = 0; t < length; t++)
            positions[rows++] = (int32_t)(before + t);
        longest = before + length > longest ? before + length : longest;
    }
    if (texts->count == 0)
        return lm_fail(err, LM_RANGE, "a call without texts; give at least one");
    *pass = pass_of(model, 1, rows);
    pass->batch = texts->count;
    pass->time = longest;
    pass->lengths = lengths;
    pass->first_rows = first_rows;
    pass->prefixes = texts->prefixes;
    return LM_OK;
}

enum lm_status lm_pass_begin_packed(struct lm_pass *pass, struct lm_model *model,
                                    const struct lm_packed_texts *texts, bool training,
                                    struct lm_err *err)
{
    *pass = (struct lm_pass){.model = model};
    if (training)
        LM_TRY(require_training(model, err));
    if (model->options.training && texts->prefixes != NULL)
        return lm_fail(err, LM_INVALID,
                       "texts of a model made for training go on from no other; give each whole");
    LM_TRY(place_rows(pass, model, texts, err));
    size_t bytes = pass->rows * sizeof *texts->tokens;
    LM_TRY(check_ids(texts->tokens, pass->rows, 0, model->config.vocab, "token", err));
    memcpy(lm_at(model, model->layout.tokens), texts->tokens, bytes);
    model->scored = 0;
    if (texts->targets != NULL) {
        LM_TRY(check_ids(texts->targets, pass->rows, -1, model->config.vocab, "target", err));
        memcpy(lm_at(model, model->layout.targets), texts->targets, bytes);
        for (size_t i = 0; i < pass->rows; i++)
            model->scored += texts->targets[i] >= 0;
    }
    pass->training = training;
    model->batch = 0;
    return LM_OK;
}

/* The end of a call: what is half done is dropped when it was stopped. */
static enum lm_status end_call(const struct lm_pass *pass, struct lm_err *err)
{
    if (!pass->stopped)
        return LM_OK;
    lm_gradient_drop(pass->model);
    pass->model->batch = 0;
    return lm_fail(err, LM_CANCELLED, "stopped at step %llu; run again to go on",
                   (unsigned long long)pass->model->step);
}

void lm_pass_resume(struct lm_pass *pass, struct lm_model *model)
{
    *pass = pass_of(model, (size_t)model->batch, (size_t)model->time);
    pass->training = true;
}

/* Which weights are not finite, for the message; gradients gathered so far are dropped. */
static enum lm_status fail_loss(struct lm_model *model, struct lm_err *err)
{
    unsigned long long step = model->step + 1;
    lm_gradient_drop(model);
    model->batch = 0;
    enum lm_status status = lm_model_check(model, err);
    if (status != LM_OK)
        return lm_wrap(err, status, "the loss at step %llu is not finite", step);
    return lm_fail(err, LM_NUMERIC,
                   "the loss at step %llu is not finite although all weights are; lower lr or set "
                   "clip",
                   step);
}

/* Runs the head on what the trunk left; *loss is the mean over scored targets. */
static enum lm_status run_head(struct lm_pass *pass, bool want_grad, double scale, double *loss,
                               struct lm_err *err)
{
    struct lm_model *model = pass->model;
    double count = model->scored > 0 ? (double)model->scored : 1;
    pass->want_grad = want_grad;
    if (want_grad)
        LM_TRY(lm_gradient_open(model, err));
    pass->scale = (float)(scale / count);
    if (want_grad)
        lm_gradient_clear(model, LM_SCORE);
    double mean = lm_head_loss(pass) / count;
    LM_TRY(end_call(pass, err));
    if (!isfinite(mean))
        return fail_loss(model, err);
    if (loss != NULL)
        *loss = mean;
    return LM_OK;
}

static enum lm_status finish_backward(struct lm_pass *pass, struct lm_err *err)
{
    lm_trunk_backward(pass);
    lm_gradient_add(pass->model);
    pass->model->batch = 0;
    return end_call(pass, err);
}

enum lm_status lm_model_forward(struct lm_model *model, const int32_t *tokens,
                                const int32_t *targets, int64_t batch, int64_t time, double *loss,
                                struct lm_err *err)
{
    struct lm_pass pass;
    LM_TRY(lm_pass_begin(&pass, model, tokens, targets, batch, time, true, err));
    lm_trunk_forward(&pass);
    return run_head(&pass, false, 0, loss, err);
}

enum lm_status lm_model_backward(struct lm_model *model, double scale, struct lm_err *err)
{
    LM_TRY(require_training(model, err));
    if (model->batch == 0)
        return lm_fail(err, LM_INVALID,
                       "backward needs a forward before it; call lm_model_forward");
    struct lm_pass pass;
    lm_pass_resume(&pass, model);
    LM_TRY(run_head(&pass, true, scale, NULL, err));
    return finish_backward(&pass, err);
}

enum lm_status lm_model_accumulate(struct lm_model *model, const int32_t *tokens,
                                   const int32_t *targets, int64_t batch, int64_t time,
                                   double scale, double *loss, struct lm_err *err)
{
    struct lm_pass pass;
    LM_TRY(lm_pass_begin(&pass, model, tokens, targets, batch, time, true, err));
    lm_trunk_forward(&pass);
    LM_TRY(run_head(&pass, true, scale, loss, err));
    return finish_backward(&pass, err);
}

/* The head of lm_model_accumulate_packed. */
static double packed_head(struct lm_pass *pass)
{
    const struct lm_model *model = pass->model;
    lm_gradient_clear(model, LM_SCORE);
    return lm_head_loss_sparse(pass) / (model->scored > 0 ? (double)model->scored : 1);
}

enum lm_status lm_model_accumulate_packed(struct lm_model *model,
                                          const struct lm_packed_texts *texts, double scale,
                                          double *loss, struct lm_err *err)
{
    struct lm_pass pass;
    LM_TRY(lm_pass_begin_packed(&pass, model, texts, true, err));
    pass.scale = (float)(scale / (model->scored > 0 ? (double)model->scored : 1));
    return lm_pass_learn(&pass, packed_head, loss, err);
}

void lm_model_set_position(struct lm_model *model, uint64_t step, uint64_t micro_batch)
{
    model->step = step;
    model->micro_batch = micro_batch;
}

enum lm_status lm_model_score(struct lm_model *model, const int32_t *tokens, const int32_t *targets,
                              int64_t batch, int64_t time, const struct lm_scores *out,
                              struct lm_err *err)
{
    struct lm_pass pass;
    LM_TRY(lm_pass_begin(&pass, model, tokens, targets, batch, time, false, err));
    pass.scores = out;
    lm_trunk_forward(&pass);
    lm_head_scores(&pass);
    return end_call(&pass, err);
}

/* Other targets stand behind rows that have one, each chain falling. */
static enum lm_status check_others(struct lm_pass *pass, const struct lm_packed_texts *texts,
                                   struct lm_err *err)
{
    int32_t count = (int32_t)texts->other_count;
    bool is_right = texts->other_count <= INT32_MAX && texts->targets != NULL;
    for (size_t i = 0; i < pass->rows && is_right; i++)
        is_right = texts->others[i] < count && (texts->others[i] < 0 || texts->targets[i] >= 0);
    for (int32_t j = 0; j < count && is_right; j++)
        is_right = texts->other_next[j] < j;
    if (!is_right)
        return lm_fail(err, LM_RANGE,
                       "other targets are of rows that have none, or come in a circle; let each "
                       "name one before it");
    LM_TRY(check_ids(texts->other_targets, texts->other_count, 0, pass->model->config.vocab,
                     "target", err));
    pass->texts = texts;
    pass->others = pass->rows;
    return LM_OK;
}

enum lm_status lm_model_score_packed(struct lm_model *model, const struct lm_packed_texts *texts,
                                     const struct lm_scores *out, struct lm_err *err)
{
    struct lm_pass pass;
    LM_TRY(lm_pass_begin_packed(&pass, model, texts, false, err));
    if (texts->others != NULL)
        LM_TRY(check_others(&pass, texts, err));
    pass.scores = out;
    lm_trunk_forward(&pass);
    lm_head_scores_sparse(&pass);
    return end_call(&pass, err);
}

enum lm_status lm_model_logits(struct lm_model *model, const int32_t *tokens, int64_t batch,
                               int64_t time, float *logits, struct lm_err *err)
{
    struct lm_pass pass;
    LM_TRY(lm_pass_begin(&pass, model, tokens, NULL, batch, time, false, err));
    lm_trunk_forward(&pass);
    lm_head_logits(&pass, logits);
    return end_call(&pass, err);
}

enum lm_status lm_pass_look(struct lm_pass *pass, lm_head_fn *head, struct lm_err *err)
{
    lm_trunk_forward(pass);
    head(pass);
    return end_call(pass, err);
}

enum lm_status lm_pass_learn(struct lm_pass *pass, lm_head_fn *head, double *loss,
                             struct lm_err *err)
{
    pass->want_grad = true;
    LM_TRY(lm_gradient_open(pass->model, err));
    lm_trunk_forward(pass);
    double mean = head(pass);
    LM_TRY(end_call(pass, err));
    if (!isfinite(mean))
        return fail_loss(pass->model, err);
    if (loss != NULL)
        *loss = mean;
    return finish_backward(pass, err);
}

void lm_gradient_clear(const struct lm_model *model, enum lm_tensor_id id)
{
    int64_t index = lm_tensor_index(&model->map, id, 0);
    if (index < 0)
        return;
    float *grad = lm_grad(model, id, 0);
    memset(grad, 0, (size_t)model->tensors[index].count * sizeof *grad);
}
