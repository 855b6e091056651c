/* Peak loops for AVX2 and FMA: 16 registers of 8 floats. */
#include "model/kernels/peak.h"

#include <immintrin.h>

#define PEAK_LANES 8
typedef float peak_vec __attribute__((vector_size(PEAK_LANES * sizeof(float)), may_alias));

static inline peak_vec peak_step(peak_vec c, peak_vec a, peak_vec b)
{
    return (peak_vec)_mm256_fmadd_ps((__m256)c, (__m256)a, (__m256)b);
}

#include "model/kernels/peak.inc"

PEAK_TABLE(lm_peak_avx2, "avx2");
