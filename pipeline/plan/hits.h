/** Finds at once what most stages of most runs are: stages whose results are there. */
#ifndef LM_PLAN_HITS_H
#define LM_PLAN_HITS_H

#include "plan/plan.h"

/** Fills in the stages whose keys are known now and have records that the store recalls
 *  (lm_store_recall), by `threads` ≥ 1 threads; their objects are not looked at. All others stay as
 *  they are: lm_plan_update says what is to be said of them. LM_NOMEM; the errors of
 *  lm_key_facts_ask. */
enum lm_status lm_plan_find_hits(struct lm_plan *plan, size_t threads, struct lm_err *err);

#endif
