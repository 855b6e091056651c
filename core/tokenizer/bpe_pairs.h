/**
 * Neighbouring pairs of a training run: how often each occurs, and in which words.
 *
 * Counts are exact at all times. The words of a pair, and its places in long words, are listed
 * once, when it is made: afterwards it is only lost (a new pair always holds the newest symbol).
 * Each symbol that merging removes makes at most two neighbourships, so all lists together have at
 * most three places for each symbol there was: one block, filled from its start, nothing moved.
 */
#ifndef LM_TOKENIZER_BPE_PAIRS_H
#define LM_TOKENIZER_BPE_PAIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tokenizer/bpe_words.h"
#include "tokenizer/pair_map.h"

#define LM_NO_PAIR UINT32_MAX

struct lm_pair_count {
    uint64_t key;  /**< lm_pair_key(left, right) */
    int64_t count; /**< occurrences, weighted by word counts; overlapping ones all count */
    size_t first;  /**< its words and places: places[first .. first + place_count), ascending */
    uint32_t place_count; /**< some may have lost it meanwhile */
};

/** Zero-initialise. */
struct lm_pair_set {
    struct lm_pair_count *pairs; /**< in the order they were made */
    size_t count, capacity;
    uint32_t *slots; /**< index of a pair + 1; 0 is empty */
    size_t slot_mask;
    uint32_t *places; /**< words, by their cells; then places in long words */
    size_t place_count;
};

void lm_pair_set_release(struct lm_pair_set *set);

/** Counts all pairs of all words; symbols are below 256. Those of less than `least` are left out.
 *  Call once, on an empty set. False when memory is out. */
bool lm_pair_set_fill(struct lm_pair_set *set, const struct lm_words *words, int64_t least);

/** Makes a pair that is not there yet, with room for `place_count` words to be written to
 *  places[first + …]. Its index; LM_NO_PAIR when memory is out. */
uint32_t lm_pair_set_make(struct lm_pair_set *set, uint64_t key, int64_t count,
                          uint32_t place_count);

/** Index of a pair; LM_NO_PAIR when there is none. */
uint32_t lm_pair_set_find(const struct lm_pair_set *set, uint64_t key);

#endif
