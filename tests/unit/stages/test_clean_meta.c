/* What is kept beside the text: a line a document, in the text's order, from every kind of file. */
#include "clean_fixture.h"

static const char *const url_date[] = {"url", "date", "meta.lang", "file", "source"};

static void keep(struct fixture *f, const char *const *names, size_t count)
{
    f->params.documents.keep = (struct lm_list){(void *)(uintptr_t)names, count};
}

/* The lines of the three splits of an output, in one; `lines` gets their number. */
static const char *all_of(struct fixture *f, const char *port, size_t *lines)
{
    const char *text = "";
    *lines = 0;
    for (size_t i = 0; i < 3; i++) {
        static const char *const names[] = {"train", "valid", "test"};
        const char *name = lm_arena_printf(f->arena, "%s/%s.jsonl", port, names[i]);
        text = lm_arena_printf(f->arena, "%s%s", text, output(f, name));
    }
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        ++*lines;
    return text;
}

/* Line i of the text is "text <n>", line i of meta has "u<n>": they go together. */
static bool go_together(struct fixture *f, size_t wanted)
{
    size_t lines, metas;
    const char *text = all_of(f, "text", &lines), *meta = all_of(f, "meta", &metas);
    for (size_t i = 0; i < lines; i++) {
        const char *number = strstr(text, "text ") + 5;
        const char *url = strstr(meta, ":\"u") + 3;
        if (strtol(number, NULL, 10) != strtol(url, NULL, 10))
            return false;
        text = strchr(text, '\n') + 1;
        meta = strchr(meta, '\n') + 1;
    }
    return lines == wanted && metas == wanted;
}

static const char *json_records(struct fixture *f, size_t count)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    for (size_t i = 0; i < count; i++)
        lm_buf_printf(
            &out,
            "{\"date\":%zu,\"url\":\"u%zu\",\"text\":\"text %zu\",\"meta\":{\"lang\":\"e\\u00"
            "e9\"}}\n",
            i, i, i % 30);
    char *text = lm_arena_strdup(f->arena, out.data);
    lm_buf_release(&out);
    return text;
}

static void of_json_lines(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f);
    f.params.documents.by = "jsonl";
    const struct corpus_text texts[] = {
        {"a", "x.jsonl", json_records(&f, 40), 0},
        {"b", "y.jsonl", "{\"text\":\"text 99\",\"url\":\"u99\"}\n", 0}};
    REQUIRE(fixture_run(&f, texts, 2) == LM_OK);
    char *without = strdup(all_text(&f));
    CHECK_STR(output(&f, "meta/train.jsonl"), "");
    for (size_t way = 0; way < 4; way++) { /* by hash and by position, one thread and three */
        f.threads = way % 2 == 0 ? 1 : 3;
        if (way == 2)
            split_by_position(&f, 0.2, 0.2);
        keep(&f, url_date, 5);
        REQUIRE(fixture_run(&f, texts, 2) == LM_OK);
        CHECK(go_together(&f, 31)); /* ten say what others said */
        if (way < 2)
            CHECK_STR(all_text(&f), without);
    }
    CHECK_HAS(output(&f, "meta/train.jsonl"),
              "{\"url\":\"u0\",\"date\":0,\"meta.lang\":\"e\xC3\xA9\",\"file\":\"x.jsonl\","
              "\"source\":\"a\"}\n");
    CHECK_HAS(output(&f, "meta/test.jsonl"), "{\"url\":\"u99\",\"date\":null,\"meta.lang\":null,"
                                             "\"file\":\"y.jsonl\",\"source\":\"b\"}\n");
    free(without);
    fixture_close(&f);
}

static void of_one_text_cut_by_position(struct tap *tap)
{
    static const char *const file[] = {"file"};
    struct fixture f;
    fixture_open(&f);
    split_by_position(&f, 0.2, 0.2);
    keep(&f, file, 1);
    const struct corpus_text text = {"s", "d/book \"1\".txt", "a\nb\nc\nd\ne\nf\ng\nh\n", 0};
    REQUIRE(fixture_run(&f, &text, 1) == LM_OK);
    CHECK_STR(output(&f, "meta/train.jsonl"), "{\"file\":\"d/book \\\"1\\\".txt\"}\n");
    CHECK_STR(output(&f, "meta/test.jsonl"), "{\"file\":\"d/book \\\"1\\\".txt\"}\n");
    fixture_close(&f);
}

static void of_tables(struct tap *tap)
{
    static const char *const named[] = {"date", "url", "file"}, *const numbered[] = {"1", "3"};
    struct fixture f;
    fixture_open(&f);
    f.params.documents.by = "csv";
    split_by_position(&f, 0.3, 0.3);
    keep(&f, named, 3);
    const char *table = "url,text,date\n\"u \"\"1\"\"\",\"text, \"\"1\"\"\",2024\n"
                        "u2,text 2,\"20\n25\"\nu3,text 3,\n";
    const struct corpus_text text = {"s", "t.csv", table, 0};
    REQUIRE(fixture_run(&f, &text, 1) == LM_OK);
    CHECK_STR(output(&f, "meta/train.jsonl"),
              "{\"date\":\"2024\",\"url\":\"u \\\"1\\\"\",\"file\":\"t.csv\"}\n");
    CHECK_HAS(output(&f, "text/train.jsonl"), "\"text\":\"text, \\\"1\\\"\"");
    CHECK_STR(output(&f, "meta/valid.jsonl"),
              "{\"date\":\"20\\n25\",\"url\":\"u2\",\"file\":\"t.csv\"}\n");
    keep(&f, (const char *const[]){"dato"}, 1);
    CHECK_INT(fixture_run(&f, &text, 1), LM_FORMAT);
    CHECK_HAS(f.err.text, "the table has no column 'dato', which documents.keep names; its first "
                          "record is: url, text, date");
    f.params.documents.column = "2";
    keep(&f, numbered, 2);
    const struct corpus_text bare = {"s", "t.csv", strchr(table, '\n') + 1, 0};
    REQUIRE(fixture_run(&f, &bare, 1) == LM_OK);
    CHECK_STR(output(&f, "meta/test.jsonl"), "{\"1\":\"u3\",\"3\":\"\"}\n");
    keep(&f, (const char *const[]){"4"}, 1);
    CHECK_INT(fixture_run(&f, &bare, 1), LM_FORMAT);
    fixture_close(&f);
}

#define PAGE                                                                                       \
    "<html lang=de><head><title> A &amp;\n B</title><meta property=og:url content=\"http://o/\">"  \
    "<meta name=Author content=\"Z\"><link rel=canonical href=\"http://c/\">"                      \
    "<meta name=keywords content=\"x\"></head><p>Text of page "

static void of_pages(struct tap *tap)
{
    static const char *const names[] = {"title", "url", "author", "language", "KEYWORDS", "date"};
    struct fixture f;
    fixture_open(&f);
    f.params.documents.by = "html";
    split_by_position(&f, 0.3, 0.3);
    keep(&f, names, 6);
    const struct corpus_text pages[] = {
        {"s", "1.html", PAGE "1.</p>", 0},
        {"s", "2.html", "<p>Text of page 2, bare.</p>", 0},
        {"s", "3.html", PAGE "3.</p><time datetime=2020-01-02>", 0}};
    REQUIRE(fixture_run(&f, pages, 3) == LM_OK);
    CHECK_STR(output(&f, "meta/train.jsonl"),
              "{\"title\":\"A & B\",\"url\":\"http://c/\",\"author\":\"Z\",\"language\":\"de\","
              "\"KEYWORDS\":\"x\",\"date\":null}\n");
    CHECK_STR(output(&f, "meta/valid.jsonl"),
              "{\"title\":null,\"url\":null,\"author\":null,\"language\":null,\"KEYWORDS\":null,"
              "\"date\":null}\n");
    CHECK_HAS(output(&f, "meta/test.jsonl"), "\"date\":\"2020-01-02\"");
    fixture_close(&f);
}

/* A record of an archive, its length right. */
static const char *record(struct fixture *f, const char *type, const char *head, const char *block)
{
    return lm_arena_printf(
        f->arena,
        "WARC/1.0\r\nWARC-Type: %s\r\nWARC-Target-URI: <http://Ex.org/%s>\r\n"
        "WARC-Date: 2021-02-03T04:05:06Z\r\n%sContent-Length: %zu\r\n\r\n%s\r\n\r\n",
        type, type, head, strlen(block), block);
}

static void of_archives(struct tap *tap)
{
    static const char *const names[] = {"url", "date", "title", "WARC-IP-Address", "mime"};
    struct fixture f;
    fixture_open(&f);
    f.params.documents.by = "warc";
    split_by_position(&f, 0.3, 0.3);
    keep(&f, names, 5);
    const char *page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" PAGE "9.</p>";
    const char *text = lm_arena_printf(
        f.arena, "%s%s%s",
        record(&f, "response",
               "warc-ip-address: 10.0.0.1\r\nContent-Type: application/http; msgtype=response\r\n",
               page),
        record(&f, "conversion", "Content-Type: text/plain\r\n", "Plain text one."),
        record(&f, "resource", "Content-Type: text/plain\r\n", "Plain text two."));
    REQUIRE(fixture_run(&f, &(struct corpus_text){"s", "a.warc", text, 0}, 1) == LM_OK);
    CHECK_STR(
        output(&f, "meta/train.jsonl"),
        "{\"url\":\"http://Ex.org/response\",\"date\":\"2021-02-03T04:05:06Z\",\"title\":\"A & "
        "B\",\"WARC-IP-Address\":\"10.0.0.1\",\"mime\":\"application/http; "
        "msgtype=response\"}\n");
    CHECK_HAS(output(&f, "meta/test.jsonl"), "\"url\":\"http://Ex.org/resource\"");
    CHECK_HAS(output(&f, "meta/test.jsonl"), "\"title\":null");
    fixture_close(&f);
}

static void what_is_refused(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f);
    keep(&f, (const char *const[]){"a", "b", "a"}, 3);
    CHECK_INT(lm_stage_clean.resolve(&f.params, f.arena, &f.err), LM_INVALID);
    CHECK_STR(f.err.field, "documents.keep.2");
    keep(&f, (const char *const[]){""}, 1);
    CHECK_INT(lm_stage_clean.resolve(&f.params, f.arena, &f.err), LM_INVALID);
    const char *many[CLEAN_KEPT + 1];
    for (size_t i = 0; i <= CLEAN_KEPT; i++)
        many[i] = lm_arena_printf(f.arena, "m%zu", i);
    keep(&f, many, CLEAN_KEPT + 1);
    CHECK_INT(lm_stage_clean.resolve(&f.params, f.arena, &f.err), LM_RANGE);
    keep(&f, many, CLEAN_KEPT);
    CHECK_INT(lm_stage_clean.resolve(&f.params, f.arena, &f.err), LM_OK);
    fixture_close(&f);
}

static const struct tap_test tests[] = {TAP_ROW(of_json_lines) TAP_ROW(of_one_text_cut_by_position)
                                            TAP_ROW(of_tables) TAP_ROW(of_pages)
                                                TAP_ROW(of_archives) TAP_ROW(what_is_refused)};

LM_TEST_FILE(tests)
