#include "corpus/quality.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lmpipe/rng.h>

#include "base/elem.h"
#include "base/grow.h"

enum { SLOTS = 1 << LM_QUALITY_BITS };

static const double RATE = 4; /* of the first epoch; falls to nothing */

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory for a classifier; free some");
}

enum lm_status lm_quality_begin(struct lm_quality *out, struct lm_err *err)
{
    *out = (struct lm_quality){.weights = calloc(SLOTS, sizeof *out->weights)};
    return out->weights != NULL ? LM_OK : no_memory(err);
}

static void forget(struct lm_quality *quality)
{
    free(quality->items);
    free(quality->examples);
    quality->items = NULL;
    quality->examples = NULL;
    quality->item_count = quality->item_capacity = quality->count = quality->capacity = 0;
}

void lm_quality_release(struct lm_quality *quality)
{
    forget(quality);
    free(quality->weights);
    *quality = (struct lm_quality){.weights = NULL};
}

void lm_quality_words_release(struct lm_quality_words *words)
{
    lm_leak_words_release(&words->words);
    free(words->counts);
    free(words->slots);
    *words = (struct lm_quality_words){.counts = NULL};
}

/* ---- words ---- */

static enum lm_status count_words(struct lm_quality_words *out, const void *text, size_t size,
                                  struct lm_err *err)
{
    if (out->counts == NULL && (out->counts = calloc(SLOTS, sizeof *out->counts)) == NULL)
        return no_memory(err);
    for (size_t i = 0; i < out->count; i++)
        out->counts[out->slots[i]] = 0;
    out->count = 0;
    LM_TRY(lm_leak_words_find(&out->words, text, size, err));
    for (size_t i = 0; i < out->words.count; i++) {
        uint32_t slot = (uint32_t)(out->words.items[i].hash >> (64 - LM_QUALITY_BITS));
        if (out->counts[slot]++ > 0)
            continue;
        uint32_t *slots = lm_grow(out->slots, &out->capacity, out->count, sizeof *slots);
        if (slots == NULL)
            return no_memory(err);
        out->slots = slots;
        out->slots[out->count++] = slot;
    }
    return LM_OK;
}

static double value_of(const struct lm_quality_words *words, uint32_t slot)
{
    return sqrt((double)words->counts[slot] / (double)words->words.count);
}

enum lm_status lm_quality_add(struct lm_quality *quality, struct lm_quality_words *words,
                              const void *text, size_t size, bool is_positive, bool is_held,
                              struct lm_err *err)
{
    LM_TRY(count_words(words, text, size, err));
    for (size_t i = 0; i < words->count; i++) {
        struct lm_quality_word *items =
            lm_grow(quality->items, &quality->item_capacity, quality->item_count, sizeof *items);
        if (items == NULL)
            return no_memory(err);
        quality->items = items;
        items[quality->item_count++] =
            (struct lm_quality_word){words->slots[i], (float)value_of(words, words->slots[i])};
    }
    if (words->count == 0)
        return LM_OK;
    struct lm_quality_example *examples =
        lm_grow(quality->examples, &quality->capacity, quality->count, sizeof *examples);
    if (examples == NULL)
        return no_memory(err);
    quality->examples = examples;
    examples[quality->count++] =
        (struct lm_quality_example){quality->item_count, is_positive, is_held};
    quality->trained[is_positive] += !is_held;
    return LM_OK;
}

/* ---- training ---- */

static double probability(double logit)
{
    return 1 / (1 + lm_exp(-logit));
}

static size_t start_of(const struct lm_quality *quality, size_t example)
{
    return example > 0 ? quality->examples[example - 1].end : 0;
}

static double score_of(const struct lm_quality *quality, size_t example)
{
    double logit = quality->bias;
    for (size_t i = start_of(quality, example); i < quality->examples[example].end; i++)
        logit += (double)quality->weights[quality->items[i].slot] * (double)quality->items[i].value;
    return probability(logit);
}

static void step(struct lm_quality *quality, size_t example, double rate)
{
    const struct lm_quality_example *own = &quality->examples[example];
    const double change = rate * ((own->is_positive ? 1 : 0) - score_of(quality, example));
    for (size_t i = start_of(quality, example); i < own->end; i++) {
        const struct lm_quality_word *word = &quality->items[i];
        quality->weights[word->slot] += (float)(change * (double)word->value);
    }
    quality->bias += change / 16;
}

static void check_held(struct lm_quality *quality)
{
    for (size_t i = 0; i < quality->count; i++) {
        const bool is_positive = quality->examples[i].is_positive;
        if (!quality->examples[i].is_held)
            continue;
        quality->held[is_positive]++;
        quality->missed[is_positive] += (score_of(quality, i) >= 0.5) != is_positive;
    }
}

enum lm_status lm_quality_train(struct lm_quality *quality, struct lm_err *err)
{
    const struct lm_rng rng = lm_rng_stream(0, "quality");
    const size_t *trained = quality->trained, all = quality->count;
    if (trained[0] == 0 || trained[1] == 0)
        return lm_fail(err, LM_INVALID,
                       "there are too few %s examples with words to train on; give more text",
                       trained[1] == 0 ? "positive" : "negative");
    /* of each kind half of the weight */
    const double sum = 0.5 * (double)(trained[0] + trained[1]);
    const double weights[] = {sum / (double)trained[0], sum / (double)trained[1]};
    for (size_t epoch = 0; epoch < LM_QUALITY_EPOCHS; epoch++)
        for (size_t i = 0; i < all; i++) {
            const size_t example = (size_t)lm_rng_permute(rng, epoch, i, all);
            const double rate = RATE * (1 - (double)epoch / LM_QUALITY_EPOCHS);
            if (!quality->examples[example].is_held)
                step(quality, example, rate * weights[quality->examples[example].is_positive]);
        }
    check_held(quality);
    forget(quality);
    return LM_OK;
}

/* ---- documents ---- */

static enum lm_status find_logit(const struct lm_quality *quality, double *logit,
                                 struct lm_quality_words *words, const void *text, size_t size,
                                 struct lm_err *err)
{
    *logit = quality->bias;
    LM_TRY(count_words(words, text, size, err));
    for (size_t i = 0; i < words->count; i++)
        *logit += (double)quality->weights[words->slots[i]] * value_of(words, words->slots[i]);
    return LM_OK;
}

enum lm_status lm_quality_score(const struct lm_quality *quality, double *score,
                                struct lm_quality_words *words, const void *text, size_t size,
                                struct lm_err *err)
{
    const char *bytes = text;
    double sum = 0;
    size_t pieces = 0;
    for (size_t at = 0; at < size;) {
        size_t end = size - at < LM_QUALITY_PIECE / 2 * 3 ? size : at + LM_QUALITY_PIECE;
        double logit;
        while (end < size && ((uint8_t)bytes[end] & 0xC0) == 0x80)
            end++;
        LM_TRY(find_logit(quality, &logit, words, bytes + at, end - at, err));
        sum += words->count > 0 ? logit : 0;
        pieces += words->count > 0;
        at = end;
    }
    *score = pieces > 0 ? probability(sum / (double)pieces) : 0.5;
    return LM_OK;
}

bool lm_quality_keeps(double score, double alpha, const struct lm_digest *digest)
{
    const struct lm_rng rng = lm_rng_stream(0, "pareto");
    uint64_t halves[2] = {0, 0};
    for (size_t i = 0; i < 16; i++)
        halves[i / 8] = halves[i / 8] << 8 | digest->bytes[i];
    const double drawn =
        lm_exp(-lm_log(1 - lm_rng_uniform(rng, halves[0], halves[1] >> 8)) / alpha) - 1;
    return drawn > 1 - score;
}
