#include <lmpipe/rng.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lmpipe/hash.h>

#include "base/elem.h"

__extension__ typedef unsigned __int128 uint128;

enum { SUB_DRAW = 56, FEISTEL_ROUNDS = 4, LAST_ATTEMPT = 255 };

struct lm_rng lm_rng_stream(uint64_t seed, const char *name)
{
    static const char tag[] = "lmpipe-rng"; /* hashed with its NUL */
    char text[sizeof tag + 8 + LM_RNG_NAME_MAX];
    size_t length = strnlen(name, LM_RNG_NAME_MAX);
    memcpy(text, tag, sizeof tag);
    for (unsigned i = 0; i < 8; i++)
        text[sizeof tag + i] = (char)(seed >> (8 * i) & 255);
    memcpy(text + sizeof tag + 8, name, length);
    struct lm_digest digest;
    lm_sha256_bytes(&digest, text, sizeof tag + 8 + length);
    struct lm_rng rng = {0};
    for (unsigned i = 0; i < 8; i++)
        rng.key |= (uint64_t)digest.bytes[i] << (8 * i);
    return rng;
}

static uint64_t join(uint32_t low, uint32_t high)
{
    return (uint64_t)high << 32 | low;
}

/* 53 bits as a double in [0, 1). */
static double unit(uint64_t word)
{
    return (double)(word >> 11) * 0x1p-53;
}

uint64_t lm_rng_u64(struct lm_rng rng, uint64_t major, uint64_t minor)
{
    uint32_t words[4];
    lm_rng_block(words, rng, major, minor);
    return join(words[0], words[1]);
}

double lm_rng_uniform(struct lm_rng rng, uint64_t major, uint64_t minor)
{
    return unit(lm_rng_u64(rng, major, minor));
}

uint64_t lm_rng_below(struct lm_rng rng, uint64_t major, uint64_t minor, uint64_t bound)
{
    uint64_t threshold = -bound % bound; /* 2^64 mod bound: low halves under it are surplus */
    uint128 product = 0;
    for (uint64_t attempt = 0; attempt <= LAST_ATTEMPT; attempt++) {
        product = (uint128)lm_rng_u64(rng, major, minor ^ attempt << SUB_DRAW) * bound;
        if ((uint64_t)product >= threshold)
            break; /* 256 rejections in a row have a chance below 2^-256 */
    }
    return (uint64_t)(product >> 64);
}

double lm_rng_normal(struct lm_rng rng, uint64_t major, uint64_t minor)
{
    static const double two_pi = 0x1.921fb54442d18p+2;
    uint32_t words[4];
    lm_rng_block(words, rng, major, minor);
    double radius = unit(join(words[0], words[1])) + 0x1p-53; /* (0, 1]: its log is finite */
    double angle = two_pi * unit(join(words[2], words[3]));
    return sqrt(-2.0 * lm_log(radius)) * lm_cos(angle);
}

/* One pass of the network over numbers of 2 * half_bits bits. */
static uint64_t feistel(struct lm_rng rng, uint64_t major, uint64_t value, unsigned half_bits)
{
    uint64_t mask = ((uint64_t)1 << half_bits) - 1;
    uint64_t left = value >> half_bits, right = value & mask;
    for (uint64_t round = 1; round <= FEISTEL_ROUNDS; round++) {
        uint64_t mixed = left ^ (lm_rng_u64(rng, major, round << SUB_DRAW | right) & mask);
        left = right;
        right = mixed;
    }
    return left << half_bits | right;
}

uint64_t lm_rng_permute(struct lm_rng rng, uint64_t major, uint64_t index, uint64_t count)
{
    unsigned half_bits = 1;
    while (half_bits < 32 && (count - 1) >> (2 * half_bits) != 0)
        half_bits++;
    do /* the cycle through `index` comes back into [0, count) at the latest at index itself */
        index = feistel(rng, major, index, half_bits);
    while (index >= count);
    return index;
}
