/** Options of `model info` and `model generate`: read by the light program (help, usage errors) and
 *  again by the worker program, which does the work. */
#ifndef LM_CLI_MODEL_VERBS_H
#define LM_CLI_MODEL_VERBS_H

#include "loaded.h"

#define LM_MODEL_NOTES                                                                             \
    "MODEL is the folder of a model, or SPEC:STAGE.PORT (SPEC:STAGE for its port \"model\"): "     \
    "the\n"                                                                                        \
    "result of what the spec says now."

struct lm_model_info_args {
    struct lm_spec_args spec; /* first: LM_SPEC_ROWS */
    bool json, tensors;
};
extern const struct lm_option lm_model_info_options[];

struct lm_model_generate_args {
    struct lm_spec_args spec; /* first: LM_SPEC_ROWS */
    const char *prompt;
    int64_t tokens, top_k, seed, threads;
    double temperature, top_p, min_p, repetition_penalty;
    int weights; /* enum lm_weights */
};
extern const struct lm_option lm_model_generate_options[];
extern const struct lm_model_generate_args lm_model_generate_defaults;

#endif
