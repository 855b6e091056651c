/* bfloat16 products for any processor. */
#include "model/kernels/bf16.h"
#include "model/kernels/products.h"

#define GEMM_TABLE lm_products_bf16_c
#define GEMM_DEPTH 2
#define GEMM_ROWS 4
#define GEMM_LANES 4
#define GEMM_VECTORS 2
#include "model/kernels/gemm_vectors.h"

static inline gemm_vec gemm_step(const float *a, gemm_vec b, gemm_vec c)
{
    for (size_t l = 0; l < GEMM_LANES; l++)
        c[l] = lm_bf16_dot(lm_float_bits(*a), lm_float_bits(b[l]), c[l]);
    return c;
}

#define GEMM_ADD

static inline gemm_vec gemm_add(gemm_vec a, gemm_vec b)
{
    for (size_t l = 0; l < GEMM_LANES; l++)
        a[l] = lm_add_flushed(a[l], b[l]);
    return a;
}

#include "model/kernels/gemm.inc"
