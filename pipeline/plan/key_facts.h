/** The text of a stage's key, with all that must be found out for it. */
#ifndef LM_PLAN_KEY_FACTS_H
#define LM_PLAN_KEY_FACTS_H

#include "plan/plan.h"

/** Asks the worker what it knows, once a plan, when the key of the stage says something of it.
 *  LM_NOT_FOUND, LM_IO, LM_FORMAT: as lm_probe; LM_NOMEM. */
enum lm_status lm_key_facts_ask(struct lm_plan *plan, size_t stage, struct lm_err *err);
/** Is all there that the stages need? LM_UNSUPPORTED: an optional library is not; says which
 * package to install. Else as lm_key_facts_ask. */
enum lm_status lm_key_facts_check(struct lm_plan *plan, struct lm_err *err);
/** Appends the key text of a stage; `keyed`: with inputs and verdicts, which are known, else
 * without these lines. What is needed in between goes to `arena`. Threads may write keys of several
 * stages at once when the worker was asked before (lm_key_facts_ask) and no gates are among the
 * facts. LM_IO: a file that the parameters name cannot be read; else as lm_key_facts_ask. */
enum lm_status lm_key_facts_write(struct lm_buf *out, struct lm_plan *plan, size_t stage,
                                  bool keyed, struct lm_arena *arena, struct lm_err *err);
/** Likewise the text that names the state of a stage, of the parameters that lm_stage.prefix left.
 */
enum lm_status lm_key_facts_write_prefix(struct lm_buf *out, struct lm_plan *plan, size_t stage,
                                         const void *params, const struct lm_prefix *prefix,
                                         struct lm_arena *arena, struct lm_err *err);

#endif
