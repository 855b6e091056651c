/** How resamples are drawn, and by which threads: what bootstrap and paired tests share. */
#ifndef LM_STATS_RESAMPLING_H
#define LM_STATS_RESAMPLING_H

#include <stdbool.h>
#include <stddef.h>

#include <lmpipe/rng.h>
#include <lmpipe/status.h>

#include "base/pool.h"

/** The resamples, their stream, who may stop it (NULL: nobody; asked by the calling thread), and
 *  who takes part (NULL: that thread alone). A resample is a function of the stream and its number,
 *  so the results have the same bits however many threads there are. */
struct lm_resampling {
    size_t resamples;
    struct lm_rng rng;
    bool (*is_cancelled)(void *user);
    void *user;
    struct lm_pool *pool;
};

/** Work on [first, end) by worker `worker`, which is below lm_pool_threads(how->pool). */
typedef void lm_span_fn(void *user, size_t first, size_t end, size_t worker);

/** Has [0, count) worked on in spans by the threads of `how`; one of the count takes as long as
 *  drawing `items` does. All spans but the last are a multiple of 8 long. LM_CANCELLED: asked
 *  before spans of the calling thread, about a hundredth of a second long; those that had not begun
 *  are left out. */
enum lm_status lm_resampling_run(const struct lm_resampling *how, size_t count, size_t items,
                                 lm_span_fn *work, void *user, struct lm_err *err);

#endif
