#include <lmpipe/tokenizer.h>

#include <stdlib.h>
#include <string.h>

#include <lmpipe/hash.h>

#include "text/bpe_merge.h"
#include "text/vocab.h"

enum { CACHE_BYTES = 22, CACHE_IDS = 10, CACHE_SLOTS = 8192, BATCH = 64 };

/* A piece and its ids, one cache line; size 0 is empty. */
struct cached {
    uint8_t size, count;
    uint8_t bytes[CACHE_BYTES];
    int32_t ids[CACHE_IDS];
};

struct lm_encoder {
    const struct lm_vocab *vocab;
    struct lm_pretokenizer *pretokenizer;
    struct lm_bpe_scratch scratch;
    int32_t *ids;
    size_t count, capacity;
    struct cached *cache; /* direct-mapped, CACHE_SLOTS */
};

struct lm_encoder *lm_encoder_create(const struct lm_vocab *vocab)
{
    struct lm_encoder *encoder = calloc(1, sizeof *encoder);
    if (encoder == NULL)
        return NULL;
    encoder->vocab = vocab;
    encoder->capacity = 1024;
    encoder->ids = malloc(encoder->capacity * sizeof *encoder->ids);
    encoder->cache = calloc(CACHE_SLOTS, sizeof *encoder->cache);
    if (encoder->ids == NULL || encoder->cache == NULL ||
        lm_pretokenizer_create(&encoder->pretokenizer, vocab->pattern, NULL) != LM_OK) {
        lm_encoder_free(encoder);
        return NULL;
    }
    return encoder;
}

void lm_encoder_free(struct lm_encoder *encoder)
{
    if (encoder == NULL)
        return;
    lm_pretokenizer_free(encoder->pretokenizer);
    lm_bpe_scratch_release(&encoder->scratch);
    free(encoder->ids);
    free(encoder->cache);
    free(encoder);
}

static enum lm_status emit(struct lm_encoder *encoder, const int32_t *ids, size_t count,
                           struct lm_err *err)
{
    if (count > encoder->capacity - encoder->count) {
        size_t capacity = (encoder->count + count) * 2;
        int32_t *grown = realloc(encoder->ids, capacity * sizeof *grown);
        if (grown == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for %zu tokens; free some", capacity);
        encoder->ids = grown;
        encoder->capacity = capacity;
    }
    memcpy(encoder->ids + encoder->count, ids, count * sizeof *ids);
    encoder->count += count;
    return LM_OK;
}

static void remember(struct cached *slot, const uint8_t *piece, size_t size, const int32_t *ids,
                     size_t count)
{
    if (size > CACHE_BYTES || count > CACHE_IDS)
        return;
    slot->size = (uint8_t)size;
    slot->count = (uint8_t)count;
    memcpy(slot->bytes, piece, size);
    memcpy(slot->ids, ids, count * sizeof *ids);
}

static enum lm_status encode_piece(struct lm_encoder *encoder, const uint8_t *piece, size_t size,
                                   struct lm_err *err)
{
    const int32_t *ids;
    int32_t id = piece[0];
    if (size == 1)
        return emit(encoder, &id, 1, err);
    if (size > encoder->vocab->longest && size > CACHE_BYTES) {
        size_t count;
        LM_TRY(lm_bpe_merge(encoder->vocab, &encoder->scratch, piece, size, &ids, &count, err));
        return emit(encoder, ids, count, err);
    }
    uint64_t hash = lm_hash64(piece, size, 0);
    id = lm_vocab_find(encoder->vocab, piece, size, hash);
    if (id >= 0)
        return emit(encoder, &id, 1, err);
    struct cached *slot = &encoder->cache[(hash >> 32) % CACHE_SLOTS];
    if (slot->size == size && memcmp(slot->bytes, piece, size) == 0)
        return emit(encoder, slot->ids, slot->count, err);
    size_t count;
    LM_TRY(lm_bpe_merge(encoder->vocab, &encoder->scratch, piece, size, &ids, &count, err));
    remember(slot, piece, size, ids, count);
    return emit(encoder, ids, count, err);
}

enum lm_status lm_encode(struct lm_encoder *encoder, const void *text, size_t size,
                         const int32_t **ids, size_t *count, struct lm_err *err)
{
    const uint8_t *bytes = text;
    size_t ends[BATCH], pieces, at = 0, start = 0;
    encoder->count = 0;
    do {
        LM_TRY(lm_pretokenize(encoder->pretokenizer, bytes, size, &at, ends, BATCH, &pieces, err));
        for (size_t i = 0; i < pieces; start = ends[i++])
            LM_TRY(encode_piece(encoder, bytes + start, ends[i] - start, err));
    } while (pieces > 0);
    *ids = encoder->ids;
    *count = encoder->count;
    return LM_OK;
}

void lm_decode(const struct lm_vocab *vocab, const int32_t *ids, size_t count, bool skip_special,
               uint8_t *out, size_t capacity, size_t *size)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length;
        const uint8_t *bytes = lm_vocab_token(vocab, ids[i], &length);
        if (bytes == NULL || (skip_special && lm_vocab_is_special(vocab, ids[i])))
            continue;
        if (length <= capacity && total <= capacity - length)
            memcpy(out + total, bytes, length);
        total += length;
    }
    *size = total;
}
