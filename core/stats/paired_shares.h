/** The difference of two proportions that were measured on the same items. */
#ifndef LM_STATS_PAIRED_SHARES_H
#define LM_STATS_PAIRED_SHARES_H

#include "stats/paired.h"

enum { LM_PAIRED_SHARES_LEAST = 50 /**< items that an interval needs: below it is too wide */ };

/**
 * (gained − lost) / count, where of `count` items `gained` count for the first run alone and `lost`
 * for the second alone (a tie's part of an item counts as such). The interval is Wald's after
 * adding one item to each of both (Bonett & Price 2012, Adjusted Wald confidence interval for a
 * difference of binomial proportions based on paired data): it has width where no item differs, and
 * ends within −1 and 1. All but the value is NaN below LM_PAIRED_SHARES_LEAST items. count > 0.
 */
struct lm_difference lm_paired_shares(double gained, double lost, double count, double confidence);

#endif
