/** What llama.cpp calls ways of cutting and merging, in `tokenizer.ggml.pre` (ggml-org/llama.cpp,
 *  src/llama-vocab.cpp), where they are ours. */
#ifndef LM_TOKENIZER_GGUF_VOCAB_H
#define LM_TOKENIZER_GGUF_VOCAB_H

#include <lmpipe/tokenizer.h>

#include <stdbool.h>
#include <stddef.h>

/** A row: `is_whole` is what llama.cpp names ignore_merges. */
struct lm_gguf_pre {
    const char *name;
    enum lm_pattern pattern;
    bool is_whole;
};

/** The row called name[0..size), or NULL. */
const struct lm_gguf_pre *lm_gguf_pre_find(const char *name, size_t size);
/** The first row for a pattern and a way of merging, or NULL. */
const struct lm_gguf_pre *lm_gguf_pre_of(enum lm_pattern pattern, bool is_whole);

/** Kinds of tokens, by their numbers in `tokenizer.ggml.token_type`. */
enum lm_gguf_token {
    LM_GGUF_TOKEN_NORMAL = 1,
    LM_GGUF_TOKEN_UNKNOWN,
    LM_GGUF_TOKEN_CONTROL,
    LM_GGUF_TOKEN_USER_DEFINED,
    LM_GGUF_TOKEN_UNUSED,
    LM_GGUF_TOKEN_BYTE
};

#endif
