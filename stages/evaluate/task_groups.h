/** Groups of a task's items: by level, with names as scores have them. */
#ifndef LM_EVALUATE_TASK_GROUPS_H
#define LM_EVALUATE_TASK_GROUPS_H

#include <stddef.h>

#include "task/task_items.h"

/** The groups of a level. */
struct task_level {
    const char **names; /**< (count) as in scores, by the order of bytes */
    size_t count;
    size_t *of; /**< (items) which group an item is of */
};

struct task_groups {
    struct task_level levels[LM_TASK_LEVELS];
    size_t level_count;
};

/** Bytes outside [A-Za-z0-9_+-] become _: groups that differ in such alone are one. LM_INVALID: two
 *  levels with a group of one name, more than 10,000 groups, a name of more than 100 bytes;
 *  LM_NOMEM. */
enum lm_status task_groups_find(struct task_groups *out, struct lm_arena *arena,
                                const struct lm_task *task, const struct lm_task_items *items,
                                struct lm_err *err);
/** Sums of `over` and of `under` (NULL: 1 an item) by group of a level, (count) each, in the arena.
 *  LM_NOMEM. */
enum lm_status task_groups_sum(double **sums, double **weights, struct lm_arena *arena,
                               const struct task_level *level, const double *over,
                               const double *under, size_t items, struct lm_err *err);

#endif
