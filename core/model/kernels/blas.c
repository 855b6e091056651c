/* The only door to OpenBLAS. */
#include "model/kernels/kernels.h"
#include "model/kernels/products.h"

#include <cblas.h>
#include <stdio.h>
#include <string.h>

void lm_blas_start(void)
{
    openblas_set_num_threads(1);
}

static void gemm(enum lm_gemm_form form, size_t m, size_t n, size_t k, const float *a, size_t lda,
                 const float *b, size_t ldb, bool accumulate, float *c, size_t ldc,
                 struct lm_causal causal,
                 float *scratch) // NOLINT(readability-non-const-parameter): lm_gemm_fn has it
{
    (void)scratch, (void)causal; /* OpenBLAS brings its own, and multiplies by the zeros */
    cblas_sgemm(CblasRowMajor, form == LM_TN ? CblasTrans : CblasNoTrans,
                form == LM_NT ? CblasTrans : CblasNoTrans, (blasint)m, (blasint)n, (blasint)k, 1.0F,
                a, (blasint)lda, b, (blasint)ldb, accumulate ? 1.0F : 0.0F, c, (blasint)ldc);
}

const struct lm_products lm_products_f32_blas = {.depth = 1, .gemm = gemm};

const char *lm_blas_better_core(void)
{
    static const char *const good[] = {"Haswell", "Zen", "SkylakeX", "Cooperlake",
                                       "SapphireRapids"};
    const char *core = openblas_get_corename();
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (strcmp(core, good[i]) == 0)
            return NULL;
    if (lm_kernels_pick("avx512") != NULL)
        return "SkylakeX";
    return lm_kernels_pick("avx2") != NULL ? "Haswell" : NULL;
}

void lm_blas_describe(char *out, size_t size)
{
    const char *config = openblas_get_config(); /* "OpenBLAS 0.3.21 NO_LAPACKE …" */
    const char *version = strchr(config, ' ');
    version = version == NULL ? config : version + 1;
    snprintf(out, size, "openblas %.*s %s", (int)strcspn(version, " "), version,
             openblas_get_corename());
}
