/**
 * BLEU (Papineni et al. 2002) as sacreBLEU computes it (Post 2018): n-grams up to 4, clipped
 * against the reference that has them most often, the closest reference's length, tokenisation 13a
 * (mteval-v13a), case kept, exponential smoothing, no effective order.
 */
#ifndef LM_EVALUATE_BLEU_H
#define LM_EVALUATE_BLEU_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

#include "base/buf.h"
#include "data/examples.h"

enum { BLEU_ORDER = 4 };

/** What a segment adds to the corpus: sums of these make the score. */
struct bleu_stats {
    double matches[BLEU_ORDER], totals[BLEU_ORDER];
    double answer_length, reference_length; /**< tokens */
};

/** Appends text as tokens separated by single spaces: punctuation is cut off, but for full stops
 *  and commas between digits. */
void bleu_tokenize(struct lm_buf *out, const char *text, size_t size);

/** Counts one segment; `count` ≥ 1 references. Memory is taken from the arena and given back.
 *  LM_NOMEM. */
enum lm_status bleu_count(struct bleu_stats *out, struct lm_arena *arena,
                          const struct lm_example_text *answer,
                          const struct lm_example_text *references, size_t count,
                          struct lm_err *err);
/** Adds `times` times a segment. */
void bleu_add(struct bleu_stats *sum, const struct bleu_stats *segment, double times);
/** The score of a sum, 0 to 100. */
double bleu_score(const struct bleu_stats *sum);

#endif
