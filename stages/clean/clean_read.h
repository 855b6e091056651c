/** Reading: files of the corpus one after the other, cut into pieces, batch by batch. */
#ifndef LM_STAGES_CLEAN_READ_H
#define LM_STAGES_CLEAN_READ_H

#include <lmpipe/arena.h>

#include "clean_admit.h"
#include "clean_batch.h"
#include "clean_corpus.h"
#include "clean_form.h"
#include "clean_kept.h"

/** What is told of a file, whoever read it. */
struct clean_facts {
    enum lm_documents_by by; /**< never LM_BY_AUTO */
    size_t size, cut;        /**< bytes as they came; that are cut into pieces */
    int64_t marks, newlines; /**< that were evened out */
    bool is_converted;       /**< it came in another encoding */
    double replaced_share;   /**< bytes that become U+FFFD, of those that came */
    size_t bad_line;         /**< where the first of them stands */
    const char *guess;       /**< probable encoding, where a share is to be noted; else NULL */
};

/** A file that is being read, or whose documents are kept; it lives until its last piece has been
 *  judged. */
struct clean_opened {
    struct clean_form form;
    struct clean_text text;
    struct clean_facts facts;
    struct lm_digest id;    /**< by which its documents are kept */
    bool has_id;            /**< else they are not */
    bool is_kept;           /**< what comes next is kept */
    size_t taken, put;      /**< pieces that were kept; and those that are kept by now */
    bool is_put;            /**< to its end */
    struct lm_arena *arena; /**< of its names; owns *this, too */
};

/** Zero-initialise, then set what is borrowed. */
struct clean_reader {
    const struct clean_corpus *corpus;
    const struct clean_documents *documents;
    const char *folder; /**< of the corpus */
    struct clean_kept *kept;
    struct clean_reading reading;
    size_t weight;             /**< bytes of memory that a batch may take, about */
    size_t next;               /**< the file that is opened next */
    struct clean_opened *open; /**< NULL: none */
};

/** Fills a batch, which is empty. *is_end when nothing follows. LM_FORMAT: where a file is not what
 *  it should be; LM_RANGE, LM_NOT_FOUND, LM_IO, LM_NOMEM. */
enum lm_status clean_read_batch(struct clean_reader *reader, struct clean_batch *batch,
                                bool *is_end, struct lm_err *err);
void clean_opened_close(struct clean_opened *opened); /**< NULL is fine */
void clean_reader_release(struct clean_reader *reader);

#endif
