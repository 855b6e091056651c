/* Hostile files in every format: one clear error that names the file, or a repair that the card
 * counts; never a crash, a hang, or text that is not UTF-8. What comes from servers and archives
 * is in test_fetch.c, test_unpack.c and test_download_run.c. */
#include "base/utf8.h"
#include "clean_fixture.h"

static const char *const ways[] = {"file",     "line", "blank_line", "unindented", "heading",
                                   "jsonl",    "csv",  "tsv",        "html",       "warc",
                                   "markdown", "rst",  "code",       "auto"};

enum { WAYS = sizeof ways / sizeof ways[0], LONG = 1 << 20, PARTS = 100, SOUND = 5 };

/* Sound text before and behind what is hostile, as each format writes it; size 0: nothing is. */
static void wrap(struct lm_buf *out, const char *by, const char *text, size_t size)
{
    bool is_json = strcmp(by, "jsonl") == 0, is_table = strcmp(by, "csv") == 0;
    bool is_page = strcmp(by, "html") == 0, is_archive = strcmp(by, "warc") == 0;
    for (int i = 0; i < PARTS; i++) {
        bool is_hostile = i == PARTS / 2 && size > 0;
        if (is_archive)
            lm_buf_printf(out,
                          "WARC/1.0\r\nWARC-Type: conversion\r\nContent-Type: text/plain\r\n"
                          "Content-Length: %zu\r\n\r\n",
                          is_hostile ? size : 16);
        else if (i == 0 && (is_table || strcmp(by, "tsv") == 0))
            lm_buf_puts(out, is_table ? "id,text\n" : "id\ttext\n");
        lm_buf_puts(out, is_json ? "{\"text\":\"" : is_page ? "<p>" : is_table ? "1," : "");
        if (strcmp(by, "tsv") == 0)
            lm_buf_puts(out, "1\t");
        if (is_hostile)
            lm_buf_append(out, text, size);
        else
            lm_buf_printf(out, "A sound text. %02d", i % 100);
        lm_buf_puts(out, is_json ? "\"}\n" : is_page ? "</p>\n" : is_archive ? "\r\n\r\n" : "\n\n");
    }
}

static bool is_utf8(struct fixture *f)
{
    static const char *const names[] = {"train.jsonl", "valid.jsonl", "test.jsonl"};
    for (size_t i = 0; i < 3; i++) {
        char *text;
        size_t size;
        const char *path =
            lm_arena_printf(f->arena, "%s/%s", lm_ctx_output(f->ctx, "text"), names[i]);
        if (lm_file_read(&text, &size, f->arena, path, 1 << 26, NULL) != LM_OK ||
            lm_utf8_valid_prefix((const uint8_t *)text, size) != size)
            return false;
    }
    return true;
}

/* Runs one file beside sound ones; "" when it was read, else the error. */
static const char *run_file(struct fixture *f, const char *by, const struct lm_buf *text)
{
    struct corpus_text rows[1 + SOUND] = {{"s", "hostile", text->data, text->size}};
    static const char *const names[SOUND] = {"t1", "t2", "t3", "t4", "t5"};
    struct lm_buf sound[SOUND];
    for (size_t i = 0; i < SOUND; i++) {
        lm_buf_init(&sound[i], 0);
        wrap(&sound[i], by, "", 0);
        lm_buf_printf(&sound[i], "%s", strcmp(by, "file") == 0 ? names[i] : "");
        rows[1 + i] = (struct corpus_text){"s", names[i], sound[i].data, sound[i].size};
    }
    f->params.documents.by = by;
    f->params.dedup.same = false;
    f->params.split.by = "position";
    f->params.split.valid = f->params.split.test = text->size > LONG ? 0.0017 : 0.3;
    enum lm_status status = fixture_run(f, rows, 1 + SOUND);
    for (size_t i = 0; i < SOUND; i++)
        lm_buf_release(&sound[i]);
    return status == LM_OK ? "" : f->err.text;
}

/* An error is one line, and says which file. */
static bool is_clear(const char *error)
{
    return error[0] == '\0' || (strchr(error, '\n') == NULL && strlen(error) < 1000 &&
                                strstr(error, "hostile") != NULL);
}

/* What stands in the middle of a sound file. */
static size_t make(char *out, size_t kind)
{
    static const struct {
        const char *bytes;
        size_t size;
    } kinds[] = {

#define KIND(text) {text, sizeof text - 1}
        KIND("\0\0\0\0"),                                        /* NULs */
        KIND("\xFF\xFF\xFF \xFE"),                               /* what is never UTF-8 */
        KIND("\xC3 \xE4 \xF0 \xED"),                             /* nothing follows */
        KIND("\xED\xA0\x80 \xC0\xAF \xF4\x90\x80\x80 \xF8\x88"), /* none of its sequences */
        KIND("\x01\x02\x1B[2J \x7F \xC2\x9B \xE2\x80\xAE \xEF\xBB\xBF \xEF\xBF\xBF"), /* controls */
    };

    if (kind < sizeof kinds / sizeof kinds[0]) {
        memcpy(out, kinds[kind].bytes, kinds[kind].size);
        return kinds[kind].size;
    }
    memset(out, 'x', LONG); /* a line without an end */
    return LONG;
}

static void in_the_middle(struct tap *tap)
{
    char *bytes = malloc(LONG);
    CHECK(bytes != NULL);
    for (size_t kind = 0; bytes != NULL && kind < 6; kind++) {
        size_t size = make(bytes, kind), refused = 0;
        for (size_t i = 0; i < WAYS; i++) {
            struct fixture f;
            struct lm_buf text;
            lm_buf_init(&text, 0);
            fixture_open(&f);
            wrap(&text, ways[i], bytes, size);
            const char *error = run_file(&f, ways[i], &text);
            refused += error[0] != '\0';
            CHECK(is_clear(error));
            if (error[0] != '\0' && kind > 0)
                printf("# %s, %zu: %s\n", ways[i], kind, error);
            CHECK(error[0] != '\0' || is_utf8(&f));
            if (error[0] == '\0' && kind >= 1 && kind <= 3)
                CHECK(strstr(output(&f, "card"), "\"invalid_utf8_sequences\": 0") == NULL);
            lm_buf_release(&text);
            fixture_close(&f);
        }
        CHECK_INT(refused, kind == 0 ? WAYS - 2 : 0); /* pages and archives may hold NULs */
    }
    free(bytes);
}

/* Files that are hostile by themselves, and what is said of them; NULL: they are read. */
static void by_themselves(struct tap *tap)
{
#define HEAD "WARC/1.0\r\nWARC-Type: resource\r\nContent-Type: text/plain\r\nContent-Length: "
#define HTTP "WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http\r\nContent-Length: "

    static const struct {
        const char *by, *text, *error;
    } rows[] = {
        {"warc", HEAD "99999999999999999999999\r\n\r\nab\r\n\r\n", "Content-Length"},
        {"warc", HEAD "-1\r\n\r\nab\r\n\r\n", "Content-Length"},
        {"warc", HEAD "18446744073709551615\r\n\r\nab\r\n\r\n", ""},
        {"warc", HEAD "5000\r\n\r\nab\r\n\r\n", "cut off"},
        {"warc", HEAD "1\r\n\r\nab\r\n\r\n", "record"},
        {"warc", "WARC/1.0\r\nno colon\r\n\r\n", ""},
        {"warc",
         HTTP
         "60\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFF\r\nabc\r\n\r\n",
         ""},
        {"jsonl", "{\"text\":\"a", ""},
        {"jsonl", "{\"text\":1e99999}\n", "number"},
        {"jsonl", "[[[[[[{\"text\":\"a\"}", ""},
        {"jsonl", "{\"text\":\"a\"}}\n", ""},
        {"csv", "text,text\na,b\n", NULL},
        {"csv", "id,text\n1,\"never closed\n", ""},
        {"csv", "id,text\n1,2,3\n", ""},
        {"html", "<html><body><p>", NULL},
        {"html", "<!DOCTYPE x [<!ENTITY a \"&b;&b;\"><!ENTITY b \"&a;&a;\">]><p>&a;</p>", NULL},
        {"auto", "\x89PNG\r\n\x1A\n\0\0\0\rIHDR", "PNG"},
        {"auto", "PK\x03\x04 a zip that was not unpacked", "zip"},
        {"file", "\x1F\x8B\x08 a gzip that was not unpacked", "gzip"},
        {"file", "PAR1 and so on, PAR1", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        struct lm_buf text;
        lm_buf_init(&text, 0);
        fixture_open(&f);
        lm_buf_puts(&text, rows[i].text);
        const char *error = run_file(&f, rows[i].by, &text);
        printf("# %s: %s\n", rows[i].by, error);
        CHECK(is_clear(error));
        CHECK((error[0] != '\0') == (rows[i].error != NULL));
        CHECK_HAS(error, rows[i].error != NULL ? rows[i].error : "");
        lm_buf_release(&text);
        fixture_close(&f);
    }
}

/* A text of the size, with `wrong` bytes that its encoding does not have. */
static const char *text_with(struct fixture *f, size_t size, size_t wrong, char byte)
{
    char *text = lm_arena_alloc(f->arena, size + 1);
    for (size_t i = 0; i < size; i++)
        text[i] = i < wrong ? byte : i % 8 == 7 ? ' ' : 'a';
    text[size] = '\0';
    return text;
}

/* What pages and records say they are encoded in, they may not be: counted over their file, whose
 * share decides. */
static void not_what_they_say(struct tap *tap)
{
    static const struct {
        const char *by, *mime, *invalid;
        size_t wrong; /* of 1,000 in one of two records, the second */
        char byte;
        const char *error, *share; /* "": none; in the card, NULL: not asked */
        const char *dropped;
    } rows[] = {
        {"warc", "text/plain", "replace", 0, 'x', "", "\"replaced_bytes\": 0,", ""},
        {"warc", "text/plain", "replace", 30, '\xFF', "", "\"replaced_bytes\": 30,", ""},
        {"warc", "text/plain; charset=shift_jis", "replace", 30, '\xFF', "",
         "\"replaced_bytes\": 30,", ""},
        {"warc", "text/plain; charset=shift_jis", "reject", 30, '\xFF', "",
         "\"replaced_bytes\": 0,", "\"rule\": \"invalid\""},
        {"warc", "text/plain", "reject", 30, '\xFF', "", "\"replaced_bytes\": 0,",
         "\"rule\": \"invalid\""},
        {"warc", "text/html", "replace", 30, '\xFF', "", "\"replaced_bytes\": 30,", ""},
        {"warc", "text/plain", "cp1252", 300, '\xE9', "", "\"replaced_bytes\": 0,", ""},
        {"warc", "text/plain", "replace", 300, '\xFF', "record 2", NULL, ""},
        {"warc", "text/plain; charset=euc-kr", "replace", 300, '\xFF', "record 2", NULL, ""},
        {"html", "", "replace", 60, '\xFF', "", "\"replaced_bytes\": 60,", ""},
        {"html", "", "replace", 600, '\xFF', "its only page", NULL, ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        struct lm_buf file;
        lm_buf_init(&file, 0);
        fixture_open(&f);
        f.params.invalid = rows[i].invalid;
        for (size_t k = 0; k < 2 && rows[i].by[0] == 'w'; k++)
            lm_buf_printf(&file,
                          "WARC/1.0\r\nWARC-Type: resource\r\nContent-Type: %s\r\nContent-Length: "
                          "1000\r\n\r\n%s\r\n\r\n",
                          rows[i].mime,
                          text_with(&f, 1000, k == 1 ? rows[i].wrong : 0, rows[i].byte));
        if (rows[i].by[0] == 'h')
            lm_buf_printf(&file, "<html><p>%s</p></html>",
                          text_with(&f, 2000, rows[i].wrong, rows[i].byte));
        const char *error = run_file(&f, rows[i].by, &file);
        CHECK((error[0] != '\0') == (rows[i].error[0] != '\0'));
        CHECK_HAS(error, rows[i].error);
        CHECK_HAS(output(&f, "card"), rows[i].share != NULL ? rows[i].share : "");
        CHECK_HAS(output(&f, "card"), rows[i].dropped);
        lm_buf_release(&file);
        fixture_close(&f);
    }
}

static const struct tap_test tests[] = {TAP_ROW(in_the_middle) TAP_ROW(by_themselves)
                                            TAP_ROW(not_what_they_say)};

LM_TEST_FILE(tests)
