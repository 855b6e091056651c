#include "base/half.h"

#include <string.h>

/* Bits of a float without its sign: infinity, 2^16 and 2^-14, the least normal half. */
#define FLOAT_INF UINT32_C(0x7F800000)
#define FLOAT_2_16 UINT32_C(0x47800000)
#define FLOAT_2_M14 UINT32_C(0x38800000)

enum {
    HALF_INF = 0x7C00,
    HALF_QUIET = 0x0200, /* of a NaN */
    BF16_INF = 0x7F80,
    BF16_QUIET = 0x0040,
    SIGN = 0x8000,
    REBIAS = 127 - 15,    /* of exponents */
    DROPPED = 23 - 10,    /* bits of the mantissa, of a normal half */
    SUBNORMAL_SHIFT = 126 /* a float's mantissa, its 24th bit set, ≫ this - exponent is in 2^-24 */
};

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

/* bits / 2^shift to nearest, ties to even; shift from 1 to 31. */
static uint32_t round_shift(uint32_t bits, unsigned shift)
{
    uint32_t quotient = bits >> shift, rest = bits & ((UINT32_C(1) << shift) - 1);
    uint32_t tie = UINT32_C(1) << (shift - 1);
    return quotient + (rest > tie || (rest == tie && (quotient & 1) != 0));
}

float lm_half_to_float(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & SIGN) << 16, exponent = half >> 10 & 31;
    uint32_t mantissa = half & 0x3FFu;
    if (exponent == 0)
        return float_of(sign | bits_of((float)mantissa * 0x1p-24F));
    if (exponent == 31)
        return float_of(sign | FLOAT_INF | mantissa << DROPPED);
    return float_of(sign | (exponent + REBIAS) << 23 | mantissa << DROPPED);
}

uint16_t lm_float_to_half(float x)
{
    uint32_t bits = bits_of(x), size = bits & ~(UINT32_C(1) << 31), half;
    if (size > FLOAT_INF)
        half = HALF_INF | HALF_QUIET | (size >> DROPPED & 0x3FF);
    else if (size >= FLOAT_2_16)
        half = HALF_INF;
    else if (size >= FLOAT_2_M14)
        half = round_shift(size - ((uint32_t)REBIAS << 23), DROPPED);
    else {
        uint32_t exponent = size >> 23, mantissa = (size & 0x7FFFFF) | 0x800000;
        uint32_t shift = SUBNORMAL_SHIFT - exponent;
        half = shift > 24 ? 0 : round_shift(mantissa, shift);
    }
    return (uint16_t)(half | (bits >> 16 & SIGN));
}

float lm_bf16_to_float(uint16_t bf16)
{
    return float_of((uint32_t)bf16 << 16);
}

uint16_t lm_float_to_bf16(float x)
{
    uint32_t bits = bits_of(x), size = bits & ~(UINT32_C(1) << 31);
    uint32_t bf16 =
        size > FLOAT_INF ? BF16_INF | BF16_QUIET | (size >> 16 & 0x7F) : round_shift(size, 16);
    return (uint16_t)(bf16 | (bits >> 16 & SIGN));
}

void lm_halves_to_floats(float *out, const uint16_t *halves, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = lm_half_to_float(halves[i]);
}

bool lm_floats_to_halves(uint16_t *out, const float *x, size_t count)
{
    size_t lost = 0;
    for (size_t i = 0; i < count; i++) {
        out[i] = lm_float_to_half(x[i]);
        lost += (out[i] & ~SIGN) == HALF_INF && (bits_of(x[i]) & FLOAT_INF) != FLOAT_INF;
    }
    return lost == 0;
}

void lm_bf16s_to_floats(float *out, const uint16_t *bf16s, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = lm_bf16_to_float(bf16s[i]);
}

bool lm_floats_to_bf16s(uint16_t *out, const float *x, size_t count)
{
    size_t lost = 0;
    for (size_t i = 0; i < count; i++) {
        out[i] = lm_float_to_bf16(x[i]);
        lost += (out[i] & ~SIGN) == BF16_INF && (bits_of(x[i]) & FLOAT_INF) != FLOAT_INF;
    }
    return lost == 0;
}
