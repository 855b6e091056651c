#include <lmpipe/model.h>

#include <stdlib.h>
#include <string.h>

/* A text in the making: prompt and continuation. */
struct text {
    int32_t *tokens;
    int64_t count;
    void *scratch;
    struct lm_session *session;
};

static enum lm_status start(struct text *text, struct lm_model *model, const int32_t *prompt,
                            int64_t count, int64_t max_new, struct lm_err *err)
{
    int64_t longest = count + max_new;
    text->tokens = malloc((size_t)longest * sizeof *text->tokens);
    text->scratch = malloc(lm_sampling_scratch(lm_model_config(model)->vocab));
    if (text->tokens == NULL || text->scratch == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for %lld tokens; ask for fewer",
                       (long long)longest);
    memcpy(text->tokens, prompt, (size_t)count * sizeof *prompt);
    text->count = count;
    return lm_session_create(&text->session, model, err);
}

/* Feeds what the session has not seen; a full context starts anew with its last half. */
static enum lm_status catch_up(struct text *text, int64_t *fed, int64_t context,
                               const float **logits, struct lm_err *err)
{
    int64_t fresh = text->count - *fed;
    if (lm_session_length(text->session) + fresh > context) {
        int64_t keep = *fed == 0 ? context : (context + 1) / 2;
        lm_session_reset(text->session);
        fresh = keep < text->count ? keep : text->count;
    }
    *fed = text->count;
    return lm_session_feed(text->session, text->tokens + text->count - fresh, fresh, logits, err);
}

enum lm_status lm_model_generate(struct lm_model *model, const int32_t *prompt, int64_t count,
                                 int64_t max_new, const struct lm_sampling *rules,
                                 struct lm_rng rng, uint64_t sample, lm_token_fn *emit, void *user,
                                 struct lm_err *err)
{
    if (count < 1 || max_new < 0 || max_new > 1 << 30 || count > 1 << 30)
        return lm_fail(err, LM_RANGE,
                       "a prompt needs a token and a length from 0 to 2^30; got %lld "
                       "and %lld",
                       (long long)count, (long long)max_new);
    const struct lm_model_config *config = lm_model_config(model);
    struct text text = {0};
    int64_t fed = 0;
    enum lm_status status = start(&text, model, prompt, count, max_new, err);
    for (int64_t i = 0; status == LM_OK && i < max_new; i++) {
        const float *logits;
        status = catch_up(&text, &fed, config->context, &logits, err);
        if (status != LM_OK)
            break;
        double nll;
        int32_t token =
            lm_sampling_draw(rules, logits, config->vocab, text.tokens, text.count,
                             lm_rng_uniform(rng, sample, (uint64_t)i), &nll, text.scratch);
        text.tokens[text.count++] = token;
        if (!emit(user, token, nll))
            break;
    }
    lm_session_free(text.session);
    free(text.scratch);
    free(text.tokens);
    return status;
}
