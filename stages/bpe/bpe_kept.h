/** Counts of pieces that are kept (tokenizer/bpe_train.h), and how much of the text they are of, in
 *  the stage's checkpoint: a run that was stopped counts on from there. */
#ifndef LM_STAGES_BPE_KEPT_H
#define LM_STAGES_BPE_KEPT_H

#include <lmpipe/stage.h>
#include <lmpipe/tokenizer.h>

#include "base/spool.h"
#include "bpe_shard.h"

/** Zero-initialise: nothing is kept. */
struct bpe_kept {
    struct lm_ctx *ctx;
    struct lm_work work; /**< folder NULL: nothing is kept */
    struct lm_spool spool;
    struct lm_bpe_trainer *trainer; /**< borrowed */
};

/** Takes up what a run that was stopped has counted of a text of so many bytes; *place: up to
 *  where. The trainer must go before the kept counts do. LM_IO, LM_NOMEM. */
enum lm_status bpe_kept_open(struct bpe_kept *out, struct lm_ctx *ctx,
                             struct lm_bpe_trainer *trainer, uint64_t bytes,
                             struct bpe_place *place, struct lm_err *err);
/** A checkpoint: what was counted up to `place`. Nothing where nothing is kept. LM_IO: the disk is
 *  full; LM_NOMEM. */
enum lm_status bpe_kept_save(struct bpe_kept *kept, const struct bpe_place *place,
                             struct lm_err *err);
void bpe_kept_release(struct bpe_kept *kept);

#endif
