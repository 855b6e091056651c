/** What Hugging Face's BPE model and GPT-2's two files say: tokens with their ids, and a list of
 *  pairs that merge. Made into a vocabulary. */
#ifndef LM_TOKENIZER_PAIR_SOURCE_H
#define LM_TOKENIZER_PAIR_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tokenizer/formats/token_list.h"
#include "tokenizer/pair_map.h"
#include "tokenizer/vocab.h"

/** A pair of the list, by places among the tokens. */
struct lm_source_pair {
    int32_t left, right, made;
};

struct lm_pair_source {
    struct lm_token_list tokens; /**< bytes as they are, in no alphabet; indexed before any pair */
    struct lm_source_pair *pairs;
    size_t count, capacity;
    struct lm_pair_map known;
    struct lm_buf left, right, both; /**< of the pair that is being read */
};

void lm_pair_source_init(struct lm_pair_source *source);
void lm_pair_source_release(struct lm_pair_source *source);

/** Adds a pair in the printable alphabet. LM_FORMAT: a character stands for no byte, a part or the
 *  whole is no token, or the pair is there already. LM_NOMEM. */
enum lm_status lm_pair_source_add(struct lm_pair_source *source, const char *left, size_t left_size,
                                  const char *right, size_t right_size, struct lm_err *err);

/** Adds everything to a fresh vocabulary: ids of bytes, pairs in the order of the list, then the
 *  tokens that no pair makes. When pairs use parts that are made only later, all tokens come first,
 *  by id, and every pair is one more way to its token. LM_FORMAT: a byte has no token, or an id
 * lies out of bounds. LM_NOMEM. */
enum lm_status lm_pair_source_build(const struct lm_pair_source *source, struct lm_vocab *vocab,
                                    struct lm_err *err);

#endif
