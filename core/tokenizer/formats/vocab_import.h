/** The formats that lm_vocab_import reads, one a source file (vocab_import_<format>.c). */
#ifndef LM_TOKENIZER_VOCAB_IMPORT_H
#define LM_TOKENIZER_VOCAB_IMPORT_H

#include <stddef.h>

#include <lmpipe/arena.h>
#include <lmpipe/hash.h>
#include <lmpipe/tokenizer.h>

/** One import on its way. Errors name neither the path nor, when it is "take the file again", what
 *  to do: lm_vocab_import adds both. */
struct lm_import {
    struct lm_arena *arena;
    const char *text; /**< the file, NUL-terminated */
    size_t size;
    const char *merges; /**< of two files the second */
    size_t merges_size;
    char sha256[LM_DIGEST_HEX]; /**< of text */
    bool has_pattern;           /**< the caller gave one: */
    enum lm_pattern pattern;
};

typedef enum lm_status lm_import_fn(struct lm_vocab **out, const struct lm_import *import,
                                    struct lm_err *err);

/** tokenizer.json. */
lm_import_fn lm_import_hf;
/** vocab.json with merges.txt. */
lm_import_fn lm_import_gpt2;
/** A rank file of tiktoken. */
lm_import_fn lm_import_tiktoken;

/** Puts the path before the message of an import that failed, and what to do behind it when it does
 *  not say. Returns `status`. */
enum lm_status lm_import_tell(struct lm_err *err, enum lm_status status, const char *path);

#endif
