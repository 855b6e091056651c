#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluation.h"

enum { CHUNK = 1 << 16 };

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Borders that cut the predicted entropies into bins of equal mass: bin b holds what is at
 * least border b − 1 and below border b. */
static enum lm_status find_borders(float borders[EVALUATE_BINS - 1],
                                   const struct evaluate_split *out, struct lm_arena *arena,
                                   struct lm_err *err)
{
    struct lm_arena_mark mark = lm_arena_mark(arena);
    float *sorted = LM_NEW_ARRAY(arena, float, out->tokens);
    if (sorted == NULL)
        return lm_fail(err, LM_NOMEM,
                       "no memory for %llu held-out tokens; hold out fewer documents",
                       (unsigned long long)out->tokens);
    memcpy(sorted, out->entropy, out->tokens * sizeof *sorted);
    qsort(sorted, out->tokens, sizeof *sorted, compare_floats);
    for (uint64_t b = 1; b < EVALUATE_BINS; b++)
        borders[b - 1] = sorted[b * out->tokens / EVALUATE_BINS];
    lm_arena_rewind(arena, mark);
    return LM_OK;
}

static void add_token(struct evaluate_bin *bin, const struct evaluate_split *out, uint64_t i)
{
    bin->tokens++;
    bin->nll += (double)out->nll[i];
    bin->entropy += (double)out->entropy[i];
    bin->hits += out->rank[i] == 0;
}

static void bin_by_entropy(struct evaluate_split *out, const float borders[EVALUATE_BINS - 1])
{
    for (uint64_t i = 0; i < out->tokens; i++) {
        size_t b = 0;
        while (b < EVALUATE_BINS - 1 && out->entropy[i] >= borders[b])
            b++;
        add_token(&out->confidence[b], out, i);
    }
    for (size_t b = 0; b < EVALUATE_BINS; b++)
        out->entropy_error +=
            fabs(out->confidence[b].nll - out->confidence[b].entropy) / (double)out->tokens;
}

static enum lm_status bin_by_frequency(struct evaluation *evaluation, enum lm_split split,
                                       struct lm_err *err)
{
    struct evaluate_split *out = &evaluation->splits[split];
    int32_t previous = lm_tokens_end_of_text(evaluation->tokens);
    struct lm_arena_mark mark = lm_arena_mark(evaluation->arena);
    int32_t *chunk = LM_NEW_ARRAY(evaluation->arena, int32_t, CHUNK);
    if (chunk == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a block of tokens; free some");
    for (int64_t id = 0; id < lm_tokens_vocab(evaluation->tokens); id++)
        out->frequency[evaluation->decile[id]].types++;
    for (uint64_t first = 0; first < out->tokens; first += CHUNK) {
        size_t count = out->tokens - first < CHUNK ? (size_t)(out->tokens - first) : CHUNK;
        LM_TRY(evaluate_poll(evaluation, err));
        LM_TRY(lm_tokens_read(evaluation->tokens, split, first, count, chunk, err));
        for (size_t i = 0; i < count; i++) {
            struct evaluate_bin *bin = &out->frequency[evaluation->decile[chunk[i]]];
            add_token(bin, out, first + i);
            bin->bigram += kn_bigram_nll(evaluation->counts, previous, chunk[i]);
            previous = chunk[i];
        }
    }
    lm_arena_rewind(evaluation->arena, mark);
    return LM_OK;
}

enum lm_status evaluate_bins(struct evaluation *evaluation, enum lm_split split, struct lm_err *err)
{
    struct evaluate_split *out = &evaluation->splits[split];
    float borders[EVALUATE_BINS - 1] = {0};
    LM_TRY(find_borders(borders, out, evaluation->arena, err));
    bin_by_entropy(out, borders);
    return evaluation->counts != NULL ? bin_by_frequency(evaluation, split, err) : LM_OK;
}
