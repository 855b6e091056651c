/**
 * The nearest matrix with orthonormal rows or columns, approximately: the polar factor by
 * Newton–Schulz steps of a fixed quintic (Jordan et al. 2024, "Muon"; Bernstein & Newhouse 2024).
 * From X / (1.01·‖X‖): X ← X·(a + b·A + c·A²) with A = XᵀX. Products are own float32 ones, each sum
 * in one order, so that the bits are the same on every instruction set; A and its polynomials are
 * symmetric, and only one half of them is computed. A matrix that is not square is iterated on by
 * its Gram matrix alone, of the smaller side: Q ← Q·R, A ← R·A·R with R = a + b·A + c·A².
 */
#ifndef LM_MODEL_POLAR_H
#define LM_MODEL_POLAR_H

#include <stddef.h>

#include "model/kernels/kernels.h"
#include "model/kernels/products.h"

struct lm_polar {
    const struct lm_kernels *kernels;
    const struct lm_products *products; /**< of float32 */
    size_t steps;                       /**< ≥ 1 */
    float a, b, c;
};

/** Floats of working space, LM_GEMM_SCRATCH included. */
static inline size_t lm_polar_floats(size_t rows, size_t cols)
{
    size_t side = rows < cols ? rows : cols;
    size_t square = (side * side + 15) / 16 * 16, whole = (rows * cols + 15) / 16 * 16;
    size_t packed = lm_packed_floats(1, rows, cols), other = lm_packed_floats(1, cols, rows);
    return 5 * square + whole + (packed > other ? packed : other) + LM_GEMM_SCRATCH;
}

/** x (rows × cols, behind one another) becomes its factor; zeros stay zeros. `norm`: its Frobenius
 *  norm. `at`: lm_polar_floats, 64-byte aligned. */
void lm_polar(const struct lm_polar *how, float *x, size_t rows, size_t cols, double norm,
              float *at);

#endif
