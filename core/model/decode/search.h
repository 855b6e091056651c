/** Searches for a text: beam search and contrastive search, one text at a time. */
#ifndef LM_MODEL_SEARCH_H
#define LM_MODEL_SEARCH_H

#include <lmpipe/model/generate.h>

#include "model/core.h"
#include "model/decode/candidates.h"
#include "model/decode/decoder.h"

/** A search at work: sequences of a session and room for candidates. */
struct lm_search {
    struct lm_model *model;
    const struct lm_continuation *text;
    struct lm_session *session;
    struct lm_feed *feeds;            /**< (sequences) */
    size_t sequences;                 /**< beams or candidates */
    size_t vocab;                     /**< ids that may be chosen */
    int64_t length;                   /**< tokens that a sequence holds */
    size_t longest;                   /**< tokens of prompt and continuation */
    struct lm_candidates *candidates; /**< of one sequence */
    void *scratch;
};

/** Does a method search instead of draw? */
bool lm_search_is(const struct lm_sampling *method);
/** log Σ exp of a row of logits, by the sums that scores use: less a logit it is −log p. */
double lm_search_log_sum(const struct lm_model *model, const float *logits);
/** Continues a text by its method. LM_NOMEM, LM_CANCELLED. */
enum lm_status lm_search_run(struct lm_decoder *decoder, const struct lm_continuation *text,
                             struct lm_err *err);
/** LM_CANCELLED when the model's options say so. */
enum lm_status lm_search_poll(const struct lm_search *search, struct lm_err *err);
/** Opens the candidates of a row of logits. */
struct lm_candidates *lm_search_candidates(struct lm_search *search, const float *logits);
/** What a sequence is to be fed of `tokens` (count) when it has seen all but the last `fresh`: when
 * these do not fit, it is emptied and the last half of what it holds is fed again; at first as much
 * as fits. */
struct lm_feed lm_search_feed(struct lm_search *search, int64_t sequence, const int32_t *tokens,
                              int64_t count, int64_t fresh);

/** The two of them, on a search that lm_search_run opened (beam.c, contrastive.c). */
enum lm_status lm_search_beams(struct lm_search *search, struct lm_err *err);
enum lm_status lm_search_contrastive(struct lm_search *search, struct lm_err *err);

#endif
