#include "tokenizer/token_map.h"

#include "tap.h"
#include "text_samples.h"

enum { STRINGS = 20000, LONGEST = 40 };

/* Strings of all sizes, many of them beginnings of others, zero bytes among them. */
static size_t string_of(uint8_t out[LONGEST], uint32_t index)
{
    size_t size = 4 + index % (LONGEST - 4);
    memset(out, 0, LONGEST);
    memcpy(out, &index, 4);
    return size;
}

static void finds_what_was_added(struct tap *tap)
{
    struct lm_token_map map = {0};
    uint8_t *all = malloc((size_t)STRINGS * LONGEST), text[LONGEST];
    for (uint32_t i = 0; i < STRINGS; i++) {
        size_t size = string_of(all + (size_t)i * LONGEST, i);
        struct lm_token_key key = lm_token_key(all + (size_t)i * LONGEST, size);
        REQUIRE(lm_token_map_find(&map, key, all + (size_t)i * LONGEST, all) == -1);
        REQUIRE(lm_token_map_add(&map, key, (uint64_t)i * LONGEST, (int32_t)i));
    }
    for (uint32_t i = 0; i < STRINGS; i++) {
        size_t size = string_of(text, i);
        REQUIRE(lm_token_map_find(&map, lm_token_key(text, size), text, all) == (int32_t)i);
        /* One zero byte less or more is another string. */
        REQUIRE(lm_token_map_find(&map, lm_token_key(text, size - 1), text, all) == -1);
    }
    free(all);
    lm_token_map_release(&map);
}

/* The short way reads 16 bytes, and only the first `size` of them count. */
static void what_lies_behind_does_not_count(struct tap *tap)
{
    struct lm_rng rng = lm_rng_stream(1, "token_map");
    for (uint64_t i = 0; i < 10000 && tap->failed == 0; i++) {
        uint8_t text[LM_KEY_INLINE], other[LM_KEY_INLINE];
        size_t size = (size_t)lm_rng_below(rng, i, 0, LM_KEY_INLINE) + 1;
        for (size_t k = 0; k < sizeof text; k++) {
            text[k] = (uint8_t)lm_rng_below(rng, i, k + 1, 256);
            other[k] = k < size ? text[k] : (uint8_t)lm_rng_below(rng, i, k + 100, 256);
        }
        struct lm_token_key a = lm_token_key(text, size), b = lm_token_key_short(other, size);
        CHECK(a.low == b.low && a.high == b.high && a.hash == b.hash && a.size == b.size);
        uint8_t back[LM_KEY_INLINE];
        for (size_t k = 0; k < 8; k++) {
            back[k] = (uint8_t)(a.low >> (8 * k));
            back[k + 8] = (uint8_t)(a.high >> (8 * k));
        }
        CHECK(memcmp(back, text, size) == 0);
    }
}

static void an_empty_map_has_nothing(struct tap *tap)
{
    struct lm_token_map map = {0};
    const uint8_t text[LONGEST] = "a";
    struct lm_token_key key = lm_token_key(text, 1);
    CHECK(lm_token_map_home(&map, &key) == NULL);
    CHECK_INT(lm_token_map_find(&map, key, text, text), -1);
    lm_token_map_release(&map);
}

static const struct tap_test tests[] = {TAP_ROW(finds_what_was_added) TAP_ROW(
    what_lies_behind_does_not_count) TAP_ROW(an_empty_map_has_nothing)};

LM_TEST_FILE(tests)
