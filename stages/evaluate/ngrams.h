/** n-grams of symbols and how many of them two sequences share: what BLEU and chrF count. */
#ifndef LM_EVALUATE_NGRAMS_H
#define LM_EVALUATE_NGRAMS_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

enum { NGRAMS_MOST = 6 }; /* symbols of an n-gram, at most */

/** Symbols are a hash of a word (64 bits) or a character + 1: never 0. */
struct ngram {
    uint64_t symbols[NGRAMS_MOST]; /**< 0 beyond its order */
};

/** The distinct n-grams of a sequence, sorted, with their counts; in an arena. */
struct ngrams {
    struct ngram *items;
    uint32_t *counts;
    size_t distinct;
    uint64_t total; /**< of the counts: length − order + 1 */
};

/** Counts the n-grams of `order` ≤ NGRAMS_MOST of symbols[0..length). LM_NOMEM. */
enum lm_status ngrams_count(struct ngrams *out, struct lm_arena *arena, const uint64_t *symbols,
                            size_t length, size_t order, struct lm_err *err);
/** How many n-grams of `a` are matched, each at most as often as in the one of the `count` lists of
 *  `b` that has it most often (clipped counts of Papineni et al. 2002, section 2.1). */
uint64_t ngrams_matches(const struct ngrams *a, const struct ngrams *b, size_t count);

#endif
