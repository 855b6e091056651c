/* A small random model and texts that it continues, for the tests of the searches. */
#ifndef LM_TEST_SEARCH_FIXTURE_H
#define LM_TEST_SEARCH_FIXTURE_H

#include <lmpipe/model.h>

#include "tests/tap.h"

enum { LONGEST = 64 };

static inline struct lm_model *search_model(int64_t vocab, int64_t context, size_t threads,
                                            const char *kernels)
{
    const struct lm_model_config config = {
        .vocab = vocab, .context = context, .layers = 2, .heads = 2, .width = 16, .dropout = 0};
    const struct lm_model_options options = {
        .seed = 3, .threads = threads, .kernels = kernels, .numerics = LM_NUMERICS_PORTABLE};
    struct lm_model *model = NULL;
    if (lm_model_create(&model, &config, &options, NULL) != LM_OK)
        return NULL;
    struct lm_rng rng = lm_rng_stream(4, "test");
    for (size_t i = 0; i < lm_model_tensors(model); i++) {
        struct lm_tensor tensor = lm_model_tensor(model, i);
        for (int64_t j = 0; j < tensor.count; j++)
            tensor.data[j] += (float)(0.4 * lm_rng_normal(rng, i, (uint64_t)j));
    }
    return model;
}

/* What came of a text. */
struct got {
    int32_t tokens[LONGEST];
    double nll[LONGEST];
    int64_t count;
};

static inline bool search_keep(void *user, int32_t token, double nll)
{
    struct got *got = user;
    got->tokens[got->count] = token;
    got->nll[got->count++] = nll;
    return true;
}

static inline enum lm_status search_text(struct got *got, struct lm_model *model,
                                         const struct lm_sampling *method, const int32_t *prompt,
                                         int64_t count, int64_t max_new)
{
    const struct lm_continuation text = {.prompt = prompt,
                                         .count = count,
                                         .max_new = max_new,
                                         .rules = method,
                                         .rng = lm_rng_stream(5, "x"),
                                         .emit = search_keep,
                                         .user = got};
    *got = (struct got){0};
    return lm_model_generate(model, &text, 1, NULL, NULL);
}

/* −log p of a token behind others, by a full forward pass. */
static inline double search_nll(struct lm_model *model, const int32_t *tokens, int64_t count,
                                int32_t token)
{
    static float logits[LONGEST * LONGEST];
    int64_t vocab = lm_model_config(model)->vocab;
    double sum = 0;
    if (lm_model_logits(model, tokens, 1, count, logits, NULL) != LM_OK)
        return (double)NAN;
    const float *row = logits + (count - 1) * vocab;
    for (int64_t v = 0; v < vocab; v++)
        sum += exp((double)row[v]);
    return log(sum) - (double)row[token];
}

#endif
