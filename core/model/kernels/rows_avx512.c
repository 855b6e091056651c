/* Kernels compiled for AVX-512 (F, DQ, BW, VL): 32 registers of 16 floats. */
#include "model/kernels/kernels.h"

#include "model/kernels/rows.inc"

KERNEL_TABLE(lm_kernels_avx512, "avx512");
