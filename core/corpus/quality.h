/**
 * How much a text is like examples of good text: the filter of Brown et al. 2020, appendix A.
 * Logistic regression on hashed words (2^18 of them; in lower case without punctuation, as
 * corpus/leaks.h has them, each letter where a script parts none), a word's value being the square
 * root of its share, so that texts of any length have the norm 1. Trained by stochastic gradient
 * descent in one order, on texts of at most LM_QUALITY_PIECE bytes; longer ones are scored piece by
 * piece. A document is kept by chance, the more likely the higher its score: Pareto's rule, drawn
 * by the document's own digest. Results depend on the examples and their order alone.
 */
#ifndef LM_CORPUS_QUALITY_H
#define LM_CORPUS_QUALITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/hash.h>
#include <lmpipe/status.h>

#include "corpus/leaks.h"

enum {
    LM_QUALITY_BITS = 18, /**< of a word's hash */
    LM_QUALITY_EPOCHS = 10,
    LM_QUALITY_PIECE = 4096 /**< bytes of an example, at most about */
};

/** The words of one text; memory is kept from text to text. Zero-initialise. */
struct lm_quality_words {
    struct lm_leak_words words;
    uint32_t *counts; /**< of all hashes; 0 but for those of `slots` */
    uint32_t *slots;  /**< hashes that occur, in the text's order */
    size_t count, capacity;
};

/** A word of an example. */
struct lm_quality_word {
    uint32_t slot;
    float value;
};

/** Zero-initialise, then lm_quality_begin. */
struct lm_quality {
    float *weights;
    double bias;
    struct lm_quality_word *items; /**< of all examples */
    size_t item_count, item_capacity;

    struct lm_quality_example {
        size_t end; /**< of its words in items */
        bool is_positive, is_held;
    } * examples;

    size_t count, capacity;
    size_t trained[2]; /**< negative and positive examples that are trained on */
    int64_t held[2];   /**< negative and positive examples that were not trained on */
    int64_t missed[2]; /**< those of them whose score is on the other side of one half */
};

/** LM_NOMEM. */
enum lm_status lm_quality_begin(struct lm_quality *out, struct lm_err *err);
/** Takes an example; one without words counts for nothing. is_held: it is not trained on, but tells
 *  how well others are told apart. LM_NOMEM. */
enum lm_status lm_quality_add(struct lm_quality *quality, struct lm_quality_words *words,
                              const void *text, size_t size, bool is_positive, bool is_held,
                              struct lm_err *err);
/** Trains on all examples, both kinds weighing the same, and forgets them. LM_INVALID: of one kind
 * there is none to train on. */
enum lm_status lm_quality_train(struct lm_quality *quality, struct lm_err *err);
/** *score in (0, 1): the probability that a text is one of the positive ones, of a long one by the
 *  mean of its pieces' logits; one half for one without words. Many threads may ask, each with its
 * own words. LM_NOMEM. */
enum lm_status lm_quality_score(const struct lm_quality *quality, double *score,
                                struct lm_quality_words *words, const void *text, size_t size,
                                struct lm_err *err);
/** Is a document of this score kept? A draw of Pareto's distribution (Lomax, as numpy's pareto) of
 *  shape `alpha` above 1 − score: of score 1 always, of score 0 in 2^-alpha of all cases. The draw
 *  is the digest's. */
bool lm_quality_keeps(double score, double alpha, const struct lm_digest *digest);
void lm_quality_words_release(struct lm_quality_words *words);
void lm_quality_release(struct lm_quality *quality);

#endif
