/**
 * Which pair is next: the most frequent, ties to the lower left symbol, then to the lower right
 * one.
 *
 * Counts only fall once a pair is made, and no new pair is more frequent than the one whose merge
 * made it. So the counts that are taken never rise, and only pairs as large as what is being taken
 * need order: a heap holds the pairs of one power of two, lists the lower ones (after the radix
 * heap of Ahuja et al. 1990, section 2). Entries are lazy: a stale one is an over-estimate and is
 * put back by its true count when it comes up.
 */
#ifndef LM_TOKENIZER_BPE_QUEUE_H
#define LM_TOKENIZER_BPE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tokenizer/bpe_pairs.h"

#define LM_QUEUE_LEVELS 63

struct lm_queue_entry {
    int64_t count;
    uint64_t key;
    uint32_t pair;
};

/** Pairs whose count was in [2^i, 2^(i+1)). */
struct lm_queue_level {
    uint32_t *pairs;
    size_t count, capacity;
};

/** Initialise by lm_queue_init. */
struct lm_queue {
    struct lm_queue_entry *heap; /**< pairs of the level and above */
    size_t count, capacity;
    struct lm_queue_level levels[LM_QUEUE_LEVELS];
    int level;
    bool failed; /**< memory ran out: sticky */
};

void lm_queue_init(struct lm_queue *queue);
void lm_queue_release(struct lm_queue *queue);

/** Queues a pair that is not in the queue, with a count > 0. */
void lm_queue_push(struct lm_queue *queue, const struct lm_pair_set *set, uint32_t pair);

/** Takes the next pair of `least` ≥ 1 or more out; LM_NO_PAIR when none is left. */
uint32_t lm_queue_pop(struct lm_queue *queue, const struct lm_pair_set *set, int64_t least);

#endif
