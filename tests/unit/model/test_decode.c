/* Products of decoding at odd shapes: bit by bit what their definition says, on every kernel set.
 */
#include "model/kernels/decode.h"

#include <stdint.h>

#include <lmpipe/rng.h>

#include "model/decode/panels.h"
#include "model/kernels/kernels.h"

#include "tests/tap.h"

enum { SETS = 3, COLUMNS = LM_DECODE_COLUMNS, ROWS = 11 };

static const char *const names[SETS] = {"c", "avx2", "avx512"};

/* The table called `name`, or NULL when this processor cannot run it. */
static const struct lm_decode_kernels *pick(const char *name)
{
    return lm_kernels_pick(name) != NULL ? lm_decode_pick(name) : NULL;
}

static float *random_floats(uint64_t stream, size_t n, double scale)
{
    float *out = aligned_alloc(64, (n + 16) / 16 * 64);
    struct lm_rng rng = lm_rng_stream(stream, "decode");
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(scale * lm_rng_normal(rng, 0, i));
    return out;
}

/* The weight that a packed panel stands for, without its scale; *scale: 1 but for int8. */
static double weight_at(enum lm_weights weights, const void *panel, size_t p, size_t j,
                        double *scale)
{
    const unsigned char *bytes = panel;
    float value;
    uint32_t bits;
    *scale = 1;
    if (weights == LM_WEIGHTS_F32)
        return (double)((const float *)panel)[p * COLUMNS + j];
    if (weights == LM_WEIGHTS_BF16) {
        bits = (uint32_t)((const uint16_t *)panel)[p * COLUMNS + j] << 16;
        memcpy(&value, &bits, sizeof value);
        return (double)value;
    }
    const unsigned char *group = bytes + p / LM_DECODE_GROUP * COLUMNS * (4 + LM_DECODE_GROUP);
    memcpy(&value, group + j * sizeof value, sizeof value);
    *scale = (double)value;
    return (double)(int8_t)group[COLUMNS * 4 + p % LM_DECODE_GROUP * COLUMNS + j];
}

/* One output by the definition: chains of fmaf. */
static float defined(enum lm_weights weights, const void *panel, const float *x, size_t k, size_t j)
{
    size_t step = weights == LM_WEIGHTS_INT8 ? LM_DECODE_GROUP : LM_DECODE_BLOCK;
    float total = 0;
    for (size_t p = 0; p < k; p += step) {
        float chain = 0;
        double scale = 1;
        for (size_t i = p; i < k && i < p + step; i++)
            chain = fmaf(x[i], (float)weight_at(weights, panel, i, j, &scale), chain);
        if (weights == LM_WEIGHTS_INT8)
            total = fmaf((float)scale, chain, total);
        else
            total = p == 0 ? chain : total + chain;
    }
    return total;
}

static void check_panel(struct tap *tap, enum lm_weights weights, size_t k)
{
    float *w = random_floats(1, k * COLUMNS, 0.1), *x = random_floats(2, ROWS * (k + 3), 1);
    void *panel = aligned_alloc(64, lm_panel_bytes(weights, k));
    float want[ROWS * COLUMNS], got[ROWS * (COLUMNS + 1)];
    lm_panel_pack(panel, weights, w, k);
    for (size_t r = 0; r < ROWS; r++)
        for (size_t j = 0; j < COLUMNS; j++)
            want[r * COLUMNS + j] = defined(weights, panel, x + r * (k + 3), k, j);
    for (size_t set = 0; set < SETS; set++) {
        const struct lm_decode_kernels *kernels = pick(names[set]);
        for (size_t rows = 1; kernels != NULL && rows <= ROWS; rows++) {
            for (size_t i = 0; i < sizeof got / sizeof *got; i++)
                got[i] = 77;
            kernels->panel[weights](got, COLUMNS + 1, x, k + 3, rows, panel, k);
            for (size_t r = 0; r < rows; r++) {
                CHECK_INT(memcmp(got + r * (COLUMNS + 1), want + r * COLUMNS, COLUMNS * 4), 0);
                CHECK(got[r * (COLUMNS + 1) + COLUMNS] == 77); /* nothing beside the rows */
            }
        }
    }
    free(w);
    free(x);
    free(panel);
}

static void test_panels(struct tap *tap)
{
    static const size_t depths[] = {1, 7, 63, 64, 65, 192, 256, 257, 600};
    for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++)
        for (size_t f = 0; f < LM_WEIGHT_FORMATS; f++)
            check_panel(tap, (enum lm_weights)f, depths[i]);
}

/* Strips of floats: the same definition at any distance of rows. */
static void test_strips(struct tap *tap)
{
    enum { K = 300, LD = 144 };

    float *w = random_floats(3, K * LD, 1), *x = random_floats(4, ROWS * K, 1);
    static float want[ROWS * LD], got[ROWS * LD];
    for (size_t r = 0; r < ROWS; r++)
        for (size_t j = 0; j < LD; j++)
            for (size_t p = 0; p < K; p += LM_DECODE_BLOCK) {
                float chain = 0;
                for (size_t i = p; i < K && i < p + LM_DECODE_BLOCK; i++)
                    chain = fmaf(x[r * K + i], w[i * LD + j], chain);
                want[r * LD + j] = p == 0 ? chain : want[r * LD + j] + chain;
            }
    for (size_t columns = LM_DECODE_UNIT; columns <= LD; columns += LM_DECODE_UNIT)
        for (size_t set = 0; set < SETS; set++) {
            const struct lm_decode_kernels *kernels = pick(names[set]);
            if (kernels == NULL)
                continue;
            memset(got, 0, sizeof got);
            kernels->strip(got, LD, x, K, ROWS, w, LD, K, columns);
            for (size_t r = 0; r < ROWS; r++) {
                CHECK_INT(memcmp(got + r * LD, want + r * LD, columns * sizeof *got), 0);
                CHECK(columns == LD || got[r * LD + columns] == 0);
            }
        }
    free(w);
    free(x);
}

static void test_pick(struct tap *tap)
{
    CHECK(lm_decode_pick("c") == &lm_decode_c);
    CHECK(lm_decode_pick("sse9") == NULL);
    CHECK_STR(lm_decode_pick(lm_kernels_pick(NULL)->name)->name, lm_kernels_pick(NULL)->name);
}

static const struct tap_test tests[] = {TAP_ROW(test_panels) TAP_ROW(test_strips)
                                            TAP_ROW(test_pick)};
LM_TEST_FILE(tests)
