#include "tap.h"

#include "base/suggest.h"
#include "param/metrics.h"

struct method {
    const char *name;
};

struct group {
    struct lm_list methods;
};

static const struct lm_param method_rows[] = {
    {LM_FIELD(struct method, name), .type = LM_P_STR, .help = "name"},
    {0},
};
static const struct lm_param rows[] = {
    {LM_FIELD(struct group, methods), .type = LM_P_LIST, .item = LM_P_RECORD, .fields = method_rows,
     .fields_size = sizeof(struct method), .help = "methods"},
    {0},
};
static const struct lm_metric_row metrics[] = {
    {"loss", "nats", LM_BETTER_LOWER, "loss"},
    {"{valid,test}.bpb{,.lo,.hi}", "bits", LM_BETTER_LOWER, "bits"},
    {"{,cut_}examples", NULL, LM_BETTER_NONE, "examples"},
    {"confusion.#.#", NULL, LM_BETTER_NONE, "cells"},
    {"*.acc", NULL, LM_BETTER_HIGHER, "of a task"},
    {"{<methods.name>,real}.distinct_{1,2}", NULL, LM_BETTER_HIGHER, "diversity"},
    {NULL},
};
static const struct lm_metric_row anything[] = {{"**", NULL, LM_BETTER_NONE, "all"}, {NULL}};
static const struct lm_stage type = {.name = "t", .params = rows, .metrics = metrics};
static const struct lm_stage open_type = {.name = "o", .params = rows, .metrics = anything};
static const struct lm_stage silent = {.name = "s", .params = rows};

static const struct method named[] = {{"greedy"}, {"top-p"}};
static const struct group group = {{(void *)(uintptr_t)named, 2}};

static const char *row_of(const char *name)
{
    const struct lm_metric_row *row = lm_metric_find(&type, &group, name);
    return row ? row->name : "none";
}

static void test_find(struct tap *tap)
{
    static const char *const known[] = {
        "loss",           "valid.bpb", "test.bpb.lo",     "examples",         "cut_examples",
        "confusion.0.12", "blimp.acc", "real.distinct_1", "top-p.distinct_2", "greedy.distinct_1",
    };
    static const char *const unknown[] = {
        "",
        "los",
        "loss2",
        "valid",
        "valid.bpb.",
        "valid.bpb.mid",
        "dev.bpb",
        ".acc",
        "a.b.acc",
        "confusion.0",
        "confusion.a.1",
        "_examples",
        "plain.distinct_1",
        "greedy.distinct_3",
        "greedy2.distinct_1",
        "Loss",
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        CHECK(lm_metric_find(&type, &group, known[i]) != NULL);
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        CHECK_STR(row_of(unknown[i]), "none");
    CHECK(lm_metric_find(&type, &group, "blimp.acc")->better == LM_BETTER_HIGHER);
    /* Without parameters any value will do; "**" takes all; no table, no metric. */
    CHECK(lm_metric_find(&type, NULL, "plain.distinct_1") != NULL);
    CHECK(lm_metric_find(&open_type, NULL, "a.b.c") != NULL);
    CHECK(lm_metric_find(&open_type, NULL, "") == NULL);
    CHECK(lm_metric_find(&silent, NULL, "loss") == NULL);
}

static const char *meant(struct lm_arena *arena, const char *typed)
{
    size_t count = 0;
    const char **names = lm_metric_names(&count, arena, &type, &group, typed);
    const char *nearest = names ? lm_suggest(typed, names, count) : NULL;
    return nearest ? nearest : "none";
}

static void test_names(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    size_t count = 9;
    CHECK_STR(meant(arena, "lost"), "loss");
    CHECK_STR(meant(arena, "va"
                           "ild.bpb"),
              "valid.bpb");
    CHECK_STR(meant(arena, "test.bpb.low"), "test.bpb.lo");
    CHECK_STR(meant(arena, "blimp.accc"), "blimp.acc");
    CHECK_STR(meant(arena, "gredy.distinct_1"), "greedy.distinct_1");
    CHECK_STR(meant(arena, "top-p.distinct2"), "top-p.distinct_2");
    CHECK_STR(meant(arena, "confusoin.3.4"), "confusion.3.4");
    CHECK_STR(meant(arena, "perplexity"), "none");
    CHECK(lm_metric_names(&count, arena, &silent, NULL, "x") != NULL && count == 0);
    CHECK_STR(lm_better_name(LM_BETTER_LOWER), "lower");
    CHECK(lm_better_name(LM_BETTER_NONE) == NULL);
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {TAP_ROW(test_find) TAP_ROW(test_names)};
LM_TEST_FILE(tests)
