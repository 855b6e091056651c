/** The tokenizer card: JSON, deterministic, for the report and for people
 *  (docs/formats/tokenizer_card.md). */
#ifndef LM_STAGES_ENCODE_CARD_H
#define LM_STAGES_ENCODE_CARD_H

#include <lmpipe/stage.h>
#include <lmpipe/tokenizer.h>

#include "encode_census.h"

/** Writes the output `card` of ctx from a census that has ended, and reports its figures as
 * results. LM_IO, LM_NOMEM. */
enum lm_status encode_card_write(struct lm_ctx *ctx, const struct encode_census *census,
                                 const struct lm_vocab *vocab, struct lm_err *err);
/** Rényi efficiency of order 2.5 of a distribution of tokens: its entropy ln(Σ p^2.5) / (1 − 2.5)
 *  over ln `tokens`, the most it can be (Zouhar et al. 2023). NaN for no counts. `counts` by id. */
double encode_renyi_efficiency(const int64_t *counts, size_t ids, int64_t tokens);

#endif
