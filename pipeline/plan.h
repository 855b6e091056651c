/** A plan: the state of every stage, updated as upstream results become known. */
#ifndef LM_PIPELINE_PLAN_H
#define LM_PIPELINE_PLAN_H

#include "spec.h"
#include "store.h"

struct lm_plan_stage {
    bool selected, forced;
    enum lm_state state;       /**< LM_HIT, LM_RUN, LM_MAYBE, LM_RESUME before running */
    int64_t resume;            /**< LM_RESUME: position */
    const char *reason;
    bool keyed;                /**< key and key_text are known */
    struct lm_digest key;
    const char *key_text;
    struct lm_record *record;  /**< LM_HIT and finished stages */
    const struct lm_digest *last; /**< key of the last result, or NULL */
    struct lm_estimate estimate;
};
struct lm_plan {
    const struct lm_spec *spec;
    struct lm_store *store;
    struct lm_arena *arena;
    struct lm_plan_stage *stages; /**< parallel to spec->stages */
    const char *numerics_blas, *numerics_portable;
    struct lm_diags warnings;
};
/** Computes key, state and reason of a stage once all its inputs have records; else LM_MAYBE.
 *  Called by lm_plan_create for all, and by the executor whenever an upstream stage has finished. */
enum lm_status lm_plan_update(struct lm_plan *plan, size_t stage, struct lm_err *err);

#endif
