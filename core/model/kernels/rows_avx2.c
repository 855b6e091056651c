/* Kernels compiled for AVX2 and FMA: 16 registers of 8 floats. */
#include "model/kernels/kernels.h"

#include <immintrin.h>

#include "model/kernels/rows.inc"

#define GEMM_ROWS 4
#define GEMM_LANES 8
#define GEMM_VECTORS 3
typedef float gemm_vec __attribute__((vector_size(GEMM_LANES * sizeof(float))));

static inline gemm_vec gemm_fma(float a, gemm_vec b, gemm_vec c)
{
    return _mm256_fmadd_ps(_mm256_set1_ps(a), b, c);
}

#include "model/kernels/gemm.inc"

KERNEL_TABLE(lm_kernels_avx2, "avx2");
