/** The executions on record that tell what a stage will cost: those of its type and variant on this
 *  machine's processor, of which the one nearest in shape counts. */
#ifndef LM_PLAN_LIKES_H
#define LM_PLAN_LIKES_H

#include "store/costs.h"

struct lm_likes {
    struct lm_costs costs; /**< all that the store remembers */
    char host[65], cpu[64];
    double peak; /**< operations a second of one thread; 0: not known */
    struct lm_likes_of *types;
    size_t type_count;
    struct lm_arena *arena;
};

/** What is asked. */
struct lm_like_query {
    const struct lm_stage *type;
    const char *variant;
    double threads, work, read;
    const double *shape; /**< LM_SHAPE_MAX */
};

/** Reads what the store remembers. LM_NOMEM. */
enum lm_status lm_likes_open(struct lm_likes **out, struct lm_arena *arena,
                             const struct lm_store *store, struct lm_err *err);
/** The nearest execution, or NULL; *far: it differs so much that it is only a hint. */
const struct lm_cost *lm_likes_find(struct lm_likes *likes, const struct lm_like_query *query,
                                    bool *far);
/** The variant of a stage as it stands in rows: the type's version and what its estimate says, in
 * `out` (64 bytes). */
const char *lm_likes_variant(char out[64], const struct lm_stage *type, const char *said);
/** Remembers the processor's peak, here and in the store, which may be one that cannot be written.
 */
void lm_likes_keep_peak(struct lm_likes *likes, const struct lm_store *store, double peak);

#endif
