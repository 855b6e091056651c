/** Parameters of the evaluate stage. */
#ifndef LM_EVALUATE_PARAMS_H
#define LM_EVALUATE_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

struct evaluate_params {
    int64_t stride, batch, resamples, untrained_windows, passages, passage_tokens, max_new_tokens;
    bool baselines;
};

#endif
