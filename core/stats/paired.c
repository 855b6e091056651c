#include "stats/paired.h"

#include <math.h>
#include <string.h>

#include "stats/bootstrap.h"
#include "stats/distributions.h"
#include "stats/draws.h"
#include "stats/ratio_estimate.h"

static const double POWER_QUANTILE = 0.8416212335729143; /* 0.8 of the standard normal */

enum { PANEL = 8 }; /* runs summed side by side */

static enum lm_status no_memory(size_t resamples, struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory for %zu resamples; give fewer", resamples);
}

double lm_detectable(double error, double confidence)
{
    return (lm_normal_quantile(1 - (1 - confidence) / 2) + POWER_QUANTILE) * error;
}

/* ---- one difference ---- */

/* Value, standard error and what it can show: NaN below LM_BOOTSTRAP_LEAST, the value too when
 * nothing divides. */
static void begin_difference(struct lm_difference *out, const double *over, const double *under,
                             size_t items, double confidence)
{
    *out = (struct lm_difference){(double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN};
    struct lm_ratio_estimate own = lm_ratio_estimate(over, under, NULL, items);
    out->value = own.ratio;
    if (items < LM_BOOTSTRAP_LEAST || isnan(own.ratio))
        return;
    out->error = own.error * sqrt((double)items / (double)(items - 1));
    out->detectable = lm_detectable(out->error, confidence);
}

struct lm_difference lm_paired_linear(const double *over, const double *under, size_t items,
                                      double confidence)
{
    struct lm_difference out;
    double z = lm_normal_quantile(1 - (1 - confidence) / 2);
    begin_difference(&out, over, under, items, confidence);
    out.low = out.value - z * out.error;
    out.high = out.value + z * out.error;
    return out;
}

enum lm_status lm_paired_difference(struct lm_difference *out, const double *over,
                                    const double *under, size_t items, double confidence,
                                    const struct lm_resampling *how, struct lm_arena *arena,
                                    struct lm_err *err)
{
    const struct lm_bootstrap_ratio ratio = {.over = over, .under = under};
    double *deviations = LM_NEW_ARRAY(arena, double, how->resamples);
    if (deviations == NULL)
        return no_memory(how->resamples, err);
    begin_difference(out, over, under, items, confidence);
    if (isnan(out->error))
        return LM_OK;
    LM_TRY(lm_bootstrap_deviate(deviations, &ratio, 1, items, how, arena, err));
    size_t kept = lm_bootstrap_sort(deviations, how->resamples);
    double tail = (1 - confidence) / 2;
    out->low = out->high = out->value;
    if (kept > 0 && out->error > 0) {
        out->low -= lm_bootstrap_quantile(deviations, kept, 1 - tail) * out->error;
        out->high -= lm_bootstrap_quantile(deviations, kept, tail) * out->error;
    }
    return LM_OK;
}

/* ---- many runs ---- */

/* over, run by run, as panels of PANEL runs with an item's values side by side. */
static double *panels_of(const struct lm_paired_items *in, size_t panels, struct lm_arena *arena)
{
    double *out = LM_NEW_ARRAY(arena, double, panels * in->items * PANEL);
    for (size_t k = 0; out != NULL && k < in->runs; k++)
        for (size_t i = 0; i < in->items; i++)
            out[(k / PANEL * in->items + i) * PANEL + k % PANEL] = in->over[k][i];
    return out;
}

static void sum_panel(double sums[PANEL], const double *panel, const uint32_t *counts, size_t items)
{
    memset(sums, 0, PANEL * sizeof *sums);
    for (size_t i = 0; i < items; i++) {
        const double *row = panel + i * PANEL;
        double times = counts[i];
        for (size_t k = 0; k < PANEL; k++)
            sums[k] += times * row[k];
    }
}

/* Ratios (runs) of one resample. */
static void resample_once(double *out, const struct lm_paired_items *in, const double *panels,
                          const uint32_t *counts)
{
    double total = 0, sums[PANEL];
    for (size_t i = 0; i < in->items; i++)
        total += counts[i] * in->under[i];
    for (size_t first = 0; first < in->runs; first += PANEL) {
        sum_panel(sums, panels + first * in->items, counts, in->items);
        for (size_t k = first; k < in->runs && k < first + PANEL; k++)
            out[k] = total > 0 ? sums[k - first] / total : (double)NAN;
    }
}

static void find_covariance(struct lm_paired_resamples *out, const struct lm_paired_items *in,
                            double total)
{
    double n = (double)in->items, scale = (n > 1 ? n / (n - 1) : 1) / (total * total);
    for (size_t a = 0; a < in->runs; a++) {
        for (size_t b = 0; b <= a; b++) {
            double sum = 0;
            for (size_t i = 0; i < in->items; i++)
                sum += (in->over[a][i] - out->value[a] * in->under[i]) *
                       (in->over[b][i] - out->value[b] * in->under[i]);
            out->covariance[a * in->runs + b] = out->covariance[b * in->runs + a] = sum * scale;
        }
    }
}

struct drawing {
    const struct lm_paired_items *items;
    const struct lm_resampling *how;
    const double *panels;
    uint32_t *counts; /* (workers, items) */
    double *resampled;
};

static void draw_span(void *user, size_t first, size_t end, size_t worker)
{
    const struct drawing *all = user;
    uint32_t *counts = all->counts + worker * all->items->items;
    for (size_t r = first; r < end; r++) {
        lm_draw_counts(counts, all->items->items, all->how->rng, r);
        resample_once(all->resampled + r * all->items->runs, all->items, all->panels, counts);
    }
}

enum lm_status lm_paired_resample(struct lm_paired_resamples *out,
                                  const struct lm_paired_items *items,
                                  const struct lm_resampling *how, struct lm_arena *arena,
                                  struct lm_err *err)
{
    size_t runs = items->runs, panels = (runs + PANEL - 1) / PANEL;
    *out = (struct lm_paired_resamples){
        .runs = runs,
        .items = items->items,
        .resamples = how->resamples,
        .value = LM_NEW_ARRAY(arena, double, runs),
        .resampled = LM_NEW_ARRAY(arena, double, how->resamples *runs),
        .covariance = LM_NEW_ARRAY(arena, double, runs *runs),
    };
    struct drawing all = {
        .items = items,
        .how = how,
        .panels = panels_of(items, panels, arena),
        .counts = LM_NEW_ARRAY(arena, uint32_t, lm_pool_threads(how->pool) * items->items),
        .resampled = out->resampled};
    double total = 0;
    if (out->value == NULL || out->resampled == NULL || out->covariance == NULL ||
        all.panels == NULL || all.counts == NULL)
        return no_memory(how->resamples, err);
    if (items->items > UINT32_MAX)
        return lm_fail(err, LM_RANGE, "too many items to resample; give fewer");
    for (size_t i = 0; i < items->items; i++) {
        all.counts[i] = 1;
        total += items->under[i];
    }
    resample_once(out->value, items, all.panels, all.counts);
    find_covariance(out, items, total);
    return lm_resampling_run(how, how->resamples, items->items, draw_span, &all, err);
}

/* Standard errors (runs, runs) of the differences of two runs. */
static double *pair_errors(const struct lm_paired_resamples *runs, struct lm_arena *arena)
{
    size_t n = runs->runs;
    const double *covariance = runs->covariance;
    double *out = LM_NEW_ARRAY(arena, double, n *n);
    for (size_t a = 0; out != NULL && a < n; a++) {
        for (size_t b = 0; b < n; b++) {
            double variance =
                covariance[a * n + a] + covariance[b * n + b] - 2 * covariance[a * n + b];
            double least = 1e-15 * (covariance[a * n + a] + covariance[b * n + b]);
            out[a * n + b] = a != b && variance > least ? sqrt(variance) : 0;
        }
    }
    return out;
}

/* The largest studentised deviation from run `reference` in one resample, of runs [first, …). */
static double largest_deviation(const struct lm_paired_resamples *runs, const double *errors,
                                size_t reference, size_t first, const double *drawn)
{
    double largest = 0, shift = drawn[reference] - runs->value[reference];
    for (size_t k = first; k < runs->runs; k++) {
        double error = errors[reference * runs->runs + k];
        double deviation = fabs(drawn[k] - runs->value[k] - shift);
        if (error > 0 && deviation > largest * error)
            largest = deviation / error;
    }
    return largest;
}

static double resampled_deviation(const struct lm_paired_resamples *runs, const double *errors,
                                  size_t reference, enum lm_reference kind, const double *drawn)
{
    if (isnan(drawn[0]))
        return (double)NAN;
    if (kind == LM_REFERENCE_FIXED)
        return largest_deviation(runs, errors, reference, 0, drawn);
    double largest = 0;
    for (size_t a = 0; a + 1 < runs->runs; a++) {
        double deviation = largest_deviation(runs, errors, a, a + 1, drawn);
        largest = deviation > largest ? deviation : largest;
    }
    return largest;
}

enum lm_status lm_simultaneous(struct lm_difference *out, const struct lm_paired_resamples *runs,
                               size_t reference, enum lm_reference kind, double confidence,
                               struct lm_arena *arena, struct lm_err *err)
{
    double *errors = pair_errors(runs, arena);
    double *deviations = LM_NEW_ARRAY(arena, double, runs->resamples);
    if (errors == NULL || deviations == NULL)
        return no_memory(runs->resamples, err);
    for (size_t r = 0; r < runs->resamples; r++)
        deviations[r] =
            resampled_deviation(runs, errors, reference, kind, runs->resampled + r * runs->runs);
    size_t kept = lm_bootstrap_sort(deviations, runs->resamples);
    bool is_known = kept > 0 && runs->items >= LM_BOOTSTRAP_LEAST;
    double width = is_known ? lm_bootstrap_quantile(deviations, kept, confidence) : (double)NAN;
    for (size_t k = 0; k < runs->runs; k++) {
        double value = k == reference ? 0 : runs->value[k] - runs->value[reference];
        double error = errors[reference * runs->runs + k];
        double half = k == reference ? 0 : width * error;
        out[k] = (struct lm_difference){value, value - half, value + half, error,
                                        k == reference ? 0 : half + POWER_QUANTILE * error};
    }
    return LM_OK;
}

void lm_best_shares(double *shares, const struct lm_paired_resamples *runs, bool lower_is_better)
{
    size_t counted = 0;
    memset(shares, 0, runs->runs * sizeof *shares);
    for (size_t r = 0; r < runs->resamples; r++) {
        const double *drawn = runs->resampled + r * runs->runs;
        size_t best = 0;
        if (isnan(drawn[0]))
            continue;
        for (size_t k = 1; k < runs->runs; k++)
            if (lower_is_better ? drawn[k] < drawn[best] : drawn[k] > drawn[best])
                best = k;
        shares[best]++;
        counted++;
    }
    for (size_t k = 0; k < runs->runs && counted > 0; k++)
        shares[k] /= (double)counted;
}
