#include "base/name_map.h"

#include <string.h>

#include <lmpipe/hash.h>

enum { FIRST_CAPACITY = 4 };

void lm_name_map_init(struct lm_name_map *map, struct lm_arena *arena)
{
    *map = (struct lm_name_map){.arena = arena};
}

/** The row of a name, or the free one where it belongs. */
static struct lm_name_row *seek(const struct lm_name_map *map, const char *name, size_t length,
                                uint64_t hash)
{
    for (size_t i = (size_t)hash;; i++) {
        struct lm_name_row *row = &map->rows[i & (map->capacity - 1)];
        if (row->name == NULL ||
            (row->hash == hash && row->length == length && memcmp(row->name, name, length) == 0))
            return row;
    }
}

size_t lm_name_map_find_bytes(const struct lm_name_map *map, const char *name, size_t length)
{
    if (map->count == 0)
        return SIZE_MAX;
    const struct lm_name_row *row = seek(map, name, length, lm_hash64(name, length, 0));
    return row->name != NULL ? row->place : SIZE_MAX;
}

size_t lm_name_map_find(const struct lm_name_map *map, const char *name)
{
    return lm_name_map_find_bytes(map, name, strlen(name));
}

/** The rows left behind are the arena's: all of them together are smaller than those in use. */
static bool grow(struct lm_name_map *map)
{
    struct lm_name_map larger = *map;
    larger.capacity = map->capacity > 0 ? map->capacity * 2 : FIRST_CAPACITY;
    larger.rows = LM_NEW_ARRAY(map->arena, struct lm_name_row, larger.capacity);
    if (larger.rows == NULL)
        return false;
    for (size_t i = 0; i < map->capacity; i++) {
        const struct lm_name_row *row = &map->rows[i];
        if (row->name != NULL)
            *seek(&larger, row->name, row->length, row->hash) = *row;
    }
    *map = larger;
    return true;
}

bool lm_name_map_put_bytes(struct lm_name_map *map, const char *name, size_t length, size_t place)
{
    if (map->count * 2 >= map->capacity && !grow(map))
        return false;
    uint64_t hash = lm_hash64(name, length, 0);
    struct lm_name_row *row = seek(map, name, length, hash);
    if (row->name == NULL) {
        *row = (struct lm_name_row){name, length, place, hash};
        map->count++;
    }
    return true;
}

bool lm_name_map_put(struct lm_name_map *map, const char *name, size_t place)
{
    return lm_name_map_put_bytes(map, name, strlen(name), place);
}
