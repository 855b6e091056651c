/* Peak loop for AVX512-BF16: 32 products of bfloat16 an instruction, added to 16 floats. */
#include "model/kernels/peak.h"

#include <immintrin.h>

enum { LANES = 16, CHAINS = 14 };

/* Sums that grow with every round: 2·2⁻⁸ each, and stop growing long before they overflow. */
static float dot_bf16(size_t rounds)
{
    const __m512bh a = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.0625F), _mm512_set1_ps(0.0625F));
    __m512 c[CHAINS];
    for (size_t i = 0; i < CHAINS; i++)
        c[i] = _mm512_set1_ps((float)i);
    for (size_t r = 0; r < rounds; r++)
        for (size_t i = 0; i < CHAINS; i++)
            c[i] = _mm512_dpbf16_ps(c[i], a, a);
    for (size_t i = 1; i < CHAINS; i++)
        c[0] = _mm512_add_ps(c[0], c[i]);
    return _mm512_reduce_add_ps(c[0]);
}

const struct lm_peak_bf16 lm_peak_avx512_bf16 = {4.0 * LANES * CHAINS, dot_bf16};
