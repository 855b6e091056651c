/** Training rows of one token set: an endless sequence, a permutation a function of (seed, epoch).
 */
#ifndef LM_TRAIN_SOURCE_H
#define LM_TRAIN_SOURCE_H

#include <stdbool.h>

#include <lmpipe/rng.h>
#include <lmpipe/tokens.h>

struct train_source {
    const struct lm_tokens *tokens; /**< borrowed */
    struct lm_rng order, shift;
    int64_t context;
    uint64_t count;       /**< tokens of the train split */
    uint64_t rows;        /**< of an epoch */
    uint64_t *first_rows; /**< rows before document i, (documents + 1); NULL: rows are windows */
};

/**
 * Rows are windows of the split's stream, or documents; either way each token of a document with
 * text is a target once an epoch. Windows lie one behind another on the stream, whose end is
 * followed by its beginning, from a place on that is drawn for each epoch, so that their borders
 * differ from epoch to epoch; what is left behind the last whole window is a shorter row. A
 * document begins with end-of-text as the input of its first row and goes on in as many rows as it
 * needs. Short rows are padded. Sources of one training are numbered by `index`. LM_RANGE when the
 * split is too short for a row, LM_NOMEM.
 */
enum lm_status train_source_init(struct train_source *source, const struct lm_tokens *tokens,
                                 uint64_t seed, size_t index, int64_t context, bool by_documents,
                                 struct lm_err *err);
void train_source_release(struct train_source *source);

/** Row `at` of the endless sequence: (context) inputs and their targets, -1 where there is none.
 *  `window` holds context + 1 ids. */
enum lm_status train_source_row(const struct train_source *source, uint64_t at, int32_t *inputs,
                                int32_t *targets, int32_t *window, struct lm_err *err);
/** How many targets row `at` has. */
uint64_t train_source_scored(const struct train_source *source, uint64_t at);
/** Tells the system that row `at` will be wanted. */
void train_source_prefetch(const struct train_source *source, uint64_t at);

#endif
