#include "store/digest_map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 };

/** The row of a digest, or the free one where it belongs. Digests are evenly spread as they are. */
static struct lm_digest_row *seek(const struct lm_digest_map *map, const struct lm_digest *digest)
{
    uint64_t hash;
    memcpy(&hash, digest->bytes, sizeof hash);
    for (size_t i = (size_t)hash;; i++) {
        struct lm_digest_row *row = &map->rows[i & (map->capacity - 1)];
        if (row->place == 0 || lm_digest_compare(&row->digest, digest) == 0)
            return row;
    }
}

size_t lm_digest_map_find(const struct lm_digest_map *map, const struct lm_digest *digest)
{
    const struct lm_digest_row *row = map->capacity > 0 ? seek(map, digest) : NULL;
    return row != NULL && row->place > 0 ? row->place - 1 : SIZE_MAX;
}

static bool grow(struct lm_digest_map *map, size_t capacity)
{
    struct lm_digest_map larger = {.count = map->count, .capacity = capacity};
    larger.rows = calloc(larger.capacity, sizeof *larger.rows);
    if (larger.rows == NULL)
        return false;
    for (size_t i = 0; i < map->capacity; i++)
        if (map->rows[i].place > 0)
            *seek(&larger, &map->rows[i].digest) = map->rows[i];
    free(map->rows);
    *map = larger;
    return true;
}

bool lm_digest_map_reserve(struct lm_digest_map *map, size_t count)
{
    size_t capacity = map->capacity > 0 ? map->capacity : FIRST_CAPACITY;
    while (capacity / 2 < count)
        capacity *= 2;
    return capacity == map->capacity || grow(map, capacity);
}

bool lm_digest_map_put(struct lm_digest_map *map, const struct lm_digest *digest, size_t place)
{
    if (map->count * 2 >= map->capacity && !lm_digest_map_reserve(map, map->count + 1))
        return false;
    struct lm_digest_row *row = seek(map, digest);
    map->count += row->place == 0;
    *row = (struct lm_digest_row){*digest, place + 1};
    return true;
}

void lm_digest_map_release(struct lm_digest_map *map)
{
    free(map->rows);
    *map = (struct lm_digest_map){0};
}
