/** Gates against a baseline: decided once for each result. */
#ifndef LM_PLAN_AGAINST_H
#define LM_PLAN_AGAINST_H

#include "plan/plan.h"

struct lm_against;
struct lm_baseline;

/** Memory of the decisions of a plan, in its arena; NULL: out of memory. */
struct lm_against *lm_against_create(struct lm_arena *arena, const struct lm_spec *spec);
/** Decides gate `index`, whose stage has this record, by what the baseline's run gave: the same
 *  answer for the same record is remembered. Texts of *why live as long as the plan. LM_NOMEM. */
enum lm_status lm_against_decide(enum lm_gate_verdict *verdict, struct lm_reason *why,
                                 const struct lm_plan *plan, size_t index,
                                 const struct lm_record *record, struct lm_err *err);
/** The baseline of a spec, read once; NULL: it names none, or it cannot be read. */
const struct lm_baseline *lm_against_baseline(const struct lm_plan *plan);

#endif
