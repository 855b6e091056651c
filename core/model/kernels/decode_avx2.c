/* Decoding with AVX2 and FMA: 16 registers of 8 floats. */
#include "model/kernels/decode.h"

#include <immintrin.h>
#include <stdint.h>

#define DECODE_LANES 8
/* Measured on a Zen 3: eight sums keep its units busy, more make up for what widening takes; int8
 * with twelve of them leaves no register. */
#define DECODE_NARROW(rows, bytes)                                                                 \
    ((rows) == 1                                       ? 8                                         \
     : (rows) == 2                                     ? 4                                         \
     : (rows) == 3 && (bytes) != LM_DECODE_COLUMNS     ? 4                                         \
     : (rows) == 4 && (bytes) == 2 * LM_DECODE_COLUMNS ? 3                                         \
                                                       : 2)
typedef float decode_vec __attribute__((vector_size(DECODE_LANES * 4)));

static inline decode_vec decode_splat(float a)
{
    return _mm256_set1_ps(a);
}

static inline decode_vec decode_fma(decode_vec a, decode_vec b, decode_vec c)
{
    return _mm256_fmadd_ps(a, b, c);
}

static inline decode_vec decode_widen_bf16(const uint16_t *w)
{
    __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)w));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}

static inline decode_vec decode_widen_int8(const int8_t *w)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const void *)w)));
}

#include "model/kernels/decode.inc"

DECODE_TABLE(lm_decode_avx2, "avx2");
