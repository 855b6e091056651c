/* What a plan says a run will need, and what it refuses. */
#include "unit/plan/plan_bench.h"

static void test_memory(struct tap *tap)
{
    struct bench b;
    REQUIRE(bench_open(&b));
    CHECK_INT(make_plan(&b, SPEC("steps: 900000000")), LM_OK);
    REQUIRE(b.plan != NULL);
    struct lm_diags warnings = lm_plan_warnings(b.plan);
    CHECK_INT(warnings.count, 1);
    CHECK(warnings.items[0].warning);
    CHECK_STR(warnings.items[0].field, "model");
    CHECK(strstr(warnings.items[0].text,
                 "needs about 251457095.1 GiB of memory, this machine has ") != NULL);
    CHECK(strstr(warnings.items[0].text,
                 "(900000000 steps); make batch or model smaller, or use a larger machine") !=
          NULL);
    CHECK_INT(lm_plan_refusal(b.plan, &b.err), LM_RANGE);
    CHECK(strncmp(b.err.text, "model: needs about ", 19) == 0);
    CHECK(strstr(b.err.text, "; nothing was run") != NULL);
    CHECK_INT(lm_spec_warnings(b.spec, 1).count, 1);
    CHECK_INT(make_plan(&b, SPEC("steps: 1")), LM_OK);
    CHECK_INT(lm_plan_refusal(b.plan, &b.err), LM_OK);
    bench_close(&b);
}

/* What `resources` grants binds the estimate, and what it asks for the machine. The fake model
 * takes 300 MB a step. */
static void test_memory_granted(struct tap *tap)
{
    struct bench b;
    REQUIRE(bench_open(&b));
    CHECK_INT(make_plan(&b, RESOURCES("2G")), LM_OK);
    CHECK_INT(lm_plan_refusal(b.plan, &b.err), LM_OK);
    CHECK_INT(make_plan(&b, RESOURCES("800M")), LM_OK);
    CHECK_INT(lm_plan_refusal(b.plan, &b.err), LM_RANGE);
    CHECK_STR(b.err.text,
              "model: needs about 858 MiB of memory, resources.memory grants 800 MiB (3 steps); "
              "raise it, or make batch or model smaller; nothing was run");
    CHECK_INT(make_plan(&b, RESOURCES("9000000G")), LM_OK);
    CHECK_INT(lm_plan_refusal(b.plan, &b.err), LM_RANGE);
    CHECK(strstr(b.err.text, "model: resources.memory asks for 9000000.0 GiB, this machine has "));
    CHECK_INT(lm_spec_warnings(b.spec, 0).count, 1);
    bench_close(&b);
}

/* What a plan is sure to write and the disk has no room for keeps a run from beginning: that is the
 * store's state, not the spec's. */
static void test_disk(struct tap *tap)
{
    struct bench b;
    REQUIRE(bench_open(&b));
    REQUIRE(make_plan(&b, SPEC("steps: 3, cache: 100M")) == LM_OK);
    CHECK_INT(b.plan->totals.disk, 100 << 20 | 1);
    CHECK_INT(b.plan->totals.disk_sure, b.plan->totals.disk);
    CHECK(b.plan->totals.disk_free > 0);
    CHECK_INT(lm_plan_refusal(b.plan, &b.err), LM_OK);
    REQUIRE(make_plan(&b, SPEC("steps: 3, cache: 1000000000G")) == LM_OK);
    CHECK_INT(lm_plan_warnings(b.plan).count, 1);
    CHECK_INT(lm_plan_refusal(b.plan, &b.err), LM_IO);
    CHECK(strstr(b.err.text, "needs about ") != NULL && strstr(b.err.text, " free; make room") &&
          strstr(b.err.text, "--store") && strstr(b.err.text, "nothing was run"));
    REQUIRE(run_all(&b, NULL));
    REQUIRE(make_plan(&b, SPEC("steps: 3, cache: 1000000000G")) == LM_OK);
    CHECK_INT(lm_plan_refusal(b.plan, &b.err), LM_OK); /* all is there */
    bench_close(&b);
}

/* An estimate sees the threads the stage would get: the budget, or less by its `resources`. */
static void test_threads(struct tap *tap)
{
    struct bench b;
    REQUIRE(bench_open(&b));
    REQUIRE(make_plan(&b, RESOURCES("2G, threads: 3")) == LM_OK);
    size_t model = lm_spec_find(b.spec, "model", NULL), text = lm_spec_find(b.spec, "text", NULL);
    CHECK_INT(lm_spec_threads(b.spec, model, 8), 3);
    CHECK_INT(lm_spec_threads(b.spec, model, 2), 2);
    CHECK_INT(lm_spec_threads(b.spec, text, 8), 8);
    struct lm_estimate three, one;
    lm_spec_estimate(b.spec, model, 8, NULL, &three);
    lm_spec_estimate(b.spec, model, 1, NULL, &one);
    CHECK_INT(three.memory - one.memory, 2 * FAKE_THREAD_BYTES);
    CHECK_INT(lm_spec_need(b.spec, model, &one), INT64_C(2) << 30);
    one.memory = UINT64_C(3) << 30;
    CHECK_INT(lm_spec_need(b.spec, model, &one), INT64_C(3) << 30);
    bench_close(&b);
}

static const struct tap_test tests[] = {TAP_ROW(test_memory) TAP_ROW(test_memory_granted)
                                            TAP_ROW(test_disk) TAP_ROW(test_threads)};
LM_TEST_FILE(tests)
