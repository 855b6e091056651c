/**
 * chrF2 (Popović 2015) as sacreBLEU computes it: character n-grams up to 6 without white space,
 * means of precision and recall over the orders that both sides have, recall counting twice.
 */
#ifndef LM_EVALUATE_CHRF_H
#define LM_EVALUATE_CHRF_H

#include <stddef.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

#include "data/examples.h"

enum { CHRF_ORDER = 6 };

/** What a segment adds to the corpus. */
struct chrf_stats {
    double matches[CHRF_ORDER], answer[CHRF_ORDER], reference[CHRF_ORDER];
};

/** Counts one segment against the reference that gives it the highest score; `count` ≥ 1. Memory is
 *  taken from the arena and given back. LM_NOMEM. */
enum lm_status chrf_count(struct chrf_stats *out, struct lm_arena *arena,
                          const struct lm_example_text *answer,
                          const struct lm_example_text *references, size_t count,
                          struct lm_err *err);
/** Adds `times` times a segment. */
void chrf_add(struct chrf_stats *sum, const struct chrf_stats *segment, double times);
/** The score of a sum, 0 to 100. */
double chrf_score(const struct chrf_stats *sum);

#endif
