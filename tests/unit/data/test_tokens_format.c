#include "data/tokens_format.h"

#include "tap.h"

static void test_keys(struct tap *tap)
{
    uint8_t packed[LM_TOKENS_KEY], previous[LM_TOKENS_KEY] = {0};
    struct lm_tokens_key key = {2, LM_TOKENS_BODY, 0x0102030405060708};
    lm_tokens_key_pack(packed, key);
    CHECK(memcmp(packed, "\x02\x01\x02\x03\x04\x05\x06\x07\x08t", LM_TOKENS_KEY) == 0);
    struct lm_tokens_key back = lm_tokens_key_unpack(packed);
    CHECK(back.split == 2 && back.kind == LM_TOKENS_BODY && back.block == key.block);
    /* The order of bytes is the order of writing. */
    static const struct lm_tokens_key order[] = {
        {0, LM_TOKENS_INDEX, 0},
        {0, LM_TOKENS_BODY, 0},
        {0, LM_TOKENS_INDEX, 1},
        {0, LM_TOKENS_BODY, 255},
        {0, LM_TOKENS_INDEX, 256},
        {0, LM_TOKENS_BODY, 1u << 31},
        {1, LM_TOKENS_INDEX, 0},
        {2, LM_TOKENS_INDEX, 0},
        {LM_TOKENS_LAST_SPLIT, LM_TOKENS_TAIL, 0},
    };
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        lm_tokens_key_pack(packed, order[i]);
        CHECK(memcmp(previous, packed, LM_TOKENS_KEY) < 0);
        memcpy(previous, packed, LM_TOKENS_KEY);
    }
}

static void test_integers(struct tap *tap)
{
    static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8};
    CHECK(lm_tokens_load(bytes, 2) == 0x0201 && lm_tokens_load(bytes, 4) == 0x04030201);
    CHECK(lm_tokens_load(bytes, 8) == 0x0807060504030201);
    CHECK_STR(lm_split_names[LM_TEST], "test");
}

/* By hand: 4 bytes of key size, key, 8 of value size, value. */
static void test_digest(struct tap *tap)
{
    struct lm_digest row, whole;
    struct lm_sha256 *hash = lm_sha256_create();
    lm_tokens_digest_row(hash, (const uint8_t *)"key", 3, (const uint8_t *)"value", 5);
    lm_sha256_final(hash, &row);
    lm_sha256_free(hash);
    lm_sha256_bytes(&whole, "\x03\0\0\0key\x05\0\0\0\0\0\0\0value", 20);
    CHECK_INT(lm_digest_compare(&row, &whole), 0);
}

static const struct tap_test tests[] = {TAP_ROW(test_keys) TAP_ROW(test_integers)
                                            TAP_ROW(test_digest)};
LM_TEST_MAIN(tests)
