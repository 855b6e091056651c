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
    split_by_position(f, 0.2, 0.2);
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
    REQUIRE(run_text(&f, repeat(&f, "\xEF\xBB\xBF{\"text\":\"marked\"}\r\n",
                                "{\"id\":%zu,\"text\":\"t %zu\"}\n", 9)) == LM_OK);
    CHECK_HAS(all_text(&f), "\"text\":\"marked\"");
    CHECK_HAS(output(&f, "card"), "\"byte_order_marks\": 1");
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
    f.params.documents.by = "tsv";
    f.params.documents.column = "text";
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
    /* Polish, whose letters are fewer than what is refused else: no guess is as good as its name */
    const char *polish =
        repeat(&f, "", "Ojczyzno moja! ty jeste\x9C jak zdrowie %zu %zu\n", RECORDS);
    CHECK_INT(run_text(&f, polish), LM_FORMAT);
    CHECK_HAS(f.err.text, "is in doubt; name it by encoding");
    f.params.encoding = "utf-8";
    REQUIRE(run_text(&f, polish) == LM_OK);
    f.params.encoding = "windows-1250";
    REQUIRE(run_text(&f, polish) == LM_OK);
    CHECK_INT(count(&f, "jeste\xC5\x9B"), RECORDS);
    fixture_close(&f);
}

static void web_pages(struct tap *tap)
{
    struct fixture f;
    open_by(&f, "html");
    struct corpus_text pages[9];
    for (size_t i = 0; i < 9; i++) {
        const char *head = i % 2 == 0
                               ? "<!doctype html><meta charset=windows-1251><nav>Home</nav><p>"
                                 "\xC2\xF1\xE5 "
                               : "<html><body><script>x</script><p>Vse \r\n";
        pages[i] = (struct corpus_text){"s", lm_arena_printf(f.arena, "%zu.html", i),
                                        lm_arena_printf(f.arena, "%s page %zu</p>", head, i), 0};
    }
    REQUIRE(fixture_run(&f, pages, 9) == LM_OK);
    CHECK_INT(count(&f, "\"text\":\"\xD0\x92\xD1\x81\xD0\xB5 page "), 5);
    CHECK_INT(count(&f, "\"text\":\"Vse page "), 4);
    CHECK_INT(count(&f, "Home"), 0);
    CHECK_HAS(output(&f, "card"), "\"invalid_utf8_sequences\": 0");
    CHECK_STR(lm_stage_clean.libraries(&f.params)[1], "libxml2");
    char *deep = lm_arena_alloc(f.arena, 500001);
    for (size_t i = 0; i < 100000; i++)
        memcpy(deep + 5 * i, "<div>", 5);
    pages[8].text = lm_arena_printf(f.arena, "<html>%s", deep);
    CHECK(fixture_run(&f, pages, 9) == LM_OK);
    CHECK_STR(f.err.text, "");
    CHECK_HAS(output(&f, "card"), "source 's', 8.html");
    f.params.documents.by = "file";
    CHECK_INT(fixture_run(&f, pages, 9), LM_FORMAT);
    CHECK_HAS(f.err.text,
              "(HTML page), and its syntax would be trained on; set documents: {by: html}");
    fixture_close(&f);
}

static const char *warc_record(struct fixture *f, const char *type, const char *mime,
                               const char *block)
{
    return lm_arena_printf(f->arena,
                           "WARC/1.0\r\nWARC-Type: %s\r\nContent-Type: %s\r\nContent-Length: "
                           "%zu\r\n\r\n%s\r\n\r\n",
                           type, mime, strlen(block), block);
}

static void web_archives(struct tap *tap)
{
    static const char http[] = "application/http; msgtype=response";
    struct fixture f;
    open_by(&f, "warc");
    const char *text = warc_record(&f, "warcinfo", "application/warc-fields", "software: x\r\n");
    for (size_t i = 0; i < 6; i++) {
        const char *page =
            lm_arena_printf(f.arena,
                            "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n"
                            "<html><p>Caf\xE9 %zu</p>",
                            i);
        const char *plain = lm_arena_printf(f.arena, "Plain text %zu.\r\nOf two lines.\r\n", i);
        text = lm_arena_printf(f.arena, "%s%s%s%s", text, warc_record(&f, "request", http, "GET /"),
                               warc_record(&f, "response", http, page),
                               warc_record(&f, "conversion", "text/plain", plain));
    }
    text = lm_arena_printf(
        f.arena, "%s%s%s", text,
        warc_record(&f, "response", http,
                    "HTTP/1.1 404 No\r\nContent-Type: text/html\r\n\r\n<p>No"),
        warc_record(&f, "response", http, "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\nPNG"));
    REQUIRE(run_text(&f, text) == LM_OK);
    CHECK_INT(count(&f, "\"text\":\"Caf\xC3\xA9 "), 6);
    CHECK_INT(count(&f, "\"text\":\"Plain text "), 6);
    CHECK_INT(count(&f, ".\\nOf two lines.\"}"), 6);
    const char *card = output(&f, "card");
    CHECK_HAS(card,
              "\"warcinfo\": 1,\n    \"response\": 8,\n    \"conversion\": 6,\n    \"request\": 6");
    CHECK_HAS(card, "\"rule\": \"missing\",\n      \"documents\": 2");
    CHECK_HAS(card, "source 's', data, record 20");
    f.params.documents.by = "auto";
    REQUIRE(run_text(&f, text) == LM_OK);
    CHECK_STR(output(&f, "card"), card);
    CHECK_INT(run_text(&f, lm_arena_strndup(f.arena, text, strlen(text) - 9)), LM_FORMAT);
    CHECK_HAS(f.err.text, "source 's', data, record 21 (byte ");
    CHECK_HAS(f.err.text, "it is cut off");
    fixture_close(&f);
}

static void markup_and_code(struct tap *tap)
{
    struct fixture f;
    open_by(&f, "markdown");
    struct corpus_text files[9];
    for (size_t i = 0; i < 9; i++)
        files[i] = (struct corpus_text){
            "s", lm_arena_printf(f.arena, "%zu.md", i),
            lm_arena_printf(
                f.arena,
                "---\ntitle: x\n---\n<p align=center>\n\n# Title %zu\n\n```c\nint x;\n```\n", i),
            0};
    REQUIRE(fixture_run(&f, files, 9) == LM_OK);
    CHECK_INT(count(&f, "\"text\":\"<p align=center>\\n\\n# Title "), 9);
    CHECK_INT(count(&f, "int x;"), 9);
    f.params.documents.code = "drop";
    REQUIRE(fixture_run(&f, files, 9) == LM_OK);
    CHECK_INT(count(&f, "int x;"), 0);
    f.params.documents.by = "rst";
    for (size_t i = 0; i < 9; i++)
        files[i].text = lm_arena_printf(f.arena, ".. a comment\n\nTitle %zu::\n\n    int x;\n", i);
    REQUIRE(fixture_run(&f, files, 9) == LM_OK);
    CHECK_INT(count(&f, "\"text\":\"Title "), 9);
    CHECK_INT(count(&f, "int x;") + count(&f, "comment"), 0);
    f.params.documents.code = "keep";
    f.params.documents.by = "code";
    for (size_t i = 0; i < 9; i++)
        files[i].text = lm_arena_printf(f.arena, "{\"file\": %zu}\n", i);
    REQUIRE(fixture_run(&f, files, 9) == LM_OK);
    CHECK_INT(count(&f, "\"text\":\"{\\\"file\\\": "), 9);
    f.params.documents.by = "heading";
    REQUIRE(run_text(&f, repeat(&f, "", "# Title %zu\n\nText %zu.\n\n", 9)) == LM_OK);
    CHECK_INT(count(&f, "\"text\":\"# Title "), 9);
    f.params.documents.code = "drop";
    CHECK_INT(run_text(&f, "a"), LM_INVALID);
    CHECK_HAS(f.err.text, "documents.code: has no effect with by: heading");
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

/* Splits in which a text stands: bits. */
static unsigned sides_of(struct fixture *f, const char *part)
{
    static const char *const names[] = {"text/train.jsonl", "text/valid.jsonl", "text/test.jsonl"};
    unsigned sides = 0;
    for (unsigned i = 0; i < 3; i++)
        sides |= strstr(output(f, names[i]), part) != NULL ? 1U << i : 0;
    return sides;
}

static bool is_one_side(unsigned sides)
{
    return sides == 1 || sides == 2 || sides == 4;
}

static void groups_stay_together(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f);
    f.params.documents.by = "jsonl";
    f.params.split.valid = f.params.split.test = 0.3;
    struct corpus_text texts[20];
    for (size_t i = 0; i < 20; i++)
        texts[i] = (struct corpus_text){
            i < 10 ? "a" : "b", lm_arena_printf(f.arena, "%02zu", i),
            repeat(&f, "",
                   lm_arena_printf(f.arena,
                                   "{\"url\":\"http://u@Host%zu.org:80/%%zu\",\"text\":\"file "
                                   "%02zu, host %zu. %%zu\"}\n",
                                   i % 7, i, i % 7),
                   9),
            0};
    REQUIRE(fixture_run(&f, texts, 20) == LM_OK);
    const char *before = all_text(&f);
    CHECK(!is_one_side(sides_of(&f, "file 03,")));
    f.params.split.group = "file";
    REQUIRE(fixture_run(&f, texts, 20) == LM_OK);
    const char *by_file = all_text(&f);
    for (size_t i = 0; i < 20; i++)
        CHECK(is_one_side(sides_of(&f, lm_arena_printf(f.arena, "file %02zu,", i))));
    f.params.split.salt = "again";
    REQUIRE(fixture_run(&f, texts, 20) == LM_OK);
    CHECK(strcmp(by_file, all_text(&f)) != 0);
    f.params.split.group = "host";
    f.params.split.salt = "";
    REQUIRE(fixture_run(&f, texts, 20) == LM_OK);
    for (size_t i = 0; i < 7; i++)
        CHECK(is_one_side(sides_of(&f, lm_arena_printf(f.arena, "host %zu.", i))));
    f.params.split.group = "document";
    REQUIRE(fixture_run(&f, texts, 20) == LM_OK);
    CHECK(strcmp(before, all_text(&f)) == 0);
    f.params.split.salt = "x";
    REQUIRE(fixture_run(&f, texts, 20) == LM_OK);
    CHECK(strcmp(before, all_text(&f)) != 0);
    f.params.split.group = "source";
    CHECK_INT(fixture_run(&f, texts, 10), LM_INVALID); /* one group has one side */
    CHECK_HAS(f.err.text, "use a finer group");
    fixture_close(&f);
}

static void hosts_come_from_addresses(struct tap *tap)
{
    static const char *const rows[][2] = {
        {"http://a.org/x", "a.org"}, {"https://U:p@A.Org.:8080?x=@y", "a.org"},
        {"ftp://[::1]:2/", "[::1]"}, {"a.org/x", NULL},
        {"http:///x", NULL},         {"", NULL}};
    struct fixture f;
    fixture_open(&f);
    f.params.documents.by = "csv";
    f.params.split.group = "host";
    f.params.split.valid = 0.4;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum lm_status status =
            run_text(&f, lm_arena_printf(f.arena, "url,text\n%s,some text\n", rows[i][0]));
        /* one host is one side: that is said when there is one */
        CHECK_INT(status, rows[i][1] != NULL ? LM_INVALID : LM_FORMAT);
        CHECK_HAS(f.err.text, rows[i][1] != NULL
                                  ? "falls into"
                                  : "source 's', data, line 2: has no address with a host");
    }
    f.params.documents.by = "line";
    CHECK_INT(run_text(&f, "a\n"), LM_INVALID);
    CHECK_HAS(f.err.text, "split.group: documents by: line have no host");
    f.params.split.group = "file";
    f.params.split.by = "position";
    CHECK_INT(run_text(&f, "a\n"), LM_INVALID);
    CHECK_HAS(f.err.text, "split.group: has no effect with by: position");
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
    const char *kept[] = {"en"};
    f.params.language.keep = (struct lm_list){kept, 1};
    f.params.documents.by = "auto"; /* pages may be among them */
    const char *const *all = lm_stage_clean.libraries(&f.params);
    CHECK_STR(all[0], "cld2");
    CHECK_STR(all[1], "glibc");
    CHECK_STR(all[2], "libxml2");
    CHECK(all[3] == NULL);
    fixture_close(&f);
}

static void options_of_one_way(struct tap *tap)
{
    struct fixture f;
    open_by(&f, "csv");
    f.params.documents.field = "x";
    CHECK_INT(run_text(&f, "a"), LM_INVALID);
    CHECK_HAS(f.err.text, "documents.field: has no effect with by: csv");
    f.params.documents.by = "line";
    f.params.documents.field = "text";
    f.params.documents.column = "x";
    CHECK_INT(run_text(&f, "a"), LM_INVALID);
    CHECK_HAS(f.err.text, "documents.column: has no effect with by: line");
    f.params.documents.by = "jsonl";
    f.params.documents.field = "";
    f.params.documents.column = "text";
    CHECK_INT(run_text(&f, "a"), LM_INVALID);
    CHECK_HAS(f.err.text, "documents.field: is missing; by: jsonl needs it");
    fixture_close(&f);
}

static const struct tap_test tests[] = {
    TAP_ROW(json_lines) TAP_ROW(records_without_text_are_counted) TAP_ROW(hostile_json)
        TAP_ROW(tables) TAP_ROW(each_file_by_its_content) TAP_ROW(other_encodings)
            TAP_ROW(web_pages) TAP_ROW(web_archives) TAP_ROW(markup_and_code)
                TAP_ROW(large_records_in_threads) TAP_ROW(groups_stay_together)
                    TAP_ROW(hosts_come_from_addresses) TAP_ROW(libraries_are_named)
                        TAP_ROW(options_of_one_way)};

LM_TEST_FILE(tests)
