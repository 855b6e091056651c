/**
 * Documents that are kept once they are cleaned, in frames (base/spool.h) by the digest of their
 * file: so a run that was stopped goes on where it was, and one whose corpus has another file
 * cleans that file. What only all documents together tell is found out anew.
 */
#ifndef LM_STAGES_CLEAN_KEPT_H
#define LM_STAGES_CLEAN_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/stage.h>

#include "base/buf.h"
#include "base/spool.h"
#include "clean_batch.h"
#include "clean_form.h"

struct clean_opened;

/** Where documents of a file are kept. */
struct clean_kept_row {
    struct lm_frame frame; /**< its place: pieces of the file before them */
    size_t spool;
};

/** Zero-initialise: nothing is kept. */
struct clean_kept {
    struct lm_ctx *ctx;
    struct lm_work work; /**< folder NULL: nothing is kept */
    bool has_names;      /**< documents hold the names of source and file */
    bool has_whole;      /**< all texts of documents that go by themselves */

    struct clean_kept_spool {
        struct lm_spool spool;
        bool is_used;
    } * spools; /**< the first is the run's own; in the context's arena */

    size_t spool_count;
    struct clean_kept_row *rows; /**< sorted; owned */
    size_t row_count;
    struct lm_buf frame;    /**< on its way */
    struct clean_room room; /**< of that which was read last */
    bool is_again;          /**< a frame was damaged: this run is the second, or a later one */
    bool is_damaged;
    bool has_stood; /**< it goes on where an earlier run was stopped: */
    uint64_t stood; /**< behind so many bytes of the corpus */
    uint64_t taken; /**< documents that were not cleaned again */
};

/** Looks for what is kept for a corpus of so many bytes. LM_IO, LM_NOMEM. */
enum lm_status clean_kept_open(struct clean_kept *out, struct lm_ctx *ctx,
                               const struct clean_params *params, uint64_t bytes,
                               struct lm_err *err);
/** By what a file's documents are kept; `digest` is that of its bytes in hex. False: they are not.
 */
bool clean_kept_id(struct lm_digest *out, const struct clean_kept *kept,
                   const struct clean_form *form, const char *digest);
/** Is the beginning of a file kept? */
bool clean_kept_has(const struct clean_kept *kept, const struct lm_digest *id);
/** Adds the next kept documents of a file to a batch, the first of them with what is told of the
 *  file; *is_taken false: they are not kept, or not as they were written; *is_last: there are no
 *  more in the file. LM_NOMEM. */
enum lm_status clean_kept_take(struct clean_kept *kept, struct clean_opened *opened,
                               struct clean_batch *batch, bool *is_taken, bool *is_last,
                               struct lm_err *err);
/** The packed documents of an item that is many, borrowed until the next call. They are read by
 *  whoever needs them: what another processor has read is further away. LM_MISMATCH: the frame is
 *  not as it was written, whoever looks next does not find it, and the run is to begin anew
 *  (is_damaged); LM_IO, LM_NOMEM. */
enum lm_status clean_kept_read(struct lm_span *out, struct clean_kept *kept,
                               const struct clean_item *packed, struct lm_err *err);
/** Keeps the documents of a batch that were cleaned now. LM_IO: the disk is full; LM_NOMEM. */
enum lm_status clean_kept_put(struct clean_kept *kept, const struct clean_batch *batch,
                              struct lm_err *err);
/** A checkpoint: `position` bytes of the corpus are done. Nothing where nothing is kept. LM_IO,
 *  LM_NOMEM. */
enum lm_status clean_kept_save(struct clean_kept *kept, uint64_t position, struct lm_err *err);
/** The run has succeeded: tells what was taken, of `documents`, and leaves what is kept to others.
 *  Files of which nothing was used go, oldest first, while all are more than twice the corpus. */
void clean_kept_end(struct clean_kept *kept, uint64_t documents, uint64_t bytes);
void clean_kept_release(struct clean_kept *kept);

#endif
