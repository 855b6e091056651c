/** Evaluation items in the corpus: found while documents come, cut out (corpus/leaks.h) when all
 *  have waited. */
#ifndef LM_STAGES_CLEAN_CONTAMINATION_H
#define LM_STAGES_CLEAN_CONTAMINATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/stage.h>

#include "base/json.h"
#include "clean_left.h"
#include "clean_params.h"
#include "clean_totals.h"
#include "clean_waiting.h"
#include "corpus/leaks.h"
#include "task/task_items.h"

/** A task whose items are looked for. */
struct clean_contamination_task {
    struct lm_task task;
    struct lm_task_items items;
    int64_t documents, bytes; /**< that something was cut out of; that were cut */
    struct clean_drop shown;  /**< of which the examples are used: n-grams as they stood there */
};

/** Zero-initialise. */
struct clean_contamination {
    const struct clean_decontaminate *params; /**< NULL: not asked for */
    struct lm_leaks leaks;
    struct clean_contamination_task *tasks;
    size_t task_count;
    uint8_t *marks; /**< of documents: there is something in it; owned */
    size_t count, capacity;
    struct lm_leak_words words; /**< of the document that is cut */
    struct lm_leak_cut cut;
    int64_t documents, pieces, bytes; /**< that were cut, what they became, what was taken out */
};

/** Reads tasks and items. LM_FORMAT, LM_INVALID, LM_RANGE: what is wrong with them; LM_CANCELLED,
 *  LM_IO, LM_NOMEM. */
enum lm_status clean_contamination_begin(struct clean_contamination *out,
                                         const struct clean_decontaminate *params,
                                         struct lm_ctx *ctx, struct lm_err *err);
/** Has a text something of an item? False when none are looked for. Many threads may ask, each with
 *  its own words. LM_NOMEM. */
enum lm_status clean_contamination_ask(const struct clean_contamination *own, bool *has,
                                       struct lm_leak_words *words, const void *text, size_t size,
                                       struct lm_err *err);
/** The next document that waits. LM_NOMEM. */
enum lm_status clean_contamination_add(struct clean_contamination *own, bool has,
                                       struct lm_err *err);
/** Counts n-grams in the documents that stay. LM_CANCELLED, LM_IO, LM_NOMEM. */
enum lm_status clean_contamination_count(struct clean_contamination *own,
                                         const struct clean_left *left, struct lm_ctx *ctx,
                                         struct lm_err *err);
/** What of document `index` is left: own->cut; *is_cut false: all of it. LM_NOMEM. */
enum lm_status clean_contamination_cut(struct clean_contamination *own, bool *is_cut, size_t index,
                                       const struct clean_waiter *waiter, struct lm_err *err);
/** Members of the data card; nothing when it was not asked for. LM_NOMEM. */
enum lm_status clean_contamination_put(struct lm_json_writer *writer,
                                       struct clean_contamination *own, struct lm_err *err);
void clean_contamination_release(struct clean_contamination *own);

#endif
