/** What a training learns from, and by which loss: an objective as three functions. */
#ifndef LM_TRAIN_TASK_H
#define LM_TRAIN_TASK_H

#include <stdint.h>

#include <lmpipe/status.h>

struct train;

struct train_task {
    /** Whether what was read can teach anything; valid examples that can tell nothing are left out.
     *  NULL: all can. LM_INVALID. */
    enum lm_status (*check)(struct train *train, struct lm_err *err);
    /** What rows [first, first + rows) of the endless sequence of training rows weigh in the mean
     *  loss of a step: the divisor of `accumulate`'s own mean, be it targets, examples or scores.
     */
    double (*scored)(const struct train *train, uint64_t first, int64_t rows);
    /** Adds `scale` times the gradient of the mean loss over the `batch` rows from `first` on.
     *  Errors of lm_model_accumulate. */
    enum lm_status (*accumulate)(struct train *train, uint64_t first, double scale, double *loss,
                                 struct lm_err *err);
    /** Mean loss over a fixed part of what is held out as valid. */
    enum lm_status (*valid)(struct train *train, double *loss, struct lm_err *err);
};

/** On encoded text (train_lm.c), and on examples (train_translate.c, train_classify.c,
 *  train_similar.c). */
extern const struct train_task train_lm, train_translate, train_classify, train_similar;

#endif
