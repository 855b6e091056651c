/*
 * Contrastive search: of the most likely tokens the one whose state is not too much like those of
 * the tokens before it. All sequences hold the text; each is fed one candidate, and the one that
 * was taken is copied to the others.
 */
#include "model/decode/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/elem.h"

struct contrast {
    struct lm_search *search;
    size_t width;
    int32_t *tokens;     /* prompt and continuation */
    int64_t count, held; /* held: of them by the sequences, the last ones */
    float *states;       /* (length, C) their unit vectors */
    float *fresh;        /* (sequences, C) of the candidates */
    int32_t *ids;        /* (sequences) the candidates, */
    double *nll;         /* and what they cost */
    const float *logits;
};

/* Scaled to length 1, in double; a zero stays one. */
static void make_unit(float *state, size_t width)
{
    double square = 0;
    for (size_t i = 0; i < width; i++)
        square += (double)state[i] * (double)state[i];
    double scale = square > 0 ? 1 / sqrt(square) : 0;
    for (size_t i = 0; i < width; i++)
        state[i] = (float)((double)state[i] * scale);
}

/* The largest cosine with a token that the sequences hold. */
static double likeness(const struct contrast *contrast, const float *state)
{
    double most = -1;
    for (int64_t t = 0; t < contrast->held; t++) {
        const float *other = contrast->states + (size_t)t * contrast->width;
        double cosine = 0;
        for (size_t i = 0; i < contrast->width; i++)
            cosine += (double)state[i] * (double)other[i];
        most = cosine > most ? cosine : most;
    }
    return most;
}

static enum lm_status begin(struct contrast *contrast, struct lm_err *err)
{
    const struct lm_search *search = contrast->search;
    const struct lm_continuation *text = search->text;
    contrast->tokens = malloc(search->longest * sizeof *contrast->tokens);
    contrast->states = malloc((size_t)search->length * contrast->width * sizeof(float));
    contrast->fresh = malloc(search->sequences * contrast->width * sizeof(float));
    contrast->ids = malloc(search->sequences * sizeof *contrast->ids);
    contrast->nll = malloc(search->sequences * sizeof *contrast->nll);
    if (contrast->tokens == NULL || contrast->states == NULL || contrast->fresh == NULL ||
        contrast->ids == NULL || contrast->nll == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a text of %zu tokens; ask for fewer",
                       search->longest);
    memcpy(contrast->tokens, text->prompt, (size_t)text->count * sizeof *text->prompt);
    contrast->count = text->count;
    return LM_OK;
}

/* All sequences hold the text, or the end of it: at first as much as fits, later the last half. */
static enum lm_status hold_text(struct contrast *contrast, int64_t keep, struct lm_err *err)
{
    struct lm_search *search = contrast->search;
    keep = keep < contrast->count ? keep : contrast->count;
    struct lm_feed feed = {.tokens = contrast->tokens + (contrast->count - keep), .count = keep};
    feed.states = contrast->states;
    lm_session_reset(search->session, 0);
    LM_TRY(lm_session_feed(search->session, &feed, 1, err));
    contrast->logits = feed.logits;
    contrast->held = keep;
    for (int64_t t = 0; t < keep; t++)
        make_unit(contrast->states + (size_t)t * contrast->width, contrast->width);
    for (size_t s = 1; s < search->sequences; s++) {
        lm_session_reset(search->session, (int64_t)s);
        LM_TRY(lm_session_fork(search->session, 0, (int64_t)s, 0, err));
    }
    return LM_OK;
}

/* The candidates, each behind the text in a sequence of its own; *out: how many. */
static enum lm_status try_candidates(struct contrast *contrast, size_t *out, struct lm_err *err)
{
    struct lm_search *search = contrast->search;
    double log_sum = lm_search_log_sum(search->model, contrast->logits);
    struct lm_candidates *candidates = lm_search_candidates(search, contrast->logits);
    const struct lm_candidate *one;
    size_t count = 0;
    while (count < search->sequences && (one = lm_candidates_at(candidates, count)) != NULL) {
        contrast->ids[count] = one->id;
        contrast->nll[count] = log_sum - (double)one->logit;
        search->feeds[count] =
            (struct lm_feed){.sequence = (int64_t)count,
                             .tokens = &contrast->ids[count],
                             .count = 1,
                             .states = contrast->fresh + count * contrast->width};
        count++;
    }
    *out = count;
    return lm_session_feed(search->session, search->feeds, count, err);
}

/* The best of the candidates. */
static size_t choose(const struct contrast *contrast, const double *alike, size_t count)
{
    double alpha = contrast->search->text->rules->contrastive_alpha, most = -INFINITY;
    size_t best = 0;
    for (size_t i = 0; i < count; i++) {
        double value = (1 - alpha) * lm_exp(-contrast->nll[i]) - alpha * alike[i];
        if (value > most) {
            most = value;
            best = i;
        }
    }
    return best;
}

/* Takes a candidate: all sequences hold it now. */
static enum lm_status take(struct contrast *contrast, size_t best, struct lm_err *err)
{
    struct lm_search *search = contrast->search;
    for (size_t s = 0; s < search->sequences; s++)
        LM_TRY(lm_session_fork(search->session, (int64_t)best, (int64_t)s, contrast->held, err));
    memcpy(contrast->states + (size_t)contrast->held++ * contrast->width,
           contrast->fresh + best * contrast->width, contrast->width * sizeof(float));
    contrast->logits = search->feeds[best].logits;
    contrast->tokens[contrast->count++] = contrast->ids[best];
    return LM_OK;
}

/* One token more; *is_done: the text has ended. */
static enum lm_status extend(struct contrast *contrast, bool *is_done, struct lm_err *err)
{
    struct lm_search *search = contrast->search;
    const struct lm_continuation *text = search->text;
    double alike[LM_BEAMS_MAX];
    size_t count;
    LM_TRY(lm_search_poll(search, err));
    if (contrast->held == search->length)
        LM_TRY(hold_text(contrast, (search->length + 1) / 2, err));
    LM_TRY(try_candidates(contrast, &count, err));
    for (size_t i = 0; i < count; i++) {
        make_unit(contrast->fresh + i * contrast->width, contrast->width);
        alike[i] = likeness(contrast, contrast->fresh + i * contrast->width);
    }
    size_t best = choose(contrast, alike, count);
    LM_TRY(take(contrast, best, err));
    bool is_end = text->rules->has_end && contrast->ids[best] == text->rules->end;
    *is_done = !text->emit(text->user, contrast->ids[best], contrast->nll[best]) || is_end ||
               contrast->count == text->count + text->max_new;
    return LM_OK;
}

enum lm_status lm_search_contrastive(struct lm_search *search, struct lm_err *err)
{
    struct contrast contrast = {.search = search, .width = (size_t)search->model->config.width};
    bool is_done = false;
    if (search->length < 2)
        return lm_fail(err, LM_RANGE,
                       "contrastive search needs a context of 2 tokens; take another method");
    enum lm_status status = begin(&contrast, err);
    if (status == LM_OK)
        status = hold_text(&contrast, search->length, err);
    while (status == LM_OK && !is_done)
        status = extend(&contrast, &is_done, err);
    free(contrast.tokens);
    free(contrast.states);
    free(contrast.fresh);
    free(contrast.ids);
    free(contrast.nll);
    return status;
}
