/** The inside of a trainer: counts that are kept, and for tests counts without text. */
#ifndef LM_TOKENIZER_BPE_TRAIN_H
#define LM_TOKENIZER_BPE_TRAIN_H

#include <stdbool.h>

#include <lmpipe/tokenizer.h>

#include "base/spool.h"

/** Keeps what was counted since the last time as frames, and counts on; no worker may count
 *  meanwhile. LM_IO, LM_NOMEM. */
enum lm_status lm_bpe_trainer_keep(struct lm_bpe_trainer *trainer, struct lm_spool *spool,
                                   struct lm_err *err);
/** Takes up what another trainer of the same options has kept, before anything is counted;
 *  `left_out` is what that one had left out. The spool is used until the trainer is freed.
 *  *is_sound false: it is not as it was written, and nothing was taken. LM_NOMEM. */
enum lm_status lm_bpe_trainer_take_up(struct lm_bpe_trainer *trainer, bool *is_sound,
                                      struct lm_spool *spool,
                                      const struct lm_bpe_left_out *left_out, struct lm_err *err);

/** Adds a piece of 2 bytes or more as if text had held it `times` ≥ 1 times; max_piece_bytes is not
 *  asked. LM_NOMEM, LM_IO. */
enum lm_status lm_bpe_trainer_put(struct lm_bpe_trainer *trainer, size_t worker,
                                  const uint8_t *piece, size_t size, int64_t times,
                                  struct lm_err *err);

/** Runs of counts written to files so far. */
size_t lm_bpe_trainer_runs(const struct lm_bpe_trainer *trainer);

#endif
