/** Documents that stay, at once or when all have come and those that others decide about are known.
 */
#ifndef LM_STAGES_CLEAN_SETTLE_H
#define LM_STAGES_CLEAN_SETTLE_H

#include "clean_run.h"

/** A document that stays: it is counted and goes to its side. Of `item` its line and the hashes of
 *  its lines are taken; NULL: they are to be made. LM_IO, LM_NOMEM. */
enum lm_status clean_settle(struct clean_run *run, const struct clean_waiter *waiter,
                            const struct clean_item *item, struct lm_err *err);
/** A document that waits for the others; its keys are found when they are not. LM_RANGE, LM_IO,
 *  LM_NOMEM. */
enum lm_status clean_settle_later(struct clean_run *run, struct clean_item *item,
                                  const struct clean_waiter *waiter, struct lm_err *err);
/** All have come: decides about those that wait. LM_CANCELLED, LM_IO, LM_NOMEM. */
enum lm_status clean_settle_waiting(struct clean_run *run, struct lm_err *err);

#endif
