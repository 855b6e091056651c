#include "bpe_census.h"

#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "bpe_shard.h"
#include "text/text_measure.h"

/* What one thread has counted of the current split. */
struct worker {
    struct lm_encoder *encoder;
    int64_t *counts;           /* by id */
    struct bpe_tally *tallies; /* by source */
    struct bpe_worst worst;
};

struct counter {
    struct bpe_census *out;
    struct lm_ctx *ctx;
    const struct lm_vocab *vocab;
    size_t ids, sources; /* at least one source, known or not */
    uint8_t *is_single;  /* by id: a token of one byte */
    struct worker *workers;
    size_t worker_count;
    enum lm_split split;
    uint64_t *source_ends; /* of the split: its documents up to each source's last */
    uint64_t read, total;  /* bytes of the text files, for progress */
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

static enum lm_status other_text(const struct counter *counter, struct lm_err *err)
{
    return lm_fail(err, LM_INVALID,
                   "sources: the data card tells of other documents in %s than the text has; "
                   "connect the card of the clean stage that wrote the text",
                   lm_split_names[counter->split]);
}

/* Documents of a split stand in the order of their sources. */
static enum lm_status find_source(const struct counter *counter, uint64_t number, size_t *source,
                                  struct lm_err *err)
{
    *source = 0;
    if (counter->out->source_count == 0)
        return LM_OK;
    while (*source < counter->sources && number > counter->source_ends[*source])
        ++*source;
    return *source < counter->sources ? LM_OK : other_text(counter, err);
}

static enum lm_status count_tokens(const struct counter *counter, struct worker *worker,
                                   const struct lm_jsonl_document *document, struct lm_err *err)
{
    const int32_t *ids;
    size_t count, source;
    LM_TRY(find_source(counter, document->line, &source, err));
    LM_TRY(lm_encode(worker->encoder, document->text, document->size, &ids, &count, err));
    struct bpe_tally tally = {.documents = 1,
                              .bytes = (int64_t)document->size,
                              .tokens = (int64_t)count,
                              .words = lm_text_words(document->text, document->size)};
    for (size_t i = 0; i < count; i++) {
        worker->counts[ids[i]]++;
        tally.single_bytes += counter->is_single[ids[i]];
    }
    bpe_tally_add(&worker->tallies[source], &tally);
    return LM_OK;
}

static enum lm_status weigh_line(const struct counter *counter, struct worker *worker,
                                 struct bpe_line *line, const uint8_t *text, struct lm_err *err)
{
    const int32_t *ids;
    size_t count;
    LM_TRY(lm_encode(worker->encoder, text, (size_t)line->bytes, &ids, &count, err));
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
                                  const struct lm_jsonl_document *document, struct lm_err *err)
{
    struct bpe_line line = {
        .split = counter->split, .document = (int64_t)document->line, .id = document->id};
    for (size_t at = 0; at < document->size;) {
        const uint8_t *end = memchr(document->text + at, '\n', document->size - at);
        size_t size = end != NULL ? (size_t)(end - document->text) - at : document->size - at;
        line.line++;
        line.bytes = (int64_t)size;
        if (size >= BPE_LINE_LEAST)
            LM_TRY(weigh_line(counter, worker, &line, document->text + at, err));
        at += size + 1;
    }
    return LM_OK;
}

static enum lm_status count_document(void *user, size_t index,
                                     const struct lm_jsonl_document *document, struct lm_err *err)
{
    struct counter *counter = user;
    struct worker *worker = &counter->workers[index];
    LM_TRY(count_tokens(counter, worker, document, err));
    return counter->split == LM_TRAIN ? LM_OK : weigh_lines(counter, worker, document, err);
}

/* ---- a split ---- */

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
    counter->source_ends = LM_NEW_ARRAY(arena, uint64_t, counter->sources);
    if (counter->workers == NULL || counter->source_ends == NULL)
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

static enum lm_status count_split(struct counter *counter, const char *path, struct lm_err *err)
{
    const struct bpe_census *out = counter->out;
    const struct bpe_shard shard = {path, counter->read, counter->total};
    uint64_t documents, ends = 0;
    for (size_t i = 0; i < out->source_count; i++)
        counter->source_ends[i] = ends += (uint64_t)out->sources[i].documents[counter->split];
    LM_TRY(bpe_shard_each(counter->ctx, &shard, count_document, counter, &documents, err));
    if (out->source_count > 0 && documents != ends)
        return other_text(counter, err);
    gather(counter);
    return LM_OK;
}

static enum lm_status count_splits(struct counter *counter, struct lm_err *err)
{
    const char *folder = lm_ctx_input(counter->ctx, "text"), *paths[LM_SPLITS];
    uint64_t sizes[LM_SPLITS];
    for (size_t split = 0; split < LM_SPLITS; split++) {
        struct stat info;
        paths[split] = lm_arena_printf(lm_ctx_arena(counter->ctx), "%s/%s.jsonl", folder,
                                       lm_split_names[split]);
        if (paths[split] == NULL)
            return no_memory(err);
        sizes[split] = stat(paths[split], &info) == 0 ? (uint64_t)info.st_size : 0;
        counter->total += sizes[split];
    }
    for (size_t split = 0; split < LM_SPLITS; split++) {
        counter->split = (enum lm_split)split;
        LM_TRY(count_split(counter, paths[split], err));
        counter->read += sizes[split];
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
    return status;
}
