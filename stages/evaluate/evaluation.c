/* What every step of an evaluation uses. */
#include "evaluation.h"

const enum lm_split evaluate_held_out[2] = {LM_VALID, LM_TEST};

const char *const evaluate_baseline_names[EVALUATE_BASELINES] = {"unigram", "bigram", "untrained"};

bool evaluate_is_cancelled(void *user)
{
    return lm_ctx_cancelled(user);
}

enum lm_status evaluate_poll(const struct evaluation *evaluation, struct lm_err *err)
{
    return lm_ctx_cancelled(evaluation->ctx)
               ? lm_fail(err, LM_CANCELLED, "interrupted; run again to resume")
               : LM_OK;
}

struct lm_model_options evaluate_model_options(const struct evaluation *evaluation)
{
    struct lm_ctx *ctx = evaluation->ctx;
    return (struct lm_model_options){
        .threads = lm_ctx_threads(ctx),
        .kernels = lm_ctx_kernels(ctx),
        .numerics = lm_ctx_portable(ctx) ? LM_NUMERICS_PORTABLE : LM_NUMERICS_BLAS,
        .max_batch = (int64_t)evaluation->batch,
        .max_time = (int64_t)evaluation->context,
        .seed = lm_ctx_seed(ctx),
        .stop = evaluate_is_cancelled,
        .stop_user = ctx,
    };
}

void evaluate_baseline_add(const struct evaluate_split *split, struct evaluate_baseline *baseline,
                           uint64_t i, double nll)
{
    while (i >= baseline->end && baseline->documents < split->documents)
        baseline->end += (uint64_t)split->document_tokens[baseline->documents++];
    baseline->nll += nll;
    baseline->tokens++;
    if (i >= baseline->end)
        return;
    baseline->difference[baseline->documents - 1] += (double)split->nll[i] - nll;
    baseline->covered[baseline->documents - 1]++;
}

struct lm_resampling evaluate_resampling(const struct evaluation *evaluation, struct lm_rng rng)
{
    return (struct lm_resampling){.resamples = (size_t)evaluation->params->resamples,
                                  .rng = rng,
                                  .is_cancelled = evaluate_is_cancelled,
                                  .user = evaluation->ctx,
                                  .pool = evaluation->pool};
}

enum lm_interval evaluate_interval(const struct evaluation *evaluation)
{
    return lm_interval_find(evaluation->params->interval);
}

const char *evaluate_interval_word(const struct evaluation *evaluation)
{
    return evaluate_interval(evaluation) == LM_INTERVAL_BCA ? "BCa" : "percentile";
}
