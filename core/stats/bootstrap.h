/**
 * Bootstrap over documents: studentised for ratios of sums (Efron & Tibshirani 1993, section 12.5),
 * percentiles for statistics that have no standard error of their own (section 13.3). The same
 * resamples serve all, so their intervals are comparable (stats/draws.h).
 *
 * Fewer than LM_BOOTSTRAP_LEAST items have no interval: resamples of a few items vary less than
 * new ones would. How often intervals hold the truth: docs/internals/intervals.md.
 */
#ifndef LM_STATS_BOOTSTRAP_H
#define LM_STATS_BOOTSTRAP_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>

#include "stats/resampling.h"

enum { LM_BOOTSTRAP_LEAST = 20 /**< items that an interval needs */ };

/** A ratio sum(over) / sum(under) over documents and its 95 % interval. */
struct lm_bootstrap_ratio {
    const double *over, *under; /**< (documents) */
    double low, high;           /**< equal where all documents have the same ratio */
};

/** Fills low and high of all ratios; NaN for fewer than LM_BOOTSTRAP_LEAST documents. A resample
 *  whose sum(under) is not positive does not count. LM_NOMEM, LM_CANCELLED. */
enum lm_status lm_bootstrap_run(struct lm_bootstrap_ratio *ratios, size_t ratio_count, size_t count,
                                const struct lm_resampling *how, struct lm_arena *arena,
                                struct lm_err *err);

/** The deviations (ratio_count, resamples) of what resamples say from the ratios themselves, each
 * in the resample's own standard error: NaN where that is 0 or nothing divides. At most 8 ratios.
 *  LM_RANGE, LM_NOMEM, LM_CANCELLED. */
enum lm_status lm_bootstrap_deviate(double *deviations, const struct lm_bootstrap_ratio *ratios,
                                    size_t ratio_count, size_t count,
                                    const struct lm_resampling *how, struct lm_arena *arena,
                                    struct lm_err *err);

/** A statistic of a resample, in which item i counts counts[i] times. Threads ask for it at once,
 *  each with scratch of its own: 2·count doubles. */
struct lm_bootstrap_statistic {
    double (*of)(const void *user, const uint32_t *counts, size_t count, double *scratch);
    const void *user;
    double low, high; /**< 95 %; a resample where it is NaN does not count */
};

/** How the interval of such a statistic is made of its resamples: percentiles, or BCa, which asks
 *  for it `count` times more (stats/bca.h). */
enum lm_interval { LM_INTERVAL_PERCENTILE, LM_INTERVAL_BCA };

/** Interval by name, "percentile" or "bca"; percentiles for a name that is none. */
enum lm_interval lm_interval_find(const char *name);

/** The same for statistics that are no ratio of sums, over `count` items; NaN where no resample
 *  has one. */
enum lm_status lm_bootstrap_statistics(struct lm_bootstrap_statistic *statistics,
                                       size_t statistic_count, size_t count,
                                       enum lm_interval interval, const struct lm_resampling *how,
                                       struct lm_arena *arena, struct lm_err *err);

/** Sorts upwards, dropping what is no number; the number of those that stay. */
size_t lm_bootstrap_sort(double *values, size_t count);
/** Quantile q of sorted values by linear interpolation (Hyndman & Fan 1996, type 7); count ≥ 1. */
double lm_bootstrap_quantile(const double *sorted, size_t count, double q);

#endif
