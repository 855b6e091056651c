/**
 * Results looked for while the spec that will ask for them is still being read: lm_ahead_begin →
 * lm_spec_load → lm_ahead_store → lm_plan_create → lm_ahead_release. It only saves time.
 */
#ifndef LMPIPE_AHEAD_H
#define LMPIPE_AHEAD_H

#include <lmpipe/pipeline.h>

/** A look at the results that an experiment had last, while its spec is still being read. */
struct lm_ahead;
/** Begins one, on a thread of its own, of the spec at `path` in the store at `place` (NULL: where
 * it is by default). `hold` as in lm_plan_options. It only saves time: what the plan does not find
 * looked at it looks at itself. NULL: there is little to look at, or no store yet. */
struct lm_ahead *lm_ahead_begin(const char *path, const char *place, bool hold);
/** Ends the look. The store that it has opened, when that is the one at `place`, else NULL: now the
 *  caller's, for lm_plan_create and before lm_ahead_release. `ahead` may be NULL. */
struct lm_store *lm_ahead_store(struct lm_ahead *ahead, const char *place);
void lm_ahead_release(struct lm_ahead *ahead); /**< when the plan is made; NULL is fine */

#endif
