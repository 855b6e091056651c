/**
 * Scores of continuations: a text and the place from which on it counts. The whole text is encoded
 * at once, behind one end-of-text; a token counts when it ends behind the place, so that one that
 * lies across it counts as a whole. Texts of all lengths are packed behind one another into calls
 * of the model (lm_model_score_packed), those that begin alike one behind the other: their numbers
 * do not depend on what they are packed with, nor on the order.
 *
 * A text longer than the context is cut from the left. When what counts is longer than the context
 * itself it is scored in windows that move on by the stride, each token once.
 */
#ifndef LM_EVALUATE_TASK_SCORE_H
#define LM_EVALUATE_TASK_SCORE_H

#include "evaluation.h"
#include "task/row.h"

enum { TASK_PARTS = 3 };

/** A text in parts, of which the last that is not empty counts from `scored` on. */
struct task_probe {
    struct lm_text parts[TASK_PARTS];
    size_t scored;   /**< the first part that counts */
    const char *id;  /**< of the item, for messages */
    double nll;      /**< nats, of the tokens that count */
    double grams[2]; /**< the same by counts: unigram, bigram; 0 without counts */
    double share;    /**< 1/k for each token that k are as likely as, 0 when one is not the first */
    double firsts[2]; /**< the same by counts, where `is_greedy` */
    bool is_greedy;   /**< whether it is what comes first is asked of counts, too */
    uint32_t tokens;  /**< that count */
    uint32_t hits;    /**< of them: of rank 0 */
    bool straddles;   /**< the first token that counts begins before the place */
    bool is_cut;      /**< its left end was cut off */
};

struct task_scorer;

/** A scorer on `model`, made with the evaluation's batch and context; both must outlive it.
 * LM_NOMEM; LM_MISMATCH: the vocabulary beside the model is not its own. */
enum lm_status task_scorer_open(struct task_scorer **out, struct evaluation *evaluation,
                                struct lm_model *model, struct lm_err *err);
void task_scorer_close(struct task_scorer *scorer); /**< NULL is fine */
/** The model's vocabulary, and texts as ids (borrowed until the next call). */
const struct lm_vocab *task_scorer_vocab(const struct task_scorer *scorer);
struct lm_model *task_scorer_model(const struct task_scorer *scorer);
enum lm_status task_scorer_encode(struct task_scorer *scorer, const char *text, size_t size,
                                  const int32_t **ids, size_t *count, struct lm_err *err);
int32_t task_scorer_end_of_text(const struct task_scorer *scorer);

/** Scores all probes. LM_NUMERIC: a loss is not finite, with the item; LM_CANCELLED, LM_NOMEM. */
enum lm_status task_score(struct task_scorer *scorer, struct task_probe *probes, size_t count,
                          struct lm_err *err);

#endif
