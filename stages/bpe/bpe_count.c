#include "bpe_count.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/pool.h"
#include "data/jsonl.h"

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

/* Blocks that are filled together and counted together. */
struct bank {
    struct lm_jsonl_block blocks[BLOCKS];
    struct outcome outcomes[BLOCKS];
    size_t count;          /* blocks with lines */
    enum lm_status status; /* of reading what would follow them */
    struct lm_err err;
};

struct counting {
    struct lm_bpe_trainer *trainer;
    struct lm_jsonl_reader *reader;
    struct bank *now, *next;
};

static void read_bank(struct counting *counting, struct bank *bank)
{
    bank->count = 0;
    bank->status = LM_OK;
    while (bank->count < BLOCKS) {
        struct lm_jsonl_block *block = &bank->blocks[bank->count];
        bank->status = lm_jsonl_read_block(counting->reader, block, BLOCK_BYTES, &bank->err);
        if (bank->status != LM_OK || block->size == 0)
            return;
        bank->count++;
    }
}

static void count_block(struct counting *counting, size_t index, size_t worker)
{
    struct outcome *outcome = &counting->now->outcomes[index];
    struct lm_jsonl_document document;
    bool is_end = false;
    outcome->status = LM_OK;
    outcome->documents = 0;
    for (;;) {
        outcome->status =
            lm_jsonl_block_next(&counting->now->blocks[index], &document, &is_end, &outcome->err);
        if (outcome->status != LM_OK || is_end)
            return;
        outcome->status = lm_bpe_trainer_add(counting->trainer, worker, document.text,
                                             document.size, &outcome->err);
        if (outcome->status != LM_OK)
            return;
        outcome->documents++;
    }
}

/* Task 0 reads the next bank, the others count this one, whose last block is the file's when it is
 * not full. */
static void run_task(void *user, size_t task, size_t worker)
{
    struct counting *counting = user;
    if (task > 0)
        count_block(counting, task - 1, worker);
    else if (counting->now->count == BLOCKS)
        read_bank(counting, counting->next);
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

static enum lm_status count_all(struct counting *counting, struct lm_ctx *ctx, struct lm_pool *pool,
                                uint64_t size, uint64_t *documents, struct lm_err *err)
{
    *documents = 0;
    read_bank(counting, counting->now);
    for (bool is_end = false; !is_end;) {
        lm_ctx_progress(ctx, lm_jsonl_offset(counting->reader), size, "bytes");
        if (lm_ctx_cancelled(ctx))
            return lm_fail(err, LM_CANCELLED, "stopped while reading; run again");
        is_end = counting->now->count < BLOCKS; /* the file's, or reading failed */
        lm_pool_run(pool, 1 + counting->now->count, run_task, counting);
        LM_TRY(check_bank(counting->now, documents, err));
        struct bank *counted = counting->now;
        counting->now = counting->next;
        counting->next = counted;
    }
    return LM_OK;
}

static void free_bank(struct bank *bank)
{
    for (size_t i = 0; bank != NULL && i < BLOCKS; i++)
        lm_jsonl_block_release(&bank->blocks[i]);
    free(bank);
}

enum lm_status bpe_count_shard(struct lm_bpe_trainer *trainer, struct lm_ctx *ctx, const char *path,
                               uint64_t *documents, struct lm_err *err)
{
    struct stat info;
    uint64_t size = stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
    struct counting counting = {.trainer = trainer,
                                .now = calloc(1, sizeof *counting.now),
                                .next = calloc(1, sizeof *counting.next)};
    struct lm_pool *pool = lm_pool_create(lm_ctx_threads(ctx)); /* NULL: serially */
    enum lm_status status = LM_NOMEM;
    if (counting.now != NULL && counting.next != NULL)
        status = lm_jsonl_open(&counting.reader, path, err);
    else
        lm_fail(err, LM_NOMEM, "no memory to read text; free some");
    if (status == LM_OK)
        status = count_all(&counting, ctx, pool, size, documents, err);
    lm_jsonl_close(counting.reader);
    lm_pool_free(pool);
    free_bank(counting.now);
    free_bank(counting.next);
    return status;
}
