/**
 * What a plan will cost: time, memory, disk of every stage that is to run, and of all of them. By
 * what like executions have cost on this machine (store/costs.h), else by the type's own estimate
 * and the processor's measured peak; docs/internals/estimates.md says how. Nothing here decides
 * what a stage's result is, or whether it runs.
 */
#ifndef LM_PLAN_FORECAST_H
#define LM_PLAN_FORECAST_H

#include "store/costs.h"

struct lm_plan;

/** Where a number is from. */
enum lm_basis {
    LM_BASIS_NONE,     /**< there is none */
    LM_BASIS_GUESS,    /**< what is typical */
    LM_BASIS_COMPUTED, /**< follows from the parameters */
    LM_BASIS_RECORD    /**< scaled from a like execution on this machine */
};

struct lm_forecast {
    double seconds, busy; /**< of wall time with all threads it can have; of processor time */
    double work, read;    /**< what they are for: as in struct lm_cost */
    double said;          /**< memory without what is on record */
    uint64_t memory;
    uint64_t sizes[LM_SIZES_MAX]; /**< of its outputs, in the order of the type's */
    uint64_t disk;                /**< their sum, and of a state that it leaves */
    enum lm_basis time_from, memory_from, disk_from;
};

/** Of the stages that are selected and no hits. */
struct lm_plan_totals {
    size_t run, maybe;  /**< stages that run, that may */
    size_t timeless;    /**< without an estimate of time */
    bool guessed;       /**< some of the time is a guess */
    double seconds;     /**< the longest chain, or all processor time on all threads when that
                           is more */
    size_t threads;     /**< the budget */
    uint64_t memory;    /**< of the largest */
    uint64_t disk;      /**< of outputs, published copies, and the largest checkpoints */
    uint64_t disk_sure; /**< what of it is no guess */
    uint64_t disk_free; /**< on the store's file system; 0: not known */
};

struct lm_likes;

/** Seconds of processor time by which stages of a plan compare: the forecast, or what is typical at
 *  a typical peak where this machine's is not known; 0: nothing is known. */
double lm_forecast_weight(const struct lm_plan *plan, size_t stage);
/** Forecasts all stages of a plan whose states are known, in the order of the graph, and their
 *  totals but for the disk that is free. LM_NOMEM. */
enum lm_status lm_forecast_all(struct lm_plan *plan, size_t threads, struct lm_err *err);
/** Adds up the stages again. */
void lm_forecast_total(struct lm_plan *plan);
/** Finds out whether the plan fits on the store's disk: plan->cramped; when only a guess says that
 * it does not, a warning. LM_NOMEM. */
enum lm_status lm_plan_check_disk(struct lm_plan *plan, struct lm_err *err);

/** What a stage that has ended well has cost (`row`: threads, seconds, memory), completed with what
 *  it was and gave, for the costs of its store. `flops`: operations that it counted itself, or 0.
 *  Its record and its inputs' are known. LM_NOMEM; LM_NOT_FOUND: it would tell nothing. */
enum lm_status lm_forecast_row(struct lm_cost *row, struct lm_plan *plan, size_t stage,
                               double flops, struct lm_err *err);

#endif
