#include "model/decode/candidates.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/elem.h"

enum { PEAK = LM_PEAK_LOGITS, BLOCK = 2048 /* logits whose sums are float */ };

/* Bands end so far below the largest logit, in units of the temperature. */
static const double bands[] = {1, 2, 3, 4, 6, 8, 10, 12, 16, 32, 64, INFINITY};

enum { BANDS = sizeof bands / sizeof bands[0] };

/* A larger key comes first: the logit's bits in order, then the id's complement. */
static uint64_t key_of(float logit, int32_t id)
{
    uint32_t bits;
    logit += 0.0F; /* -0 equals 0 */
    memcpy(&bits, &logit, sizeof bits);
    bits ^= bits >> 31 ? UINT32_MAX : UINT32_C(1) << 31;
    return (uint64_t)bits << 32 | (UINT32_MAX - (uint32_t)id);
}

static int32_t id_of(uint64_t key)
{
    return (int32_t)(UINT32_MAX - (uint32_t)key);
}

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
        .kernels = kernels, .size = size, .items = scratch, .temperature = 1};
    out->heap = (uint64_t *)(out->items + size);
    out->logits = (float *)(out->heap + size);
    out->peaks = out->logits + size;
    kernels->bound_logits(out->logits, out->peaks, logits, size);
    out->largest = largest_of(out);
}

/* ---- the order ---- */

static void sift_down(uint64_t *heap, size_t live, size_t at)
{
    uint64_t moved = heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= live)
            break;
        child += child + 1 < live && heap[child + 1] > heap[child];
        if (heap[child] <= moved)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

static uint64_t pop(uint64_t *heap, size_t *live)
{
    uint64_t top = heap[0];
    heap[0] = heap[--*live];
    if (*live > 1)
        sift_down(heap, *live, 0);
    return top;
}

static void make_heap(uint64_t *heap, size_t live)
{
    for (size_t i = live / 2; i-- > 0;)
        sift_down(heap, live, i);
}

/* The lowest logit of the bands before `band`. */
static double floor_of(const struct lm_candidates *candidates, int band)
{
    return band == 0 ? INFINITY
           : isinf(bands[band - 1])
               ? -INFINITY
               : candidates->largest - bands[band - 1] * candidates->temperature;
}

/* The next band that holds something as a heap; false when there is none. */
static bool open_band(struct lm_candidates *candidates)
{
    for (; candidates->live == 0 && candidates->band < BANDS; candidates->band++) {
        double high = floor_of(candidates, candidates->band);
        double low = floor_of(candidates, candidates->band + 1);
        for (size_t first = 0; first < candidates->size; first += PEAK) {
            if ((double)candidates->peaks[first / PEAK] < low)
                continue;
            size_t end = candidates->size - first < PEAK ? candidates->size : first + PEAK;
            for (size_t i = first; i < end; i++) {
                double logit = (double)candidates->logits[i];
                if (logit >= low && logit < high)
                    candidates->heap[candidates->live++] =
                        key_of(candidates->logits[i], (int32_t)i);
            }
        }
    }
    make_heap(candidates->heap, candidates->live);
    return candidates->live > 0;
}

static double weight_of(const struct lm_candidates *candidates, float logit)
{
    double below = (double)logit - candidates->largest;
    return below == 0 ? 1 : lm_exp(below / candidates->temperature);
}

const struct lm_candidate *lm_candidates_at(struct lm_candidates *candidates, size_t i)
{
    while (candidates->count <= i && !candidates->is_closed) {
        if (candidates->live == 0 && !open_band(candidates))
            break;
        int32_t id = id_of(pop(candidates->heap, &candidates->live));
        float logit = candidates->logits[id];
        candidates->items[candidates->count++] =
            (struct lm_candidate){weight_of(candidates, logit), logit, id};
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

void lm_candidates_close(struct lm_candidates *candidates, size_t count)
{
    if (count > 0)
        lm_candidates_at(candidates, count - 1);
    candidates->count = count < candidates->count ? count : candidates->count;
    candidates->is_closed = true;
}

/* ---- weights ---- */

double lm_candidates_total(struct lm_candidates *candidates, double *moment)
{
    double sum = 0, moments = 0, t = candidates->temperature;
    float scale = t > 1e-30 ? (float)(1 / t) : 1e30F;
    for (size_t i = 0; candidates->is_closed && i < candidates->count; i++) {
        double weight = candidates->items[i].weight;
        sum += weight;
        if (moment != NULL && weight > 0)
            moments += weight * lm_log(weight);
    }
    for (size_t i = 0; !candidates->is_closed && i < candidates->size; i += BLOCK) {
        size_t rest = candidates->size - i;
        float weights, products;
        candidates->kernels->heated_stats(&weights, &products, candidates->logits + i,
                                          rest < BLOCK ? rest : BLOCK, (float)candidates->largest,
                                          scale);
        sum += (double)weights;
        moments += (double)products;
    }
    if (moment != NULL)
        *moment = moments;
    return sum;
}

void lm_candidates_heat(struct lm_candidates *candidates, double factor)
{
    candidates->temperature *= factor;
    for (size_t i = 0; i < candidates->count; i++)
        candidates->items[i].weight = weight_of(candidates, candidates->items[i].logit);
}

void lm_candidates_keep(struct lm_candidates *candidates, size_t count)
{
    candidates->count = count;
    candidates->is_closed = true;
    candidates->largest = (double)candidates->items[0].logit;
    lm_candidates_heat(candidates, 1);
}

/* ---- the penalty ---- */

static float penalised(float logit, double penalty)
{
    double value = logit > 0 ? (double)logit / penalty : (double)logit * penalty;
    value = value < (double)FLT_MAX ? value : (double)FLT_MAX;
    return (float)(value > -(double)FLT_MAX ? value : -(double)FLT_MAX);
}

/* Closed candidates in their new order. */
static void sort_again(struct lm_candidates *candidates)
{
    size_t live = candidates->count;
    for (size_t i = 0; i < live; i++)
        candidates->heap[i] = key_of(candidates->items[i].logit, candidates->items[i].id);
    make_heap(candidates->heap, live);
    for (size_t i = 0; i < candidates->count; i++) {
        int32_t id = id_of(pop(candidates->heap, &live));
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
