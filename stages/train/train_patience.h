/** Early stopping: a training ends when `patience` looks at the valid split in a row were no
 * better, by `min_delta` at least, than the best before them (Prechelt 1998). */
#ifndef LM_TRAIN_PATIENCE_H
#define LM_TRAIN_PATIENCE_H

#include "train_state.h"

/** After a look: counts it by train->valid. */
void train_patience_look(struct train *train);

/** Whether the training is over; never with a patience of 0. */
bool train_patience_is_over(const struct train *train);

/** Reports stopped_step, when there is a patience: the last step, early or not. */
void train_patience_report(const struct train *train);

#endif
