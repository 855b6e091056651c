/** What others have published: the expressions that patterns stand for, tiktoken's rank files, and
 *  the special tokens that belong to them (openai/tiktoken, openai_public.py). */
#ifndef LM_TOKENIZER_PUBLISHED_H
#define LM_TOKENIZER_PUBLISHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/tokenizer.h>

#define LM_END_OF_TEXT_NAME "<|endoftext|>"

struct lm_published_special {
    const char *name;
    int32_t id;
};

/** A rank file of tiktoken. */
struct lm_published_ranks {
    const char *name;
    const char *sha256; /**< 64 lower-case hex digits */
    enum lm_pattern pattern;
    int32_t ranks;                               /**< the highest rank + 1 */
    const struct lm_published_special *specials; /**< ends with a NULL name */
};

/** The file with this digest, or NULL. */
const struct lm_published_ranks *lm_published_by_digest(const char *sha256);
/** The file of this pattern and this highest rank + 1, or NULL. */
const struct lm_published_ranks *lm_published_by_ranks(enum lm_pattern pattern, int32_t ranks);

/** The pattern that an expression stands for; false when it is none of those published. */
bool lm_published_pattern(enum lm_pattern *pattern, const char *expression);
/** The expression of a pattern, as first published, for those who write it; NULL for those that
 *  have none. */
const char *lm_published_expression(enum lm_pattern pattern);

/** The end of a text among the special tokens of a vocabulary, by the names it commonly has; -1. */
int32_t lm_published_end_of_text(const struct lm_vocab *vocab);

#endif
