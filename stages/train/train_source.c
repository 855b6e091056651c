#include "train_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The stream of the first token set has the plain name; those of sources begin with a letter. */
static struct lm_rng stream(uint64_t seed, const char *name, const struct train_part *part,
                            size_t index)
{
    char longer[128];
    if (part == NULL && index == 0)
        return lm_rng_stream(seed, name);
    if (part == NULL)
        snprintf(longer, sizeof longer, "%s.%zu", name, index);
    else
        snprintf(longer, sizeof longer, "%s of %s", name, part->name);
    return lm_rng_stream(seed, longer);
}

/* "the train split", or "the source 'web'" of it. */
static const char *shown(const struct train_source *source, char room[128])
{
    if (source->part.name == NULL)
        return "the train split";
    snprintf(room, 128, "the source '%s'", source->part.name);
    return room;
}

static enum lm_status cut_windows(struct train_source *source, struct lm_err *err)
{
    uint64_t span = (uint64_t)source->context;
    char room[128];
    if (source->count < span + 1)
        return lm_fail(err, LM_RANGE,
                       "%s has %llu tokens, the context needs %llu; choose a smaller "
                       "context or give more text",
                       shown(source, room), (unsigned long long)source->count,
                       (unsigned long long)span + 1);
    source->rows = (source->count + span - 1) / span;
    source->scored = source->count;
    return LM_OK;
}

/* A document of end-of-text alone has nothing to teach. */
static enum lm_status cut_documents(struct train_source *source, struct lm_err *err)
{
    uint64_t documents = source->part.documents;
    uint64_t span = (uint64_t)source->context;
    char room[128];
    source->first_rows = calloc((size_t)documents + 1, sizeof *source->first_rows);
    if (source->first_rows == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for %llu documents; use order: windows",
                       (unsigned long long)documents);
    for (uint64_t i = 0; i < documents; i++) {
        uint64_t tokens =
            lm_tokens_document(source->tokens, LM_TRAIN, source->part.first + i).tokens;
        source->first_rows[i] = source->rows;
        source->scored += tokens > 1 ? tokens : 0;
        source->rows += tokens > 1 ? (tokens + span - 1) / span : 0;
    }
    source->first_rows[documents] = source->rows;
    if (source->rows == 0)
        return lm_fail(err, LM_RANGE, "%s has no document with text; give more text",
                       shown(source, room));
    return LM_OK;
}

/* Where a part lies in the split. */
static void find_part(struct train_source *source, const struct train_part *part)
{
    const struct lm_tokens *tokens = source->tokens;
    uint64_t documents = lm_tokens_documents(tokens, LM_TRAIN);
    source->count = lm_tokens_count(tokens, LM_TRAIN);
    source->part = (struct train_part){NULL, 0, documents};
    if (part == NULL)
        return;
    uint64_t end = part->first + part->documents;
    uint64_t stop =
        end < documents ? lm_tokens_document(tokens, LM_TRAIN, end).first : source->count;
    source->part = *part;
    source->start =
        part->documents > 0 ? lm_tokens_document(tokens, LM_TRAIN, part->first).first : stop;
    source->count = stop - source->start;
}

enum lm_status train_source_init(struct train_source *source, struct lm_tokens *tokens,
                                 const struct train_part *part, uint64_t seed, size_t index,
                                 int64_t context, bool by_documents, struct lm_err *err)
{
    *source = (struct train_source){.tokens = tokens,
                                    .order = stream(seed, "order", part, index),
                                    .shift = stream(seed, "shift", part, index),
                                    .context = context};
    if (part != NULL || by_documents)
        LM_TRY(lm_tokens_check_documents(tokens, LM_TRAIN, err));
    find_part(source, part);
    return by_documents ? cut_documents(source, err) : cut_windows(source, err);
}

void train_source_release(struct train_source *source)
{
    free(source->first_rows);
    source->first_rows = NULL;
}

/* Where a row lies among the source's tokens: `count` targets, each after the token before it.
 * Unless end-of-text stands before the first of them, the token at `first` does. */
struct place {
    uint64_t first, count;
    bool begins;
};

/* The split is a ring, so that an epoch may begin anywhere and still meets every token. */
static struct place window_of(const struct train_source *source, uint64_t epoch, uint64_t row)
{
    uint64_t span = (uint64_t)source->context, skipped = row * span;
    uint64_t shift = lm_rng_below(source->shift, epoch, 0, source->count);
    return (struct place){(shift + skipped) % source->count, min_u64(span, source->count - skipped),
                          false};
}

static struct place part_of(const struct train_source *source, uint64_t row)
{
    uint64_t low = 0, high = source->part.documents;
    while (high - low > 1) { /* the last document with first_rows <= row */
        uint64_t middle = low + (high - low) / 2;
        if (source->first_rows[middle] <= row)
            low = middle;
        else
            high = middle;
    }
    struct lm_document document =
        lm_tokens_document(source->tokens, LM_TRAIN, source->part.first + low);
    uint64_t skipped = (row - source->first_rows[low]) * (uint64_t)source->context;
    uint64_t count = min_u64((uint64_t)source->context, document.tokens - skipped);
    bool begins = skipped == 0;
    return (struct place){document.first - source->start + skipped - !begins, count, begins};
}

static struct place find(const struct train_source *source, uint64_t at)
{
    uint64_t epoch = at / source->rows;
    uint64_t row = lm_rng_permute(source->order, epoch, at % source->rows, source->rows);
    return source->first_rows == NULL ? window_of(source, epoch, row) : part_of(source, row);
}

/* `count` tokens of the ring from `first` on, no more than it has. */
static enum lm_status read_ring(const struct train_source *source, uint64_t first, uint64_t count,
                                int32_t *out, struct lm_err *err)
{
    uint64_t ahead = min_u64(count, source->count - first);
    LM_TRY(
        lm_tokens_read(source->tokens, LM_TRAIN, source->start + first, (size_t)ahead, out, err));
    return lm_tokens_read(source->tokens, LM_TRAIN, source->start, (size_t)(count - ahead),
                          out + ahead, err);
}

enum lm_status train_source_row(const struct train_source *source, uint64_t at, int32_t *inputs,
                                int32_t *targets, int32_t *window, struct lm_err *err)
{
    struct place place = find(source, at);
    size_t count = (size_t)place.count;
    window[0] = lm_tokens_end_of_text(source->tokens);
    LM_TRY(read_ring(source, place.first, count + !place.begins, window + place.begins, err));
    memcpy(inputs, window, count * sizeof *inputs);
    memcpy(targets, window + 1, count * sizeof *targets);
    for (size_t i = count; i < (size_t)source->context; i++) {
        inputs[i] = lm_tokens_end_of_text(source->tokens);
        targets[i] = -1;
    }
    return LM_OK;
}

uint64_t train_source_scored(const struct train_source *source, uint64_t at)
{
    return find(source, at).count;
}

uint64_t train_source_scored_before(const struct train_source *source, uint64_t rows)
{
    uint64_t scored = rows / source->rows * source->scored;
    for (uint64_t at = rows - rows % source->rows; at < rows; at++)
        scored += train_source_scored(source, at);
    return scored;
}

void train_source_prefetch(const struct train_source *source, uint64_t at)
{
    struct place place = find(source, at);
    lm_tokens_prefetch(source->tokens, LM_TRAIN, source->start + place.first,
                       place.count + !place.begins);
}
