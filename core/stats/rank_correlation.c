#include "stats/rank_correlation.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* ---- order ---- */

struct place {
    double value;
    size_t index;
};

static int compare_places(const void *a, const void *b)
{
    const struct place *p = a, *q = b;
    if (p->value != q->value)
        return p->value < q->value ? -1 : 1;
    return (p->index > q->index) - (p->index < q->index);
}

static size_t *sort(struct lm_arena *arena, const double *values, size_t count)
{
    struct place *places = LM_NEW_ARRAY(arena, struct place, count);
    size_t *order = LM_NEW_ARRAY(arena, size_t, count);
    if (places == NULL || order == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        places[i] = (struct place){values[i], i};
    qsort(places, count, sizeof *places, compare_places);
    for (size_t i = 0; i < count; i++)
        order[i] = places[i].index;
    return order;
}

enum lm_status lm_rank_correlation_init(struct lm_rank_correlation *out, struct lm_arena *arena,
                                        const double *x, const double *y, size_t count,
                                        struct lm_err *err)
{
    *out = (struct lm_rank_correlation){.x = x, .y = y, .count = count};
    out->x_order = sort(arena, x, count);
    out->y_order = sort(arena, y, count);
    out->ranks = LM_NEW_ARRAY(arena, double, 2 * count);
    if (out->x_order == NULL || out->y_order == NULL || out->ranks == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu pairs; give fewer", count);
    return LM_OK;
}

/* ---- correlation ---- */

static uint32_t times_of(const uint32_t *times, size_t i)
{
    return times != NULL ? times[i] : 1;
}

/* Whether all that count are equal: a rounded mean would hide it. */
static bool is_constant(const double *values, size_t count, const uint32_t *times)
{
    const double *first = NULL;
    for (size_t i = 0; i < count; i++) {
        if (times_of(times, i) == 0)
            continue;
        if (first != NULL && values[i] != *first)
            return false;
        first = &values[i];
    }
    return true;
}

/* Two passes: means first, so that nothing large is subtracted from something large. */
static double correlate(const double *x, const double *y, size_t count, const uint32_t *times)
{
    double n = 0, sx = 0, sy = 0, xx = 0, yy = 0, xy = 0;
    if (is_constant(x, count, times) || is_constant(y, count, times))
        return (double)NAN;
    for (size_t i = 0; i < count; i++) {
        double w = times_of(times, i);
        n += w;
        sx += w * x[i];
        sy += w * y[i];
    }
    for (size_t i = 0; i < count; i++) {
        double w = times_of(times, i), dx = x[i] - sx / n, dy = y[i] - sy / n;
        xx += w * dx * dx;
        yy += w * dy * dy;
        xy += w * dx * dy;
    }
    return xx > 0 && yy > 0 ? xy / (sqrt(xx) * sqrt(yy)) : (double)NAN;
}

double lm_pearson(const struct lm_rank_correlation *pairs, const uint32_t *times)
{
    return correlate(pairs->x, pairs->y, pairs->count, times);
}

/* Ranks from 1; a run of equal values shares their mean. */
static void rank(double *out, const double *values, const size_t *order, size_t count,
                 const uint32_t *times)
{
    double before = 0;
    for (size_t first = 0, next; first < count; first = next) {
        double run = 0;
        for (next = first; next < count && values[order[next]] == values[order[first]]; next++)
            run += times_of(times, order[next]);
        for (size_t i = first; i < next; i++)
            out[order[i]] = before + (run + 1) / 2;
        before += run;
    }
}

double lm_spearman_of(const void *user, const uint32_t *counts, size_t count, double *scratch)
{
    const struct lm_rank_correlation *pairs = user;
    rank(scratch, pairs->x, pairs->x_order, count, counts);
    rank(scratch + count, pairs->y, pairs->y_order, count, counts);
    return correlate(scratch, scratch + count, count, counts);
}

double lm_spearman(const struct lm_rank_correlation *pairs, const uint32_t *times)
{
    return lm_spearman_of(pairs, times, pairs->count, pairs->ranks);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): lm_bootstrap_statistic has it */
double lm_pearson_of(const void *user, const uint32_t *counts, size_t count, double *scratch)
{
    (void)count;
    (void)scratch;
    return lm_pearson(user, counts);
}
