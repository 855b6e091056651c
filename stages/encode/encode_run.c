/* The work of the stage type encode. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <lmpipe/stage.h>
#include <lmpipe/tokenizer.h>
#include <lmpipe/tokens.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/pool.h"
#include "data/jsonl.h"

enum {
    BATCH_BYTES = 8 << 20, /* text read before it is encoded */
    TASK_BYTES = 64 << 10  /* text of one task: cut by documents, never by threads */
};

struct item {
    const uint8_t *text;
    size_t size, count; /* bytes, ids */
    uint64_t id;
};

/* A run of documents and the ids of all of them, one after the other. */
struct task {
    size_t first, end;
    struct lm_buf ids;
    enum lm_status status;
};

struct batch {
    struct lm_arena *arena; /* texts; rewound per batch */
    struct item *items;
    struct task *tasks;
    size_t item_count, item_capacity, task_count, task_capacity, bytes;
};

struct encode {
    struct lm_ctx *ctx;
    struct lm_vocab *vocab;
    struct lm_pool *pool;
    struct lm_encoder **encoders; /* one a worker of the pool */
    struct lm_tokens_writer *writer;
    struct batch batch;
    uint64_t documents[LM_SPLITS], tokens[LM_SPLITS], bytes[LM_SPLITS];
    uint64_t read, total; /* bytes of the text files, for progress */
};

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to encode; free some or use fewer threads");
}

/* Room for one more element of `size` bytes. */
static bool grow(void **items, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity)
        return true;
    size_t larger = *capacity ? *capacity * 2 : 256;
    void *moved = larger > SIZE_MAX / size ? NULL : realloc(*items, larger * size);
    if (moved == NULL)
        return false;
    *items = moved;
    *capacity = larger;
    return true;
}

/* ---- a batch: read, encode, write ---- */

static uint64_t short_id(const struct lm_digest *digest)
{
    uint64_t id = 0;
    for (size_t i = 0; i < 8; i++)
        id = id << 8 | digest->bytes[i];
    return id;
}

static enum lm_status batch_add(struct batch *batch, const struct lm_jsonl_document *document,
                                struct lm_err *err)
{
    uint8_t *text = lm_arena_alloc_array(batch->arena, document->size, 1, 1);
    void *items = batch->items;
    if (text == NULL ||
        !grow(&items, &batch->item_capacity, batch->item_count, sizeof *batch->items))
        return no_memory(err);
    batch->items = items;
    memcpy(text, document->text, document->size);
    batch->items[batch->item_count++] =
        (struct item){.text = text, .size = document->size, .id = short_id(&document->id)};
    batch->bytes += document->size;
    return LM_OK;
}

static enum lm_status batch_read(struct batch *batch, struct lm_jsonl_reader *reader, bool *is_end,
                                 struct lm_err *err)
{
    struct lm_jsonl_document document;
    while (batch->bytes < BATCH_BYTES) {
        LM_TRY(lm_jsonl_next(reader, &document, is_end, err));
        if (*is_end)
            break;
        LM_TRY(batch_add(batch, &document, err));
    }
    return LM_OK;
}

static enum lm_status batch_cut(struct batch *batch, struct lm_err *err)
{
    size_t bytes = 0;
    for (size_t i = 0, first = 0; i < batch->item_count; i++) {
        bytes += batch->items[i].size;
        if (bytes < TASK_BYTES && i + 1 < batch->item_count)
            continue;
        void *tasks = batch->tasks;
        size_t known = batch->task_capacity;
        if (!grow(&tasks, &batch->task_capacity, batch->task_count, sizeof *batch->tasks))
            return no_memory(err);
        batch->tasks = tasks;
        for (size_t k = known; k < batch->task_capacity; k++)
            lm_buf_init(&batch->tasks[k].ids, 0);
        struct task *task = &batch->tasks[batch->task_count++];
        task->first = first;
        task->end = first = i + 1;
        task->status = LM_OK;
        lm_buf_clear(&task->ids); /* its memory is kept from batch to batch */
        bytes = 0;
    }
    return LM_OK;
}

static void encode_task(void *user, size_t index, size_t worker)
{
    struct encode *encode = user;
    struct batch *batch = &encode->batch;
    struct task *task = &batch->tasks[index];
    for (size_t i = task->first; i < task->end && task->status == LM_OK; i++) {
        struct item *item = &batch->items[i];
        const int32_t *ids = NULL;
        task->status =
            lm_encode(encode->encoders[worker], item->text, item->size, &ids, &item->count, NULL);
        if (task->status == LM_OK)
            lm_buf_append(&task->ids, ids, item->count * sizeof *ids);
    }
    if (task->status == LM_OK)
        task->status = lm_buf_status(&task->ids, NULL);
}

static enum lm_status write_task(struct encode *encode, enum lm_split split,
                                 const struct task *task, struct lm_err *err)
{
    if (task->status != LM_OK)
        return no_memory(err); /* the only way to fail (lmpipe/tokenizer.h) */
    const int32_t *ids = (const int32_t *)(const void *)task->ids.data;
    for (size_t i = task->first; i < task->end; i++) {
        const struct item *item = &encode->batch.items[i];
        LM_TRY(lm_tokens_add(encode->writer, split, ids, item->count, item->id,
                             (uint32_t)item->size, err));
        ids += item->count;
        encode->documents[split]++;
        encode->tokens[split] += item->count + 1;
        encode->bytes[split] += item->size;
    }
    return LM_OK;
}

static enum lm_status batch_encode(struct encode *encode, enum lm_split split, struct lm_err *err)
{
    struct batch *batch = &encode->batch;
    LM_TRY(batch_cut(batch, err));
    lm_pool_run(encode->pool, batch->task_count, encode_task, encode);
    for (size_t i = 0; i < batch->task_count; i++)
        LM_TRY(write_task(encode, split, &batch->tasks[i], err));
    batch->item_count = batch->task_count = batch->bytes = 0;
    return LM_OK;
}

/* ---- a split ---- */

static enum lm_status encode_shard(struct encode *encode, enum lm_split split,
                                   struct lm_jsonl_reader *reader, struct lm_err *err)
{
    struct batch *batch = &encode->batch;
    struct lm_arena_mark mark = lm_arena_mark(batch->arena);
    uint64_t before = encode->read;
    for (bool is_end = false; !is_end; lm_arena_rewind(batch->arena, mark)) {
        if (lm_ctx_cancelled(encode->ctx))
            return lm_fail(err, LM_CANCELLED, "interrupted");
        LM_TRY(batch_read(batch, reader, &is_end, err));
        LM_TRY(batch_encode(encode, split, err));
        encode->read = before + lm_jsonl_offset(reader);
        lm_ctx_progress(encode->ctx, encode->read, encode->total, "bytes");
    }
    return LM_OK;
}

static enum lm_status encode_splits(struct encode *encode, char *const *shards, struct lm_err *err)
{
    for (size_t split = 0; split < LM_SPLITS; split++) {
        struct lm_jsonl_reader *reader = NULL;
        LM_TRY(lm_jsonl_open(&reader, shards[split], err));
        enum lm_status status = encode_shard(encode, (enum lm_split)split, reader, err);
        lm_jsonl_close(reader);
        if (status != LM_OK)
            return status;
    }
    return LM_OK;
}

/* ---- the stage ---- */

static enum lm_status find_shards(struct encode *encode, char *shards[LM_SPLITS],
                                  struct lm_err *err)
{
    struct lm_arena *arena = lm_ctx_arena(encode->ctx);
    for (size_t i = 0; i < LM_SPLITS; i++) {
        struct stat info;
        shards[i] = lm_arena_printf(arena, "%s/%s.jsonl", lm_ctx_input(encode->ctx, "text"),
                                    lm_split_names[i]);
        if (shards[i] == NULL)
            return no_memory(err);
        encode->total += stat(shards[i], &info) == 0 ? (uint64_t)info.st_size : 0;
    }
    return LM_OK;
}

static enum lm_status start_workers(struct encode *encode, struct lm_err *err)
{
    size_t threads = lm_ctx_threads(encode->ctx);
    encode->batch.arena = lm_arena_create();
    encode->pool = lm_pool_create(threads);
    encode->encoders = LM_NEW_ARRAY(lm_ctx_arena(encode->ctx), struct lm_encoder *, threads);
    if (encode->batch.arena == NULL || encode->pool == NULL || encode->encoders == NULL)
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

static void release(struct encode *encode)
{
    for (size_t i = 0; encode->encoders != NULL && i < lm_ctx_threads(encode->ctx); i++)
        lm_encoder_free(encode->encoders[i]);
    for (size_t i = 0; i < encode->batch.task_capacity; i++)
        lm_buf_release(&encode->batch.tasks[i].ids);
    free(encode->batch.items);
    free(encode->batch.tasks);
    lm_arena_free(encode->batch.arena);
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
    char *shards[LM_SPLITS] = {NULL};
    if (data_path == NULL || copy_path == NULL)
        return no_memory(err);
    LM_TRY(find_shards(encode, shards, err));
    LM_TRY(lm_vocab_load(&encode->vocab, vocab_path, err));
    LM_TRY(start_workers(encode, err));
    LM_TRY(start_writer(encode, vocab_path, data_path, err));
    LM_TRY(encode_splits(encode, shards, err));
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
