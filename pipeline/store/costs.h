/**
 * What stages have cost on this machine and others: a row an execution, in the file STORE/costs
 * (docs/formats/store.md), so that a plan can say what the next ones will. It only remembers: it
 * decides nothing, and one that is lost or damaged is an empty one.
 */
#ifndef LM_STORE_COSTS_H
#define LM_STORE_COSTS_H

#include <lmpipe/stage.h>

#include "store/store.h"

/** Of the rows of one type and machine the last so many are kept: those of one shape (type,
 *  variant, threads, work and shape alike) count as one, and the newest of them is it. */
enum { LM_COSTS_KEPT = 32 };

enum lm_cost_text { LM_COST_TYPE, LM_COST_VARIANT, LM_COST_HOST, LM_COST_CPU, LM_COST_TEXTS };

enum lm_cost_value {
    LM_COST_THREADS,
    LM_COST_SECONDS,     /**< wall time of the execution */
    LM_COST_CPU_SECONDS, /**< processor time */
    LM_COST_WORK,        /**< done in it, as the estimate counts (struct lm_estimate) */
    LM_COST_READ,        /**< bytes of its inputs */
    LM_COST_MEMORY,      /**< bytes at its peak */
    LM_COST_SAID,        /**< what the type's estimate said of them */
    LM_COST_SHAPE,
    LM_COST_SIZES = LM_COST_SHAPE + LM_SHAPE_MAX, /**< bytes of its outputs */
    LM_COST_VALUES = LM_COST_SIZES + LM_SIZES_MAX
};

struct lm_cost {
    const char *text[LM_COST_TEXTS]; /**< without control characters */
    double value[LM_COST_VALUES];    /**< finite, not below 0 */
};

/** Oldest first. */
struct lm_costs {
    struct lm_arena *arena; /**< of rows and texts */
    struct lm_cost *rows;
    size_t count, capacity;
};

/** Reads what a store remembers; nothing when it cannot be read. LM_NOMEM. */
enum lm_status lm_costs_load(struct lm_costs *out, struct lm_arena *arena,
                             const struct lm_store *store, struct lm_err *err);
/** Adds a row; texts are copied. False: out of memory. */
bool lm_costs_add(struct lm_costs *costs, const struct lm_cost *row);
/** Adds rows to what the file says by now, forgets what is beyond LM_COSTS_KEPT, and writes it
 *  anew. Of two writers at once one may be forgotten. Not made durable. LM_IO, LM_NOMEM. */
enum lm_status lm_costs_save(const struct lm_costs *added, const struct lm_store *store,
                             struct lm_err *err);

#endif
