/** Examples as a training sees them: encoded, held out by shares, in an order that is a function
 *  of (seed, epoch). */
#ifndef LM_TRAIN_EXAMPLES_H
#define LM_TRAIN_EXAMPLES_H

#include <lmpipe/model.h>
#include <lmpipe/rng.h>
#include <lmpipe/stage.h>
#include <lmpipe/tokenizer.h>

#include "data/example_tokens.h"
#include "data/examples.h"
#include "data/objective.h"
#include "train_params.h"

struct train;

struct train_examples {
    struct lm_objective objective;   /**< what the model's folder says of it */
    struct lm_examples examples;     /**< in the arena */
    struct lm_example_tokens tokens; /**< owned */
    size_t *splits[LM_SPLITS];       /**< examples of each split, by id; in the arena */
    struct lm_rng order;
    uint64_t looks_at; /**< valid examples that are looked at */
};

/** The objective that the parameters name; labels and length are not known yet. */
struct lm_objective train_objective(const struct train_params *params);

/** Reads the port `examples` into the arena and cuts it into splits. Errors of lm_examples_read;
 *  LM_INVALID when nothing is left to learn from. */
enum lm_status train_examples_read(struct train_examples *out, struct lm_ctx *ctx,
                                   const struct train_params *params, struct lm_err *err);
/** Encodes what was read, for rows of at most `length` tokens. LM_INVALID for a vocabulary without
 *  end-of-text; errors of lm_encode. Release it also after a failure. */
enum lm_status train_examples_encode(struct train_examples *examples, const char *vocab,
                                     int64_t length, int64_t *vocab_size, struct lm_err *err);
void train_examples_release(struct train_examples *examples);

/** Says in notes how many examples are in which split, and how many are cut. */
void train_examples_report(const struct train_examples *examples, struct lm_ctx *ctx);

/** The example of row `at` of the endless sequence: each once an epoch, and a batch may go on into
 *  the next. */
size_t train_examples_at(const struct train_examples *examples, uint64_t at);
/** The example of place `at` < looks_at of a look at the valid split, spread evenly over it. */
size_t train_examples_valid(const struct train_examples *examples, uint64_t at);
/** The texts of the `count` picked examples behind one another in train->inputs, each with its
 *  `sides` 0 to sides − 1. */
struct lm_texts train_examples_texts(struct train *train, int64_t count, size_t sides);

#endif
