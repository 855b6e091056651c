#include "tokenizer/pair_map.h"

#include "tap.h"

enum { PAIRS = 30000 };

static void finds_what_was_added(struct tap *tap)
{
    struct lm_pair_map map = {0};
    CHECK(lm_pair_map_find(&map, 0, 0) == LM_NO_MERGE);
    for (int32_t i = 0; i < PAIRS; i++)
        REQUIRE(lm_pair_map_add(&map, i / 100, i % 100, i, PAIRS - i));
    for (int32_t i = 0; i < PAIRS; i++) {
        lm_merge_code merge = lm_pair_map_find(&map, i / 100, i % 100);
        REQUIRE(lm_merge_rank(merge) == i && lm_merge_id(merge) == PAIRS - i);
    }
    CHECK(lm_pair_map_find(&map, 0, 100) == LM_NO_MERGE);
    CHECK(lm_pair_map_find(&map, PAIRS, 0) == LM_NO_MERGE);
    lm_pair_map_release(&map);
}

/* Of two merges of a pair the first counts: its rank is the lower. */
static void the_first_stays(struct tap *tap)
{
    struct lm_pair_map map = {0};
    CHECK(lm_pair_map_add(&map, 1, 2, 7, 300));
    CHECK(lm_pair_map_add(&map, 1, 2, 8, 301));
    CHECK_INT(map.count, 1);
    CHECK_INT(lm_merge_id(lm_pair_map_find(&map, 1, 2)), 300);
    lm_pair_map_release(&map);
}

static const struct tap_test tests[] = {TAP_ROW(finds_what_was_added) TAP_ROW(the_first_stays)};

LM_TEST_FILE(tests)
