#include "bpe_shard.h"

#include <stdlib.h>

#include "base/pool.h"

enum {
    BLOCK_BYTES = 64 << 10, /* lines of one task */
    BLOCKS = 16             /* tasks of one run */
};

/* What came of a block. */
struct outcome {
    enum lm_status status;
    uint64_t documents;
    struct lm_err err;
};

/* Blocks that are filled together and taken together. */
struct bank {
    struct lm_jsonl_block blocks[BLOCKS];
    struct outcome outcomes[BLOCKS];
    size_t count;          /* blocks with lines */
    enum lm_status status; /* of reading what would follow them */
    struct lm_err err;
};

struct reading {
    bpe_document_fn *take;
    void *user;
    struct lm_jsonl_reader *reader;
    struct bank *now, *next;
};

static void read_bank(struct reading *reading, struct bank *bank)
{
    bank->count = 0;
    bank->status = LM_OK;
    while (bank->count < BLOCKS) {
        struct lm_jsonl_block *block = &bank->blocks[bank->count];
        bank->status = lm_jsonl_read_block(reading->reader, block, BLOCK_BYTES, &bank->err);
        if (bank->status != LM_OK || block->size == 0)
            return;
        bank->count++;
    }
}

static void take_block(struct reading *reading, size_t index, size_t worker)
{
    struct outcome *outcome = &reading->now->outcomes[index];
    struct lm_jsonl_document document;
    bool is_end = false;
    outcome->status = LM_OK;
    outcome->documents = 0;
    for (;;) {
        outcome->status =
            lm_jsonl_block_next(&reading->now->blocks[index], &document, &is_end, &outcome->err);
        if (outcome->status != LM_OK || is_end)
            return;
        outcome->status = reading->take(reading->user, worker, &document, &outcome->err);
        if (outcome->status != LM_OK)
            return;
        outcome->documents++;
    }
}

/* Task 0 reads the next bank, the others take this one, whose last block is the file's when it is
 * not full. */
static void run_task(void *user, size_t task, size_t worker)
{
    struct reading *reading = user;
    if (task > 0)
        take_block(reading, task - 1, worker);
    else if (reading->now->count == BLOCKS)
        read_bank(reading, reading->next);
}

static enum lm_status check_bank(const struct bank *bank, uint64_t *documents, struct lm_err *err)
{
    for (size_t i = 0; i < bank->count; i++) {
        if (bank->outcomes[i].status != LM_OK)
            return lm_fail(err, bank->outcomes[i].status, "%s", bank->outcomes[i].err.text);
        *documents += bank->outcomes[i].documents;
    }
    return bank->status == LM_OK ? LM_OK : lm_fail(err, bank->status, "%s", bank->err.text);
}

static enum lm_status take_all(struct reading *reading, struct lm_ctx *ctx, struct lm_pool *pool,
                               const struct bpe_shard *shard, uint64_t *documents,
                               struct lm_err *err)
{
    *documents = 0;
    read_bank(reading, reading->now);
    for (bool is_end = false; !is_end;) {
        lm_ctx_progress(ctx, shard->before + lm_jsonl_offset(reading->reader), shard->total,
                        "bytes");
        if (lm_ctx_cancelled(ctx))
            return lm_fail(err, LM_CANCELLED, "stopped while reading; run again");
        is_end = reading->now->count < BLOCKS; /* the file's, or reading failed */
        lm_pool_run(pool, 1 + reading->now->count, run_task, reading);
        LM_TRY(check_bank(reading->now, documents, err));
        struct bank *taken = reading->now;
        reading->now = reading->next;
        reading->next = taken;
    }
    return LM_OK;
}

static void free_bank(struct bank *bank)
{
    for (size_t i = 0; bank != NULL && i < BLOCKS; i++)
        lm_jsonl_block_release(&bank->blocks[i]);
    free(bank);
}

enum lm_status bpe_shard_each(struct lm_ctx *ctx, const struct bpe_shard *shard,
                              bpe_document_fn *take, void *user, uint64_t *documents,
                              struct lm_err *err)
{
    struct reading reading = {.take = take,
                              .user = user,
                              .now = calloc(1, sizeof *reading.now),
                              .next = calloc(1, sizeof *reading.next)};
    struct lm_pool *pool = lm_pool_create(lm_ctx_threads(ctx)); /* NULL: serially */
    enum lm_status status = LM_NOMEM;
    if (reading.now != NULL && reading.next != NULL)
        status = lm_jsonl_open(&reading.reader, shard->path, err);
    else
        lm_fail(err, LM_NOMEM, "no memory to read text; free some");
    if (status == LM_OK)
        status = take_all(&reading, ctx, pool, shard, documents, err);
    lm_jsonl_close(reading.reader);
    lm_pool_free(pool);
    free_bank(reading.now);
    free_bank(reading.next);
    return status;
}
