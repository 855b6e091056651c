/** A draw by the kernels at hand. */
#ifndef LM_MODEL_DECODE_SAMPLING_H
#define LM_MODEL_DECODE_SAMPLING_H

#include <lmpipe/model/sampling.h>

#include "model/kernels/kernels.h"

/** lm_sampling_draw with kernels of the caller's; all give the same bits. */
int32_t lm_sampling_draw_by(const struct lm_kernels *kernels, const struct lm_sampling *method,
                            const float *logits, int64_t vocab, const int32_t *history,
                            int64_t count, double u, void *scratch);

#endif
