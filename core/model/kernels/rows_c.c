/* Kernels for any processor: whatever vectors the compiler's baseline has. */
#include "model/kernels/kernels.h"

#include "model/kernels/rows.inc"

#define GEMM_ROWS 4
#define GEMM_LANES 4
#define GEMM_VECTORS 2
typedef float gemm_vec __attribute__((vector_size(GEMM_LANES * sizeof(float))));

static inline gemm_vec gemm_fma(float a, gemm_vec b, gemm_vec c)
{
    for (size_t l = 0; l < GEMM_LANES; l++)
        c[l] = fmaf(a, b[l], c[l]);
    return c;
}

#include "model/kernels/gemm.inc"

KERNEL_TABLE(lm_kernels_c, "c");
