#include "base/sorter.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/grow.h"
#include "base/io.h"
#include "base/unnamed.h"

enum {
    LEAST = 64, /* records that a run is read by, and that memory holds */
    SMALL = 24  /* records that are sorted by insertion */
};

void lm_sorter_init(struct lm_sorter *out, size_t record, size_t memory, const char *folder)
{
    *out = (struct lm_sorter){.record = record, .folder = folder, .fd = -1};
    out->most = memory / record > LEAST ? memory / record : LEAST;
}

void lm_sorter_release(struct lm_sorter *sorter)
{
    if (sorter->fd >= 0)
        close(sorter->fd);
    free(sorter->items);
    free(sorter->ends);
    free(sorter->runs);
    *sorter = (struct lm_sorter){.record = sorter->record, .most = sorter->most, .fd = -1};
}

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to sort; free some");
}

/* ---- in memory: by one byte after the other, in place ---- */

static void swap(uint8_t *a, uint8_t *b, size_t record)
{
    uint8_t kept[LM_SORTER_RECORD];
    memcpy(kept, a, record);
    memcpy(a, b, record);
    memcpy(b, kept, record);
}

static void insert(uint8_t *items, size_t count, size_t record, size_t depth)
{
    uint8_t kept[LM_SORTER_RECORD];
    for (size_t i = 1; i < count; i++) {
        size_t at = i;
        memcpy(kept, items + i * record, record);
        while (at > 0 &&
               memcmp(items + (at - 1) * record + depth, kept + depth, record - depth) > 0)
            at--;
        memmove(items + (at + 1) * record, items + at * record, (i - at) * record);
        memcpy(items + at * record, kept, record);
    }
}

/* Moves records to the parts of their bytes at `depth`; parts begin at starts. */
static void part(uint8_t *items, size_t count, size_t record, size_t depth, size_t starts[257])
{
    size_t heads[256];
    memset(starts, 0, 257 * sizeof *starts);
    for (size_t i = 0; i < count; i++)
        starts[items[i * record + depth] + 1]++;
    for (size_t b = 0; b < 256; b++)
        starts[b + 1] += starts[b];
    memcpy(heads, starts, sizeof heads);
    for (size_t b = 0; b < 256; b++)
        while (heads[b] < starts[b + 1]) {
            uint8_t *item = items + heads[b] * record;
            size_t to = item[depth];
            if (to != b)
                swap(item, items + heads[to] * record, record);
            heads[to]++;
        }
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as a record is long */
static void sort(uint8_t *items, size_t count, size_t record, size_t depth)
{
    size_t starts[257];
    if (count <= SMALL) {
        insert(items, count, record, depth);
        return;
    }
    part(items, count, record, depth, starts);
    for (size_t b = 0; b < 256 && depth + 1 < record; b++)
        sort(items + starts[b] * record, starts[b + 1] - starts[b], record, depth + 1);
}

/* ---- runs ---- */

static enum lm_status spill(struct lm_sorter *sorter, struct lm_err *err)
{
    uint64_t before = sorter->run_count > 0 ? sorter->ends[sorter->run_count - 1] : 0;
    size_t size = sorter->count * sorter->record;
    if (sorter->fd < 0)
        LM_TRY(lm_unnamed_open(&sorter->fd, sorter->folder, "what is sorted", err));
    uint64_t *ends = lm_grow(sorter->ends, &sorter->run_capacity, sorter->run_count, sizeof *ends);
    if (ends == NULL)
        return no_memory(err);
    sorter->ends = ends;
    sort(sorter->items, sorter->count, sorter->record, 0);
    LM_TRY(lm_write_all(sorter->fd, sorter->items, size, "what does not fit in memory", err));
    sorter->ends[sorter->run_count++] = before + size;
    sorter->count = 0;
    return LM_OK;
}

enum lm_status lm_sorter_add(struct lm_sorter *sorter, const void *record, struct lm_err *err)
{
    if (sorter->count == sorter->most)
        LM_TRY(spill(sorter, err));
    if (sorter->count == sorter->capacity) {
        size_t capacity = sorter->capacity > 0 ? 2 * sorter->capacity : LEAST;
        capacity = capacity < sorter->most ? capacity : sorter->most;
        uint8_t *items = realloc(sorter->items, capacity * sorter->record);
        if (items == NULL)
            return no_memory(err);
        sorter->items = items;
        sorter->capacity = capacity;
    }
    memcpy(sorter->items + sorter->count++ * sorter->record, record, sorter->record);
    return LM_OK;
}

/* ---- merging ---- */

static enum lm_status fill(const struct lm_sorter *sorter, struct lm_sorter_run *run, size_t most,
                           struct lm_err *err)
{
    size_t want = most * sorter->record, got;
    if (want > run->end - run->at)
        want = (size_t)(run->end - run->at);
    got = lm_read_at(sorter->fd, run->items, want, run->at);
    if (got < want)
        return lm_fail_errno(err, errno != 0 ? errno : EIO,
                             "cannot read what did not fit in memory (%s)", sorter->folder);
    run->at += got;
    run->next = 0;
    run->count = got / sorter->record;
    return LM_OK;
}

static const uint8_t *head(const struct lm_sorter *sorter, size_t run)
{
    return sorter->runs[run].items + sorter->runs[run].next * sorter->record;
}

static bool is_before(const struct lm_sorter *sorter, size_t a, size_t b)
{
    return memcmp(head(sorter, a), head(sorter, b), sorter->record) < 0;
}

static void sink(struct lm_sorter *sorter, size_t at)
{
    for (;;) {
        size_t least = at, left = 2 * at + 1;
        if (left < sorter->live && is_before(sorter, left, least))
            least = left;
        if (left + 1 < sorter->live && is_before(sorter, left + 1, least))
            least = left + 1;
        if (least == at)
            return;
        struct lm_sorter_run kept = sorter->runs[at];
        sorter->runs[at] = sorter->runs[least];
        sorter->runs[least] = kept;
        at = least;
    }
}

/* Records that a run is read by. */
static size_t share(const struct lm_sorter *sorter)
{
    size_t share = sorter->most / sorter->run_count;
    return share > LEAST ? share : LEAST;
}

static enum lm_status open_runs(struct lm_sorter *sorter, struct lm_err *err)
{
    size_t most = share(sorter), count = sorter->run_count;
    free(sorter->items);
    sorter->items = malloc(count * most * sorter->record);
    sorter->runs = calloc(count, sizeof *sorter->runs);
    if (sorter->items == NULL || sorter->runs == NULL)
        return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        sorter->runs[i] =
            (struct lm_sorter_run){.at = i > 0 ? sorter->ends[i - 1] : 0,
                                   .end = sorter->ends[i],
                                   .items = sorter->items + i * most * sorter->record};
        LM_TRY(fill(sorter, &sorter->runs[i], most, err));
    }
    sorter->live = count;
    for (size_t i = count; i > 0; i--)
        sink(sorter, i - 1);
    return LM_OK;
}

enum lm_status lm_sorter_sort(struct lm_sorter *sorter, struct lm_err *err)
{
    if (sorter->fd < 0) {
        sort(sorter->items, sorter->count, sorter->record, 0);
        return LM_OK;
    }
    if (sorter->count > 0)
        LM_TRY(spill(sorter, err));
    return open_runs(sorter, err);
}

enum lm_status lm_sorter_next(struct lm_sorter *sorter, const uint8_t **record, struct lm_err *err)
{
    *record = NULL;
    if (sorter->fd < 0) {
        if (sorter->next < sorter->count)
            *record = sorter->items + sorter->next++ * sorter->record;
        return LM_OK;
    }
    struct lm_sorter_run *top = sorter->runs;
    if (sorter->next > 0 && sorter->live > 0) { /* the record that was given last */
        if (++top->next == top->count && top->at < top->end)
            LM_TRY(fill(sorter, top, share(sorter), err));
        if (top->next == top->count)
            *top = sorter->runs[--sorter->live];
        sink(sorter, 0);
    }
    sorter->next = 1;
    if (sorter->live > 0)
        *record = head(sorter, 0);
    return LM_OK;
}
