/** The inside of a trainer that tests may use: counts without text. */
#ifndef LM_TOKENIZER_BPE_TRAIN_H
#define LM_TOKENIZER_BPE_TRAIN_H

#include <lmpipe/tokenizer.h>

/** Adds a piece of 2 bytes or more as if text had held it `times` ≥ 1 times; max_piece_bytes is not
 *  asked. LM_NOMEM, LM_IO. */
enum lm_status lm_bpe_trainer_put(struct lm_bpe_trainer *trainer, size_t worker,
                                  const uint8_t *piece, size_t size, int64_t times,
                                  struct lm_err *err);

/** Runs of counts written to files so far. */
size_t lm_bpe_trainer_runs(const struct lm_bpe_trainer *trainer);

#endif
