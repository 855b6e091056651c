#include "encode_census.h"

#include <string.h>

#include "text/text_measure.h"

/* What one thread has counted of the current split. */
struct worker {
    int64_t *counts;              /* by id */
    struct encode_tally *tallies; /* by source */
    struct encode_worst worst;
};

struct encode_count {
    size_t ids, sources; /* at least one source, known or not */
    uint32_t *sizes;     /* by id: bytes of the token */
    uint8_t *is_single;  /* by id: one byte */
    struct worker *workers;
    size_t worker_count;
    enum lm_split split;
    uint64_t *source_ends[LM_SPLITS]; /* documents of a split up to each source's last */
};

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to count tokens; free some or use fewer threads");
}

static void add_tally(struct encode_tally *a, const struct encode_tally *b)
{
    a->documents += b->documents;
    a->bytes += b->bytes;
    a->tokens += b->tokens;
    a->words += b->words;
    a->single_bytes += b->single_bytes;
}

/* ---- one document ---- */

static enum lm_status other_text(enum lm_split split, struct lm_err *err)
{
    return lm_fail(err, LM_INVALID,
                   "sources: the data card tells of other documents in %s than the text has; "
                   "connect the card of the clean stage that wrote the text",
                   lm_split_names[split]);
}

/* Documents of a split stand in the order of their sources. */
static enum lm_status find_source(const struct encode_census *census, uint64_t number,
                                  size_t *source, struct lm_err *err)
{
    const struct encode_count *count = census->count;
    const uint64_t *ends = count->source_ends[count->split];
    *source = 0;
    if (census->source_count == 0)
        return LM_OK;
    while (*source < count->sources && number > ends[*source])
        ++*source;
    return *source < count->sources ? LM_OK : other_text(count->split, err);
}

/* A line's tokens are those that begin in it. */
static void weigh_line(const struct encode_count *count, struct worker *worker,
                       struct encode_line *line, const uint8_t *text, const struct encode_ids *ids)
{
    if (line->bytes < ENCODE_LINE_LEAST || ids->count == 0)
        return;
    line->tokens = (int64_t)ids->count;
    line->hash = lm_hash64(text, (size_t)line->bytes, 0);
    if (!encode_worst_takes(&worker->worst, line))
        return;
    encode_line_excerpt(line, text, ids, count->sizes);
    encode_worst_put(&worker->worst, line);
}

/* Every line of a document with the ids that begin in it. */
static void weigh_lines(const struct encode_count *count, struct worker *worker,
                        const struct lm_jsonl_document *document, const int32_t *ids,
                        size_t id_count)
{
    struct encode_line line = {
        .split = count->split, .document = (int64_t)document->line, .id = document->id};
    size_t at = 0, next = 0; /* where the next token begins, and its place */
    for (size_t start = 0; start < document->size; start += (size_t)line.bytes + 1) {
        const uint8_t *text = document->text + start;
        const uint8_t *end = memchr(text, '\n', document->size - start);
        line.line++;
        line.bytes = end != NULL ? end - text : (int64_t)(document->size - start);
        for (; next < id_count && at < start; next++)
            at += count->sizes[ids[next]];
        struct encode_ids own = {.ids = ids + next, .lead = at - start};
        for (; next < id_count && at < start + (size_t)line.bytes; next++, own.count++)
            at += count->sizes[ids[next]];
        weigh_line(count, worker, &line, text, &own);
    }
}

enum lm_status encode_census_add(struct encode_census *census, size_t index,
                                 const struct lm_jsonl_document *document, const int32_t *ids,
                                 size_t count, struct lm_err *err)
{
    struct worker *worker = &census->count->workers[index];
    const uint8_t *is_single = census->count->is_single;
    size_t source;
    LM_TRY(find_source(census, document->line, &source, err));
    struct encode_tally tally = {.documents = 1,
                                 .bytes = (int64_t)document->size,
                                 .tokens = (int64_t)count,
                                 .words = lm_text_words(document->text, document->size)};
    for (size_t i = 0; i < count; i++) {
        worker->counts[ids[i]]++;
        tally.single_bytes += is_single[ids[i]];
    }
    add_tally(&worker->tallies[source], &tally);
    if (census->count->split != LM_TRAIN)
        weigh_lines(census->count, worker, document, ids, count);
    return LM_OK;
}

/* ---- a split ---- */

/* Sums what a worker has counted of the split, and clears it. */
static void gather(struct encode_census *census, struct worker *worker)
{
    const struct encode_count *count = census->count;
    for (size_t id = 0; id < count->ids; id++)
        census->counts[count->split][id] += worker->counts[id];
    memset(worker->counts, 0, count->ids * sizeof *worker->counts);
    for (size_t k = 0; k < count->sources; k++) {
        add_tally(&census->splits[count->split], &worker->tallies[k]);
        if (k < census->source_count)
            add_tally(&census->tallies[k], &worker->tallies[k]);
        worker->tallies[k] = (struct encode_tally){0};
    }
    for (size_t k = 0; k < worker->worst.count; k++)
        encode_worst_put(&census->worst, &worker->worst.lines[k]);
    worker->worst.count = 0;
}

static void gather_all(struct encode_census *census)
{
    for (size_t i = 0; i < census->count->worker_count; i++)
        gather(census, &census->count->workers[i]);
}

void encode_census_turn(struct encode_census *census, enum lm_split split)
{
    struct encode_count *count = census->count;
    if (split == count->split)
        return;
    gather_all(census);
    count->split = split;
}

/* ---- what was counted, kept ---- */

static void pack_tally(struct lm_buf *out, const struct encode_tally *tally)
{
    lm_pack_int(out, tally->documents);
    lm_pack_int(out, tally->bytes);
    lm_pack_int(out, tally->tokens);
    lm_pack_int(out, tally->words);
    lm_pack_int(out, tally->single_bytes);
}

static void unpack_tally(struct encode_tally *out, struct lm_unpack *in)
{
    out->documents = lm_unpack_int(in);
    out->bytes = lm_unpack_int(in);
    out->tokens = lm_unpack_int(in);
    out->words = lm_unpack_int(in);
    out->single_bytes = lm_unpack_int(in);
}

void encode_census_pack(struct lm_buf *out, struct encode_census *census)
{
    const struct encode_count *count = census->count;
    gather_all(census);
    lm_pack_int(out, (int64_t)count->ids);
    lm_pack_int(out, (int64_t)census->source_count);
    lm_pack_int(out, count->split);
    for (size_t split = 0; split < LM_SPLITS; split++) {
        pack_tally(out, &census->splits[split]);
        for (size_t id = 0; id < count->ids; id++)
            lm_pack_int(out, census->counts[split][id]);
    }
    for (size_t i = 0; i < census->source_count; i++)
        pack_tally(out, &census->tallies[i]);
    lm_pack_bytes(out, &census->worst, sizeof census->worst);
}

/* What was packed, in *out where that is not NULL; false: it is not all there. */
static bool unpack(struct encode_census *out, const struct encode_census *own, struct lm_unpack *in)
{
    struct encode_tally tally;
    size_t size;
    for (size_t split = 0; split < LM_SPLITS; split++) {
        unpack_tally(out != NULL ? &out->splits[split] : &tally, in);
        for (size_t id = 0; id < own->count->ids; id++) {
            int64_t count = lm_unpack_int(in);
            if (out != NULL)
                out->counts[split][id] = count;
        }
    }
    for (size_t i = 0; i < own->source_count; i++)
        unpack_tally(out != NULL ? &out->tallies[i] : &tally, in);
    const void *worst = lm_unpack_bytes(in, &size);
    if (in->failed || size != sizeof own->worst)
        return false;
    if (out != NULL)
        memcpy(&out->worst, worst, size);
    return true;
}

bool encode_census_unpack(struct encode_census *census, struct lm_unpack *in)
{
    struct encode_count *count = census->count;
    bool is_its = lm_unpack_int(in) == (int64_t)count->ids &&
                  lm_unpack_int(in) == (int64_t)census->source_count;
    int64_t split = lm_unpack_int(in);
    struct lm_unpack again = *in;
    if (!is_its || split < 0 || split >= LM_SPLITS || !unpack(NULL, census, in))
        return false;
    count->split = (enum lm_split)split;
    return unpack(census, census, &again);
}

enum lm_status encode_census_end(struct encode_census *census, struct lm_err *err)
{
    const struct encode_count *count = census->count;
    gather_all(census);
    for (size_t split = 0; split < LM_SPLITS && census->source_count > 0; split++)
        if ((uint64_t)census->splits[split].documents !=
            count->source_ends[split][census->source_count - 1])
            return other_text((enum lm_split)split, err);
    census->count = NULL; /* of the arena */
    return LM_OK;
}

/* ---- beginning ---- */

static enum lm_status prepare_workers(struct encode_count *count, struct lm_arena *arena,
                                      struct lm_err *err)
{
    count->workers = LM_NEW_ARRAY(arena, struct worker, count->worker_count);
    for (size_t i = 0; count->workers != NULL && i < count->worker_count; i++) {
        struct worker *worker = &count->workers[i];
        worker->counts = LM_NEW_ARRAY(arena, int64_t, count->ids);
        worker->tallies = LM_NEW_ARRAY(arena, struct encode_tally, count->sources);
        if (worker->counts == NULL || worker->tallies == NULL)
            return no_memory(err);
    }
    return count->workers != NULL ? LM_OK : no_memory(err);
}

static enum lm_status prepare_splits(struct encode_census *out, struct lm_arena *arena,
                                     struct lm_err *err)
{
    struct encode_count *count = out->count;
    for (size_t split = 0; split < LM_SPLITS; split++) {
        uint64_t documents = 0;
        out->counts[split] = LM_NEW_ARRAY(arena, int64_t, count->ids);
        count->source_ends[split] = LM_NEW_ARRAY(arena, uint64_t, count->sources);
        if (out->counts[split] == NULL || count->source_ends[split] == NULL)
            return no_memory(err);
        for (size_t i = 0; i < out->source_count; i++)
            count->source_ends[split][i] = documents += (uint64_t)out->sources[i].documents[split];
    }
    return LM_OK;
}

enum lm_status encode_census_begin(struct encode_census *out, struct lm_ctx *ctx,
                                   const struct lm_vocab *vocab, struct lm_err *err)
{
    struct lm_arena *arena = lm_ctx_arena(ctx);
    const char *card = lm_ctx_input(ctx, "sources");
    *out = (struct encode_census){.count = LM_NEW(arena, struct encode_count)};
    struct encode_count *count = out->count;
    if (count == NULL)
        return no_memory(err);
    if (card != NULL)
        LM_TRY(encode_sources_read(&out->sources, &out->source_count, arena, card, err));
    count->worker_count = lm_ctx_threads(ctx);
    count->sources = out->source_count > 0 ? out->source_count : 1;
    count->ids = (size_t)lm_vocab_size(vocab);
    count->sizes = LM_NEW_ARRAY(arena, uint32_t, count->ids);
    out->tallies = LM_NEW_ARRAY(arena, struct encode_tally, count->sources);
    count->is_single = LM_NEW_ARRAY(arena, uint8_t, count->ids);
    if (out->tallies == NULL || count->sizes == NULL || count->is_single == NULL)
        return no_memory(err);
    for (size_t id = 0; id < count->ids; id++) {
        size_t size;
        lm_vocab_token(vocab, (int32_t)id, &size);
        count->sizes[id] = (uint32_t)size;
        count->is_single[id] = size == 1;
    }
    LM_TRY(prepare_splits(out, arena, err));
    return prepare_workers(count, arena, err);
}
