/* What changed against the baseline: text, tasks by group, items that changed sides. */
#define TOP "test_report_changes.tmp"
#include "report_fixture.h"

#include "compare/baseline.h"

enum { DOCUMENTS = 40, ITEMS = 400, GROUPS = 25 };

static const char scores[] =
    "{\"valid.bpb\":2.0,\"valid.acc\":0.25,\"pairs.acc\":0.55,\"pairs.items\":400,"
    "\"pairs.signature\":\"s\",\"cards.bleu\":3.5,\"cards.signature\":\"s\",\"gone.acc\":0.5,"
    "\"gone.signature\":\"s\"}";
static const char facts[] =
    "{\"name\":\"now\",\"gates\":[],\"in\":{\"scores\":[\"scores.scores\"]},"
    "\"stages\":{}}";

/* Document i: 100 bytes; this run needs a tenth of a nat a byte less, and a little noise. */
static void put_document(struct lm_buf *out, struct lm_items *theirs, size_t i)
{
    char id[20];
    double noise = 0.4 * (double)(i % 5) - 0.8;
    snprintf(id, sizeof id, "%016zu", i);
    lm_buf_printf(out,
                  "{\"id\":\"%s\",\"group\":null,\"score\":0.25,\"nll\":%.3f,\"bytes\":100,"
                  "\"choice\":null,\"tie\":null,\"tokens\":40,\"correct\":10}\n",
                  id, 140 + noise);
    theirs->columns[LM_ITEM_NLL][i] = 150;
    theirs->columns[LM_ITEM_BYTES][i] = 100;
    theirs->columns[LM_ITEM_TOKENS][i] = 40;
    theirs->columns[LM_ITEM_CORRECT][i] = 10;
}

/* Item i of group i % 25: every tenth was right and is wrong, every fifth the other way round. */
static void put_item(struct lm_buf *out, struct lm_items *theirs, size_t i)
{
    bool now = i % 10 != 0 && (i % 5 == 1 || i % 2 == 0), before = i % 10 == 0 || i % 2 == 0;
    before = before && i % 5 != 1;
    lm_buf_printf(
        out,
        "{\"id\":\"it\\\"em %03zu\",\"group\":\"g%zu\",\"score\":%d,\"nll\":5,\"bytes\":9,"
        "\"choice\":%d,\"tie\":false,\"answer\":0,\"context\":\"<i>after %zu\","
        "\"expected\":\"yes\",\"predicted\":\"no\"}\n",
        i, i % GROUPS, now, !now, i);
    theirs->columns[LM_ITEM_SCORE][i] = before;
    theirs->columns[LM_ITEM_BYTES][i] = 9;
}

static bool name_all(struct lm_items *items, struct lm_arena *arena, size_t count, const char *form)
{
    if (lm_items_init(items, arena, count, NULL) != LM_OK)
        return false;
    for (size_t i = 0; i < count; i++)
        items->ids[i] = lm_arena_printf(arena, form, i);
    return true;
}

/* Scores, items and the baseline's file; `stage` is where the baseline has them from. */
static bool prepare(struct inputs *in, const char *stage)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_buf valid, pairs, file;
    struct lm_baseline_set sets[] = {{.name = "pairs"}, {.name = "valid"}};
    struct lm_named_value metrics[] = {
        {"pairs.acc", 0.45}, {"valid.acc", 0.25}, {"valid.bpb", 2.1}};
    struct lm_baseline_stage of = {.id = stage,
                                   .type = "evaluate",
                                   .version = 1,
                                   .metrics = metrics,
                                   .metric_count = 3,
                                   .sets = sets,
                                   .set_count = 2};
    struct lm_baseline baseline = {.experiment = "before", .stages = &of, .stage_count = 1};
    bool is_done = name_all(&sets[0].items, arena, ITEMS, "it\"em %03zu") &&
                   name_all(&sets[1].items, arena, DOCUMENTS, "%016zu");
    lm_buf_init(&valid, 0);
    lm_buf_init(&pairs, 0);
    lm_buf_init(&file, 0);
    for (size_t i = 0; is_done && i < DOCUMENTS; i++)
        put_document(&valid, &sets[1].items, i);
    for (size_t i = 0; is_done && i < ITEMS; i++)
        put_item(&pairs, &sets[0].items, i);
    if (is_done)
        lm_baseline_write(&file, &baseline);
    is_done = is_done && start() && lm_dir_create(TOP "/items", NULL) == LM_OK &&
              lm_file_write(TOP "/items/valid.jsonl", valid.data, valid.size, NULL) == LM_OK &&
              lm_file_write(TOP "/items/pairs.jsonl", pairs.data, pairs.size, NULL) == LM_OK &&
              lm_file_write(TOP "/scores", scores, sizeof scores - 1, NULL) == LM_OK &&
              lm_file_write(TOP "/facts", facts, sizeof facts - 1, NULL) == LM_OK &&
              lm_file_write(TOP "/baseline", file.data, file.size, NULL) == LM_OK;
    lm_buf_release(&valid);
    lm_buf_release(&pairs);
    lm_buf_release(&file);
    lm_arena_free(arena);
    *in = (struct inputs){.scores = TOP "/scores",
                          .items = TOP "/items",
                          .experiment = TOP "/facts",
                          .baseline = TOP "/baseline"};
    return is_done;
}

static const struct lm_json *row_of(const struct lm_json *changes, const char *metric)
{
    const struct lm_json *rows = lm_json_get(changes, "rows");
    for (size_t i = 0; i < lm_json_count(rows); i++) {
        const struct lm_json *row = lm_json_at(rows, i);
        if (strcmp(lm_json_string(lm_json_get(row, "metric"), NULL), metric) == 0)
            return row;
    }
    return NULL;
}

static double number(const struct lm_json *row, const char *key)
{
    return lm_json_double(lm_json_get(row, key), (double)NAN);
}

static const char *word(const struct lm_json *row, const char *key)
{
    const char *text = lm_json_string(lm_json_get(row, key), NULL);
    return text != NULL ? text : "";
}

/* Bits: 0.1 nats less a byte is 0.1 / ln 2. Shares by hand: 80 gained, 40 lost of 400, after
 * Bonett & Price (81 − 41) / 402 ± 1.96 · √((81 + 41 − 40² / 402) / 402²). */
static void differences_are_paired(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct inputs in;
    struct lm_json *json = NULL;
    REQUIRE(prepare(&in, "scores") && run(TOP "/a", &in, NULL) == LM_OK);
    char *text = read_output(arena, TOP "/a", "json");
    REQUIRE(text != NULL && lm_json_parse(&json, text, strlen(text), NULL) == LM_OK);
    const struct lm_json *changes = lm_json_get(json, "changes");
    CHECK_STR(word(changes, "experiment"), "before");
    CHECK_STR(word(changes, "stage"), "scores");
    const struct lm_json *bpb = row_of(changes, "valid.bpb"), *acc = row_of(changes, "valid.acc");
    CHECK_NEAR(number(bpb, "diff"), -0.1 / 0.69314718055994531, 1e-12);
    CHECK(number(bpb, "lo") < number(bpb, "diff") && number(bpb, "diff") < number(bpb, "hi"));
    CHECK(number(bpb, "hi") < -0.13);
    CHECK_STR(word(bpb, "result"), "better");
    CHECK(lm_json_int(lm_json_get(bpb, "items"), 0) == DOCUMENTS);
    CHECK_NEAR(number(bpb, "value"), 2, 0);
    CHECK_NEAR(number(bpb, "baseline"), 2.1, 0);
    CHECK_STR(word(acc, "result"), "no difference shown"); /* every document has what it had */
    CHECK_NEAR(number(acc, "diff"), 0, 0);
    const struct lm_json *pairs = row_of(changes, "pairs.acc");
    double error = sqrt((81 + 41 - 40 * 40 / 402.0) / (402.0 * 402.0));
    CHECK_NEAR(number(pairs, "diff"), 0.1, 1e-12);
    CHECK_NEAR(number(pairs, "lo"), 40 / 402.0 - 1.959963984540054 * error, 1e-9);
    CHECK_NEAR(number(pairs, "hi"), 40 / 402.0 + 1.959963984540054 * error, 1e-9);
    CHECK_NEAR(number(pairs, "detectable"), 2.8 * error, 0.002 * error);
    CHECK_NEAR(number(pairs, "newly_right"), 80, 0);
    CHECK_NEAR(number(pairs, "newly_wrong"), 40, 0);
    CHECK_NEAR(number(pairs, "groups"), GROUPS, 0);
    CHECK(number(pairs, "groups_lo") < 0.1 && number(pairs, "groups_hi") > 0.1);
    CHECK_STR(word(pairs, "result"), "better");
    CHECK_STR(word(row_of(changes, "cards.bleu"), "why"), "this run has no items of cards");
    CHECK_STR(word(row_of(changes, "gone.acc"), "result"), "not compared");
    lm_json_free(json);
    lm_arena_free(arena);
}

/* Three to each side, with their texts, the same whatever the order of lines. */
static void items_that_changed_sides_are_shown(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct inputs in;
    REQUIRE(prepare(&in, "scores") && run(TOP "/a", &in, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html"), *text = read_output(arena, TOP "/a", "md");
    check_wellformed(tap, page, 60);
    REQUIRE(page != NULL && text != NULL);
    CHECK(strstr(page, "<a href=\"#changes\">Changes</a>") != NULL);
    CHECK(strstr(page,
                 "Against the run of before: 2 better, 0 worse, 1 without a difference shown, "
                 "2 not compared.") != NULL);
    CHECK_INT(count_of(page, "<h4>Newly right <span>it\"em ") +
                  count_of(page, "<h4>Newly right <span>it&quot;em "),
              3);
    CHECK(strstr(page, "pairs: 6 of 120 items that changed sides") != NULL);
    CHECK_INT(count_of(page, "&lt;i&gt;after "), 6);
    CHECK(strstr(text, "| pairs | Accuracy | 55.0\xc2\xa0% | 45.0\xc2\xa0% | +10.00\xc2\xa0% | ") !=
          NULL);
    CHECK(strstr(text, " | better | 80 | 40 |\n") != NULL);
    CHECK(strstr(text, "newly wrong, 3 of 40") != NULL);
    CHECK(strstr(text, "<i>") == NULL);
    lm_arena_free(arena);
}

static void what_cannot_be_compared_is_said(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct inputs in;
    struct report_params chinese = usual;
    REQUIRE(prepare(&in, "other") && run(TOP "/a", &in, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    CHECK(page != NULL && strstr(page, "the baseline has no stage scores.") != NULL);
    CHECK(page != NULL && strstr(page, "Newly right") == NULL);
    REQUIRE(lm_file_write(in.baseline, "{}", 2, NULL) == LM_OK);
    REQUIRE(run(TOP "/a", &in, NULL) == LM_OK);
    page = read_output(arena, TOP "/a", "html");
    CHECK(page != NULL && strstr(page, "there is no baseline: no baseline; write one") != NULL);
    CHECK(page != NULL && strstr(page, TOP) == NULL);
    chinese.language = "zh";
    REQUIRE(prepare(&in, "scores") && run_with(TOP "/a", &in, &chinese, NULL) == LM_OK);
    page = read_output(arena, TOP "/a", "html");
    CHECK(page != NULL && strstr(page, "<h4>新答错 <span>") != NULL);
    CHECK(page != NULL && strstr(page, "newly") == NULL && strstr(page, "Newly") == NULL);
    in.baseline = NULL;
    REQUIRE(run(TOP "/a", &in, NULL) == LM_OK);
    page = read_output(arena, TOP "/a", "html");
    char *json = read_output(arena, TOP "/a", "json");
    CHECK(page != NULL && strstr(page, "changes") == NULL);
    CHECK(json != NULL && strstr(json, "\"changes\"") == NULL);
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {TAP_ROW(differences_are_paired) TAP_ROW(
    items_that_changed_sides_are_shown) TAP_ROW(what_cannot_be_compared_is_said)};

LM_TEST_FILE(tests)
