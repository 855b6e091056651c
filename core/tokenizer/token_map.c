#include "tokenizer/token_map.h"

#include <stdlib.h>

#include <lmpipe/hash.h>

enum { FIRST_SLOTS = 1024 };

void lm_token_map_release(struct lm_token_map *map)
{
    free(map->slots);
    *map = (struct lm_token_map){0};
}

struct lm_token_key lm_token_key(const uint8_t *bytes, size_t size)
{
    if (size <= LM_KEY_INLINE) {
        uint8_t padded[LM_KEY_INLINE] = {0};
        memcpy(padded, bytes, size);
        return lm_token_key_short(padded, size);
    }
    struct lm_token_key key = {.low = lm_hash64(bytes, size, 0), .size = (uint32_t)size};
    key.hash = key.low;
    return key;
}

static uint64_t slot_hash(const struct lm_token_slot *slot)
{
    return slot->size <= LM_KEY_INLINE ? lm_token_hash(slot->low, slot->high, slot->size)
                                       : slot->low;
}

static void put(struct lm_token_map *map, const struct lm_token_slot *slot)
{
    size_t at = slot_hash(slot) & map->mask;
    while (map->slots[at].size != 0)
        at = (at + 1) & map->mask;
    map->slots[at] = *slot;
}

static bool grow(struct lm_token_map *map)
{
    size_t old = map->slots == NULL ? 0 : map->mask + 1, count = old ? old * 2 : FIRST_SLOTS;
    struct lm_token_map grown = {aligned_alloc(64, count * sizeof *grown.slots), count - 1,
                                 map->count};
    if (grown.slots == NULL)
        return false;
    memset(grown.slots, 0, count * sizeof *grown.slots);
    for (size_t i = 0; i < old; i++)
        if (map->slots[i].size != 0)
            put(&grown, &map->slots[i]);
    free(map->slots);
    *map = grown;
    return true;
}

bool lm_token_map_add(struct lm_token_map *map, struct lm_token_key key, uint64_t offset,
                      int32_t id)
{
    if ((map->slots == NULL || map->count * 2 > map->mask) && !grow(map))
        return false;
    const struct lm_token_slot slot = {key.low, key.high, offset, key.size, id};
    put(map, &slot);
    map->count++;
    return true;
}
