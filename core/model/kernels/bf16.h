/**
 * bfloat16 as AVX512-BF16 has it: conversion rounds to nearest, ties to even, and takes denormal
 * numbers as zeros; a pair of products is added by two fused steps, the odd one first, results
 * that are denormal are zeros (Intel SDM, VCVTNEPS2BF16 and VDPBF16PS; test_products.c compares).
 */
#ifndef LM_MODEL_BF16_H
#define LM_MODEL_BF16_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t lm_float_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float lm_bits_float(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/** x rounded to bfloat16, as the float32 of the same value. NaN stays NaN, made quiet. */
static inline uint32_t lm_bf16_round(float x)
{
    uint32_t u = lm_float_bits(x), magnitude = u & 0x7FFFFFFFU;
    uint32_t rounded = (u + 0x7FFFU + (u >> 16 & 1)) & 0xFFFF0000U;
    uint32_t quiet = (u | 0x00400000U) & 0xFFFF0000U;
    rounded = magnitude > 0x7F800000U ? quiet : rounded;
    return magnitude < 0x00800000U ? u & 0x80000000U : rounded;
}

/** Two of them in a word: even in the low half, odd in the high one. */
static inline uint32_t lm_bf16_pair(float even, float odd)
{
    return lm_bf16_round(even) >> 16 | lm_bf16_round(odd);
}

/** fma(a, b, c) whose result, when denormal after rounding, is a zero of its sign. a and b are
 *  bfloat16 values, c is no denormal. */
static inline float lm_fma_flushed(float a, float b, float c)
{
    float r = fmaf(a, b, c), size = fabsf(r);
    if (size > FLT_MIN || !(size > 0)) /* NaN too */
        return r;
    /* r is the smallest normal number although the sum was smaller, if the sum lies below half a
     * unit of 24 bits under it. Differences here are exact in double. */
    double sign = r < 0 ? -1 : 1, least = 0x1p-126 - 0x1p-151;
    if (size == FLT_MIN && sign * (double)c - least >= -(sign * (double)a * (double)b))
        return r;
    return copysignf(0.0F, r);
}

/** c plus the two products of a pair of words. */
static inline float lm_bf16_dot(uint32_t a, uint32_t b, float c)
{
    c = lm_fma_flushed(lm_bits_float(a & 0xFFFF0000U), lm_bits_float(b & 0xFFFF0000U), c);
    return lm_fma_flushed(lm_bits_float(a << 16), lm_bits_float(b << 16), c);
}

/** a + b, a denormal sum being a zero of its sign; neither is denormal. */
static inline float lm_add_flushed(float a, float b)
{
    float sum = a + b;
    return fabsf(sum) < FLT_MIN ? copysignf(0.0F, sum) : sum;
}

#endif
