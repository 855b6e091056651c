/** What a vocabulary makes of a text: everything the tokenizer card counts. Documents are encoded
 *  in parallel; all sums are of integers and all lists totally ordered, so threads change nothing.
 *  End-of-text tokens, which only stand between documents, are not counted. */
#ifndef LM_STAGES_BPE_CENSUS_H
#define LM_STAGES_BPE_CENSUS_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/stage.h>
#include <lmpipe/tokenizer.h>
#include <lmpipe/tokens.h>

#include "bpe_source.h"
#include "bpe_worst.h"

struct bpe_tally {
    int64_t documents, bytes, tokens;
    int64_t words;        /**< as lm_text_words counts */
    int64_t single_bytes; /**< tokens of one byte */
};

struct bpe_census {
    struct bpe_tally splits[LM_SPLITS];
    int64_t *counts[LM_SPLITS]; /**< by split and id; in the context's arena */
    struct bpe_source *sources; /**< of the data card */
    struct bpe_tally *tallies;  /**< by source, of all splits */
    size_t source_count;        /**< 0 when no card is connected */
    struct bpe_worst worst;     /**< of valid and test */
};

/** Adds b's counts to a's. */
void bpe_tally_add(struct bpe_tally *a, const struct bpe_tally *b);

/** Encodes the text at the ports `text` and `sources` of ctx. LM_CANCELLED, LM_FORMAT, LM_IO,
 *  LM_NOMEM, LM_RANGE; LM_INVALID when the data card tells of other documents. */
enum lm_status bpe_census_take(struct bpe_census *out, struct lm_ctx *ctx,
                               const struct lm_vocab *vocab, struct lm_err *err);

#endif
