/** The vectors of gemm.inc: GEMM_LANES floats, and quads for packing. */
#ifndef LM_MODEL_GEMM_VECTORS_H
#define LM_MODEL_GEMM_VECTORS_H

typedef float gemm_vec __attribute__((vector_size(GEMM_LANES * sizeof(float))));
typedef float gemm_quad __attribute__((vector_size(16)));
typedef float gemm_quad_any __attribute__((vector_size(16), aligned(4)));

/** A quad at any address of a float. */
typedef float gemm_vec_any __attribute__((vector_size(GEMM_LANES * sizeof(float)), aligned(4)));

#endif
