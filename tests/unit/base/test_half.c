/* Halves and bfloat16: all 65,536 of each, and rounding held against its definition. */
#include "base/half.h"

#include "tests/tap.h"

enum { ALL = 1 << 16 };

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The value by the standard's formula, in double; infinities as 2^`emax + 1`. */
static double value_of(uint32_t bits, int exponent_bits, int mantissa_bits)
{
    int bias = (1 << (exponent_bits - 1)) - 1;
    int exponent = (int)(bits >> mantissa_bits) & ((1 << exponent_bits) - 1);
    double mantissa = bits & ((1u << mantissa_bits) - 1), one = 1u << mantissa_bits;
    double size = exponent == 0 ? ldexp(mantissa / one, 1 - bias)
                                : ldexp(1 + mantissa / one, exponent - bias);
    return bits >> (exponent_bits + mantissa_bits) & 1 ? -size : size;
}

static void test_all_halves(struct tap *tap)
{
    for (uint32_t h = 0; h < ALL; h++) {
        float x = lm_half_to_float((uint16_t)h);
        bool is_nan = (h & 0x7FFF) > 0x7C00, is_inf = (h & 0x7FFF) == 0x7C00;
        CHECK(is_nan == (isnan(x) != 0) && is_inf == (isinf(x) != 0));
        CHECK((signbit(x) != 0) == (h >> 15 == 1));
        if (!is_nan && !is_inf)
            CHECK((double)x == value_of(h, 5, 10));
        CHECK_INT(lm_float_to_half(x), is_nan ? h | 0x200 : h);
    }
}

static void test_all_bf16(struct tap *tap)
{
    for (uint32_t h = 0; h < ALL; h++) {
        float x = lm_bf16_to_float((uint16_t)h);
        bool is_nan = (h & 0x7FFF) > 0x7F80;
        CHECK_INT(bits_of(x), h << 16);
        if ((h & 0x7F80) != 0x7F80)
            CHECK((double)x == value_of(h, 8, 7));
        CHECK_INT(lm_float_to_bf16(x), is_nan ? h | 0x40 : h);
    }
}

/* Between neighbours a < b: below the middle a, above it b, at it the even one; the largest
 * number's upper neighbour is what an infinity's bits would stand for. */
static void check_between(struct tap *tap, uint32_t a, int exponent_bits, int mantissa_bits,
                          uint16_t (*narrow)(float))
{
    double low = value_of(a, exponent_bits, mantissa_bits);
    double high = value_of(a + 1, exponent_bits, mantissa_bits);
    float middle = (float)(low + (high - low) / 2);
    uint32_t even = a % 2 == 0 ? a : a + 1, sign = 0x8000;
    CHECK_INT(narrow(middle), even);
    CHECK_INT(narrow(-middle), even | sign);
    CHECK_INT(narrow(float_of(bits_of(middle) - 1)), a);
    CHECK_INT(narrow(float_of(bits_of(middle) + 1)), a + 1);
    CHECK_INT(narrow(-float_of(bits_of(middle) + 1)), (a + 1) | sign);
}

static void test_rounding(struct tap *tap)
{
    for (uint32_t a = 0; a < 0x7C00; a++)
        check_between(tap, a, 5, 10, lm_float_to_half);
    for (uint32_t a = 0; a < 0x7F80; a++)
        check_between(tap, a, 8, 7, lm_float_to_bf16);
    CHECK_INT(lm_float_to_half(float_of(1)), 0);
    CHECK_INT(lm_float_to_half(-float_of(1)), 0x8000);
    CHECK_INT(lm_float_to_half(1e30F), 0x7C00);
    CHECK_INT(lm_float_to_half(-INFINITY), 0xFC00);
    CHECK_INT(lm_float_to_half(float_of(0x7F800001)), 0x7E00);
    CHECK_INT(lm_float_to_bf16(float_of(0xFFFFFFFF)), 0xFFFF);
}

static void test_arrays(struct tap *tap)
{
    static const float in[] = {0, -1.5F, 65504, 65520, INFINITY, 3e38F, 0.1F};
    uint16_t narrow[7];
    float out[7];
    CHECK(lm_floats_to_halves(narrow, in, 3));
    CHECK(!lm_floats_to_halves(narrow, in, 4));
    CHECK(lm_floats_to_halves(narrow, in + 4, 1));
    CHECK(lm_floats_to_bf16s(narrow, in, 7));
    CHECK(!lm_floats_to_bf16s(narrow, &(const float){3.4028235e38F}, 1));
    CHECK(!lm_floats_to_halves(narrow, in, 7));
    lm_halves_to_floats(out, narrow, 7);
    for (int i = 0; i < 7; i++)
        CHECK(out[i] == lm_half_to_float(lm_float_to_half(in[i])));
    CHECK(out[3] == INFINITY);
    lm_floats_to_bf16s(narrow, in, 7);
    lm_bf16s_to_floats(out, narrow, 7);
    for (int i = 0; i < 7; i++)
        CHECK(out[i] == lm_bf16_to_float(lm_float_to_bf16(in[i])));
}

static const struct tap_test tests[] = {TAP_ROW(test_all_halves) TAP_ROW(test_all_bf16)
                                            TAP_ROW(test_rounding) TAP_ROW(test_arrays)};
LM_TEST_FILE(tests)
