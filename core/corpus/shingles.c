#include "corpus/shingles.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t BASE = 0xD6E8FEB86659FD93u; /* odd: sums of products modulo 2^64 */

static uint64_t mix(uint64_t h)
{
    h = (h ^ h >> 32) * 0x9FB21C651E98DF25u;
    h = (h ^ h >> 29) * 0xC2B2AE3D27D4EB4Fu;
    return h ^ h >> 32;
}

static enum lm_status reserve(struct lm_shingles *out, size_t count, struct lm_err *err)
{
    if (count <= out->capacity)
        return LM_OK;
    uint64_t *items = realloc(out->items, count * sizeof *items);
    if (items == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu shingles; free some", count);
    out->items = items;
    out->capacity = count;
    return LM_OK;
}

enum lm_status lm_shingles_find(struct lm_shingles *out, const uint8_t *text, size_t size,
                                size_t ngram, struct lm_err *err)
{
    uint64_t hash = 0, last = 1;
    out->count = 0;
    LM_TRY(lm_word_list_find(&out->words, text, size, err));
    const struct lm_word *words = out->words.items;
    size_t count = out->words.count, n = ngram < count ? ngram : count;
    if (count == 0)
        return LM_OK;
    LM_TRY(reserve(out, count, err));
    for (size_t i = 0; i < n; i++)
        last *= BASE;
    for (size_t i = 0; i < count; i++) {
        hash = hash * BASE + words[i].hash;
        if (i >= n)
            hash -= last * words[i - n].hash;
        if (i + 1 >= n)
            out->items[out->count++] = mix(hash);
    }
    return LM_OK;
}

/* By 11 bits at a time of the upper 33, then by insertion: hashes are even. */
static void sort(uint64_t *items, uint64_t *room, size_t count)
{
    enum { BITS = 11, PARTS = 1 << BITS };

    size_t heads[PARTS];
    for (unsigned shift = 64 - 3 * BITS; shift < 64; shift += BITS) {
        size_t at = 0;
        memset(heads, 0, sizeof heads);
        for (size_t i = 0; i < count; i++)
            heads[items[i] >> shift & (PARTS - 1)]++;
        for (size_t p = 0; p < PARTS; p++) {
            size_t own = heads[p];
            heads[p] = at;
            at += own;
        }
        for (size_t i = 0; i < count; i++)
            room[heads[items[i] >> shift & (PARTS - 1)]++] = items[i];
        uint64_t *kept = items;
        items = room;
        room = kept;
    }
    for (size_t i = 1; i < count; i++) { /* an odd number of passes: they lie in the room */
        uint64_t own = items[i];
        size_t at = i;
        for (; at > 0 && items[at - 1] > own; at--)
            items[at] = items[at - 1];
        items[at] = own;
    }
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

enum lm_status lm_shingles_unite(struct lm_shingles *shingles, struct lm_err *err)
{
    enum { FEW = 512 };

    size_t count = shingles->count, kept = 0;
    if (count > FEW) {
        uint64_t *room = malloc(count * sizeof *room);
        if (room == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for %zu shingles; free some", count);
        sort(shingles->items, room, count);
        memcpy(shingles->items, room, count * sizeof *room);
        free(room);
    } else if (count > 1) {
        qsort(shingles->items, count, sizeof *shingles->items, compare);
    }
    for (size_t i = 0; i < count; i++)
        if (i == 0 || shingles->items[i] != shingles->items[i - 1])
            shingles->items[kept++] = shingles->items[i];
    shingles->count = kept;
    return LM_OK;
}

double lm_shingles_jaccard(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count)
{
    size_t i = 0, k = 0, shared = 0;
    while (i < a_count && k < b_count) {
        uint64_t x = a[i], y = b[k];
        shared += x == y;
        i += x <= y;
        k += y <= x;
    }
    size_t all = a_count + b_count - shared;
    return all > 0 ? (double)shared / (double)all : 0;
}

void lm_shingles_release(struct lm_shingles *shingles)
{
    free(shingles->items);
    lm_word_list_release(&shingles->words);
    *shingles = (struct lm_shingles){.items = NULL};
}
