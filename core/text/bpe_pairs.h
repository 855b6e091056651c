/**
 * Neighbouring pairs of a training run: how often each occurs, in which words, and which is next.
 *
 * Counts are exact at all times. The heap is lazy: after the step that makes a pair, its count only
 * falls (a new pair always holds the newest token), so a stale top is an over-estimate and is put
 * back with its true count.
 */
#ifndef LM_TEXT_BPE_PAIRS_H
#define LM_TEXT_BPE_PAIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/pair_map.h"

#define LM_NO_PLACE UINT32_MAX

struct lm_pair_count {
    uint64_t key;    /**< lm_pair_key(left, right) */
    int64_t count;   /**< occurrences, weighted by word counts; overlapping ones all count */
    uint32_t places; /**< first node of its list of words */
};

/** A word that holds, or held, the pair. */
struct lm_pair_place {
    uint32_t word, next;
};

struct lm_pair_entry {
    int64_t count;
    uint64_t key;
    uint32_t pair;
};

/** Zero-initialise; lm_pair_set_init before use. */
struct lm_pair_set {
    struct lm_pair_count *pairs;
    size_t count, capacity;
    uint32_t *slots; /**< index of a pair + 1; 0 is empty */
    size_t slot_mask;
    struct lm_pair_place *places;
    size_t place_count, place_capacity;
    uint32_t free_places;
    struct lm_pair_entry *heap;
    size_t heap_count, heap_capacity;
    size_t queued; /**< pairs before this index have been queued */
    bool failed;   /**< memory ran out: sticky */
};

bool lm_pair_set_init(struct lm_pair_set *set);
void lm_pair_set_release(struct lm_pair_set *set);

/** Adds `by` to the count of a pair; a pair not met before is made. When by > 0, `word` joins its
 * list. */
void lm_pair_set_add(struct lm_pair_set *set, int32_t left, int32_t right, int64_t by,
                     uint32_t word);
/** Queues the pairs made since the last call: those with a count. */
void lm_pair_set_queue(struct lm_pair_set *set);
/** Takes the pair that is most frequent (ties: lower left id, then lower right id) out of the
 * queue; LM_NO_PLACE when none is left. */
uint32_t lm_pair_set_pop(struct lm_pair_set *set);
/** Takes the next word out of a pair's list; false when it is empty. */
bool lm_pair_set_take(struct lm_pair_set *set, uint32_t pair, uint32_t *word);

#endif
