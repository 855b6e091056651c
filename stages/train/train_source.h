/** Training rows of one token set: an endless sequence, a permutation a function of (seed, epoch).
 */
#ifndef LM_TRAIN_SOURCE_H
#define LM_TRAIN_SOURCE_H

#include <stdbool.h>

#include <lmpipe/rng.h>
#include <lmpipe/tokens.h>

/** Some documents of a token set's train split, one after the other. */
struct train_part {
    const char *name; /**< of a source; NULL: all of a token set, which has no name */
    uint64_t first, documents;
};

struct train_source {
    const struct lm_tokens *tokens; /**< borrowed */
    struct train_part part;
    uint64_t start; /**< its first token in the split */
    struct lm_rng order, shift;
    int64_t context;
    uint64_t count;       /**< its tokens */
    uint64_t rows;        /**< of an epoch */
    uint64_t scored;      /**< targets of an epoch */
    uint64_t *first_rows; /**< rows before its document i, (documents + 1); NULL: windows */
};

/**
 * Rows are windows of the split's stream, or documents; either way each token of a document with
 * text is a target once an epoch. Windows lie one behind another on the stream, whose end is
 * followed by its beginning, from a place on that is drawn for each epoch, so that their borders
 * differ from epoch to epoch; what is left behind the last whole window is a shorter row. A
 * document begins with end-of-text as the input of its first row and goes on in as many rows as it
 * needs. Short rows are padded. What is said of a split holds for a part of one, where one is
 * given. Streams of random numbers are named by the part's name, else by `index`: of token sets.
 * LM_RANGE when the split is too short for a row, LM_FORMAT: its documents are damaged; LM_IO,
 * LM_NOMEM.
 */
enum lm_status train_source_init(struct train_source *source, struct lm_tokens *tokens,
                                 const struct train_part *part, uint64_t seed, size_t index,
                                 int64_t context, bool by_documents, struct lm_err *err);
void train_source_release(struct train_source *source);

/** Row `at` of the endless sequence: (context) inputs and their targets, -1 where there is none.
 *  `window` holds context + 1 ids. */
enum lm_status train_source_row(const struct train_source *source, uint64_t at, int32_t *inputs,
                                int32_t *targets, int32_t *window, struct lm_err *err);
/** How many targets row `at` has. */
uint64_t train_source_scored(const struct train_source *source, uint64_t at);
/** How many targets the rows [0, rows) have. */
uint64_t train_source_scored_before(const struct train_source *source, uint64_t rows);
/** Tells the system that row `at` will be wanted. */
void train_source_prefetch(const struct train_source *source, uint64_t at);

#endif
