/* What `clean` takes from containers of texts: records, tables, other encodings; and where it says
 * no. */
#include "clean_fixture.h"

enum { RECORDS = 40 };

/** Documents of the last run, by their text, anywhere. */
static size_t count(struct fixture *f, const char *part)
{
    size_t found = 0;
    for (const char *at = all_text(f); (at = strstr(at, part)) != NULL; at++)
        found++;
    return found;
}

static void open_by(struct fixture *f, const char *by)
{
    fixture_open(f);
    f->params.documents.by = by;
    f->params.split = (struct clean_split){"position", 0.2, 0.2};
}

/* `count` records of a format that takes a number twice. */
static const char *repeat(struct fixture *f, const char *head, const char *format, size_t records)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    lm_buf_puts(&out, head);
    for (size_t i = 0; i < records; i++)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        lm_buf_printf(&out, format, i, i);
#pragma GCC diagnostic pop
    char *text = lm_arena_strdup(f->arena, out.data);
    lm_buf_release(&out);
    return text;
}

static enum lm_status run_text(struct fixture *f, const char *text)
{
    return fixture_run(f, &(struct corpus_text){"s", "data", text, 0}, 1);
}

static void json_lines(struct tap *tap)
{
    struct fixture f;
    open_by(&f, "jsonl");
    REQUIRE(run_text(&f, repeat(&f, "",
                                "{\"id\":%zu,\"text\":\"number \\u00e9 \\\"%zu\\\"\\r\\nend\"}\n",
                                RECORDS)) == LM_OK);
    CHECK_INT(count(&f, "\"text\":\"number \xC3\xA9 \\\""), RECORDS);
    CHECK_INT(count(&f, "\\\"\\nend\"}"), RECORDS);
    CHECK_HAS(all_text(&f), "number \xC3\xA9 \\\"7\\\"\\nend");
    f.params.documents.field = "meta.body";
    REQUIRE(run_text(&f, repeat(&f, "[", "{\"id\":%zu,\"meta\":{\"body\":[\"a\",\"b %zu\"]}},",
                                RECORDS)) != LM_OK); /* the array is not closed */
    CHECK_HAS(f.err.text, "source 's', data, line 1, column");
    const char *open =
        repeat(&f, "[", "{\"id\":%zu,\"meta\":{\"body\":[\"a\",\"b %zu\"]}},\n", RECORDS);
    REQUIRE(run_text(&f, lm_arena_printf(f.arena, "%s\"last\"]", open)) == LM_OK);
    CHECK_INT(count(&f, "\"text\":\"a\\nb "), RECORDS);
    CHECK_INT(count(&f, "\"text\":\"last\""), 1);
    fixture_close(&f);
}

static void records_without_text_are_counted(struct tap *tap)
{
    struct fixture f;
    open_by(&f, "jsonl");
    const char *some =
        repeat(&f, "{\"text\":null}\n{\"id\":1}\n", "{\"id\":%zu,\"text\":\"t %zu\"}\n", 9);
    REQUIRE(run_text(&f, some) == LM_OK);
    CHECK_HAS(output(&f, "card"), "\"rule\": \"missing\",\n      \"documents\": 2");
    CHECK_HAS(output(&f, "card"), "source 's', data, line 2");
    CHECK_INT(run_text(&f, repeat(&f, "", "{\"id\":%zu,\"body\":\"t %zu\"}\n", 9)), LM_FORMAT);
    CHECK_HAS(f.err.text,
              "source 's', data: no record has 'text'; the first one's members are: id, "
              "body; name");
    CHECK_INT(run_text(&f, "{\"text\":\"a\"}\n{\"text\":[\"b\"]}\n{\"text\":5}\n"), LM_FORMAT);
    CHECK_HAS(f.err.text, "source 's', data, line 3: 'text' is a number");
    CHECK_INT(run_text(&f, "{\"text\":\"a\"}\n{\"text\":\"b\" \"c\"}\n"), LM_FORMAT);
    CHECK_HAS(f.err.text, "source 's', data, line 2, column 13: is no JSON");
    CHECK_INT(run_text(&f, "{\"text\":\"a\"}\n{\"text\":\"b"), LM_FORMAT);
    CHECK_HAS(f.err.text, "line 2");
    /* without a record that is missing, the card has no such row */
    REQUIRE(run_text(&f, repeat(&f, "", "{\"id\":%zu,\"text\":\"t %zu\"}\n", 9)) == LM_OK);
    CHECK(strstr(output(&f, "card"), "missing") == NULL);
    fixture_close(&f);
}

static void hostile_json(struct tap *tap)
{
    struct fixture f;
    open_by(&f, "jsonl");
    char *deep = lm_arena_alloc(f.arena, 200001);
    memset(deep, '[', 200000);
    CHECK_INT(run_text(&f, lm_arena_printf(f.arena, "{\"text\":%s", deep)), LM_FORMAT);
    CHECK_HAS(f.err.text, "nested too deeply");
    CHECK_INT(run_text(&f, lm_arena_printf(f.arena, "%s", deep)), LM_FORMAT);
    CHECK_INT(run_text(&f, "{\"text\":\"a\",\"text\":\"b\"}\n"), LM_FORMAT);
    CHECK_HAS(f.err.text, "stands twice");
    const struct corpus_text nul = {"s", "data", "{\"text\":\"a\0b\"}\n", 15};
    CHECK_INT(fixture_run(&f, &nul, 1), LM_FORMAT);
    CHECK_HAS(f.err.text, "NUL");
    REQUIRE(run_text(&f, repeat(&f, "{\"text\":\"half \\ud800 nul \\u0000!\"}\n",
                                "{\"id\":%zu,\"text\":\"t %zu\"}\n", 9)) == LM_OK);
    CHECK_HAS(all_text(&f), "\"half \xEF\xBF\xBD nul !\"");
    CHECK_HAS(output(&f, "card"), "\"invalid_utf8_sequences\": 1");
    f.params.invalid = "reject";
    REQUIRE(run_text(&f, repeat(&f, "{\"text\":\"half \\ud800\"}\n",
                                "{\"id\":%zu,\"text\":\"t %zu\"}\n", 9)) == LM_OK);
    CHECK(strstr(all_text(&f), "half") == NULL);
    fixture_close(&f);
}

static void tables(struct tap *tap)
{
    struct fixture f;
    open_by(&f, "csv");
    REQUIRE(run_text(&f, repeat(&f, "\xEF\xBB\xBFid,text\r\n", "%zu,\"a, \"\"b\"\"\r\nc %zu\"\r\n",
                                RECORDS)) == LM_OK);
    CHECK_INT(count(&f, "\"text\":\"a, \\\"b\\\"\\nc "), RECORDS);
    CHECK_INT(run_text(&f, "id,body\n1,x\n"), LM_FORMAT);
    CHECK_HAS(f.err.text,
              "source 's', data: the table has no column 'text'; its first record is: id, body");
    CHECK_INT(run_text(&f, "id,text\n1,x\n2\n"), LM_FORMAT);
    CHECK_HAS(f.err.text,
              "source 's', data, line 3, column 1: is no record of this table: it has fewer");
    f.params.documents.column = "1";
    REQUIRE(run_text(&f, repeat(&f, "", "text %zu;%zu\n", RECORDS)) == LM_OK);
    CHECK_INT(count(&f, "\"text\":\"text "), RECORDS);
    f.params.documents.column = "3";
    CHECK_INT(run_text(&f, "a,b\n1,x\n"), LM_FORMAT);
    CHECK_HAS(f.err.text, "no column 3 but 2 columns");
    f.params.documents = (struct clean_documents){"tsv", "", "text", "text"};
    REQUIRE(run_text(&f, repeat(&f, "id\ttext\n", "%zu\t\"quote %zu\n", RECORDS)) == LM_OK);
    CHECK_INT(count(&f, "\"text\":\"\\\"quote "), RECORDS);
    fixture_close(&f);
}

static void each_file_by_its_content(struct tap *tap)
{
    struct fixture f;
    open_by(&f, "auto");
    const struct corpus_text texts[] = {
        {"s", "a", repeat(&f, "", "{\"id\":%zu,\"text\":\"line %zu\"}\n", 5), 0},
        {"s", "b", "[{\"text\":\"element 1\"},{\"text\":\"element 2\"}]", 0},
        {"s", "c", repeat(&f, "id,text\n", "%zu,\"row %zu\"\n", 5), 0},
        {"s", "d", repeat(&f, "id\ttext\n", "%zu\ttabbed %zu\n", 5), 0},
        {"s", "e", "Just prose,\nof two lines.\n", 0},
    };
    REQUIRE(fixture_run(&f, texts, 5) == LM_OK);
    CHECK_INT(count(&f, "\"text\":\"line "), 5);
    CHECK_INT(count(&f, "\"text\":\"element "), 2);
    CHECK_INT(count(&f, "\"text\":\"row "), 5);
    CHECK_INT(count(&f, "\"text\":\"tabbed "), 5);
    CHECK_INT(count(&f, "\"text\":\"Just prose,\\nof two lines.\""), 1);
    f.params.documents.by = "csv";
    CHECK_INT(fixture_run(&f, texts, 5), LM_FORMAT);
    CHECK_HAS(
        f.err.text,
        "source 's', a: is not what by: csv reads but JSON lines; set documents: {by: jsonl}");
    fixture_close(&f);
}

static void other_encodings(struct tap *tap)
{
    static const char russian[] = "\xC2\xF1\xE5 \xF1\xF7\xE0\xF1\xF2\xEB\xE8\xE2\xFB\xE5 %zu "
                                  "\xF1\xE5\xEC\xFC\xE8 \xEF\xEE\xF5\xEE\xE6\xE8 %zu\n";
    struct fixture f;
    open_by(&f, "line");
    const char *text = repeat(&f, "", russian, RECORDS);
    CHECK_INT(run_text(&f, text), LM_FORMAT);
    CHECK_HAS(f.err.text, "set encoding: windows-1251");
    f.params.encoding = "auto";
    REQUIRE(run_text(&f, text) == LM_OK);
    CHECK_INT(count(&f, "\"text\":\"\xD0\x92\xD1\x81\xD0\xB5 "), RECORDS);
    CHECK_HAS(output(&f, "card"), "\"converted_files\": 1");
    f.params.encoding = "windows-1251";
    REQUIRE(run_text(&f, text) == LM_OK);
    CHECK_INT(count(&f, "\"text\":\"\xD0\x92\xD1\x81\xD0\xB5 "), RECORDS);
    f.params.encoding = "shift_jis";
    CHECK_INT(run_text(&f, "\xFF\xFF\xFF\xFF abc\n"), LM_FORMAT);
    CHECK_HAS(f.err.text, "is no valid shift_jis");
    f.params.encoding = "auto"; /* in doubt, it is refused or repaired as ever */
    CHECK_INT(run_text(&f, "\xC2\xF1\xE5 \xF1\xF7\xE0\xF1\n"), LM_FORMAT);
    CHECK_HAS(f.err.text, "are not UTF-8");
    fixture_close(&f);
}

/* Batches hand pieces over while the file is still cut. */
static void large_records_in_threads(struct tap *tap)
{
    struct fixture f;
    open_by(&f, "jsonl");
    char *fill = lm_arena_alloc(f.arena, 5000001);
    memset(fill, 'x', 5000000);
    const char *format =
        lm_arena_printf(f.arena, "{\"id\":%%zu,\"text\":[\"%%zu\",\"%s\"]}\n", fill);
    const char *text = repeat(&f, "", format, 9);
    REQUIRE(run_text(&f, text) == LM_OK);
    const char *serial = all_text(&f);
    f.threads = 3;
    REQUIRE(run_text(&f, text) == LM_OK);
    CHECK(strcmp(serial, all_text(&f)) == 0);
    CHECK_INT(run_text(&f, lm_arena_printf(f.arena, "%s{\"text\":1}\n", text)), LM_FORMAT);
    CHECK_HAS(f.err.text, "line 10:");
    CHECK_INT(run_text(&f, lm_arena_printf(f.arena, "%s{\"text\":\n", text)), LM_FORMAT);
    CHECK_HAS(f.err.text, "line 11, column 1:");
    fixture_close(&f);
}

static void libraries_are_named(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f);
    CHECK_STR(lm_stage_clean.libraries(&f.params)[0], "utf8proc");
    f.params.encoding = "big5";
    CHECK_STR(lm_stage_clean.libraries(&f.params)[0], "glibc");
    CHECK_STR(lm_stage_clean.libraries(&f.params)[1], "utf8proc");
    f.params.nfc = false;
    CHECK(lm_stage_clean.libraries(&f.params)[1] == NULL);
    fixture_close(&f);
}

static void options_of_one_way(struct tap *tap)
{
    struct fixture f;
    open_by(&f, "csv");
    f.params.documents.field = "x";
    CHECK_INT(run_text(&f, "a"), LM_INVALID);
    CHECK_HAS(f.err.text, "documents.field: has no effect with by: csv");
    f.params.documents = (struct clean_documents){"line", "", "text", "x"};
    CHECK_INT(run_text(&f, "a"), LM_INVALID);
    CHECK_HAS(f.err.text, "documents.column: has no effect with by: line");
    f.params.documents = (struct clean_documents){"jsonl", "", "", "text"};
    CHECK_INT(run_text(&f, "a"), LM_INVALID);
    CHECK_HAS(f.err.text, "documents.field: is empty");
    fixture_close(&f);
}

static const struct tap_test tests[] = {
    TAP_ROW(json_lines) TAP_ROW(records_without_text_are_counted) TAP_ROW(hostile_json)
        TAP_ROW(tables) TAP_ROW(each_file_by_its_content) TAP_ROW(other_encodings)
            TAP_ROW(large_records_in_threads) TAP_ROW(libraries_are_named)
                TAP_ROW(options_of_one_way)};

LM_TEST_MAIN(tests)
