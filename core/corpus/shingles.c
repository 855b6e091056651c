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

/* ---- sets ---- */

enum { PART_BITS = 12 /* of hashes that are parted at once, at most */ };

/* Moves hashes to the parts of `bits` bits at `shift`, in the order they come in. */
static void part(uint64_t *to, const uint64_t *from, size_t count, unsigned shift, unsigned bits)
{
    uint32_t heads[1 << PART_BITS];
    const uint64_t mask = ((uint64_t)1 << bits) - 1;
    uint32_t at = 0;
    memset(heads, 0, sizeof heads[0] << bits);
    for (size_t i = 0; i < count; i++)
        heads[from[i] >> shift & mask]++;
    for (size_t p = 0; p <= mask; p++) {
        uint32_t own = heads[p];
        heads[p] = at;
        at += own;
    }
    for (size_t i = 0; i < count; i++)
        to[heads[from[i] >> shift & mask]++] = from[i];
}

/* Nearly sorted hashes, each once; how many there are. `to` may be `from`. */
static size_t unite(uint64_t *to, const uint64_t *from, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t own = from[i];
        size_t at = kept;
        while (at > 0 && to[at - 1] > own)
            at--;
        if (at > 0 && to[at - 1] == own)
            continue;
        if (at < kept)
            memmove(to + at + 1, to + at, (kept - at) * sizeof *to);
        to[at] = own;
        kept++;
    }
    return kept;
}

/* Hashes are even: parted by a bit more than it takes to tell all of them apart, few are left to be
 * moved. */
enum lm_status lm_shingles_unite(struct lm_shingles *shingles, struct lm_err *err)
{
    enum { FEW = 24 };

    const size_t count = shingles->count;
    unsigned bits = 2;
    if (count > shingles->room_capacity && count > FEW) {
        uint64_t *room = realloc(shingles->room, shingles->capacity * sizeof *room);
        if (room == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for %zu shingles; free some", count);
        shingles->room = room;
        shingles->room_capacity = shingles->capacity;
    }
    while (bits < 2 * PART_BITS && count >> (bits - 1) > 0)
        bits++;
    const uint64_t *sorted = shingles->items;
    if (count > FEW && bits <= PART_BITS) {
        part(shingles->room, shingles->items, count, 64 - bits, bits);
        sorted = shingles->room;
    } else if (count > FEW) {
        bits = (bits + 1) / 2;
        part(shingles->room, shingles->items, count, 64 - 2 * bits, bits);
        part(shingles->items, shingles->room, count, 64 - bits, bits);
    }
    shingles->count = unite(shingles->items, sorted, count);
    return LM_OK;
}

static double divide(size_t shared, size_t a_count, size_t b_count)
{
    size_t all = a_count + b_count - shared;
    return all > 0 ? (double)shared / (double)all : 0;
}

double lm_shingles_jaccard(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count,
                           double least)
{
    enum { STEPS = 512 }; /* between two looks at what is still possible */

    size_t i = 0, k = 0, shared = 0;
    while (i < a_count && k < b_count) {
        const size_t a_left = a_count - i, b_left = b_count - k;
        const size_t left = a_left < b_left ? a_left : b_left;
        if (divide(shared + left, a_count, b_count) < least)
            return 0;
        for (size_t steps = left < STEPS ? left : STEPS; steps > 0; steps--) {
            uint64_t x = a[i], y = b[k];
            shared += x == y;
            i += x <= y;
            k += y <= x;
        }
    }
    const double jaccard = divide(shared, a_count, b_count);
    return jaccard >= least ? jaccard : 0;
}

void lm_shingles_release(struct lm_shingles *shingles)
{
    free(shingles->items);
    free(shingles->room);
    lm_word_list_release(&shingles->words);
    *shingles = (struct lm_shingles){.items = NULL};
}
