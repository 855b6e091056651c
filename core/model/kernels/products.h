/**
 * Matrix products with a fixed order of operations per output element: the same bits on every
 * instruction set and for every way of cutting the outputs (docs/internals/numerics.md). One
 * table for each precision and instruction set, all made from gemm.inc.
 *
 * All matrices are row-major float32; `ld` is the distance of rows in floats. With bf16 the
 * operands are rounded while they are packed; products are exact and sums are float32.
 */
#ifndef LM_MODEL_PRODUCTS_H
#define LM_MODEL_PRODUCTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/model.h>

/** Forms of a product: C = A·B, C = A·Bᵀ, C = Aᵀ·B. */
enum lm_gemm_form { LM_NN, LM_NT, LM_TN };

enum {
    LM_GEMM_SCRATCH = 1 << 18, /**< floats of packing space a worker needs */
    LM_GEMM_COLUMNS = 576,     /**< columns of a block of a packed operand */
    LM_GEMM_UNIT = 96,         /**< a packed operand has room for this multiple of columns */
    LM_GEMM_K = 256, /**< words of the inner dimension that are summed by themselves: a cut at a
                        multiple of it changes no bit of what is accumulated */
};

/** What of a product counts where row i is a query that sees keys up to i + first. */
enum lm_causal_part {
    LM_CAUSAL_NONE,   /**< all of it */
    LM_CAUSAL_OUT,    /**< outputs of keys that are seen; the others are left undefined */
    LM_CAUSAL_LEFT,   /**< all outputs, the left operand (queries × keys) being 0 elsewhere */
    LM_CAUSAL_TURNED, /**< the same, the left operand turned (keys × queries) */
};

struct lm_causal {
    enum lm_causal_part part;
    size_t first;
};

/**
 * c (m×n) = op(a) op(b), or += when `accumulate`; the inner dimension is k. LM_TN: a is k×m;
 * LM_NT: b is n×k. `scratch`: LM_GEMM_SCRATCH floats, 64-byte aligned, of this worker.
 */
typedef void lm_gemm_fn(enum lm_gemm_form form, size_t m, size_t n, size_t k, const float *a,
                        size_t lda, const float *b, size_t ldb, bool accumulate, float *c,
                        size_t ldc, struct lm_causal causal, float *scratch);

/** A right operand packed for many products. */
struct lm_packed {
    float *data;  /**< lm_packed_floats(depth, n, k) floats, 64-byte aligned */
    size_t n, k;  /**< its shape: columns of the product, inner dimension */
    size_t first; /**< column with which products begin, a multiple of LM_GEMM_UNIT */
};

/** An operand as it lies in memory: m×k on the left, or k×m by LM_TN; k×n on the right, or n×k by
 *  LM_NT. */
struct lm_operand {
    enum lm_gemm_form form;
    const float *data;
    size_t ld;
    bool stored; /**< its rows were written by `store` */
};

/** Words of a stored row of n elements. */
static inline size_t lm_stored_words(size_t depth, size_t n)
{
    return (n + depth - 1) / depth;
}

struct lm_products {
    size_t depth; /**< elements of the inner dimension in a packed 32-bit word: 1 or 2 */
    lm_gemm_fn *gemm;
    /** Packs part `part` of lm_packed_parts of a right operand. */
    void (*pack)(const struct lm_packed *out, const struct lm_operand *b, size_t part);
    /** Packs rows [first, first + rows) of the inner dimension, whole words of them but for its
     *  last one. */
    void (*pack_rows)(const struct lm_packed *out, const struct lm_operand *b, size_t first,
                      size_t rows);
    /** Writes rows as operands take them: pairs of bfloat16, an odd last element with zero.
     * out may be x where no row begins before its source. NULL: they are taken as they are. */
    void (*store)(float *out, size_t ld_out, const float *x, size_t ld, size_t rows, size_t n);
    /** c (m×n) (+)= a · n columns, from `first` on, and k rows of a packed operand: the bits of
     * `gemm` without packing it again. */
    void (*multiply)(size_t m, size_t n, size_t k, struct lm_operand a, const struct lm_packed *b,
                     bool accumulate, float *c, size_t ldc, struct lm_causal causal,
                     float *scratch);
};

extern const struct lm_products lm_products_f32_c, lm_products_f32_avx2, lm_products_f32_avx512;
extern const struct lm_products lm_products_bf16_c, lm_products_bf16_avx2, lm_products_bf16_avx512,
    lm_products_bf16_avx512bf16;
/** OpenBLAS on the calling thread alone (numerics: blas); it packs for itself: no pack, multiply.
 */
extern const struct lm_products lm_products_f32_blas;

/** The table for the kernels called `kernels` ("c", "avx2", "avx512"): the fastest of those that
 *  give the same bits. Never NULL for a name that lm_kernels_pick knows. */
const struct lm_products *lm_products_pick(const char *kernels, enum lm_precision precision);

/** Whether this processor's VDPBF16PS adds as bf16.h says, on probes that would tell. Call it only
 *  where AVX512-BF16 is. */
bool lm_bf16_step_agrees(void);

/** Floats that a packed operand of this shape takes. */
static inline size_t lm_packed_floats(size_t depth, size_t n, size_t k)
{
    size_t columns = (n + LM_GEMM_UNIT - 1) / LM_GEMM_UNIT * LM_GEMM_UNIT;
    return columns * ((k + depth - 1) / depth);
}

/** Its blocks of LM_GEMM_K words of the inner dimension. */
static inline size_t lm_packed_depths(size_t depth, size_t k)
{
    return (k + LM_GEMM_K * depth - 1) / (LM_GEMM_K * depth);
}

/** Parts it is packed in, each by itself: LM_GEMM_COLUMNS columns of a block of the inner
 *  dimension. */
static inline size_t lm_packed_parts(size_t depth, size_t n, size_t k)
{
    return (n + LM_GEMM_COLUMNS - 1) / LM_GEMM_COLUMNS * lm_packed_depths(depth, k);
}

#endif
