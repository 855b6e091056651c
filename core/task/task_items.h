/** The items of a task: rows made into texts, examples put before them, a sample drawn. */
#ifndef LM_TASK_TASK_ITEMS_H
#define LM_TASK_TASK_ITEMS_H

#include "task/task_data.h"

/** An item. What its kind has no use for is empty. */
struct lm_task_item {
    const char *id;
    const char **groups;     /**< (levels of the task) */
    struct lm_text context;  /**< examples before it included */
    struct lm_text *choices; /**< similarity: the two texts */
    size_t choice_count;
    int64_t answer; /**< of a choice: its place */
    double score;   /**< of a similarity: what people gave */
    struct lm_text target;
    struct lm_text *references;
    size_t reference_count;
};

struct lm_task_items {
    struct lm_task_item *items; /**< in the order of the files */
    size_t count;
    size_t read; /**< before `limit` */
};

/** Where items are read from, and who may stop it. */
struct lm_task_input {
    struct lm_task_files data, shots; /**< shots: of few_shot; none otherwise */
    bool (*is_cancelled)(void *user); /**< NULL: nobody */
    void *user;
};

/**
 * Reads the items into the arena. An item's id is its field `id`, else its row, of several files
 * "FILE:ROW". Examples of few_shot are drawn for each item by its id; `limit` keeps those whose ids
 * come first in a keyed order of the task's name: neither depends on any seed, so that all models
 * meet the same items. LM_FORMAT "FILE:LINE: field: …"; LM_INVALID: no item at all, or few_shot is
 * the file of the items (by content); LM_RANGE: more than 2^31 items, a file of more than 2 GiB;
 * LM_CANCELLED, LM_IO, LM_NOMEM.
 */
enum lm_status lm_task_items_read(struct lm_task_items *out, struct lm_arena *arena,
                                  const struct lm_task *task, const struct lm_task_input *input,
                                  struct lm_err *err);

#endif
