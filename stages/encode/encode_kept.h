/**
 * Batches that are encoded, kept in frames (base/spool.h), and what was counted of them, in the
 * stage's checkpoint: so a run that was stopped only lays down again what is encoded.
 */
#ifndef LM_STAGES_ENCODE_KEPT_H
#define LM_STAGES_ENCODE_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/stage.h>
#include <lmpipe/tokens.h>

#include "base/buf.h"
#include "base/spool.h"
#include "encode_census.h"

/** An encoded document; its ids follow those of the one before. */
struct encode_item {
    size_t size, count; /**< bytes, ids */
    uint64_t id;
};

/** Zero-initialise: nothing is kept. */
struct encode_kept {
    struct lm_ctx *ctx;
    struct lm_work work; /**< folder NULL: nothing is kept */
    struct lm_spool spool;
    bool is_wide;                /**< ids take four bytes, else two */
    uint64_t batches[LM_SPLITS]; /**< that are kept */
    struct lm_buf frame;         /**< on its way */
    int32_t *ids;                /**< of the document that is given; owned */
    size_t id_capacity;
};

/** Looks for what is kept for a text of so many bytes, with a vocabulary of so many tokens. LM_IO,
 *  LM_NOMEM. */
enum lm_status encode_kept_open(struct encode_kept *out, struct lm_ctx *ctx, uint64_t bytes,
                                int64_t vocab, struct lm_err *err);
/** Takes up what a run that was stopped has encoded, *position bytes of the text, and what it had
 *  counted; nothing is touched where there is nothing of use. LM_IO, LM_NOMEM. */
enum lm_status encode_kept_load(struct encode_kept *kept, uint64_t *position,
                                struct encode_census *census, struct lm_err *err);
/** Takes a document that is kept. */
typedef enum lm_status encode_document_fn(void *user, enum lm_split split,
                                          const struct encode_item *item, const int32_t *ids,
                                          struct lm_err *err);
/** Gives every document that was taken up to `take`, in order. What `take` returns; LM_CANCELLED;
 *  LM_FORMAT: something has changed since; LM_NOMEM. */
enum lm_status encode_kept_each(struct encode_kept *kept, encode_document_fn *take, void *user,
                                struct lm_err *err);
/** Begins a batch of a split; adds documents: struct encode_item and ids (int32_t); keeps it.
 *  Nothing where nothing is kept. LM_IO: the disk is full; LM_NOMEM. */
void encode_kept_begin(struct encode_kept *kept);
void encode_kept_add(struct encode_kept *kept, const struct lm_buf *items,
                     const struct lm_buf *ids);
enum lm_status encode_kept_put(struct encode_kept *kept, enum lm_split split, struct lm_err *err);
/** A checkpoint behind `position` bytes of the text: all batches that were put, and the census,
 *  which has counted these and no others. LM_IO, LM_NOMEM. */
enum lm_status encode_kept_save(struct encode_kept *kept, uint64_t position,
                                struct encode_census *census, struct lm_err *err);
void encode_kept_release(struct encode_kept *kept);

#endif
