/** A gate against a baseline: is a run worse than another by more than a margin? */
#ifndef LM_COMPARE_WORSENING_H
#define LM_COMPARE_WORSENING_H

#include "compare/pairing.h"

enum lm_worsening_result { LM_WORSENING_PASS, LM_WORSENING_FAIL, LM_WORSENING_UNDECIDED };

struct lm_worsening_question {
    const struct lm_pairing *pairing;
    enum lm_better better; /**< of the metric: LM_BETTER_LOWER or LM_BETTER_HIGHER */
    double margin;         /**< ≥ 0, in the metric's unit; relative: a share of the baseline's */
    bool is_relative;
    double confidence; /**< of one side, 0.95 */
    size_t resamples;
    struct lm_rng rng;
};

/** What became of it. All numbers are in the metric's unit, NaN when there is none. */
struct lm_worsening {
    enum lm_worsening_result result;
    double value, baseline;  /**< the metric of either */
    double worse, low, high; /**< how much worse, and its one-sided bounds; below 0: better */
    double margin;           /**< what was allowed */
    struct lm_reason reason; /**< with the interval; texts borrowed or in the arena */
};

/**
 * Decides, paired by item (studentised bootstrap, stats/paired.h): pass when the upper bound of the
 * worsening is within the margin, fail when its lower bound is beyond, else undecided. Items that
 * are equal pass. Undecided, with why, also where the two cannot be compared, the metric has no
 * paired test, or there are fewer than LM_BOOTSTRAP_LEAST items. The interval covers other items
 * of the kind, not other seeds. LM_NOMEM.
 */
enum lm_status lm_compare_worsening(struct lm_worsening *out, const struct lm_items *run,
                                    const struct lm_items *baseline,
                                    const struct lm_worsening_question *question,
                                    struct lm_arena *arena, struct lm_err *err);

#endif
