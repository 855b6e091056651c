#include "task/row.h"

#include "base/buf.h"
#include "tap.h"

/* Rows as one text: fields as name=value, rows ended by a line. */
struct shown {
    struct lm_buf text;
    struct lm_arena *arena;
};

static enum lm_status show(void *user, const struct lm_row *row, struct lm_err *err)
{
    struct shown *shown = user;
    const char *const *names;
    size_t count;
    LM_TRY(lm_row_names(&names, &count, shown->arena, row, err));
    lm_buf_printf(&shown->text, "%d:", (int)row->line);
    for (size_t i = 0; i < count; i++) {
        struct lm_row_value value;
        LM_TRY(lm_row_get(&value, shown->arena, row, names[i], err));
        lm_buf_printf(&shown->text, " %s=%.*s", names[i], (int)value.text.size,
                      value.kind == LM_VALUE_TEXT ? value.text.data : "");
        if (value.kind != LM_VALUE_TEXT)
            lm_buf_printf(&shown->text, "<%d>", (int)value.kind);
    }
    lm_buf_putc(&shown->text, '\n');
    return LM_OK;
}

/* The rows of a file as text, or what is wrong. */
static void check_rows(struct tap *tap, const char *file, const char *data,
                       enum lm_row_format format, const char *const *columns, size_t column_count,
                       const char *want)
{
    struct lm_err err = {.status = LM_OK};
    struct shown shown = {.arena = lm_arena_create()};
    struct lm_arena *scratch = lm_arena_create();
    const struct lm_row_source source = {file, data, strlen(data), format, columns, column_count};
    lm_buf_init(&shown.text, 0);
    lm_buf_puts(&shown.text, "");
    if (lm_rows_read(&source, scratch, show, &shown, &err) != LM_OK)
        CHECK_STR(err.text, want);
    else
        CHECK_STR(shown.text.data != NULL ? shown.text.data : "", want);
    lm_buf_release(&shown.text);
    lm_arena_free(scratch);
    lm_arena_free(shown.arena);
}

static void test_csv(struct tap *tap)
{
    static const struct {
        const char *data, *want;
    } rows[] = {
        {"a,b\n1,2\n", "2: a=1 b=2\n"},
        {"a,b\r\n1,2\r\n3,4", "2: a=1 b=2\n3: a=3 b=4\n"},
        {"\xef\xbb\xbf"
         "a,b\n1,\n",
         "2: a=1 b=\n"},
        {"a,b\n\"x, \"\"y\"\"\nz\",2\n5,6\n", "2: a=x, \"y\"\nz b=2\n4: a=5 b=6\n"},
        {"a,b\n\n1,2\n", "3: a=1 b=2\n"},
        {"a\n\"\"\n", "2: a=\n"},
        {"a,b\n1,2,3\n",
         "t.csv:2: 3 fields where 2 columns are named; is a separator inside a field, or the "
         "format another?"},
        {"a,b\n\"1,2\n",
         "t.csv:2: a quote is not closed; write a quote inside a field as \"\", or say format: tsv "
         "or lines"},
        {"a,b\n\"1\"x,2\n",
         "t.csv:2: text behind a closing quote; write a quote inside a field as \"\""},
        {"a,a\n1,2\n",
         "t.csv:1: two columns are called 'a'; name them by columns: if this is no header"},
        {"a,b\n1,\xff\n", "t.csv:2: a byte that is not UTF-8; save the file as UTF-8"},
        {"", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_rows(tap, "t.csv", rows[i].data, LM_ROWS_AUTO, NULL, 0, rows[i].want);
}

/* Quotes are text like all other: as GLUE's authors have it. */
static void test_tsv(struct tap *tap)
{
    static const char *const columns[] = {"s", "y"};
    check_rows(tap, "t.tsv", "s\ty\n\"a\t1\n", LM_ROWS_AUTO, NULL, 0, "2: s=\"a y=1\n");
    check_rows(tap, "test", "a b\t0\nc\t1", LM_ROWS_TSV, columns, 2, "1: s=a b y=0\n2: s=c y=1\n");
    check_rows(tap, "test", "a\n", LM_ROWS_LINES, columns, 2,
               "test: columns: is for csv and tsv, this is lines; leave it out");
}

static void test_jsonl(struct tap *tap)
{
    static const char text[] = "{\"a\":\"x\",\"n\":1,\"r\":0.5,\"t\":true,\"z\":null,\"l\":[1],"
                               "\"m\":{}}\n\n{\"a\":\"y\\u0000z\"}";
    check_rows(tap, "data", text, LM_ROWS_AUTO, NULL, 0,
               "1: a=x n=1 r=0.5 t=true z=<0> l=<2> m=<3>\n3: a=y\n");
    check_rows(tap, "t.jsonl", "{\"a\":1}\n[1]\n", LM_ROWS_AUTO, NULL, 0,
               "t.jsonl:2: no JSON object; each line is one: {\"field\": \xe2\x80\xa6}");
    check_rows(tap, "data", "a,b\n", LM_ROWS_AUTO, NULL, 0,
               "data: its format cannot be told by its name; say format: jsonl, csv, tsv, lines or "
               "text in data");
}

static void test_lines_and_text(struct tap *tap)
{
    check_rows(tap, "t.txt", "a\n\n b\n", LM_ROWS_LINES, NULL, 0, "1: text=a\n3: text= b\n");
    check_rows(tap, "t.txt", "a\n\nb\n", LM_ROWS_TEXT, NULL, 0, "1: text=a\n\nb\n\n");
}

struct path_case {
    struct tap *tap;
    struct lm_arena *arena;
};

static enum lm_status ask_paths(void *user, const struct lm_row *row, struct lm_err *err)
{
    static const struct {
        const char *name, *want;
    } rows[] = {{"a.b", "whole"}, {"c.d", "1"},    {"c.e.0", "x"},   {"c.e.1.f", "y"},
                {"c.x", NULL},    {"c.e.2", NULL}, {"c.e.-1", NULL}, {"", NULL}};
    struct path_case *self = user;
    struct tap *tap = self->tap;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_row_value value;
        LM_TRY(lm_row_get(&value, self->arena, row, rows[i].name, err));
        CHECK((value.kind == LM_VALUE_TEXT) == (rows[i].want != NULL));
        if (rows[i].want != NULL && value.kind == LM_VALUE_TEXT)
            CHECK_STR(value.text.data, rows[i].want);
    }
    return LM_OK;
}

static void test_nested(struct tap *tap)
{
    static const char text[] = "{\"a.b\":\"whole\",\"a\":{\"b\":\"x\"},\"c\":{\"d\":1,\"e\":[\"x\","
                               "{\"f\":\"y\"}]}}";
    struct path_case self = {tap, lm_arena_create()};
    struct lm_err err = {.status = LM_OK};
    const struct lm_row_source source = {
        .file = "f", .data = text, .size = sizeof text - 1, .format = LM_ROWS_JSONL};
    CHECK(lm_rows_read(&source, self.arena, ask_paths, &self, &err) == LM_OK);
    lm_arena_free(self.arena);
}

static const struct tap_test tests[] = {
    {"csv", test_csv},       {"tsv", test_tsv},
    {"jsonl", test_jsonl},   {"lines_and_text", test_lines_and_text},
    {"nested", test_nested},
};

LM_TEST_FILE(tests)
