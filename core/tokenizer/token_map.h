/**
 * Byte strings and their ids: the tokens that are looked up whole. Open addressing; a slot is half
 * a cache line and holds strings of up to 16 bytes itself, so that a look-up of a usual piece of
 * text touches one line, which can be fetched ahead.
 */
#ifndef LM_TOKENIZER_TOKEN_MAP_H
#define LM_TOKENIZER_TOKEN_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LM_KEY_INLINE 16 /**< longest string, in bytes, that a key holds itself */

/** A byte string made ready for look-ups: up to 16 bytes as two words, zero-filled, longer ones as
 *  their XXH3-64 and 0. */
struct lm_token_key {
    uint64_t low, high;
    uint64_t hash;
    uint32_t size;
};

/** size 0 is empty. */
struct lm_token_slot {
    uint64_t low, high;
    uint64_t offset; /**< of the string in the bytes that the map's user keeps */
    uint32_t size;
    int32_t id;
};

/** Zero-initialise. */
struct lm_token_map {
    struct lm_token_slot *slots;
    size_t mask, count;
};

void lm_token_map_release(struct lm_token_map *map);

/** Adds a string that is not there yet; false when memory is out. */
bool lm_token_map_add(struct lm_token_map *map, struct lm_token_key key, uint64_t offset,
                      int32_t id);

/** Key of a string of 1 to UINT32_MAX bytes. */
struct lm_token_key lm_token_key(const uint8_t *bytes, size_t size);

static inline uint64_t lm_token_hash(uint64_t low, uint64_t high, uint32_t size)
{
    uint64_t a = (low ^ size) * 0x9E3779B97F4A7C15u;
    uint64_t b = (a ^ a >> 32 ^ high) * 0xD6E8FEB86659FD93u;
    return b ^ b >> 32;
}

/** The same for a string of 1 to 16 bytes behind which lies memory up to its 16th byte. */
static inline struct lm_token_key lm_token_key_short(const uint8_t *bytes, size_t size)
{
    struct lm_token_key key = {.size = (uint32_t)size};
    memcpy(&key.low, bytes, 8);
    memcpy(&key.high, bytes + 8, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    key.low = __builtin_bswap64(key.low);
    key.high = __builtin_bswap64(key.high);
#endif
    unsigned spare = (unsigned)(LM_KEY_INLINE - size) * 8; /* bits behind the string, < 128 */
    uint64_t mask = UINT64_MAX >> (spare & 63);
    key.low &= spare >= 64 ? mask : UINT64_MAX;
    key.high &= spare >= 64 ? 0 : mask;
    key.hash = lm_token_hash(key.low, key.high, key.size);
    return key;
}

/** Where the search for a key starts; worth fetching ahead. NULL while nothing has been added. */
static inline const struct lm_token_slot *lm_token_map_home(const struct lm_token_map *map,
                                                            const struct lm_token_key *key)
{
    return map->slots == NULL ? NULL : &map->slots[key->hash & map->mask];
}

/** Id of a string, or -1. `all` are the bytes that offsets point into. */
static inline int32_t lm_token_map_find(const struct lm_token_map *map, struct lm_token_key key,
                                        const uint8_t *bytes, const uint8_t *all)
{
    if (map->slots == NULL)
        return -1;
    for (size_t at = key.hash & map->mask; map->slots[at].size != 0; at = (at + 1) & map->mask) {
        const struct lm_token_slot *slot = &map->slots[at];
        if (slot->low == key.low && slot->high == key.high && slot->size == key.size &&
            (key.size <= LM_KEY_INLINE || memcmp(all + slot->offset, bytes, key.size) == 0))
            return slot->id;
    }
    return -1;
}

#endif
