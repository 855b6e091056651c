#include "model/decode/mass_index.h"

#include <string.h>

#include "base/elem.h"
#include "model/decode/key_order.h"

enum { CHUNK = 256, RANGES = LM_MASS_RANGES };

/* In temperatures; what is further down is in the last range, which hardly anybody looks into. */
static const double span = 16;

size_t lm_mass_index_bytes(size_t size)
{
    return size * (sizeof(uint64_t) + sizeof(uint16_t));
}

void lm_mass_index_build(struct lm_mass_index *index, const struct lm_kernels *kernels,
                         const float *logits, size_t size, double largest, double temperature,
                         uint64_t *keys, void *room)
{
    double weights[CHUNK], mass[RANGES] = {0}, scale = RANGES / (span * temperature);
    uint32_t count[RANGES] = {0};
    index->logits = logits;
    index->size = size;
    index->largest = largest;
    index->temperature = temperature;
    index->kernels = kernels;
    index->keys = keys;
    index->spare = room;
    index->places = (uint16_t *)(index->spare + size);
    for (size_t first = 0; first < size; first += CHUNK) {
        size_t some = size - first < CHUNK ? size - first : CHUNK;
        uint16_t *places = index->places + first;
        kernels->weigh_about(weights, logits + first, some, largest, temperature);
        kernels->place_logits(places, logits + first, some, (float)largest,
                              scale < 1e30 ? (float)scale : 1e30F, RANGES);
        for (size_t i = 0; i < some; i++) {
            mass[places[i]] += weights[i];
            count[places[i]]++;
        }
    }
    index->mass[0] = 0;
    index->count[0] = 0;
    for (size_t r = 0; r < RANGES; r++) {
        index->mass[r + 1] = index->mass[r] + mass[r];
        index->count[r + 1] = index->count[r] + count[r];
    }
    /* n · 2^-53 of the sum for either order (Higham 2002, section 4.2), what weights are off, and
     * as much again */
    index->slack =
        (4 * 0x1p-53 * (double)(size + RANGES) + 2 * LM_WEIGH_ERROR) * index->mass[RANGES];
}

/* ---- a range in its order ---- */

/* Its logits in order, yet to come. */
struct range {
    const struct lm_mass_index *index;
    const uint64_t *keys;
    size_t count, at;
};

static struct range open_range(struct lm_mass_index *index, size_t r)
{
    enum { BLOCK = 64 };

    size_t count = 0;
    for (size_t first = 0; first < index->size; first += BLOCK) {
        size_t end = index->size - first < BLOCK ? index->size : first + BLOCK;
        if (!index->kernels->holds(index->places + first, end - first, (uint16_t)r))
            continue;
        for (size_t i = first; i < end; i++)
            if (index->places[i] == r)
                index->keys[count++] = lm_key_of(index->logits[i], (int32_t)i);
    }
    return (struct range){index, lm_keys_sort(index->keys, index->spare, count), count, 0};
}

/* The next one's weight; false when there is none. */
static bool next_of(struct range *range, double *weight, int32_t *id)
{
    const struct lm_mass_index *index = range->index;
    if (range->at == range->count)
        return false;
    *id = lm_key_id(range->keys[range->at++]);
    double below = (double)index->logits[*id] - index->largest;
    *weight = below == 0 ? 1 : lm_exp(below / index->temperature);
    return true;
}

/* ---- answers ---- */

struct lm_mass lm_mass_index_sum(struct lm_mass_index *index, size_t count)
{
    size_t r = 0;
    int32_t id;
    double weight;
    while (r + 1 < RANGES && index->count[r + 1] <= count)
        r++;
    struct lm_mass sum = {index->mass[r], index->slack};
    if (index->count[r] == count)
        return sum;
    struct range range = open_range(index, r);
    for (size_t i = index->count[r]; i < count && next_of(&range, &weight, &id); i++)
        sum.value += weight;
    return sum;
}

bool lm_mass_index_reach(struct lm_mass_index *index, struct lm_mass goal,
                         struct lm_mass_place *out)
{
    double slack = index->slack + goal.slack, weight;
    size_t r = 0;
    while (r + 1 < RANGES && index->mass[r + 1] + slack < goal.value)
        r++;
    out->count = index->count[r];
    for (; r < RANGES; r++) {
        double mass = index->mass[r];
        struct range range = open_range(index, r);
        while (next_of(&range, &weight, &out->id)) {
            mass += weight;
            out->count++;
            if (mass - slack > goal.value)
                return true;
            if (!(mass + slack < goal.value))
                return false;
        }
    }
    return false;
}

size_t lm_mass_index_above(struct lm_mass_index *index, double least)
{
    int32_t id;
    double weight, down = -lm_log(least < 1 ? least : 1);
    size_t r = down < span ? (size_t)(down * RANGES / span) : RANGES - 1;
    for (r = r + 1 < RANGES ? r + 1 : RANGES - 1;; r--) { /* one more: logs are rounded */
        size_t count = index->count[r];
        struct range range = open_range(index, r);
        bool is_below = false;
        while (!is_below && next_of(&range, &weight, &id)) {
            is_below = !(weight >= least);
            count += is_below ? 0 : 1;
        }
        if (r == 0 || count > index->count[r])
            return count;
    }
}
