#include <math.h>
#include <string.h>

#include "evaluation.h"

enum { CHUNK = 1 << 16 };

/* ---- borders of equal mass ---- */

enum { DIGITS = 1 << 16, BORDERS = EVALUATE_BINS - 1, MOST_BORDERS = LM_CALIBRATION_BINS - 1 };

/* Counts by the upper half of a key, and for each border's upper half by the lower one. */
struct digits {
    size_t borders;
    uint64_t upper[DIGITS], lower[MOST_BORDERS][DIGITS];
    uint64_t rank[MOST_BORDERS]; /* of the border, then among those of its upper half */
    uint32_t half[MOST_BORDERS];
};

/* Bits of a float whose order is that of the numbers. */
static uint32_t key_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 31 ? ~bits : bits | UINT32_C(1) << 31;
}

static float value_of(uint32_t key)
{
    float value;
    uint32_t bits = key >> 31 ? key & ~(UINT32_C(1) << 31) : ~key;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The first digit up to which more than *rank are counted; *rank becomes that among its own. */
static uint32_t digit_at(const uint64_t *counts, uint64_t *rank)
{
    uint32_t digit = 0;
    while (digit + 1 < DIGITS && *rank >= counts[digit])
        *rank -= counts[digit++];
    return digit;
}

static void count_key(struct digits *digits, uint32_t key, bool is_lower)
{
    if (!is_lower)
        digits->upper[key >> 16]++;
    for (size_t b = 0; is_lower && b < digits->borders; b++)
        digits->lower[b][key & 0xffff] += digits->half[b] == key >> 16;
}

static enum lm_status count_keys(struct digits *digits, const struct evaluation *evaluation,
                                 const float *values, uint64_t count, bool is_lower,
                                 struct lm_err *err)
{
    for (uint64_t i = 0; i < count; i++) {
        if (i % CHUNK == 0)
            LM_TRY(evaluate_poll(evaluation, err));
        count_key(digits, key_of(values[i]), is_lower);
    }
    return LM_OK;
}

/* Found by counting halves of keys: no second copy, and no sorting that could not be stopped. */
enum lm_status evaluate_borders(float *borders, size_t bins, const struct evaluation *evaluation,
                                const float *values, uint64_t count, struct lm_err *err)
{
    struct lm_arena_mark mark = lm_arena_mark(evaluation->arena);
    struct digits *digits = LM_NEW_ARRAY(evaluation->arena, struct digits, 1);
    if (digits == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for counts of entropies; free some");
    digits->borders = bins - 1;
    LM_TRY(count_keys(digits, evaluation, values, count, false, err));
    for (uint64_t b = 0; b < digits->borders; b++) {
        digits->rank[b] = (b + 1) * count / bins;
        digits->half[b] = digit_at(digits->upper, &digits->rank[b]);
    }
    LM_TRY(count_keys(digits, evaluation, values, count, true, err));
    for (size_t b = 0; b < digits->borders; b++)
        borders[b] = value_of(digits->half[b] << 16 | digit_at(digits->lower[b], &digits->rank[b]));
    lm_arena_rewind(evaluation->arena, mark);
    return LM_OK;
}

/* ---- bins ---- */

static void add_token(struct evaluate_bin *bin, const struct evaluate_split *out, uint64_t i)
{
    bin->tokens++;
    bin->nll += (double)out->nll[i];
    bin->entropy += (double)out->entropy[i];
    bin->hits += out->rank[i] == 0;
}

static void bin_by_entropy(struct evaluate_split *out, const float borders[BORDERS])
{
    for (uint64_t i = 0; i < out->tokens; i++) {
        size_t b = 0;
        while (b < BORDERS && out->entropy[i] >= borders[b])
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
    float borders[BORDERS] = {0};
    LM_TRY(evaluate_borders(borders, EVALUATE_BINS, evaluation, out->entropy, out->tokens, err));
    bin_by_entropy(out, borders);
    return evaluation->counts != NULL ? bin_by_frequency(evaluation, split, err) : LM_OK;
}
