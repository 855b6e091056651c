/* The work of the stage type encode. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lmpipe/stage.h>
#include <lmpipe/tokenizer.h>
#include <lmpipe/tokens.h>

#include "base/batches.h"
#include "base/buf.h"
#include "base/io.h"
#include "base/pool.h"
#include "data/jsonl.h"
#include "data/shards.h"
#include "encode_card.h"
#include "encode_kept.h"

enum {
    BATCH_BYTES = 4 << 20, /* lines read at once */
    TASK_BYTES = 64 << 10  /* lines of one task: cut by documents, never by threads */
};

/* Some lines, the documents found in them and the ids of all, one after the other. */
struct task {
    struct lm_jsonl_block lines;
    struct lm_buf items, ids;
};

struct batch {
    enum lm_split split;
    struct task *tasks;
    size_t task_count, task_capacity;
    uint64_t end; /* bytes of the text files that were read for it */
};

struct encode {
    struct lm_ctx *ctx;
    struct lm_vocab *vocab;
    struct lm_pool *pool;
    struct lm_encoder **encoders; /* one a worker of the pool */
    struct lm_tokens_writer *writer;
    struct encode_census census; /* for the tokenizer card */
    struct encode_kept kept;
    struct batch batches[LM_BATCHES];
    const struct batch *encoded; /* in the last round; NULL: none */
    struct lm_shards shards[LM_SPLITS];
    struct lm_jsonl_reader *reader; /* of the split being read; NULL before it is opened */
    enum lm_split split;            /* LM_SPLITS: all is read */
    uint64_t skip;                  /* its documents that need not be encoded again */
    uint64_t documents[LM_SPLITS], tokens[LM_SPLITS], bytes[LM_SPLITS];
    uint64_t read, done, total; /* bytes of the text files; encoded; all */
};

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to encode; free some or use fewer threads");
}

/* ---- reading: lines, not yet looked into ---- */

/* Room for one more task; the memory of tasks is kept from batch to batch. */
static struct task *add_task(struct batch *batch)
{
    if (batch->task_count == batch->task_capacity) {
        size_t larger = batch->task_capacity ? batch->task_capacity * 2 : 128;
        struct task *tasks = realloc(batch->tasks, larger * sizeof *tasks);
        if (tasks == NULL)
            return NULL;
        batch->tasks = tasks;
        for (; batch->task_capacity < larger; batch->task_capacity++) {
            struct task *task = &tasks[batch->task_capacity];
            task->lines = (struct lm_jsonl_block){0};
            lm_buf_init(&task->items, 0);
            lm_buf_init(&task->ids, 0);
        }
    }
    return &batch->tasks[batch->task_count++];
}

/* Lines up to BATCH_BYTES, or to the end of the split. */
static enum lm_status read_lines(struct encode *encode, struct batch *batch, bool *is_end,
                                 struct lm_err *err)
{
    for (size_t bytes = 0; bytes < BATCH_BYTES && !*is_end;) {
        struct task *task = add_task(batch);
        if (task == NULL)
            return no_memory(err);
        enum lm_status status = lm_jsonl_read_block(encode->reader, &task->lines, TASK_BYTES, err);
        if (status != LM_OK) {
            batch->task_count--;
            return status;
        }
        bytes += task->lines.size;
        *is_end = task->lines.size == 0;
        batch->task_count -= *is_end;
    }
    return LM_OK;
}

/* The next batch; documents before it that were encoded are passed over, wherever batches ended. */
static enum lm_status read_next(struct encode *encode, struct batch *batch, bool *is_end,
                                struct lm_err *err)
{
    bool is_skipping = encode->skip > 0;
    LM_TRY(read_lines(encode, batch, is_end, err));
    while (is_skipping) {
        for (size_t i = 0; i < batch->task_count; i++)
            encode->skip -= lm_jsonl_block_skip(&batch->tasks[i].lines, encode->skip);
        is_skipping = encode->skip > 0 && !*is_end;
        if (!is_skipping)
            return LM_OK;
        if (lm_ctx_cancelled(encode->ctx))
            return lm_fail(err, LM_CANCELLED, "interrupted");
        batch->task_count = 0;
        LM_TRY(read_lines(encode, batch, is_end, err));
    }
    return LM_OK;
}

static enum lm_status read_batch(void *user, void *data, size_t *tasks, bool *is_last,
                                 struct lm_err *err)
{
    struct encode *encode = user;
    struct batch *batch = data;
    bool is_end = false;
    batch->task_count = 0;
    if (encode->reader == NULL)
        LM_TRY(lm_jsonl_open_shards(&encode->reader, encode->shards[encode->split].paths,
                                    encode->shards[encode->split].count, err));
    uint64_t before = lm_jsonl_offset(encode->reader);
    batch->split = encode->split;
    enum lm_status status = read_next(encode, batch, &is_end, err);
    *tasks = batch->task_count;
    batch->end = encode->read += lm_jsonl_offset(encode->reader) - before;
    if (status != LM_OK || !is_end)
        return status;
    lm_jsonl_close(encode->reader);
    encode->reader = NULL;
    encode->split++;
    *is_last = encode->split == LM_SPLITS;
    return LM_OK;
}

/* ---- encoding: a task at a time, by any thread ---- */

static uint64_t short_id(const struct lm_digest *digest)
{
    uint64_t id = 0;
    for (size_t i = 0; i < 8; i++)
        id = id << 8 | digest->bytes[i];
    return id;
}

static enum lm_status encode_lines(void *user, void *data, size_t index, size_t worker,
                                   struct lm_err *err)
{
    struct encode *encode = user;
    struct task *task = &((struct batch *)data)->tasks[index];
    lm_buf_clear(&task->items);
    lm_buf_clear(&task->ids);
    for (;;) {
        struct lm_jsonl_document document;
        bool is_end = false;
        LM_TRY(lm_jsonl_block_next(&task->lines, &document, &is_end, err));
        if (is_end)
            break;
        const int32_t *ids = NULL;
        struct encode_item item = {.size = document.size, .id = short_id(&document.id)};
        LM_TRY(lm_encode(encode->encoders[worker], document.text, document.size, &ids, &item.count,
                         err));
        LM_TRY(encode_census_add(&encode->census, worker, &document, ids, item.count, err));
        lm_buf_append(&task->items, &item, sizeof item);
        lm_buf_append(&task->ids, ids, item.count * sizeof *ids);
    }
    LM_TRY(lm_buf_status(&task->items, err));
    return lm_buf_status(&task->ids, err);
}

/* ---- writing: in order ---- */

static enum lm_status write_document(void *user, enum lm_split split,
                                     const struct encode_item *item, const int32_t *ids,
                                     struct lm_err *err)
{
    struct encode *encode = user;
    LM_TRY(lm_tokens_add(encode->writer, split, ids, item->count, item->id, (uint32_t)item->size,
                         err));
    encode->documents[split]++;
    encode->tokens[split] += item->count + 1;
    encode->bytes[split] += item->size;
    return LM_OK;
}

static enum lm_status write_task(struct encode *encode, enum lm_split split,
                                 const struct task *task, struct lm_err *err)
{
    const int32_t *ids = (const int32_t *)(const void *)task->ids.data;
    const struct encode_item *items = (const struct encode_item *)(const void *)task->items.data;
    for (size_t i = 0; i < task->items.size / sizeof *items; i++) {
        LM_TRY(write_document(encode, split, &items[i], ids, err));
        ids += items[i].count;
    }
    return LM_OK;
}

static enum lm_status write_batch(void *user, void *data, struct lm_err *err)
{
    const struct batch *batch = data;
    for (size_t i = 0; i < batch->task_count; i++)
        LM_TRY(write_task(user, batch->split, &batch->tasks[i], err));
    return LM_OK;
}

/* ---- all splits ---- */

/* What was encoded and counted in the last round. */
static enum lm_status keep_encoded(struct encode *encode, struct lm_err *err)
{
    const struct batch *batch = encode->encoded;
    if (batch == NULL)
        return LM_OK;
    encode_kept_begin(&encode->kept);
    for (size_t i = 0; i < batch->task_count; i++)
        encode_kept_add(&encode->kept, &batch->tasks[i].items, &batch->tasks[i].ids);
    encode->done = batch->end;
    return encode_kept_put(&encode->kept, batch->split, err);
}

/* Tells how far it is; keeps that when it is time to, or when somebody wants it to stop. */
static enum lm_status go_on(struct encode *encode, struct lm_err *err)
{
    lm_ctx_progress(encode->ctx, encode->done, encode->total, "bytes");
    bool is_cancelled = lm_ctx_cancelled(encode->ctx);
    if (is_cancelled || lm_ctx_checkpoint_due(encode->ctx))
        LM_TRY(encode_kept_save(&encode->kept, encode->done, &encode->census, err));
    return is_cancelled ? lm_fail(err, LM_CANCELLED, "interrupted") : LM_OK;
}

static enum lm_status begin_round(void *user, void *data, struct lm_err *err)
{
    struct encode *encode = user;
    const struct batch *batch = data;
    LM_TRY(keep_encoded(encode, err));
    encode->encoded = batch;
    LM_TRY(go_on(encode, err));
    if (batch != NULL)
        encode_census_turn(&encode->census, batch->split);
    return LM_OK;
}

static enum lm_status encode_splits(struct encode *encode, struct lm_err *err)
{
    struct lm_batch_steps steps = {.user = encode,
                                   .read = read_batch,
                                   .work = encode_lines,
                                   .write = write_batch,
                                   .turn = begin_round};
    for (size_t i = 0; i < LM_BATCHES; i++)
        steps.batches[i] = &encode->batches[i];
    LM_TRY(lm_batches_run(&steps, encode->pool, err));
    encode->done = encode->total;
    return go_on(encode, err);
}

/* What is encoded is laid down again; where the rest begins. */
static enum lm_status take_up(struct encode *encode, struct lm_err *err)
{
    const uint64_t *batches = encode->kept.batches;
    LM_TRY(encode_kept_open(&encode->kept, encode->ctx, encode->total, lm_vocab_size(encode->vocab),
                            err));
    LM_TRY(encode_kept_load(&encode->kept, &encode->done, &encode->census, err));
    for (size_t i = 0; i < LM_SPLITS; i++)
        encode->split = batches[i] > 0 ? (enum lm_split)i : encode->split;
    if (batches[encode->split] == 0)
        return LM_OK;
    for (size_t i = 0; i < (size_t)encode->split; i++)
        encode->read += encode->shards[i].bytes;
    lm_ctx_doing(encode->ctx, "taking up what is encoded");
    LM_TRY(encode_kept_each(&encode->kept, write_document, encode, err));
    lm_ctx_doing(encode->ctx, "");
    encode->skip = encode->documents[encode->split];
    uint64_t documents = 0;
    for (size_t i = 0; i < LM_SPLITS; i++)
        documents += encode->documents[i];
    lm_ctx_note(encode->ctx,
                "%" PRIu64 " documents were encoded before and taken as they were kept", documents);
    return LM_OK;
}

/* ---- the stage ---- */

static enum lm_status find_shards(struct encode *encode, struct lm_err *err)
{
    for (size_t i = 0; i < LM_SPLITS; i++) {
        LM_TRY(lm_shards_find(&encode->shards[i], lm_ctx_arena(encode->ctx),
                              lm_ctx_input(encode->ctx, "text"), lm_split_names[i], err));
        encode->total += encode->shards[i].bytes;
    }
    return LM_OK;
}

static enum lm_status start_workers(struct encode *encode, struct lm_err *err)
{
    size_t threads = lm_ctx_threads(encode->ctx);
    encode->pool = lm_pool_create(threads);
    encode->encoders = LM_NEW_ARRAY(lm_ctx_arena(encode->ctx), struct lm_encoder *, threads);
    if (encode->pool == NULL)
        return lm_fail(err, LM_NOMEM,
                       "cannot start %zu threads; give fewer, or raise the limit of processes "
                       "(ulimit -u)",
                       threads);
    if (encode->encoders == NULL)
        return no_memory(err);
    for (size_t i = 0; i < threads; i++)
        if ((encode->encoders[i] = lm_encoder_create(encode->vocab)) == NULL)
            return no_memory(err);
    return LM_OK;
}

static enum lm_status start_writer(struct encode *encode, const char *vocab_path,
                                   const char *data_path, struct lm_err *err)
{
    struct lm_digest digest;
    int32_t eot = lm_vocab_end_of_text(encode->vocab);
    if (eot < 0)
        return lm_fail(err, LM_INVALID,
                       "the vocabulary has no end-of-text token; train one with a special token");
    LM_TRY(lm_sha256_file(&digest, NULL, vocab_path, err));
    return lm_tokens_create(&encode->writer, data_path, lm_vocab_size(encode->vocab), eot, &digest,
                            err);
}

static void release_batch(struct batch *batch)
{
    for (size_t i = 0; i < batch->task_capacity; i++) {
        lm_jsonl_block_release(&batch->tasks[i].lines);
        lm_buf_release(&batch->tasks[i].items);
        lm_buf_release(&batch->tasks[i].ids);
    }
    free(batch->tasks);
}

static void release(struct encode *encode)
{
    for (size_t i = 0; encode->encoders != NULL && i < lm_ctx_threads(encode->ctx); i++)
        lm_encoder_free(encode->encoders[i]);
    for (size_t i = 0; i < LM_BATCHES; i++)
        release_batch(&encode->batches[i]);
    lm_jsonl_close(encode->reader);
    encode_kept_release(&encode->kept);
    lm_pool_free(encode->pool);
    lm_tokens_abandon(encode->writer);
    lm_vocab_free(encode->vocab);
}

static void report_results(struct encode *encode)
{
    uint64_t tokens = 0, bytes = 0;
    char name[40];
    for (size_t i = 0; i < LM_SPLITS; i++) {
        const uint64_t values[] = {encode->documents[i], encode->tokens[i], encode->bytes[i]};
        static const char *const words[] = {"documents", "tokens", "bytes"};
        for (size_t k = 0; k < 3; k++) {
            snprintf(name, sizeof name, "%s.%s", lm_split_names[i], words[k]);
            lm_ctx_result(encode->ctx, name, (double)values[k]);
        }
        tokens += encode->tokens[i];
        bytes += encode->bytes[i];
    }
    double ratio = tokens > 0 ? (double)bytes / (double)tokens : 0;
    lm_ctx_result(encode->ctx, "bytes_per_token", ratio);
    lm_ctx_headline(encode->ctx, "%" PRIu64 " tokens, %.2f bytes each", tokens, ratio);
}

static enum lm_status encode_all(struct encode *encode, struct lm_err *err)
{
    struct lm_arena *arena = lm_ctx_arena(encode->ctx);
    const char *vocab_path = lm_ctx_input(encode->ctx, "vocab");
    const char *folder = lm_ctx_output(encode->ctx, "tokens");
    const char *data_path = lm_path_join(arena, folder, "data.mdb");
    const char *copy_path = lm_path_join(arena, folder, "vocab");
    if (data_path == NULL || copy_path == NULL)
        return no_memory(err);
    LM_TRY(lm_vocab_load(&encode->vocab, vocab_path, err));
    LM_TRY(find_shards(encode, err));
    LM_TRY(start_workers(encode, err));
    LM_TRY(start_writer(encode, vocab_path, data_path, err));
    LM_TRY(encode_census_begin(&encode->census, encode->ctx, encode->vocab, err));
    LM_TRY(take_up(encode, err));
    LM_TRY(encode_splits(encode, err));
    lm_ctx_doing(encode->ctx, "writing tokens");
    LM_TRY(encode_census_end(&encode->census, err));
    LM_TRY(encode_card_write(encode->ctx, &encode->census, encode->vocab, err));
    struct lm_tokens_writer *writer = encode->writer;
    encode->writer = NULL; /* finish frees it also when it fails */
    LM_TRY(lm_tokens_finish(writer, NULL, err));
    LM_TRY(lm_file_copy(copy_path, vocab_path, 0644, err));
    report_results(encode);
    return LM_OK;
}

lm_run_fn lm_run_encode;

enum lm_status lm_run_encode(struct lm_ctx *ctx, const void *params, struct lm_err *err)
{
    (void)params; /* the type has none */
    struct encode encode = {.ctx = ctx};
    enum lm_status status = encode_all(&encode, err);
    release(&encode);
    return status;
}
