/* float32 products with AVX2 and FMA: 16 registers of 8 floats. */
#include "model/kernels/products.h"

#include <immintrin.h>

#define GEMM_TABLE lm_products_f32_avx2
#define GEMM_DEPTH 1
#define GEMM_ROWS 6
#define GEMM_LANES 8
#define GEMM_VECTORS 2
#include "model/kernels/gemm_vectors.h"

static inline gemm_vec gemm_step(const float *a, gemm_vec b, gemm_vec c)
{
    return _mm256_fmadd_ps(_mm256_set1_ps(*a), b, c);
}

#include "model/kernels/gemm.inc"
