#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "compare/item_record.h"
#include "tap.h"

#define TOP "test_item_record.tmp"
#define FILE_PATH TOP "/items.jsonl"

static bool write_text(const char *text)
{
    return lm_dir_create(TOP, NULL) == LM_OK &&
           lm_file_write(FILE_PATH, text, strlen(text), NULL) == LM_OK;
}

/* ---- writing ---- */

static void check_line(struct tap *tap, const struct lm_item_record *record, const char *want)
{
    struct lm_buf out;
    struct lm_json_writer writer;
    lm_buf_init(&out, 0);
    lm_json_begin(&writer, &out, false);
    lm_json_open(&writer, '{');
    lm_item_record_put(&writer, record);
    lm_json_member_int(&writer, "own", 5);
    lm_json_close(&writer, '}');
    CHECK_STR(out.data, want);
    lm_buf_release(&out);
}

static void always_has_seven_members(struct tap *tap)
{
    struct lm_item_record record = lm_item_record_empty("a\"b");
    check_line(tap, &record,
               "{\"id\":\"a\\\"b\",\"group\":null,\"score\":null,\"nll\":null,\"bytes\":null,"
               "\"choice\":null,\"tie\":null,\"own\":5}");
    record = (struct lm_item_record){"x", "verbs", 0.5, 12.25, 0, 0, 0};
    check_line(tap, &record,
               "{\"id\":\"x\",\"group\":\"verbs\",\"score\":0.5,\"nll\":12.25,\"bytes\":0,"
               "\"choice\":0,\"tie\":false,\"own\":5}");
    record.tie = 1;
    record.nll = (double)INFINITY; /* no number of JSON */
    check_line(tap, &record,
               "{\"id\":\"x\",\"group\":\"verbs\",\"score\":0.5,\"nll\":null,\"bytes\":0,"
               "\"choice\":0,\"tie\":true,\"own\":5}");
}

/* ---- reading ---- */

static void reads_columns_by_id(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_items items;
    REQUIRE(write_text("{\"id\":\"b\",\"score\":1,\"nll\":2.5,\"tie\":true,\"far\":1e999}\n"
                       "\n"
                       "{\"id\":\"a\",\"group\":\"g\",\"score\":null,\"bytes\":7,\"choice\":3,"
                       "\"tie\":false,\"tokens\":4,\"correct\":2}\n"
                       "{\"id\":\"b\",\"score\":\"1\",\"tie\":1}")); /* no line end, no numbers */
    REQUIRE(lm_items_read(&items, arena, FILE_PATH, NULL) == LM_OK);
    CHECK_INT(items.count, 3);
    CHECK_STR(items.ids[0], "a");
    CHECK_STR(items.groups[0], "g");
    CHECK(items.groups[1] == NULL && isnan(items.columns[LM_ITEM_SCORE][0]));
    CHECK_NEAR(items.columns[LM_ITEM_BYTES][0], 7, 0);
    CHECK_NEAR(items.columns[LM_ITEM_CHOICE][0], 3, 0);
    CHECK_NEAR(items.columns[LM_ITEM_TIE][0], 0, 0);
    CHECK_NEAR(items.columns[LM_ITEM_TOKENS][0], 4, 0);
    CHECK_NEAR(items.columns[LM_ITEM_CORRECT][0], 2, 0);
    CHECK_NEAR(items.columns[LM_ITEM_SCORE][1], 1, 0); /* of two b, the first comes first */
    CHECK_NEAR(items.columns[LM_ITEM_NLL][1], 2.5, 0);
    CHECK_NEAR(items.columns[LM_ITEM_TIE][1], 1, 0);
    CHECK(isnan(items.columns[LM_ITEM_SCORE][2]) && isnan(items.columns[LM_ITEM_TIE][2]));
    lm_arena_free(arena);
}

static void refuses_what_is_no_record(struct tap *tap)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"{\"id\":\"a\"}\n{\"id\":1}\n", "line 2: holds no text \"id\""},
        {"{\"id\":\"a\"}\n\n{\"id\":\n", "line 3: "},
        {"[]\n", "line 1: holds no text \"id\""},
        {"{\"id\":\"a\",\"id\":\"b\"}\n", "line 1: "},
    };
    struct lm_arena *arena = lm_arena_create();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_items items;
        struct lm_err err = {0};
        REQUIRE(write_text(rows[i].text));
        CHECK_INT(lm_items_read(&items, arena, FILE_PATH, &err), LM_FORMAT);
        CHECK(strstr(err.text, rows[i].says) != NULL);
    }
    CHECK_INT(lm_items_read(&(struct lm_items){0}, arena, TOP "/none", NULL), LM_NOT_FOUND);
    lm_arena_free(arena);
}

static void reads_an_empty_file(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_items items;
    REQUIRE(write_text(""));
    REQUIRE(lm_items_read(&items, arena, FILE_PATH, NULL) == LM_OK);
    CHECK_INT(items.count, 0);
    lm_arena_free(arena);
}

/* ---- the same items ---- */

static void finds_the_first_difference(struct tap *tap)
{
    static const struct {
        const char *a[4], *b[4], *want;
    } rows[] = {
        {{"a", "b"}, {"b", "a"}, NULL},
        {{"b", "a", "b"}, {"b", "b", "a"}, NULL},
        {{"a", "b"}, {"a", "b", "b"}, "b"}, /* one is there twice */
        {{"a", "a", "b"}, {"a", "b"}, "a"},
        {{"a", "c"}, {"a", "b"}, "b"},
        {{"a", "B"}, {"a", "b"}, "B"},
        {{NULL}, {"z"}, "z"},
        {{NULL}, {NULL}, NULL},
    };
    struct lm_arena *arena = lm_arena_create();
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        struct lm_items items[2];
        for (size_t k = 0; k < 2; k++) {
            const char *const *ids = k == 0 ? rows[r].a : rows[r].b;
            size_t count = 0;
            while (count < 4 && ids[count] != NULL)
                count++;
            REQUIRE(lm_items_init(&items[k], arena, count, NULL) == LM_OK);
            memcpy(items[k].ids, ids, count * sizeof *ids);
            REQUIRE(lm_items_sort(&items[k], arena, NULL) == LM_OK);
        }
        const char *got = lm_items_differ(&items[0], &items[1]);
        CHECK_STR(got != NULL ? got : "same", rows[r].want != NULL ? rows[r].want : "same");
        got = lm_items_differ(&items[1], &items[0]);
        CHECK_STR(got != NULL ? got : "same", rows[r].want != NULL ? rows[r].want : "same");
    }
    lm_arena_free(arena);
}

static void names_the_set_of_a_file(struct tap *tap)
{
    char set[64];
    CHECK_STR(lm_items_set(set, sizeof set, "valid.jsonl"), "valid");
    CHECK_STR(lm_items_set(set, sizeof set, "a.b.jsonl"), "a.b");
    CHECK_STR(lm_items_set(set, sizeof set, "x"), "x");
    CHECK_STR(lm_items_set(set, sizeof set, ".jsonl"), ".jsonl");
    CHECK_STR(lm_items_set(set, sizeof set, ""), "");
}

static const struct tap_test tests[] = {
    TAP_ROW(names_the_set_of_a_file) TAP_ROW(always_has_seven_members) TAP_ROW(reads_columns_by_id)
        TAP_ROW(refuses_what_is_no_record) TAP_ROW(reads_an_empty_file)
            TAP_ROW(finds_the_first_difference)};
LM_TEST_FILE(tests)
