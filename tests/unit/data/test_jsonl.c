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

/* The same by blocks. */
static enum lm_status read_blocks(const char *text, size_t size, size_t bytes, struct lm_err *err)
{
    struct lm_jsonl_reader *reader = NULL;
    struct lm_jsonl_block block = {0};
    struct lm_jsonl_document document;
    enum lm_status status = lm_file_write(path, text, size, err);
    if (status == LM_OK)
        status = lm_jsonl_open(&reader, path, err);
    do {
        bool is_end = false;
        if (status == LM_OK)
            status = lm_jsonl_read_block(reader, &block, bytes, err);
        while (status == LM_OK && !is_end)
            status = lm_jsonl_block_next(&block, &document, &is_end, err);
    } while (status == LM_OK && block.size > 0);
    lm_jsonl_block_release(&block);
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

enum { COUNT = 1500 };

static void check_document(struct tap *tap, const struct lm_jsonl_document *document, size_t i)
{
    static uint8_t text[100000];
    size_t size = fill(text, i);
    struct lm_digest digest;
    lm_sha256_bytes(&digest, text, size);
    CHECK_INT(document->size, size);
    CHECK(memcmp(document->text, text, size) == 0);
    CHECK(document->text[document->size] == 0);
    CHECK(lm_digest_compare(&digest, &document->id) == 0);
    CHECK_INT(document->line, i + 1);
}

/* All documents by blocks of about `bytes`, two of them at a time, after `singly` others. */
static void check_blocks(struct tap *tap, size_t bytes, size_t singly)
{
    struct lm_jsonl_reader *reader = NULL;
    struct lm_jsonl_block blocks[2] = {{0}, {0}};
    struct lm_jsonl_document document;
    size_t seen = 0;
    bool is_end = false;
    REQUIRE(lm_jsonl_open(&reader, path, NULL) == LM_OK);
    for (; seen < singly; seen++) {
        CHECK_INT(lm_jsonl_next(reader, &document, &is_end, NULL), LM_OK);
        check_document(tap, &document, seen);
    }
    do {
        for (size_t i = 0; i < 2; i++)
            REQUIRE(lm_jsonl_read_block(reader, &blocks[i], bytes, NULL) == LM_OK);
        for (size_t i = 0; i < 2; i++)
            while (lm_jsonl_block_next(&blocks[i], &document, &is_end, NULL) == LM_OK && !is_end)
                check_document(tap, &document, seen++);
    } while (blocks[0].size > 0);
    CHECK_INT(seen, COUNT);
    for (size_t i = 0; i < 2; i++)
        lm_jsonl_block_release(&blocks[i]);
    lm_jsonl_close(reader);
}

static void test_round_trip(struct tap *tap)
{
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
        check_document(tap, &document, i);
    }
    CHECK(lm_jsonl_next(reader, &document, &is_end, &err) == LM_OK && is_end);
    lm_jsonl_close(reader);
    check_blocks(tap, 1, 0);
    check_blocks(tap, 5000, 7);
    check_blocks(tap, 1 << 20, COUNT - 1);
    check_blocks(tap, 16 << 20, 0);
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
    struct lm_jsonl_block block = {0};
    REQUIRE(lm_jsonl_open(&reader, path, NULL) == LM_OK);
    CHECK_INT(lm_jsonl_read_block(reader, &block, 100, NULL), LM_OK);
    CHECK_INT(lm_jsonl_block_next(&block, &document, &is_end, NULL), LM_OK);
    CHECK(document.size == size && memcmp(document.text, text, size) == 0);
    lm_jsonl_block_release(&block);
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
        for (size_t bytes = 1; bytes < 1000; bytes *= 7) {
            struct lm_err again = {0};
            CHECK_INT(read_blocks(rows[i].text, strlen(rows[i].text), bytes, &again), LM_FORMAT);
            CHECK_STR(again.text, err.text);
        }
    }
    CHECK(read_blocks("", 0, 100, NULL) == LM_OK);
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
            CHECK_INT(read_blocks(bad, sizeof good - 1, 64, NULL), status);
            accepted += status == LM_OK;
        }
    CHECK(accepted > 0 && accepted < 29 * sizeof good);
    for (size_t i = 1; i + 1 < sizeof good; i++)
        CHECK_INT(read_text(good, i, NULL), LM_FORMAT);
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

static const struct tap_test tests[] = {TAP_ROW(test_round_trip) TAP_ROW(test_long_line) TAP_ROW(
    test_bytes) TAP_ROW(test_errors) TAP_ROW(test_damage) TAP_ROW(test_plain_runs)};
LM_TEST_FILE(tests)
