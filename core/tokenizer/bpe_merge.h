/**
 * Merging one piece: lowest rank first, leftmost first, until no neighbours have a rank.
 * Two ways with one result: a scan over a small array, and a heap over a linked list that keeps
 * pieces of millions of bytes harmless, O(n log n).
 */
#ifndef LM_TOKENIZER_BPE_MERGE_H
#define LM_TOKENIZER_BPE_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "tokenizer/vocab.h"

/** Pieces of up to this many bytes take the scan. */
#define LM_PIECE_SMALL 64

/** Pair that may merge: rank in the high half, position of its left part in the low half. */
typedef uint64_t lm_candidate;

/** Memory of a merger, kept from piece to piece; zero-initialise. */
struct lm_bpe_scratch {
    int32_t small[LM_PIECE_SMALL];
    int32_t *ids;
    uint32_t *next, *previous;
    size_t capacity; /**< of ids, next and previous */
    lm_candidate *heap;
    size_t heap_count, heap_capacity;
};

void lm_bpe_scratch_release(struct lm_bpe_scratch *scratch);

/** Ids of a piece of `size` ≥ 1 bytes without any look-up of the whole; *ids lies in the scratch.
 *  LM_NOMEM; LM_RANGE for 4 GiB or more. */
enum lm_status lm_bpe_merge(const struct lm_vocab *vocab, struct lm_bpe_scratch *scratch,
                            const uint8_t *piece, size_t size, const int32_t **ids, size_t *count,
                            struct lm_err *err);

/** The two ways by name, for tests; small only up to LM_PIECE_SMALL bytes. */
size_t lm_bpe_merge_small(const struct lm_vocab *vocab, int32_t ids[LM_PIECE_SMALL],
                          const uint8_t *piece, size_t size);
enum lm_status lm_bpe_merge_long(const struct lm_vocab *vocab, struct lm_bpe_scratch *scratch,
                                 const uint8_t *piece, size_t size, size_t *count,
                                 struct lm_err *err);

#endif
