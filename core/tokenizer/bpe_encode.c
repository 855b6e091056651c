#include <lmpipe/tokenizer.h>

#include <stdlib.h>
#include <string.h>

#include "tokenizer/bpe_merge.h"
#include "tokenizer/vocab.h"

enum {
    BATCH = 64,          /* pieces cut and looked up at once */
    CACHE_SLOTS = 16384, /* a power of two */
    CACHE_IDS = 9
};

/* A short piece that is no token, and its ids: one cache line; size 0 is empty. */
struct cached {
    _Alignas(64) uint64_t low;
    uint64_t high;
    uint32_t size, count;
    int32_t ids[CACHE_IDS];
};

struct lm_encoder {
    const struct lm_vocab *vocab;
    struct lm_pretokenizer *pretokenizer;
    struct lm_bpe_scratch scratch;
    int32_t *ids;
    size_t count, capacity;
    struct cached *cache; /* direct-mapped; changes no result */
    bool reads_specials;
};

struct lm_encoder *lm_encoder_create(const struct lm_vocab *vocab)
{
    struct lm_encoder *encoder = calloc(1, sizeof *encoder);
    if (encoder == NULL)
        return NULL;
    encoder->vocab = vocab;
    encoder->capacity = 1024;
    encoder->ids = malloc(encoder->capacity * sizeof *encoder->ids);
    /* Written before it is read: see make_room in piece_table.c. */
    encoder->cache = aligned_alloc(64, CACHE_SLOTS * sizeof *encoder->cache);
    if (encoder->cache != NULL)
        memset(encoder->cache, 0, CACHE_SLOTS * sizeof *encoder->cache);
    if (encoder->ids == NULL || encoder->cache == NULL ||
        lm_pretokenizer_create(&encoder->pretokenizer, vocab->pattern, vocab->regex, NULL) !=
            LM_OK) {
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

void lm_encoder_read_specials(struct lm_encoder *encoder, bool is_on)
{
    encoder->reads_specials = is_on;
}

/* Room for `count` more ids. */
static enum lm_status reserve(struct lm_encoder *encoder, size_t count, struct lm_err *err)
{
    if (count <= encoder->capacity - encoder->count)
        return LM_OK;
    size_t capacity = (encoder->count + count) * 2;
    int32_t *grown = realloc(encoder->ids, capacity * sizeof *grown);
    if (grown == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu tokens; free some", capacity);
    encoder->ids = grown;
    encoder->capacity = capacity;
    return LM_OK;
}

/* Ids of a piece that is no token, with room for `later` more behind them. */
static enum lm_status merge_piece(struct lm_encoder *encoder, const struct lm_token_key *key,
                                  const uint8_t *piece, size_t size, size_t later,
                                  struct lm_err *err)
{
    struct cached *slot = &encoder->cache[key->hash >> 20 & (CACHE_SLOTS - 1)];
    const int32_t *ids = slot->ids;
    size_t count = slot->count;
    bool is_short = size <= LM_KEY_INLINE;
    bool is_known =
        is_short && slot->size == size && slot->low == key->low && slot->high == key->high;
    if (!is_known)
        LM_TRY(lm_bpe_merge(encoder->vocab, &encoder->scratch, piece, size, &ids, &count, err));
    if (!is_known && is_short && count <= CACHE_IDS) {
        *slot = (struct cached){
            .low = key->low, .high = key->high, .size = key->size, .count = (uint32_t)count};
        memcpy(slot->ids, ids, count * sizeof *ids);
    }
    LM_TRY(reserve(encoder, count + later, err));
    memcpy(encoder->ids + encoder->count, ids, count * sizeof *ids);
    encoder->count += count;
    return LM_OK;
}

/* Keys of the pieces of text that end at ends[0..pieces), the first starting at `start`; fetches
 * their slots ahead. */
static void make_keys(const struct lm_token_map *map, struct lm_token_key *keys,
                      const uint8_t *text, size_t size, size_t start, const size_t *ends,
                      size_t pieces)
{
    for (size_t i = 0; i < pieces; start = ends[i++]) {
        size_t length = ends[i] - start;
        bool is_inside = length <= LM_KEY_INLINE && size - start >= LM_KEY_INLINE;
        keys[i] = is_inside ? lm_token_key_short(text + start, length)
                            : lm_token_key(text + start, length);
        __builtin_prefetch(lm_token_map_home(map, &keys[i]));
    }
}

static enum lm_status encode_text(struct lm_encoder *encoder, const uint8_t *text, size_t size,
                                  struct lm_err *err)
{
    const struct lm_vocab *vocab = encoder->vocab;
    struct lm_token_key keys[BATCH];
    size_t ends[BATCH], pieces, at = 0, start = 0;
    do {
        LM_TRY(lm_pretokenize(encoder->pretokenizer, text, size, &at, ends, BATCH, &pieces, err));
        make_keys(&vocab->whole, keys, text, size, start, ends, pieces);
        LM_TRY(reserve(encoder, pieces, err));
        for (size_t i = 0; i < pieces; start = ends[i++]) {
            int32_t id =
                lm_token_map_find(&vocab->whole, keys[i], text + start, lm_vocab_bytes(vocab));
            if (id >= 0)
                encoder->ids[encoder->count++] = id;
            else
                LM_TRY(
                    merge_piece(encoder, &keys[i], text + start, ends[i] - start, pieces - i, err));
        }
    } while (pieces > 0);
    return LM_OK;
}

/* ---- special tokens in the text ---- */

/* The special token that begins at text[0], the longest, or -1. */
static int32_t special_at(const struct lm_vocab *vocab, const uint8_t *text, size_t size,
                          size_t *length)
{
    if (!vocab->name_starts[text[0]])
        return -1;
    for (size_t i = 0; i < vocab->name_size_count; i++) {
        *length = vocab->name_sizes[i];
        if (*length > size)
            continue;
        int32_t id = lm_token_map_find(&vocab->names, lm_token_key(text, *length), text,
                                       lm_vocab_bytes(vocab));
        if (id >= 0)
            return id;
    }
    return -1;
}

/* The first special token in text: where it begins (size: nowhere), its length and id. */
static size_t find_special(const struct lm_vocab *vocab, const uint8_t *text, size_t size,
                           size_t *length, int32_t *id)
{
    size_t at = 0;
    while (at < size && (*id = special_at(vocab, text + at, size - at, length)) < 0)
        at++;
    return at;
}

static enum lm_status encode_with_specials(struct lm_encoder *encoder, const uint8_t *text,
                                           size_t size, struct lm_err *err)
{
    for (size_t at = 0; at < size;) {
        int32_t id = -1;
        size_t length = 0,
               before = find_special(encoder->vocab, text + at, size - at, &length, &id);
        LM_TRY(encode_text(encoder, text + at, before, err));
        at += before + length;
        if (id < 0)
            break;
        LM_TRY(reserve(encoder, 1, err));
        encoder->ids[encoder->count++] = id;
    }
    return LM_OK;
}

enum lm_status lm_encode(struct lm_encoder *encoder, const void *text, size_t size,
                         const int32_t **ids, size_t *count, struct lm_err *err)
{
    encoder->count = 0;
    LM_TRY(encoder->reads_specials ? encode_with_specials(encoder, text, size, err)
                                   : encode_text(encoder, text, size, err));
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
