/**
 * The inside of a vocabulary: token bytes, the table of merges and the table of tokens.
 * Made by one path for trainer and loader: create, add merges in rank order, seal.
 */
#ifndef LM_TEXT_VOCAB_H
#define LM_TEXT_VOCAB_H

#include <lmpipe/tokenizer.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define LM_BYTES 256                       /**< ids 0..255 are the bytes */
#define LM_VOCAB_LARGEST (1 << 24)         /**< tokens of a vocabulary */
#define LM_TOKEN_LONGEST ((size_t)1 << 20) /**< bytes of a token */
#define LM_VOCAB_BYTES ((size_t)1 << 30)   /**< bytes of all tokens together */
#define LM_NO_RANK INT32_MAX               /**< no merge for this pair */

struct lm_pair {
    int32_t left, right;
};

/** Slot of the pair table; id 0 is empty (a byte is never merged). */
struct lm_pair_slot {
    uint64_t key; /**< left << 32 | right */
    int32_t id;
};

/** Slot of the token table; id 0 is empty (single bytes are not looked up). */
struct lm_token_slot {
    uint32_t tag; /**< high half of the hash */
    int32_t id;
};

struct lm_vocab {
    enum lm_pattern pattern;
    int32_t tokens, capacity; /**< bytes and merges so far, and room for them; specials follow */
    int32_t specials;
    int32_t end_of_text;
    struct lm_buf bytes;   /**< tokens one after the other */
    uint64_t *offsets;     /**< capacity + specials + 1; token i is [offsets[i], offsets[i+1]) */
    struct lm_pair *pairs; /**< of token 256 + i */
    struct lm_pair_slot *pair_slots;
    struct lm_token_slot *token_slots;
    size_t slot_mask; /**< of both tables */
    size_t longest;   /**< bytes of the longest token that may be looked up whole */
};

/** New vocabulary of 256 bytes with room for `merges` merges and `specials` specials. LM_NOMEM. */
enum lm_status lm_vocab_create(struct lm_vocab **out, enum lm_pattern pattern, int64_t merges,
                               size_t specials, struct lm_err *err);

/** What keeps two tokens from being merged. */
enum lm_merge_fault {
    LM_MERGE_FINE,
    LM_MERGE_UNKNOWN,   /**< an id is not a token yet */
    LM_MERGE_LONG,      /**< the token would pass LM_TOKEN_LONGEST or LM_VOCAB_BYTES */
    LM_MERGE_DUPLICATE, /**< a token with these bytes exists */
    LM_MERGE_FULL,      /**< no room left */
    LM_MERGE_NOMEM
};

/** Words for a fault; borrowed. */
const char *lm_merge_fault_text(enum lm_merge_fault fault);

/** Adds the next token, left followed by right; on a fault nothing changes. */
enum lm_merge_fault lm_vocab_add(struct lm_vocab *vocab, int32_t left, int32_t right);

/** Adds the next special token. LM_INVALID for an empty or repeated name, LM_NOMEM. */
enum lm_status lm_vocab_add_special(struct lm_vocab *vocab, const void *name, size_t size,
                                    struct lm_err *err);

/** Ends the making: tokens that do not encode to themselves are no longer looked up whole.
 * LM_NOMEM. */
enum lm_status lm_vocab_seal(struct lm_vocab *vocab, struct lm_err *err);

/** Id of the token (no special, two bytes or more) with these bytes whose lm_hash64 (seed 0) is
 *  `hash`, or -1. After sealing only tokens that encode to themselves are found. */
int32_t lm_vocab_find(const struct lm_vocab *vocab, const uint8_t *bytes, size_t size,
                      uint64_t hash);

/** Key of a pair in tables; where its search starts, to be masked. */
static inline uint64_t lm_pair_key(int32_t left, int32_t right)
{
    return (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
}

static inline size_t lm_pair_hash(uint64_t key)
{
    uint64_t mixed = key * 0x9E3779B97F4A7C15u;
    return (size_t)(mixed >> 32 ^ mixed >> 15);
}

/** Id, which is the rank, of the merge of two neighbours, or LM_NO_RANK. */
static inline int32_t lm_vocab_rank(const struct lm_vocab *vocab, int32_t left, int32_t right)
{
    uint64_t key = lm_pair_key(left, right);
    size_t at = lm_pair_hash(key) & vocab->slot_mask;
    while (vocab->pair_slots[at].id != 0) {
        if (vocab->pair_slots[at].key == key)
            return vocab->pair_slots[at].id;
        at = (at + 1) & vocab->slot_mask;
    }
    return LM_NO_RANK;
}

#endif
