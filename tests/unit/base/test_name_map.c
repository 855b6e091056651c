#include "base/name_map.h"

#include <stdio.h>
#include <string.h>

#include "tap.h"

static void names_have_places(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_name_map map;
    REQUIRE(arena != NULL);
    lm_name_map_init(&map, arena);
    CHECK(lm_name_map_find(&map, "model") == SIZE_MAX);
    CHECK(lm_name_map_put(&map, "model", 3) && lm_name_map_put(&map, "", 0));
    CHECK_INT(lm_name_map_find(&map, "model"), 3);
    CHECK_INT(lm_name_map_find(&map, ""), 0);
    CHECK(lm_name_map_find(&map, "mode") == SIZE_MAX);
    CHECK(lm_name_map_find(&map, "models") == SIZE_MAX);
    CHECK_INT(lm_name_map_find_bytes(&map, "model.log", 5), 3);
    CHECK(lm_name_map_put(&map, "model", 4));
    CHECK_INT(lm_name_map_find(&map, "model"), 3); /* the first stays */
    CHECK_INT(map.count, 2);
    lm_arena_free(arena);
}

static void zeroed_map_is_empty(struct tap *tap)
{
    const struct lm_name_map map = {0};
    CHECK(lm_name_map_find(&map, "model") == SIZE_MAX);
}

/* Beyond many growths, each name has its own place still. */
static void many_names_keep_their_places(struct tap *tap)
{
    enum { MANY = 20000 };

    struct lm_arena *arena = lm_arena_create();
    struct lm_name_map map;
    char name[32];
    size_t wrong = 0;
    REQUIRE(arena != NULL);
    lm_name_map_init(&map, arena);
    for (size_t i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "stage-%zu", i * 7);
        const char *copy = lm_arena_strdup(arena, name);
        wrong += copy == NULL || !lm_name_map_put(&map, copy, i);
    }
    for (size_t i = 0; i < 7 * (size_t)MANY; i++) {
        snprintf(name, sizeof name, "stage-%zu", i);
        wrong += lm_name_map_find(&map, name) != (i % 7 == 0 ? i / 7 : SIZE_MAX);
    }
    CHECK_INT(wrong, 0);
    CHECK_INT(map.count, MANY);
    CHECK(map.capacity >= 2 * (size_t)MANY && map.capacity < 8 * (size_t)MANY);
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {TAP_ROW(names_have_places) TAP_ROW(zeroed_map_is_empty)
                                            TAP_ROW(many_names_keep_their_places)};

LM_TEST_FILE(tests)
