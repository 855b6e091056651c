#include <math.h>

#include "evaluation.h"

/* One call of the model: (batch, context) windows, the unused rows and ends padded. */
struct batch {
    int32_t *tokens, *targets, *rank;
    float *nll, *entropy, *top;
    struct strided_window *windows;
};

/* Receives a scored row; `at` is the row's first element in the batch's arrays. */
typedef void row_fn(struct evaluate_split *out, const struct batch *batch, size_t row, size_t at);

static enum lm_status batch_create(struct batch *batch, const struct evaluation *evaluation,
                                   struct lm_err *err)
{
    size_t count = evaluation->batch * evaluation->context;
    batch->tokens = LM_NEW_ARRAY(evaluation->arena, int32_t, count + 1);
    batch->targets = LM_NEW_ARRAY(evaluation->arena, int32_t, count);
    batch->rank = LM_NEW_ARRAY(evaluation->arena, int32_t, count);
    batch->nll = LM_NEW_ARRAY(evaluation->arena, float, count);
    batch->entropy = LM_NEW_ARRAY(evaluation->arena, float, count);
    batch->top = LM_NEW_ARRAY(evaluation->arena, float, count);
    batch->windows = LM_NEW_ARRAY(evaluation->arena, struct strided_window, evaluation->batch);
    if (batch->tokens == NULL || batch->targets == NULL || batch->rank == NULL ||
        batch->nll == NULL || batch->entropy == NULL || batch->top == NULL ||
        batch->windows == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a batch; give a smaller batch");
    return LM_OK;
}

/* Inputs and targets of one row; what lies beyond the window is end-of-text and not scored. */
static enum lm_status fill_row(struct batch *batch, const struct evaluation *evaluation,
                               enum lm_split split, size_t row, struct lm_err *err)
{
    size_t context = evaluation->context, at = row * context;
    const struct strided_window *window = &batch->windows[row];
    size_t count = (size_t)(window->end - window->first);
    int32_t end_of_text = lm_tokens_end_of_text(evaluation->tokens);
    for (size_t t = 0; t < context; t++) {
        batch->tokens[at + t] = end_of_text;
        batch->targets[at + t] = -1;
    }
    if (count == 0)
        return LM_OK;
    LM_TRY(
        lm_tokens_read(evaluation->tokens, split, window->first, count, batch->targets + at, err));
    if (window->first > 0)
        LM_TRY(lm_tokens_read(evaluation->tokens, split, window->first - 1, 1, batch->tokens + at,
                              err));
    for (size_t t = 1; t < count; t++)
        batch->tokens[at + t] = batch->targets[at + t - 1];
    return LM_OK;
}

static enum lm_status fill_batch(struct batch *batch, const struct evaluation *evaluation,
                                 enum lm_split split, uint64_t first, uint64_t end,
                                 struct lm_err *err)
{
    uint64_t count = lm_tokens_count(evaluation->tokens, split);
    for (size_t row = 0; row < evaluation->batch; row++) {
        batch->windows[row] = (struct strided_window){0, 0, 0};
        if (first + row < end)
            batch->windows[row] =
                strided_window_at(first + row, count, evaluation->context, evaluation->stride);
        LM_TRY(fill_row(batch, evaluation, split, row, err));
    }
    return LM_OK;
}

static enum lm_status check_row(const struct batch *batch, enum lm_split split, size_t row,
                                size_t at, struct lm_err *err)
{
    const struct strided_window *window = &batch->windows[row];
    for (size_t t = 0; t < window->end - window->first; t++) {
        unsigned long long token = window->first + t;
        if (!isfinite(batch->nll[at + t]) || !isfinite(batch->entropy[at + t]))
            return lm_fail(err, LM_NUMERIC,
                           "the loss of token %llu of %s is not finite; train with a smaller lr",
                           token, lm_split_names[split]);
    }
    return LM_OK;
}

/* Windows [0, windows) of a split through `model`, each row handed to `visit`. */
static enum lm_status score_windows(struct evaluation *evaluation, struct batch *batch,
                                    struct lm_model *model, enum lm_split split, uint64_t windows,
                                    row_fn *visit, struct lm_err *err)
{
    const struct lm_scores out = {
        .nll = batch->nll, .entropy = batch->entropy, .rank = batch->rank, .top = batch->top};
    for (uint64_t first = 0; first < windows; first += evaluation->batch) {
        LM_TRY(evaluate_poll(evaluation, err));
        LM_TRY(fill_batch(batch, evaluation, split, first, windows, err));
        LM_TRY(lm_model_score(model, batch->tokens, batch->targets, (int64_t)evaluation->batch,
                              (int64_t)evaluation->context, &out, err));
        for (size_t row = 0; row < evaluation->batch && first + row < windows; row++) {
            LM_TRY(check_row(batch, split, row, row * evaluation->context, err));
            visit(&evaluation->splits[split], batch, row, row * evaluation->context);
            evaluation->done++;
        }
        lm_ctx_progress(evaluation->ctx, evaluation->done, evaluation->total, "windows");
    }
    return LM_OK;
}

/* Every position feeds the curve by context; only fresh targets count as scores. */
static void keep_row(struct evaluate_split *out, const struct batch *batch, size_t row, size_t at)
{
    const struct strided_window *window = &batch->windows[row];
    for (uint64_t i = window->first; i < window->end; i++) {
        size_t t = (size_t)(i - window->first);
        out->position_nll[t] += (double)batch->nll[at + t];
        out->position_count[t]++;
        if (i < window->fresh)
            continue;
        out->nll[i] = batch->nll[at + t];
        out->entropy[i] = batch->entropy[at + t];
        out->rank[i] = batch->rank[at + t];
        out->top[i] = batch->top[at + t];
    }
}

uint64_t evaluate_windows(const struct evaluation *evaluation, enum lm_split split)
{
    return strided_window_count(lm_tokens_count(evaluation->tokens, split), evaluation->context,
                                evaluation->stride);
}

static enum lm_status split_create(struct evaluate_split *out, struct evaluation *evaluation,
                                   enum lm_split split, struct lm_err *err)
{
    out->tokens = lm_tokens_count(evaluation->tokens, split);
    out->documents = lm_tokens_documents(evaluation->tokens, split);
    out->bytes = lm_tokens_bytes(evaluation->tokens, split);
    out->nll = LM_NEW_ARRAY(evaluation->arena, float, out->tokens);
    out->entropy = LM_NEW_ARRAY(evaluation->arena, float, out->tokens);
    out->rank = LM_NEW_ARRAY(evaluation->arena, int32_t, out->tokens);
    out->top = LM_NEW_ARRAY(evaluation->arena, float, out->tokens);
    out->position_nll = LM_NEW_ARRAY(evaluation->arena, double, evaluation->context);
    out->position_count = LM_NEW_ARRAY(evaluation->arena, uint64_t, evaluation->context);
    if (out->nll == NULL || out->entropy == NULL || out->rank == NULL || out->top == NULL ||
        out->position_nll == NULL || out->position_count == NULL)
        return lm_fail(err, LM_NOMEM,
                       "no memory for %llu held-out tokens; hold out fewer documents",
                       (unsigned long long)out->tokens);
    return LM_OK;
}

enum lm_status evaluate_score_split(struct evaluation *evaluation, enum lm_split split,
                                    struct lm_err *err)
{
    struct batch batch;
    struct lm_arena_mark mark;
    LM_TRY(split_create(&evaluation->splits[split], evaluation, split, err));
    mark = lm_arena_mark(evaluation->arena);
    LM_TRY(batch_create(&batch, evaluation, err));
    LM_TRY(score_windows(evaluation, &batch, evaluation->model, split,
                         evaluate_windows(evaluation, split), keep_row, err));
    lm_arena_rewind(evaluation->arena, mark);
    return LM_OK;
}

/* ---- the untrained model ---- */

static void add_row(struct evaluate_split *out, const struct batch *batch, size_t row, size_t at)
{
    const struct strided_window *window = &batch->windows[row];
    for (uint64_t i = window->fresh; i < window->end; i++)
        evaluate_baseline_add(out, &out->baselines[EVALUATE_UNTRAINED], i,
                              (double)batch->nll[at + (size_t)(i - window->first)]);
}

static enum lm_status score_untrained(struct evaluation *evaluation, struct batch *batch,
                                      struct lm_model *fresh, struct lm_err *err)
{
    for (size_t k = 0; k < 2; k++) {
        const struct evaluate_split *out = &evaluation->splits[evaluate_held_out[k]];
        uint64_t windows = evaluate_windows(evaluation, evaluate_held_out[k]);
        if (out->tokens == 0)
            continue;
        if (windows > (uint64_t)evaluation->params->untrained_windows)
            windows = (uint64_t)evaluation->params->untrained_windows;
        LM_TRY(
            score_windows(evaluation, batch, fresh, evaluate_held_out[k], windows, add_row, err));
    }
    return LM_OK;
}

enum lm_status evaluate_score_untrained(struct evaluation *evaluation, struct lm_err *err)
{
    struct lm_model *fresh = NULL;
    struct batch batch;
    const struct lm_model_options options = evaluate_model_options(evaluation);
    if (evaluation->params->untrained_windows == 0)
        return LM_OK;
    LM_TRY(batch_create(&batch, evaluation, err));
    LM_TRY(lm_model_create(&fresh, &evaluation->config, &options, err));
    enum lm_status status = score_untrained(evaluation, &batch, fresh, err);
    lm_model_free(fresh);
    return status;
}
