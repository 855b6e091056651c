#include <lmpipe/model.h>

#include <stdio.h>

#include "model/kernels/kernels.h"

/* Bump when the portable product or the row kernels give other bits. */
enum { PORTABLE_VERSION = 2 };

const char *lm_numerics_core(void)
{
    return lm_blas_better_core();
}

void lm_numerics_describe(char out[128], enum lm_numerics numerics)
{
    char blas[96];
    if (numerics == LM_NUMERICS_PORTABLE) {
        snprintf(out, 128, "portable %d", PORTABLE_VERSION);
        return;
    }
    lm_blas_describe(blas, sizeof blas);
    snprintf(out, 128, "blas %s f32", blas);
}
