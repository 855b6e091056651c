#include "bpe_shard.h"

#include <stdlib.h>

#include "base/batches.h"

enum {
    BLOCK_BYTES = 64 << 10, /* lines of one task */
    BLOCKS = 16             /* tasks of one batch */
};

/* Blocks that are filled together and taken together, and the documents found in each. */
struct bank {
    struct lm_jsonl_block blocks[BLOCKS];
    uint64_t documents[BLOCKS];
    size_t count; /* blocks with lines */
};

struct reading {
    struct lm_ctx *ctx;
    const struct lm_shards *shards;
    bpe_document_fn *take;
    void *user;
    struct lm_jsonl_reader *reader;
    uint64_t documents;
};

static enum lm_status read_bank(void *user, void *batch, size_t *tasks, bool *is_end,
                                struct lm_err *err)
{
    struct reading *reading = user;
    struct bank *bank = batch;
    for (bank->count = 0; bank->count < BLOCKS && !*is_end; bank->count += !*is_end) {
        struct lm_jsonl_block *block = &bank->blocks[bank->count];
        *tasks = bank->count;
        LM_TRY(lm_jsonl_read_block(reading->reader, block, BLOCK_BYTES, err));
        *is_end = block->size == 0;
    }
    *tasks = bank->count;
    return LM_OK;
}

static enum lm_status take_block(void *user, void *batch, size_t index, size_t worker,
                                 struct lm_err *err)
{
    const struct reading *reading = user;
    struct bank *bank = batch;
    struct lm_jsonl_document document;
    bool is_end = false;
    bank->documents[index] = 0;
    for (;;) {
        LM_TRY(lm_jsonl_block_next(&bank->blocks[index], &document, &is_end, err));
        if (is_end)
            return LM_OK;
        LM_TRY(reading->take(reading->user, worker, &document, err));
        bank->documents[index]++;
    }
}

static enum lm_status sum_bank(void *user, void *batch, struct lm_err *err)
{
    struct reading *reading = user;
    const struct bank *bank = batch;
    (void)err;
    for (size_t i = 0; i < bank->count; i++)
        reading->documents += bank->documents[i];
    return LM_OK;
}

static enum lm_status begin_round(void *user, void *batch, struct lm_err *err)
{
    const struct reading *reading = user;
    (void)batch;
    lm_ctx_progress(reading->ctx, lm_jsonl_offset(reading->reader), reading->shards->bytes,
                    "bytes");
    return lm_ctx_cancelled(reading->ctx)
               ? lm_fail(err, LM_CANCELLED, "stopped while reading; run again")
               : LM_OK;
}

static enum lm_status read_all(struct reading *reading, struct bank *banks, struct lm_err *err)
{
    struct lm_batch_steps steps = {.user = reading,
                                   .read = read_bank,
                                   .work = take_block,
                                   .write = sum_bank,
                                   .turn = begin_round};
    for (size_t i = 0; i < LM_BATCHES; i++)
        steps.batches[i] = &banks[i];
    LM_TRY(lm_jsonl_open_shards(&reading->reader, reading->shards->paths, reading->shards->count,
                                err));
    struct lm_pool *pool = lm_pool_create(lm_ctx_threads(reading->ctx)); /* NULL: serially */
    enum lm_status status = lm_batches_run(&steps, pool, err);
    lm_pool_free(pool);
    lm_jsonl_close(reading->reader);
    return status;
}

enum lm_status bpe_shard_each(struct lm_ctx *ctx, const struct lm_shards *shards,
                              bpe_document_fn *take, void *user, uint64_t *documents,
                              struct lm_err *err)
{
    struct reading reading = {.ctx = ctx, .shards = shards, .take = take, .user = user};
    struct bank *banks = calloc(LM_BATCHES, sizeof *banks);
    if (banks == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to read text; free some");
    enum lm_status status = read_all(&reading, banks, err);
    *documents = reading.documents;
    for (size_t i = 0; i < LM_BATCHES; i++)
        for (size_t k = 0; k < BLOCKS; k++)
            lm_jsonl_block_release(&banks[i].blocks[k]);
    free(banks);
    return status;
}
