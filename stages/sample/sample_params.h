/** Parameters of the sample stage. */
#ifndef LM_SAMPLE_PARAMS_H
#define LM_SAMPLE_PARAMS_H

#include <stdint.h>

#include <lmpipe/param.h>

/** A decoding method of the grid. */
struct sample_method {
    const char *name;
    double temperature, top_p, min_p, repetition_penalty;
    int64_t top_k;
};

struct sample_params {
    struct lm_list prompts; /**< const char * */
    struct lm_list methods; /**< struct sample_method */
    int64_t from_valid, prompt_tokens, unconditional, samples, max_tokens;
    const char *weights; /**< one of lm_weights_names */
};

#endif
