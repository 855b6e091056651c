/**
 * The kernels of row-wise work, one table of functions for each instruction set (matrix products:
 * products.h). A table is chosen at run time and held in the model object. The row kernels are
 * compiled from one source (rows.inc) with reductions over 16 fixed lanes, without fused
 * multiply-add, and with exp of their own: equal bits on every instruction set.
 * docs/internals/numerics.md.
 *
 * All matrices are row-major; `ld` is the distance of rows in floats.
 */
#ifndef LM_MODEL_KERNELS_H
#define LM_MODEL_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/model.h>

/** Constants of one AdamW update, worked out in double and rounded once. */
struct lm_adamw {
    float scale; /**< of the gradient: clipping */
    float lr, beta1, beta2, eps, decay;
    float correction1, correction2; /**< 1 / (1 − βᵗ) */
};

/** Constants of one update of SGD with momentum. */
struct lm_sgd {
    float scale; /**< of the gradient: clipping */
    float lr, momentum, decay;
    float fresh,
        kept; /**< shares of gradient and momentum in the step: 0, 1; Nesterov 1, momentum */
};

/** Gradient of a row's loss by a logit: mass·exp(logit − max) − floor, at the target − hit too. */
struct lm_smooth {
    float max, mass, floor, hit;
};

/** What a row of logits says about its target. */
struct lm_row_score {
    float max, sum; /**< largest logit; Σ exp(logit − max) */
    float moment;   /**< Σ exp(logit − max)·(logit − max), for the entropy */
    uint32_t above; /**< logits larger than the target's */
    uint32_t equal; /**< others equal to the target's */
};

/** A way of normalising rows of n numbers, epsilon 1e-5. What it has no use for is left alone:
 * `mean` and biases by the root mean square. */
struct lm_norm_kernels {
    /** h = (x − mean)·rstd·w + b for each row, b NULL: 0. Ba et al. 2016; or x·rstd·w, Zhang &
     *  Sennrich 2019. */
    void (*forward)(float *h, float *mean, float *rstd, const float *x, const float *w,
                    const float *b, size_t rows, size_t n);
    /** y = x + (delta + bias), bias NULL: 0, then the norm of y. h may be delta. */
    void (*residual)(float *y, float *h, float *mean, float *rstd, const float *x,
                     const float *delta, const float *bias, const float *w, const float *b,
                     size_t rows, size_t n);
    /** dx = dres + the gradient through the norm (dres NULL: 0); dw, db += sums over rows. dx may
     *  be dh. */
    void (*backward)(float *dx, float *dw, float *db, const float *dh, const float *x,
                     const float *mean, const float *rstd, const float *w, const float *dres,
                     size_t rows, size_t n);
};

/** What stands between the two matrices of a feed-forward part: rows of `wide`·n numbers become
 * rows of n. */
struct lm_mlp_kernels {
    size_t wide; /**< 1: GELU; 2: SwiGLU, gate and up side by side */
    /** f += bias (NULL: 0); g = act(f). */
    void (*forward)(float *f, float *g, const float *bias, size_t rows, size_t n);
    /** df = the gradient of f from that of g, dg; db += sums over rows. Where `wide` is 1, dg is
     *  df. */
    void (*backward)(float *df, float *db, const float *dg, const float *f, size_t rows, size_t n);
};

enum { LM_PEAK_LOGITS = 64 };

#define LM_WEIGH_ERROR 1e-9

struct lm_kernels {
    const char *name;

    struct lm_norm_kernels norms[LM_NORMS];
    struct lm_mlp_kernels mlps[LM_MLPS];

    /** y += bias in every row. */
    void (*add_bias)(float *y, const float *bias, size_t rows, size_t n);
    /** y = (y + bias) + x in every row, bias NULL: 0. */
    void (*add_residual)(float *y, const float *bias, const float *x, size_t rows, size_t n);
    /** y += x, n elements. */
    void (*add)(float *y, const float *x, size_t n);
    /** y += x·w, n elements. */
    void (*add_product)(float *y, const float *x, const float *w, size_t n);
    /** x = limit·tanh(x / limit) in place; d *= 1 − (x / limit)², of such an x. */
    void (*cap)(float *x, size_t n, float limit);
    void (*cap_backward)(float *d, const float *x, size_t n, float limit);
    /** gelu in place. */
    void (*gelu)(float *x, size_t n);
    /** Each head of n numbers is turned: (x, y) of its two halves becomes (x·c − y·s, y·c + x·s).
     *  turns: n/2 cosines c, then n/2 sines; `sign` times them is s. Su et al. 2021. */
    void (*rotate)(float *x, size_t heads, size_t n, const float *turns, float sign);
    /** sum += column sums of x, rows in order. */
    void (*column_sums)(float *sum, const float *x, size_t rows, size_t n, size_t ld);

    /** Causal softmax of scale·s in place: row r has first + r + 1 scores, of which the last
     *  `window` count (0: all); the others, and those up to `width`, are then 0. row_max, row_sum:
     *  of the scaled scores, one a row. */
    void (*softmax_causal)(float *s, size_t ld, size_t rows, size_t first, size_t width,
                           size_t window, float scale, float *row_max, float *row_sum);
    /** The same softmax again from the scores and what it kept of each row. */
    void (*softmax_again)(float *s, size_t ld, size_t rows, size_t first, size_t width,
                          size_t window, float scale, const float *row_max, const float *row_sum);
    /** d = p·(d − o·dout of the row)·scale in place: gradient of the unscaled scores, of which row
     * r has first + r + 1; those up to `width` are then 0. o, dout: rows of n. */
    void (*softmax_backward)(float *d, const float *p, size_t ld, size_t rows, size_t first,
                             size_t width, float scale, const float *o, const float *dout,
                             size_t ld_o, size_t n);

    /** Largest logit, Σ exp(logit − max). */
    void (*softmax_stats)(float *max, float *sum, const float *logits, size_t n);
    /** x: the logits as finite numbers, NaN being the least; peaks: the largest of each
     *  LM_PEAK_LOGITS of them in a row. */
    void (*bound_logits)(float *x, float *peaks, const float *logits, size_t n);
    /** Σ e and Σ e·d of d = (x − max)·scale and e = exp(d), no d below -87.3; scale ≥ 0, finite. */
    void (*heated_stats)(float *sum, float *moment, const float *x, size_t n, float max,
                         float scale);
    /** weights = exp((logit − largest) / temperature), the bits of lm_exp: 1 for the largest, 0 far
     *  below it; no logit is above it. */
    void (*weigh_logits)(double *weights, const float *logits, size_t n, double largest,
                         double temperature);
    /** The same but for a share of LM_WEIGH_ERROR, for less; 0 is at most 1e-300. */
    void (*weigh_about)(double *weights, const float *logits, size_t n, double largest,
                        double temperature);
    /** Which of n places are in [first, first + count): their numbers, rising, into `out` (n).
     *  Returns how many. */
    size_t (*select_places)(uint32_t *out, const uint16_t *places, size_t n, uint16_t first,
                            uint16_t count);
    /** Which of `count` (at most 65,535) ranges of 1/scale below `top` a logit is in; those further
     *  down are in the last one. scale ≥ 0, finite. */
    void (*place_logits)(uint16_t *places, const float *logits, size_t n, float top, float scale,
                         size_t count);
    /** logits = (softmax − onehot(target))·scale in place, given max and sum of the row. */
    void (*cross_entropy_backward)(float *logits, size_t n, size_t target, float max, float sum,
                                   float scale);
    /** The same with label smoothing or z-loss: logits = mass·exp(logit − max) − floor in place,
     * then hit less at the target. */
    void (*smooth_backward)(float *logits, size_t n, size_t target, const struct lm_smooth *smooth);
    void (*score)(struct lm_row_score *out, const float *logits, size_t n, size_t target);

    /** Sum, and sum of squares in double. */
    float (*sum)(const float *x, size_t n);
    double (*square_sum)(const float *x, size_t n);
    /** One AdamW update of n weights; the gradient is left as it is. */
    void (*adamw)(float *p, const float *g, float *m, float *v, size_t n,
                  const struct lm_adamw *options);
    /** The same of SGD; m is the momentum. */
    void (*sgd)(float *p, const float *g, float *m, size_t n, const struct lm_sgd *options);
    /** y += rate·(x − y), n elements. */
    void (*approach)(float *y, const float *x, size_t n, float rate);

    /** x *= factor, n elements. */
    void (*scale)(float *x, size_t n, float factor);
    /** out = a·x + b·y, n elements; out may be x or y. */
    void (*combine)(float *out, float a, const float *x, float b, const float *y, size_t n);
    /** The momentum m takes up the gradient g; x = what SGD would step along: of Muon. */
    void (*remember)(float *x, float *m, const float *g, size_t n, const struct lm_sgd *options);
    /** x = lr·(factor·x + decay·p), p -= x: a step along x. */
    void (*travel)(float *p, float *x, size_t n, float lr, float factor, float decay);
};

extern const struct lm_kernels lm_kernels_c, lm_kernels_avx2, lm_kernels_avx512;

/** The table called `name` ("c", "avx2", "avx512"; NULL or "auto": the best this CPU has), or
 *  NULL when there is none of that name or the CPU cannot run it. */
const struct lm_kernels *lm_kernels_pick(const char *name);

/** Makes OpenBLAS compute on the calling thread; call once before lm_products_f32_blas. */
void lm_blas_start(void);
/** "openblas <version> <core>" into out (at most `size` bytes). */
void lm_blas_describe(char *out, size_t size);

/** Core type this processor runs that is better than the one OpenBLAS chose when it was loaded, or
 *  NULL when it chose one with AVX2 at least, or there is none. */
const char *lm_blas_better_core(void);

#endif
