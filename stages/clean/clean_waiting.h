/** Documents that wait until all are known, because the others decide what becomes of them: in the
 *  order they came in, in a file without a name; eight bytes each stay in memory. */
#ifndef LM_STAGES_CLEAN_WAITING_H
#define LM_STAGES_CLEAN_WAITING_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/hash.h>
#include <lmpipe/status.h>

#include "base/buf.h"
#include "text/text_measure.h"

/** A cleaned document that no rule drops, and all that is still asked about it. */
struct clean_waiter {
    size_t file;               /**< its place in the corpus */
    size_t line;               /**< where its piece begins; 0: not said */
    double place;              /**< where it stands in the corpus, from 0 to 1 */
    struct lm_digest digest;   /**< of the text */
    struct lm_digest identity; /**< its side is drawn by */
    struct lm_text_measure measure;
    const char *language; /**< its most frequent one, static; "": none was told */
    uint64_t kept;        /**< which of documents.keep there was, a bit each */
    size_t size, meta_size;
    size_t whole; /**< bytes of the text before anything was cut out of it; set when it is read */
    const char *text, *meta; /**< borrowed */
};

/** Zero-initialise, then clean_waiting_begin. */
struct clean_waiting {
    const char *folder; /**< borrowed; NULL: nothing waits */
    int fd;             /**< -1: nothing is written */
    struct lm_buf out;  /**< on its way */
    uint64_t written;
    uint64_t *starts; /**< of documents, and the end */
    size_t count, capacity;
};

void clean_waiting_begin(struct clean_waiting *out, const char *folder);
/** Takes the next document. LM_IO: the disk is full or broken; LM_NOMEM. */
enum lm_status clean_waiting_put(struct clean_waiting *waiting, const struct clean_waiter *waiter,
                                 struct lm_err *err);
/** After the last one, before any is read. LM_IO. */
enum lm_status clean_waiting_end(struct clean_waiting *waiting, struct lm_err *err);
/** Document `index` again; its text and meta lie in `room`. Many threads may call it. LM_IO,
 *  LM_NOMEM. */
enum lm_status clean_waiting_read(const struct clean_waiting *waiting, size_t index,
                                  struct clean_waiter *out, struct lm_buf *room,
                                  struct lm_err *err);
/** The same without its text and meta. */
enum lm_status clean_waiting_head(const struct clean_waiting *waiting, size_t index,
                                  struct clean_waiter *out, struct lm_err *err);
void clean_waiting_release(struct clean_waiting *waiting);

#endif
