/** A run as a baseline. */
#ifndef LM_RUNS_EXPORT_H
#define LM_RUNS_EXPORT_H

#include "compare/baseline.h"
#include "runs/recorded.h"

/** What a recorded run's stages with metrics gave, with the records of their items, which the store
 *  must still hold. *left: stages that have no result and are not in it. LM_NOT_FOUND: a result is
 *  no longer in the store, or no stage has a metric; LM_IO, LM_FORMAT, LM_NOMEM. */
enum lm_status lm_export(struct lm_baseline *out, size_t *left, struct lm_arena *arena,
                         struct lm_store *store, const struct lm_recorded *run, struct lm_err *err);

/** The records of the items of one stage that the store still holds as they were; none: *count 0.
 *  LM_FORMAT, LM_IO, LM_NOMEM. */
enum lm_status lm_export_items(const struct lm_baseline_set **out, size_t *count,
                               struct lm_arena *arena, struct lm_store *store,
                               const struct lm_recorded_stage *stage, struct lm_err *err);

#endif
