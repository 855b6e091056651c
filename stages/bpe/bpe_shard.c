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
    uint64_t end; /* bytes of the shards that were read for it */
};

struct reading {
    struct lm_ctx *ctx;
    const struct lm_shards *shards;
    const struct bpe_takers *takers;
    struct lm_jsonl_reader *reader;
    struct bpe_place place;   /* up to it all is taken */
    uint64_t skip;            /* documents that were taken before */
    const struct bank *taken; /* in the last round; NULL: none */
};

static enum lm_status fill(struct reading *reading, struct bank *bank, size_t *tasks, bool *is_end,
                           struct lm_err *err)
{
    for (bank->count = 0; bank->count < BLOCKS && !*is_end; bank->count += !*is_end) {
        struct lm_jsonl_block *block = &bank->blocks[bank->count];
        *tasks = bank->count;
        LM_TRY(lm_jsonl_read_block(reading->reader, block, BLOCK_BYTES, err));
        *is_end = block->size == 0;
    }
    *tasks = bank->count;
    bank->end = lm_jsonl_offset(reading->reader);
    return LM_OK;
}

static enum lm_status read_bank(void *user, void *batch, size_t *tasks, bool *is_end,
                                struct lm_err *err)
{
    struct reading *reading = user;
    struct bank *bank = batch;
    bool is_skipping = reading->skip > 0;
    LM_TRY(fill(reading, bank, tasks, is_end, err));
    while (is_skipping) { /* wherever banks ended then */
        for (size_t i = 0; i < bank->count; i++)
            reading->skip -= lm_jsonl_block_skip(&bank->blocks[i], reading->skip);
        is_skipping = reading->skip > 0 && !*is_end;
        if (!is_skipping)
            return LM_OK;
        if (lm_ctx_cancelled(reading->ctx))
            return lm_fail(err, LM_CANCELLED, "stopped while reading; run again");
        LM_TRY(fill(reading, bank, tasks, is_end, err));
    }
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
        LM_TRY(reading->takers->take(reading->takers->user, worker, &document, err));
        bank->documents[index]++;
    }
}

static void sum_bank(struct reading *reading, const struct bank *bank)
{
    for (size_t i = 0; i < bank->count; i++)
        reading->place.documents += bank->documents[i];
    reading->place.bytes = bank->end;
}

static enum lm_status begin_round(void *user, void *batch, struct lm_err *err)
{
    struct reading *reading = user;
    const struct bpe_takers *takers = reading->takers;
    if (reading->taken != NULL)
        sum_bank(reading, reading->taken);
    reading->taken = batch;
    lm_ctx_progress(reading->ctx, reading->place.bytes, reading->shards->bytes, "bytes");
    bool is_cancelled = lm_ctx_cancelled(reading->ctx);
    if (is_cancelled || lm_ctx_checkpoint_due(reading->ctx))
        LM_TRY(takers->pause(takers->user, &reading->place, err));
    return is_cancelled ? lm_fail(err, LM_CANCELLED, "stopped while reading; run again") : LM_OK;
}

static enum lm_status read_all(struct reading *reading, struct bank *banks, struct lm_err *err)
{
    struct lm_batch_steps steps = {
        .user = reading, .read = read_bank, .work = take_block, .turn = begin_round};
    for (size_t i = 0; i < LM_BATCHES; i++)
        steps.batches[i] = &banks[i];
    LM_TRY(lm_jsonl_open_shards(&reading->reader, reading->shards->paths, reading->shards->count,
                                err));
    struct lm_pool *pool = lm_pool_create(lm_ctx_threads(reading->ctx)); /* NULL: serially */
    enum lm_status status = lm_batches_run(&steps, pool, err);
    if (status == LM_OK)
        status = begin_round(reading, NULL, err);
    lm_pool_free(pool);
    lm_jsonl_close(reading->reader);
    return status;
}

enum lm_status bpe_shard_each(struct lm_ctx *ctx, const struct lm_shards *shards,
                              const struct bpe_takers *takers, struct bpe_place *place,
                              struct lm_err *err)
{
    struct reading reading = {
        .ctx = ctx, .shards = shards, .takers = takers, .place = *place, .skip = place->documents};
    struct bank *banks = calloc(LM_BATCHES, sizeof *banks);
    if (banks == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to read text; free some");
    enum lm_status status = read_all(&reading, banks, err);
    *place = reading.place;
    for (size_t i = 0; i < LM_BATCHES; i++)
        for (size_t k = 0; k < BLOCKS; k++)
            lm_jsonl_block_release(&banks[i].blocks[k]);
    free(banks);
    return status;
}
