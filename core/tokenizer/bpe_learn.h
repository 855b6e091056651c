/**
 * Learns merges from counted words: byte-pair encoding after Sennrich et al. 2016, with counts kept
 * true by visiting only the words of the pair that is merged.
 */
#ifndef LM_TOKENIZER_BPE_LEARN_H
#define LM_TOKENIZER_BPE_LEARN_H

#include <lmpipe/status.h>
#include <lmpipe/tokenizer.h>

#include "tokenizer/bpe_words.h"

/** What bounds the merges. */
struct lm_merge_bounds {
    int64_t merges; /**< at most */
    int64_t least;  /**< pairs seen less often are not merged; ≥ 1 */
    size_t longest; /**< bytes of a token, inclusive */
};

/** Adds merges to `vocab`, which has only bytes, with the ids 0 to 255 in any order, until there
 * are enough or no pair is left within the bounds. The symbols of words are ids; ties go to the
 * lower left id, then the lower right one. Uses the words up: they shrink. LM_NOMEM, LM_CANCELLED
 * (progress returned false). */
enum lm_status lm_bpe_learn(struct lm_vocab *vocab, struct lm_words *words,
                            const struct lm_merge_bounds *bounds, lm_bpe_progress_fn *progress,
                            void *user, struct lm_err *err);

#endif
