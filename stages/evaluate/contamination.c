#include "contamination.h"

static const uint64_t BASE = UINT64_C(0x9e3779b97f4a7c15); /* odd: sums of products mod 2^64 */

static uint64_t mix(uint64_t h, size_t n)
{
    h ^= (uint64_t)n << 56;
    h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    h = (h ^ (h >> 27)) * UINT64_C(0x94d049bb133111eb);
    h ^= h >> 31;
    return h != 0 ? h : 1;
}

size_t contamination_grams(size_t count)
{
    return count >= CONTAMINATION_GRAM    ? count - CONTAMINATION_GRAM + 1
           : count >= CONTAMINATION_LEAST ? 1
                                          : 0;
}

enum lm_status contamination_init(struct contamination *out, struct lm_arena *arena, size_t grams,
                                  struct lm_err *err)
{
    *out = (struct contamination){.capacity = 64};
    while (out->capacity < 2 * grams)
        out->capacity *= 2;
    out->hashes = LM_NEW_ARRAY(arena, uint64_t, out->capacity);
    out->found = LM_NEW_ARRAY(arena, uint8_t, out->capacity);
    out->filter = LM_NEW_ARRAY(arena, uint64_t, out->capacity / 8);
    return out->hashes != NULL && out->found != NULL && out->filter != NULL
               ? LM_OK
               : lm_fail(err, LM_NOMEM, "no memory for %zu n-grams; give the tasks a limit", grams);
}

/* The place of a hash, or the free one where it would be. */
static size_t place_of(const struct contamination *set, uint64_t hash)
{
    size_t at = (size_t)hash & (set->capacity - 1);
    while (set->hashes[at] != 0 && set->hashes[at] != hash)
        at = (at + 1) & (set->capacity - 1);
    return at;
}

/* The filter has 8 bits a place, by other bits of the hash than places have. */
static uint64_t *filter_word(const struct contamination *set, uint64_t hash, uint64_t *bit)
{
    uint64_t at = (hash >> 20) & (8 * (uint64_t)set->capacity - 1);
    *bit = UINT64_C(1) << (at & 63);
    return &set->filter[at >> 6];
}

/* Visits the hash of every run of n tokens; stops when a visit says so. */
static bool each_gram(struct contamination *set, const int32_t *ids, size_t count, size_t n,
                      bool (*visit)(struct contamination *set, uint64_t hash))
{
    uint64_t h = 0, last = 1;
    for (size_t i = 0; i < n; i++)
        last *= BASE;
    for (size_t i = 0; i < count; i++) {
        h = h * BASE + (uint64_t)ids[i] + 1;
        if (i >= n)
            h -= last * ((uint64_t)ids[i - n] + 1);
        if (i + 1 >= n && visit(set, mix(h, n)))
            return true;
    }
    return false;
}

static size_t length_of(size_t count)
{
    return count < CONTAMINATION_GRAM ? count : CONTAMINATION_GRAM;
}

static bool add(struct contamination *set, uint64_t hash)
{
    uint64_t bit;
    set->hashes[place_of(set, hash)] = hash;
    *filter_word(set, hash, &bit) |= bit;
    return false;
}

void contamination_add(struct contamination *out, const int32_t *ids, size_t count)
{
    if (contamination_grams(count) == 0)
        return;
    out->lengths |= 1U << length_of(count);
    each_gram(out, ids, count, length_of(count), add);
}

static bool find(struct contamination *set, uint64_t hash)
{
    uint64_t bit;
    if (*filter_word(set, hash, &bit) & bit) {
        size_t at = place_of(set, hash);
        set->found[at] |= set->hashes[at] == hash;
    }
    return false;
}

void contamination_scan(struct contamination *out, const int32_t *ids, size_t count)
{
    for (size_t n = CONTAMINATION_LEAST; n <= CONTAMINATION_GRAM; n++)
        if (out->lengths >> n & 1)
            each_gram(out, ids, count, n, find);
}

static bool is_found(struct contamination *set, uint64_t hash)
{
    return set->found[place_of(set, hash)] != 0;
}

bool contamination_has(const struct contamination *out, const int32_t *ids, size_t count)
{
    struct contamination set = *out;
    return contamination_grams(count) > 0 &&
           each_gram(&set, ids, count, length_of(count), is_found);
}
