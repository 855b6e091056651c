/** The learning rate of a step. */
#ifndef LM_TRAIN_SCHEDULE_H
#define LM_TRAIN_SCHEDULE_H

#include "train_params.h"

/** Rate of step `step` (0 … steps − 1): (step + 1) / warmup of lr while warming up; then from lr
 *  down to min_lr at the last step by the schedule's name. */
double train_rate(const struct train_params *params, int64_t step);

#endif
