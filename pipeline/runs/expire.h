/** Records of runs that have expired, and what records share and no run refers to any more. */
#ifndef LM_RUNS_EXPIRE_H
#define LM_RUNS_EXPIRE_H

#include "runs/needed.h"

/** Removes them, or only counts them (is_dry). What is younger than `grace` seconds stays. LM_IO,
 *  LM_NOMEM. */
enum lm_status lm_runs_expire(struct lm_cache_count *out, struct lm_needed *needed, double grace,
                              bool is_dry, struct lm_err *err);

#endif
