/* Kernels compiled for AVX2 and FMA: 16 registers of 8 floats. */
#include "model/kernels/kernels.h"

#include "model/kernels/rows.inc"

KERNEL_TABLE(lm_kernels_avx2, "avx2");
