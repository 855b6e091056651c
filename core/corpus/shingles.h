/**
 * A document as the set of its shingles: runs of n words, a word being what the rules count
 * (text/word_list.h: white space parts them, and in a script written without spaces each letter is
 * one). A document of fewer words is one shingle, one without words none. Shingles are 64-bit
 * hashes.
 */
#ifndef LM_CORPUS_SHINGLES_H
#define LM_CORPUS_SHINGLES_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "text/word_list.h"

enum { LM_SHINGLE_WORDS = 64 /**< of a shingle, at most */ };

/** Memory is kept from text to text; zero-initialise. */
struct lm_shingles {
    uint64_t *items;
    size_t count, capacity;
    uint64_t *room; /**< of lm_shingles_unite */
    size_t room_capacity;
    struct lm_word_list words;
};

/** The shingles of `ngram` words, in [1, LM_SHINGLE_WORDS], one a place. text is UTF-8. LM_NOMEM.
 */
enum lm_status lm_shingles_find(struct lm_shingles *out, const uint8_t *text, size_t size,
                                size_t ngram, struct lm_err *err);
/** Sorts them, each once. LM_NOMEM. */
enum lm_status lm_shingles_unite(struct lm_shingles *shingles, struct lm_err *err);
/** Shared shingles of two sets as lm_shingles_unite leaves them, by all: Jaccard's coefficient, or
 * 0 where it is less than `least`, which is found early; 0 of empty ones. */
double lm_shingles_jaccard(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count,
                           double least);
void lm_shingles_release(struct lm_shingles *shingles);

#endif
