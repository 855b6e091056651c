/** Reading: files of the corpus one after the other, cut into pieces, batch by batch. */
#ifndef LM_STAGES_CLEAN_READ_H
#define LM_STAGES_CLEAN_READ_H

#include <lmpipe/arena.h>

#include "clean_admit.h"
#include "clean_batch.h"
#include "clean_corpus.h"
#include "clean_form.h"

/** A file that is being read; it lives until its last piece has been judged. */
struct clean_opened {
    struct clean_form form;
    struct clean_text text;
    size_t size;             /**< bytes as they came */
    int64_t marks, newlines; /**< that were evened out */
    struct lm_arena *arena;  /**< of its names; owns *this, too */
};

/** Zero-initialise, then set what is borrowed. */
struct clean_reader {
    const struct clean_corpus *corpus;
    const struct clean_documents *documents;
    const char *folder; /**< of the corpus */
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
