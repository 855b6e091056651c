/** The learning rate of a step. */
#ifndef LM_TRAIN_SCHEDULE_H
#define LM_TRAIN_SCHEDULE_H

#include "train_params.h"

/**
 * Rate of step s (from 0), with W = warmup, H = horizon (0: steps), D = cooldown:
 * s < W: lr·(s + 1)/W. After that, by the schedule's name:
 * constant: lr.
 * linear, cosine: from lr at W to min_lr at H − 1 (Loshchilov & Hutter 2017), min_lr beyond.
 * wsd: lr, then a line over the last D steps to min_lr at H − 1, min_lr beyond (Hu et al. 2024; the
 * line as Hägele et al. 2024).
 * inverse_sqrt: lr·√(W/(s + 1)), W being 1 at least, never below min_lr (Vaswani et al. 2017).
 */
double train_rate(const struct train_params *params, int64_t step);

#endif
