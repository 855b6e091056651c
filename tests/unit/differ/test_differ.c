#include "differ/differ.h"

#include <unistd.h>

#include "base/io.h"
#include "data/tokens_lmdb.h"
#include "tap.h"

struct fixture {
    char root[64], a[100], b[100];
    struct lm_differ out;
    bool differs;
    struct lm_err err;
};

static void setup(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    snprintf(f->root, sizeof f->root, "/tmp/lmpipe-test-differ-XXXXXX");
    if (mkdtemp(f->root) == NULL)
        abort();
    snprintf(f->a, sizeof f->a, "%s/a", f->root);
    snprintf(f->b, sizeof f->b, "%s/b", f->root);
}

static void teardown(struct fixture *f)
{
    lm_dir_remove(f->root, NULL);
}

static enum lm_status compare_bytes(struct fixture *f, const void *a, size_t x, const void *b,
                                    size_t y)
{
    if (lm_file_write(f->a, a, x, NULL) != LM_OK || lm_file_write(f->b, b, y, NULL) != LM_OK)
        abort();
    return lm_differ_files(&f->out, &f->differs, f->a, f->b, &f->err);
}

static enum lm_status compare_texts(struct fixture *f, const char *a, const char *b)
{
    return compare_bytes(f, a, strlen(a), b, strlen(b));
}

/* ---- texts, JSON, JSON lines: a table ---- */

static const struct {
    const char *a, *b, *place, *stored, *now;
} texts[] = {
    {"one\ntwo\n", "one\ntwx\n", "line 2, column 3", "two", "twx"},
    {"one\ntwo\n", "one\n", "line 2", "two", "the end of the file"},
    {"", "x\n", "line 1", "the end of the file", "x"},
    {"one", "one\n", "byte 3", "the end of the file", "0x0a"},
    {"a\tb\n", "a b\n", "byte 1", "0x09", "0x20"},
    {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\xa4", "line 1, column 4", "gr\xc3\xbc\xc3\x9f",
     "gr\xc3\xbc\xc3\xa4"},
    {"a\x01\x1b[31m1\n", "a\x01\x1b[31m2\n", "line 1, column 8", "a  [31m1", "a  [31m2"},
    {"{\"a\": 1, \"b\": {\"c\": [1, 2, 3]}}\n", "{\"a\": 1, \"b\": {\"c\": [1, 2, 4]}}\n", "b.c[2]",
     "3", "4"},
    {"{\"a\": 0.1}", "{\"a\": 0.2}", "a", "0.1", "0.2"},
    {"{\"a\": 1}", "{\"a\": 1.5}", "a", "1", "1.5"},
    {"{\"a\": true}", "{\"a\": null}", "a", "true", "null"},
    {"{\"a\": 1}", "{\"a\": 1.0}", "line 1, column 8", "{\"a\": 1}", "{\"a\": 1.0}"},
    {"{\"a\": \"x\\u0001y\"}", "{\"a\": \"x\\u0002y\"}", "line 1, column 14",
     "{\"a\": \"x\\u0001y\"}", "{\"a\": \"x\\u0002y\"}"},
    {"{\"a\": \"x\"}", "{\"a\": [1]}", "a", "x", "a list of 1"},
    {"{\"a\": 1}", "{\"b\": 1}", "a", "1", "absent"},
    {"{\"a\": 1}", "{\"a\": 1, \"odd key\": {}}", "[\"odd key\"]", "absent", "a mapping of 0"},
    {"[1, 2]", "[1, 2, 3]", "[2]", "absent", "3"},
    {"{\"a\": 1,\n \"b\": 2}", "{\"b\": 2,\n \"a\": 1}", "line 1, column 3", "{\"a\": 1,",
     "{\"b\": 2,"}, /* the same values in other bytes */
    {"{\"step\": 1, \"loss\": 2.5}\n{\"step\": 2, \"loss\": 2.25}\n",
     "{\"step\": 1, \"loss\": 2.5}\n{\"step\": 2, \"loss\": 2.125}\n", "line 2, loss", "2.25",
     "2.125"},
    {"{\"a\": 1}\n{\"a\": 2}\n", "{\"a\": 1}\n", "line 2", "{\"a\": 2}", "the end of the file"},
    {"{\"a\": 1}\n{\"a\": 2}\n", "{\"a\": 1}\n{\"a\":", "line 2, column 6", "{\"a\": 2}",
     "{\"a\":"},
    {"{\"a\": [1, {\"b\": \"x\"}]}\n{}\n", "{\"a\": [1, {\"b\": \"y\"}]}\n{}\n", "line 1, a[1].b",
     "x", "y"},
};

static void test_texts(struct tap *tap)
{
    struct fixture f;
    setup(&f);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        REQUIRE(compare_texts(&f, texts[i].a, texts[i].b) == LM_OK);
        CHECK(f.differs);
        CHECK_STR(f.out.place, texts[i].place);
        CHECK_STR(f.out.stored, texts[i].stored);
        CHECK_STR(f.out.now, texts[i].now);
    }
    teardown(&f);
}

static void test_equal(struct tap *tap)
{
    struct fixture f;
    setup(&f);
    REQUIRE(compare_texts(&f, "", "") == LM_OK);
    CHECK(!f.differs);
    char *large = malloc(3 << 20);
    REQUIRE(large != NULL);
    memset(large, 'x', 3 << 20);
    REQUIRE(compare_bytes(&f, large, 3 << 20, large, 3 << 20) == LM_OK);
    CHECK(!f.differs);
    /* beyond the first MiB, and in a line of which only a part is shown */
    char *other = malloc(3 << 20);
    REQUIRE(other != NULL);
    memcpy(other, large, 3 << 20);
    other[(2 << 20) + 5] = 'y';
    REQUIRE(compare_bytes(&f, large, 3 << 20, other, 3 << 20) == LM_OK);
    CHECK_STR(f.out.place, "line 1, column 2097158");
    CHECK(strncmp(f.out.now, "…xxxxxxxxxxxxxxxxxxxxxxxxyxx", 29) == 0);
    free(large);
    free(other);
    teardown(&f);
}

static void test_long_strings(struct tap *tap)
{
    char a[3000], b[3000];
    struct fixture f;
    setup(&f);
    memset(a, 'z', sizeof a);
    memcpy(a, "{\"text\": \"", 10);
    memcpy(a + sizeof a - 3, "\"}", 3);
    memcpy(b, a, sizeof a);
    b[2000] = '!';
    REQUIRE(compare_texts(&f, a, b) == LM_OK);
    CHECK_STR(f.out.place, "text");
    CHECK(strstr(f.out.now, "zz!zz") != NULL);
    CHECK(strlen(f.out.now) < 100);
    teardown(&f);
}

static void test_bytes(struct tap *tap)
{
    struct fixture f;
    setup(&f);
    REQUIRE(compare_bytes(&f, "ab\0cd", 5, "ab\0ce", 5) == LM_OK);
    CHECK_STR(f.out.place, "byte 4");
    CHECK_STR(f.out.stored, "0x64");
    CHECK_STR(f.out.now, "0x65");
    REQUIRE(compare_bytes(&f, "\xff\xfe", 2, "\xff", 1) == LM_OK);
    CHECK_STR(f.out.place, "byte 1");
    CHECK_STR(f.out.now, "the end of the file");
    teardown(&f);
}

static void test_no_file(struct tap *tap)
{
    struct fixture f;
    setup(&f);
    CHECK_INT(lm_differ_files(&f.out, &f.differs, f.a, f.b, &f.err), LM_NOT_FOUND);
    CHECK_INT(lm_differ_files(&f.out, &f.differs, f.root, f.root, &f.err), LM_IO);
    teardown(&f);
}

/* ---- safetensors ---- */

/** A file of a header and values; returns its size. */
static size_t tensors(char *out, const char *header, const void *data, size_t size)
{
    uint64_t length = strlen(header);
    for (int i = 0; i < 8; i++)
        out[i] = (char)(length >> (8 * i));
    memcpy(out + 8, header, length);
    memcpy(out + 8 + length, data, size);
    return 8 + length + size;
}

#define TWO                                                                                        \
    "{\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"                          \
    "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[24,32]}}"

static void test_tensors(struct tap *tap)
{
    char a[1000], b[1000];
    float x[8] = {1, 2, 3, 4, 5, 6, 7, 8}, y[8];
    struct fixture f;
    setup(&f);
    memcpy(y, x, sizeof x);
    y[5] = 6.1f;
    y[7] = 0;
    size_t n = tensors(a, TWO, x, sizeof x), m = tensors(b, TWO, y, sizeof y);
    REQUIRE(compare_bytes(&f, a, n, b, m) == LM_OK);
    CHECK_STR(f.out.place, "tensor w[1, 2]");
    CHECK_STR(f.out.stored, "6");
    CHECK_STR(f.out.now, "6.1");
    y[5] = 6;
    m = tensors(b, TWO, y, sizeof y);
    REQUIRE(compare_bytes(&f, a, n, b, m) == LM_OK);
    CHECK_STR(f.out.place, "tensor b[1]");
    /* values that are written alike */
    uint32_t nans[2] = {0x7fc00000, 0x7fc00001};
    memcpy(&x[0], &nans[0], 4);
    memcpy(&y[0], &nans[1], 4);
    n = tensors(a, TWO, x, sizeof x);
    m = tensors(b, TWO, y, sizeof y);
    REQUIRE(compare_bytes(&f, a, n, b, m) == LM_OK);
    CHECK_STR(f.out.place, "tensor w[0, 0]");
    CHECK_STR(f.out.stored, "nan (0x7fc00000)");
    CHECK_STR(f.out.now, "nan (0x7fc00001)");
    /* another shape, another name, one more, a cut file */
    m = tensors(b,
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[0,24]},"
                "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[24,32]}}",
                x, sizeof x);
    REQUIRE(compare_bytes(&f, a, n, b, m) == LM_OK);
    CHECK_STR(f.out.place, "tensor w");
    CHECK_STR(f.out.stored, "f32 [2, 3]");
    CHECK_STR(f.out.now, "f32 [3, 2]");
    m = tensors(b, "{\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}", x, 24);
    REQUIRE(compare_bytes(&f, a, n, b, m) == LM_OK);
    CHECK_STR(f.out.place, "tensor b");
    CHECK_STR(f.out.now, "absent");
    REQUIRE(compare_bytes(&f, b, m, a, n) == LM_OK);
    CHECK_STR(f.out.stored, "absent");
    REQUIRE(compare_bytes(&f, a, n, a, n - 1) == LM_OK);
    CHECK(strncmp(f.out.place, "byte ", 5) == 0);
    CHECK_STR(f.out.now, "the end of the file");
    teardown(&f);
}

static void test_other_types(struct tap *tap)
{
    char a[300], b[300];
    static const char half[] = "{\"h\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}";
    static const char whole[] = "{\"i\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]}}";
    struct fixture f;
    setup(&f);
    size_t n = tensors(a, half, "\x00\x3c\x00\x3c", 4), m = tensors(b, half, "\x00\x3c\x00\x40", 4);
    REQUIRE(compare_bytes(&f, a, n, b, m) == LM_OK);
    CHECK_STR(f.out.place, "tensor h[1]");
    CHECK_STR(f.out.stored, "1");
    CHECK_STR(f.out.now, "2");
    n = tensors(a, whole, "\1\0\0\0\0\0\0\0", 8);
    m = tensors(b, whole, "\1\2\0\0\0\0\0\0", 8);
    REQUIRE(compare_bytes(&f, a, n, b, m) == LM_OK);
    CHECK_STR(f.out.place, "tensor i");
    CHECK_STR(f.out.stored, "0x0000000000000001");
    CHECK_STR(f.out.now, "0x0000000000000201");
    teardown(&f);
}

/** Every cut and every flipped byte of a sound file against it: always a difference, never more. */
static void check_hostile(struct tap *tap, struct fixture *f, const char *sound, size_t size)
{
    char *bad = malloc(size);
    REQUIRE(bad != NULL);
    size_t step = size / 150 + 1;
    for (size_t i = 0; i < size; i += step) {
        CHECK(compare_bytes(f, sound, size, sound, i) == LM_OK && f->differs);
        memcpy(bad, sound, size);
        bad[i] = (char)(bad[i] ^ 0x5a);
        CHECK(compare_bytes(f, sound, size, bad, size) == LM_OK && f->differs);
        CHECK(f->out.place[0] != '\0' && strcmp(f->out.stored, f->out.now) != 0);
        CHECK(compare_bytes(f, bad, size, sound, size) == LM_OK && f->differs);
    }
    free(bad);
}

static void test_hostile(struct tap *tap)
{
    char a[1000];
    float x[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct fixture f;
    setup(&f);
    size_t n = tensors(a, TWO, x, sizeof x);
    check_hostile(tap, &f, a, n);
    static const char lines[] = "{\"a\": [1, 2], \"b\": \"\\u00fc\"}\n{\"a\": 0.5}\n";
    check_hostile(tap, &f, lines, sizeof lines - 1);
    /* nested deeper than any of ours */
    char *deep = malloc(200001);
    REQUIRE(deep != NULL);
    memset(deep, '[', 200000);
    deep[200000] = '1';
    CHECK(compare_bytes(&f, deep, 200000, deep, 200001) == LM_OK && f.differs);
    free(deep);
    teardown(&f);
}

/* ---- LMDB ---- */

/** Rows "a", "b" … of `size` bytes; `odd` (or 0) gets another byte at its end. */
static void write_rows(const char *path, int count, size_t size, char odd)
{
    struct lm_rows_writer *writer = NULL;
    unlink(path);
    if (lm_rows_create(&writer, path, NULL) != LM_OK)
        abort();
    for (int i = 0; i < count; i++) {
        char key = (char)('a' + i);
        uint8_t *value = NULL;
        if (lm_rows_reserve(&value, writer, &key, 1, size, NULL) != LM_OK)
            abort();
        memset(value, key, size);
        value[size - 1] = key == odd ? '!' : (uint8_t)key;
        if (lm_rows_commit(writer, NULL) != LM_OK)
            abort();
    }
    if (lm_rows_finish(writer, NULL) != LM_OK)
        abort();
}

static void test_rows(struct tap *tap)
{
    struct fixture f;
    char *text = NULL;
    size_t size = 0;
    struct lm_arena *arena = lm_arena_create();
    setup(&f);
    write_rows(f.a, 5, 3000, 0);
    write_rows(f.b, 5, 3000, 'd');
    REQUIRE(lm_differ_files(&f.out, &f.differs, f.a, f.b, &f.err) == LM_OK && f.differs);
    CHECK_STR(f.out.place, "key 64, byte 2999");
    CHECK_STR(f.out.stored, "0x64");
    CHECK_STR(f.out.now, "0x21");
    write_rows(f.b, 4, 3000, 0);
    REQUIRE(lm_differ_files(&f.out, &f.differs, f.a, f.b, &f.err) == LM_OK && f.differs);
    CHECK_STR(f.out.place, "key 65");
    CHECK_STR(f.out.stored, "3000 bytes");
    CHECK_STR(f.out.now, "absent");
    /* cut, and damaged anywhere */
    REQUIRE(lm_file_read(&text, &size, arena, f.a, 1 << 24, NULL) == LM_OK);
    check_hostile(tap, &f, text, size);
    lm_arena_free(arena);
    teardown(&f);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_texts) TAP_ROW(test_equal) TAP_ROW(test_long_strings) TAP_ROW(test_bytes)
        TAP_ROW(test_no_file) TAP_ROW(test_tensors) TAP_ROW(test_other_types) TAP_ROW(test_hostile)
            TAP_ROW(test_rows)};
LM_TEST_FILE(tests)
