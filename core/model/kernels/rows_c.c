/* Kernels for any processor: whatever vectors the compiler's baseline has. */
#include "model/kernels/kernels.h"

#include "model/kernels/rows.inc"

KERNEL_TABLE(lm_kernels_c, "c");
