/**
 * Which texts share a run of tokens with the training text: n-grams of 13 tokens (Brown et al.
 * 2020, appendix C, by words); a text of 8 to 12 tokens is looked for as a whole, a shorter one not
 * at all. The texts' n-grams are kept as 64-bit hashes, and the training tokens pass once: some 25
 * bytes an n-gram of the texts, a few nanoseconds a training token and a length that occurs. That
 * two n-grams share a hash is less likely than 1 in 1,000 for 10^9 training tokens and 10^7
 * n-grams.
 */
#ifndef LM_EVALUATE_CONTAMINATION_H
#define LM_EVALUATE_CONTAMINATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

enum { CONTAMINATION_GRAM = 13, CONTAMINATION_LEAST = 8 };

struct contamination {
    uint64_t *hashes; /**< (capacity) 0: free */
    uint8_t *found;   /**< (capacity) */
    uint64_t *filter; /**< bits by hash: most training tokens end here */
    size_t capacity;  /**< a power of two */
    unsigned lengths; /**< a bit a length that occurs */
};

/** Room for `grams` n-grams. LM_NOMEM. */
enum lm_status contamination_init(struct contamination *out, struct lm_arena *arena, size_t grams,
                                  struct lm_err *err);
/** The n-grams that a text of `count` tokens has; 0: it is too short to be looked for. */
size_t contamination_grams(size_t count);
/** Takes a text. */
void contamination_add(struct contamination *out, const int32_t *ids, size_t count);
/** Takes training tokens; chunks overlap by CONTAMINATION_GRAM − 1. */
void contamination_scan(struct contamination *out, const int32_t *ids, size_t count);
/** Has an n-gram of this text been seen? */
bool contamination_has(const struct contamination *out, const int32_t *ids, size_t count);

#endif
