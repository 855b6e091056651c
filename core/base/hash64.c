#define XXH_STATIC_LINKING_ONLY /* the type of a running state: the caller's memory holds it */
#include <lmpipe/hash.h>

#include <stdlib.h>

#include <xxhash.h>

uint64_t lm_hash64(const void *data, size_t size, uint64_t seed)
{
    return XXH3_64bits_withSeed(data, size, seed);
}

struct lm_hash64 {
    XXH3_state_t state;
};

struct lm_hash64 *lm_hash64_create(void)
{
    struct lm_hash64 *hash = aligned_alloc(_Alignof(struct lm_hash64), sizeof *hash);
    if (hash != NULL)
        lm_hash64_begin(hash);
    return hash;
}

void lm_hash64_begin(struct lm_hash64 *hash)
{
    XXH3_64bits_reset(&hash->state);
}

void lm_hash64_update(struct lm_hash64 *hash, const void *data, size_t size)
{
    if (size > 0)
        XXH3_64bits_update(&hash->state, data, size);
}

uint64_t lm_hash64_final(const struct lm_hash64 *hash)
{
    return XXH3_64bits_digest(&hash->state);
}

void lm_hash64_free(struct lm_hash64 *hash)
{
    free(hash);
}
