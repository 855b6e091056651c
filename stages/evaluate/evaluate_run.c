#include <lmpipe/stage.h>

#include "base/io.h"

#include "evaluate_examples.h"
#include "evaluation.h"

static enum lm_status open_tokens(struct evaluation *evaluation, struct lm_err *err)
{
    const char *folder = lm_ctx_input(evaluation->ctx, "tokens");
    const char *path = lm_path_join(evaluation->arena, folder, EVALUATE_TOKENS_FILE);
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a path; free some");
    LM_TRY(lm_tokens_open(&evaluation->tokens, path, err));
    if (lm_tokens_vocab(evaluation->tokens) > evaluation->config.vocab)
        return lm_fail(
            err, LM_MISMATCH,
            "the text has %lld token types, the model %lld; evaluate with the tokens the "
            "model was trained on",
            (long long)lm_tokens_vocab(evaluation->tokens), (long long)evaluation->config.vocab);
    if (lm_tokens_count(evaluation->tokens, LM_VALID) == 0 &&
        lm_tokens_count(evaluation->tokens, LM_TEST) == 0)
        return lm_fail(err, LM_INVALID,
                       "the tokens hold no valid and no test documents; give `split` in clean");
    for (size_t k = 0; k < 2; k++)
        LM_TRY(lm_tokens_check_documents(evaluation->tokens, evaluate_held_out[k], err));
    return LM_OK;
}

static enum lm_status open_model(struct evaluation *evaluation, struct lm_err *err)
{
    const char *folder = lm_ctx_input(evaluation->ctx, "model");
    LM_TRY(lm_model_load_config(&evaluation->config, folder, err));
    uint64_t stride = (uint64_t)evaluation->params->stride;
    evaluation->context = (uint64_t)evaluation->config.context;
    evaluation->batch = (uint64_t)evaluation->params->batch;
    evaluation->stride = stride > 0 ? stride : (evaluation->context + 1) / 2;
    if (evaluation->stride > evaluation->context)
        return lm_fail(err, LM_RANGE, "stride: %llu exceeds the model's context of %llu; give less",
                       (unsigned long long)evaluation->stride,
                       (unsigned long long)evaluation->context);
    const struct lm_model_options options = evaluate_model_options(evaluation);
    bool has_data = lm_ctx_input(evaluation->ctx, "tokens") != NULL ||
                    lm_ctx_input(evaluation->ctx, "examples") != NULL;
    return has_data ? lm_model_load(&evaluation->model, folder, &options, err) : LM_OK;
}

/* Windows of both splits, those of the untrained model included. */
static uint64_t count_windows(const struct evaluation *evaluation)
{
    uint64_t total = 0, most = (uint64_t)evaluation->params->untrained_windows;
    for (size_t k = 0; k < 2; k++) {
        uint64_t windows = evaluate_windows(evaluation, evaluate_held_out[k]);
        total += windows + (windows < most ? windows : most);
    }
    return total;
}

/** Of a model that says itself that it diverged, a split without a finite loss has no metrics. */
static enum lm_status score_split(struct evaluation *evaluation, enum lm_split split,
                                  struct lm_err *err)
{
    enum lm_status status = evaluate_score_split(evaluation, split, err);
    if (status != LM_NUMERIC || evaluation->config.diverged_at == 0)
        return status;
    evaluation->splits[split] = (struct evaluate_split){.tokens = 0};
    lm_ctx_note(evaluation->ctx, "%s: %s", lm_split_names[split], err->text);
    *err = (struct lm_err){LM_OK, ""};
    return LM_OK;
}

/** The same for examples. */
static enum lm_status score_examples(struct evaluation *evaluation, struct lm_err *err)
{
    enum lm_status status = evaluate_examples(evaluation, err);
    if (status != LM_NUMERIC || evaluation->config.diverged_at == 0)
        return status;
    evaluate_examples_free(evaluation->examples);
    evaluation->examples = NULL;
    lm_ctx_note(evaluation->ctx, "examples: %s", err->text);
    *err = (struct lm_err){LM_OK, ""};
    return LM_OK;
}

static enum lm_status evaluate_text(struct evaluation *evaluation, struct lm_err *err)
{
    LM_TRY(open_tokens(evaluation, err));
    evaluation->total = count_windows(evaluation);
    for (size_t k = 0; k < 2; k++) {
        if (lm_tokens_count(evaluation->tokens, evaluate_held_out[k]) == 0)
            continue;
        LM_TRY(score_split(evaluation, evaluate_held_out[k], err));
        if (evaluation->splits[evaluate_held_out[k]].tokens == 0)
            continue;
        LM_TRY(evaluate_documents(evaluation, evaluate_held_out[k], err));
    }
    LM_TRY(evaluate_score_untrained(evaluation, err));
    lm_ctx_doing(evaluation->ctx, "computing intervals");
    LM_TRY(evaluate_baselines(evaluation, err));
    for (size_t k = 0; k < 2; k++) {
        if (evaluation->splits[evaluate_held_out[k]].tokens == 0)
            continue;
        LM_TRY(evaluate_intervals(evaluation, evaluate_held_out[k], err));
        LM_TRY(evaluate_bins(evaluation, evaluate_held_out[k], err));
        LM_TRY(evaluate_calibration(evaluation, evaluate_held_out[k], err));
    }
    lm_ctx_doing(evaluation->ctx, "");
    return LM_OK;
}

static enum lm_status evaluate(struct evaluation *evaluation, struct lm_err *err)
{
    lm_ctx_doing(evaluation->ctx, "reading the model");
    LM_TRY(open_model(evaluation, err));
    lm_ctx_doing(evaluation->ctx, "");
    if (lm_ctx_input(evaluation->ctx, "tokens") != NULL)
        LM_TRY(evaluate_text(evaluation, err));
    if (lm_ctx_input(evaluation->ctx, "examples") != NULL)
        LM_TRY(score_examples(evaluation, err));
    LM_TRY(evaluate_write_scores(evaluation, err));
    if (evaluation->tokens != NULL)
        LM_TRY(evaluate_write_items(evaluation, err));
    return evaluation->examples != NULL ? evaluate_examples_write(evaluation, err) : LM_OK;
}

lm_run_fn lm_run_evaluate;

enum lm_status lm_run_evaluate(struct lm_ctx *ctx, const void *params, struct lm_err *err)
{
    struct evaluation evaluation = {.ctx = ctx,
                                    .arena = lm_ctx_arena(ctx),
                                    .params = params,
                                    .pool = lm_pool_create(lm_ctx_threads(ctx))};
    enum lm_status status = evaluate(&evaluation, err);
    evaluate_examples_free(evaluation.examples);
    kn_bigram_free(evaluation.counts);
    lm_tokens_close(evaluation.tokens);
    lm_model_free(evaluation.model);
    lm_pool_free(evaluation.pool);
    return status;
}
