/** How well the softmax of a choice task's scores is calibrated. */
#ifndef LM_EVALUATE_TASK_CALIBRATION_H
#define LM_EVALUATE_TASK_CALIBRATION_H

#include <lmpipe/arena.h>

#include "stats/calibration.h"

/** By item, in an arena: the probability of the choice that was taken, and what of it was right. */
struct task_calibration {
    size_t items; /**< 0: of another kind */
    double *confidence, *correct;
    struct lm_calibration_bin bins[LM_CALIBRATION_BINS];
    double brier; /**< mean over items of the sum over choices of (p − [is the answer])² (Brier
                     1950): 0 at best, 2 at worst */
    double ece;   /**< NaN from fewer than 10 items a bin: bins so small miss by chance */
};

/** LM_NOMEM. */
enum lm_status task_calibration_open(struct task_calibration *out, struct lm_arena *arena,
                                     size_t items, struct lm_err *err);
/** Takes an item with the scores of its choices, as they are compared; share: what it counts. */
void task_calibration_item(struct task_calibration *out, size_t item, const double *scores,
                           size_t choices, size_t answer, double share);
/** Ends it: brier, bins, ece. LM_NOMEM. */
enum lm_status task_calibration_close(struct task_calibration *calibration, struct lm_arena *arena,
                                      struct lm_err *err);

#endif
