/* What is packed is what was; what is cut short is told, and nothing beyond it is read. */
#include "base/pack.h"
#include "tests/tap.h"

static const int64_t numbers[] = {0,    1,         -1,        63,        64,        -64,      -65,
                                  8191, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, 1ll << 62};

enum { NUMBERS = sizeof numbers / sizeof numbers[0] };

static void all_comes_back(struct tap *tap)
{
    struct lm_buf out;
    size_t size;
    lm_buf_init(&out, 0);
    for (size_t i = 0; i < NUMBERS; i++)
        lm_pack_int(&out, numbers[i]);
    CHECK_INT(out.data[0], 0); /* small ones in one byte */
    CHECK(out.size < 60);
    lm_pack_double(&out, -0.1);
    lm_pack_bytes(&out, "ab\0c", 4);
    lm_pack_bytes(&out, NULL, 0);
    lm_buf_put_u64(&out, UINT64_MAX - 1);
    struct lm_unpack in = {(uint8_t *)out.data, (uint8_t *)out.data + out.size, false};
    for (size_t i = 0; i < NUMBERS; i++)
        CHECK(lm_unpack_int(&in) == numbers[i]);
    CHECK(lm_unpack_double(&in) == -0.1);
    const void *bytes = lm_unpack_bytes(&in, &size);
    CHECK(size == 4 && memcmp(bytes, "ab\0c", 4) == 0);
    lm_unpack_bytes(&in, &size);
    CHECK_INT(size, 0);
    CHECK(lm_unpack_u64(&in) == UINT64_MAX - 1);
    CHECK(!in.failed && in.at == in.end);
    lm_buf_release(&out);
}

static void what_is_cut_short_is_told(struct tap *tap)
{
    struct lm_buf out;
    size_t size;
    lm_buf_init(&out, 0);
    lm_pack_int(&out, INT64_MAX);
    lm_pack_bytes(&out, "some bytes", 10);
    lm_pack_double(&out, 1);
    for (size_t cut = 0; cut < out.size; cut++) {
        uint8_t *part = malloc(cut + 1); /* so that reading beyond is found */
        REQUIRE(part != NULL);
        memcpy(part, out.data, cut);
        struct lm_unpack in = {part, part + cut, false};
        lm_unpack_int(&in);
        lm_unpack_bytes(&in, &size);
        CHECK(size == 0 || size == 10);
        CHECK(lm_unpack_double(&in) == 0);
        CHECK(in.failed && in.at == in.end);
        free(part);
    }
    lm_buf_clear(&out);
    lm_pack_int(&out, -5); /* no number of bytes */
    lm_pack_int(&out, 1);
    struct lm_unpack in = {(uint8_t *)out.data, (uint8_t *)out.data + out.size, false};
    CHECK(lm_unpack_bytes(&in, &size) == NULL && size == 0 && in.failed);
    lm_buf_release(&out);
    uint8_t endless[20];
    memset(endless, 255, sizeof endless);
    in = (struct lm_unpack){endless, endless + sizeof endless, false};
    lm_unpack_int(&in);
    CHECK(in.failed);
}

/* Numbers most of which are 0: few bytes; one too many, or one that is missing, is told. */
static void sparse_ones_are_short(struct tap *tap)
{
    int64_t some[LM_PACK_MOST] = {[1] = -7, [40] = INT64_MIN, [LM_PACK_MOST - 1] = 1};
    int64_t back[LM_PACK_MOST], none[LM_PACK_MOST] = {0};
    struct lm_buf out;
    lm_buf_init(&out, 0);
    lm_pack_ints(&out, none, LM_PACK_MOST);
    CHECK_INT(out.size, 1);
    lm_pack_ints(&out, some, LM_PACK_MOST);
    lm_pack_ints(&out, numbers, NUMBERS);
    struct lm_unpack in = {(uint8_t *)out.data, (uint8_t *)out.data + out.size, false};
    memset(back, 1, sizeof back);
    lm_unpack_ints(&in, back, LM_PACK_MOST);
    CHECK(memcmp(back, none, sizeof none) == 0);
    const uint8_t *at = in.at;
    lm_unpack_ints(&in, back, LM_PACK_MOST);
    CHECK(memcmp(back, some, sizeof some) == 0);
    lm_unpack_ints(&in, back, NUMBERS);
    CHECK(memcmp(back, numbers, sizeof numbers) == 0 && !in.failed && in.at == in.end);
    in = (struct lm_unpack){at, in.end, false};
    lm_unpack_ints(&in, back, 40); /* fewer than there are */
    CHECK(in.failed && back[1] == 0);
    in = (struct lm_unpack){at, at + 11, false};
    lm_unpack_ints(&in, back, LM_PACK_MOST);
    CHECK(in.failed && in.at == in.end);
    lm_buf_release(&out);
}

static const struct tap_test tests[] = {TAP_ROW(all_comes_back) TAP_ROW(what_is_cut_short_is_told)
                                            TAP_ROW(sparse_ones_are_short)};

LM_TEST_FILE(tests)
