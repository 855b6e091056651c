#include "tests/wellformed.h"
#include "unit/runs/ci_facts.h"

/** The number of an attribute of <testsuites>; -1: it has none. */
static long attribute(const char *text, const char *name)
{
    char sought[40];
    snprintf(sought, sizeof sought, " %s=\"", name);
    const char *root = strstr(text, "<testsuites"), *end = root != NULL ? strchr(root, '>') : NULL;
    const char *found = root != NULL ? strstr(root, sought) : NULL;
    return found != NULL && found < end ? strtol(found + strlen(sought), NULL, 10) : -1;
}

/** Counts are those of the children, twice: of the root and of its suite. */
static void check_counts(struct tap *tap, const char *text)
{
    static const char *const names[][2] = {{"tests", "<testcase "},
                                           {"failures", "<failure "},
                                           {"errors", "<error "},
                                           {"skipped", "<skipped "}};
    size_t elements;
    const char *where = "";
    CHECK(is_wellformed(strchr(text, '\n') + 1, &elements, &where));
    for (size_t i = 0; i < 4; i++) {
        char both[40];
        long count = attribute(text, names[i][0]);
        CHECK_INT(count, ci_count(text, names[i][1]));
        snprintf(both, sizeof both, " %s=\"%ld\"", names[i][0], count);
        CHECK_INT(ci_count(text, both), count == 0 && strstr(text, "<testsuite ") == NULL ? 1 : 2);
    }
}

static void test_outcomes(struct tap *tap)
{
    struct ci_facts f;
    ci_facts_init(&f, 4, 0);
    ci_gates(&f, 4, "0.5 is a number");
    ci_fail(&f, 1, "it broke; mend it");
    f.facts.stages[2] = (struct lm_run_stage){.state = LM_SKIPPED, .error = "s1 has failed"};
    f.facts.stages[3].state = LM_HIT;
    lm_run_junit_write(&f.out, &f.facts);
    REQUIRE(lm_buf_status(&f.out, NULL) == LM_OK);
    check_counts(tap, f.out.data);
    CHECK_INT(attribute(f.out.data, "tests"), 8);
    CHECK(strstr(f.out.data, "<testcase classname=\"fake.stages\" name=\"s1\" time=\"0.000\" "
                             "file=\"x/e.yaml\" line=\"4\"><failure message=\"it broke; mend it\" "
                             "type=\"stage\"/></testcase>") != NULL);
    CHECK(strstr(f.out.data, "<skipped message=\"skipped: s1 has failed\"/>") != NULL);
    CHECK(strstr(f.out.data, "<system-out>hit: all well</system-out>") != NULL);
    CHECK(strstr(f.out.data,
                 "classname=\"fake.gates\" name=\"s0.value max 2\" time=\"0.000\" "
                 "file=\"x/e.yaml\" line=\"902\"><error message=\"0.5 is a number\"") != NULL);
    CHECK(strstr(f.out.data, " timestamp=\"2026-01-01T00:00:00\" hostname=\"host\"") != NULL);
    ci_facts_release(&f);
}

/** Names are those of the spec, whatever was measured. */
static void test_names_are_stable(struct tap *tap)
{
    struct ci_facts a, b;
    ci_facts_init(&a, 3, 0);
    ci_gates(&a, 3, "1 is at most 2");
    ci_facts_init(&b, 3, 0);
    ci_gates(&b, 3, "7 is above 2");
    b.result.gates[0].verdict = LM_GATE_FAIL;
    ci_fail(&b, 2, "other");
    lm_run_junit_write(&a.out, &a.facts);
    lm_run_junit_write(&b.out, &b.facts);
    const char *x = a.out.data, *y = b.out.data;
    while ((x = strstr(x, "<testcase ")) != NULL && (y = strstr(y, "<testcase ")) != NULL) {
        size_t length = (size_t)(strstr(x, " time=") - x);
        CHECK(strncmp(x, y, length) == 0);
        x += length;
        y += length;
    }
    CHECK(x == NULL && strstr(y, "<testcase ") == NULL);
    ci_facts_release(&a);
    ci_facts_release(&b);
}

static void test_hostile(struct tap *tap)
{
    struct ci_facts f;
    ci_facts_init(&f, 2, 0);
    f.spec.stages[0].id = HOSTILE;
    f.records[0].headline = HOSTILE;
    ci_fail(&f, 1, HOSTILE);
    ci_gates(&f, 4, HOSTILE);
    f.facts.host = HOSTILE;
    lm_run_junit_write(&f.out, &f.facts);
    REQUIRE(lm_buf_status(&f.out, NULL) == LM_OK);
    check_counts(tap, f.out.data);
    CHECK_INT(attribute(f.out.data, "tests"), 6);
    ci_facts_release(&f);
}

static void test_the_same_gate_twice(struct tap *tap)
{
    struct ci_facts f;
    ci_facts_init(&f, 1, 0);
    ci_gates(&f, 2, "fine");
    f.result.gates[1] = f.result.gates[0];
    lm_run_junit_write(&f.out, &f.facts);
    CHECK_INT(ci_count(f.out.data, "name=\"s0.value max 0\""), 1);
    check_counts(tap, f.out.data);
    ci_facts_release(&f);
}

/** Readers refuse a suite without a case. */
static void test_empty(struct tap *tap)
{
    struct ci_facts f;
    ci_facts_init(&f, 1, 0);
    f.plan.stages[0].selected = false;
    lm_run_junit_write(&f.out, &f.facts);
    CHECK(strstr(f.out.data, "<testsuite ") == NULL);
    check_counts(tap, f.out.data);
    CHECK_INT(attribute(f.out.data, "tests"), 0);
    ci_facts_release(&f);
}

static void test_many(struct tap *tap)
{
    struct ci_facts f;
    ci_facts_init(&f, 10000, 0);
    for (size_t i = 0; i < 10000; i += 3)
        ci_fail(&f, i, "broken");
    ci_gates(&f, 5000, "fine");
    lm_run_junit_write(&f.out, &f.facts);
    REQUIRE(lm_buf_status(&f.out, NULL) == LM_OK);
    check_counts(tap, f.out.data);
    CHECK_INT(attribute(f.out.data, "tests"), 15000);
    ci_facts_release(&f);
}

static const struct tap_test tests[] = {TAP_ROW(test_outcomes) TAP_ROW(test_names_are_stable)
                                            TAP_ROW(test_hostile) TAP_ROW(test_the_same_gate_twice)
                                                TAP_ROW(test_empty) TAP_ROW(test_many)};
LM_TEST_FILE(tests)
