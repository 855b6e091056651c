/** Calibration of chosen answers: is a probability of 0.7 right 7 times in 10? */
#ifndef LM_STATS_CALIBRATION_H
#define LM_STATS_CALIBRATION_H

#include <stddef.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

enum { LM_CALIBRATION_BINS = 15 };

/** Answers of about one confidence: how many, and the sums of the probability that they were given
 *  and of what of them was right. */
struct lm_calibration_bin {
    double count, confidence, correct;
};

/** Sorts `count` answers into bins of equal mass: bin b holds what is at least border b − 1 and
 *  below border b, border b being the confidence of rank (b + 1) · count / 15; equal confidences
 * stay together. LM_NOMEM. */
enum lm_status lm_calibration_cut(struct lm_calibration_bin bins[LM_CALIBRATION_BINS],
                                  const double *confidence, const double *correct, size_t count,
                                  struct lm_arena *arena, struct lm_err *err);
/** Expected calibration error: the mean over answers of |accuracy − confidence| of their bin
 *  (Naeini et al. 2015; bins of equal mass: Nixon et al. 2019). Biased upwards when bins are small.
 *  NaN of no answers. */
double lm_calibration_error(const struct lm_calibration_bin bins[LM_CALIBRATION_BINS]);

#endif
