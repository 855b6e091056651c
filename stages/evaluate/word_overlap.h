/** How many words two texts share: the baseline of similarity. */
#ifndef LM_EVALUATE_WORD_OVERLAP_H
#define LM_EVALUATE_WORD_OVERLAP_H

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

#include "data/examples.h"

/** *out: words that both have / words that either has (Jaccard 1912), 0 when there is none. Words
 *  are runs of letters, digits, marks and underscores; A-Z count as a-z. Memory is taken from the
 *  arena and given back. LM_NOMEM. */
enum lm_status word_overlap(double *out, struct lm_arena *arena, const struct lm_example_text *a,
                            const struct lm_example_text *b, struct lm_err *err);

#endif
