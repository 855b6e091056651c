#include "data/tokens_format.h"

#include "tap.h"

static void test_keys(struct tap *tap)
{
    uint8_t packed[LM_TOKENS_KEY], previous[LM_TOKENS_KEY] = {0};
    struct lm_tokens_key key = {2, LM_TOKENS_BODY, 0x0102030405060708};
    lm_tokens_key_pack(packed, key);
    CHECK(memcmp(packed, "\x02t\x01\x02\x03\x04\x05\x06\x07\x08", LM_TOKENS_KEY) == 0);
    struct lm_tokens_key back = lm_tokens_key_unpack(packed);
    CHECK(back.split == 2 && back.kind == LM_TOKENS_BODY && back.number == key.number);
    static const struct lm_tokens_key order[] = {
        {0, LM_TOKENS_INDEX, 0},
        {0, LM_TOKENS_INDEX, 1},
        {0, LM_TOKENS_BODY, 0},
        {0, LM_TOKENS_BODY, 255},
        {0, LM_TOKENS_BODY, 256},
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
    uint8_t stored[8] = {0};
    CHECK(lm_tokens_load(bytes, 2) == 0x0201 && lm_tokens_load(bytes, 4) == 0x04030201);
    CHECK(lm_tokens_load(bytes, 8) == 0x0807060504030201);
    lm_tokens_store(stored, 0x0807060504030201, 8);
    CHECK(memcmp(stored, bytes, 8) == 0);
    lm_tokens_store(stored, 0, 3);
    CHECK(memcmp(stored, "\0\0\0\4\5", 5) == 0);
    CHECK_STR(lm_split_names[LM_TEST], "test");
}

/* Every count around the runs, at odd places, against the plain integers. */
static void test_ids(struct tap *tap)
{
    enum { MOST = 100 };

    int32_t ids[MOST], back[MOST];
    uint8_t stored[4 * MOST + 1];
    for (size_t width = 2; width <= 4; width += 2)
        for (size_t count = 0; count < MOST; count++) {
            size_t wrong = 0;
            memset(stored, 0xEE, sizeof stored);
            for (size_t i = 0; i < count; i++)
                ids[i] = (int32_t)((i * 2654435761u + count) & (width == 2 ? 0xFFFF : 0x7FFFFFFF));
            lm_tokens_narrow(stored + 1, ids, count, width);
            for (size_t i = 0; i < count; i++)
                wrong += lm_tokens_load(stored + 1 + i * width, width) != (uint64_t)ids[i];
            lm_tokens_widen(back, stored + 1, count, width);
            CHECK(wrong == 0 && memcmp(back, ids, count * sizeof *ids) == 0);
            CHECK_INT(stored[1 + count * width], 0xEE);
        }
}

static void test_entry(struct tap *tap)
{
    const struct lm_document d = {0x0102030405060708, 9, 10, 0x1112131415161718};
    uint8_t entry[LM_TOKENS_ENTRY];
    lm_tokens_entry_pack(entry, &d);
    CHECK(memcmp(entry, "\x08\7\6\5\4\3\2\1\x09\0\0\0\x0a\0\0\0\x18\x17", 18) == 0);
    struct lm_document back = lm_tokens_entry(entry);
    CHECK(back.first == d.first && back.tokens == 9 && back.bytes == 10 && back.id == d.id);
}

/* Packing what was unpacked gives every byte back, and each byte that has a meaning matters. */
static void test_meta(struct tap *tap)
{
    uint8_t bytes[LM_TOKENS_META], again[LM_TOKENS_META];
    struct lm_tokens_meta meta = {0};
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i + 1);
    memcpy(bytes, "lmtokens", 8);
    memset(bytes + 28, 0, 4);
    lm_tokens_meta_unpack(&meta, bytes);
    CHECK_INT(meta.version, 0x0c0b0a09);
    lm_tokens_meta_pack(again, &meta);
    CHECK(memcmp(bytes, again, sizeof bytes) == 0);
    bytes[0] = 'L';
    lm_tokens_meta_unpack(&meta, bytes);
    CHECK_INT(meta.version, 0); /* no version that exists */
}

static void test_seal(struct tap *tap)
{
    struct lm_tokens_key key = {1, LM_TOKENS_BODY, 7}, others[] = {{0, LM_TOKENS_BODY, 7},
                                                                   {1, LM_TOKENS_INDEX, 7},
                                                                   {1, LM_TOKENS_BODY, 8}};
    uint8_t row[108];
    memset(row, 3, sizeof row);
    lm_tokens_seal(key, row, 100);
    CHECK(lm_tokens_is_sealed(key, row, sizeof row));
    for (size_t i = 0; i < 3; i++)
        CHECK(!lm_tokens_is_sealed(others[i], row, sizeof row));
    for (size_t i = 0; i < sizeof row; i++) {
        row[i] ^= 16;
        CHECK(!lm_tokens_is_sealed(key, row, sizeof row));
        row[i] ^= 16;
    }
    for (size_t size = 0; size < sizeof row; size++)
        CHECK(!lm_tokens_is_sealed(key, row, size));
}

static const struct tap_test tests[] = {TAP_ROW(test_keys) TAP_ROW(test_integers) TAP_ROW(
    test_ids) TAP_ROW(test_entry) TAP_ROW(test_meta) TAP_ROW(test_seal)};
LM_TEST_FILE(tests)
