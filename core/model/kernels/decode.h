/**
 * Kernels for decoding: a few rows times weights that lie in panels of LM_DECODE_COLUMNS outputs,
 * k-major, so that a token reads every weight once and from front to back. The order of operations
 * is that of the portable product (gemm.inc): equal bits on every instruction set.
 * docs/internals/numerics.md.
 */
#ifndef LM_MODEL_DECODE_H
#define LM_MODEL_DECODE_H

#include <stddef.h>

#include <lmpipe/model.h>

enum {
    LM_DECODE_COLUMNS = 64, /**< outputs of a panel */
    LM_DECODE_UNIT = 16,    /**< strips are a multiple of this wide */
    LM_DECODE_BLOCK = 256,  /**< part of the definition of the result: terms of one chain */
    LM_DECODE_GROUP = 64,   /**< int8: inputs that share a scale, and one chain */
};

/**
 * y (rows × LM_DECODE_COLUMNS, ldy apart) = x (rows × k, ldx apart) · panel. Panels are 64-byte
 * aligned; element (p, j) of
 *   f32   is a float at p·64 + j;
 *   bf16  the upper half of a float's bits, likewise;
 *   int8  lies in group g = p / LM_DECODE_GROUP: 64 floats (the scales of the columns), then the
 *         group's bytes, k-major.
 * f32 and bf16: c ← c + chain for each LM_DECODE_BLOCK of k; int8: c ← fma(scale, chain, c) for
 * each group, from +0.
 */
typedef void lm_panel_fn(float *y, size_t ldy, const float *x, size_t ldx, size_t rows,
                         const void *panel, size_t k);

struct lm_decode_kernels {
    const char *name;
    lm_panel_fn *panel[LM_WEIGHT_FORMATS]; /**< by enum lm_weights */
    /** y (rows × columns) = x (rows × k) · w (k × columns, ldw apart), columns a multiple of
     *  LM_DECODE_UNIT: the bits of `gemm`. */
    void (*strip)(float *y, size_t ldy, const float *x, size_t ldx, size_t rows, const float *w,
                  size_t ldw, size_t k, size_t columns);
};

extern const struct lm_decode_kernels lm_decode_c, lm_decode_avx2, lm_decode_avx512;

/** The table of the same name as one of lm_kernels_pick, or NULL when there is none. */
const struct lm_decode_kernels *lm_decode_pick(const char *name);

#endif
