/** The cosine of two vectors. */
#ifndef LM_BASE_COSINE_H
#define LM_BASE_COSINE_H

#include <math.h>
#include <stdint.h>

/** u·v / (|u|·|v|) of `width` numbers each, summed in order in double; 0 when either is 0. */
static inline double lm_cosine(const float *u, const float *v, int64_t width)
{
    double dot = 0, uu = 0, vv = 0;
    for (int64_t c = 0; c < width; c++) {
        dot += (double)u[c] * (double)v[c];
        uu += (double)u[c] * (double)u[c];
        vv += (double)v[c] * (double)v[c];
    }
    return uu > 0 && vv > 0 ? dot / (sqrt(uu) * sqrt(vv)) : 0;
}

#endif
