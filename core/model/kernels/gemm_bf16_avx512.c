/* bfloat16 products with AVX-512 that has no instruction for them. */
#include "model/kernels/bf16.h"
#include "model/kernels/products.h"

#include <immintrin.h>

#define GEMM_TABLE lm_products_bf16_avx512
#define GEMM_DEPTH 2
#define GEMM_ROWS 12
#define GEMM_LANES 16
#define GEMM_VECTORS 2
#include "model/kernels/gemm_denormals.h"
#include "model/kernels/gemm_vectors.h"

static inline gemm_vec even(__m512i pair)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(pair, 16));
}

static inline gemm_vec odd(__m512i pair)
{
    return _mm512_castsi512_ps(_mm512_and_si512(pair, _mm512_set1_epi32((int)0xFFFF0000U)));
}

static inline gemm_vec gemm_step(const float *a, gemm_vec b, gemm_vec c)
{
    __m512i left = _mm512_castps_si512(_mm512_set1_ps(*a)), right = _mm512_castps_si512(b);
    return _mm512_fmadd_ps(even(left), even(right), _mm512_fmadd_ps(odd(left), odd(right), c));
}

#include "model/kernels/gemm.inc"
