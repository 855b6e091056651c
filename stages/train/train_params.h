/** Parameters of the stage type train, as the table in train.c fills them. */
#ifndef LM_TRAIN_PARAMS_H
#define LM_TRAIN_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include <lmpipe/param.h>

/** A stored model to begin with. */
struct train_init_params {
    const char *path;   /**< folder of a model; "": none */
    const char *sha256; /**< its weights must have; 64 lower-case hex digits, or "" */
};

/** Shares of the examples that are not learnt from. */
struct train_held_out {
    double valid, test;
};

/** What the defaults of the rows of objectives are. */
#define TRAIN_VALID_SHARE 0.1
#define TRAIN_TEST_SHARE 0.2
#define TRAIN_TEMPERATURE 0.05

/** Of a mixture. */
struct train_weight {
    double weight;
    const char *name; /**< of a source; "": the token sets in their order */
};

struct train_params {
    const char *preset;
    int64_t context, layers, heads, width; /**< resolved from the preset when not given */
    int64_t batch, accumulate, steps;
    double lr, min_lr; /**< min_lr: lr / 10 when not given */
    int64_t warmup;
    const char *schedule;
    double decay, beta1, beta2, eps, clip, dropout;
    int64_t eval_every, eval_batches;
    const char *keep;
    const char *precision;
    bool recompute;
    const char *on_divergence; /**< "fail" or "record" */
    int64_t max_skips;
    double max_spike;
    const char *order; /**< "windows" or "documents" */
    /* what differs from GPT-2: the preset's where GPT-2's is given */
    int64_t attention_width, kv_heads, mlp_width, window, window_every;
    const char *norm, *positions, *mlp;
    double rotary_base, score_scale, logit_cap;
    bool no_bias, tie_embeddings, qk_norm, no_gain, embed_norm, smear, zero_init;
    struct lm_list mixture; /**< struct train_weight; empty: the token sets by size */
    /* Objectives and examples. */
    const char *objective; /**< a name of data/objective.h */
    struct train_init_params init;
    struct train_held_out held_out;
    int64_t max_length;         /**< tokens of a row; 0: the context */
    const char *pooling;        /**< "last" or "mean" */
    const char *pair_loss;      /**< "regression" or "contrastive" */
    double temperature;         /**< of the contrastive loss */
    struct lm_list score_range; /**< double: lowest and highest score; empty: 0 and 1 */
    bool is_shape_given;        /**< no row: resolve notes whether the spec gave a shape */
    /* optimisation */
    const char *optimizer;          /**< "adamw", "sgd" or "muon" */
    double adamw_lr;                /**< of Muon; resolved: 0 without it */
    int64_t ns_steps;               /**< the same */
    struct lm_list ns_coefficients; /**< double, three of them; empty: the usual ones */
    const char *muon_scale;
    double momentum;
    bool nesterov;
    struct lm_list decay_groups; /**< const char *, of lm_tensor_group_names; empty: the default */
    int64_t frozen_layers;
    double layer_decay;
    int64_t horizon, cooldown;                     /**< steps; 0: steps, none */
    double cooldown_share;                         /**< resolved into cooldown; 0: not given */
    int64_t tokens, warmup_tokens, horizon_tokens; /**< resolved into steps; 0: not given */
    int64_t ramp_from, ramp_tokens;                /**< train_ramp.h; both 0: no ramp */
    double ema, label_smoothing, z_loss;
    int64_t patience;
    double min_delta;
    const char *keep_state; /**< "auto", "true" or "false" */
    int64_t cadence;        /**< no row: eval_every before it was clipped to steps */
};

#endif
