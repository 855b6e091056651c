/* float32 products with AVX-512: 32 registers of 16 floats. */
#include "model/kernels/products.h"

#include <immintrin.h>

#define GEMM_TABLE lm_products_f32_avx512
#define GEMM_DEPTH 1
#define GEMM_ROWS 12
#define GEMM_LANES 16
#define GEMM_VECTORS 2
#include "model/kernels/gemm_vectors.h"

static inline gemm_vec gemm_step(const float *a, gemm_vec b, gemm_vec c)
{
    return _mm512_fmadd_ps(_mm512_set1_ps(*a), b, c);
}

#include "model/kernels/gemm.inc"
