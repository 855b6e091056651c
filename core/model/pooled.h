/**
 * Heads on pooled states: what they share. One row of C numbers stands for each text; a head reads
 * these rows (layout.pooled) and, to learn, writes their gradients (layout.dpooled).
 */
#ifndef LM_MODEL_POOLED_H
#define LM_MODEL_POOLED_H

#include "model/core.h"

/** A call on texts, as tasks see it. */
struct lm_pooled_pass {
    struct lm_pass pass; /**< first: tasks of regions are handed it */
    enum lm_pooling pooling;
    double scale; /**< of the loss, for gradients */
};

/** Checks texts and copies their ids. As lm_pass_begin_packed; LM_RANGE: more texts than a batch.
 */
enum lm_status lm_pooled_begin(struct lm_pooled_pass *out, struct lm_model *model,
                               const struct lm_texts *texts, enum lm_pooling pooling, bool training,
                               struct lm_err *err);
/** layout.hf → layout.pooled. */
void lm_pooled_gather(struct lm_pooled_pass *call);
/** layout.dpooled → layout.dhf; gradients that no head on pooled states reaches start at zero. */
void lm_pooled_spread(struct lm_pooled_pass *call);

#endif
