#include "spec/upstream.h"

#include "tap.h"

#include "unit/pipeline/fakes.h"

/** Two ways from one corpus, and a report that takes from both, of one twice. */
#define SPEC                                                                                       \
    "lmpipe: 1\nexperiment: t\nstages:\n"                                                          \
    "  c: {uses: download, with: {sources: [{name: s, url: 'https://h/x', sha256: ab}]}}\n"        \
    "  t: {uses: clean, in: {corpus: c}}\n"                                                        \
    "  k: {uses: encode, in: {text: t}}\n"                                                         \
    "  t2: {uses: clean, in: {corpus: c}}\n"                                                       \
    "  k2: {uses: encode, in: {text: t2}}\n"                                                       \
    "  m: {uses: train, in: {tokens: k}}\n"                                                        \
    "  m2: {uses: train, in: {tokens: k2}}\n"                                                      \
    "  p: {uses: report, in: {logs: [m, m.log, m2]}}\n"

static void upstream(struct tap *tap)
{
    static const struct {
        const char *of, *nearest_first;
    } rows[] = {{"c", ""}, {"t", "c "}, {"m", "k t c "}, {"p", "m2 m k2 t2 k t c "}};

    struct fake_folder folder;
    struct lm_spec *spec = NULL;
    struct lm_diags diags;
    REQUIRE(fake_folder_make(&folder));
    REQUIRE(fake_load(&folder, SPEC, NULL, 0, &spec, &diags) == LM_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_upstream_walk walk;
        char got[100] = "";
        lm_upstream_begin(&walk, spec, NULL, spec->arena, lm_spec_find(spec, rows[i].of, NULL));
        for (size_t stage; (stage = lm_upstream_next(&walk)) != SIZE_MAX;) {
            strcat(got, spec->stages[stage].id);
            strcat(got, " ");
        }
        CHECK(!walk.failed);
        CHECK_STR(got, rows[i].nearest_first);
    }
    fake_folder_remove(&folder);
}

static void nearest_of_a_type(struct tap *tap)
{
    static const struct {
        const char *of, *type, *nearest;
    } rows[] = {{"p", "train", "m2"},   {"p", "encode", "k2"}, {"m", "clean", "t"},
                {"m", "download", "c"}, {"m2", "clean", "t2"}, {"c", "download", NULL},
                {"m", "train", NULL},   {"p", "no type", NULL}};

    struct fake_folder folder;
    struct lm_spec *spec = NULL;
    struct lm_diags diags;
    REQUIRE(fake_folder_make(&folder));
    REQUIRE(fake_load(&folder, SPEC, NULL, 0, &spec, &diags) == LM_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t of = lm_spec_find(spec, rows[i].of, NULL);
        size_t stage = lm_upstream_nearest(spec, of, rows[i].type);
        CHECK_STR(stage != SIZE_MAX ? spec->stages[stage].id : "none",
                  rows[i].nearest != NULL ? rows[i].nearest : "none");
    }
    fake_folder_remove(&folder);
}

static const struct tap_test tests[] = {TAP_ROW(upstream) TAP_ROW(nearest_of_a_type)};

LM_TEST_FILE(tests)
