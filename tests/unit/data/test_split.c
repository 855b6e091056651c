/** Sides by digest, at their borders and by their shares. */
#include "data/split.h"

#include "tests/tap.h"

static struct lm_digest digest_of(uint64_t head)
{
    struct lm_digest digest = {{0}};
    for (size_t i = 0; i < 8; i++)
        digest.bytes[i] = (uint8_t)(head >> (56 - 8 * i));
    return digest;
}

static void borders(struct tap *tap)
{
    static const struct {
        uint64_t head;
        double valid, test;
        enum lm_split split;
    } rows[] = {
        {0, 0.1, 0.1, LM_TEST},
        {0, 0.1, 0, LM_VALID},
        {0, 0, 0, LM_TRAIN},
        {UINT64_C(0x3FFFFFFFFFFFFFFF), 0.25, 0.25, LM_TEST},
        {UINT64_C(0x4000000000000000), 0.25, 0.25, LM_VALID},
        {UINT64_C(0x7FFFFFFFFFFFFFFF), 0.25, 0.25, LM_VALID},
        {UINT64_C(0x8000000000000000), 0.25, 0.25, LM_TRAIN},
        {UINT64_MAX, 0.5, 0.49, LM_TRAIN},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_digest digest = digest_of(rows[i].head);
        CHECK_INT(lm_split_draw(&digest, rows[i].valid, rows[i].test), rows[i].split);
    }
}

/* A known text: clean and examples have put it there since the first version. */
static void of_texts(struct tap *tap)
{
    size_t counts[LM_SPLITS] = {0};
    for (unsigned i = 0; i < 10000; i++) {
        char text[16];
        struct lm_digest digest;
        lm_sha256_bytes(&digest, text, (size_t)snprintf(text, sizeof text, "%u", i));
        counts[lm_split_draw(&digest, 0.05, 0.1)]++;
    }
    CHECK(counts[LM_TEST] > 900 && counts[LM_TEST] < 1100);
    CHECK(counts[LM_VALID] > 420 && counts[LM_VALID] < 580);
    struct lm_digest hello; /* 2cf24dba…: 0.1756 */
    lm_sha256_bytes(&hello, "hello", 5);
    CHECK_INT(lm_split_draw(&hello, 0.05, 0.13), LM_VALID);
    CHECK_INT(lm_split_draw(&hello, 0.05, 0.18), LM_TEST);
    CHECK_INT(lm_split_draw(&hello, 0.05, 0.12), LM_TRAIN);
}

static const struct tap_test tests[] = {TAP_ROW(borders) TAP_ROW(of_texts)};
LM_TEST_FILE(tests)
