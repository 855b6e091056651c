#include "bpe_census.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/pool.h"
#include "data/jsonl.h"
#include "text/text_measure.h"

enum {
    BATCH_BYTES = 8 << 20, /* text read before it is encoded */
    TASK_BYTES = 64 << 10  /* text of one task: cut by documents, never by threads */
};

struct item {
    const uint8_t *text;
    size_t size, source;
    int64_t document; /* in its split, from 1 on */
    struct lm_digest id;
};

/* What one thread has counted of the current split. */
struct worker {
    struct lm_encoder *encoder;
    int64_t *counts;           /* by id */
    struct bpe_tally *tallies; /* by source */
    struct bpe_worst worst;
    enum lm_status status;
    struct lm_err err;
};

struct counter {
    struct bpe_census *out;
    struct lm_ctx *ctx;
    const struct lm_vocab *vocab;
    size_t ids, sources; /* at least one source, known or not */
    uint8_t *is_single;  /* by id: a token of one byte */
    struct lm_pool *pool;
    struct worker *workers;
    size_t worker_count;
    enum lm_split split;
    struct lm_arena *texts; /* of the batch; rewound */
    struct item *items;
    size_t item_count, item_capacity;
    size_t *task_ends; /* items before the end of each task */
    size_t task_count, batch_bytes;
    uint64_t read, total; /* bytes of the text files, for progress */
};

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to count tokens; free some or use fewer threads");
}

void bpe_tally_add(struct bpe_tally *a, const struct bpe_tally *b)
{
    a->documents += b->documents;
    a->bytes += b->bytes;
    a->tokens += b->tokens;
    a->words += b->words;
    a->single_bytes += b->single_bytes;
}

/* ---- one document ---- */

static enum lm_status count_document(const struct counter *counter, struct worker *worker,
                                     const struct item *item)
{
    const int32_t *ids;
    size_t count;
    LM_TRY(lm_encode(worker->encoder, item->text, item->size, &ids, &count, &worker->err));
    struct bpe_tally tally = {.documents = 1,
                              .bytes = (int64_t)item->size,
                              .tokens = (int64_t)count,
                              .words = lm_text_words(item->text, item->size)};
    for (size_t i = 0; i < count; i++) {
        worker->counts[ids[i]]++;
        tally.single_bytes += counter->is_single[ids[i]];
    }
    bpe_tally_add(&worker->tallies[item->source], &tally);
    return LM_OK;
}

static enum lm_status weigh_line(const struct counter *counter, struct worker *worker,
                                 struct bpe_line *line, const uint8_t *text)
{
    const int32_t *ids;
    size_t count;
    LM_TRY(lm_encode(worker->encoder, text, (size_t)line->bytes, &ids, &count, &worker->err));
    line->tokens = (int64_t)count;
    line->hash = lm_hash64(text, (size_t)line->bytes, 0);
    if (!bpe_worst_takes(&worker->worst, line))
        return LM_OK;
    bpe_line_excerpt(line, counter->vocab, text, ids);
    bpe_worst_put(&worker->worst, line);
    return LM_OK;
}

/* Lines are encoded once more, each by itself, so that a reader can do the same. */
static enum lm_status weigh_lines(const struct counter *counter, struct worker *worker,
                                  const struct item *item)
{
    struct bpe_line line = {.split = counter->split, .document = item->document, .id = item->id};
    for (size_t at = 0; at < item->size;) {
        const uint8_t *end = memchr(item->text + at, '\n', item->size - at);
        size_t size = end != NULL ? (size_t)(end - item->text) - at : item->size - at;
        line.line++;
        line.bytes = (int64_t)size;
        if (size >= BPE_LINE_LEAST)
            LM_TRY(weigh_line(counter, worker, &line, item->text + at));
        at += size + 1;
    }
    return LM_OK;
}

/* ---- a batch ---- */

static void run_task(void *user, size_t task, size_t index)
{
    struct counter *counter = user;
    struct worker *worker = &counter->workers[index];
    size_t first = task > 0 ? counter->task_ends[task - 1] : 0;
    for (size_t i = first; i < counter->task_ends[task] && worker->status == LM_OK; i++) {
        const struct item *item = &counter->items[i];
        worker->status = count_document(counter, worker, item);
        if (worker->status == LM_OK && counter->split != LM_TRAIN)
            worker->status = weigh_lines(counter, worker, item);
    }
}

static void cut_tasks(struct counter *counter)
{
    size_t bytes = 0;
    counter->task_count = 0;
    for (size_t i = 0; i < counter->item_count; i++) {
        bytes += counter->items[i].size;
        if (bytes < TASK_BYTES && i + 1 < counter->item_count)
            continue;
        counter->task_ends[counter->task_count++] = i + 1;
        bytes = 0;
    }
}

static enum lm_status count_batch(struct counter *counter, struct lm_err *err)
{
    cut_tasks(counter);
    lm_pool_run(counter->pool, counter->task_count, run_task, counter);
    counter->item_count = counter->batch_bytes = 0;
    for (size_t i = 0; i < counter->worker_count; i++)
        if (counter->workers[i].status != LM_OK)
            return lm_fail(err, counter->workers[i].status, "%s", counter->workers[i].err.text);
    return LM_OK;
}

static enum lm_status add_item(struct counter *counter, const struct lm_jsonl_document *document,
                               size_t source, int64_t number, struct lm_err *err)
{
    if (counter->item_count == counter->item_capacity) {
        size_t capacity = counter->item_capacity ? counter->item_capacity * 2 : 256;
        struct item *items = realloc(counter->items, capacity * sizeof *items);
        counter->items = items != NULL ? items : counter->items;
        size_t *ends = realloc(counter->task_ends, capacity * sizeof *ends);
        counter->task_ends = ends != NULL ? ends : counter->task_ends;
        if (items == NULL || ends == NULL)
            return no_memory(err);
        counter->item_capacity = capacity;
    }
    uint8_t *text = lm_arena_alloc_array(counter->texts, document->size, 1, 1);
    if (text == NULL)
        return no_memory(err);
    memcpy(text, document->text, document->size);
    counter->items[counter->item_count++] = (struct item){.text = text,
                                                          .size = document->size,
                                                          .source = source,
                                                          .document = number,
                                                          .id = document->id};
    counter->batch_bytes += document->size;
    return LM_OK;
}

/* ---- a split ---- */

/* Where in a split reading is: documents so far, and those of the current source. */
struct place {
    int64_t document, of_source;
    size_t source;
};

static enum lm_status other_text(const struct counter *counter, struct lm_err *err)
{
    return lm_fail(err, LM_INVALID,
                   "sources: the data card tells of other documents in %s than the text has; "
                   "connect the card of the clean stage that wrote the text",
                   lm_split_names[counter->split]);
}

/* Moves to the next document and its source. */
static enum lm_status move_on(const struct counter *counter, struct place *place,
                              struct lm_err *err)
{
    const struct bpe_census *out = counter->out;
    place->document++;
    for (; out->source_count > 0 &&
           place->of_source == out->sources[place->source].documents[counter->split];
         place->of_source = 0)
        if (++place->source == out->source_count)
            return other_text(counter, err);
    place->of_source++;
    return LM_OK;
}

static enum lm_status check_end(const struct counter *counter, const struct place *place,
                                struct lm_err *err)
{
    int64_t documents = 0;
    for (size_t i = 0; i < counter->out->source_count; i++)
        documents += counter->out->sources[i].documents[counter->split];
    return counter->out->source_count == 0 || documents == place->document
               ? LM_OK
               : other_text(counter, err);
}

static enum lm_status read_batch(struct counter *counter, struct lm_jsonl_reader *reader,
                                 struct place *place, bool *is_end, struct lm_err *err)
{
    struct lm_jsonl_document document;
    while (counter->batch_bytes < BATCH_BYTES) {
        LM_TRY(lm_jsonl_next(reader, &document, is_end, err));
        if (*is_end)
            return check_end(counter, place, err);
        LM_TRY(move_on(counter, place, err));
        LM_TRY(add_item(counter, &document, place->source, place->document, err));
    }
    return LM_OK;
}

static enum lm_status count_documents(struct counter *counter, struct lm_jsonl_reader *reader,
                                      struct lm_err *err)
{
    struct lm_arena_mark mark = lm_arena_mark(counter->texts);
    struct place place = {0, 0, 0};
    for (bool is_end = false; !is_end; lm_arena_rewind(counter->texts, mark)) {
        if (lm_ctx_cancelled(counter->ctx))
            return lm_fail(err, LM_CANCELLED, "stopped while counting tokens; run again");
        LM_TRY(read_batch(counter, reader, &place, &is_end, err));
        LM_TRY(count_batch(counter, err));
        lm_ctx_progress(counter->ctx, counter->read + lm_jsonl_offset(reader), counter->total,
                        "bytes");
    }
    counter->read += lm_jsonl_offset(reader);
    return LM_OK;
}

/* Sums what the workers have counted of the split, and clears it. */
static void gather(struct counter *counter)
{
    struct bpe_census *out = counter->out;
    for (size_t i = 0; i < counter->worker_count; i++) {
        struct worker *worker = &counter->workers[i];
        for (size_t id = 0; id < counter->ids; id++)
            out->counts[counter->split][id] += worker->counts[id];
        memset(worker->counts, 0, counter->ids * sizeof *worker->counts);
        for (size_t k = 0; k < counter->sources; k++) {
            bpe_tally_add(&out->splits[counter->split], &worker->tallies[k]);
            if (k < out->source_count)
                bpe_tally_add(&out->tallies[k], &worker->tallies[k]);
            worker->tallies[k] = (struct bpe_tally){0};
        }
        for (size_t k = 0; k < worker->worst.count; k++)
            bpe_worst_put(&out->worst, &worker->worst.lines[k]);
        worker->worst.count = 0;
    }
}

/* ---- all ---- */

static enum lm_status prepare_workers(struct counter *counter, struct lm_err *err)
{
    struct lm_arena *arena = lm_ctx_arena(counter->ctx);
    counter->worker_count = lm_ctx_threads(counter->ctx);
    counter->workers = LM_NEW_ARRAY(arena, struct worker, counter->worker_count);
    counter->pool = lm_pool_create(counter->worker_count);
    counter->texts = lm_arena_create();
    if (counter->workers == NULL || counter->pool == NULL || counter->texts == NULL)
        return no_memory(err);
    for (size_t i = 0; i < counter->worker_count; i++) {
        struct worker *worker = &counter->workers[i];
        worker->encoder = lm_encoder_create(counter->vocab);
        worker->counts = LM_NEW_ARRAY(arena, int64_t, counter->ids);
        worker->tallies = LM_NEW_ARRAY(arena, struct bpe_tally, counter->sources);
        if (worker->encoder == NULL || worker->counts == NULL || worker->tallies == NULL)
            return no_memory(err);
    }
    return LM_OK;
}

static enum lm_status prepare(struct counter *counter, struct lm_err *err)
{
    struct lm_arena *arena = lm_ctx_arena(counter->ctx);
    struct bpe_census *out = counter->out;
    const char *card = lm_ctx_input(counter->ctx, "sources");
    if (card != NULL)
        LM_TRY(bpe_sources_read(&out->sources, &out->source_count, arena, card, err));
    counter->sources = out->source_count > 0 ? out->source_count : 1;
    out->tallies = LM_NEW_ARRAY(arena, struct bpe_tally, counter->sources);
    counter->ids = (size_t)lm_vocab_size(counter->vocab);
    counter->is_single = LM_NEW_ARRAY(arena, uint8_t, counter->ids);
    if (out->tallies == NULL || counter->is_single == NULL)
        return no_memory(err);
    for (size_t id = 0; id < counter->ids; id++) {
        size_t size;
        lm_vocab_token(counter->vocab, (int32_t)id, &size);
        counter->is_single[id] = size == 1;
    }
    for (size_t split = 0; split < LM_SPLITS; split++)
        if ((out->counts[split] = LM_NEW_ARRAY(arena, int64_t, counter->ids)) == NULL)
            return no_memory(err);
    return prepare_workers(counter, err);
}

static enum lm_status count_splits(struct counter *counter, struct lm_err *err)
{
    const char *folder = lm_ctx_input(counter->ctx, "text");
    const char *paths[LM_SPLITS];
    for (size_t split = 0; split < LM_SPLITS; split++) {
        struct stat info;
        paths[split] = lm_arena_printf(lm_ctx_arena(counter->ctx), "%s/%s.jsonl", folder,
                                       lm_split_names[split]);
        if (paths[split] == NULL)
            return no_memory(err);
        counter->total += stat(paths[split], &info) == 0 ? (uint64_t)info.st_size : 0;
    }
    for (size_t split = 0; split < LM_SPLITS; split++) {
        struct lm_jsonl_reader *reader = NULL;
        counter->split = (enum lm_split)split;
        LM_TRY(lm_jsonl_open(&reader, paths[split], err));
        enum lm_status status = count_documents(counter, reader, err);
        lm_jsonl_close(reader);
        if (status != LM_OK)
            return status;
        gather(counter);
    }
    return LM_OK;
}

enum lm_status bpe_census_take(struct bpe_census *out, struct lm_ctx *ctx,
                               const struct lm_vocab *vocab, struct lm_err *err)
{
    struct counter counter = {.out = out, .ctx = ctx, .vocab = vocab};
    memset(out, 0, sizeof *out);
    enum lm_status status = prepare(&counter, err);
    if (status == LM_OK)
        status = count_splits(&counter, err);
    for (size_t i = 0; counter.workers != NULL && i < counter.worker_count; i++)
        lm_encoder_free(counter.workers[i].encoder);
    lm_arena_free(counter.texts);
    lm_pool_free(counter.pool);
    free(counter.items);
    free(counter.task_ends);
    return status;
}
