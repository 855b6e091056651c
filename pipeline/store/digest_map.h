/** A map from digests to places in an array of the caller's: open addressing, doubling. */
#ifndef LM_STORE_DIGEST_MAP_H
#define LM_STORE_DIGEST_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include <lmpipe/hash.h>

struct lm_digest_row {
    struct lm_digest digest;
    size_t place; /**< one more than it; 0: a free row */
};

/** Zeroed is empty. */
struct lm_digest_map {
    struct lm_digest_row *rows;
    size_t count, capacity; /**< capacity: 0 or a power of two */
};

/** The place of a digest, or SIZE_MAX. */
size_t lm_digest_map_find(const struct lm_digest_map *map, const struct lm_digest *digest);
/** Sets the place of a digest. False: out of memory, nothing has changed. */
/** Makes room for `count` digests in all. False: out of memory. */
bool lm_digest_map_reserve(struct lm_digest_map *map, size_t count);
bool lm_digest_map_put(struct lm_digest_map *map, const struct lm_digest *digest, size_t place);
void lm_digest_map_release(struct lm_digest_map *map); /**< empty again */

#endif
