/** The formats that lm_vocab_import reads, one a source file (vocab_import_<format>.c). */
#ifndef LM_TOKENIZER_VOCAB_IMPORT_H
#define LM_TOKENIZER_VOCAB_IMPORT_H

#include <stddef.h>

#include <lmpipe/arena.h>
#include <lmpipe/hash.h>
#include <lmpipe/tokenizer.h>

#include "tokenizer/formats/vocab_siblings.h"

/** One import on its way. */
struct lm_import {
    struct lm_arena *arena;
    const char *path; /**< of the file; of two the one with the tokens */
    const char *text; /**< the file, NUL-terminated; NULL for a GGUF file */
    size_t size;
    const char *merges_path; /**< of two files the second; NULL for one */
    const char *merges;
    size_t merges_size;
    struct lm_siblings beside;  /**< what other files of the folder say */
    char sha256[LM_DIGEST_HEX]; /**< of text */
    bool has_pattern;           /**< the caller gave one: */
    enum lm_pattern pattern;
};

/** Makes a vocabulary. Errors name the file, the line where there is one, and what to do. */
typedef enum lm_status lm_import_fn(struct lm_vocab **out, const struct lm_import *import,
                                    struct lm_err *err);

/** tokenizer.json. */
lm_import_fn lm_import_hf;
/** vocab.json with merges.txt. */
lm_import_fn lm_import_gpt2;
/** A rank file of tiktoken. */
lm_import_fn lm_import_tiktoken;
/** A GGUF file, which may be too large to be read whole: `text` is NULL. */
lm_import_fn lm_import_gguf;

#endif
