/** What has become of a metric since a baseline: the paired difference, and which items changed
 *  sides. */
#ifndef LM_COMPARE_CHANGE_H
#define LM_COMPARE_CHANGE_H

#include "compare/comparison.h"
#include "compare/reason.h"

struct lm_change {
    const char *metric; /**< "valid.bpb", "blimp.acc" */
    struct lm_pairing pairing;
    double value, baseline; /**< as both runs' scores have it; NaN: one has none */
    size_t items;           /**< that were compared; 0: none */
    /** value − baseline over other items of the kind, and over other groups of them (as many
     *  groups): NaN where there is no interval. Nothing is said of other seeds. */
    struct lm_difference difference, by_group;
    size_t groups;                   /**< 0: the items have none */
    enum lm_compare_verdict verdict; /**< of `difference` */
    struct lm_reason why;            /**< why they are not compared; kind NONE: they are */
    size_t newly_right, newly_wrong; /**< items, where each is right or wrong */
    double mcnemar;                  /**< exact p; NaN where items are not right or wrong */
};

/**
 * Fills in all but value and baseline, for `metric` of both runs' items (NULL: one has none; then
 * `why` says which). Items that are right or wrong have the interval of a difference of shares
 * (stats/paired_shares.h); others the studentised bootstrap, and beyond LM_CHANGE_RESAMPLED items
 * the linearised standard error alone, to which it has come by then (docs/internals/intervals.md).
 * LM_NOMEM.
 */
enum lm_status lm_change_measure(struct lm_change *out, const char *metric,
                                 const struct lm_items *own, const struct lm_items *other,
                                 struct lm_arena *arena, struct lm_err *err);

enum { LM_CHANGE_RESAMPLED = 2000 /**< items */ };

/** Places of the items that are right now and were wrong (to_right), or the other way round: at
 *  most `most` of them, those whose ids have the smallest hashes, so that the pick is neither the
 *  runs' nor chance's. Returns how many. */
size_t lm_change_flips(size_t *out, size_t most, const struct lm_items *own,
                       const struct lm_items *other, bool to_right);

#endif
