/** Shapes of models: architecture, presets, counts. */
#ifndef LMPIPE_MODEL_CONFIG_H
#define LMPIPE_MODEL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

/** How rows are normalised before attention, before the feed-forward part and behind the last
 * layer. */
enum lm_norm {
    LM_NORM_LAYER, /**< Ba et al. 2016, epsilon 1e-5 */
    LM_NORM_RMS,   /**< by the root of the mean square, no bias (Zhang & Sennrich 2019), 1e-5 */
    LM_NORMS
};

/** How attention knows the order of tokens. */
enum lm_positions {
    LM_POSITIONS_LEARNED, /**< a learned vector a position, added to the token's */
    LM_POSITIONS_ROTARY,  /**< queries and keys are turned by their position (Su et al. 2021), the
                               halves of a head being the two coordinates */
    LM_POSITION_KINDS
};

/** The feed-forward part: W₂·f(W₁·x). */
enum lm_mlp {
    LM_MLP_GELU,   /**< f the tanh form of GELU (Hendrycks & Gimpel 2016) */
    LM_MLP_SWIGLU, /**< silu(gate)·up; W₁ holds the gate's columns, then the other's (Shazeer 2020)
                    */
    LM_MLPS
};

/** NULL-terminated names in enum order: "layer", "rms"; "learned", "rotary"; "gelu", "swiglu". */
extern const char *const lm_norm_names[], *const lm_positions_names[], *const lm_mlp_names[];
/** Values by name; the first for a name that is none, or NULL. */
enum lm_norm lm_norm_find(const char *name);
enum lm_positions lm_positions_find(const char *name);
enum lm_mlp lm_mlp_find(const char *name);

/** Shape of a model. What stands behind dropout is GPT-2's when it is 0. */
struct lm_model_config {
    int64_t vocab;   /**< V, tokens in the vocabulary */
    int64_t context; /**< largest T, tokens */
    int64_t layers, heads, width;
    double dropout;          /**< probability in training, [0, 1) */
    int64_t attention_width; /**< numbers of all heads together, a multiple of heads; 0: width */
    int64_t kv_heads; /**< heads of keys and values, a divisor of heads (Ainslie et al. 2023); 0: as
                           many */
    int64_t mlp_width; /**< numbers between W₁ and W₂; 0: 4·width */
    int64_t window; /**< tokens that a query of a banded layer sees, its own included (Child et al.
                         2019); 0: no layer is banded */
    int64_t window_every; /**< of that many layers the last is banded: 1 all, 2 every other one, the
                               first being dense (Brown et al. 2020, section 2.1); 0: 2 */
    double rotary_base;   /**< slowest turn of rotary positions; 0: 10,000 */
    enum lm_norm norm;
    enum lm_positions positions;
    enum lm_mlp mlp;
    bool no_bias; /**< no bias in matrices and norms */
    bool untied;  /**< the head is a matrix of its own, not the token embedding */
    bool qk_norm; /**< queries and keys are normalised by their root mean square, head by head,
                     before they are turned (Henry et al. 2020, Dehghani et al. 2023) */
    bool no_gain; /**< norms, those of queries and keys too, without weights (as in OLMo, Groeneveld
                     et al. 2024) */
    bool embed_norm; /**< the embedding is normalised by its root mean square, without weights (Le
                        Scao et al. 2022, section 3.3, by a layer norm) */
    bool smear;      /**< a share of the previous token's embedding is added to a token's own, one a
                        number of it, learnt from 0 (the vector "smear.weight") */
    double score_scale; /**< scores of attention are products of queries and keys times it; 0: one
                           over the root of a head's size (Henry et al. 2020: learnt) */
    double logit_cap; /**< logits l become cap·tanh(l / cap) (Gemma Team 2024, section 2); 0: they
                         stay */
    int64_t diverged_at; /**< the step at which its training diverged; 0: it did not, or was not to
                            say so */
    int64_t labels; /**< classes of a classification head (lm_model_classify), ≥ 2; 0: none */
};

/** A named shape (vocab is 0: it comes from the tokenizer), and how its source trained it. */
struct lm_model_preset {
    const char *name, *summary, *source;
    struct lm_model_config config;
    double lr;         /**< peak learning rate; 0: not said */
    int64_t sequences; /**< of a context, a step; 0: not said */
};

/** All presets, *count of them; static storage. */
const struct lm_model_preset *lm_model_presets(size_t *count);
/** The same names, NULL-terminated, for parameter tables. */
extern const char *const lm_model_preset_names[];
/** Preset by name, or NULL. */
const struct lm_model_preset *lm_model_preset_find(const char *name);
/** LM_RANGE with the offending field when the shape is impossible (width % heads, zero sizes, >
 * 2^31 …). */
enum lm_status lm_model_config_check(const struct lm_model_config *config, struct lm_err *err);
/** What of a shape is not GPT-2's, as "norm rms, kv_heads 2, no_bias"; "" for GPT-2's. At most
 * `size` bytes with the NUL; 300 are enough. */
void lm_model_config_describe(char *out, size_t size, const struct lm_model_config *config);
/** Puts the sizes and options of `own` that are not 0 into a shape: what a person says beside a
 *  preset. Dropout and labels stay. */
void lm_model_config_take(struct lm_model_config *shape, const struct lm_model_config *own);
/** Trainable parameters of a shape (124,439,808 for GPT-2 small at V = 50,257). */
int64_t lm_model_parameters(const struct lm_model_config *config);
/** Floating-point operations of one training step on B·T tokens: 6 per matrix parameter and
 *  token (tied head included) plus 12·L·T·C per token for attention. */
double lm_model_step_flops(const struct lm_model_config *config, int64_t batch, int64_t time);
/** Operations of one Muon update, of so many Newton-Schulz steps, beyond those of the step. */
double lm_model_muon_flops(const struct lm_model_config *config, int64_t steps);
/** Name of the first thing in a configuration that GPT-2's language models have not, such as "norm"
 *  or "labels"; NULL: it is one of them, which the forms of other programs can say. */
const char *lm_model_beyond_gpt2(const struct lm_model_config *config);

#endif
