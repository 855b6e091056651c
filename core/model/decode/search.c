#include "model/decode/search.h"

#include <stdlib.h>

#include "base/elem.h"

bool lm_search_is(const struct lm_sampling *method)
{
    return method->beams > 0 || method->contrastive_k > 0;
}

double lm_search_log_sum(const struct lm_model *model, const float *logits)
{
    float max, sum;
    model->kernels->softmax_stats(&max, &sum, logits, (size_t)model->config.vocab);
    return (double)max + lm_log((double)sum);
}

enum lm_status lm_search_poll(const struct lm_search *search, struct lm_err *err)
{
    return lm_model_is_stopped(search->model)
               ? lm_fail(err, LM_CANCELLED, "interrupted; run again to resume")
               : LM_OK;
}

struct lm_candidates *lm_search_candidates(struct lm_search *search, const float *logits)
{
    lm_candidates_open(search->candidates, search->model->kernels, logits, search->vocab,
                       search->scratch);
    return search->candidates;
}

struct lm_feed lm_search_feed(struct lm_search *search, int64_t sequence, const int32_t *tokens,
                              int64_t count, int64_t fresh)
{
    int64_t held = lm_session_length(search->session, sequence);
    if (held + fresh > search->length) {
        int64_t keep = fresh == count ? search->length : (search->length + 1) / 2;
        lm_session_reset(search->session, sequence);
        fresh = keep < count ? keep : count;
    }
    return (struct lm_feed){
        .sequence = sequence, .tokens = tokens + (count - fresh), .count = fresh};
}

/* Sequences that a method takes. */
static size_t sequences_of(const struct lm_sampling *method)
{
    return (size_t)(method->beams > 0 ? method->beams : method->contrastive_k);
}

static enum lm_status open_search(struct lm_search *search, struct lm_decoder *decoder,
                                  struct lm_err *err)
{
    const struct lm_model_config *config = &search->model->config;
    const struct lm_sampling *method = search->text->rules;
    search->sequences = sequences_of(method);
    search->longest = (size_t)(search->text->count + search->text->max_new);
    search->length =
        (int64_t)search->longest < config->context ? (int64_t)search->longest : config->context;
    search->vocab = (size_t)config->vocab;
    if (method->tokens > 0 && method->tokens < config->vocab)
        search->vocab = (size_t)method->tokens;
    search->feeds = calloc(search->sequences, sizeof *search->feeds);
    search->candidates = calloc(1, sizeof *search->candidates);
    search->scratch = malloc(lm_candidates_bytes(search->vocab));
    if (search->feeds == NULL || search->candidates == NULL || search->scratch == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a search; free some");
    const struct lm_session_options session = {(int64_t)search->sequences, search->length};
    return lm_session_create(&search->session, decoder, &session, err);
}

enum lm_status lm_search_run(struct lm_decoder *decoder, const struct lm_continuation *text,
                             struct lm_err *err)
{
    struct lm_search search = {.model = decoder->model, .text = text};
    enum lm_status status = open_search(&search, decoder, err);
    if (status == LM_OK)
        status = text->rules->beams > 0 ? lm_search_beams(&search, err)
                                        : lm_search_contrastive(&search, err);
    lm_session_free(search.session);
    free(search.feeds);
    free(search.candidates);
    free(search.scratch);
    return status;
}
