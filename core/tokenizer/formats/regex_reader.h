/** What the two halves of lm_foreign_regex share: foreign_regex.c knows how parts stand together,
 *  regex_class.c the parts that stand for one character. */
#ifndef LM_TOKENIZER_REGEX_READER_H
#define LM_TOKENIZER_REGEX_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "tokenizer/formats/foreign_regex.h"

/** An expression being read from `at`, and written to `out`. */
struct lm_regex_reader {
    const char *start, *at;
    struct lm_buf *out;
    struct lm_err *err;
    enum lm_regex_dialect from;
    int depth;        /**< of groups */
    bool is_caseless; /**< within (?i:…) */
    bool is_behind;   /**< within (?<=…) or (?<!…) */
};

/** LM_UNSUPPORTED: `what`, a phrase, stands where the reader is. */
enum lm_status lm_regex_refuse(struct lm_regex_reader *reader, const char *what);

/** A set in brackets; *letter becomes its only member, 0 when it has others. */
enum lm_status lm_regex_class(struct lm_regex_reader *reader, uint32_t *letter);
/** A backslash and what belongs to it, outside of sets; *letter as above. */
enum lm_status lm_regex_escape(struct lm_regex_reader *reader, uint32_t *letter);
/** A character that stands for itself; *letter becomes it. */
enum lm_status lm_regex_literal(struct lm_regex_reader *reader, uint32_t *letter);

#endif
