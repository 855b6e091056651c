/** Documents that are cleaned together, in parallel; the results lie in the order they came in. */
#ifndef LM_STAGES_CLEAN_BATCH_H
#define LM_STAGES_CLEAN_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/hash.h>
#include <lmpipe/status.h>

#include "base/buf.h"
#include "base/pool.h"
#include "clean_form.h"
#include "text/clean_rules.h"
#include "text/clean_text.h"
#include "text/text_measure.h"

/** A document before and after cleaning. */
struct clean_item {
    const struct clean_form *form; /**< of its file; borrowed */
    struct clean_piece piece;      /**< borrowed */
    struct clean_extract found;    /**< its text */
    struct lm_buf text;
    struct lm_clean_counts counts;
    struct lm_text_measure measure;
    struct lm_digest digest;
    bool is_missing;  /**< the piece has no text; `err` says what it has */
    bool is_rejected; /**< by invalid UTF-8 */
    size_t rule;      /**< the first rule that drops it, == rule_count when none does */
    enum lm_status status;
    struct lm_err err;
};

struct clean_batch {
    const struct lm_clean_options *options;
    const struct lm_rule *rules;
    size_t rule_count;
    struct clean_item *items;
    size_t count, capacity;
    size_t bytes; /**< of raw text */
};

/** Adds a piece of a file. LM_NOMEM. */
enum lm_status clean_batch_add(struct clean_batch *batch, const struct clean_form *form,
                               const struct clean_piece *piece, struct lm_err *err);
/** Finds the texts of all items, cleans and measures them; an item's status says how that went. */
void clean_batch_work(struct clean_batch *batch, struct lm_pool *pool);
/** Forgets the items, keeps the room. */
void clean_batch_clear(struct clean_batch *batch);
void clean_batch_release(struct clean_batch *batch);

#endif
