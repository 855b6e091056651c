/** Runs of bytes that stood before (corpus/repeats.h), cut out of the documents that wait. */
#ifndef LM_STAGES_CLEAN_SUBSTRING_H
#define LM_STAGES_CLEAN_SUBSTRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/stage.h>

#include "base/json.h"
#include "base/pool.h"
#include "clean_params.h"
#include "clean_totals.h"
#include "clean_waiting.h"
#include "corpus/repeats.h"
#include "text/digest_set.h"

/** Zero-initialise. */
struct clean_substring {
    const struct clean_substring_params *params; /**< NULL: not asked for */
    const struct lm_clean_options *options;      /**< what is left is cleaned by; borrowed */
    size_t memory;                               /**< bytes that all may take */
    struct lm_repeats repeats;
    size_t *starts; /**< of documents in it; SIZE_MAX: it is not there. Owned */
    size_t count;
    size_t waiting, waiting_count;   /**< bytes and documents that may repeat something */
    struct lm_digest_set met;        /**< of what is short, and of what is left of others */
    struct clean_flow cut;           /**< what went of documents that stay */
    struct clean_drop shown;         /**< whose examples are used: what was cut */
    int64_t documents, spans, bytes; /**< that were cut, how often, what went */
};

/** Nothing has come yet; files come to be in `folder`. `bytes` of text will come, all in all, or
 *  0: nobody knows. LM_RANGE: `memory` is too little for them; says how much is needed. */
enum lm_status clean_substring_begin(struct clean_substring *out,
                                     const struct clean_substring_params *params,
                                     const struct lm_clean_options *options, const char *folder,
                                     size_t memory, uint64_t bytes, struct lm_err *err);
/** A document waits; `share` of the corpus has come. LM_RANGE as above, where it is known that all
 *  that waits stays. */
enum lm_status clean_substring_wait(struct clean_substring *own, size_t size, double share,
                                    bool stays, struct lm_err *err);
/** Whether a document is still there. */
typedef bool clean_has_fn(const void *user, size_t index);
/** Finds what stood before in the documents that are there. LM_RANGE: too much text; LM_CANCELLED,
 *  LM_IO, LM_NOMEM. */
enum lm_status clean_substring_find(struct clean_substring *own,
                                    const struct clean_waiting *waiting, clean_has_fn *has,
                                    const void *user, struct lm_ctx *ctx, struct lm_pool *pool,
                                    struct lm_err *err);
/** Takes out of a document that was just read, in place, what stood before; false: nothing. Many
 *  threads may call it. */
bool clean_substring_cut(const struct clean_substring *own, size_t index,
                         struct clean_waiter *waiter, struct lm_buf *room);
/** The text of a document as it was before it was cut. */
const char *clean_substring_whole(const struct clean_substring *own, size_t index);
/** Tells what was cut out of a document of `size` bytes. */
void clean_substring_tell(struct clean_substring *own, size_t index, size_t size);
/** Members of the data card; nothing when it was not asked for. */
void clean_substring_put(struct lm_json_writer *writer, const struct clean_substring *own);
void clean_substring_release(struct clean_substring *own);

#endif
