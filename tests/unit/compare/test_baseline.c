#include <math.h>
#include <string.h>

#include "base/io.h"
#include "compare/baseline.h"
#include "tap.h"

#define TOP "test_baseline.tmp"
#define FILE_PATH TOP "/base.json"

static bool write_text(const char *text)
{
    return lm_dir_create(TOP, NULL) == LM_OK &&
           lm_file_write(FILE_PATH, text, strlen(text), NULL) == LM_OK;
}

/** Two stages, of which one has items: of "b" nothing is known but its loss. */
static void fill(struct lm_baseline *out, struct lm_arena *arena)
{
    static struct lm_named_digest of[] = {{"model", "sha256:1"}, {"tokens", "lmdb:2"}};
    static struct lm_named_digest outputs[] = {{"items", "sha256:3"}, {"scores", "sha256:4"}};
    static struct lm_named_value metrics[] = {
        {"valid.bpb", 2.0503125}, {"valid.bpb.lo", 1e-300}, {"valid.ppl", (double)INFINITY}};
    struct lm_baseline_stage *stages = LM_NEW_ARRAY(arena, struct lm_baseline_stage, 2);
    struct lm_baseline_set *sets = LM_NEW_ARRAY(arena, struct lm_baseline_set, 1);
    sets[0].name = "valid";
    lm_items_init(&sets[0].items, arena, 2, NULL);
    sets[0].items.ids[0] = "a";
    sets[0].items.ids[1] = "b\"\n";
    sets[0].items.groups[0] = "verbs";
    sets[0].items.columns[LM_ITEM_NLL][0] = 0.1;
    sets[0].items.columns[LM_ITEM_NLL][1] = 1234.5678901234567;
    sets[0].items.columns[LM_ITEM_TIE][0] = 0;
    stages[0] = (struct lm_baseline_stage){.id = "scores@lr=0.001",
                                           .type = "evaluate",
                                           .version = 4,
                                           .of = of,
                                           .of_count = 2,
                                           .outputs = outputs,
                                           .output_count = 2,
                                           .metrics = metrics,
                                           .metric_count = 3,
                                           .sets = sets,
                                           .set_count = 1};
    stages[1] = (struct lm_baseline_stage){.id = "text", .type = "clean", .version = 1};
    *out = (struct lm_baseline){.experiment = "jargon", .stages = stages, .stage_count = 2};
}

static void reads_back_what_was_written(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_baseline written, read;
    struct lm_buf out, again;
    fill(&written, arena);
    lm_buf_init(&out, 0);
    lm_buf_init(&again, 0);
    lm_baseline_write(&out, &written);
    REQUIRE(write_text(out.data));
    CHECK(lm_baseline_is_one(FILE_PATH));
    REQUIRE(lm_baseline_read(&read, arena, FILE_PATH, NULL) == LM_OK);
    lm_baseline_write(&again, &read);
    CHECK_STR(again.data, out.data);
    CHECK_STR(read.experiment, "jargon");
    const struct lm_baseline_stage *stage = lm_baseline_find(&read, "scores@lr=0.001");
    REQUIRE(stage != NULL);
    CHECK_NEAR(lm_baseline_metric(stage, "valid.bpb"), 2.0503125, 0);
    CHECK_NEAR(lm_baseline_metric(stage, "valid.bpb.lo"), 1e-300, 0);
    CHECK(isnan(lm_baseline_metric(stage, "valid.ppl"))); /* it was not finite */
    CHECK(isnan(lm_baseline_metric(stage, "valid.acc")));
    CHECK_STR(lm_baseline_of(stage, "tokens"), "lmdb:2");
    CHECK(lm_baseline_of(stage, "text") == NULL);
    CHECK_STR(lm_baseline_output(stage, "items"), "sha256:3");
    const struct lm_items *items = lm_baseline_items(stage, "valid");
    REQUIRE(items != NULL && items->count == 2);
    CHECK_STR(items->ids[1], "b\"\n");
    CHECK_STR(items->groups[0], "verbs");
    CHECK(items->groups[1] == NULL);
    CHECK_NEAR(items->columns[LM_ITEM_NLL][1], 1234.5678901234567, 0);
    CHECK_NEAR(items->columns[LM_ITEM_TIE][0], 0, 0);
    CHECK(isnan(items->columns[LM_ITEM_TIE][1]) && isnan(items->columns[LM_ITEM_BYTES][0]));
    lm_buf_release(&out);
    lm_buf_release(&again);
    lm_arena_free(arena);
}

static void finds_nothing_where_nothing_is(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_baseline read;
    REQUIRE(write_text("{\"lmpipe_baseline\":1,\"experiment\":\"e\",\"stages\":[]}"));
    REQUIRE(lm_baseline_read(&read, arena, FILE_PATH, NULL) == LM_OK);
    CHECK(lm_baseline_find(&read, "scores") == NULL);
    CHECK(isnan(lm_baseline_metric(NULL, "valid.bpb")));
    CHECK(lm_baseline_of(NULL, "tokens") == NULL && lm_baseline_output(NULL, "items") == NULL);
    CHECK(lm_baseline_items(NULL, "valid") == NULL);
    lm_arena_free(arena);
}

#define STAGE(members) "{\"lmpipe_baseline\":1,\"experiment\":\"e\",\"stages\":[{" members "}]}"
#define HEAD "\"stage\":\"s\",\"type\":\"t\",\"version\":1,\"of\":{},\"outputs\":{}"

static void says_what_is_wrong(struct tap *tap)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "no baseline"},
        {"not JSON", "no baseline"},
        {"{\"scores\":{}}", "no baseline"},
        {"[1]", "no baseline"},
        {"{\"lmpipe_baseline\":2}", "a baseline of version 2, and this lmpipe reads version 1"},
        {"{\"lmpipe_baseline\":1}", "a damaged baseline"},
        {"{\"lmpipe_baseline\":1,\"experiment\":\"e\",\"stages\":[1]}", "a damaged baseline"},
        {STAGE(HEAD), "a damaged baseline"},
        {STAGE(HEAD ",\"metrics\":{\"a\":\"1\"},\"items\":{}"), "a damaged baseline"},
        {STAGE(HEAD ",\"metrics\":{},\"items\":{\"valid\":{}}"), "a damaged baseline"},
        {STAGE(HEAD ",\"metrics\":{},\"items\":{\"valid\":{\"id\":[1]}}"), "a damaged baseline"},
        {STAGE(HEAD ",\"metrics\":{},\"items\":{\"valid\":{\"id\":[\"a\"],\"nll\":[1,2]}}"),
         "a damaged baseline"},
    };
    struct lm_arena *arena = lm_arena_create();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_baseline baseline;
        struct lm_err err = {0};
        REQUIRE(write_text(rows[i].text));
        CHECK_INT(lm_baseline_read(&baseline, arena, FILE_PATH, &err), LM_FORMAT);
        CHECK(strstr(err.text, rows[i].says) != NULL);
        CHECK(strstr(err.text, FILE_PATH) != NULL);
    }
    CHECK_INT(lm_baseline_read(&(struct lm_baseline){0}, arena, TOP "/none", NULL), LM_NOT_FOUND);
    CHECK(!lm_baseline_is_one(TOP "/none") && !lm_baseline_is_one(TOP));
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {TAP_ROW(reads_back_what_was_written) TAP_ROW(
    finds_nothing_where_nothing_is) TAP_ROW(says_what_is_wrong)};
LM_TEST_FILE(tests)
