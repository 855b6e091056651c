#include "corpus/repeats.h"

#include <stdlib.h>
#include <string.h>

enum {
    END = 0xFF,     /* behind a text: no UTF-8 has it */
    TASK = 1 << 18, /* suffixes that are compared by one task */
    ROUND = 32,     /* tasks between two looks at whether to stop */
    AHEAD = 8
};

/* In an array of suffixes the sign says: begins with the same run as the one before. */
static const int32_t PLACE = INT32_MAX;

static size_t words_of(size_t bits)
{
    return bits / 64 + 1;
}

enum lm_status lm_repeats_begin(struct lm_repeats *out, size_t bytes, size_t size, size_t count,
                                struct lm_err *err)
{
    *out = (struct lm_repeats){.bytes = bytes, .capacity = size + count};
    if (out->capacity > LM_SUFFIXES_MOST)
        return lm_fail(err, LM_RANGE, "repeats are found in 2 GiB of text at most; take less");
    out->texts = malloc(out->capacity + 1);
    out->cuts = calloc(words_of(out->capacity), sizeof *out->cuts);
    return out->texts != NULL && out->cuts != NULL
               ? LM_OK
               : lm_fail(err, LM_NOMEM, "no memory to find repeats; free some");
}

void lm_repeats_release(struct lm_repeats *repeats)
{
    free(repeats->texts);
    free(repeats->cuts);
    *repeats = (struct lm_repeats){.texts = NULL};
}

size_t lm_repeats_add(struct lm_repeats *repeats, const void *text, size_t size)
{
    const size_t start = repeats->size;
    if (size > 0)
        memcpy(repeats->texts + start, text, size);
    repeats->texts[start + size] = END;
    repeats->size += size + 1;
    return start;
}

/* ---- bits ---- */

static bool has(const uint64_t *bits, size_t i)
{
    return bits[i / 64] >> i % 64 & 1;
}

static void set(uint64_t *bits, size_t i)
{
    bits[i / 64] |= (uint64_t)1 << i % 64;
}

static void set_run(uint64_t *bits, size_t at, size_t end)
{
    for (; at < end && at % 64 != 0; at++)
        set(bits, at);
    for (; at + 64 <= end; at += 64)
        bits[at / 64] = ~(uint64_t)0;
    for (; at < end; at++)
        set(bits, at);
}

/* ---- suffixes that begin with the same run ---- */

struct finding {
    struct lm_repeats *repeats;
    const struct lm_suffix_watch *watch;
    int32_t *suffixes;
    int32_t *before; /* of each task: the suffix before its first one */
    size_t done;     /* tasks of earlier rounds */
    uint64_t *later; /* a bit for each place where a run begins that stood before */
};

static bool is_same(const struct lm_repeats *repeats, size_t a, size_t b)
{
    const size_t bytes = repeats->bytes, last = a > b ? a : b;
    return bytes <= repeats->size - last &&
           memcmp(repeats->texts + a, repeats->texts + b, bytes) == 0 &&
           memchr(repeats->texts + a, END, bytes) == NULL;
}

static void compare_task(void *user, size_t task, size_t worker)
{
    const struct finding *own = user;
    const size_t from = (own->done + task) * TASK, size = own->repeats->size;
    const size_t end = size - from < TASK ? size : from + TASK;
    int32_t last = own->before[own->done + task];
    (void)worker;
    for (size_t i = from; i < end; i++) {
        const int32_t place = own->suffixes[i];
        __builtin_prefetch(own->repeats->texts + own->suffixes[i + AHEAD < end ? i + AHEAD : i]);
        if (last >= 0 && is_same(own->repeats, (size_t)last, (size_t)place))
            own->suffixes[i] = place | ~PLACE;
        last = place;
    }
}

static enum lm_status compare(struct finding *own, struct lm_pool *pool, struct lm_err *err)
{
    const size_t tasks = (own->repeats->size + TASK - 1) / TASK;
    own->before = malloc((tasks + 1) * sizeof *own->before);
    if (own->before == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to find repeats; free some");
    for (size_t i = 0; i < tasks; i++)
        own->before[i] = i > 0 ? own->suffixes[i * TASK - 1] : -1;
    for (; own->done < tasks; own->done += ROUND) {
        const size_t left = tasks - own->done;
        if (own->watch != NULL && own->watch->is_cancelled != NULL &&
            own->watch->is_cancelled(own->watch->user))
            return lm_fail(err, LM_CANCELLED, "stopped while finding repeats; run again");
        lm_pool_run(pool, left < ROUND ? left : ROUND, compare_task, own);
    }
    return LM_OK;
}

/* Where one run begins: all but the first are later ones. What overlaps the first begins behind it.
 */
static void mark_group(struct finding *own, const int32_t *group, size_t count)
{
    const size_t bytes = own->repeats->bytes;
    size_t first = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        const size_t place = (size_t)(group[i] & PLACE);
        first = place < first ? place : first;
    }
    for (size_t i = 0; i < count; i++) {
        const size_t place = (size_t)(group[i] & PLACE);
        if (place >= first + bytes)
            set(own->later, place);
        else if (place > first)
            set_run(own->repeats->cuts, first + bytes, place + bytes);
    }
}

static void mark(struct finding *own)
{
    const size_t size = own->repeats->size;
    for (size_t i = 0; i < size;) {
        size_t end = i + 1;
        while (end < size && own->suffixes[end] < 0)
            end++;
        if (end - i > 1)
            mark_group(own, own->suffixes + i, end - i);
        i = end;
    }
}

/* Runs from where they begin, joined. */
static void spread(struct finding *own)
{
    struct lm_repeats *repeats = own->repeats;
    size_t done = 0;
    for (size_t w = 0; w < words_of(repeats->size); w++)
        for (uint64_t word = own->later[w]; word != 0; word &= word - 1) {
            size_t at = 64 * w + (size_t)__builtin_ctzll(word), end = at + repeats->bytes;
            set_run(repeats->cuts, at > done ? at : done, end);
            done = end;
        }
}

static enum lm_status find(struct finding *own, struct lm_pool *pool, struct lm_err *err)
{
    const size_t size = own->repeats->size;
    own->suffixes = malloc((size + 1) * sizeof *own->suffixes);
    own->later = calloc(words_of(size), sizeof *own->later);
    if (own->suffixes == NULL || own->later == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to find repeats; free some");
    LM_TRY(lm_suffix_array(own->suffixes, own->repeats->texts, size, own->watch, err));
    LM_TRY(compare(own, pool, err));
    mark(own);
    spread(own);
    return LM_OK;
}

enum lm_status lm_repeats_find(struct lm_repeats *repeats, struct lm_pool *pool,
                               const struct lm_suffix_watch *watch, struct lm_err *err)
{
    struct finding own = {.repeats = repeats, .watch = watch};
    enum lm_status status = find(&own, pool, err);
    free(own.suffixes);
    free(own.before);
    free(own.later);
    return status;
}

/* ---- what is found ---- */

static bool is_inside(const struct lm_repeats *repeats, size_t at)
{
    return (repeats->texts[at] & 0xC0) == 0x80;
}

/* The next place at or behind `at` whose bit is `is_set`; `end` when there is none before. */
static size_t find_bit(const uint64_t *bits, size_t at, size_t end, bool is_set)
{
    while (at < end && has(bits, at) != is_set)
        at += at % 64 == 0 && bits[at / 64] == (is_set ? 0 : ~(uint64_t)0) ? 64 : 1;
    return at < end ? at : end;
}

bool lm_repeats_next(const struct lm_repeats *repeats, size_t start, size_t size, size_t from,
                     struct lm_repeat *out)
{
    const size_t end = start + size;
    for (size_t at = start + from; at < end;) {
        size_t begin = find_bit(repeats->cuts, at, end, true);
        size_t behind = find_bit(repeats->cuts, begin, end, false);
        at = behind;
        while (begin < behind && is_inside(repeats, begin))
            begin++;
        while (behind > begin && behind < end && is_inside(repeats, behind))
            behind--;
        if (begin < behind) {
            *out = (struct lm_repeat){begin - start, behind - start};
            return true;
        }
    }
    return false;
}
