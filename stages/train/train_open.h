/** The beginning of a training: its inputs, its model, its memory, and where it was before. */
#ifndef LM_TRAIN_OPEN_H
#define LM_TRAIN_OPEN_H

#include "train_state.h"

/** Opens all that a training needs and takes up its checkpoint. What was opened is released with
 * the training, also after a failure. Errors of the readers; LM_INVALID, LM_MISMATCH when
 * parameters and inputs do not go together; LM_RANGE, LM_NOMEM. */
enum lm_status train_open(struct train *train, struct lm_err *err);

/** Whether anything is held out to look at. */
bool train_has_valid(const struct train *train);

#endif
