/** What the commands `model …` are given: filled by the light program (usage errors) and again by
 * the worker program, which does the work. */
#ifndef LM_CLI_MODEL_COMMANDS_H
#define LM_CLI_MODEL_COMMANDS_H

#include <lmpipe/model.h>

#include "loaded.h"

#define LM_MODEL_NOTES                                                                             \
    "MODEL is the folder of a model, SPEC:STAGE.PORT (SPEC:STAGE for its port \"model\": the\n"    \
    "result of what the spec says now), or an external GPT-2 checkpoint: a folder with\n"          \
    "config.json and model.safetensors, such a file with config.json beside it, or a .gguf file."

struct lm_model_info_args {
    struct lm_spec_args spec; /* first: LM_SPEC_ROWS */
    bool json, tensors;
};

struct lm_model_generate_args {
    struct lm_spec_args spec; /* first: LM_SPEC_ROWS */
    const char *prompt;
    int64_t tokens, top_k, seed, threads, beams, contrastive_k;
    double temperature, top_p; /* NaN: not given */
    double min_p, typical_p, eta, repetition_penalty, length_penalty, contrastive_alpha;
    const char *order;
    int weights; /* enum lm_weights */
};

struct lm_model_create_args {
    struct lm_spec_args spec;     /* first: LM_SPEC_ROWS */
    struct lm_model_config shape; /* its fields; 0: the preset's */
    int64_t seed;
    const char *vocab, *output;
};
/** Shape of a preset (NULL: none) with what the options say instead; vocab stays 0. LM_INVALID:
 *  no such preset, or the shape is not complete. */
enum lm_status lm_model_create_shape(struct lm_model_config *out, const char *preset,
                                     const struct lm_model_create_args *args, struct lm_err *err);

struct lm_model_score_args {
    struct lm_spec_args spec; /* first: LM_SPEC_ROWS */
    int64_t threads;
    bool per_token, json;
};

/** Forms of models made for other programs, by place in lm_model_form_names. */
enum lm_model_form { LM_FORM_SAFETENSORS, LM_FORM_GGUF, LM_FORMS };

struct lm_model_export_args {
    struct lm_spec_args spec; /* first: LM_SPEC_ROWS */
    int format;               /* enum lm_model_form */
    int dtype;                /* enum lm_dtype */
    bool no_vocab;
    const char *output;
};

struct lm_model_import_args {
    struct lm_spec_args spec; /* first: LM_SPEC_ROWS */
    const char *vocab, *output;
};

#endif
