/** Names in \p{…} of what both engines know, with how each writes it. */
#ifndef LM_TOKENIZER_REGEX_NAMES_H
#define LM_TOKENIZER_REGEX_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "tokenizer/formats/foreign_regex.h"

/** One property, as written between braces in each dialect. A script is "sc:NAME" for PCRE2, which
 *  takes a bare name for script extensions since 10.40. */
struct lm_regex_name {
    const char *prefix[2]; /**< by dialect: "" or "sc:" */
    const char *name;
};

/** The property called text[0..size) in a dialect; case, spaces, hyphens and underscores do not
 *  count. False when there is none that both engines read alike. */
bool lm_regex_name_find(struct lm_regex_name *out, const char *text, size_t size,
                        enum lm_regex_dialect dialect);

#endif
