/**
 * Batches in order: one is read, one is worked on, one is written, at the same time, in rounds.
 * What is read first is written first, whichever thread does it; memory is that of LM_BATCHES
 * batches. The failure that is told is the first in the order of batches and tasks, whichever
 * thread met it first.
 */
#ifndef LM_BASE_BATCHES_H
#define LM_BASE_BATCHES_H

#include <stdbool.h>
#include <stddef.h>

#include <lmpipe/status.h>

#include "base/pool.h"

enum { LM_BATCHES = 3 };

/** What is done with batches, which are the caller's and are used again and again. */
struct lm_batch_steps {
    void *user;
    void *batches[LM_BATCHES];
    /** Fills a batch: *tasks is how many there are to work on, 0 allowed; *is_end when nothing
     *  follows. After a failure the tasks that were read before it are still worked on. */
    enum lm_status (*read)(void *user, void *batch, size_t *tasks, bool *is_end,
                           struct lm_err *err);
    /** A task of a batch, by any worker of the pool; other tasks of it go on meanwhile. */
    enum lm_status (*work)(void *user, void *batch, size_t task, size_t worker, struct lm_err *err);
    /** A batch whose tasks are done; NULL when there is nothing to do. */
    enum lm_status (*write)(void *user, void *batch, struct lm_err *err);
    /** Between rounds, while nothing else goes on: progress, cancellation. `batch` is worked on
     *  next; NULL when none is. What it returns ends the run. NULL: nothing. */
    enum lm_status (*turn)(void *user, void *batch, struct lm_err *err);
};

/** Runs until all is written; pool NULL: serially. What the steps return, and LM_NOMEM. */
enum lm_status lm_batches_run(const struct lm_batch_steps *steps, struct lm_pool *pool,
                              struct lm_err *err);

#endif
