#include "base/rng_blocks.h"

#include <string.h>

enum { ROUNDS = 10 };

#define FACTOR_0 0xD2511F53u
#define FACTOR_2 0xCD9E8D57u
#define STEP_0 0x9E3779B9u
#define STEP_1 0xBB67AE85u

void lm_rng_block(uint32_t out[4], struct lm_rng rng, uint64_t major, uint64_t minor)
{
    uint32_t c0 = (uint32_t)minor, c1 = (uint32_t)(minor >> 32);
    uint32_t c2 = (uint32_t)major, c3 = (uint32_t)(major >> 32);
    uint32_t k0 = (uint32_t)rng.key, k1 = (uint32_t)(rng.key >> 32);
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t p0 = (uint64_t)c0 * FACTOR_0, p1 = (uint64_t)c2 * FACTOR_2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += STEP_0;
        k1 += STEP_1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* ---- many ---- */

enum { LANES = 8 /* blocks whose rounds are taken together: their products don't wait */ };

/* LANES blocks from `minor` on. */
typedef void lanes_fn(uint32_t *out, struct lm_rng rng, uint64_t major, uint64_t minor);

static void lanes_plain(uint32_t *out, struct lm_rng rng, uint64_t major, uint64_t minor)
{
    uint32_t c0[LANES], c1[LANES], c2[LANES], c3[LANES];
    uint32_t k0 = (uint32_t)rng.key, k1 = (uint32_t)(rng.key >> 32);
    for (unsigned l = 0; l < LANES; l++) {
        c0[l] = (uint32_t)(minor + l);
        c1[l] = (uint32_t)((minor + l) >> 32);
        c2[l] = (uint32_t)major;
        c3[l] = (uint32_t)(major >> 32);
    }
    for (int round = 0; round < ROUNDS; round++, k0 += STEP_0, k1 += STEP_1)
        for (unsigned l = 0; l < LANES; l++) {
            uint64_t p0 = (uint64_t)c0[l] * FACTOR_0, p1 = (uint64_t)c2[l] * FACTOR_2;
            c0[l] = (uint32_t)(p1 >> 32) ^ c1[l] ^ k0;
            c1[l] = (uint32_t)p1;
            c2[l] = (uint32_t)(p0 >> 32) ^ c3[l] ^ k1;
            c3[l] = (uint32_t)p0;
        }
    for (unsigned l = 0; l < LANES; l++) {
        out[4 * l] = c0[l];
        out[4 * l + 1] = c1[l];
        out[4 * l + 2] = c2[l];
        out[4 * l + 3] = c3[l];
    }
}

#if defined(__x86_64__)
/* Numbers of 32 bits in places of 64, whose upper halves hold anything: products read the lower
 * ones alone, so that nothing is packed between rounds. */
typedef uint64_t wide __attribute__((vector_size(32)));

#define ALL(x) ((wide){x, x, x, x})
#define LOW ALL(UINT32_MAX)

__attribute__((target("avx2"))) static inline wide product(wide a, wide b)
{
#if defined(__clang__)
    return (a & LOW) * (b & LOW); /* knows it */
#else
    typedef int narrow __attribute__((vector_size(32)));
    return (wide)__builtin_ia32_pmuludq256((narrow)a, (narrow)b);
#endif
}

/* Words 0 and 1 of four blocks in places of 64 bits, words 2 and 3 likewise: block by block. */
__attribute__((target("avx2"))) static inline void store(uint32_t *out, wide c0, wide c1, wide c2,
                                                         wide c3)
{
    wide first = (c0 & LOW) | c1 << 32, second = (c2 & LOW) | c3 << 32;
    for (unsigned l = 0; l < 4; l++) {
        const uint64_t words[2] = {first[l], second[l]};
        memcpy(out + 4 * l, words, sizeof words);
    }
}

__attribute__((target("avx2"))) static void lanes_avx2(uint32_t *out, struct lm_rng rng,
                                                       uint64_t major, uint64_t minor)
{
    wide a0 = ALL(minor) + (wide){0, 1, 2, 3}, b0 = a0 + ALL(4);
    wide a1 = a0 >> 32, b1 = b0 >> 32;
    wide a2 = ALL(major), a3 = ALL(major >> 32), b2 = a2, b3 = a3;
    uint32_t k0 = (uint32_t)rng.key, k1 = (uint32_t)(rng.key >> 32);
    for (int round = 0; round < ROUNDS; round++, k0 += STEP_0, k1 += STEP_1) {
        wide p0 = product(a0, ALL(FACTOR_0)), p1 = product(a2, ALL(FACTOR_2));
        wide q0 = product(b0, ALL(FACTOR_0)), q1 = product(b2, ALL(FACTOR_2));
        a0 = p1 >> 32 ^ a1 ^ ALL((uint64_t)k0);
        b0 = q1 >> 32 ^ b1 ^ ALL((uint64_t)k0);
        a2 = p0 >> 32 ^ a3 ^ ALL((uint64_t)k1);
        b2 = q0 >> 32 ^ b3 ^ ALL((uint64_t)k1);
        a1 = p1;
        b1 = q1;
        a3 = p0;
        b3 = q0;
    }
    store(out, a0, a1, a2, a3);
    store(out + 16, b0, b1, b2, b3);
}
#endif

static lanes_fn *pick(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        return lanes_avx2;
#endif
    return lanes_plain;
}

void lm_rng_blocks(uint32_t *out, struct lm_rng rng, uint64_t major, uint64_t minor, size_t count)
{
    lanes_fn *lanes = pick();
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        lanes(out + 4 * i, rng, major, minor + i);
    for (; i < count; i++)
        lm_rng_block(out + 4 * i, rng, major, minor + i);
}
