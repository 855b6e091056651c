/** For products whose denormal operands and results are zeros, as VDPBF16PS has it: the processor's
 *  mode around a product. */
#ifndef LM_MODEL_GEMM_DENORMALS_H
#define LM_MODEL_GEMM_DENORMALS_H

#include <immintrin.h>

/** FTZ and DAZ of MXCSR. */
#define GEMM_ENTER                                                                                 \
    const unsigned int mode = _mm_getcsr();                                                        \
    _mm_setcsr(mode | 0x8040);
#define GEMM_LEAVE _mm_setcsr(mode);

#endif
