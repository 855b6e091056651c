/** Keys of bands: the curve of their theory, on planted pairs. */
#include "corpus/minhash.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <lmpipe/rng.h>

#include "tests/tap.h"

/* The hashes of two sets whose Jaccard coefficient is shared / (shared + 2 own). */
static void draw(uint64_t *a, uint64_t *b, size_t shared, size_t own, uint64_t pair)
{
    const struct lm_rng rng = lm_rng_stream(3, "pairs");
    for (size_t i = 0; i < shared + own; i++) {
        a[i] = lm_rng_u64(rng, 2 * pair, i);
        b[i] = i < shared ? a[i] : lm_rng_u64(rng, 2 * pair + 1, i);
    }
}

static size_t candidates(struct lm_minhash *minhash, size_t shared, size_t own, size_t pairs)
{
    uint64_t a[512], b[512], x[LM_MINHASH_MOST], y[LM_MINHASH_MOST];
    size_t found = 0;
    for (size_t p = 0; p < pairs; p++) {
        bool is_one = false;
        draw(a, b, shared, own, p);
        lm_minhash_keys(minhash, x, a, shared + own);
        lm_minhash_keys(minhash, y, b, shared + own);
        for (size_t i = 0; i < minhash->bands; i++)
            is_one = is_one || x[i] == y[i];
        found += is_one;
    }
    return found;
}

/* Within 4 standard errors of 1 − (1 − s^r)^b. */
static void follows_the_curve(struct tap *tap)
{
    enum { PAIRS = 200 };

    static const struct {
        size_t shared, own;
    } pairs[] = {{100, 50}, {120, 40}, {140, 30}, {150, 25},
                 {160, 20}, {170, 15}, {180, 10}, {190, 5}}; /* s = 0.5 … 0.95 */

    static const size_t shapes[][2] = {{14, 8}, {1, 1}};
    static struct lm_minhash minhash;
    for (size_t k = 0; k < 2; k++) {
        lm_minhash_init(&minhash, shapes[k][0], shapes[k][1]);
        for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
            double s = (double)pairs[i].shared / (double)(pairs[i].shared + 2 * pairs[i].own);
            double p = lm_minhash_chance(shapes[k][0], shapes[k][1], s);
            double got = (double)candidates(&minhash, pairs[i].shared, pairs[i].own, PAIRS) / PAIRS;
            CHECK_NEAR(got, p, 4 * sqrt(p * (1 - p) / PAIRS) + 0.5 / PAIRS);
        }
    }
}

static void knows_the_curve(struct tap *tap)
{
    CHECK_NEAR(lm_minhash_chance(14, 8, 0.7), 0.565, 1e-3);
    CHECK_NEAR(lm_minhash_chance(14, 8, 0.75), 0.772, 1e-3);
    CHECK_NEAR(lm_minhash_chance(14, 8, 0.8), 0.924, 1e-3);
    CHECK_NEAR(lm_minhash_chance(14, 8, 0.85), 0.988, 1e-3);
    CHECK_NEAR(lm_minhash_chance(1, 1, 0.3), 0.3, 1e-15);
    CHECK(lm_minhash_chance(14, 8, 1) == 1 && lm_minhash_chance(14, 8, 0) == 0);
}

/* A set is a set: order and repeats are nothing, and every path has the same bits. */
static void depends_on_the_set(struct tap *tap)
{
    static struct lm_minhash minhash;
    uint64_t a[300], b[300], keys[3][LM_MINHASH_MOST];
    static const size_t shapes[][2] = {{14, 8}, {3, 7}, {1, 1024}, {1024, 1}};
    draw(a, b, 200, 0, 1);
    for (size_t i = 0; i < 300; i++)
        b[299 - i] = a[i] = a[i % 200];
    for (size_t k = 0; k < 4; k++) {
        lm_minhash_init(&minhash, shapes[k][0], shapes[k][1]);
        lm_minhash_keys(&minhash, keys[0], a, 200);
        lm_minhash_keys(&minhash, keys[1], b, 300);
        CHECK(memcmp(keys[0], keys[1], shapes[k][0] * sizeof keys[0][0]) == 0);
    }
    lm_minhash_init(&minhash, 2, 8);
    lm_minhash_keys(&minhash, keys[2], a, 200);
    CHECK(keys[2][0] == 0x88E091E968D105D3u && keys[2][1] == 0x63EF42F0D83B7162u);
}

static const struct tap_test tests[] = {TAP_ROW(follows_the_curve) TAP_ROW(knows_the_curve)
                                            TAP_ROW(depends_on_the_set)};
LM_TEST_FILE(tests)
