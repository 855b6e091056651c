/** Documents that wait, as the steps that compare all of them leave them. */
#ifndef LM_STAGES_CLEAN_LEFT_H
#define LM_STAGES_CLEAN_LEFT_H

#include <stdbool.h>
#include <stddef.h>

#include <lmpipe/status.h>

#include "clean_classifier.h"
#include "clean_near.h"
#include "clean_substring.h"
#include "clean_waiting.h"

/** All borrowed; a step that was not done yet, or is not asked for, takes nothing. */
struct clean_left {
    const struct clean_waiting *waiting;
    const struct clean_near *near;
    const struct clean_classifier *classifier;
    const struct clean_substring *substring;
};

/** Is document `index` still there? What repeats took of it is not asked. */
bool clean_left_has(const struct clean_left *left, size_t index);
/** Reads document `index`, as clean_waiting_read, without what stood before; *is_cut, or NULL: some
 *  of it did; digest, identity and measure are still those of the whole. LM_IO, LM_NOMEM. */
enum lm_status clean_left_read(const struct clean_left *left, size_t index,
                               struct clean_waiter *out, struct lm_buf *room, bool *is_cut,
                               struct lm_err *err);

#endif
