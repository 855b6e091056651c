/** Pairs of neighbouring tokens and what they merge to: rank and id. Open addressing. */
#ifndef LM_TOKENIZER_PAIR_MAP_H
#define LM_TOKENIZER_PAIR_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lm_pair {
    int32_t left, right;
};

/** A merge as one number: the rank in the high half, the id it makes in the low half; merges
 *  compare by rank. */
typedef uint64_t lm_merge_code;

#define LM_NO_MERGE UINT64_MAX /**< the pair does not merge; greater than every merge */

struct lm_pair_slot {
    uint64_t key;          /**< left << 32 | right */
    lm_merge_code merge_1; /**< the merge + 1; 0, of LM_NO_MERGE, is empty */
};

/** Zero-initialise. */
struct lm_pair_map {
    struct lm_pair_slot *slots;
    size_t mask, count;
};

void lm_pair_map_release(struct lm_pair_map *map);

/** Adds a pair; one that is there keeps its merge. False when memory is out. */
bool lm_pair_map_add(struct lm_pair_map *map, int32_t left, int32_t right, int32_t rank,
                     int32_t id);

/** Key of a pair in tables; where its search starts, to be masked. */
static inline uint64_t lm_pair_key(int32_t left, int32_t right)
{
    return (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
}

static inline size_t lm_pair_hash(uint64_t key)
{
    uint64_t mixed = key * 0x9E3779B97F4A7C15u;
    return (size_t)(mixed >> 32 ^ mixed >> 15);
}

/** What two neighbours merge to, or LM_NO_MERGE. */
static inline lm_merge_code lm_pair_map_find(const struct lm_pair_map *map, int32_t left,
                                             int32_t right)
{
    if (map->slots == NULL)
        return LM_NO_MERGE;
    uint64_t key = lm_pair_key(left, right);
    size_t at = lm_pair_hash(key) & map->mask;
    while (map->slots[at].merge_1 != 0 && map->slots[at].key != key)
        at = (at + 1) & map->mask;
    return map->slots[at].merge_1 - 1;
}

static inline int32_t lm_merge_rank(lm_merge_code merge)
{
    return (int32_t)(merge >> 32);
}

static inline int32_t lm_merge_id(lm_merge_code merge)
{
    return (int32_t)(uint32_t)merge;
}

#endif
