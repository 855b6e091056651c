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

/** How far it has come: so many documents; bytes of the shards, as they lie there, that were read
 * for these. */
struct bpe_place {
    uint64_t documents, bytes;
};

/** It is time to keep what was taken up to `place`, all of which and nothing else was taken. */
typedef enum lm_status bpe_pause_fn(void *user, const struct bpe_place *place, struct lm_err *err);

/** What is done with documents. */
struct bpe_takers {
    bpe_document_fn *take;
    bpe_pause_fn *pause;
    void *user;
};

/** Gives every document of the shards from *place on to `take`, in any order; *place becomes their
 *  end. One worker reads raw lines while the others take apart those read before. It is paused when
 *  a checkpoint is due, and when it is cancelled. The failure told is the first one in the text.
 *  LM_FORMAT, LM_RANGE, LM_IO, LM_NOMEM, LM_CANCELLED, and what `take` and `pause` return. */
enum lm_status bpe_shard_each(struct lm_ctx *ctx, const struct lm_shards *shards,
                              const struct bpe_takers *takers, struct bpe_place *place,
                              struct lm_err *err);

#endif
