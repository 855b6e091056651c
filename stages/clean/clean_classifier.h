/** The quality filter (corpus/quality.h): documents that wait against examples of good text. */
#ifndef LM_STAGES_CLEAN_CLASSIFIER_H
#define LM_STAGES_CLEAN_CLASSIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/stage.h>

#include "base/json.h"
#include "base/pool.h"
#include "clean_near.h"
#include "clean_params.h"
#include "clean_waiting.h"
#include "corpus/quality.h"

enum { CLEAN_SCORES = 20 /**< rows of the histogram, of equal width */ };

/** Zero-initialise. */
struct clean_classifier {
    const struct clean_classifier_params *params; /**< NULL: not asked for */
    /** One for each half of the documents, trained on the other one: none may judge what it has
     *  learnt by heart. */
    struct lm_quality quality[2];
    float *scores;       /**< of documents; below 0: −1 − score of one that goes. Owned */
    int64_t examples[2]; /**< pieces: of the corpus, positive ones */
    int64_t documents[CLEAN_SCORES], kept[CLEAN_SCORES];
};

/** Is it asked for? */
bool clean_classifier_is_wanted(const struct clean_classifier_params *params);
/** Trains on the examples and on documents that near-duplicates leave, and decides about these.
 *  LM_FORMAT, LM_INVALID: what is wrong with the examples; LM_CANCELLED, LM_IO, LM_NOMEM. */
enum lm_status clean_classifier_judge(struct clean_classifier *own,
                                      const struct clean_waiting *waiting,
                                      const struct clean_near *near, struct lm_ctx *ctx,
                                      struct lm_pool *pool, struct lm_err *err);
/** Does document `index` go? False when it is not asked for, or not judged yet. */
bool clean_classifier_drops(const struct clean_classifier *own, size_t index);
/** The score of document `index`, which was judged. */
double clean_classifier_score(const struct clean_classifier *own, size_t index);
/** Members of the data card; nothing when it was not asked for. */
void clean_classifier_put(struct lm_json_writer *writer, const struct clean_classifier *own);
void clean_classifier_release(struct clean_classifier *own);

#endif
