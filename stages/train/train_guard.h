/** Steps whose loss or gradient is not finite, or too large: left out, counted, at last given up.
 */
#ifndef LM_TRAIN_GUARD_H
#define LM_TRAIN_GUARD_H

#include "train_state.h"

/**
 * After a step that failed with LM_NUMERIC and left weights and moments as they were: counts it as
 * done without update. *err holds the model's text, which becomes a note, and is cleared. Fails
 * with LM_NUMERIC, the step not counted, when max_skips steps in a row were left out before it, and
 * at once when the weights are not finite: no other batch mends them.
 */
enum lm_status train_guard_skip(struct train *train, struct lm_err *err);

/** Before an update, with max_spike: measures the gradient, and when its norm is more than
 * max_spike times the median of the last 32 updates' drops it and fails with LM_NUMERIC, as a step
 * that is not finite does. Nothing is too large before there were 32 updates. *norm: of the
 * gradient; untouched without max_spike, or when it is not finite. */
enum lm_status train_guard_spike(struct train *train, double *norm, struct lm_err *err);

/** An update was made from a gradient of that norm: a row of skipped steps is over. */
void train_guard_pass(struct train *train, double norm);

/** Of a training that stops for *err: keeps what was reached if its weights are finite; a note says
 *  when it is not kept. Returns the status of *err, which stays as it is. */
enum lm_status train_guard_stop(struct train *train, struct lm_err *err);

/** Whether `on_divergence: record`: the first step that is not finite ends the training. */
bool train_guard_records(const struct train *train);
/** Ends the training at `step`, with the weights before it, which are finite. */
void train_guard_diverge(struct train *train, uint64_t step, const struct lm_err *why);
/** After a step: when its weights are not finite, those before it come back, and the training has
 *  diverged. Nothing unless divergence is recorded. */
void train_guard_update(struct train *train);
/** LM_NUMERIC names the step and the first tensor of weights that is not finite. */
enum lm_status train_guard_weights(const struct train *train, struct lm_err *err);

/** Whether there is a result: weights are finite and some step had a finite loss. LM_NUMERIC. */
enum lm_status train_guard_result(const struct train *train, struct lm_err *err);

/** Reports skipped_steps, and in a note when there are any. */
void train_guard_report(const struct train *train);

#endif
