/**
 * Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as
 * easy as 1, 2, 3", SC 2011). There is no state: a draw is a function of a stream and a
 * position, so nothing depends on threads, order or interruptions.
 */
#ifndef LMPIPE_RNG_H
#define LMPIPE_RNG_H

#include <stdint.h>

/** Bytes of a stream's name that count; longer names are cut. */
#define LM_RNG_NAME_MAX 256

/** A named stream of a seed; plain value, equal streams give equal draws. */
struct lm_rng {
    uint64_t key;
};

/** Stream `name` of `seed`: the first 64 bits (little-endian) of SHA-256 over
 *  "lmpipe-rng\0", the seed as 8 bytes little-endian, and the name. Adding a stream shifts no
 * other. */
struct lm_rng lm_rng_stream(uint64_t seed, const char *name);

/** Four independent 32-bit words at position (major, minor), e.g. (step, index): the counter is
 *  minor (low word, high word), major (low, high), the key the stream's (low, high). lm_rng_below
 *  and lm_rng_permute draw above bit 56 of minor, so a stream's own minors stay below 2^56. */
void lm_rng_block(uint32_t out[4], struct lm_rng rng, uint64_t major, uint64_t minor);

/** One 64-bit word at a position. */
uint64_t lm_rng_u64(struct lm_rng rng, uint64_t major, uint64_t minor);

/** Uniform double in [0, 1) with 53 bits. */
double lm_rng_uniform(struct lm_rng rng, uint64_t major, uint64_t minor);

/** Uniform integer in [0, bound), unbiased (Lemire 2019, with rejection along the minor's
 *  high bits); bound ≥ 1. */
uint64_t lm_rng_below(struct lm_rng rng, uint64_t major, uint64_t minor, uint64_t bound);

/** Standard normal by Box-Muller on portable log and cosine (core/base/elem.h). */
double lm_rng_normal(struct lm_rng rng, uint64_t major, uint64_t minor);

/** Image of `index` under a pseudo-random permutation of [0, count) (a 4-round Feistel
 *  network with cycle walking); O(1) memory, a bijection for every (rng, major). count ≥ 1. */
uint64_t lm_rng_permute(struct lm_rng rng, uint64_t major, uint64_t index, uint64_t count);

#endif
