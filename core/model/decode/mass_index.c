#include "model/decode/mass_index.h"

#include <math.h>
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

/* ---- ranges in their order ---- */

/* The logits of some ranges in order, yet to come. */
struct range {
    const struct lm_mass_index *index;
    const uint64_t *keys;
    size_t count, at;
};

/* Ranges [first, end), behind `skip` keys that are in use. */
static struct range open_ranges(struct lm_mass_index *index, size_t first, size_t end, size_t skip)
{
    uint64_t *keys = index->keys + skip, *spare = index->spare + skip;
    uint32_t *ids = (uint32_t *)spare;
    size_t count = end > first
                       ? index->kernels->select_places(ids, index->places, index->size,
                                                       (uint16_t)first, (uint16_t)(end - first))
                       : 0;
    for (size_t i = 0; i < count; i++)
        keys[i] = lm_key_of(index->logits[ids[i]], (int32_t)ids[i]);
    return (struct range){index, lm_keys_sort(keys, spare, count), count, 0};
}

/* How far a logit is below the largest, in temperatures: ≤ 0. */
static double depth_of(const struct lm_mass_index *index, int32_t id)
{
    return ((double)index->logits[id] - index->largest) / index->temperature;
}

static double weight_of(const struct lm_mass_index *index, int32_t id)
{
    return (double)index->logits[id] == index->largest ? 1 : lm_exp(depth_of(index, id));
}

/* The next one's weight; false when there is none. */
static bool next_of(struct range *range, double *weight, int32_t *id)
{
    if (range->at == range->count)
        return false;
    *id = lm_key_id(range->keys[range->at++]);
    *weight = weight_of(range->index, *id);
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
    struct range range = open_ranges(index, r, r + 1, 0);
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
        struct range range = open_ranges(index, r, r + 1, 0);
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
        struct range range = open_ranges(index, r, r + 1, 0);
        bool is_below = false;
        while (!is_below && next_of(&range, &weight, &id)) {
            is_below = !(weight >= least);
            count += is_below ? 0 : 1;
        }
        if (r == 0 || count > index->count[r])
            return count;
    }
}

/* ---- nearest to the middle ---- */

/* Ranges [first, end). */
struct ranges {
    size_t first, end;
};

static double mass_of(const struct lm_mass_index *index, struct ranges ranges)
{
    return ranges.end > ranges.first ? index->mass[ranges.end] - index->mass[ranges.first] : 0;
}

/* Those that may hold logits so near to a depth (both in ranges), or (is_inside) hold none that is
 * not. Places are rounded: a hundredth of a range is more than they are off. The last range has no
 * end. */
static struct ranges around(double depth, double distance, bool is_inside)
{
    const double off = is_inside ? 0.01 : -0.01;
    double low = depth - distance + off, high = depth + distance - off;
    low = is_inside ? ceil(low) : floor(low);
    high = is_inside ? floor(high) : ceil(high);
    struct ranges out = {low > 0 ? (size_t)low : 0, high > 0 ? (size_t)high : 0};
    size_t most = is_inside ? RANGES - 1 : RANGES;
    out.end = out.end < most ? out.end : most;
    out.first = out.first < out.end ? out.first : out.end;
    return out;
}

/* What is not within `inside` but may be among the nearest, one step at a time; on both sides of
 * the middle the nearest comes first. */
struct nearest {
    struct lm_mass_index *index;
    double middle, goal, slack, mass;
    struct range up, down;   /* up: its last key is the nearest */
    size_t up_left, down_at; /* keys up to come; keys down that were taken */
};

static double distance_at(const struct nearest *nearest, uint64_t key)
{
    return fabs(depth_of(nearest->index, lm_key_id(key)) - nearest->middle);
}

/* Takes the last of the keys up and its equals, the lowest id first. False: the mass is or may be
 * reached before all are taken. */
static bool take_up(struct nearest *nearest)
{
    const uint64_t *keys = nearest->up.keys;
    size_t end = nearest->up_left, first = end - 1;
    const float *logits = nearest->index->logits;
    while (first > 0 && logits[lm_key_id(keys[first - 1])] == logits[lm_key_id(keys[end - 1])])
        first--;
    for (size_t i = first; i < end; i++) {
        if (i > first && !(nearest->mass + nearest->slack < nearest->goal))
            return false;
        nearest->mass += weight_of(nearest->index, lm_key_id(keys[i]));
    }
    nearest->up_left = first;
    return true;
}

/* True when the goal is reached beyond doubt. */
static bool take_nearest(struct nearest *nearest)
{
    while (nearest->mass + nearest->slack < nearest->goal) {
        bool has_up = nearest->up_left > 0, has_down = nearest->down_at < nearest->down.count;
        if (!has_up && !has_down)
            return false;
        if (has_up &&
            (!has_down || distance_at(nearest, nearest->up.keys[nearest->up_left - 1]) <=
                              distance_at(nearest, nearest->down.keys[nearest->down_at]))) {
            if (!take_up(nearest))
                return false;
        } else
            nearest->mass +=
                weight_of(nearest->index, lm_key_id(nearest->down.keys[nearest->down_at++]));
    }
    return nearest->mass - nearest->slack > nearest->goal;
}

/* Where ranges of which nothing is known to be inside are cut: behind what is not below the
 * middle. */
static void split(struct nearest *nearest)
{
    struct range *up = &nearest->up;
    size_t at = 0;
    while (at < up->count && depth_of(nearest->index, lm_key_id(up->keys[at])) >= nearest->middle)
        at++;
    nearest->down = (struct range){up->index, up->keys + at, up->count - at, 0};
    up->count = at;
}

bool lm_mass_index_nearest(struct lm_mass_index *index, double middle, double goal,
                           struct lm_mass_slice *out)
{
    double depth = -middle * RANGES / span, near = 0, far = 1, slack = index->slack;
    if (!(index->temperature > 1e-6 && index->temperature < 1e6 && depth < RANGES - 1))
        return false;
    while (far < RANGES && !(mass_of(index, around(depth, far, true)) - slack > goal))
        far++;
    while (mass_of(index, around(depth, near + 1, false)) + slack < goal && near + 1 < far)
        near++;
    struct ranges inside = around(depth, near, true), all = around(depth, far, false);
    if (far == RANGES || all.end == RANGES)
        return false;
    bool is_cut = inside.first < inside.end;
    size_t cut = is_cut ? inside.first : all.end;
    struct nearest nearest = {.index = index, .middle = middle, .goal = goal, .slack = slack};
    nearest.mass = mass_of(index, inside);
    nearest.up = open_ranges(index, all.first, cut, 0);
    if (is_cut)
        nearest.down = open_ranges(index, inside.end, all.end, nearest.up.count);
    else
        split(&nearest);
    nearest.up_left = nearest.up.count;
    if (!take_nearest(&nearest))
        return false;
    out->from = index->count[all.first] + nearest.up_left;
    out->to = (is_cut ? index->count[inside.end] : index->count[all.first] + nearest.up.count) +
              nearest.down_at;
    return true;
}
