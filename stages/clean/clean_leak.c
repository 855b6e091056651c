#include "clean_leak.h"

#include <stdlib.h>
#include <string.h>

#include <lmpipe/hash.h>

/* Of the place, the lower bits are taken, of the sample, the upper ones. */
static struct clean_leak_line *find(const struct clean_leak *leak, uint64_t hash)
{
    size_t at = (size_t)hash & (leak->capacity - 1);
    while (leak->slots[at].hash != 0 && leak->slots[at].hash != hash)
        at = (at + 1) & (leak->capacity - 1);
    return &leak->slots[at];
}

static bool is_sampled(const struct clean_leak *leak, uint64_t hash)
{
    return leak->halvings == 0 || hash >> (64 - leak->halvings) == 0;
}

/* Lines are all over the table: those that will be looked for soon are fetched meanwhile. */
enum { AHEAD = 8 };

static void foresee(const struct clean_leak *leak, uint64_t hash)
{
    __builtin_prefetch(&leak->slots[(size_t)hash & (leak->capacity - 1)], 1);
}

/* Twice or more the room, each line in its place. */
static enum lm_status grow(struct clean_leak *leak, struct lm_err *err)
{
    const struct clean_leak old = *leak;
    leak->capacity = old.capacity > 0 ? 8 * old.capacity : 1024;
    leak->slots = calloc(leak->capacity, sizeof *leak->slots);
    if (leak->slots == NULL) {
        *leak = old;
        return lm_fail(err, LM_NOMEM, "no memory to compare splits; free some");
    }
    for (size_t i = 0; i < old.capacity; i++)
        if (old.slots[i].hash != 0)
            *find(leak, old.slots[i].hash) = old.slots[i];
    free(old.slots);
    return LM_OK;
}

/* Frees a slot: of those behind it each that may stand there moves up (Knuth 1998, 6.4 R). */
static void erase(struct clean_leak *leak, size_t hole)
{
    const size_t mask = leak->capacity - 1;
    for (size_t at = (hole + 1) & mask; leak->slots[at].hash != 0; at = (at + 1) & mask) {
        const size_t home = (size_t)leak->slots[at].hash & mask;
        if (((at - home) & mask) < ((at - hole) & mask))
            continue;
        leak->slots[hole] = leak->slots[at];
        hole = at;
    }
    leak->slots[hole] = (struct clean_leak_line){.hash = 0};
}

/* Only every other line stays in the sample. From a free slot on, so that no line moves to where
 * it was looked for already. */
static void halve(struct clean_leak *leak)
{
    const size_t mask = leak->capacity - 1;
    size_t first = 0;
    leak->halvings++;
    while (leak->slots[first].hash != 0)
        first++;
    for (size_t i = 1; i < leak->capacity; i++) {
        const size_t at = (first + i) & mask;
        while (leak->slots[at].hash != 0 && !is_sampled(leak, leak->slots[at].hash)) {
            erase(leak, at);
            leak->count--;
        }
    }
}

/* Room for a line that is not there; *slot NULL: it has left the sample. Half of the slots stay
 * free. How often the sample is halved depends on which lines there are alone. */
static enum lm_status make_room(struct clean_leak_line **slot, struct clean_leak *leak,
                                uint64_t hash, struct lm_err *err)
{
    *slot = NULL;
    while (leak->count == CLEAN_LEAK_LINES && is_sampled(leak, hash))
        halve(leak);
    if (!is_sampled(leak, hash))
        return LM_OK;
    if (2 * (leak->count + 1) > leak->capacity)
        LM_TRY(grow(leak, err));
    *slot = find(leak, hash);
    (*slot)->hash = hash;
    leak->count++;
    return LM_OK;
}

static void hash_line(struct lm_buf *out, const char *text, size_t size)
{
    while (size > 0 && (text[0] == ' ' || text[0] == '\t')) {
        text++;
        size--;
    }
    while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t'))
        size--;
    uint64_t hash = size < CLEAN_LEAK_LINE ? 0 : lm_hash64(text, size, 0) | 1; /* 0: a free slot */
    if (hash != 0)
        lm_buf_append(out, &hash, sizeof hash);
}

void clean_leak_hash(struct lm_buf *out, const void *text, size_t size)
{
    for (const char *at = text; size > 0;) {
        const char *newline = memchr(at, '\n', size);
        size_t length = newline != NULL ? (size_t)(newline - at) : size;
        size_t step = length + (newline != NULL);
        hash_line(out, at, length);
        at += step;
        size -= step;
    }
}

static enum lm_status add_line(struct clean_leak *leak, enum lm_split side, uint64_t hash,
                               struct lm_err *err)
{
    leak->lines[side]++;
    if (!is_sampled(leak, hash))
        return LM_OK;
    struct clean_leak_line *line = leak->capacity > 0 ? find(leak, hash) : NULL;
    if (line == NULL || line->hash == 0)
        LM_TRY(make_room(&line, leak, hash, err));
    if (line != NULL)
        line->counts[side] += line->counts[side] < UINT32_MAX;
    return LM_OK;
}

static uint64_t hash_at(const struct lm_buf *hashes, size_t index)
{
    uint64_t hash;
    memcpy(&hash, hashes->data + index * sizeof hash, sizeof hash);
    return hash;
}

static enum lm_status add_lines(struct clean_leak *leak, enum lm_split side,
                                const struct lm_buf *hashes, struct lm_err *err)
{
    const size_t count = hashes->size / sizeof(uint64_t);
    for (size_t i = 0; i < count; i++) {
        const uint64_t next = i + AHEAD < count ? hash_at(hashes, i + AHEAD) : 0;
        if (next != 0 && leak->capacity > 0 && is_sampled(leak, next))
            foresee(leak, next);
        LM_TRY(add_line(leak, side, hash_at(hashes, i), err));
    }
    return LM_OK;
}

enum lm_status clean_leak_add(struct clean_leak *leak, enum lm_split side,
                              const struct lm_buf *hashes, const void *text, size_t size,
                              struct lm_err *err)
{
    struct lm_buf made;
    if (hashes != NULL)
        return add_lines(leak, side, hashes, err);
    lm_buf_init(&made, 0);
    clean_leak_hash(&made, text, size);
    enum lm_status status = lm_buf_status(&made, err);
    if (status == LM_OK)
        status = add_lines(leak, side, &made, err);
    lm_buf_release(&made);
    return status;
}

void clean_leak_count(const struct clean_leak *leak, enum lm_split side, enum lm_split other,
                      int64_t *lines, int64_t *met)
{
    *lines = *met = 0;
    for (size_t i = 0; i < leak->capacity; i++) {
        const struct clean_leak_line *line = &leak->slots[i];
        *lines += line->counts[side];
        *met += line->counts[other] > 0 ? line->counts[side] : 0;
    }
}

void clean_leak_put(struct lm_json_writer *writer, const struct clean_leak *leak)
{
    static const enum lm_split pairs[][2] = {
        {LM_VALID, LM_TRAIN}, {LM_TEST, LM_TRAIN}, {LM_TEST, LM_VALID}};

    lm_json_key(writer, "split_overlaps");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        int64_t lines, met;
        clean_leak_count(leak, pairs[i][0], pairs[i][1], &lines, &met);
        if (leak->lines[pairs[i][0]] == 0)
            continue;
        lm_json_open(writer, '{');
        lm_json_member_string(writer, "split", lm_split_names[pairs[i][0]]);
        lm_json_member_string(writer, "met_in", lm_split_names[pairs[i][1]]);
        lm_json_member_int(writer, "long_lines", leak->lines[pairs[i][0]]);
        lm_json_member_int(writer, "compared", lines);
        lm_json_member_int(writer, "met", met);
        lm_json_member_double(writer, "share", lines > 0 ? (double)met / (double)lines : 0);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

void clean_leak_release(struct clean_leak *leak)
{
    free(leak->slots);
    *leak = (struct clean_leak){.slots = NULL};
}
