/**
 * The tokens of examples, and rows for a model made of them. A text stands between two
 * end-of-texts: the first is where a model begins, the last where it has seen all (the start and
 * extract tokens of Radford et al. 2018, section 3.3). What is longer than a row loses its
 * beginning.
 */
#ifndef LM_DATA_EXAMPLE_TOKENS_H
#define LM_DATA_EXAMPLE_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data/examples.h"

struct lm_example_tokens {
    int32_t *ids;  /**< of all texts, one after another; owned */
    size_t *first; /**< text `side` of example i is ids[first[2i + side] … first[2i + side + 1]);
                        (2·count + 1); owned */
    size_t count;  /**< examples */
    size_t size, capacity;
    int32_t end_of_text;
    int64_t length; /**< most tokens of a row */
};

/** Turns a text into ids, which stay until its next call: lm_encode with an encoder as `user`. */
typedef enum lm_status lm_example_encode_fn(void *user, const void *text, size_t size,
                                            const int32_t **ids, size_t *count, struct lm_err *err);

/** Encodes all examples: their prompt, and beside it b, or the first reference. Release it also
 *  after a failure. Failures of `encode`; LM_NOMEM. */
enum lm_status lm_example_tokens_init(struct lm_example_tokens *tokens,
                                      const struct lm_examples *examples, int32_t end_of_text,
                                      int64_t length, lm_example_encode_fn *encode, void *user,
                                      struct lm_err *err);
void lm_example_tokens_release(struct lm_example_tokens *tokens);

/** Tokens of text `side` (0 or 1) of an example as a row, and of both as one; at most `length`. */
int64_t lm_example_tokens_text_length(const struct lm_example_tokens *tokens, size_t example,
                                      size_t side);
int64_t lm_example_tokens_pair_length(const struct lm_example_tokens *tokens, size_t example);
/** Targets of a pair's row: the second text and end-of-text, as far as they fit. */
int64_t lm_example_tokens_scored(const struct lm_example_tokens *tokens, size_t example);
/** Examples with a row that lost its beginning: of texts alone, or of pairs. */
size_t lm_example_tokens_cut(const struct lm_example_tokens *tokens, bool by_pairs);

/** Writes the row of a text; returns its length. */
int64_t lm_example_tokens_text(const struct lm_example_tokens *tokens, size_t example, size_t side,
                               int32_t *out);
/** Writes inputs and targets of a pair: the first text, then the second, whose tokens and
 *  end-of-text alone are targets; -1 elsewhere. Returns the row's length. */
int64_t lm_example_tokens_pair(const struct lm_example_tokens *tokens, size_t example,
                               int32_t *inputs, int32_t *targets);
/** Writes end-of-text and the first text, of which the last `most` tokens; returns how many. */
int64_t lm_example_tokens_prompt(const struct lm_example_tokens *tokens, size_t example,
                                 int64_t most, int32_t *out);

#endif
