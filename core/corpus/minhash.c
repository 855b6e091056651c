#include "corpus/minhash.h"

#include <string.h>

#include <lmpipe/hash.h>
#include <lmpipe/rng.h>

enum { LANES = LM_MINHASH_LANES };

/* In plain C that compilers turn into vector code; integers, so that every path has the same bits.
 */
static inline __attribute__((always_inline)) void lower(uint32_t *least, const uint32_t *factors,
                                                        const uint32_t *terms,
                                                        const uint64_t *hashes, size_t count)
{
    uint32_t own[LANES], a[LANES], b[LANES];
    for (size_t l = 0; l < LANES; l++) {
        own[l] = least[l];
        a[l] = factors[l];
        b[l] = terms[l];
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t hash = (uint32_t)hashes[i];
        for (size_t l = 0; l < LANES; l++) {
            uint32_t value = a[l] * hash + b[l];
            own[l] = value < own[l] ? value : own[l];
        }
    }
    for (size_t l = 0; l < LANES; l++)
        least[l] = own[l];
}

static void lower_plain(uint32_t *least, const uint32_t *factors, const uint32_t *terms,
                        const uint64_t *hashes, size_t count)
{
    lower(least, factors, terms, hashes, count);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void lower_avx2(uint32_t *least, const uint32_t *factors,
                                                       const uint32_t *terms,
                                                       const uint64_t *hashes, size_t count)
{
    lower(least, factors, terms, hashes, count);
}
#endif

void lm_minhash_init(struct lm_minhash *out, size_t bands, size_t rows)
{
    const struct lm_rng rng = lm_rng_stream(0, "minhash");
    *out = (struct lm_minhash){.bands = bands, .rows = rows, .lower = lower_plain};
    for (size_t i = 0; i < LM_MINHASH_MOST; i++) {
        uint64_t word = lm_rng_u64(rng, 0, i);
        out->factors[i] = (uint32_t)word | 1;
        out->terms[i] = (uint32_t)(word >> 32);
    }
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        out->lower = lower_avx2;
#endif
}

void lm_minhash_keys(const struct lm_minhash *minhash, uint64_t *keys, const uint64_t *hashes,
                     size_t count)
{
    enum { CHUNK = 4096 }; /* hashes that stay near */

    uint32_t least[LM_MINHASH_MOST];
    size_t all = minhash->bands * minhash->rows;
    memset(least, 0xFF, sizeof least);
    for (size_t from = 0; from < count; from += CHUNK) {
        size_t own = count - from < CHUNK ? count - from : CHUNK;
        for (size_t i = 0; i < all; i += LANES)
            minhash->lower(least + i, minhash->factors + i, minhash->terms + i, hashes + from, own);
    }
    for (size_t b = 0; b < minhash->bands; b++) {
        uint8_t bytes[4 * LM_MINHASH_MOST];
        for (size_t r = 0; r < minhash->rows; r++)
            for (size_t k = 0; k < 4; k++)
                bytes[4 * r + k] = (uint8_t)(least[b * minhash->rows + r] >> 8 * k);
        keys[b] = lm_hash64(bytes, 4 * minhash->rows, b);
    }
}

double lm_minhash_chance(size_t bands, size_t rows, double jaccard)
{
    double row = 1, none = 1;
    for (size_t i = 0; i < rows; i++)
        row *= jaccard;
    for (size_t i = 0; i < bands; i++)
        none *= 1 - row;
    return 1 - none;
}
