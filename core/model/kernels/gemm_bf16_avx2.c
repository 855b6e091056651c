/* bfloat16 products with AVX2 and FMA: each half of a word is a float32 once it is shifted. */
#include "model/kernels/bf16.h"
#include "model/kernels/products.h"

#include <immintrin.h>

#define GEMM_TABLE lm_products_bf16_avx2
#define GEMM_DEPTH 2
#define GEMM_ROWS 4
#define GEMM_LANES 8
#define GEMM_VECTORS 2
#include "model/kernels/gemm_denormals.h"
#include "model/kernels/gemm_vectors.h"

static inline gemm_vec even(__m256i pair)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(pair, 16));
}

static inline gemm_vec odd(__m256i pair)
{
    return _mm256_castsi256_ps(_mm256_and_si256(pair, _mm256_set1_epi32((int)0xFFFF0000U)));
}

static inline gemm_vec gemm_step(const float *a, gemm_vec b, gemm_vec c)
{
    __m256i left = _mm256_castps_si256(_mm256_set1_ps(*a)), right = _mm256_castps_si256(b);
    return _mm256_fmadd_ps(even(left), even(right), _mm256_fmadd_ps(odd(left), odd(right), c));
}

#include "model/kernels/gemm.inc"
