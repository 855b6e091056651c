/* What is written: the bytes by hand, what the reader makes of them, and that damage shows. */
#include "gguf_bytes.h"

#include <lmpipe/arena.h>
#include <lmpipe/hash.h>
#include <lmpipe/rng.h>

#include <math.h>

#include "base/half.h"
#include "tests/tap.h"

enum { NUMBERS = 70000 }; /* more than is held at once */

static struct lm_gguf_writer *make(struct tap *tap, float *numbers)
{
    struct lm_gguf_writer *writer = NULL;
    struct lm_err err;
    CHECK_INT(lm_gguf_writer_create(&writer, &err), LM_OK);
    lm_gguf_put_text(writer, "name", "x");
    lm_gguf_put_u32(writer, "u", 7);
    lm_gguf_put_f32(writer, "f", 1e-5F);
    lm_gguf_put_bool(writer, "b", true);
    lm_gguf_put_array(writer, "texts", LM_GGUF_STRING, 2);
    lm_gguf_put_item_text(writer, "a", 1);
    lm_gguf_put_item_text(writer, "bc", 2);
    lm_gguf_put_array(writer, "ints", LM_GGUF_I32, 1);
    lm_gguf_put_item_i32(writer, -5);
    const struct lm_gguf_view plain = {numbers, NUMBERS / 7, 1}, turned = {numbers, 1, 7};
    CHECK_INT(lm_gguf_put_tensor(writer, "plain", LM_GGUF_ELEMENT_F32, 7, NUMBERS / 7, plain, &err),
              LM_OK);
    CHECK_INT(
        lm_gguf_put_tensor(writer, "turned", LM_GGUF_ELEMENT_BF16, 7, NUMBERS / 7, turned, &err),
        LM_OK);
    CHECK_INT(lm_gguf_put_tensor(writer, "row", LM_GGUF_ELEMENT_F16, 0, 3, plain, &err), LM_OK);
    return writer;
}

static void draw(float *numbers)
{
    struct lm_rng rng = lm_rng_stream(1, "gguf");
    for (size_t i = 0; i < NUMBERS; i++)
        numbers[i] = (float)lm_rng_normal(rng, 0, i);
}

static void test_round_trip(struct tap *tap)
{
    float *numbers = calloc(NUMBERS, sizeof(float)), *back = calloc(NUMBERS, sizeof(float));
    struct lm_gguf *gguf = NULL;
    struct lm_err err = {LM_OK, ""};
    int64_t u = 0;
    double f = 0;
    draw(numbers);
    struct lm_gguf_writer *writer = make(tap, numbers);
    REQUIRE(lm_gguf_write(writer, gguf_path(), &err) == LM_OK);
    REQUIRE(lm_gguf_open(&gguf, gguf_path(), &err) == LM_OK);
    CHECK_INT(lm_gguf_get_int(gguf, "u", &u, &err), LM_OK);
    CHECK_INT(u, 7);
    CHECK_INT(lm_gguf_get_double(gguf, "f", &f, &err), LM_OK);
    CHECK((float)f == 1e-5F);
    const struct lm_gguf_tensor *tensor = lm_gguf_find(gguf, "plain");
    REQUIRE(tensor != NULL);
    CHECK(tensor->shape[0] == NUMBERS / 7 && tensor->shape[1] == 7);
    CHECK_INT(lm_gguf_read(gguf, tensor, (struct lm_gguf_view){back, NUMBERS / 7, 1}, &err), LM_OK);
    CHECK_INT(memcmp(back, numbers, NUMBERS * sizeof(float)), 0);
    tensor = lm_gguf_find(gguf, "turned");
    REQUIRE(tensor != NULL);
    CHECK_INT(lm_gguf_read(gguf, tensor, (struct lm_gguf_view){back, 1, 7}, &err), LM_OK);
    size_t other = 0;
    for (size_t i = 0; i < NUMBERS; i++)
        other += back[i] != lm_bf16_to_float(lm_float_to_bf16(numbers[i]));
    CHECK_INT(other, 0);
    tensor = lm_gguf_find(gguf, "row");
    REQUIRE(tensor != NULL);
    CHECK(tensor->dims == 1 && tensor->count == 3);
    CHECK_INT(lm_gguf_read(gguf, tensor, (struct lm_gguf_view){back, 0, 1}, &err), LM_OK);
    CHECK(back[2] == lm_half_to_float(lm_float_to_half(numbers[2])));
    lm_gguf_close(gguf);
    unlink(gguf_path());
    lm_gguf_writer_free(writer);
    free(numbers);
    free(back);
}

/* A small file by hand: what other readers will see. */
static void test_bytes(struct tap *tap)
{
    static float values[] = {1, -2};
    struct lm_gguf_writer *writer = NULL;
    struct lm_buf want;
    struct lm_digest digest;
    char digits[LM_DIGEST_HEX], *got = NULL;
    size_t size = 0;
    struct lm_err err;
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(lm_gguf_writer_create(&writer, &err) == LM_OK);
    lm_gguf_put_u32(writer, "k", 258);
    CHECK_INT(lm_gguf_put_tensor(writer, "t", LM_GGUF_ELEMENT_F16, 1, 2,
                                 (struct lm_gguf_view){values, 2, 1}, &err),
              LM_OK);
    CHECK_INT(lm_gguf_write(writer, gguf_path(), &err), LM_OK);
    put_start(&want, 1, 3);
    put_key(&want, LM_GGUF_FORMAT_KEY, LM_GGUF_U32);
    lm_buf_put_u32(&want, 1);
    put_key(&want, "k", LM_GGUF_U32);
    lm_buf_put_u32(&want, 258);
    put_key(&want, LM_GGUF_DIGEST_KEY, LM_GGUF_STRING);
    put_text(&want, LM_GGUF_NO_DIGEST);
    size_t at = want.size - 64;
    put_row(&want, "t", 2, 1, LM_GGUF_ELEMENT_F16, 0);
    put_padding(&want);
    lm_buf_put_u16(&want, 0x3C00);
    lm_buf_put_u16(&want, 0xC000);
    put_padding(&want);
    lm_sha256_bytes(&digest, want.data, want.size);
    lm_digest_hex(digits, &digest);
    memcpy(want.data + at, digits, 64);
    CHECK_INT(lm_file_read(&got, &size, arena, gguf_path(), 1 << 20, &err), LM_OK);
    CHECK_INT(size, want.size);
    CHECK(size == want.size && memcmp(got, want.data, size) == 0);
    unlink(gguf_path());
    lm_buf_release(&want);
    lm_arena_free(arena);
    lm_gguf_writer_free(writer);
}

/* 65504 is the largest half; what rounds beyond it is refused, and leaves no file. */
static void test_too_large(struct tap *tap)
{
    static float values[] = {65504, 65519};
    struct lm_gguf_writer *writer = NULL;
    struct lm_err err;
    REQUIRE(lm_gguf_writer_create(&writer, &err) == LM_OK);
    CHECK_INT(lm_gguf_put_tensor(writer, "t", LM_GGUF_ELEMENT_F16, 0, 2,
                                 (struct lm_gguf_view){values, 0, 1}, &err),
              LM_OK);
    CHECK_INT(lm_gguf_write(writer, gguf_path(), &err), LM_OK);
    unlink(gguf_path());
    values[1] = 65520;
    CHECK_INT(lm_gguf_write(writer, gguf_path(), &err), LM_UNSUPPORTED);
    CHECK(strstr(err.text, "\"t\" holds a number that is too large for F16; ") != NULL);
    CHECK(!lm_path_exists(gguf_path()));
    CHECK_INT(lm_gguf_write(writer, "no/such/folder/x.gguf", &err), LM_NOT_FOUND);
    CHECK_INT(lm_gguf_put_tensor(
                  writer, "0123456789012345678901234567890123456789012345678901234567890123x",
                  LM_GGUF_ELEMENT_F32, 0, 1, (struct lm_gguf_view){values, 0, 1}, &err),
              LM_RANGE);
    lm_gguf_writer_free(writer);
    lm_gguf_writer_free(NULL);
}

static const struct tap_test tests[] = {TAP_ROW(test_round_trip) TAP_ROW(test_bytes)
                                            TAP_ROW(test_too_large)};
LM_TEST_FILE(tests)
