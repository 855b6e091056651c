/* Peak loops for AVX-512: 32 registers of 16 floats. */
#include "model/kernels/peak.h"

#include <immintrin.h>

#define PEAK_LANES 16
typedef float peak_vec __attribute__((vector_size(PEAK_LANES * sizeof(float)), may_alias));

static inline peak_vec peak_step(peak_vec c, peak_vec a, peak_vec b)
{
    return (peak_vec)_mm512_fmadd_ps((__m512)c, (__m512)a, (__m512)b);
}

#include "model/kernels/peak.inc"

PEAK_TABLE(lm_peak_avx512, "avx512");
