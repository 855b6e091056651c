#include "unit/runs/ci_facts.h"

static struct lm_json *parse(struct ci_facts *f)
{
    struct lm_json *root = NULL;
    lm_run_metrics_write(&f->out, &f->facts);
    return lm_json_parse(&root, f->out.data, f->out.size, NULL) == LM_OK ? root : NULL;
}

static void test_flat(struct tap *tap)
{
    static struct lm_metric metrics[] = {{"valid.bpb", 2.03},
                                         {"valid.bpb.lo", 2},
                                         {"valid.bpb.hi", 2.1},
                                         {"none", (double)NAN},
                                         {"all", (double)INFINITY}};
    struct ci_facts f;
    ci_facts_init(&f, 4, 0);
    f.records[0].metrics = metrics;
    f.records[0].metric_count = 5;
    f.spec.stages[1].id = "s@lr=0.001,seed=2";
    ci_fail(&f, 2, "no result");
    f.plan.stages[3].selected = false; /* of an earlier run */
    struct lm_json *root = parse(&f);
    REQUIRE(root != NULL);
    CHECK_STR(f.out.data, "{\n  \"s0.valid.bpb\": 2.03,\n  \"s0.valid.bpb.lo\": 2,\n"
                          "  \"s0.valid.bpb.hi\": 2.1,\n  \"s0.none\": null,\n"
                          "  \"s0.all\": null,\n  \"s@lr=0.001,seed=2.value\": 1.5\n}\n");
    lm_json_free(root);
    ci_facts_release(&f);
}

static void test_hostile(struct tap *tap)
{
    static struct lm_metric metrics[] = {{HOSTILE, 1}};
    struct ci_facts f;
    ci_facts_init(&f, 1, 0);
    f.records[0].metrics = metrics;
    struct lm_json *root = parse(&f);
    CHECK(root != NULL);
    CHECK_INT(lm_json_count(root), 1);
    lm_json_free(root);
    ci_facts_release(&f);
}

static void test_empty_and_many(struct tap *tap)
{
    for (size_t count = 0; count <= 10000; count += 10000) {
        struct ci_facts f;
        ci_facts_init(&f, count, 0);
        struct lm_json *root = parse(&f);
        CHECK(lm_json_is_object(root));
        CHECK_INT(lm_json_count(root), count);
        lm_json_free(root);
        ci_facts_release(&f);
    }
}

static const struct tap_test tests[] = {TAP_ROW(test_flat) TAP_ROW(test_hostile)
                                            TAP_ROW(test_empty_and_many)};
LM_TEST_FILE(tests)
