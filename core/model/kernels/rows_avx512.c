/* Kernels compiled for AVX-512 (F, DQ, BW, VL): 32 registers of 16 floats. */
#include "model/kernels/kernels.h"

#include <immintrin.h>

#include "model/kernels/rows.inc"

#define GEMM_ROWS 12
#define GEMM_LANES 16
#define GEMM_VECTORS 2
typedef float gemm_vec __attribute__((vector_size(GEMM_LANES * sizeof(float))));

static inline gemm_vec gemm_fma(float a, gemm_vec b, gemm_vec c)
{
    return _mm512_fmadd_ps(_mm512_set1_ps(a), b, c);
}

#include "model/kernels/gemm.inc"

KERNEL_TABLE(lm_kernels_avx512, "avx512");
