/** Outputs held against references: BLEU and chrF with their intervals, beside the source copied.
 */
#ifndef LM_EVALUATE_TRANSLATION_H
#define LM_EVALUATE_TRANSLATION_H

#include "data/examples.h"
#include "stats/bootstrap.h"

/** One output, what it was made of, and what it is held against; borrowed. */
struct translation_segment {
    struct lm_example_text prompt, output;
    const struct lm_example_text *references;
    size_t reference_count; /**< ≥ 1 */
};

/** A metric with its 95 % interval (NaN: fewer than LM_BOOTSTRAP_LEAST segments). */
struct translation_metric {
    double value, low, high;
};

struct translation {
    struct translation_metric bleu, chrf, diff; /**< diff: BLEU less that of the source */
    double copy;                                /**< BLEU of the sources themselves */
};

/** A source is its prompt without what all prompts of `frame` begin and end with. scores (count):
 *  chrF of each output. LM_CANCELLED, LM_NOMEM. */
enum lm_status translation_find(struct translation *out, double *scores,
                                const struct translation_segment *segments, size_t count,
                                const struct lm_example_text *frame, size_t frame_count,
                                enum lm_interval interval, const struct lm_resampling *how,
                                struct lm_arena *arena, struct lm_err *err);

#endif
