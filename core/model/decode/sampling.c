/*
 * One token from logits. Candidates are popped from a heap in the order (logit descending, id
 * ascending), no further than the filters and the draw need.
 */
#include <lmpipe/model.h>

#include <float.h>
#include <stdint.h>
#include <string.h>

#include "base/elem.h"

#define LEAST_TEMPERATURE 1e-200 /* FLT_MAX over it is finite */

struct candidate {
    double logit; /**< after penalty and temperature */
    int32_t id;
};

/* What is known while candidates are popped. */
struct draw {
    struct candidate *heap; /**< [0, live): a heap; [live, size): popped, the first one last */
    size_t size, live;
    double largest;
};

size_t lm_sampling_scratch(int64_t vocab)
{
    return (size_t)vocab * (sizeof(struct candidate) + 1);
}

static bool comes_before(const struct candidate *a, const struct candidate *b)
{
    return a->logit > b->logit || (a->logit == b->logit && a->id < b->id);
}

static void sift_down(struct candidate *heap, size_t live, size_t at)
{
    struct candidate moved = heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= live)
            break;
        if (child + 1 < live && comes_before(&heap[child + 1], &heap[child]))
            child++;
        if (!comes_before(&heap[child], &moved))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

/* Moves the first of the remaining candidates behind them; returns it. */
static const struct candidate *pop(struct draw *draw)
{
    struct candidate top = draw->heap[0];
    draw->live--;
    draw->heap[0] = draw->heap[draw->live];
    draw->heap[draw->live] = top;
    if (draw->live > 1)
        sift_down(draw->heap, draw->live, 0);
    return &draw->heap[draw->live];
}

/* The i-th popped candidate, popping as far as needed; NULL when there are no more. */
static const struct candidate *nth(struct draw *draw, size_t i)
{
    if (i >= draw->size)
        return NULL;
    while (draw->size - draw->live <= i)
        pop(draw);
    return &draw->heap[draw->size - 1 - i];
}

static double weight(const struct draw *draw, const struct candidate *candidate)
{
    return lm_exp(candidate->logit - draw->largest);
}

/* A finite number, so that differences are: NaN and -inf become the least. */
static double bounded(double logit)
{
    if (!(logit >= -(double)FLT_MAX))
        return -(double)FLT_MAX;
    return logit < (double)FLT_MAX ? logit : (double)FLT_MAX;
}

/* Keskar et al. 2019: logits of ids already seen are made less likely, once each. */
static void penalise(struct candidate *candidates, int64_t vocab, const int32_t *history,
                     int64_t count, double penalty, unsigned char *seen)
{
    memset(seen, 0, (size_t)vocab);
    for (int64_t i = 0; i < count; i++) {
        int32_t id = history[i];
        if (id < 0 || id >= vocab || seen[id])
            continue;
        seen[id] = 1;
        double *logit = &candidates[id].logit;
        *logit = bounded(*logit > 0 ? *logit / penalty : *logit * penalty);
    }
}

static size_t fill(struct candidate *candidates, const float *logits, int64_t vocab)
{
    for (int64_t i = 0; i < vocab; i++)
        candidates[i] = (struct candidate){bounded((double)logits[i]), (int32_t)i};
    return (size_t)vocab;
}

/* Divides all logits. By a temperature that would make them overflow only differences from the
 * largest are divided: all but ties with it become -inf, whose weight is 0. */
static void heat(struct candidate *candidates, size_t count, double temperature, double largest)
{
    double base = temperature < LEAST_TEMPERATURE ? largest : 0;
    for (size_t i = 0; i < count; i++)
        candidates[i].logit = (candidates[i].logit - base) / temperature;
}

static const struct candidate *greedy(const struct candidate *candidates, size_t count)
{
    const struct candidate *best = candidates;
    for (size_t i = 1; i < count; i++)
        if (comes_before(&candidates[i], best))
            best = &candidates[i];
    return best;
}

/* Sum of the weights of the first `limit` candidates; of all of them as the heap holds them. */
static double sum_weights(struct draw *draw, size_t limit)
{
    double sum = 0;
    for (size_t i = 0; i < limit; i++)
        sum += weight(draw, limit < draw->size ? nth(draw, i) : &draw->heap[i]);
    return sum;
}

/* How many candidates the filters keep; *total: the sum of their weights. */
static size_t keep_count(struct draw *draw, const struct lm_sampling *rules, double *total)
{
    size_t limit = draw->size, kept = 0;
    if (rules->top_k > 0 && (size_t)rules->top_k < limit)
        limit = (size_t)rules->top_k;
    *total = sum_weights(draw, limit);
    bool by_mass = rules->top_p > 0 && rules->top_p < 1;
    if (!by_mass && rules->min_p <= 0)
        return limit;
    double goal = by_mass ? rules->top_p * *total : DBL_MAX, mass = 0;
    while (kept < limit && mass < goal) {
        double w = weight(draw, nth(draw, kept));
        if (w < rules->min_p)
            break;
        mass += w;
        kept++;
    }
    *total = mass;
    return kept > 0 ? kept : 1;
}

int32_t lm_sampling_draw(const struct lm_sampling *rules, const float *logits, int64_t vocab,
                         const int32_t *history, int64_t count, double u, void *scratch)
{
    struct candidate *candidates = scratch;
    if (rules->tokens > 0 && rules->tokens < vocab)
        vocab = rules->tokens;
    struct draw draw = {.heap = candidates, .size = fill(candidates, logits, vocab)};
    if (rules->repetition_penalty > 0 && rules->repetition_penalty != 1)
        penalise(candidates, vocab, history, count, rules->repetition_penalty,
                 (unsigned char *)(candidates + vocab));
    const struct candidate *choice = greedy(candidates, draw.size);
    if (rules->temperature > 0) {
        heat(candidates, draw.size, rules->temperature, choice->logit);
        draw.largest = choice->logit;
        draw.live = draw.size;
        for (size_t i = draw.size / 2; i-- > 0;)
            sift_down(candidates, draw.size, i);
        double total, mass = 0;
        size_t kept = keep_count(&draw, rules, &total);
        for (size_t i = 0; i < kept; i++) {
            choice = nth(&draw, i);
            mass += weight(&draw, choice);
            if (mass > u * total)
                break;
        }
    }
    return choice->id;
}
