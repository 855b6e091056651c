/**
 * MinHash signatures, cut into bands (Broder 1997; Leskovec, Rajaraman & Ullman, Mining of Massive
 * Datasets, section 3.4): of bands × rows permutations of 32-bit hashes the least value of a
 * document's shingles, and of each band's rows one 64-bit key. Two documents of Jaccard s share a
 * key with probability 1 − (1 − s^rows)^bands. Permutations are h → a·h + b modulo 2^32, a odd;
 * signatures are compatible with no other program's.
 */
#ifndef LM_CORPUS_MINHASH_H
#define LM_CORPUS_MINHASH_H

#include <stddef.h>
#include <stdint.h>

enum {
    LM_MINHASH_LANES = 16, /**< permutations at once */
    LM_MINHASH_MOST = 1024 /**< bands × rows */
};

struct lm_minhash {
    size_t bands, rows;
    uint32_t factors[LM_MINHASH_MOST], terms[LM_MINHASH_MOST];
    /** Lowers LM_MINHASH_LANES least values by the hashes. */
    void (*lower)(uint32_t *least, const uint32_t *factors, const uint32_t *terms,
                  const uint64_t *hashes, size_t count);
};

/** bands, rows ≥ 1, their product ≤ LM_MINHASH_MOST. */
void lm_minhash_init(struct lm_minhash *out, size_t bands, size_t rows);
/** The keys of the bands (bands of them) of a document's shingles, of which there is one at least,
 *  each once or more often. */
void lm_minhash_keys(const struct lm_minhash *minhash, uint64_t *keys, const uint64_t *hashes,
                     size_t count);
/** Probability that documents of this Jaccard coefficient share a key. */
double lm_minhash_chance(size_t bands, size_t rows, double jaccard);

#endif
