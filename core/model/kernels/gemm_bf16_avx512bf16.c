/* bfloat16 products with AVX512-BF16: a step is VDPBF16PS. */
#include "model/kernels/bf16.h"
#include "model/kernels/products.h"

#include <immintrin.h>

#define GEMM_TABLE lm_products_bf16_avx512bf16
#define GEMM_DEPTH 2
#define GEMM_ROWS 12
#define GEMM_LANES 16
#define GEMM_VECTORS 2
#include "model/kernels/gemm_denormals.h"
#include "model/kernels/gemm_vectors.h"

static inline gemm_vec gemm_step(const float *a, gemm_vec b, gemm_vec c)
{
    __m512i left = _mm512_castps_si512(_mm512_set1_ps(*a)), right = _mm512_castps_si512(b);
    return _mm512_dpbf16_ps(c, (__m512bh)left, (__m512bh)right);
}

/* a, b: pairs; c. Told apart by the order of the two steps, by a rounding between product and sum,
 * and by denormal results. */
static const struct {
    uint32_t a, b;
    float c;
} probes[] = {
    {0x3F803F81, 0x3F803F81, 0x1p24F},           /* sums that round after each step */
    {0x4B800000 | 0x3F80, 0x3F803F80, -0x1p24F}, /* odd step cancels, even step stays */
    {0x3F813F80, 0x3F813F80, -0x1.04p0F},        /* the product's last bits survive */
    {0x1F811F80, 0x1F811F80, 0},                 /* products just above the smallest normal */
    {0x1F011F00, 0x1F811F80, 0x1p-126F},
    {0x00810080, 0x3F803F80, -0x1p-126F}, /* a denormal sum on the way, which is lost */
    {0x7F7F7F7F, 0x7F7FFF7F, 1},          /* infinite, then its opposite */
};

bool lm_bf16_step_agrees(void)
{
    for (size_t i = 0; i < sizeof probes / sizeof probes[0]; i++) {
        __m128i a = _mm_set1_epi32((int)probes[i].a), b = _mm_set1_epi32((int)probes[i].b);
        float got =
            _mm_cvtss_f32(_mm_dpbf16_ps(_mm_set1_ps(probes[i].c), (__m128bh)a, (__m128bh)b));
        float want = lm_bf16_dot(probes[i].a, probes[i].b, probes[i].c);
        if (lm_float_bits(got) != lm_float_bits(want) && !(isnan(got) && isnan(want)))
            return false;
    }
    return true;
}

#define GEMM_PACKERS

static inline gemm_quad gemm_four(const float *at)
{
    return _mm_castsi128_ps((__m128i)_mm256_cvtneps_pbh(_mm256_loadu_ps(at)));
}

/* Mask of the first `count` words. */
static inline __mmask16 first(size_t count)
{
    return (__mmask16)(0xFFFFU >> (16 - (count < 16 ? count : 16)));
}

/* Sixteen words at most of two rows, those of `mask`. */
static inline void pair_rows(float *out, const float *even, const float *odd, __mmask16 mask)
{
    const __m512i order =
        _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                         21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    __m512 low = _mm512_maskz_loadu_ps(mask, even), high = _mm512_maskz_loadu_ps(mask, odd);
    __m512i both = (__m512i)_mm512_cvtne2ps_pbh(high, low);
    _mm512_mask_storeu_ps(out, mask, _mm512_castsi512_ps(_mm512_permutexvar_epi16(order, both)));
}

static inline void gemm_side(float *restrict out, const float *restrict at, size_t step,
                             const size_t count)
{
    for (size_t l = 0; l < count; l += 16) {
        pair_rows(out + l, at + l, at + step + l, first(count - l));
    }
}

static inline void gemm_halves(float *restrict out, const float *even, const float *odd,
                               const size_t count)
{
    const __m512i order =
        _mm512_set_epi16(47, 15, 46, 14, 45, 13, 44, 12, 43, 11, 42, 10, 41, 9, 40, 8, 39, 7, 38, 6,
                         37, 5, 36, 4, 35, 3, 34, 2, 33, 1, 32, 0);
    for (size_t l = 0; l < count; l += 16) {
        __mmask16 words = first((count - l) / 2 < 8 ? (count - l) / 2 : 8);
        __m512i a = _mm512_castps_si512(_mm512_maskz_loadu_ps(words, even + l / 2));
        __m512i b = _mm512_castps_si512(_mm512_maskz_loadu_ps(words, odd + l / 2));
        _mm512_mask_storeu_ps(out + l, first(count - l),
                              _mm512_castsi512_ps(_mm512_permutex2var_epi16(a, order, b)));
    }
}

static inline void gemm_pairs(float *out, const float *x, size_t words)
{
    for (size_t p = 0; p < words; p += 16) {
        size_t rest = words - p, floats = 2 * rest;
        __m512 low = _mm512_maskz_loadu_ps(first(floats), x + 2 * p);
        __m512 high = _mm512_maskz_loadu_ps(first(floats > 16 ? floats - 16 : 0), x + 2 * p + 16);
        _mm512_mask_storeu_ps(out + p, first(rest),
                              _mm512_castsi512_ps((__m512i)_mm512_cvtne2ps_pbh(high, low)));
    }
}

#include "model/kernels/gemm.inc"
