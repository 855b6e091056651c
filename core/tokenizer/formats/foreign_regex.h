/** Expressions on their way between two engines: PCRE2, which is used here, and Oniguruma (Ruby
 *  syntax), which Hugging Face's tokenizers use. */
#ifndef LM_TOKENIZER_FOREIGN_REGEX_H
#define LM_TOKENIZER_FOREIGN_REGEX_H

#include <lmpipe/status.h>

#include "base/buf.h"

/** Whose reading an expression is written for; PCRE2 with Unicode properties (regex.h). */
enum lm_regex_dialect { LM_REGEX_PCRE2, LM_REGEX_ONIGURUMA };

/** Appends to `out` the expression (UTF-8) as the other dialect must say it, so that both engines
 *  find the same matches one after another in every text, as far as they know its characters: their
 *  Unicode versions may differ. Accepts a small grammar, each part of which has been held against
 *  both engines (tools/fixtures/foreign_regex.mjs); all else is LM_UNSUPPORTED with the place in
 *  the expression, and what to do. The other way round, what this writes gives an expression that
 *  means the same again. LM_NOMEM. */
enum lm_status lm_foreign_regex(struct lm_buf *out, const char *expression,
                                enum lm_regex_dialect from, struct lm_err *err);

#endif
