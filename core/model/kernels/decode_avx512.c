/* Decoding with AVX-512: 32 registers of 16 floats. */
#include "model/kernels/decode.h"

#include <immintrin.h>
#include <stdint.h>

#define DECODE_LANES 16
#define DECODE_NARROW(rows, bytes) 4
typedef float decode_vec __attribute__((vector_size(DECODE_LANES * 4)));

static inline decode_vec decode_splat(float a)
{
    return _mm512_set1_ps(a);
}

static inline decode_vec decode_fma(decode_vec a, decode_vec b, decode_vec c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline decode_vec decode_widen_bf16(const uint16_t *w)
{
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)w));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

static inline decode_vec decode_widen_int8(const int8_t *w)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const void *)w)));
}

#include "model/kernels/decode.inc"

DECODE_TABLE(lm_decode_avx512, "avx512");
