#include <lmpipe/hash.h>

#include "tap.h"

/* The input of xxHash's own self-test: bytes from a multiplicative generator. */
static void fill(unsigned char *data, size_t size)
{
    uint64_t generator = 2654435761u;
    for (size_t i = 0; i < size; i++) {
        data[i] = (unsigned char)(generator >> 56);
        generator *= 11400714785074694797u;
    }
}

/* Rows of XSUM_XXH3_testdata (xxHash, tests/sanity_test_vectors.h). */
static void test_published_vectors(struct tap *tap)
{
    static const struct {
        size_t size;
        uint64_t seed, hash;
    } rows[] = {
        {0, 0, 0x2D06800538D394C2},   {0, 0x9E3779B185EBCA8D, 0xA8A6B918B2F0364A},
        {1, 0, 0xC44BDFF4074EECDB},   {6, 0, 0x27B56A84CD2D7325},
        {12, 0, 0xA713DAF0DFBB77E7},  {24, 0, 0xA3FE70BF9D3510EB},
        {48, 0, 0x397DA259ECBA1F11},  {80, 0, 0xBCDEFBBB2C47C90A},
        {195, 0, 0xCD94217EE362EC3A}, {403, 0, 0xCDEB804D65C6DEA4},
        {512, 0, 0x617E49599013CB6B}, {2048, 0, 0xDD59E2C3A5F038E0},
    };

    static unsigned char data[2048];
    fill(data, sizeof data);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK(lm_hash64(data, rows[i].size, rows[i].seed) == rows[i].hash);
}

/* However the bytes are cut, and again after beginning anew. */
static void test_running(struct tap *tap)
{
    static unsigned char data[5000];
    struct lm_hash64 *hash = lm_hash64_create();
    REQUIRE(hash != NULL);
    fill(data, sizeof data);
    CHECK(lm_hash64_final(hash) == lm_hash64("", 0, 0));
    for (size_t cut = 1; cut < sizeof data; cut = cut * 3 + 1) {
        lm_hash64_begin(hash);
        for (size_t at = 0; at < sizeof data; at += cut)
            lm_hash64_update(hash, data + at, sizeof data - at < cut ? sizeof data - at : cut);
        lm_hash64_update(hash, NULL, 0);
        CHECK(lm_hash64_final(hash) == lm_hash64(data, sizeof data, 0));
    }
    lm_hash64_free(hash);
    lm_hash64_free(NULL);
}

static const struct tap_test tests[] = {TAP_ROW(test_published_vectors) TAP_ROW(test_running)};
LM_TEST_FILE(tests)
