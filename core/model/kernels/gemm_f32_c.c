/* float32 products for any processor: fmaf is exact everywhere, and slow without hardware. */
#include "model/kernels/products.h"

#include <math.h>

#define GEMM_TABLE lm_products_f32_c
#define GEMM_DEPTH 1
#define GEMM_ROWS 4
#define GEMM_LANES 4
#define GEMM_VECTORS 2
#include "model/kernels/gemm_vectors.h"

static inline gemm_vec gemm_step(const float *a, gemm_vec b, gemm_vec c)
{
    for (size_t l = 0; l < GEMM_LANES; l++)
        c[l] = fmaf(*a, b[l], c[l]);
    return c;
}

#include "model/kernels/gemm.inc"
