/** How tokens with ranks come from pairs: what ties tiktoken's way of merging to lists of pairs. */
#ifndef LM_TOKENIZER_RANK_SPLIT_H
#define LM_TOKENIZER_RANK_SPLIT_H

#include <stdbool.h>
#include <stdint.h>

#include "tokenizer/vocab.h"

/**
 * The two tokens that merging with lower ranks alone leaves of the token of line `rank` of a sealed
 * vocabulary with LM_MERGING_RANKS; false when it leaves more.
 *
 * If this is true of every line, merging by these pairs gives the same tokens as merging by ranks,
 * for every text. Proof: look at the first step at which ranks merge some (X, Y) to a token T whose
 * pair is (L, R) instead. No step before has joined bytes of T with bytes outside of it, so that
 * the steps within T were those of T alone, lowest rank first: the first two-part state of these is
 * what lower ranks leave, (L, R).
 */
bool lm_rank_split(const struct lm_vocab *vocab, int32_t rank, int32_t *left, int32_t *right);

/** The tokens of any vocabulary as one with LM_MERGING_RANKS, ranks in the order of ids, without
 *  special tokens. LM_UNSUPPORTED for tokens longer than such a vocabulary may have, LM_NOMEM. */
enum lm_status lm_vocab_as_ranks(struct lm_vocab **out, const struct lm_vocab *vocab,
                                 struct lm_err *err);

#endif
