/** Scores of a task on items that the training text shares a run of tokens with, and on others. */
#ifndef LM_EVALUATE_TASK_CONTAMINATION_H
#define LM_EVALUATE_TASK_CONTAMINATION_H

#include "task_kind.h"

/** Finds which items are touched (run->touched): their text with the answer, or the first
 * reference. Nothing for tasks whose items are not scored by tokens, or when it is not asked for.
 * LM_NOMEM, LM_CANCELLED, LM_IO. */
enum lm_status task_contamination_find(struct task_run *run, struct lm_err *err);
/** Puts contamination (the share of items touched), contamination.untested (a count), and acc or
 * bpb of both parts. LM_NOMEM, LM_CANCELLED. */
enum lm_status task_contamination_put(struct scores *scores, const struct task_run *run,
                                      struct lm_err *err);

#endif
