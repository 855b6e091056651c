/**
 * Differences between runs that were scored on the same items (documents, examples): metrics are
 * ratios of sums over items, the denominator (bytes, tokens, 1) being the item's own. Every
 * resample draws the same items for all runs, so what all of them find hard cancels out.
 *
 * What the intervals cover: other items of the same kind. They say nothing of other seeds.
 */
#ifndef LM_STATS_PAIRED_H
#define LM_STATS_PAIRED_H

#include <stdbool.h>
#include <stddef.h>

#include <lmpipe/arena.h>

#include "stats/resampling.h"

/** Runs on the same items; borrowed. */
struct lm_paired_items {
    size_t runs, items;
    const double *const *over; /**< (runs) rows of (items): what is summed up, as nats */
    const double *under;       /**< (items) what it is divided by, as bytes; ≥ 0 */
};

/** A difference of two runs' metrics. low and high are NaN for fewer than LM_BOOTSTRAP_LEAST
 *  items. */
struct lm_difference {
    double value, low, high;
    double error;      /**< standard error, linearised (Cochran 1977, 6.13) */
    double detectable; /**< smallest true difference shown in 4 of 5 such samples (power 0.8) */
};

/**
 * sum(over) / sum(under) of one list of items (a difference, item by item) and its interval at
 * `confidence` of two sides by the studentised bootstrap (Efron & Tibshirani 1993, section 12.5),
 * which follows a skewed distribution to both sides; items all alike have no width. LM_RANGE: too
 * many items; LM_NOMEM, LM_CANCELLED.
 */
enum lm_status lm_paired_difference(struct lm_difference *out, const double *over,
                                    const double *under, size_t items, double confidence,
                                    const struct lm_resampling *how, struct lm_arena *arena,
                                    struct lm_err *err);

/** The same by the linearised standard error and the normal distribution alone: for so many items
 *  that resampling says no more. All but the value is NaN below LM_BOOTSTRAP_LEAST. */
struct lm_difference lm_paired_linear(const double *over, const double *under, size_t items,
                                      double confidence);
/** The smallest true difference that is shown in 4 of 5 samples of this standard error: 2.8 times
 *  it at 95 % confidence. */
double lm_detectable(double error, double confidence);

/** All runs in shared resamples; in the arena. */
struct lm_paired_resamples {
    size_t runs, items, resamples;
    double *value;      /**< (runs) */
    double *resampled;  /**< (resamples, runs); NaN where the denominator is 0 */
    double *covariance; /**< (runs, runs) of the values, linearised, over other items */
};

/** LM_RANGE, LM_NOMEM, LM_CANCELLED. items ≥ 1, runs ≥ 1, sum(under) > 0. */
enum lm_status lm_paired_resample(struct lm_paired_resamples *out,
                                  const struct lm_paired_items *items,
                                  const struct lm_resampling *how, struct lm_arena *arena,
                                  struct lm_err *err);

/** What the differences of n runs are taken to. */
enum lm_reference {
    LM_REFERENCE_FIXED, /**< a run that was named before its metric was known */
    LM_REFERENCE_BEST   /**< the one whose metric is best, picked by these very items */
};

/**
 * Differences (runs) of all runs to run `reference`, with simultaneous intervals: with the given
 * confidence all of them hold at once, by the largest studentised deviation of a resample (max-T;
 * Westfall & Young 1993, section 2.3). Of a fixed reference it is taken over the runs (many to
 * one); of the best over all pairs of runs, among them whichever a resample would have picked, so
 * that the pick is paid for. `reference` itself is all 0.
 */
enum lm_status lm_simultaneous(struct lm_difference *out, const struct lm_paired_resamples *runs,
                               size_t reference, enum lm_reference kind, double confidence,
                               struct lm_arena *arena, struct lm_err *err);

/** Share of the resamples (runs) in which each run is the best: the lowest value, or the highest;
 *  ties go to the first. */
void lm_best_shares(double *shares, const struct lm_paired_resamples *runs, bool lower_is_better);

#endif
