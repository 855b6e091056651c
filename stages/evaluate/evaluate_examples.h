/** Metrics of an objective on the examples that its training held out. */
#ifndef LM_EVALUATE_EXAMPLES_H
#define LM_EVALUATE_EXAMPLES_H

#include <lmpipe/tokenizer.h>

#include "compare/item_record.h"
#include "data/example_tokens.h"
#include "data/examples.h"
#include "data/objective.h"
#include "evaluate_scores.h"
#include "evaluation.h"

/** The examples of one split, and what the model made of them; arrays by example, in the arena. */
struct example_split {
    size_t count;
    size_t *picked;     /**< (count) indices into the examples */
    double *score;      /**< classify: 1 right, 0 wrong; translate: chrF2; similar: the cosine */
    double *nll;        /**< classify: of the gold label; translate: of the reference */
    double *targets;    /**< translate: tokens behind nll */
    int32_t *predicted; /**< classify: labels */
    bool *tie;          /**< classify: another label's logit is as large */
    double *overlap, *gold;          /**< similar */
    struct lm_example_text *answers; /**< translate */
    double headline;                 /**< the metric of the headline; NaN: not defined */
};

struct evaluate_examples {
    struct lm_objective objective;
    struct lm_examples examples;
    struct lm_vocab *vocab;
    struct lm_example_tokens tokens;
    struct example_split splits[LM_SPLITS];
    int64_t majority; /**< classify: the most frequent label among those learnt from */
    int32_t *ids, *targets, *lengths; /**< (batch, length), (batch, length), (batch) */
    float *values;        /**< (batch, length), or (batch, labels), or (2·batch, width) */
    uint64_t done, total; /**< examples, for progress */
};

/** How an objective is scored. */
struct example_scorer {
    const char *headline; /**< "accuracy" */
    /** What the model makes of a split that is not empty. LM_NUMERIC, LM_CANCELLED, LM_NOMEM. */
    enum lm_status (*predict)(struct evaluation *evaluation, struct example_split *split,
                              struct lm_err *err);
    /** Puts the metrics under the scores' prefix. */
    enum lm_status (*put)(struct scores *scores, struct evaluation *evaluation,
                          struct example_split *split, struct lm_rng rng, struct lm_err *err);
    /** What of an item's record applies beside its id and score. */
    void (*record)(struct lm_item_record *out, const struct evaluation *evaluation,
                   const struct example_split *split, size_t index);
    /** Members of an item's line behind its record. */
    void (*put_item)(struct lm_json_writer *writer, const struct evaluation *evaluation,
                     const struct example_split *split, size_t index);
    /** Appends what the metrics mean. */
    void (*sign)(struct lm_buf *out, const struct evaluation *evaluation);
};

extern const struct example_scorer evaluate_classify, evaluate_translate, evaluate_similar;

/** Reads the port `examples` by the model's objective, and has the model answer what training held
 *  out. LM_INVALID: a language model, or nothing was held out; LM_MISMATCH: labels that are not the
 *  model's; errors of lm_examples_read and of the model. */
enum lm_status evaluate_examples(struct evaluation *evaluation, struct lm_err *err);
void evaluate_examples_free(struct evaluate_examples *examples); /**< NULL is fine */

/** Puts the metrics of a split, if it has examples. */
enum lm_status evaluate_examples_put(struct scores *scores, struct evaluation *evaluation,
                                     enum lm_split which, struct lm_err *err);
/** Puts the objective's name, "objective". */
void evaluate_examples_objective(struct scores *scores, const struct evaluation *evaluation);
void evaluate_examples_sign(struct lm_buf *out, const struct evaluation *evaluation);
void evaluate_examples_headline(const struct evaluation *evaluation);
/** Writes examples.json and a line an example into the folder `items`. */
enum lm_status evaluate_examples_write(struct evaluation *evaluation, struct lm_err *err);

/* Shared by the scorers (example_rows.c). */

/** Text `side` of examples [first, first + rows) of a split, behind one another in the buffers;
 *  shows progress. LM_CANCELLED. */
enum lm_status evaluate_examples_texts(struct lm_texts *out, struct evaluation *evaluation,
                                       const struct example_split *split, size_t first, size_t rows,
                                       size_t side, struct lm_err *err);
/** Counts examples as done and shows it. LM_CANCELLED. */
enum lm_status evaluate_examples_step(struct evaluation *evaluation, size_t rows,
                                      struct lm_err *err);

/** A text as a member of an item's line. */
void evaluate_examples_text_put(struct lm_json_writer *writer, const char *key,
                                const struct lm_example_text *text);

#endif
