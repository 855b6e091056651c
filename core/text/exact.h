/**
 * Texts that say the same word for word: compared without case, punctuation and layout. Letters are
 * folded one by one (utf8proc's simple mappings), what Unicode calls punctuation (P*) is left out,
 * white space is one space and none at the ends; digits, marks and symbols count.
 */
#ifndef LM_TEXT_EXACT_H
#define LM_TEXT_EXACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/hash.h>
#include <lmpipe/status.h>

#include "base/buf.h"

/** A stretch of a text, and what is compared of it. */
struct lm_exact_unit {
    size_t at, size;         /**< with the newlines that end it */
    struct lm_digest digest; /**< SHA-256 of its folded text */
    bool is_blank;           /**< nothing is left of it: never equal to another */
};

/** Appends the folded text. text is well-formed UTF-8. */
void lm_exact_fold(struct lm_buf *out, const uint8_t *text, size_t size);
/** The whole text as one unit; `scratch` is overwritten. LM_NOMEM. */
enum lm_status lm_exact_unit(struct lm_exact_unit *out, const uint8_t *text, size_t size,
                             struct lm_buf *scratch, struct lm_err *err);
/** The unit that begins at text[at]: a line, or a paragraph, which ends with the blank lines behind
 *  it. LM_NOMEM. */
enum lm_status lm_exact_next(struct lm_exact_unit *out, const uint8_t *text, size_t size, size_t at,
                             bool is_paragraph, struct lm_buf *scratch, struct lm_err *err);

#endif
