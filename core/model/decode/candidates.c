#include "model/decode/candidates.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/elem.h"
#include "model/decode/key_order.h"

enum { PEAK = LM_PEAK_LOGITS, BLOCK = 2048 /* logits whose sums are float */ };

/* Bands end so far below the largest logit, in units of the temperature. */
static const double bands[] = {1, 2, 3, 4, 6, 8, 10, 12, 16, 32, 64, INFINITY};

enum { BANDS = sizeof bands / sizeof bands[0] };

static size_t peaks_of(size_t vocab)
{
    return (vocab + PEAK - 1) / PEAK;
}

size_t lm_candidates_bytes(size_t vocab)
{
    return vocab * (sizeof(struct lm_candidate) + sizeof(uint64_t) + sizeof(float)) +
           peaks_of(vocab) * sizeof(float);
}

static double largest_of(const struct lm_candidates *candidates)
{
    float largest = -FLT_MAX;
    for (size_t i = 0; i < peaks_of(candidates->size); i++)
        largest = candidates->peaks[i] > largest ? candidates->peaks[i] : largest;
    return (double)largest;
}

void lm_candidates_open(struct lm_candidates *out, const struct lm_kernels *kernels,
                        const float *logits, size_t size, void *scratch)
{
    *out = (struct lm_candidates){
        .kernels = kernels, .size = size, .items = scratch, .limit = size, .temperature = 1};
    out->keys = (uint64_t *)(out->items + size);
    out->logits = (float *)(out->keys + size);
    out->peaks = out->logits + size;
    kernels->bound_logits(out->logits, out->peaks, logits, size);
    out->largest = largest_of(out);
}

/* ---- the order ---- */

/* The lowest logit of the bands before `band`. */
static double floor_of(const struct lm_candidates *candidates, int band)
{
    return band < 1 || band > BANDS ? INFINITY
           : isinf(bands[band - 1])
               ? -INFINITY
               : candidates->largest - bands[band - 1] * candidates->temperature;
}

/* The keys of logits from `low` up to `high`; returns how many. */
static size_t gather(struct lm_candidates *candidates, double low, double high)
{
    size_t count = 0;
    for (size_t first = 0; first < candidates->size; first += PEAK) {
        if ((double)candidates->peaks[first / PEAK] < low)
            continue;
        size_t end = candidates->size - first < PEAK ? candidates->size : first + PEAK;
        for (size_t i = first; i < end; i++) {
            double logit = (double)candidates->logits[i];
            if (logit >= low && logit < high)
                candidates->keys[count++] = lm_key_of(candidates->logits[i], (int32_t)i);
        }
    }
    return count;
}

/* Weights of the items from `first` on. */
static void weigh(struct lm_candidates *candidates, size_t first)
{
    enum { CHUNK = 128 };

    float logits[CHUNK];
    double weights[CHUNK];
    for (; first < candidates->count; first += CHUNK) {
        struct lm_candidate *items = candidates->items + first;
        size_t some = candidates->count - first < CHUNK ? candidates->count - first : CHUNK;
        for (size_t i = 0; i < some; i++)
            logits[i] = items[i].logit;
        candidates->kernels->weigh_logits(weights, logits, some, candidates->largest,
                                          candidates->temperature);
        for (size_t i = 0; i < some; i++)
            items[i].weight = weights[i];
    }
}

/* Lists the next band that holds something; false when there is none. */
static bool list_band(struct lm_candidates *candidates)
{
    size_t found = 0, first = candidates->count, room = candidates->limit - first;
    for (; found == 0 && candidates->band < BANDS; candidates->band++)
        found = gather(candidates, floor_of(candidates, candidates->band + 1),
                       floor_of(candidates, candidates->band));
    uint64_t *spare = (uint64_t *)(candidates->items + first);
    uint64_t *sorted = lm_keys_sort(candidates->keys, spare, found);
    if (sorted == spare)
        memcpy(candidates->keys, sorted, found * sizeof *sorted);
    for (size_t i = 0; i < found && i < room; i++) {
        int32_t id = lm_key_id(candidates->keys[i]);
        candidates->items[candidates->count++] =
            (struct lm_candidate){0, candidates->logits[id], id};
    }
    weigh(candidates, first);
    candidates->has_index = false; /* it lay there */
    return found > 0;
}

/* Lists a slice. */
static void settle(struct lm_candidates *candidates)
{
    size_t from = candidates->skip, count = candidates->limit - from;
    if (!candidates->is_slice)
        return;
    candidates->is_slice = false;
    lm_candidates_at(candidates, candidates->limit - 1);
    memmove(candidates->items, candidates->items + from, count * sizeof *candidates->items);
    lm_candidates_keep(candidates, count);
}

void lm_candidates_slice(struct lm_candidates *candidates, size_t from, size_t to)
{
    candidates->skip = from;
    candidates->limit = to;
    candidates->is_closed = candidates->is_slice = true;
}

const struct lm_candidate *lm_candidates_at(struct lm_candidates *candidates, size_t i)
{
    settle(candidates);
    while (candidates->count <= i && candidates->count < candidates->limit &&
           list_band(candidates)) {
    }
    return i < candidates->count ? &candidates->items[i] : NULL;
}

int32_t lm_candidates_first(const struct lm_candidates *candidates)
{
    for (size_t first = 0; first < candidates->size; first += PEAK)
        for (size_t i = first;
             (double)candidates->peaks[first / PEAK] == candidates->largest && i < candidates->size;
             i++)
            if ((double)candidates->logits[i] == candidates->largest)
                return (int32_t)i;
    return 0;
}

/* Closed candidates as items, all of them. */
static void list_closed(struct lm_candidates *candidates)
{
    settle(candidates);
    if (candidates->is_closed && candidates->limit > 0)
        lm_candidates_at(candidates, candidates->limit - 1);
}

size_t lm_candidates_peaks(const struct lm_candidates *candidates, double weight)
{
    double slack = 1e-6; /* the log is rounded */
    double least = candidates->largest + candidates->temperature * (lm_log(weight) + slack);
    size_t count = 0;
    for (size_t i = 0; i < peaks_of(candidates->size); i++)
        count += (double)candidates->peaks[i] > least;
    return candidates->is_closed ? 0 : count;
}

void lm_candidates_close(struct lm_candidates *candidates, size_t count)
{
    settle(candidates);
    candidates->limit = count < candidates->limit ? count : candidates->limit;
    candidates->count =
        candidates->count < candidates->limit ? candidates->count : candidates->limit;
    candidates->is_closed = true;
}

/* ---- weights ---- */

struct lm_mass_index *lm_candidates_index(struct lm_candidates *candidates)
{
    enum { LEAST = 4096 };

    size_t size = candidates->size;
    struct lm_candidate *room = candidates->items + candidates->count;
    if (size < LEAST || candidates->index == NULL ||
        (size - candidates->count) * sizeof *room < lm_mass_index_bytes(size))
        return NULL;
    if (!candidates->has_index)
        lm_mass_index_build(candidates->index, candidates->kernels, candidates->logits, size,
                            candidates->largest, candidates->temperature, candidates->keys, room);
    candidates->has_index = true;
    return candidates->index;
}

/* Of all candidates, once for a temperature. */
static void sum_open(struct lm_candidates *candidates)
{
    double t = candidates->temperature;
    float scale = t > 1e-30 ? (float)(1 / t) : 1e30F;
    candidates->total = candidates->moment = 0;
    for (size_t i = 0; i < candidates->size; i += BLOCK) {
        size_t rest = candidates->size - i;
        float weights, products;
        candidates->kernels->heated_stats(&weights, &products, candidates->logits + i,
                                          rest < BLOCK ? rest : BLOCK, (float)candidates->largest,
                                          scale);
        candidates->total += (double)weights;
        candidates->moment += (double)products;
    }
    candidates->has_total = true;
}

static double sum_closed(struct lm_candidates *candidates, double *moment)
{
    const struct lm_candidate *one;
    double sum = 0, moments = 0;
    for (size_t i = 0; (one = lm_candidates_at(candidates, i)) != NULL; i++) {
        sum += one->weight;
        if (moment != NULL && one->weight > 0)
            moments += one->weight * lm_log(one->weight);
    }
    if (moment != NULL)
        *moment = moments;
    return sum;
}

double lm_candidates_total(struct lm_candidates *candidates, double *moment)
{
    if (candidates->is_closed)
        return sum_closed(candidates, moment);
    if (!candidates->has_total)
        sum_open(candidates);
    if (moment != NULL)
        *moment = candidates->moment;
    return candidates->total;
}

void lm_candidates_heat(struct lm_candidates *candidates, double factor)
{
    list_closed(candidates); /* as far as they go at the temperature that there was */
    candidates->temperature *= factor;
    candidates->has_index = candidates->has_total = false;
    weigh(candidates, 0);
}

void lm_candidates_keep(struct lm_candidates *candidates, size_t count)
{
    candidates->count = candidates->limit = count;
    candidates->is_closed = true;
    candidates->largest = (double)candidates->items[0].logit;
    candidates->index = NULL; /* it tells of others too, and all of these are listed */
    lm_candidates_heat(candidates, 1);
}

/* ---- the penalty ---- */

static float penalised(float logit, double penalty)
{
    double value = logit > 0 ? (double)logit / penalty : (double)logit * penalty;
    value = value < (double)FLT_MAX ? value : (double)FLT_MAX;
    return (float)(value > -(double)FLT_MAX ? value : -(double)FLT_MAX);
}

static int compare_keys(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Closed candidates in their new order. */
static void sort_again(struct lm_candidates *candidates)
{
    uint64_t *keys = candidates->keys;
    for (size_t i = 0; i < candidates->count; i++)
        keys[i] = lm_key_of(candidates->items[i].logit, candidates->items[i].id);
    qsort(keys, candidates->count, sizeof *keys, compare_keys);
    for (size_t i = 0; i < candidates->count; i++) {
        int32_t id = lm_key_id(keys[i]);
        candidates->items[i] = (struct lm_candidate){0, candidates->logits[id], id};
    }
    lm_candidates_keep(candidates, candidates->count);
}

/* The largest of a logit's block anew. */
static void find_peak(struct lm_candidates *candidates, size_t id)
{
    size_t first = id / PEAK * PEAK;
    float peak = candidates->logits[first];
    for (size_t i = first; i < first + PEAK && i < candidates->size; i++)
        peak = candidates->logits[i] > peak ? candidates->logits[i] : peak;
    candidates->peaks[first / PEAK] = peak;
}

void lm_candidates_penalise(struct lm_candidates *candidates, const int32_t *history, int64_t count,
                            double penalty, unsigned char *seen)
{
    memset(seen, 0, candidates->size);
    list_closed(candidates);
    candidates->has_index = candidates->has_total = false;
    for (int64_t i = 0; i < count; i++) {
        int32_t id = history[i];
        if (id < 0 || (size_t)id >= candidates->size || seen[id])
            continue;
        seen[id] = 1;
        candidates->logits[id] = penalised(candidates->logits[id], penalty);
        find_peak(candidates, (size_t)id);
    }
    candidates->largest = largest_of(candidates);
    for (size_t i = 0; i < candidates->count; i++)
        candidates->items[i].logit = candidates->logits[candidates->items[i].id];
    if (candidates->is_closed)
        sort_again(candidates);
}
