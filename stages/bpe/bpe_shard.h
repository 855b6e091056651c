/** The documents of a split, taken by all threads of the stage. */
#ifndef LM_STAGES_BPE_SHARD_H
#define LM_STAGES_BPE_SHARD_H

#include <stdint.h>

#include <lmpipe/stage.h>

#include "data/jsonl.h"
#include "data/shards.h"

/** Takes a document as worker `worker` < lm_ctx_threads(ctx), whose calls never overlap;
 *  document->line is its number in the shard, from 1 on. */
typedef enum lm_status bpe_document_fn(void *user, size_t worker,
                                       const struct lm_jsonl_document *document,
                                       struct lm_err *err);

/** Gives every document of the shards to `take`, in any order; *documents is how many. One worker
 * reads raw lines while the others take apart those read before. The failure told is the first one
 * in the text. LM_FORMAT, LM_RANGE, LM_IO, LM_NOMEM, LM_CANCELLED, and what `take` returns. */
enum lm_status bpe_shard_each(struct lm_ctx *ctx, const struct lm_shards *shards,
                              bpe_document_fn *take, void *user, uint64_t *documents,
                              struct lm_err *err);

#endif
