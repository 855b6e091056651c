/** Parameters of the stage type `bpe`, as its rows in bpe.c fill them. */
#ifndef LM_STAGES_BPE_PARAMS_H
#define LM_STAGES_BPE_PARAMS_H

#include <stdint.h>

#include <lmpipe/param.h>

#define LM_END_OF_TEXT "<|endoftext|>"

/** An external vocabulary, instead of training. */
struct bpe_import {
    const char *path;    /**< "": none, the vocabulary is trained */
    const char *sha256;  /**< 64 lower-case hex digits, or "" */
    const char *pattern; /**< one of lm_pattern_names, or BPE_PATTERN_OF_FILE */
};

#define BPE_PATTERN_OF_FILE "file"

/** Defaults of the rows that say how to train. */
#define BPE_VOCAB_SIZE 4096
#define BPE_MIN_FREQUENCY 2
#define BPE_MAX_PIECE_BYTES 256

struct bpe_params {
    int64_t vocab_size;          /**< bytes, merges and special tokens */
    const char *pattern;         /**< one of lm_pattern_names */
    const char *regex;           /**< "": pattern counts */
    int64_t min_frequency;       /**< occurrences */
    int64_t min_piece_frequency; /**< occurrences; 1: any */
    double sample;               /**< share of the documents that are learned from */
    int64_t max_token_length;    /**< bytes, inclusive; 0: no bound */
    int64_t max_piece_bytes;     /**< 0: no bound */
    struct lm_list specials; /**< const char *: before LM_END_OF_TEXT, which is always the last */
    int64_t count_memory;    /**< bytes of the tables of distinct pieces, of all threads together */
    struct bpe_import import;
};

#endif
