/** What each item adds to the difference of two runs' metrics: the one home of that arithmetic. */
#ifndef LM_COMPARE_ITEM_PARTS_H
#define LM_COMPARE_ITEM_PARTS_H

#include "compare/pairing.h"

/** Both metrics as ratios of sums over the same items, in an arena. */
struct lm_item_parts {
    size_t count;
    double own, other; /**< ratios */
    double *over;      /**< (count) filled by lm_item_parts_weigh */
    double *under;     /**< (count) what an item is divided by */
    bool is_equal;     /**< every item is what it was */
};

/** Sums up. The items fit (lm_pairing_fits) and there are some. LM_NOMEM. */
enum lm_status lm_item_parts_sum(struct lm_item_parts *out, const struct lm_pairing *pairing,
                                 const struct lm_items *own, const struct lm_items *other,
                                 struct lm_arena *arena, struct lm_err *err);

/** own − (1 + share) · other, times `sign`; `rest` is what it comes to, less a margin. */
struct lm_item_question {
    double sign, share, rest;
};

/** The metrics' difference by an item, linearised at both ratios (exact but for a perplexity): the
 *  ratio of the sums of over and under is `rest`. */
void lm_item_parts_weigh(struct lm_item_parts *parts, const struct lm_pairing *pairing,
                         const struct lm_items *own, const struct lm_items *other,
                         const struct lm_item_question *question);

#endif
