/** What a vocabulary makes of a text: everything the tokenizer card counts, while the text is
 *  encoded. All sums are of integers and all lists totally ordered, so threads change nothing.
 *  End-of-text tokens, which only stand between documents, are not counted. */
#ifndef LM_STAGES_ENCODE_CENSUS_H
#define LM_STAGES_ENCODE_CENSUS_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/stage.h>
#include <lmpipe/tokenizer.h>
#include <lmpipe/tokens.h>

#include "base/pack.h"
#include "data/jsonl.h"
#include "encode_source.h"
#include "encode_worst.h"

struct encode_tally {
    int64_t documents, bytes, tokens;
    int64_t words;        /**< as lm_text_words counts */
    int64_t single_bytes; /**< tokens of one byte */
};

/** Counts of all, and behind `count` those of the threads. */
struct encode_census {
    struct encode_tally splits[LM_SPLITS];
    int64_t *counts[LM_SPLITS];    /**< by split and id; in the context's arena */
    struct encode_source *sources; /**< of the data card */
    struct encode_tally *tallies;  /**< by source, of all splits */
    size_t source_count;           /**< 0 when no card is connected */
    struct encode_worst worst;     /**< of valid and test */
    struct encode_count *count;    /**< until encode_census_end */
};

/** Begins to count for as many workers as the context has threads; reads the data card at the port
 *  `sources`. `vocab` must outlive the census. LM_FORMAT, LM_IO, LM_NOMEM; LM_INVALID for a data
 *  card that does not tell the splits of its sources. */
enum lm_status encode_census_begin(struct encode_census *out, struct lm_ctx *ctx,
                                   const struct lm_vocab *vocab, struct lm_err *err);
/** The documents that are counted next are of this split. No worker may count meanwhile. */
void encode_census_turn(struct encode_census *census, enum lm_split split);
/** Counts a document and its ids as the worker of that index, whose calls never overlap. LM_INVALID
 * when the data card tells of fewer documents. */
enum lm_status encode_census_add(struct encode_census *census, size_t index,
                                 const struct lm_jsonl_document *document, const int32_t *ids,
                                 size_t count, struct lm_err *err);
/** Appends all that was counted; no worker may count meanwhile. */
void encode_census_pack(struct lm_buf *out, struct encode_census *census);
/** Takes up what was packed, before anything is counted; false: it is of no such census, and
 * nothing was taken. */
bool encode_census_unpack(struct encode_census *census, struct lm_unpack *in);
/** Sums up. LM_INVALID when the data card tells of other documents. */
enum lm_status encode_census_end(struct encode_census *census, struct lm_err *err);

#endif
