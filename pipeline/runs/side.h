/** What `exp diff` and `exp compare` set beside one another: runs, what a spec says now, baselines;
 *  whole or one stage of them. */
#ifndef LM_RUNS_SIDE_H
#define LM_RUNS_SIDE_H

#include "compare/baseline.h"
#include "plan/plan.h"
#include "runs/history.h"

struct lm_side {
    const char *name;       /**< as typed */
    const char *label;      /**< on a page: a tag or a path as typed, else the run's id */
    struct lm_recorded run; /**< id NULL: it is no run */
    bool is_run;            /**< recorded: its results may be in the store */
    bool has_params;        /**< a baseline has none */
    const struct lm_baseline *baseline; /**< or NULL */
    size_t only; /**< place of the stage that was named; SIZE_MAX: all are meant */
};

/** NAME, or NAME:STAGE: a run (lm_history_find), or a baseline's path. In the history's arena.
 *  LM_INVALID: there is no such thing; the text names the nearest. LM_FORMAT, LM_IO, LM_NOMEM. */
enum lm_status lm_side_find(struct lm_side *out, struct lm_history *history, const char *name,
                            struct lm_err *err);
/** What a spec says now: the selected stages of its plan, with the results that are there.
 * LM_NOMEM.
 */
enum lm_status lm_side_of_plan(struct lm_side *out, struct lm_arena *arena,
                               const struct lm_plan *plan, struct lm_err *err);
/** The stage of a side that stands for one of another: that of the same id, or the one that was
 *  named. NULL: there is none. */
const struct lm_recorded_stage *lm_side_stage(const struct lm_side *side, const char *id);

#endif
