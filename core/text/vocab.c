#include "text/vocab.h"

#include <stdlib.h>
#include <string.h>

#include <lmpipe/hash.h>

#include "text/bpe_merge.h"

static size_t table_size(int64_t tokens)
{
    size_t size = 512;
    while (size < (size_t)tokens * 2)
        size *= 2;
    return size;
}

static enum lm_status allocate(struct lm_vocab *vocab, size_t slots)
{
    size_t all = (size_t)vocab->capacity + (size_t)vocab->specials;
    vocab->offsets = calloc(all + 1, sizeof *vocab->offsets);
    vocab->pairs = calloc((size_t)vocab->capacity - LM_BYTES + 1, sizeof *vocab->pairs);
    vocab->pair_slots = calloc(slots, sizeof *vocab->pair_slots);
    vocab->token_slots = calloc(slots, sizeof *vocab->token_slots);
    vocab->slot_mask = slots - 1;
    bool is_good = vocab->offsets != NULL && vocab->pairs != NULL && vocab->pair_slots != NULL &&
                   vocab->token_slots != NULL;
    return is_good ? LM_OK : LM_NOMEM;
}

enum lm_status lm_vocab_create(struct lm_vocab **out, enum lm_pattern pattern, int64_t merges,
                               size_t specials, struct lm_err *err)
{
    if (merges < 0 || specials > LM_VOCAB_LARGEST ||
        merges + LM_BYTES + (int64_t)specials > LM_VOCAB_LARGEST)
        return lm_fail(err, LM_RANGE, "a vocabulary of more than %d tokens; ask for fewer",
                       LM_VOCAB_LARGEST);
    struct lm_vocab *vocab = calloc(1, sizeof *vocab);
    if (vocab == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a vocabulary; free some");
    vocab->pattern = pattern;
    vocab->capacity = (int32_t)merges + LM_BYTES;
    vocab->specials = (int32_t)specials;
    vocab->end_of_text = -1;
    lm_buf_init(&vocab->bytes, LM_VOCAB_BYTES);
    for (int i = 0; i < LM_BYTES; i++)
        lm_buf_putc(&vocab->bytes, (char)i);
    if (allocate(vocab, table_size(vocab->capacity)) != LM_OK || vocab->bytes.failed) {
        lm_vocab_free(vocab);
        return lm_fail(err, LM_NOMEM, "no memory for a vocabulary of %lld tokens; free some",
                       (long long)merges + LM_BYTES);
    }
    for (size_t i = 0; i <= LM_BYTES; i++)
        vocab->offsets[i] = i;
    vocab->tokens = LM_BYTES;
    vocab->specials = 0;
    *out = vocab;
    return LM_OK;
}

void lm_vocab_free(struct lm_vocab *vocab)
{
    if (vocab == NULL)
        return;
    lm_buf_release(&vocab->bytes);
    free(vocab->offsets);
    free(vocab->pairs);
    free(vocab->pair_slots);
    free(vocab->token_slots);
    free(vocab);
}

/* ---- the two tables ---- */

static void put_pair(struct lm_vocab *vocab, struct lm_pair pair, int32_t id)
{
    uint64_t key = lm_pair_key(pair.left, pair.right);
    size_t at = lm_pair_hash(key) & vocab->slot_mask;
    while (vocab->pair_slots[at].id != 0)
        at = (at + 1) & vocab->slot_mask;
    vocab->pair_slots[at] = (struct lm_pair_slot){key, id};
}

static void put_token(struct lm_vocab *vocab, uint64_t hash, int32_t id)
{
    size_t at = (size_t)hash & vocab->slot_mask;
    while (vocab->token_slots[at].id != 0)
        at = (at + 1) & vocab->slot_mask;
    vocab->token_slots[at] = (struct lm_token_slot){(uint32_t)(hash >> 32), id};
}

int32_t lm_vocab_find(const struct lm_vocab *vocab, const uint8_t *bytes, size_t size,
                      uint64_t hash)
{
    size_t at = (size_t)hash & vocab->slot_mask;
    for (; vocab->token_slots[at].id != 0; at = (at + 1) & vocab->slot_mask) {
        const struct lm_token_slot *slot = &vocab->token_slots[at];
        if (slot->tag != (uint32_t)(hash >> 32))
            continue;
        size_t found;
        const uint8_t *token = lm_vocab_token(vocab, slot->id, &found);
        if (found == size && memcmp(token, bytes, size) == 0)
            return slot->id;
    }
    return -1;
}

/* ---- making ---- */

const char *lm_merge_fault_text(enum lm_merge_fault fault)
{
    static const char *const words[] = {
        "fine",
        "a part is not a token of an earlier line",
        "the token would be too long",
        "a token with these bytes exists already",
        "there are more merges than announced",
        "no memory",
    };
    return words[fault];
}

static void truncate_bytes(struct lm_vocab *vocab, size_t size)
{
    vocab->bytes.size = size;
    vocab->bytes.failed = false;
}

enum lm_merge_fault lm_vocab_add(struct lm_vocab *vocab, int32_t left, int32_t right)
{
    if (left < 0 || right < 0 || left >= vocab->tokens || right >= vocab->tokens)
        return LM_MERGE_UNKNOWN;
    if (vocab->tokens == vocab->capacity)
        return LM_MERGE_FULL;
    size_t start = vocab->bytes.size;
    const struct lm_pair pair = {left, right};
    const int32_t parts[2] = {left, right};
    for (size_t i = 0; i < 2; i++) {
        size_t from = vocab->offsets[parts[i]], size = vocab->offsets[parts[i] + 1] - from;
        if (vocab->bytes.size - start + size > LM_TOKEN_LONGEST ||
            vocab->bytes.size + size > LM_VOCAB_BYTES) {
            truncate_bytes(vocab, start);
            return LM_MERGE_LONG;
        }
        for (size_t j = 0; j < size; j++)
            lm_buf_putc(&vocab->bytes, vocab->bytes.data[from + j]);
    }
    if (vocab->bytes.failed) {
        truncate_bytes(vocab, start);
        return LM_MERGE_NOMEM;
    }
    const uint8_t *bytes = (const uint8_t *)vocab->bytes.data + start;
    size_t size = vocab->bytes.size - start;
    uint64_t hash = lm_hash64(bytes, size, 0);
    if (lm_vocab_find(vocab, bytes, size, hash) >= 0) {
        truncate_bytes(vocab, start);
        return LM_MERGE_DUPLICATE;
    }
    int32_t id = vocab->tokens++;
    vocab->offsets[id + 1] = vocab->bytes.size;
    vocab->pairs[id - LM_BYTES] = pair;
    put_pair(vocab, pair, id);
    put_token(vocab, hash, id);
    return LM_MERGE_FINE;
}

enum lm_status lm_vocab_add_special(struct lm_vocab *vocab, const void *name, size_t size,
                                    struct lm_err *err)
{
    if (size == 0)
        return lm_fail(err, LM_INVALID, "a special token has no name; give it one");
    for (int32_t id = vocab->tokens; id < vocab->tokens + vocab->specials; id++) {
        size_t length;
        const uint8_t *other = lm_vocab_token(vocab, id, &length);
        if (length == size && memcmp(other, name, size) == 0)
            return lm_fail(err, LM_INVALID, "special token \"%.*s\" is there twice; drop one",
                           (int)(size < 80 ? size : 80), (const char *)name);
    }
    lm_buf_append(&vocab->bytes, name, size);
    LM_TRY(lm_buf_status(&vocab->bytes, err));
    vocab->specials++;
    vocab->offsets[vocab->tokens + vocab->specials] = vocab->bytes.size;
    return LM_OK;
}

enum lm_status lm_vocab_seal(struct lm_vocab *vocab, struct lm_err *err)
{
    struct lm_bpe_scratch scratch = {0};
    enum lm_status status = LM_OK;
    memset(vocab->token_slots, 0, (vocab->slot_mask + 1) * sizeof *vocab->token_slots);
    vocab->longest = 0;
    for (int32_t id = LM_BYTES; id < vocab->tokens && status == LM_OK; id++) {
        size_t size, count;
        const int32_t *ids;
        const uint8_t *bytes = lm_vocab_token(vocab, id, &size);
        status = lm_bpe_merge(vocab, &scratch, bytes, size, &ids, &count, err);
        if (status != LM_OK || count != 1)
            continue;
        put_token(vocab, lm_hash64(bytes, size, 0), id);
        vocab->longest = size > vocab->longest ? size : vocab->longest;
    }
    lm_bpe_scratch_release(&scratch);
    return status;
}

/* ---- looking ---- */

int64_t lm_vocab_size(const struct lm_vocab *vocab)
{
    return (int64_t)vocab->tokens + vocab->specials;
}

int64_t lm_vocab_merges(const struct lm_vocab *vocab)
{
    return vocab->tokens - LM_BYTES;
}

enum lm_pattern lm_vocab_pattern(const struct lm_vocab *vocab)
{
    return vocab->pattern;
}

int32_t lm_vocab_end_of_text(const struct lm_vocab *vocab)
{
    return vocab->end_of_text;
}

bool lm_vocab_is_special(const struct lm_vocab *vocab, int32_t id)
{
    return id >= vocab->tokens && id < vocab->tokens + vocab->specials;
}

const uint8_t *lm_vocab_token(const struct lm_vocab *vocab, int32_t id, size_t *size)
{
    *size = 0;
    if (id < 0 || id >= vocab->tokens + vocab->specials)
        return NULL;
    *size = vocab->offsets[id + 1] - vocab->offsets[id];
    return (const uint8_t *)vocab->bytes.data + vocab->offsets[id];
}

bool lm_vocab_merge(const struct lm_vocab *vocab, int32_t id, int32_t *left, int32_t *right)
{
    if (id < LM_BYTES || id >= vocab->tokens)
        return false;
    *left = vocab->pairs[id - LM_BYTES].left;
    *right = vocab->pairs[id - LM_BYTES].right;
    return true;
}
