#include <stdint.h>
#include <unistd.h>

#include <lmpipe/arena.h>
#include <lmpipe/hash.h>

#include "base/io.h"
#include "data/jsonl.h"
#include "tap.h"

static const char path[] = "test_jsonl.tmp.jsonl";

#define ID "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" /* of "abc" */

static enum lm_status read_text(const char *text, size_t size, struct lm_err *err)
{
    struct lm_jsonl_reader *reader = NULL;
    struct lm_jsonl_document document;
    bool is_end = false;
    enum lm_status status = lm_file_write(path, text, size, err);
    if (status == LM_OK)
        status = lm_jsonl_open(&reader, path, err);
    while (status == LM_OK && !is_end)
        status = lm_jsonl_next(reader, &document, &is_end, err);
    lm_jsonl_close(reader);
    unlink(path);
    return status;
}

/* Documents of growing size over the whole byte range that UTF-8 allows. */
static size_t fill(uint8_t *text, size_t i)
{
    static const char *const pool[] = {"a", "\"", "\\", "\n", "\t", "\r", "\x01",          "\x7f",
                                       "é", "中", "😀",  "/",  "{",  "}",  "<|endoftext|>", " "};
    size_t size = 0;
    uint64_t state = i;
    if (i % 7 == 0)
        text[size++] = 0;
    for (size_t k = 0; k < i * 11 % 5000; k++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const char *piece = pool[state >> 60];
        memcpy(text + size, piece, strlen(piece));
        size += strlen(piece);
    }
    return size;
}

static void test_round_trip(struct tap *tap)
{
    enum { COUNT = 1500 };

    static uint8_t text[100000];
    struct lm_err err = {0};
    struct lm_jsonl_writer *writer = NULL;
    REQUIRE(lm_jsonl_create(&writer, path, &err) == LM_OK);
    for (size_t i = 0; i < COUNT; i++)
        CHECK(lm_jsonl_put(writer, text, fill(text, i), &err) == LM_OK);
    CHECK(lm_jsonl_finish(writer, &err) == LM_OK);
    struct lm_jsonl_reader *reader = NULL;
    REQUIRE(lm_jsonl_open(&reader, path, &err) == LM_OK);
    struct lm_jsonl_document document;
    bool is_end = false;
    for (size_t i = 0; i < COUNT; i++) {
        if (lm_jsonl_next(reader, &document, &is_end, &err) != LM_OK)
            printf("# %s\n", err.text);
        REQUIRE(!is_end);
        size_t size = fill(text, i);
        struct lm_digest digest;
        lm_sha256_bytes(&digest, text, size);
        CHECK_INT(document.size, size);
        CHECK(memcmp(document.text, text, size) == 0);
        CHECK(lm_digest_compare(&digest, &document.id) == 0);
        CHECK_INT(document.line, i + 1);
    }
    CHECK(lm_jsonl_next(reader, &document, &is_end, &err) == LM_OK && is_end);
    lm_jsonl_close(reader);
    unlink(path);
}

static void test_long_line(struct tap *tap)
{
    size_t size = (size_t)5 << 20;
    uint8_t *text = malloc(size);
    REQUIRE(text != NULL);
    memset(text, '\n', size); /* doubles when escaped */
    struct lm_jsonl_writer *writer = NULL;
    struct lm_jsonl_reader *reader = NULL;
    struct lm_jsonl_document document = {0};
    bool is_end;
    REQUIRE(lm_jsonl_create(&writer, path, NULL) == LM_OK);
    CHECK(lm_jsonl_put(writer, text, size, NULL) == LM_OK);
    CHECK(lm_jsonl_finish(writer, NULL) == LM_OK);
    REQUIRE(lm_jsonl_open(&reader, path, NULL) == LM_OK);
    CHECK(lm_jsonl_next(reader, &document, &is_end, NULL) == LM_OK);
    CHECK_INT(document.size, size);
    CHECK(document.size == size && memcmp(document.text, text, size) == 0);
    lm_jsonl_close(reader);
    unlink(path);
    free(text);
}

static void test_bytes(struct tap *tap)
{
    struct lm_jsonl_writer *writer = NULL;
    REQUIRE(lm_jsonl_create(&writer, path, NULL) == LM_OK);
    CHECK(lm_jsonl_put(writer, "abc", 3, NULL) == LM_OK);
    CHECK(lm_jsonl_finish(writer, NULL) == LM_OK);
    struct lm_arena *arena = lm_arena_create();
    char *text = NULL;
    CHECK(lm_file_read(&text, NULL, arena, path, 1000, NULL) == LM_OK);
    CHECK_STR(text, "{\"id\":\"" ID "\",\"text\":\"abc\"}\n");
    lm_arena_free(arena);
    unlink(path);
}

static void test_errors(struct tap *tap)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"{\"id\":\"" ID "\",\"text\":\"abc\"}", ":1:87: the last line has no newline"},
        {"\n", ":1:1: a line must start with"},
        {"{\"id\":\"" ID "\",\"text\":\"abc\"}\n{}\n", ":2:1: a line must start with"},
        {"{\"id\":\"12\",\"text\":\"abc\"}\n", ":1:8: line too short"},
        {"{\"id\":\"x" ID "\",\"text\":\"abc\"}\n", ":1:8: id is not 64 hex digits"},
        {"{\"id\":\"" ID "\", \"text\":\"abc\"}\n", ":1:72: the id must be followed by"},
        {"{\"id\":\"" ID "\",\"text\":\"abc\"\n", ":1:86: a line must end with"},
        {"{\"id\":\"" ID "\",\"text\":\"ab\\\"}\n", ":1:84: bad escape"},
        {"{\"id\":\"" ID "\",\"text\":\"a\\ud800x\"}\n", ":1:83: bad escape"},
        {"{\"id\":\"" ID "\",\"text\":\"a\\u12g4\"}\n", ":1:83: bad escape"},
        {"{\"id\":\"" ID "\",\"text\":\"a\"b\"}\n", ":1:83: quote inside the text"},
        {"{\"id\":\"" ID "\",\"text\":\"a\tb\"}\n", ":1:83: control character in the text"},
        {"{\"id\":\"" ID "\",\"text\":\"a\xC3\"}\n", ":1:83: ill-formed UTF-8"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_err err = {0};
        CHECK_INT(read_text(rows[i].text, strlen(rows[i].text), &err), LM_FORMAT);
        if (strstr(err.text, rows[i].message) == NULL) {
            tap->failed++;
            printf("# row %zu: %s\n", i, err.text);
        }
    }
    CHECK(read_text("", 0, NULL) == LM_OK);
    struct lm_jsonl_reader *reader = NULL;
    CHECK_INT(lm_jsonl_open(&reader, "no/such/file", NULL), LM_NOT_FOUND);
    struct lm_jsonl_writer *writer = NULL;
    REQUIRE(lm_jsonl_create(&writer, path, NULL) == LM_OK);
    CHECK_INT(lm_jsonl_put(writer, "\xFF", 1, NULL), LM_FORMAT);
    lm_jsonl_abandon(writer);
    unlink(path);
}

/* Any cut or changed byte gives a document or a message, never a crash. */
static void test_damage(struct tap *tap)
{
    static const char good[] = "{\"id\":\"" ID "\",\"text\":\"a\\u00e9\\ud83d\\ude00\\n\"}\n";
    char bad[sizeof good];
    size_t accepted = 0;
    for (size_t i = 0; i + 1 < sizeof good; i++)
        for (int c = 0; c < 256; c += 9) {
            memcpy(bad, good, sizeof good);
            bad[i] = (char)c;
            struct lm_err err = {0};
            enum lm_status status = read_text(bad, sizeof good - 1, &err);
            CHECK(status == LM_OK || status == LM_FORMAT);
            accepted += status == LM_OK;
        }
    CHECK(accepted > 0 && accepted < 29 * sizeof good);
    for (size_t i = 1; i + 1 < sizeof good; i++)
        CHECK_INT(read_text(good, i, NULL), LM_FORMAT);
}

/* Takes all lines of a block apart; true when documents `*next`, … are what fill() makes. */
static bool are_documents(char *data, size_t size, size_t *next, struct lm_err *err)
{
    static uint8_t want[100000];
    struct lm_jsonl_document got;
    for (char *line = data, *end = data + size, *newline; line < end; line = newline + 1) {
        newline = memchr(line, '\n', (size_t)(end - line));
        size_t length = fill(want, *next);
        ++*next;
        if (newline == NULL ||
            lm_jsonl_parse(&got, line, (size_t)(newline - line), path, *next, err) != LM_OK ||
            got.line != *next || got.size != length || memcmp(got.text, want, length) != 0)
            return false;
    }
    return true;
}

/* Blocks of whole lines, however large: the same documents. */
static void test_lines(struct tap *tap)
{
    enum { COUNT = 700 };

    static const size_t goals[] = {1, 100, 5000, 300000, 1 << 30};
    static uint8_t text[100000];
    struct lm_err err = {0};
    struct lm_jsonl_writer *writer = NULL;
    REQUIRE(lm_jsonl_create(&writer, path, &err) == LM_OK);
    for (size_t i = 0; i < COUNT; i++)
        CHECK(lm_jsonl_put(writer, text, fill(text, i), &err) == LM_OK);
    CHECK(lm_jsonl_finish(writer, &err) == LM_OK);
    for (size_t i = 0; i < sizeof goals / sizeof goals[0]; i++) {
        struct lm_jsonl_reader *reader = NULL;
        struct lm_buf lines;
        size_t next = 0;
        bool is_end = false, is_good = true;
        lm_buf_init(&lines, 0);
        REQUIRE(lm_jsonl_open(&reader, path, &err) == LM_OK);
        while (is_good && !is_end) {
            lm_buf_clear(&lines);
            is_good = lm_jsonl_lines(reader, &lines, goals[i], &is_end, &err) == LM_OK &&
                      are_documents(lines.data, lines.size, &next, &err);
            CHECK_INT(lm_jsonl_line(reader), next);
        }
        CHECK(is_good && next == COUNT);
        lm_jsonl_close(reader);
        lm_buf_release(&lines);
    }
    unlink(path);
}

/* A line without its newline is an error with its number, and no line is given for it. */
static void test_cut_lines(struct tap *tap)
{
    static const char cut[] = "one\ntwo\nthree";
    struct lm_jsonl_reader *reader = NULL;
    struct lm_err err = {0};
    struct lm_buf lines;
    bool is_end = false;
    lm_buf_init(&lines, 0);
    REQUIRE(lm_file_write(path, cut, sizeof cut - 1, &err) == LM_OK);
    REQUIRE(lm_jsonl_open(&reader, path, &err) == LM_OK);
    CHECK_INT(lm_jsonl_lines(reader, &lines, 1000, &is_end, &err), LM_FORMAT);
    CHECK(strstr(err.text, "jsonl:3:6: the last line has no newline") != NULL);
    CHECK_STR(lines.data, "one\ntwo\n");
    lm_jsonl_close(reader);
    lm_buf_release(&lines);
    unlink(path);
}

/* What must be escaped, at every place of the eight bytes that are looked at together. */
static void test_plain_runs(struct tap *tap)
{
    static const char *const wrong[] = {"\x1f", "\""};
    struct lm_jsonl_document document;
    char line[300], text[128];
    for (size_t length = 0; length < 37; length++)
        for (size_t at = 0; at <= length; at++) {
            snprintf(text, sizeof text, "%.*s\\n%.*s", (int)at,
                     "0123456789012345678901234567890123456789", (int)(length - at),
                     "\x7f!#[]~ \x7f!#[]~ \x7f!#[]~ \x7f!#[]~ \x7f!#[]~ \x7f!");
            snprintf(line, sizeof line, "{\"id\":\"" ID "\",\"text\":\"%s\"}", text);
            CHECK(lm_jsonl_parse(&document, line, strlen(line), "x", 1, NULL) == LM_OK);
            text[at] = '\n';
            memmove(text + at + 1, text + at + 2, length - at + 1);
            CHECK_INT(document.size, length + 1);
            CHECK_STR((const char *)document.text, text);
            for (size_t k = 0; k < 2; k++) {
                struct lm_err err = {0};
                char want[40];
                text[at] = wrong[k][0];
                snprintf(line, sizeof line, "{\"id\":\"" ID "\",\"text\":\"%s\"}", text);
                CHECK_INT(lm_jsonl_parse(&document, line, strlen(line), "x", 7, &err), LM_FORMAT);
                snprintf(want, sizeof want, "x:7:%zu: ", sizeof "{'id':'" ID "','text':'" + at);
                CHECK(strncmp(err.text, want, strlen(want)) == 0);
            }
        }
}

static const struct tap_test tests[] = {
    TAP_ROW(test_round_trip) TAP_ROW(test_long_line) TAP_ROW(test_bytes) TAP_ROW(test_errors)
        TAP_ROW(test_damage) TAP_ROW(test_lines) TAP_ROW(test_cut_lines) TAP_ROW(test_plain_runs)};
LM_TEST_MAIN(tests)
