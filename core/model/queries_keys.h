/** What some models do to queries and keys before they meet: normalise each head, turn it by its
 *  position. */
#ifndef LM_MODEL_QUERIES_KEYS_H
#define LM_MODEL_QUERIES_KEYS_H

#include "model/core.h"

/** The cosines and sines of all positions into layout.turns. */
void lm_turns_fill(struct lm_model *model);

/** Whether anything is to be done with this model. */
bool lm_qk_is_changed(const struct lm_model *model);

/** Changes the queries and keys at the start of a row of layout.qkv that stands at `position`.
 *  `before` ((H + K)·D, NULL: not wanted) becomes what they were, `rstd` (H + K, NULL likewise)
 * what their norms found, with normalised ones. */
void lm_qk_row(const struct lm_model *model, size_t layer, float *row, size_t position,
               float *before, float *rstd);

/** From the gradient of what lm_qk_row made of a row to that of what it was, in place; dq_w and
 * dk_w (D each) += those of the norms' weights. */
void lm_qk_row_backward(const struct lm_model *model, size_t layer, float *drow, size_t position,
                        const float *before, const float *rstd, float *dq_w, float *dk_w);

#endif
