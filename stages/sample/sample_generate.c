#include <string.h>

#include "sampler.h"

/* Where one continuation is written. */
struct writing {
    struct sampler *sampler;
    struct sample_text *text;
    size_t *done; /* texts that have ended */
};

static bool take_token(void *user, int32_t token, double nll)
{
    struct writing *writing = user;
    const struct sampler *sampler = writing->sampler;
    struct sample_text *text = writing->text;
    text->is_ended = token == lm_tokens_end_of_text(sampler->tokens);
    if (!text->is_ended) {
        text->nll[text->ids.count] = (float)nll;
        text->ids.items[text->ids.count++] = token;
    }
    if (text->is_ended || text->ids.count == (size_t)sampler->params->max_tokens)
        lm_ctx_progress(sampler->ctx, ++*writing->done, sampler->text_count, "samples");
    return !text->is_ended;
}

/* Greedy text and that of a search do not depend on draws: one sample says all. */
static int64_t sample_count(const struct sample_method *method, const struct sample_prompt *prompt)
{
    bool is_drawn = method->temperature > 0 && method->beams == 0 && method->contrastive_k == 0;
    return is_drawn ? prompt->samples : 1;
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

static bool make_room(struct sampler *sampler, struct sample_text *text)
{
    size_t most = (size_t)sampler->params->max_tokens;
    text->ids.items = LM_NEW_ARRAY(sampler->arena, int32_t, most);
    text->nll = LM_NEW_ARRAY(sampler->arena, float, most);
    return text->ids.items != NULL && text->nll != NULL;
}

/* The rules of each method. */
static struct lm_sampling *list_rules(const struct sampler *sampler)
{
    const struct sample_method *methods = sampler->params->methods.items;
    size_t count = sampler->params->methods.count;
    struct lm_sampling *rules = LM_NEW_ARRAY(sampler->arena, struct lm_sampling, count);
    for (size_t i = 0; rules != NULL && i < count; i++) {
        rules[i] = sample_rules(&methods[i]);
        rules[i].tokens = lm_vocab_size(sampler->vocab);
        rules[i].has_end = true;
        rules[i].end = lm_tokens_end_of_text(sampler->tokens);
    }
    return rules;
}

/* What the model is asked for: a continuation for each text, written into it. */
static struct lm_continuation *ask(struct sampler *sampler, size_t *done)
{
    size_t count = sampler->text_count;
    struct lm_continuation *wanted = LM_NEW_ARRAY(sampler->arena, struct lm_continuation, count);
    struct writing *writings = LM_NEW_ARRAY(sampler->arena, struct writing, count);
    const struct lm_sampling *rules = list_rules(sampler);
    if (wanted == NULL || writings == NULL || rules == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        struct sample_text *text = &sampler->texts[i];
        const struct sample_method *methods = sampler->params->methods.items;
        if (!make_room(sampler, text))
            return NULL;
        writings[i] = (struct writing){.sampler = sampler, .text = text};
        writings[i].done = done;
        wanted[i] = (struct lm_continuation){.prompt = text->prompt->ids.items,
                                             .count = (int64_t)text->prompt->ids.count,
                                             .max_new = sampler->params->max_tokens,
                                             .rules = &rules[text->method - methods],
                                             .rng = text->prompt->rng,
                                             .sample = (uint64_t)text->index,
                                             .emit = take_token,
                                             .user = &writings[i]};
    }
    return wanted;
}

enum lm_status sample_generate(struct sampler *sampler, struct lm_err *err)
{
    size_t count = lay_out(sampler, NULL), done = 0;
    const struct lm_generate_options options = {.weights =
                                                    lm_weights_find(sampler->params->weights)};
    sampler->texts = LM_NEW_ARRAY(sampler->arena, struct sample_text, count);
    if (sampler->texts == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu samples; give fewer", count);
    sampler->text_count = lay_out(sampler, sampler->texts);
    const struct lm_continuation *wanted = ask(sampler, &done);
    if (wanted == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu samples; give fewer, or fewer max_tokens",
                       count);
    return lm_model_generate(sampler->model, wanted, count, &options, err);
}
