/* GGUF files made by hand: every type is read, and every way a header can lie is refused. */
#include "gguf_bytes.h"

#include <lmpipe/arena.h>

#include <math.h>

#include "tests/tap.h"

/* ---- what is right ---- */

static void put_numbers(struct lm_buf *out)
{
    static const struct {
        const char *key;
        uint32_t type;
        size_t size;
        uint64_t bits;
    } rows[] = {
        {"u8", LM_GGUF_U8, 1, 0xFF},
        {"i8", LM_GGUF_I8, 1, 0xFF},
        {"u16", LM_GGUF_U16, 2, 0xFFFE},
        {"i16", LM_GGUF_I16, 2, 0xFFFE},
        {"u32", LM_GGUF_U32, 4, 0xFFFFFFFD},
        {"i32", LM_GGUF_I32, 4, 0xFFFFFFFD},
        {"u64", LM_GGUF_U64, 8, 1},
        {"i64", LM_GGUF_I64, 8, UINT64_MAX},
        {"too large", LM_GGUF_U64, 8, UINT64_MAX},
        {"f32", LM_GGUF_F32, 4, 0x3FC00000},
        {"f64", LM_GGUF_F64, 8, UINT64_C(0xBFF8000000000000)},
        {"yes", LM_GGUF_BOOL, 1, 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put_key(out, rows[i].key, rows[i].type);
        lm_buf_append(out, &rows[i].bits, rows[i].size);
    }
}

static struct lm_gguf *open_example(struct tap *tap)
{
    struct lm_buf bytes;
    struct lm_gguf *gguf = NULL;
    struct lm_err err = {LM_OK, ""};
    put_start(&bytes, 2, 16);
    put_numbers(&bytes);
    put_key(&bytes, "text", LM_GGUF_STRING);
    put_text(&bytes, "a line");
    put_key(&bytes, "lines", LM_GGUF_STRING);
    put_text(&bytes, "a\nb");
    put_key(&bytes, "texts", LM_GGUF_ARRAY);
    lm_buf_put_u32(&bytes, LM_GGUF_STRING);
    lm_buf_put_u64(&bytes, 2);
    put_text(&bytes, "");
    put_text(&bytes, "xyz");
    put_key(&bytes, "ints", LM_GGUF_ARRAY);
    lm_buf_put_u32(&bytes, LM_GGUF_I16);
    lm_buf_put_u64(&bytes, 2);
    lm_buf_put_u16(&bytes, 7);
    lm_buf_put_u16(&bytes, 0xFFFF);
    put_row(&bytes, "m", 2, 3, LM_GGUF_ELEMENT_F16, 0);
    put_row(&bytes, "a", 32, 0, 8, 32);
    put_padding(&bytes);
    for (uint16_t i = 0; i < 6; i++)
        lm_buf_put_u16(&bytes, (uint16_t)(0x3C00 + (i << 10)));
    put_padding(&bytes);
    put_zeros(&bytes, 34);
    CHECK_INT(open_bytes(&gguf, bytes.data, bytes.size, &err), LM_OK);
    CHECK_STR(err.text, "");
    lm_buf_release(&bytes);
    return gguf;
}

static void test_values(struct tap *tap)
{
    static const struct {
        const char *key;
        int64_t value;
    } ints[] = {{"u8", 255}, {"i8", -1}, {"u16", 65534},      {"i16", -2},
                {"i32", -3}, {"u64", 1}, {"u32", 4294967293}, {"i64", -1}};

    static const char *const no_ints[] = {"f32",   "f64",  "yes",      "text",
                                          "texts", "ints", "too large"};
    struct lm_gguf *gguf = open_example(tap);
    struct lm_err err;
    int64_t number = 0;
    double fraction = 0;
    bool yes = false;
    const char *text = NULL;
    size_t size = 0;
    REQUIRE(gguf != NULL);
    for (size_t i = 0; i < sizeof ints / sizeof ints[0]; i++) {
        CHECK_INT(lm_gguf_get_int(gguf, ints[i].key, &number, &err), LM_OK);
        CHECK_INT(number, ints[i].value);
    }
    for (size_t i = 0; i < sizeof no_ints / sizeof no_ints[0]; i++)
        CHECK_INT(lm_gguf_get_int(gguf, no_ints[i], &number, &err), LM_FORMAT);
    CHECK_INT(number, -1);
    CHECK_INT(lm_gguf_get_int(gguf, "none", &number, &err), LM_NOT_FOUND);
    CHECK_INT(lm_gguf_get_double(gguf, "f32", &fraction, &err), LM_OK);
    CHECK(fraction == 1.5);
    CHECK_INT(lm_gguf_get_double(gguf, "f64", &fraction, &err), LM_OK);
    CHECK(fraction == -1.5);
    CHECK_INT(lm_gguf_get_double(gguf, "u32", &fraction, &err), LM_FORMAT);
    CHECK_INT(lm_gguf_get_bool(gguf, "yes", &yes, &err), LM_OK);
    CHECK(yes);
    CHECK_INT(lm_gguf_get_bool(gguf, "u8", &yes, &err), LM_FORMAT);
    CHECK_INT(lm_gguf_get_text(gguf, "text", &text, &size, &err), LM_OK);
    CHECK(size == 6 && memcmp(text, "a line", 6) == 0);
    CHECK_INT(lm_gguf_get_text(gguf, "lines", &text, &size, &err), LM_FORMAT);
    CHECK_INT(lm_gguf_get_text(gguf, "u8", &text, &size, &err), LM_FORMAT);
    CHECK(lm_gguf_has(gguf, "text") && !lm_gguf_has(gguf, "tex"));
    CHECK_STR(lm_gguf_key(gguf, 0), "f32");
    CHECK(lm_gguf_key(gguf, 16) == NULL);
    lm_gguf_close(gguf);
}

static void test_arrays(struct tap *tap)
{
    struct lm_gguf *gguf = open_example(tap);
    struct lm_gguf_items items;
    struct lm_err err;
    const char *text = NULL;
    size_t size = 1;
    int64_t number = 0;
    REQUIRE(gguf != NULL);
    CHECK_INT(lm_gguf_get_texts(gguf, "texts", &items, &err), LM_OK);
    CHECK(lm_gguf_next_text(&items, &text, &size) && size == 0);
    CHECK(lm_gguf_next_text(&items, &text, &size) && size == 3 && memcmp(text, "xyz", 3) == 0);
    CHECK(!lm_gguf_next_text(&items, &text, &size));
    CHECK_INT(lm_gguf_get_ints(gguf, "ints", &items, &err), LM_OK);
    CHECK(lm_gguf_next_int(&items, &number) && number == 7);
    CHECK(lm_gguf_next_int(&items, &number) && number == -1);
    CHECK(!lm_gguf_next_int(&items, &number));
    CHECK_INT(lm_gguf_get_ints(gguf, "texts", &items, &err), LM_FORMAT);
    CHECK_INT(lm_gguf_get_texts(gguf, "ints", &items, &err), LM_FORMAT);
    CHECK_INT(lm_gguf_get_texts(gguf, "text", &items, &err), LM_FORMAT);
    CHECK_INT(lm_gguf_get_ints(gguf, "u32", &items, &err), LM_FORMAT);
    lm_gguf_close(gguf);
}

static void test_tensors(struct tap *tap)
{
    struct lm_gguf *gguf = open_example(tap);
    struct lm_err err;
    float values[6] = {0};
    REQUIRE(gguf != NULL);
    CHECK_INT(lm_gguf_tensors(gguf), 2);
    const struct lm_gguf_tensor *m = lm_gguf_find(gguf, "m"), *a = lm_gguf_find(gguf, "a");
    REQUIRE(m != NULL && a != NULL);
    CHECK(m == lm_gguf_tensor(gguf, 0) && a == lm_gguf_tensor(gguf, 1));
    CHECK(lm_gguf_find(gguf, "b") == NULL);
    CHECK(m->dims == 2 && m->shape[0] == 2 && m->shape[1] == 3 && m->shape[2] == 1);
    CHECK(m->count == 6 && m->size == 12 && a->size == 34);
    CHECK_STR(lm_gguf_block(a->type).name, "Q8_0");
    /* Turned: rows of two become columns. The values are 1, 2, 4 … */
    CHECK_INT(lm_gguf_read(gguf, m, (struct lm_gguf_view){values, 1, 3}, &err), LM_OK);
    CHECK(values[0] == 1 && values[3] == 2 && values[1] == 4 && values[4] == 8);
    CHECK(values[2] == 16 && values[5] == 32);
    CHECK_INT(lm_gguf_read(gguf, a, (struct lm_gguf_view){values, 1, 1}, &err), LM_UNSUPPORTED);
    CHECK(strstr(err.text, "\"a\" is Q8_0; take") != NULL);
    lm_gguf_close(gguf);
    CHECK(lm_gguf_block(4).name == NULL && lm_gguf_block(UINT32_MAX).name == NULL);
}

/* ---- what is wrong ---- */

typedef void make_fn(struct lm_buf *out);

static void no_magic(struct lm_buf *out)
{
    put_start(out, 0, 0);
    out->data[0] = 'g';
}

static void version(struct lm_buf *out, uint32_t version)
{
    put_start(out, 0, 0);
    memcpy(out->data + 4, &version, 4);
}

static void version_1(struct lm_buf *out)
{
    version(out, 1);
}

static void version_4(struct lm_buf *out)
{
    version(out, 4);
}

static void big_endian(struct lm_buf *out)
{
    version(out, UINT32_C(3) << 24);
}

static void many_tensors(struct lm_buf *out)
{
    put_start(out, UINT64_MAX, 0);
}

static void many_keys(struct lm_buf *out)
{
    put_start(out, 0, UINT64_C(1) << 40);
}

static void long_key(struct lm_buf *out)
{
    put_start(out, 0, 1);
    lm_buf_put_u64(out, UINT64_MAX - 7);
    put_zeros(out, 64);
}

static void empty_key(struct lm_buf *out)
{
    put_start(out, 0, 1);
    put_key(out, "", LM_GGUF_U8);
    put_zeros(out, 8);
}

static void key_with_escape(struct lm_buf *out)
{
    put_start(out, 0, 1);
    put_key(out, "\x1b[2J", LM_GGUF_U8);
    put_zeros(out, 1);
}

static void unknown_type(struct lm_buf *out)
{
    put_start(out, 0, 1);
    put_key(out, "k", LM_GGUF_TYPES);
    put_zeros(out, 8);
}

static void not_a_bool(struct lm_buf *out)
{
    put_start(out, 0, 1);
    put_key(out, "k", LM_GGUF_BOOL);
    lm_buf_putc(out, 2);
}

static void huge_string(struct lm_buf *out)
{
    put_start(out, 0, 1);
    put_key(out, "k", LM_GGUF_STRING);
    lm_buf_put_u64(out, UINT64_C(1) << 34);
    put_zeros(out, 16);
}

static void huge_array(struct lm_buf *out)
{
    put_start(out, 0, 1);
    put_key(out, "k", LM_GGUF_ARRAY);
    lm_buf_put_u32(out, LM_GGUF_U64);
    lm_buf_put_u64(out, UINT64_C(1) << 61); /* times 8 wraps to 0 */
    put_zeros(out, 16);
}

static void huge_strings(struct lm_buf *out)
{
    put_start(out, 0, 1);
    put_key(out, "k", LM_GGUF_ARRAY);
    lm_buf_put_u32(out, LM_GGUF_STRING);
    lm_buf_put_u64(out, UINT64_MAX);
    put_zeros(out, 64);
}

static void nested_array(struct lm_buf *out)
{
    put_start(out, 0, 1);
    put_key(out, "k", LM_GGUF_ARRAY);
    lm_buf_put_u32(out, LM_GGUF_ARRAY);
    lm_buf_put_u64(out, 1);
    put_zeros(out, 64);
}

static void same_key(struct lm_buf *out)
{
    put_start(out, 0, 2);
    for (int i = 0; i < 2; i++) {
        put_key(out, "k", LM_GGUF_U8);
        lm_buf_putc(out, (char)i);
    }
}

static void alignment(struct lm_buf *out, uint32_t alignment)
{
    put_start(out, 0, 1);
    put_key(out, "general.alignment", LM_GGUF_U32);
    lm_buf_put_u32(out, alignment);
}

static void alignment_0(struct lm_buf *out)
{
    alignment(out, 0);
}

static void alignment_24(struct lm_buf *out)
{
    alignment(out, 24);
}

static void alignment_large(struct lm_buf *out)
{
    alignment(out, UINT32_C(1) << 31);
}

static void no_dims(struct lm_buf *out)
{
    put_start(out, 1, 0);
    put_text(out, "t");
    put_zeros(out, 64);
}

static void five_dims(struct lm_buf *out)
{
    put_start(out, 1, 0);
    put_text(out, "t");
    lm_buf_put_u32(out, 5);
    put_zeros(out, 64);
}

static void one_tensor(struct lm_buf *out, uint64_t first, uint64_t second, uint32_t type,
                       uint64_t offset)
{
    put_start(out, 1, 0);
    put_row(out, "t", first, second, type, offset);
    put_padding(out);
    put_zeros(out, 64);
}

static void zero_dim(struct lm_buf *out)
{
    one_tensor(out, 0, 4, 0, 0);
}

static void wrapping_dims(struct lm_buf *out)
{
    one_tensor(out, UINT64_C(1) << 33, UINT64_C(1) << 33, 0, 0);
}

static void negative_dim(struct lm_buf *out)
{
    one_tensor(out, UINT64_MAX, 4, 0, 0);
}

static void wrapping_bytes(struct lm_buf *out)
{
    one_tensor(out, (UINT64_C(1) << 62) + 16, 0, 0, 0);
}

static void larger_than_file(struct lm_buf *out)
{
    one_tensor(out, 1 << 20, 0, 0, 0);
}

/* The numbers of an F16 tensor said to be F32: it reaches beyond the end. */
static void confused_type(struct lm_buf *out)
{
    one_tensor(out, 32, 0, 0, 0);
}

static void unknown_element(struct lm_buf *out)
{
    one_tensor(out, 16, 0, 4, 0);
}

static void broken_block(struct lm_buf *out)
{
    one_tensor(out, 31, 0, 8, 0);
}

static void offset_hole(struct lm_buf *out)
{
    one_tensor(out, 8, 0, 0, 32);
}

static void offset_odd(struct lm_buf *out)
{
    one_tensor(out, 16, 0, 0, 1);
}

static void overlap(struct lm_buf *out)
{
    put_start(out, 2, 0);
    put_row(out, "a", 8, 0, 0, 0);
    put_row(out, "b", 8, 0, 0, 0);
    put_padding(out);
    put_zeros(out, 64);
}

static void same_name(struct lm_buf *out)
{
    put_start(out, 2, 0);
    put_row(out, "a", 8, 0, 0, 0);
    put_row(out, "a", 8, 0, 0, 32);
    put_padding(out);
    put_zeros(out, 64);
}

static void long_name(struct lm_buf *out)
{
    put_start(out, 1, 0);
    put_row(out, "0123456789012345678901234567890123456789012345678901234567890123x", 8, 0, 0, 0);
    put_padding(out);
    put_zeros(out, 32);
}

static void dirty_padding(struct lm_buf *out)
{
    put_start(out, 1, 0);
    put_row(out, "t", 8, 0, 0, 0);
    while (out->size % 32 != 0)
        lm_buf_putc(out, 1);
    put_zeros(out, 32);
}

static void trailing(struct lm_buf *out)
{
    one_tensor(out, 8, 0, 0, 0); /* 32 bytes of the 64 */
}

static void trailing_no_tensors(struct lm_buf *out)
{
    put_start(out, 0, 0);
    put_zeros(out, 100);
}

static void wrong_digest(struct lm_buf *out)
{
    put_start(out, 0, 1);
    put_key(out, LM_GGUF_DIGEST_KEY, LM_GGUF_STRING);
    put_text(out, LM_GGUF_NO_DIGEST);
}

static void short_digest(struct lm_buf *out)
{
    put_start(out, 0, 1);
    put_key(out, LM_GGUF_DIGEST_KEY, LM_GGUF_STRING);
    put_text(out, "00");
}

static void no_digest(struct lm_buf *out)
{
    put_start(out, 0, 1);
    put_key(out, LM_GGUF_FORMAT_KEY, LM_GGUF_U32);
    lm_buf_put_u32(out, 1);
}

static void test_refusals(struct tap *tap)
{
    static const struct {
        make_fn *make;
        enum lm_status status;
        const char *message;
    } rows[] = {
        {no_magic, LM_FORMAT, "is no GGUF file"},
        {version_1, LM_UNSUPPORTED, "is GGUF of version 1"},
        {version_4, LM_UNSUPPORTED, "is GGUF of version 4"},
        {big_endian, LM_UNSUPPORTED, "is a big-endian GGUF file"},
        {many_tensors, LM_FORMAT, "more keys or tensors"},
        {many_keys, LM_FORMAT, "more keys or tensors"},
        {long_key, LM_FORMAT, "a key is not of 1 to 256"},
        {empty_key, LM_FORMAT, "a key is not of 1 to 256"},
        {key_with_escape, LM_FORMAT, "a key is not printable ASCII"},
        {unknown_type, LM_FORMAT, "k has the unknown type 13"},
        {not_a_bool, LM_FORMAT, "k is neither true nor false"},
        {huge_string, LM_FORMAT, "ends too soon"},
        {huge_array, LM_FORMAT, "k is longer than the file"},
        {huge_strings, LM_FORMAT, "ends too soon"},
        {nested_array, LM_UNSUPPORTED, "k is an array of arrays"},
        {same_key, LM_FORMAT, "k is there twice"},
        {alignment_0, LM_FORMAT, "no power of two"},
        {alignment_24, LM_FORMAT, "no power of two"},
        {alignment_large, LM_FORMAT, "no power of two"},
        {no_dims, LM_FORMAT, "has 0 dimensions"},
        {five_dims, LM_FORMAT, "has 5 dimensions"},
        {zero_dim, LM_FORMAT, "an impossible shape"},
        {wrapping_dims, LM_FORMAT, "an impossible shape"},
        {negative_dim, LM_FORMAT, "an impossible shape"},
        {wrapping_bytes, LM_FORMAT, "larger than the file"},
        {larger_than_file, LM_FORMAT, "larger than the file"},
        {confused_type, LM_FORMAT, "ends too soon"},
        {unknown_element, LM_UNSUPPORTED, "the unknown type 4"},
        {broken_block, LM_FORMAT, "larger than the file"},
        {offset_hole, LM_FORMAT, "does not begin where"},
        {offset_odd, LM_FORMAT, "does not begin where"},
        {overlap, LM_FORMAT, "\"b\" does not begin where"},
        {same_name, LM_FORMAT, "\"a\" is there twice"},
        {long_name, LM_FORMAT, "a tensor's name is not of 1 to 64"},
        {dirty_padding, LM_FORMAT, "the padding at byte"},
        {trailing, LM_FORMAT, "32 bytes follow"},
        {trailing_no_tensors, LM_FORMAT, "100 bytes follow"},
        {wrong_digest, LM_FORMAT, "has not the SHA-256"},
        {short_digest, LM_FORMAT, "is no digest"},
        {no_digest, LM_FORMAT, "has lost its lmpipe.sha256"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_buf bytes;
        struct lm_gguf *gguf = NULL;
        struct lm_err err = {LM_OK, ""};
        rows[i].make(&bytes);
        CHECK_INT(open_bytes(&gguf, bytes.data, bytes.size, &err), rows[i].status);
        CHECK(strstr(err.text, rows[i].message) != NULL && strstr(err.text, "; ") != NULL);
        if (strstr(err.text, rows[i].message) == NULL)
            printf("# row %zu, \"%s\": %s\n", i, rows[i].message, err.text);
        lm_gguf_close(gguf);
        lm_buf_release(&bytes);
    }
}

/* Every beginning of a good file is refused, but for its last padding, which it may lack. */
static void test_truncation(struct tap *tap)
{
    struct lm_buf bytes;
    size_t refused = 0;
    put_start(&bytes, 1, 1);
    put_key(&bytes, "texts", LM_GGUF_ARRAY);
    lm_buf_put_u32(&bytes, LM_GGUF_STRING);
    lm_buf_put_u64(&bytes, 2);
    put_text(&bytes, "one");
    put_text(&bytes, "two");
    put_row(&bytes, "t", 5, 1, LM_GGUF_ELEMENT_BF16, 0);
    put_padding(&bytes);
    put_zeros(&bytes, 10);
    size_t unpadded = bytes.size;
    put_padding(&bytes);
    for (size_t size = 0; size <= bytes.size; size++) {
        struct lm_gguf *gguf = NULL;
        struct lm_err err = {LM_OK, ""};
        enum lm_status status = open_bytes(&gguf, bytes.data, size, &err);
        CHECK_INT(status, size == unpadded || size == bytes.size ? LM_OK : LM_FORMAT);
        refused += status != LM_OK;
        lm_gguf_close(gguf);
    }
    CHECK_INT(refused, bytes.size - 1);
    lm_buf_release(&bytes);
}

static void test_places(struct tap *tap)
{
    struct lm_gguf *gguf = NULL;
    struct lm_err err;
    CHECK_INT(lm_gguf_open(&gguf, "no such file.gguf", &err), LM_NOT_FOUND);
    CHECK_INT(lm_gguf_open(&gguf, ".", &err), LM_FORMAT);
    CHECK(gguf == NULL);
    lm_gguf_close(NULL);
}

static const struct tap_test tests[] = {TAP_ROW(test_values) TAP_ROW(test_arrays) TAP_ROW(
    test_tensors) TAP_ROW(test_refusals) TAP_ROW(test_truncation) TAP_ROW(test_places)};
LM_TEST_FILE(tests)
