/** What a row of logits says of its target: the loss, and its gradient. */
#ifndef LM_MODEL_ROW_LOSS_H
#define LM_MODEL_ROW_LOSS_H

#include "model/core.h"

/** Looks at the logits of row `row` of the call; with pass->want_grad they become their gradient,
 *  stored as an operand. */
void lm_row_learn(const struct lm_pass *pass, float *line, size_t row);
/** Its loss in nats, once it was looked at; of a row with a target. */
double lm_row_loss(const struct lm_model *model, size_t row);

#endif
