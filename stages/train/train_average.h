/** The exponential moving average of the weights: with `ema`, looks at the valid split and the
 * result are of it. After update t it is Σ ema^(t − i)·w_i over Σ ema^(t − i): without a bias
 * towards the first weights (Kingma & Ba 2015, section 7.2). Skipped steps do not count. */
#ifndef LM_TRAIN_AVERAGE_H
#define LM_TRAIN_AVERAGE_H

#include "train_state.h"

/** After an update: takes the new weights in. Nothing without `ema`. */
void train_average_update(struct train *train);

/** Exchanges weights and average: to be called before and after whatever wants the average. Nothing
 *  without `ema`, or before the first update, when there is no average yet. */
void train_average_swap(struct train *train);

#endif
