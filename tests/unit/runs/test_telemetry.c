#include "runs/telemetry.h"

#include <stdio.h>

#include "tests/tap.h"

#define SECOND UINT64_C(1000000000)

static void test_values(struct tap *tap)
{
    struct lm_telemetry t = {.arena = lm_arena_create(), .begin_ns = 10 * SECOND};
    char name[] = "tokens";
    lm_telemetry_note(&t, name, 100, 11 * SECOND);
    name[0] = 'x'; /* names are copied */
    lm_telemetry_note(&t, "tokens", 700, 14 * SECOND);
    lm_telemetry_note(&t, "forward.seconds", 2, 14 * SECOND);
    const struct lm_gauge *tokens = lm_telemetry_find(&t, "tokens");
    REQUIRE(tokens != NULL);
    CHECK(lm_gauge_rate(tokens) == 200);
    CHECK(lm_telemetry_value(&t, "tokens") == 700);
    CHECK(tokens->course != NULL && tokens->course->count + tokens->course->filled > 0);
    CHECK(lm_telemetry_find(&t, "forward.seconds")->course == NULL);
    CHECK(lm_gauge_rate(lm_telemetry_find(&t, "forward.seconds")) == 0);
    CHECK(lm_telemetry_find(&t, "loss") == NULL && lm_telemetry_value(&t, "loss") == 0);
    CHECK(lm_telemetry_find(NULL, "loss") == NULL && lm_gauge_rate(NULL) == 0);
    lm_arena_free(t.arena);
}

/* A model of many layers tells many gauges; what is beyond the limit is left out. */
static void test_many(struct tap *tap)
{
    struct lm_telemetry t = {.arena = lm_arena_create()};
    char name[40];
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < LM_GAUGES_MAX + 10; i++) {
            snprintf(name, sizeof name, "ratio.%d", i);
            lm_telemetry_note(&t, name, i + round, SECOND);
        }
    CHECK_INT(t.count, LM_GAUGES_MAX);
    CHECK(lm_telemetry_value(&t, "ratio.4095") == 4096);
    CHECK(lm_telemetry_find(&t, "ratio.4096") == NULL);
    lm_arena_free(t.arena);
}

static const struct tap_test tests[] = {TAP_ROW(test_values) TAP_ROW(test_many)};
LM_TEST_FILE(tests)
