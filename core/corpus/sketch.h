/**
 * A small sample of a text's shingles, by which two texts are compared in passing: of those that
 * begin at about every 64th word (which ones the first letters of the word decide, so that texts
 * that share a shingle choose it both or neither), the LM_SKETCH_MOST of the least hashes. Shingles
 * are runs of five words, as corpus/shingles.h has them. Of a text beyond LM_SKETCH_BYTES its
 * beginning is looked at.
 */
#ifndef LM_CORPUS_SKETCH_H
#define LM_CORPUS_SKETCH_H

#include <stddef.h>
#include <stdint.h>

enum { LM_SKETCH_WORDS = 5, LM_SKETCH_MOST = 32, LM_SKETCH_BYTES = 1 << 18 };

struct lm_sketch {
    uint64_t hashes[LM_SKETCH_MOST]; /**< rising, each once */
    size_t count;
};

/** The sketch of a text, which is UTF-8. */
void lm_sketch_make(struct lm_sketch *out, const uint8_t *text, size_t size);
/** Jaccard's coefficient of the texts' shingles, as far as the sketches tell: of the least hashes
 *  of both together, as many as a sketch may hold, the share that both have. 0 of empty ones. */
double lm_sketch_jaccard(const struct lm_sketch *a, const struct lm_sketch *b);

#endif
