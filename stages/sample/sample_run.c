#include <lmpipe/stage.h>

#include "base/io.h"
#include "base/pool.h"

#include "sampler.h"

static bool is_cancelled(void *user)
{
    return lm_ctx_cancelled(user);
}

static enum lm_status open_inputs(struct sampler *sampler, struct lm_err *err)
{
    struct lm_ctx *ctx = sampler->ctx;
    const char *model = lm_ctx_input(ctx, "model"), *tokens = lm_ctx_input(ctx, "tokens");
    const char *vocab = lm_path_join(sampler->arena, model, "vocab");
    const char *data = lm_path_join(sampler->arena, tokens, "data.mdb");
    const struct lm_model_options options = {
        .threads = lm_ctx_threads(ctx),
        .kernels = lm_ctx_kernels(ctx),
        .numerics = lm_ctx_portable(ctx) ? LM_NUMERICS_PORTABLE : LM_NUMERICS_BLAS,
        .seed = lm_ctx_seed(ctx),
        .stop = is_cancelled,
        .stop_user = ctx,
    };
    if (vocab == NULL || data == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for paths; free some");
    LM_TRY(lm_vocab_load(&sampler->vocab, vocab, err));
    LM_TRY(lm_tokens_open(&sampler->tokens, data, err));
    LM_TRY(lm_tokens_check_documents(sampler->tokens, LM_VALID, err));
    LM_TRY(lm_model_load(&sampler->model, model, &options, err));
    int64_t types = lm_model_config(sampler->model)->vocab;
    if (lm_tokens_vocab(sampler->tokens) != lm_vocab_size(sampler->vocab) ||
        lm_vocab_size(sampler->vocab) > types)
        return lm_fail(err, LM_MISMATCH,
                       "the model has %lld token types, its vocabulary %lld, the text %lld; sample "
                       "with the tokens the model was trained on",
                       (long long)types, (long long)lm_vocab_size(sampler->vocab),
                       (long long)lm_tokens_vocab(sampler->tokens));
    return LM_OK;
}

static enum lm_status sample(struct sampler *sampler, struct lm_err *err)
{
    lm_ctx_doing(sampler->ctx, "reading the model");
    LM_TRY(open_inputs(sampler, err));
    lm_ctx_doing(sampler->ctx, "");
    LM_TRY(sample_collect_prompts(sampler, err));
    LM_TRY(sample_collect_real(sampler, err));
    LM_TRY(sample_generate(sampler, err));
    lm_ctx_doing(sampler->ctx, "measuring the samples");
    LM_TRY(sample_measure(sampler, err));
    return sample_write(sampler, err);
}

lm_run_fn lm_run_sample;

enum lm_status lm_run_sample(struct lm_ctx *ctx, const void *params, struct lm_err *err)
{
    struct sampler sampler = {.ctx = ctx,
                              .arena = lm_ctx_arena(ctx),
                              .params = params,
                              .pool = lm_pool_create(lm_ctx_threads(ctx))};
    enum lm_status status = sample(&sampler, err);
    if (status == LM_OK)
        lm_ctx_headline(ctx, "%zu samples by %zu methods", sampler.text_count,
                        sampler.params->methods.count);
    lm_pool_free(sampler.pool);
    lm_model_free(sampler.model);
    lm_tokens_close(sampler.tokens);
    lm_vocab_free(sampler.vocab);
    return status;
}
