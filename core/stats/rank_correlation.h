/** Pearson's and Spearman's correlation of two lists of numbers, also of a resample of them. */
#ifndef LM_STATS_RANK_CORRELATION_H
#define LM_STATS_RANK_CORRELATION_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

/** Pairs of numbers, and the order of each list: found once, used by every resample. */
struct lm_rank_correlation {
    const double *x, *y; /**< (count) borrowed, finite */
    size_t count;
    size_t *x_order, *y_order; /**< indices by value; in the arena */
    double *ranks;             /**< scratch (2, count) of lm_spearman */
};

/** LM_NOMEM. */
enum lm_status lm_rank_correlation_init(struct lm_rank_correlation *out, struct lm_arena *arena,
                                        const double *x, const double *y, size_t count,
                                        struct lm_err *err);

/** Pearson's r where pair i counts times[i] times (NULL: once); NaN when x or y is constant. */
double lm_pearson(const struct lm_rank_correlation *pairs, const uint32_t *times);
/** Spearman's rho: Pearson's r of the ranks, equal values having the mean of theirs. */
double lm_spearman(const struct lm_rank_correlation *pairs, const uint32_t *times);
/** The same as statistics of a resample (lm_bootstrap_statistic): `user` is a
 *  struct lm_rank_correlation, `count` its own. */
double lm_pearson_of(const void *user, const uint32_t *counts, size_t count, double *scratch);
double lm_spearman_of(const void *user, const uint32_t *counts, size_t count, double *scratch);

#endif
