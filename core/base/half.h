/**
 * The two floating-point formats of 16 bits that weights are kept in: half, IEEE 754-2019's
 * binary16 (1 bit of sign, 5 of exponent, 10 of mantissa), and bfloat16, the upper half of a
 * float (1, 8, 7). Widening is exact. Narrowing rounds to nearest, ties to even; what is too large
 * becomes an infinity; a NaN stays a NaN, quiet, with the upper bits of its payload. Integer
 * arithmetic: no rounding or denormal mode of the processor matters.
 */
#ifndef LM_BASE_HALF_H
#define LM_BASE_HALF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

float lm_half_to_float(uint16_t half);
uint16_t lm_float_to_half(float x);
float lm_bf16_to_float(uint16_t bf16);
uint16_t lm_float_to_bf16(float x);

/** The same for `count` numbers; arrays must not overlap. The narrowing ones return whether every
 *  finite number is still finite; all are written in any case. */
void lm_halves_to_floats(float *out, const uint16_t *halves, size_t count);
bool lm_floats_to_halves(uint16_t *out, const float *x, size_t count);
void lm_bf16s_to_floats(float *out, const uint16_t *bf16s, size_t count);
bool lm_floats_to_bf16s(uint16_t *out, const float *x, size_t count);

#endif
