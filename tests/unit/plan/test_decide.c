/* Every way a gate can come out, decided from records made by hand. */
#include <math.h>

#include "plan/plan.h"
#include "tests/tap.h"

static void test_verdicts(struct tap *tap)
{
    struct lm_metric metrics[] = {
        {"bpb", 2.05}, {"odd", (double)NAN}, {"far", (double)INFINITY}, {"zero", 0}};
    struct lm_record record = {.metrics = metrics, .metric_count = 4};
    struct lm_spec_stage stages[] = {{.id = "scores"}, {.id = "failed"}, {.id = "other"}};
    struct lm_plan_stage planned[] = {
        {.selected = true, .state = LM_HIT, .record = &record},
        {.selected = true, .state = LM_FAILED},
        {.selected = false, .state = LM_HIT, .record = &record},
    };

    static const struct {
        size_t stage;
        const char *metric;
        double min, max;
        int verdict;
        const char *reason;
    } rows[] = {
        {0, "bpb", NAN, 2.05, LM_GATE_PASS, "2.05 is at most 2.05"},
        {0, "bpb", NAN, 2.04, LM_GATE_FAIL, "2.05 is above 2.04"},
        {0, "bpb", 2.05, NAN, LM_GATE_PASS, "2.05 is at least 2.05"},
        {0, "bpb", 2.06, NAN, LM_GATE_FAIL, "2.05 is below 2.06"},
        {0, "bpb", 2, 3, LM_GATE_PASS, "2.05 is between 2 and 3"},
        {0, "zero", NAN, 0, LM_GATE_PASS, "0 is at most 0"},
        {0, "odd", NAN, 3, LM_GATE_UNDECIDED, "the metric is not finite"},
        {0, "far", 1, NAN, LM_GATE_UNDECIDED, "the metric is not finite"},
        {0, "none", NAN, 3, LM_GATE_UNDECIDED, "the result of scores has no such metric"},
        {1, "bpb", NAN, 3, LM_GATE_UNDECIDED, "failed has failed"},
        {2, "bpb", NAN, 3, LM_GATE_UNSELECTED, "other was not selected"},
    };

    enum { ROWS = sizeof rows / sizeof rows[0] };

    struct lm_spec_gate gates[ROWS];
    for (size_t i = 0; i < ROWS; i++)
        gates[i] = (struct lm_spec_gate){.stage = rows[i].stage,
                                         .metric = rows[i].metric,
                                         .min = rows[i].min,
                                         .max = rows[i].max,
                                         .text = "a gate"};
    struct lm_spec spec = {.stages = stages, .stage_count = 3, .gates = gates, .gate_count = ROWS};
    struct lm_arena *arena = lm_arena_create();
    struct lm_plan plan = {.spec = &spec, .arena = arena, .stages = planned};
    struct lm_gate_row *got = NULL;
    REQUIRE(lm_plan_decide(&got, &plan, NULL) == LM_OK);
    for (size_t i = 0; i < ROWS; i++) {
        CHECK_INT(got[i].verdict, rows[i].verdict);
        CHECK_STR(got[i].reason, rows[i].reason);
        CHECK(isnan(got[i].value) == (rows[i].verdict >= LM_GATE_UNDECIDED));
    }
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {TAP_ROW(test_verdicts)};
LM_TEST_FILE(tests)
