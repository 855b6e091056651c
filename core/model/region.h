/**
 * Regions: tasks of one kind that run in parallel, and the packing of right operands that later
 * regions multiply by. Own products take an operand packed once for all tiles that use it: packing
 * rides along as further tasks. OpenBLAS packs at every call, and nothing is to be done.
 */
#ifndef LM_MODEL_REGION_H
#define LM_MODEL_REGION_H

#include "model/right.h"

/** Whether the call is to be given up; asks options.stop. */
bool lm_pass_stopped(struct lm_pass *pass);

/** Runs fn(pass, 0 … count − 1, worker) as part of `phase` and packs `rights` (right_count of
 *  them) beside it; nothing of it once the call is stopped. Tasks are in the order of the rows that
 *  they work on: threads keep to their own ones where they can. */
void lm_region(struct lm_pass *pass, enum lm_phase phase, size_t count, lm_task_fn *fn,
               const struct lm_right *rights, size_t right_count);
/** The same for tasks that take `user`: fn(user, …), of which the first `near` are in the order of
 *  rows. */
void lm_region_of(struct lm_pass *pass, enum lm_phase phase, size_t near, size_t count,
                  lm_task_fn *fn, void *user, const struct lm_right *rights, size_t right_count);

#endif
