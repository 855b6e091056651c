/** The tasks of a run: a stage each, in what order they may run, and sets of them. */
#ifndef LM_EXEC_TASK_H
#define LM_EXEC_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>

#include "spec/spec.h"

enum lm_phase {
    LM_PENDING, /**< waits for stages before it */
    LM_READY,   /**< has a key and no result: waits for room */
    LM_WAITING, /**< another process produces its result */
    LM_RUNNING,
    LM_FINISHED
};

struct lm_attempt;

/** A stage in this run: identity and order. What its execution needs is its attempt's. */
struct lm_task {
    size_t index; /**< in spec->stages */
    enum lm_phase phase;
    size_t awaits;       /**< stages before it that are not finished yet */
    uint64_t patient_ns; /**< since when it waits for shorter ones; 0: it does not */
    bool replan;         /**< one of them was executed here: the key must be made again */
    size_t *dependents;
    size_t dependent_count;     /**< stages after it */
    struct lm_attempt *attempt; /**< from the lock of its key to its end; else NULL */
};

/** A set of tasks by index, walked in the order of stages. */
struct lm_task_set {
    uint64_t *words;
    size_t word_count, count;
};

/** Tasks of all stages, with their dependents; NULL: out of memory. */
struct lm_task *lm_tasks_create(struct lm_arena *arena, const struct lm_spec *spec);

/** Room for `tasks` of them; false: out of memory. */
bool lm_task_set_init(struct lm_task_set *set, struct lm_arena *arena, size_t tasks);
void lm_task_set_add(struct lm_task_set *set, size_t index);
void lm_task_set_remove(struct lm_task_set *set, size_t index);
/** The first member ≥ from, or SIZE_MAX. */
size_t lm_task_set_next(const struct lm_task_set *set, size_t from);

#endif
