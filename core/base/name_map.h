/** From names to numbers, in an arena: what lists are looked through with when they may be long. */
#ifndef LM_BASE_NAME_MAP_H
#define LM_BASE_NAME_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>

struct lm_name_row {
    const char *name; /**< NULL: free */
    size_t length, place;
    uint64_t hash;
};

/** Zeroed, with an arena: empty. It lives as long as the arena; nothing is to be released. */
struct lm_name_map {
    struct lm_arena *arena;
    struct lm_name_row *rows;
    size_t count, capacity; /**< of rows: a power of two, at most half of them taken */
};

/** An empty map whose rows, and no names, will lie in `arena`. */
void lm_name_map_init(struct lm_name_map *map, struct lm_arena *arena);
/** The place of the first `length` bytes of `name`; SIZE_MAX: there is none (as in a zeroed map).
 */
size_t lm_name_map_find_bytes(const struct lm_name_map *map, const char *name, size_t length);
/** The same for a whole text. */
size_t lm_name_map_find(const struct lm_name_map *map, const char *name);
/** Gives a name a place (not SIZE_MAX); one that is there keeps what it has. `name` is borrowed: it
 *  must live as long as the map. False: out of memory. */
bool lm_name_map_put_bytes(struct lm_name_map *map, const char *name, size_t length, size_t place);
bool lm_name_map_put(struct lm_name_map *map, const char *name, size_t place);

#endif
