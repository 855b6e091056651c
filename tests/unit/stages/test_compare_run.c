/* The stage: which items and logs belong to which scores, what it writes, and that bytes stay. */
#include <stdlib.h>

#include <lmpipe/hash.h>

#include "base/buf.h"
#include "base/io.h"
#include "ctx.h"
#include "stages/compare/compare_params.h"
#include "tests/tap.h"
#include "tests/unit/compare/compare_fixture.h"

#define TOP "test_compare_run.tmp"

extern const struct lm_stage lm_stage_compare;
extern lm_run_fn lm_run_compare;

enum { RUNS = 4, DOCUMENTS = 40, FAILED = 9 };

static const struct compare_params usual = {.metric = "valid.bpb",
                                            .mode = "auto",
                                            .reference = "",
                                            .title = "",
                                            .resamples = 200,
                                            .confidence = 0.95};

static void put_items(struct lm_buf *out, const struct lm_items *items)
{
    for (size_t i = items->count; i-- > 0;) { /* in another order than they are read in */
        struct lm_json_writer writer;
        struct lm_item_record record = lm_item_record_empty(items->ids[i]);
        record.nll = items->columns[LM_ITEM_NLL][i];
        record.bytes = (int64_t)items->columns[LM_ITEM_BYTES][i];
        lm_json_begin(&writer, out, false);
        lm_json_open(&writer, '{');
        lm_item_record_put(&writer, &record);
        lm_json_member_double(&writer, "tokens", items->columns[LM_ITEM_TOKENS][i]);
        lm_json_close(&writer, '}');
        lm_buf_putc(out, '\n');
    }
}

static bool put_file(const char *path, const struct lm_buf *text)
{
    return lm_file_write(path, text->data, text->size, NULL) == LM_OK;
}

/* A folder RUN with scores, items and a log, of run k of a fixture. */
static bool write_run(const struct fixture *fixture, size_t k)
{
    char path[100];
    struct lm_buf out;
    bool is_done = true;
    lm_buf_init(&out, 0);
    snprintf(path, sizeof path, TOP "/%zu/items", k);
    is_done = lm_dir_create(path, NULL) == LM_OK;
    put_items(&out, &fixture->items[k].items);
    snprintf(path, sizeof path, TOP "/%zu/items/valid.jsonl", k);
    is_done = is_done && put_file(path, &out);
    lm_buf_clear(&out);
    lm_buf_puts(&out, "{\"valid.bpb\":");
    lm_buf_put_double(&out, lm_json_double(lm_json_get(fixture->scores[k], "valid.bpb"), 0));
    lm_buf_puts(&out, ",\"model.width\":64}\n");
    snprintf(path, sizeof path, TOP "/%zu/scores", k);
    is_done = is_done && put_file(path, &out);
    lm_buf_clear(&out);
    for (size_t step = 1; step <= 30; step++)
        lm_buf_printf(&out, "{\"step\":%zu,\"loss\":%zu.5,\"tokens\":%zu}\n", step, 40 + k - step,
                      (1000 + k) * step);
    snprintf(path, sizeof path, TOP "/%zu/log", k);
    is_done = is_done && put_file(path, &out);
    lm_buf_release(&out);
    return is_done;
}

static bool start(void)
{
    struct fixture fixture;
    bool is_done = lm_dir_remove(TOP, NULL) == LM_OK;
    fixture_open(&fixture);
    for (size_t k = 0; k < RUNS; k++) {
        fixture_add(&fixture, "x", DOCUMENTS, 0.02 * (double)k, k);
        is_done = is_done && write_run(&fixture, k);
    }
    fixture_close(&fixture);
    return is_done;
}

/* An input: port, label, folder of the run. */
struct input {
    const char *port, *label;
    size_t run;
};

static enum lm_status run(const struct input *inputs, size_t count,
                          const struct compare_params *params, struct lm_err *err)
{
    char paths[16][100];
    struct lm_job_input list[16];
    for (size_t i = 0; i < count; i++) {
        snprintf(paths[i], sizeof paths[i], TOP "/%zu/%s", inputs[i].run, inputs[i].port);
        if (inputs[i].run == FAILED)
            paths[i][0] = '\0';
        list[i] = (struct lm_job_input){inputs[i].port, inputs[i].label, paths[i]};
    }
    const struct lm_job job = {.stage = &lm_stage_compare,
                               .params = params,
                               .inputs = list,
                               .input_count = count,
                               .folder = TOP "/job",
                               .checkpoints = TOP "/job",
                               .threads = 1,
                               .portable = true};
    struct lm_ctx *ctx = NULL;
    LM_TRY(lm_dir_remove(TOP "/job", err));
    LM_TRY(lm_dir_create(TOP "/job", err));
    LM_TRY(lm_ctx_create(&ctx, &job, NULL, -1, err));
    enum lm_status status = lm_run_compare(ctx, params, err);
    lm_ctx_free(ctx);
    return status;
}

#define RUN(inputs, params, err) run(inputs, sizeof inputs / sizeof inputs[0], params, err)

static struct lm_json *read_json(void)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_json *root = NULL;
    char *text;
    size_t size;
    if (lm_file_read(&text, &size, arena, TOP "/job/out/json", 1 << 24, NULL) == LM_OK)
        lm_json_parse(&root, text, size, NULL);
    lm_arena_free(arena);
    return root;
}

static const struct lm_json *find_run(const struct lm_json *root, const char *label)
{
    const struct lm_json *runs = lm_json_get(root, "runs");
    for (size_t i = 0; i < lm_json_count(runs); i++) {
        const char *own = lm_json_string(lm_json_get(lm_json_at(runs, i), "run"), NULL);
        if (own != NULL && strcmp(own, label) == 0)
            return lm_json_at(runs, i);
    }
    return NULL;
}

static double number(const struct lm_json *root, const char *label, const char *key)
{
    return lm_json_double(lm_json_get(find_run(root, label), key), (double)NAN);
}

static const char *verdict(const struct lm_json *root, const char *label)
{
    const struct lm_json *difference = lm_json_get(find_run(root, label), "difference");
    return lm_json_string(lm_json_get(difference, "verdict"), NULL);
}

/* Gathered lists: by their axes' values, in whatever order. */
static void lists_meet_by_axes(struct tap *tap)
{
    static const struct input inputs[] = {
        {"scores", "lr=1,seed=1", 0}, {"scores", "lr=1,seed=2", 1}, {"scores", "lr=2,seed=1", 2},
        {"scores", "lr=2,seed=2", 3}, {"items", "lr=2,seed=2", 3},  {"items", "lr=1,seed=1", 0},
        {"items", "lr=1,seed=2", 1},  {"items", "lr=2,seed=1", 2},  {"log", "lr=2,seed=1", 2},
        {"log", "lr=1,seed=1", 0}};
    REQUIRE(start() && RUN(inputs, &usual, NULL) == LM_OK);
    struct lm_json *root = read_json();
    CHECK_INT(lm_json_count(lm_json_get(root, "runs")), RUNS);
    CHECK_STR(lm_json_string(lm_json_get(root, "reference"), NULL), "lr=1,seed=1");
    CHECK_STR(verdict(root, "lr=2,seed=2"), "worse");
    CHECK_NEAR(number(root, "lr=1,seed=1", "tokens"), 1000 * 30, 0);
    CHECK_NEAR(number(root, "lr=2,seed=1", "tokens"), 1002 * 30, 0);
    CHECK(isnan(number(root, "lr=2,seed=2", "tokens")));
    CHECK_INT(lm_json_count(lm_json_get(root, "groups")), 2);
    lm_json_free(root);
}

/* Two evaluations of each model: the log of the model, whose label has fewer axes, is of both. */
static void a_log_serves_all_that_hold_its_values(struct tap *tap)
{
    static const struct input inputs[] = {{"scores", "lr=1,split=a", 0},
                                          {"scores", "lr=1,split=b", 1},
                                          {"scores", "lr=2,split=a", 2},
                                          {"scores", "lr=2,split=b", 3},
                                          {"log", "lr=1", 0},
                                          {"log", "lr=2", 2}};
    REQUIRE(start() && RUN(inputs, &usual, NULL) == LM_OK);
    struct lm_json *root = read_json();
    CHECK_NEAR(number(root, "lr=1,split=b", "tokens"), 1000 * 30, 0);
    CHECK_NEAR(number(root, "lr=2,split=a", "tokens"), 1002 * 30, 0);
    CHECK_STR(lm_json_string(lm_json_get(root, "unpaired"), NULL), "no run has items");
    lm_json_free(root);
}

/* Names of stages are in no key, so that they are not shown either. */
static void plain_stages_meet_by_order(struct tap *tap)
{
    static const struct input inputs[] = {{"scores", "", 1}, {"scores", "", 0}, {"items", "", 1},
                                          {"items", "", 0},  {"log", "", 1},    {"log", "", 0}};
    struct compare_params params = usual;
    REQUIRE(start());
    params.reference = "run 1";
    REQUIRE(RUN(inputs, &params, NULL) == LM_OK);
    struct lm_json *root = read_json();
    CHECK_STR(verdict(root, "run 2"), "better");
    CHECK_NEAR(number(root, "run 1", "tokens"), 1001 * 30, 0);
    CHECK_INT(lm_json_count(lm_json_get(root, "groups")), 0);
    lm_json_free(root);
}

static void two_families_may_share_a_label(struct tap *tap)
{
    static const struct input inputs[] = {{"scores", "lr=1", 0}, {"scores", "lr=1", 1}};
    REQUIRE(start() && RUN(inputs, &usual, NULL) == LM_OK);
    struct lm_json *root = read_json();
    CHECK(find_run(root, "lr=1") != NULL && find_run(root, "lr=1 (2)") != NULL);
    lm_json_free(root);
}

/* An instance that failed has no path: it is listed, and the others are compared. */
static void failed_instances_are_listed(struct tap *tap)
{
    static const struct input inputs[] = {{"scores", "lr=1", 0},      {"scores", "lr=2", 1},
                                          {"scores", "lr=3", FAILED}, {"items", "lr=1", 0},
                                          {"items", "lr=2", 1},       {"items", "lr=3", FAILED},
                                          {"log", "lr=1", 0},         {"log", "lr=2", FAILED}};
    REQUIRE(start() && RUN(inputs, &usual, NULL) == LM_OK);
    struct lm_json *root = read_json();
    CHECK_STR(lm_json_string(lm_json_get(find_run(root, "lr=3"), "state"), NULL), "failed");
    CHECK_STR(verdict(root, "lr=2"), "worse");
    CHECK(isnan(number(root, "lr=2", "tokens")));
    lm_json_free(root);
}

static void says_what_is_wrong(struct tap *tap)
{
    static const struct input inputs[] = {
        {"scores", "x=a", 0}, {"scores", "x=b", 1}, {"items", "x=a", 0}, {"items", "x=b", 1}};
    struct compare_params params = usual;
    struct lm_err err = {0};
    REQUIRE(start());
    params.metric = "valid.bbp";
    CHECK_INT(RUN(inputs, &params, &err), LM_INVALID);
    CHECK(strstr(err.text, "metric: no run has a number valid.bbp") != NULL);
    REQUIRE(lm_file_write(TOP "/1/scores", "[]", 2, NULL) == LM_OK);
    CHECK_INT(RUN(inputs, &usual, &err), LM_FORMAT);
    CHECK(strstr(err.text, "scores of x=b: is not a JSON object") != NULL);
    REQUIRE(start() && lm_file_write(TOP "/1/items/valid.jsonl", "{}\n", 3, NULL) == LM_OK);
    CHECK_INT(RUN(inputs, &usual, &err), LM_FORMAT);
    CHECK(strstr(err.text, "items of x=b, valid.jsonl: line 1: holds no text") != NULL);
}

/* Bytes of this version: other bytes mean another lm_stage_compare.version. */
static void golden_bytes(struct tap *tap)
{
    static const struct input inputs[] = {
        {"scores", "lr=1,seed=1", 0}, {"scores", "lr=1,seed=2", 1}, {"scores", "lr=2,seed=1", 2},
        {"items", "lr=1,seed=1", 0},  {"items", "lr=1,seed=2", 1},  {"items", "lr=2,seed=1", 2},
        {"log", "lr=1,seed=1", 0},    {"log", "lr=1,seed=2", 1},    {"log", "lr=2,seed=1", 2}};

    static const struct {
        const char *port, *digest;
    } golden[] = {
        {"html", "0ec5957d40dddcf991915d91994c2a3dd790fb7261e4385fcc71e1579381f987"},
        {"md", "92250fa4657e76867f057327fe53b4f465bb4a710f9cc35bf2b0688b32a6053b"},
        {"csv", "ee1c0932bcd311a3e2dfb0df53099e4fb08cf2cbe8f8fa8547f166e0ad2616e2"},
        {"json", "3514d882768f1d1dbc543bfdde94e085bf31053e0e1c7354d978a284c5d75713"},
    };

    REQUIRE(start() && RUN(inputs, &usual, NULL) == LM_OK);
    for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++) {
        char path[100], hex[LM_DIGEST_HEX];
        struct lm_digest digest;
        snprintf(path, sizeof path, TOP "/job/out/%s", golden[i].port);
        REQUIRE(lm_sha256_file(&digest, NULL, path, NULL) == LM_OK);
        lm_digest_hex(hex, &digest);
        CHECK_STR(hex, golden[i].digest);
    }
}

static const struct tap_test tests[] = {
    TAP_ROW(lists_meet_by_axes) TAP_ROW(a_log_serves_all_that_hold_its_values)
        TAP_ROW(plain_stages_meet_by_order) TAP_ROW(two_families_may_share_a_label)
            TAP_ROW(failed_instances_are_listed) TAP_ROW(says_what_is_wrong) TAP_ROW(golden_bytes)};
LM_TEST_FILE(tests)
