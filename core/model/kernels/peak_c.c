/* Peak loops for any processor: the compiler's baseline, a multiplication and an addition. */
#include "model/kernels/peak.h"

#define PEAK_LANES 4
typedef float peak_vec __attribute__((vector_size(PEAK_LANES * sizeof(float)), may_alias));

static inline peak_vec peak_step(peak_vec c, peak_vec a, peak_vec b)
{
    return c * a + b;
}

#include "model/kernels/peak.inc"

PEAK_TABLE(lm_peak_c, "c");
