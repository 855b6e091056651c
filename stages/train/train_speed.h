/** How fast a training is, and how much of the machine it uses: gauges of the live line and of
 *  the run's record, never in an artifact. */
#ifndef LM_TRAIN_SPEED_H
#define LM_TRAIN_SPEED_H

#include "train_state.h"

/** Measures the machine's peak (about 50 ms) when the steps that are left will take seconds, and
 *  shows it as gauge "peak.fp32" in operations a second, or as "peak.bf16" when products are of
 *  bfloat16 and the processor has an instruction for them. Without it there is no "mfu". */
void train_speed_begin(struct train *train);

/** Shows where the training stands: "tokens" and "flops" so far, "tokens_per_second", "mfu" (useful
 *  work in percent of the peak) and, by phase, "<phase>.seconds" and "<phase>.flops". Work is
 *  counted since this process began, looks at the valid split included. */
void train_speed_show(struct train *train);

#endif
