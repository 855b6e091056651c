#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "unit/runs/ci_facts.h"

static void test_places(struct tap *tap)
{
    struct ci_facts f;
    struct lm_diags found;
    ci_facts_init(&f, 3, 0);
    ci_gates(&f, 4, "0.5 is what it is");
    ci_fail(&f, 1, "it broke");
    REQUIRE(lm_run_findings(&found, f.arena, &f.facts, NULL) == LM_OK);
    REQUIRE(found.count == 3);
    CHECK_INT(found.errors, 3);
    CHECK_STR(lm_diag_format(f.arena, &found.items[0]), "x/e.yaml:4:3: s1: stage failed: it broke");
    CHECK_STR(lm_diag_format(f.arena, &found.items[1]),
              "x/e.yaml:901:5: s0.value max 1: gate failed: 0.5 is what it is");
    CHECK_STR(lm_diag_format(f.arena, &found.items[2]),
              "x/e.yaml:902:5: s0.value max 2: gate undecided: 0.5 is what it is");
    ci_facts_release(&f);
}

static void test_many_and_none(struct tap *tap)
{
    struct ci_facts f;
    struct lm_diags found;
    ci_facts_init(&f, 10000, 0);
    REQUIRE(lm_run_findings(&found, f.arena, &f.facts, NULL) == LM_OK);
    CHECK_INT(found.count, 0);
    for (size_t i = 0; i < 10000; i++)
        ci_fail(&f, i, HOSTILE);
    REQUIRE(lm_run_findings(&found, f.arena, &f.facts, NULL) == LM_OK);
    CHECK(found.count > 100 && found.count < 300);
    ci_facts_release(&f);
}

/** A file below the root is named from there, however it is reached. */
static void test_file_below(struct tap *tap)
{
    char folder[] = "/tmp/lmpipe-annotations.XXXXXX", real[4096];
    struct ci_facts f;
    struct lm_run_file memo = {0};
    ci_facts_init(&f, 1, 0);
    REQUIRE(mkdtemp(folder) != NULL && realpath(folder, real) != NULL);
    const char *file = lm_path_join(f.arena, real, "part.yaml");
    const char *link = lm_path_join(f.arena, real, "link.yaml");
    REQUIRE(lm_file_write(file, "x", 1, NULL) == LM_OK && symlink(file, link) == 0);
    f.spec.root = real;
    CHECK_STR(lm_run_file_below(&memo, &f.spec, file), "part.yaml");
    CHECK_STR(lm_run_file_below(&memo, &f.spec, link), "part.yaml");
    CHECK_STR(lm_run_file_below(&memo, &f.spec, link), "part.yaml");
    CHECK_STR(lm_run_file_below(&memo, &f.spec, "/proc/self/stat"), "/proc/self/stat");
    CHECK_STR(lm_run_file_below(&memo, &f.spec, NULL), "x/e.yaml");
    lm_dir_remove(real, NULL);
    ci_facts_release(&f);
}

static const struct tap_test tests[] = {TAP_ROW(test_places) TAP_ROW(test_many_and_none)
                                            TAP_ROW(test_file_below)};
LM_TEST_FILE(tests)
