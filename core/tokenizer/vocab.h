/**
 * The inside of a vocabulary: tokens by id, merges by rank, and the two tables that encoding asks.
 * Made by one path for trainer, loader and importers: create, add tokens and merges in rank order,
 * add specials, seal.
 */
#ifndef LM_TOKENIZER_VOCAB_H
#define LM_TOKENIZER_VOCAB_H

#include <lmpipe/tokenizer.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "tokenizer/pair_map.h"
#include "tokenizer/token_map.h"

#define LM_BYTES 256
#define LM_VOCAB_LARGEST (1 << 24)         /**< ids of a vocabulary */
#define LM_TOKEN_LONGEST ((size_t)1 << 20) /**< bytes of a token */
#define LM_RANKED_LONGEST                                                                          \
    ((size_t)1024)                       /**< the same with LM_MERGING_RANKS: all cuts are tried   \
                                          */
#define LM_VOCAB_BYTES ((size_t)1 << 30) /**< bytes of all tokens together */

enum lm_token_kind { LM_TOKEN_NONE, LM_TOKEN_TEXT, LM_TOKEN_SPECIAL };

/** A token by its id; ids that mean nothing have the kind LM_TOKEN_NONE and no bytes. */
struct lm_token {
    uint64_t offset; /**< into lm_vocab.bytes */
    uint32_t size;
    enum lm_token_kind kind;
};

/** A line of the list of merges: its place is its rank. */
struct lm_merge {
    int32_t left, right; /**< ids; -1 for a token that comes from no pair of its own */
    int32_t id;
};

struct lm_vocab {
    enum lm_pattern pattern;
    char *regex; /**< with LM_PATTERN_REGEX; owned */
    enum lm_merging merging;
    int32_t byte_ids[LM_BYTES];
    struct lm_token *tokens;
    int32_t size, capacity; /**< highest id in use + 1, and room */
    int32_t next_id;        /**< the id after the one added last */
    int32_t texts;          /**< tokens that are no special, bytes included */
    int32_t specials;
    int32_t end_of_text; /**< -1: none */
    struct lm_buf bytes; /**< of all tokens */
    struct lm_merge *merges;
    int32_t merge_count, merge_capacity;
    struct lm_pair_map pairs;
    struct lm_token_map whole; /**< all text tokens; once sealed those that are looked up whole */
    struct lm_token_map names; /**< special tokens */
    uint32_t *name_sizes;      /**< sizes of their names, each once, longest first */
    size_t name_size_count;
    bool name_starts[LM_BYTES]; /**< their first bytes */
};

/** New vocabulary of 256 bytes with the ids 0 to 255; `regex` as in lm_pretokenizer_create, which
 *  it must satisfy. LM_NOMEM, LM_INVALID. */
enum lm_status lm_vocab_create(struct lm_vocab **out, enum lm_pattern pattern, const char *regex,
                               enum lm_merging merging, struct lm_err *err);

/** What keeps a token or a merge from being added. */
enum lm_merge_fault {
    LM_MERGE_FINE,
    LM_MERGE_UNKNOWN,   /**< a part is not a text token yet */
    LM_MERGE_LONG,      /**< the token, or all together, would pass the bounds above */
    LM_MERGE_DUPLICATE, /**< a token with these bytes exists under another id */
    LM_MERGE_TAKEN,     /**< the id has a token already */
    LM_MERGE_ID,        /**< the id is out of bounds, or far beyond the number of tokens */
    LM_MERGE_NOMEM
};

/** Words for a fault; borrowed. */
const char *lm_merge_fault_text(enum lm_merge_fault fault);

/** Gives the bytes other ids, before anything else is added. LM_MERGE_ID, _TAKEN, _NOMEM. */
enum lm_merge_fault lm_vocab_set_bytes(struct lm_vocab *vocab, const int32_t ids[LM_BYTES]);

/** Adds the next merge, left followed by right, and its token under the next id. On a fault nothing
 *  changes. */
enum lm_merge_fault lm_vocab_add(struct lm_vocab *vocab, int32_t left, int32_t right);

/** The same for a token with the id `id`, which may exist when it has these very bytes: then the
 *  pair is one more way to it. */
enum lm_merge_fault lm_vocab_add_merge(struct lm_vocab *vocab, int32_t left, int32_t right,
                                       int32_t id);

/** Adds a token of two bytes or more that comes from no listed pair: with LM_MERGING_RANKS every
 *  token, in the order of ranks. */
enum lm_merge_fault lm_vocab_add_token(struct lm_vocab *vocab, const uint8_t *bytes, size_t size,
                                       int32_t id);

/** Adds a special token. LM_INVALID for an empty or repeated name or an id that is taken or out of
 *  bounds, LM_NOMEM. */
enum lm_status lm_vocab_add_special(struct lm_vocab *vocab, const void *name, size_t size,
                                    int32_t id, struct lm_err *err);

/** Ends the making: fills the table of pairs, and leaves in the table of tokens those that are
 *  looked up whole (enum lm_merging). LM_NOMEM. */
enum lm_status lm_vocab_seal(struct lm_vocab *vocab, struct lm_err *err);

/** Id of the text token with these bytes, or -1. After sealing only tokens that are looked up whole
 *  are found. */
int32_t lm_vocab_find(const struct lm_vocab *vocab, const uint8_t *bytes, size_t size);

/** Bytes of all tokens, that offsets point into. */
static inline const uint8_t *lm_vocab_bytes(const struct lm_vocab *vocab)
{
    return (const uint8_t *)vocab->bytes.data;
}

#endif
