#include <stdlib.h>

#include "evaluation.h"

enum { CHUNK = 1 << 16 };

static enum lm_status count_training(struct evaluation *evaluation, int32_t *chunk,
                                     struct lm_err *err)
{
    uint64_t total = lm_tokens_count(evaluation->tokens, LM_TRAIN);
    for (uint64_t first = 0; first < total; first += CHUNK) {
        size_t count = total - first < CHUNK ? (size_t)(total - first) : CHUNK;
        LM_TRY(evaluate_poll(evaluation, err));
        LM_TRY(lm_tokens_read(evaluation->tokens, LM_TRAIN, first, count, chunk, err));
        LM_TRY(kn_bigram_add(evaluation->counts, chunk, count, err));
    }
    return LM_OK;
}

/* Both baselines over the tokens the model is scored on, the first after end-of-text. */
static enum lm_status score_split(struct evaluation *evaluation, enum lm_split split,
                                  int32_t *chunk, struct lm_err *err)
{
    struct evaluate_split *out = &evaluation->splits[split];
    int32_t previous = lm_tokens_end_of_text(evaluation->tokens);
    for (uint64_t first = 0; first < out->tokens; first += CHUNK) {
        size_t count = out->tokens - first < CHUNK ? (size_t)(out->tokens - first) : CHUNK;
        LM_TRY(evaluate_poll(evaluation, err));
        LM_TRY(lm_tokens_read(evaluation->tokens, split, first, count, chunk, err));
        for (size_t i = 0; i < count; i++) {
            evaluate_baseline_add(out, &out->baselines[EVALUATE_UNIGRAM], first + i,
                                  kn_unigram_nll(evaluation->counts, chunk[i]));
            evaluate_baseline_add(out, &out->baselines[EVALUATE_BIGRAM], first + i,
                                  kn_bigram_nll(evaluation->counts, previous, chunk[i]));
            previous = chunk[i];
        }
    }
    return LM_OK;
}

/* ---- deciles of frequency ---- */

struct frequency_row {
    uint64_t count;
    int32_t id;
};

static int compare_frequency(const void *a, const void *b)
{
    const struct frequency_row *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return (x->id > y->id) - (x->id < y->id);
}

/* Token types from the most frequent on, cut where the training tokens are: a type belongs to
 * the tenth in which its first occurrence lies. Unseen types are in the last. */
static enum lm_status cut_deciles(struct evaluation *evaluation, struct lm_err *err)
{
    size_t vocab = (size_t)lm_tokens_vocab(evaluation->tokens); /* the rest pad the model */
    struct frequency_row *rows = LM_NEW_ARRAY(evaluation->arena, struct frequency_row, vocab);
    evaluation->decile = LM_NEW_ARRAY(evaluation->arena, uint8_t, vocab);
    if (rows == NULL || evaluation->decile == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu token types; free some", vocab);
    for (size_t id = 0; id < vocab; id++)
        rows[id] = (struct frequency_row){kn_count(evaluation->counts, (int32_t)id), (int32_t)id};
    qsort(rows, vocab, sizeof *rows, compare_frequency);
    uint64_t before = 0, total = kn_total(evaluation->counts);
    for (size_t i = 0; i < vocab; i++) {
        uint64_t tenth = total > 0 ? EVALUATE_BINS * before / total : 0;
        evaluation->decile[rows[i].id] =
            (uint8_t)(tenth < EVALUATE_BINS ? tenth : EVALUATE_BINS - 1);
        before += rows[i].count;
    }
    return LM_OK;
}

enum lm_status evaluate_baselines(struct evaluation *evaluation, struct lm_err *err)
{
    int32_t *chunk = LM_NEW_ARRAY(evaluation->arena, int32_t, CHUNK);
    if (!evaluation->params->baselines)
        return LM_OK;
    evaluation->counts = kn_bigram_create(lm_tokens_vocab(evaluation->tokens),
                                          lm_tokens_end_of_text(evaluation->tokens));
    if (chunk == NULL || evaluation->counts == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the baselines; set baselines: false");
    LM_TRY(count_training(evaluation, chunk, err));
    for (size_t k = 0; k < 2; k++)
        LM_TRY(score_split(evaluation, evaluate_held_out[k], chunk, err));
    return cut_deciles(evaluation, err);
}
