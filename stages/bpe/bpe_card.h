/** The tokenizer card: JSON, deterministic, for the report and for people
 *  (docs/formats/tokenizer_card.md). */
#ifndef LM_STAGES_BPE_CARD_H
#define LM_STAGES_BPE_CARD_H

#include <lmpipe/stage.h>
#include <lmpipe/tokenizer.h>

/** Writes the output `card` of ctx and reports its figures as results. Without the input `text` it
 *  holds what the vocabulary alone tells. *bytes_per_token is that of the train split, NaN without
 *  text. LM_IO and what bpe_census_take returns. */
enum lm_status bpe_card_write(struct lm_ctx *ctx, const struct lm_vocab *vocab,
                              double *bytes_per_token, struct lm_err *err);
/** Rényi efficiency of order 2.5 of a distribution of tokens: its entropy ln(Σ p^2.5) / (1 − 2.5)
 *  over ln `tokens`, the most it can be (Zouhar et al. 2023). NaN for no counts. `counts` by id. */
double bpe_renyi_efficiency(const int64_t *counts, size_t ids, int64_t tokens);

#endif
