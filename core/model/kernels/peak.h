/**
 * Loops that keep the arithmetic units of a processor full and touch no memory, and one that
 * reads memory: what a machine can do at most, for machine_peak.c. One row for each instruction
 * set, compiled like the row kernels; the loops share peak.inc.
 */
#ifndef LM_MODEL_PEAK_H
#define LM_MODEL_PEAK_H

#include <stdbool.h>
#include <stddef.h>

enum { LM_PEAK_READ_UNIT = 256 /**< `read` takes multiples of so many floats */ };

struct lm_peak_kernel {
    const char *name; /**< of the kernels it belongs to: "avx512", "avx2", "c" */
    double flops; /**< operations of a round of `fp32`: a multiplication and an addition are 2 */
    /** Computes `rounds` rounds of independent chains in registers; the value returned only keeps
     *  a compiler from leaving the work out. */
    float (*fp32)(size_t rounds);
    /** The sum of n floats, 64-byte aligned: a reader as fast as one core can be. */
    float (*read)(const float *x, size_t n);
};

/** The same for products of pairs of bfloat16 that are added in float32 (VDPBF16PS). */
struct lm_peak_bf16 {
    double flops;
    float (*bf16)(size_t rounds);
};

/** The row that belongs to the kernels called `name` (as lm_kernels_pick), or NULL. */
const struct lm_peak_kernel *lm_peak_pick(const char *name);
/** The row for bfloat16 that goes with these kernels, or NULL: they, or this processor, have no
 *  such instruction. */
const struct lm_peak_bf16 *lm_peak_pick_bf16(const char *name);

extern const struct lm_peak_kernel lm_peak_c, lm_peak_avx2, lm_peak_avx512;
extern const struct lm_peak_bf16 lm_peak_avx512_bf16;

#endif
