#include "exec/task.h"

#include "tests/tap.h"

/* 0 -> 1, 2; 1, 2 -> 3 (2 twice). */
static void test_order(struct tap *tap)
{
    struct lm_spec_input one[] = {{.stage = 0}},
                         both[] = {{.stage = 1}, {.stage = 2}, {.stage = 2}};
    struct lm_spec_stage stages[] = {
        {.id = "a"},
        {.id = "b", .inputs = one, .input_count = 1},
        {.id = "c", .inputs = one, .input_count = 1},
        {.id = "d", .inputs = both, .input_count = 3},
    };
    struct lm_spec spec = {.stages = stages, .stage_count = 4};
    struct lm_arena *arena = lm_arena_create();
    struct lm_task *tasks = lm_tasks_create(arena, &spec);
    REQUIRE(tasks != NULL);
    CHECK_INT(tasks[0].awaits, 0);
    CHECK_INT(tasks[0].dependent_count, 2);
    CHECK_INT(tasks[0].dependents[1], 2);
    CHECK_INT(tasks[3].awaits, 3);
    CHECK_INT(tasks[2].dependent_count, 2);
    CHECK_INT(tasks[3].dependent_count, 0);
    lm_arena_free(arena);
}

static void test_sets(struct tap *tap)
{
    struct lm_task_set set;
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(lm_task_set_init(&set, arena, 1000));
    CHECK(lm_task_set_next(&set, 0) == SIZE_MAX);
    static const size_t members[] = {0, 63, 64, 127, 128, 999};
    for (size_t i = 0; i < 6; i++) {
        lm_task_set_add(&set, members[i]);
        lm_task_set_add(&set, members[i]);
    }
    CHECK_INT(set.count, 6);
    size_t at = 0;
    for (size_t i = 0; i < 6; i++) {
        CHECK_INT(lm_task_set_next(&set, at), members[i]);
        at = members[i] + 1;
    }
    CHECK(lm_task_set_next(&set, 1000) == SIZE_MAX);
    lm_task_set_remove(&set, 64);
    lm_task_set_remove(&set, 64);
    CHECK_INT(set.count, 5);
    CHECK_INT(lm_task_set_next(&set, 64), 127);
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {TAP_ROW(test_order) TAP_ROW(test_sets)};
LM_TEST_FILE(tests)
