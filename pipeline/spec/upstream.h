/** What lies upstream of a stage. Of two such stages the one later in the spec's order is nearer.
 */
#ifndef LM_SPEC_UPSTREAM_H
#define LM_SPEC_UPSTREAM_H

#include "spec/spec.h"

/** A walk; its memory is the arena's. */
struct lm_upstream_walk {
    const struct lm_spec *spec;
    const struct lm_taken *taken; /**< parallel to its stages: what they take; NULL: may take */
    struct lm_arena *arena;
    size_t *heap; /**< stages to visit, the largest first; some more than once */
    size_t count, capacity, last;
    bool failed; /**< out of memory: the walk has ended early */
};

/** Begins at what feeds `stage`; taken: as in the walk. */
void lm_upstream_begin(struct lm_upstream_walk *walk, const struct lm_spec *spec,
                       const struct lm_taken *taken, struct lm_arena *arena, size_t stage);
/** The next stage: the last in the spec's order of those upstream that were not visited yet;
 *  SIZE_MAX: that was all. */
size_t lm_upstream_next(struct lm_upstream_walk *walk);

/** Notes for every stage of a spec the nearest of each type, in one pass; false: out of memory. */
bool lm_upstream_bind(struct lm_spec *spec);
/** The nearest stage of a type upstream of `stage`; SIZE_MAX: there is none. */
size_t lm_upstream_nearest(const struct lm_spec *spec, size_t stage, const char *type);

#endif
