/** Counting the documents of a text shard with all threads of the stage. */
#ifndef LM_STAGES_BPE_COUNT_H
#define LM_STAGES_BPE_COUNT_H

#include <stdint.h>

#include <lmpipe/stage.h>
#include <lmpipe/tokenizer.h>

/** Adds every document of the shard at `path` to the trainer, which has been made for
 *  lm_ctx_threads(ctx) workers; *documents is how many. One worker reads raw lines while the others
 *  take apart and count those read before. The failure told is the first one in the file.
 * LM_FORMAT, LM_RANGE, LM_IO, LM_NOMEM, LM_CANCELLED. */
enum lm_status bpe_count_shard(struct lm_bpe_trainer *trainer, struct lm_ctx *ctx, const char *path,
                               uint64_t *documents, struct lm_err *err);

#endif
