/** States: what a stage of steps has in common with longer ones (lm_stage.prefix). */
#ifndef LM_PLAN_STATES_H
#define LM_PLAN_STATES_H

#include "plan/plan.h"

/** Of a stage that is keyed and no hit: which state it may begin from or leave (has_prefix, prefix,
 *  all_steps). When one is stored that brings it further than its checkpoint, whose position is
 *  `resume` (-1: none), that becomes `resume`, and the stage is LM_RUN for a reason that says so;
 *  never of a stage that is forced, all of which is executed. Errors of lm_key_facts_write. */
enum lm_status lm_plan_find_state(struct lm_plan *plan, size_t stage, struct lm_err *err);

#endif
