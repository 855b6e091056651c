#include "tokenizer/pair_map.h"

#include <stdlib.h>

enum { FIRST_SLOTS = 1024 };

void lm_pair_map_release(struct lm_pair_map *map)
{
    free(map->slots);
    *map = (struct lm_pair_map){0};
}

static struct lm_pair_slot *slot_of(const struct lm_pair_map *map, uint64_t key)
{
    size_t at = lm_pair_hash(key) & map->mask;
    while (map->slots[at].merge_1 != 0 && map->slots[at].key != key)
        at = (at + 1) & map->mask;
    return &map->slots[at];
}

static bool grow(struct lm_pair_map *map)
{
    size_t old = map->slots == NULL ? 0 : map->mask + 1, count = old ? old * 2 : FIRST_SLOTS;
    struct lm_pair_map grown = {calloc(count, sizeof *grown.slots), count - 1, map->count};
    if (grown.slots == NULL)
        return false;
    for (size_t i = 0; i < old; i++)
        if (map->slots[i].merge_1 != 0)
            *slot_of(&grown, map->slots[i].key) = map->slots[i];
    free(map->slots);
    *map = grown;
    return true;
}

bool lm_pair_map_add(struct lm_pair_map *map, int32_t left, int32_t right, int32_t rank, int32_t id)
{
    if ((map->slots == NULL || map->count * 2 > map->mask) && !grow(map))
        return false;
    uint64_t key = lm_pair_key(left, right);
    struct lm_pair_slot *slot = slot_of(map, key);
    if (slot->merge_1 != 0)
        return true;
    *slot = (struct lm_pair_slot){key, ((uint64_t)(uint32_t)rank << 32 | (uint32_t)id) + 1};
    map->count++;
    return true;
}
