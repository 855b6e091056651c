/* Decoding on any processor: fmaf is exact everywhere, and slow without an instruction for it. */
#include "model/kernels/decode.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define DECODE_LANES 4
#define DECODE_NARROW(rows, bytes) ((rows) == 1 ? 16 : 2)
typedef float decode_vec __attribute__((vector_size(DECODE_LANES * 4)));

static inline decode_vec decode_splat(float a)
{
    return (decode_vec){a, a, a, a};
}

static inline decode_vec decode_fma(decode_vec a, decode_vec b, decode_vec c)
{
    for (size_t l = 0; l < DECODE_LANES; l++)
        c[l] = fmaf(a[l], b[l], c[l]);
    return c;
}

static inline decode_vec decode_widen_bf16(const uint16_t *w)
{
    float out[DECODE_LANES];
    for (size_t l = 0; l < DECODE_LANES; l++) {
        uint32_t bits = (uint32_t)w[l] << 16;
        memcpy(&out[l], &bits, sizeof out[l]);
    }
    return (decode_vec){out[0], out[1], out[2], out[3]};
}

static inline decode_vec decode_widen_int8(const int8_t *w)
{
    return (decode_vec){(float)w[0], (float)w[1], (float)w[2], (float)w[3]};
}

#include "model/kernels/decode.inc"

DECODE_TABLE(lm_decode_c, "c");
