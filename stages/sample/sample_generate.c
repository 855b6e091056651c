#include "sampler.h"

/* Where one continuation is written. */
struct writing {
    struct sampler *sampler;
    struct sample_text *text;
    int32_t end_of_text;
    bool is_cancelled;
};

static bool take_token(void *user, int32_t token, double nll)
{
    struct writing *writing = user;
    struct sample_text *text = writing->text;
    writing->is_cancelled = lm_ctx_cancelled(writing->sampler->ctx);
    text->is_ended = token == writing->end_of_text;
    if (writing->is_cancelled || text->is_ended)
        return false;
    text->nll[text->ids.count] = (float)nll;
    text->ids.items[text->ids.count++] = token;
    return true;
}

static enum lm_status write_text(struct sampler *sampler, struct sample_text *text,
                                 struct lm_err *err)
{
    size_t most = (size_t)sampler->params->max_tokens;
    struct writing writing = {sampler, text, lm_tokens_end_of_text(sampler->tokens), false};
    const struct lm_sampling rules = {.temperature = text->method->temperature,
                                      .top_p = text->method->top_p,
                                      .min_p = text->method->min_p,
                                      .repetition_penalty = text->method->repetition_penalty,
                                      .top_k = text->method->top_k};
    text->ids.items = LM_NEW_ARRAY(sampler->arena, int32_t, most);
    text->nll = LM_NEW_ARRAY(sampler->arena, float, most);
    if (text->ids.items == NULL || text->nll == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a sample; give fewer max_tokens");
    LM_TRY(lm_model_generate(sampler->model, text->prompt->ids.items,
                             (int64_t)text->prompt->ids.count, (int64_t)most, &rules,
                             text->prompt->rng, (uint64_t)text->index, take_token, &writing, err));
    if (writing.is_cancelled)
        return lm_fail(err, LM_CANCELLED, "interrupted; run again to resume");
    return LM_OK;
}

/* Greedy text does not depend on draws: one sample says all. */
static int64_t sample_count(const struct sample_method *method, const struct sample_prompt *prompt)
{
    return method->temperature > 0 ? prompt->samples : 1;
}

/* Lays out the grid; returns the number of texts. texts NULL: only counts. */
static size_t lay_out(const struct sampler *sampler, struct sample_text *texts)
{
    const struct sample_method *methods = sampler->params->methods.items;
    size_t count = 0;
    for (size_t m = 0; m < sampler->params->methods.count; m++) {
        for (size_t p = 0; p < sampler->prompt_count; p++) {
            for (int64_t s = 0; s < sample_count(&methods[m], &sampler->prompts[p]); s++) {
                if (texts != NULL)
                    texts[count] = (struct sample_text){
                        .method = &methods[m], .prompt = &sampler->prompts[p], .index = s};
                count++;
            }
        }
    }
    return count;
}

enum lm_status sample_generate(struct sampler *sampler, struct lm_err *err)
{
    size_t count = lay_out(sampler, NULL);
    sampler->texts = LM_NEW_ARRAY(sampler->arena, struct sample_text, count);
    if (sampler->texts == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu samples; give fewer", count);
    sampler->text_count = lay_out(sampler, sampler->texts);
    for (size_t i = 0; i < count; i++) {
        LM_TRY(write_text(sampler, &sampler->texts[i], err));
        lm_ctx_progress(sampler->ctx, i + 1, count, "samples");
    }
    return LM_OK;
}
