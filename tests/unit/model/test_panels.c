/* Rounding on the way into panels: facts from the formats, not from the code. */
#include "model/decode/panels.h"

#include <stdint.h>

#include <lmpipe/rng.h>

#include "model/kernels/decode.h"

#include "tests/tap.h"

enum { COLUMNS = LM_DECODE_COLUMNS, GROUP = LM_DECODE_GROUP };

static void test_bytes(struct tap *tap)
{
    CHECK_INT(lm_panel_bytes(LM_WEIGHTS_F32, 768), 768 * COLUMNS * 4);
    CHECK_INT(lm_panel_bytes(LM_WEIGHTS_BF16, 768), 768 * COLUMNS * 2);
    CHECK_INT(lm_panel_bytes(LM_WEIGHTS_INT8, 768), 768 * COLUMNS + 768 / GROUP * COLUMNS * 4);
    CHECK_INT(lm_panel_bytes(LM_WEIGHTS_INT8, GROUP + 1), (GROUP + 1) * COLUMNS + 2 * COLUMNS * 4);
    CHECK_STR(lm_weights_names[LM_WEIGHTS_BF16], "bf16");
    CHECK_STR(lm_weights_names[LM_WEIGHTS_INT8], "int8");
    CHECK(lm_weights_names[LM_WEIGHT_FORMATS] == NULL);
}

static void test_f32_is_a_copy(struct tap *tap)
{
    _Alignas(64) float panel[COLUMNS], out[COLUMNS];
    for (size_t i = 0; i < COLUMNS; i++)
        panel[i] = (float)i - 0.3F;
    lm_panel_pack(out, LM_WEIGHTS_F32, panel, 1);
    CHECK_INT(memcmp(out, panel, sizeof out), 0);
}

/* Bits of float → upper half: exact, halfway to even both ways, carry into the exponent, the
 * largest float becomes infinity, NaN whose payload lies below stays NaN. */
static void test_bf16_rounding(struct tap *tap)
{
    static const struct {
        uint32_t bits;
        uint16_t want;
    } rows[] = {{0x3F800000, 0x3F80}, {0x3F808000, 0x3F80}, {0x3F818000, 0x3F82},
                {0x3F808001, 0x3F81}, {0x3FFF8000, 0x4000}, {0x7F7FFFFF, 0x7F80},
                {0xBF808001, 0xBF81}, {0x7F800001, 0x7FC0}, {0x80000000, 0x8000},
                {0x7F800000, 0x7F80}, {0x00008001, 0x0000}};

    enum { COUNT = sizeof rows / sizeof rows[0] };

    _Alignas(64) float panel[COLUMNS] = {0};
    _Alignas(64) uint16_t out[COLUMNS];
    for (size_t i = 0; i < COUNT; i++)
        memcpy(&panel[i], &rows[i].bits, sizeof panel[i]);
    lm_panel_pack(out, LM_WEIGHTS_BF16, panel, 1);
    for (size_t i = 0; i < COUNT; i++)
        CHECK_INT(out[i], rows[i].want);
}

/* Scale and bytes of group g of a packed int8 panel. */
static float scale_at(const unsigned char *packed, size_t g, size_t column)
{
    float scale;
    memcpy(&scale, packed + g * COLUMNS * (4 + GROUP) + column * sizeof scale, sizeof scale);
    return scale;
}

static int byte_at(const unsigned char *packed, size_t p, size_t column)
{
    const unsigned char *group = packed + p / GROUP * COLUMNS * (4 + GROUP);
    return (int8_t)group[COLUMNS * 4 + p % GROUP * COLUMNS + column];
}

/* No weight is further from its float than half a step of its group, the largest is met exactly. */
static void test_int8_error(struct tap *tap)
{
    enum { K = 2 * GROUP + 5 };

    float *panel = malloc(K * COLUMNS * sizeof *panel);
    unsigned char *packed = aligned_alloc(64, (lm_panel_bytes(LM_WEIGHTS_INT8, K) + 63) / 64 * 64);
    struct lm_rng rng = lm_rng_stream(1, "panel");
    for (size_t i = 0; i < K * COLUMNS; i++)
        panel[i] = (float)lm_rng_normal(rng, 0, i);
    lm_panel_pack(packed, LM_WEIGHTS_INT8, panel, K);
    for (size_t c = 0; c < COLUMNS; c++)
        for (size_t g = 0; g < 3; g++) {
            double scale = (double)scale_at(packed, g, c);
            int largest = 0;
            for (size_t p = g * GROUP; p < K && p < (g + 1) * GROUP; p++) {
                int byte = byte_at(packed, p, c);
                largest = abs(byte) > largest ? abs(byte) : largest;
                CHECK_NEAR(byte * scale, (double)panel[p * COLUMNS + c], 0.5001 * scale);
            }
            CHECK_INT(largest, 127);
        }
    free(panel);
    free(packed);
}

/* Ties go to even; zeros, denormals and bad numbers do no harm. */
static void test_int8_edges(struct tap *tap)
{
    enum { ROWS = 6 };

    static const float columns[][ROWS] = {
        {127, 0.5F, 1.5F, 2.5F, -0.5F, -3.5F}, /* scale 1 */
        {0, 0, 0, 0, 0, 0},
        {190e-45F, -190e-45F, 0, 1e-45F, 0, 0}, /* the scale rounds to the least denormal */
        {1, NAN, 2, 3, 4, 5},
        {1, INFINITY, 2, 3, 4, 5},
    };
    static const int want[][ROWS] = {{127, 0, 2, 2, 0, -4}, {0}, {127, -127, 0, 1, 0, 0}};

    enum { COUNT = sizeof columns / sizeof columns[0], GOOD = sizeof want / sizeof want[0] };

    _Alignas(64) float panel[ROWS * COLUMNS] = {0};
    _Alignas(64) unsigned char packed[COLUMNS * (4 + ROWS)];
    for (size_t c = 0; c < COUNT; c++)
        for (size_t p = 0; p < ROWS; p++)
            panel[p * COLUMNS + c] = columns[c][p];
    lm_panel_pack(packed, LM_WEIGHTS_INT8, panel, ROWS);
    for (size_t c = 0; c < GOOD; c++)
        for (size_t p = 0; p < ROWS; p++)
            CHECK_INT(byte_at(packed, p, c), want[c][p]);
    CHECK(scale_at(packed, 0, 0) == 1);
    CHECK(scale_at(packed, 0, 1) == 0);
    CHECK(isnan(scale_at(packed, 0, 3)));
    CHECK(isnan(scale_at(packed, 0, 4)));
}

static const struct tap_test tests[] = {TAP_ROW(test_bytes) TAP_ROW(test_f32_is_a_copy) TAP_ROW(
    test_bf16_rounding) TAP_ROW(test_int8_error) TAP_ROW(test_int8_edges)};
LM_TEST_FILE(tests)
