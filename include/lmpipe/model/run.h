/** What a model says of given tokens: scores, logits, states and labels of texts. */
#ifndef LMPIPE_MODEL_RUN_H
#define LMPIPE_MODEL_RUN_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/model/life.h>
#include <lmpipe/status.h>

/** What lm_model_score tells of each of the B·T positions; the caller's arrays, any may be NULL:
 *  nll (nats), entropy of the prediction (nats), rank of the target (0 = the model's first choice;
 *  ties count half, rounded down), other ids that are exactly as likely as the target, probability
 *  of the model's first choice (0 to 1). */
struct lm_scores {
    float *nll, *entropy;
    int32_t *rank, *equal;
    float *top;
};
/** Scores targets (B, T) given tokens (B, T), without dropout and without holding all logits. A
 *  target of -1 is not scored: its nll and equal are 0, its rank is -1; where neither entropy nor
 *  top is wanted it costs nothing in the head. LM_RANGE: an id or shape outside the limits. */
enum lm_status lm_model_score(struct lm_model *model, const int32_t *tokens, const int32_t *targets,
                              int64_t batch, int64_t time, const struct lm_scores *out,
                              struct lm_err *err);

/**
 * Texts of any lengths without padding, in the caller's arrays: text i is lengths[i] tokens and
 * stands behind text i − 1 in tokens and targets, all of them together at most max_batch ·
 * max_time. A text may go on from an earlier one of the call, so that a beginning which several
 * share is computed once: its tokens are then those behind that text's last, which itself may go on
 * from another. With all that it goes on from a text has at most max_time tokens.
 */
struct lm_packed_texts {
    const int32_t *tokens, *targets; /**< a target of -1 is not scored */
    const int32_t *lengths;
    const int32_t *prefixes; /**< which text each goes on from, -1: none; NULL: none does */
    size_t count;
    /* Texts that part behind a row want another target of it each: scored on the same logits. */
    const int32_t *others; /**< (rows) the first other target of a row that has one, -1: none; NULL:
                                no row has others */
    const int32_t *other_targets, *other_next; /**< (other_count) the token; the next other target
                                                    of its row, one before it, or -1 */
    size_t other_count;
};

/**
 * Scores packed texts into the arrays of `out`, row by row, and behind all rows other targets, as
 * they stand in other_targets. A row without a target costs nothing in the head and nothing is
 * written for it. With portable products (LM_NUMERICS_PORTABLE, or bfloat16) the numbers of a row
 * are the same bits whatever stands beside its text, and whether the text stands there whole or
 * goes on from others. LM_RANGE, LM_CANCELLED.
 */
enum lm_status lm_model_score_packed(struct lm_model *model, const struct lm_packed_texts *texts,
                                     const struct lm_scores *out, struct lm_err *err);
/** Logits of all positions, (B, T, V) into the caller's `logits`. */
enum lm_status lm_model_logits(struct lm_model *model, const int32_t *tokens, int64_t batch,
                               int64_t time, float *logits, struct lm_err *err);

/* ---- heads on pooled states ---- */

/** What stands for a text: the final state (behind the last layer norm) of its last token, or the
 *  mean of all its tokens' states. With LM_PRECISION_BF16 states are rounded as operands are. */
enum lm_pooling { LM_POOL_LAST, LM_POOL_MEAN, LM_POOLINGS };

/** "last", "mean", NULL: for parameter tables, by enum lm_pooling. */
extern const char *const lm_pooling_names[];
/** Pooling by name; the last token's for a name that is none. */
enum lm_pooling lm_pooling_find(const char *name);

/** Texts for a head, as many as a batch: text i is lengths[i] ids, 1 to max_time, behind those of
 *  text i − 1, without padding. The caller's. */
struct lm_texts {
    const int32_t *tokens;
    const int32_t *lengths; /**< (B) */
    int64_t count;          /**< B */
};

/** Pooled states of texts, (B, C) into `out`, without dropout: of each the same bits whatever texts
 *  stand beside it, as lm_model_score_packed's. LM_RANGE: an id or length outside its limits, more
 *  texts than options.max_batch; LM_CANCELLED. */
enum lm_status lm_model_embed(struct lm_model *model, const struct lm_texts *texts,
                              enum lm_pooling pooling, float *out, struct lm_err *err);

/** Classification head (Radford et al. 2018, section 3.2): logits (B, labels) are a linear map,
 *  score.weight (labels, C), of the last token's final state; without dropout. LM_INVALID: the
 *  model has no such head; else as lm_model_embed. */
enum lm_status lm_model_classify(struct lm_model *model, const struct lm_texts *texts,
                                 float *logits, struct lm_err *err);

#endif
