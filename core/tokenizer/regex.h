/**
 * An expression of the user's own, that says what pieces are: the door to PCRE2 (10.42). Text that
 * it does not match is kept as pieces too. Its classes (\p{L}, \s …) are those of PCRE2's Unicode
 * data, not of lmpipe's.
 */
#ifndef LM_TOKENIZER_REGEX_H
#define LM_TOKENIZER_REGEX_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

struct lm_regex; /**< a compiled expression with scratch: one a thread */

/** Compiles an expression (UTF-8; \p and \d, \s, \w by Unicode; `$` only at the very end).
 *  LM_INVALID with PCRE2's words and the place in the expression; LM_NOMEM. */
enum lm_status lm_regex_create(struct lm_regex **out, const char *expression, struct lm_err *err);
void lm_regex_free(struct lm_regex *regex); /**< NULL is fine */

/** The first match of one byte or more in text[0..size) that begins at `at` or later; looks behind
 *  see all of the text. *start = *end = size when there is none. Ill-formed bytes match nothing.
 *  LM_RANGE when matching takes too long or too much memory. */
enum lm_status lm_regex_find(struct lm_regex *regex, const uint8_t *text, size_t size, size_t at,
                             size_t *start, size_t *end, struct lm_err *err);

/** Version of PCRE2's Unicode data, as "14.0.0"; at most 23 characters. */
void lm_regex_unicode(char out[24]);
/** "10.42 Unicode 14.0.0": the library and its tables. */
void lm_regex_version(char out[48]);

#endif
