/** What the files beside vocab.json or tokenizer.json say: added_tokens.json,
 * special_tokens_map.json and tokenizer_config.json (Hugging Face, transformers). */
#ifndef LM_TOKENIZER_VOCAB_SIBLINGS_H
#define LM_TOKENIZER_VOCAB_SIBLINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

/** A token that one of them names. */
struct lm_named_token {
    const char *text; /**< UTF-8 of the arena */
    size_t size;
    int64_t id;       /**< -1: a name alone */
    const char *file; /**< which one names it; a base name */
};

struct lm_siblings {
    struct lm_named_token *tokens;
    size_t count, capacity;
};

/** Reads those that are in a folder; none there is fine. `is_pair`: the class of the tokenizer
 *  decides how text is cut, as no tokenizer.json does. LM_UNSUPPORTED for what would change text or
 *  ids, LM_FORMAT for damage, each with the file; LM_IO, LM_NOMEM. */
enum lm_status lm_siblings_read(struct lm_siblings *out, struct lm_arena *arena, const char *folder,
                                bool is_pair, struct lm_err *err);

#endif
