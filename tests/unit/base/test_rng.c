#include <lmpipe/rng.h>

#include <lmpipe/hash.h>

#include "base/rng_blocks.h"
#include "tap.h"

/* Known-answer vectors of Random123 (kat_vectors, philox4x32 10). Counter words are minor low,
 * minor high, major low, major high. */
static void test_known_answers(struct tap *tap)
{
    static const struct {
        uint64_t key, major, minor;
        uint32_t out[4];
    } rows[] = {
        {0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {UINT64_MAX, UINT64_MAX, UINT64_MAX, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {0x299f31d0a4093822,
         0x0370734413198a2e,
         0x85a308d3243f6a88,
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t out[4];
        lm_rng_block(out, (struct lm_rng){rows[i].key}, rows[i].major, rows[i].minor);
        CHECK(memcmp(out, rows[i].out, sizeof out) == 0);
    }
}

/* Many blocks at once are the blocks themselves, also where the minor's high word begins. */
static void test_blocks(struct tap *tap)
{
    static const uint64_t firsts[] = {0, 5, UINT32_MAX - 3};
    struct lm_rng rng = lm_rng_stream(3, "blocks");
    for (size_t f = 0; f < sizeof firsts / sizeof firsts[0]; f++)
        for (size_t count = 0; count <= 19; count++) {
            uint32_t many[20 * 4] = {0}, one[4];
            lm_rng_blocks(many, rng, 7, firsts[f], count);
            for (size_t i = 0; i < count; i++) {
                lm_rng_block(one, rng, 7, firsts[f] + i);
                CHECK(memcmp(one, many + 4 * i, sizeof one) == 0);
            }
            CHECK_INT(many[4 * count], 0);
        }
}

static void test_streams(struct tap *tap)
{
    /* SHA-256 of "lmpipe-rng\0", 1337 as 8 bytes little-endian, "init". */
    static const char text[] = "lmpipe-rng\0\x39\x05\0\0\0\0\0\0init";
    struct lm_digest digest;
    lm_sha256_bytes(&digest, text, sizeof text - 1);
    uint64_t want = 0;
    for (int i = 7; i >= 0; i--)
        want = want << 8 | digest.bytes[i];
    CHECK(lm_rng_stream(1337, "init").key == want);
    CHECK(lm_rng_stream(1337, "init").key != lm_rng_stream(1337, "inid").key);
    CHECK(lm_rng_stream(1337, "init").key != lm_rng_stream(1338, "init").key);
    char name[400];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    CHECK(lm_rng_stream(1, name).key == lm_rng_stream(1, name + 50).key); /* cut at 256 */
}

static void test_uniform(struct tap *tap)
{
    enum { COUNT = 100000 };
    struct lm_rng rng = lm_rng_stream(1, "uniform");
    double sum = 0, squares = 0;
    for (uint64_t i = 0; i < COUNT; i++) {
        double u = lm_rng_uniform(rng, 3, i);
        CHECK(u >= 0 && u < 1);
        sum += u;
        squares += u * u;
    }
    /* Five standard errors of the mean of u and of u^2: sqrt(1/12 / n), sqrt(4/45 / n). */
    CHECK_NEAR(sum / COUNT, 0.5, 5 * sqrt(1.0 / 12 / COUNT));
    CHECK_NEAR(squares / COUNT, 1.0 / 3, 5 * sqrt(4.0 / 45 / COUNT));
}

/* Chi-squared of `cells` equally likely cells: mean cells - 1, variance 2 (cells - 1). */
static double chi_squared(const unsigned *counts, size_t cells, double expected)
{
    double sum = 0;
    for (size_t i = 0; i < cells; i++) {
        double d = counts[i] - expected;
        sum += d * d / expected;
    }
    return sum;
}

static void test_below(struct tap *tap)
{
    static const uint64_t bounds[] = {1, 2, 3, 7, 100, 1000};
    struct lm_rng rng = lm_rng_stream(2, "below");
    for (size_t b = 0; b < sizeof bounds / sizeof bounds[0]; b++) {
        unsigned counts[1000] = {0};
        for (uint64_t i = 0; i < 100000; i++) {
            uint64_t draw = lm_rng_below(rng, b, i, bounds[b]);
            REQUIRE(draw < bounds[b]);
            counts[draw]++;
        }
        double cells = (double)bounds[b];
        CHECK(chi_squared(counts, (size_t)bounds[b], 1e5 / cells) <
              cells - 1 + 6 * sqrt(2 * cells) + 1);
    }
    /* Three quarters of 2^64: a draw without rejection would favour every third value. */
    uint64_t huge = (uint64_t)3 << 62;
    unsigned thirds[3] = {0};
    for (uint64_t i = 0; i < 30000; i++)
        thirds[lm_rng_below(rng, 99, i, huge) % 3]++;
    CHECK(chi_squared(thirds, 3, 10000) < 2 + 6 * 2);
    CHECK(lm_rng_below(rng, 0, 0, UINT64_MAX) < UINT64_MAX);
}

static void test_normal(struct tap *tap)
{
    enum { COUNT = 200000 };
    struct lm_rng rng = lm_rng_stream(3, "normal");
    double moments[5] = {0};
    unsigned inside = 0;
    for (uint64_t i = 0; i < COUNT; i++) {
        double x = lm_rng_normal(rng, 0, i), power = 1;
        CHECK(isfinite(x));
        inside += fabs(x) < 1;
        for (int k = 1; k < 5; k++)
            moments[k] += (power *= x);
    }
    /* Five standard errors; Var x^2 = 2, Var x^3 = 15, Var x^4 = 96. */
    CHECK_NEAR(moments[1] / COUNT, 0, 5 * sqrt(1.0 / COUNT));
    CHECK_NEAR(moments[2] / COUNT, 1, 5 * sqrt(2.0 / COUNT));
    CHECK_NEAR(moments[3] / COUNT, 0, 5 * sqrt(15.0 / COUNT));
    CHECK_NEAR(moments[4] / COUNT, 3, 5 * sqrt(96.0 / COUNT));
    CHECK_NEAR(inside / (double)COUNT, 0.6826894921370859, 5 * sqrt(0.25 / COUNT));
}

static void test_permutation_is_a_bijection(struct tap *tap)
{
    static unsigned char seen[70000];
    static const uint64_t counts[] = {1, 2, 3, 4, 5, 16, 17, 63, 64, 65, 1000, 4096, 65537};
    struct lm_rng rng = lm_rng_stream(4, "order");
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++)
        for (uint64_t epoch = 0; epoch < 3; epoch++) {
            memset(seen, 0, sizeof seen);
            for (uint64_t i = 0; i < counts[c]; i++) {
                uint64_t image = lm_rng_permute(rng, epoch, i, counts[c]);
                REQUIRE(image < counts[c]);
                CHECK(!seen[image]);
                seen[image] = 1;
            }
        }
    CHECK(lm_rng_permute(rng, 0, UINT64_MAX - 1, UINT64_MAX) < UINT64_MAX);
}

static void test_permutation_mixes(struct tap *tap)
{
    enum { COUNT = 10007 };
    struct lm_rng rng = lm_rng_stream(5, "order");
    unsigned neighbours = 0, fixed = 0, same = 0;
    for (uint64_t i = 0; i + 1 < COUNT; i++) {
        uint64_t a = lm_rng_permute(rng, 0, i, COUNT), b = lm_rng_permute(rng, 0, i + 1, COUNT);
        neighbours += b == a + 1;
        fixed += a == i;
        same += a == lm_rng_permute(rng, 1, i, COUNT);
    }
    /* Each is Poisson with mean 1 for a random permutation. */
    CHECK(neighbours < 10 && fixed < 10 && same < 10);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_known_answers) TAP_ROW(test_blocks) TAP_ROW(test_streams) TAP_ROW(test_uniform)
        TAP_ROW(test_below) TAP_ROW(test_normal) TAP_ROW(test_permutation_is_a_bijection)
            TAP_ROW(test_permutation_mixes)};
LM_TEST_FILE(tests)
