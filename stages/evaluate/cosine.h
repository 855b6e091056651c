/** The cosine of two states. */
#ifndef LM_EVALUATE_COSINE_H
#define LM_EVALUATE_COSINE_H

#include <math.h>
#include <stdint.h>

/** u·v / (|u|·|v|) of `width` numbers; 0 when either is 0. */
static inline double cosine(const float *u, const float *v, int64_t width)
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
