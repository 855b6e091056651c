/** Tasks in the scores (docs/formats/scores.md): each is known by its signature, NAME.signature. */
#ifndef LM_REPORT_TASKS_H
#define LM_REPORT_TASKS_H

#include "report_objective.h"

/** A baseline that needs no model. */
struct report_floor {
    enum report_text label;
    double value;
};

enum { REPORT_FLOORS = 6 };

struct report_task {
    const char *name, *signature;
    struct report_metric metric;      /**< the headline: accuracy, bits per byte, BLEU, Spearman */
    double value, low, high;          /**< NaN: no interval */
    double group_low, group_high;     /**< over new groups; NaN: none */
    double chance, centred;           /**< NaN: of this kind there is none */
    double items, ties;               /**< NaN: not counted */
    struct report_floor best;         /**< of its floors; NaN: none */
    double over, over_low, over_high; /**< less the bigram on the same items; NaN: none */
    bool is_lower;                    /**< the lower the better */
};

/** A task's group. */
struct report_task_group {
    const char *name;
    double value, low, high;
};

/** Tasks in the order of the scores, in the arena; NULL (and *count 0) when there are none. */
const struct report_task *report_tasks_list(const struct report *report, size_t *count);
/** Groups of a task that has accuracies by group, the lowest first; NULL when there are none. */
const struct report_task_group *report_task_groups(const struct report *report,
                                                   const struct report_task *task, size_t *count);
/** All floors of a task; returns how many. */
size_t report_task_floors(struct report_floor out[REPORT_FLOORS], const struct report *report,
                          const struct report_task *task);
/** Is it shown to be better than chance and every floor: is its interval beyond them, or that of
 *  the difference on the same items? */
bool report_task_is_above(const struct report *report, const struct report_task *task);
/** What a report says first of scores that are of tasks alone: a sentence a task, the first few. */
const char *report_tasks_sentences(const struct report *report);

#endif
