/** Values of a task file on their way in: each reader says what it expected and what stands there.
 */
#ifndef LM_TASK_TASK_SLOT_H
#define LM_TASK_TASK_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "yaml/yaml_node.h"

enum { LM_SLOT_TEXTS = 1000 /**< of a list, at most */ };

/** A key that is being read. */
struct lm_slot {
    struct lm_diag_list *diags; /**< where findings go, and whose arena holds what is read */
    const struct lm_node *node;
    const char *field; /**< "data.columns" */
};

/** A key of a mapping. */
struct lm_slot_key {
    const char *name;
    void (*read)(const struct lm_slot *slot, void *out);
};

/** A finding at the slot. */
void lm_slot_error(const struct lm_slot *slot, const char *format, ...) LM_PRINTF(2, 3);
/** `pointer`; notes that memory ran out when it is NULL. */
void *lm_slot_keep(struct lm_diag_list *diags, void *pointer);
/** The slot of a member, and of an element of a list. */
struct lm_slot lm_slot_below(const struct lm_slot *slot, const struct lm_node *node,
                             const char *name);
struct lm_slot lm_slot_element(const struct lm_slot *slot, size_t index);
/** A text; NULL after a finding. */
const char *lm_slot_text(const struct lm_slot *slot);
/** A whole number within bounds; false after a finding. */
bool lm_slot_count(const struct lm_slot *slot, int64_t least, int64_t most, int64_t *out);
/** The place of a name in a NULL-terminated list; -1 after a finding, with the nearest name. */
int lm_slot_choice(const struct lm_slot *slot, const char *const *names);
/** A list of texts, or a single one; NULL after a finding. */
const char *const *lm_slot_texts(const struct lm_slot *slot, size_t *count, bool may_be_empty);
/** Calls the readers of a mapping's keys; an unknown key is a finding. */
void lm_slot_map(const struct lm_slot *slot, const struct lm_slot_key *keys, size_t count,
                 void *out);

#endif
