/** Parameters of the sample stage. */
#ifndef LM_SAMPLE_PARAMS_H
#define LM_SAMPLE_PARAMS_H

#include <stdint.h>

#include <lmpipe/model.h>
#include <lmpipe/param.h>

/** A decoding method of the grid. */
struct sample_method {
    const char *name;
    double temperature, top_p, min_p, repetition_penalty, typical_p, eta;
    double length_penalty, contrastive_alpha;
    int64_t top_k, beams, contrastive_k;
    struct lm_list order; /**< const char *, of lm_rule_names */
};

struct sample_params {
    struct lm_list prompts; /**< const char * */
    struct lm_list methods; /**< struct sample_method; resolved: with those of the temperatures */
    struct lm_list temperatures; /**< double */
    int64_t from_valid, prompt_tokens, unconditional, samples, max_tokens;
    const char *weights; /**< one of lm_weights_names */
};

/** What the model core is told of a method, but for the vocabulary (sample.c). */
struct lm_sampling sample_rules(const struct sample_method *method);

#endif
