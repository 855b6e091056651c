/** Training: losses and their gradients, and what the optimiser makes of them. */
#ifndef LMPIPE_MODEL_TRAIN_H
#define LMPIPE_MODEL_TRAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/model/run.h>
#include <lmpipe/status.h>

/* ---- next tokens ---- */

/** Training loss: mean over B·T positions of -log p(targets | tokens), with label smoothing and
 *  z-loss as the model's options say (lm_model_score knows neither); dropout is drawn at
 *  (step, micro-batch) of lm_model_set_position. tokens, targets: (B, T). A target of -1 is
 *  not scored. Keeps what lm_model_backward needs. LM_RANGE; LM_NUMERIC: the loss is not finite,
 *  with the first tensor of weights that is not either; weights and moments are untouched,
 *  gradients gathered since the last step are dropped. */
enum lm_status lm_model_forward(struct lm_model *model, const int32_t *tokens,
                                const int32_t *targets, int64_t batch, int64_t time, double *loss,
                                struct lm_err *err);
/** Gathers `scale` times the gradient of the last forward's loss for the next step. The gradients
 *  of n calls are added up as a tree of n leaves, split at the largest power of two below n. A
 *  tensor's `grad` is the whole sum when n is a power of two, and once lm_model_gradient_norm or
 *  lm_model_step was called. LM_INVALID without a forward before it (score, logits and backward
 *  itself use it up); LM_RANGE: more than options.leaves since the last step. */
enum lm_status lm_model_backward(struct lm_model *model, double scale, struct lm_err *err);
/** lm_model_forward and lm_model_backward in one, with the same bits: the head's logits, which
 *  are never all held, need not be computed twice. */
enum lm_status lm_model_accumulate(struct lm_model *model, const int32_t *tokens,
                                   const int32_t *targets, int64_t batch, int64_t time,
                                   double scale, double *loss, struct lm_err *err);
/** lm_model_accumulate for texts of any lengths, without padding: the mean over targets that are
 *  scored. No text may go on from another (LM_INVALID). A row without a target costs nothing in the
 *  head. LM_RANGE as lm_model_score_packed. */
enum lm_status lm_model_accumulate_packed(struct lm_model *model,
                                          const struct lm_packed_texts *texts, double scale,
                                          double *loss, struct lm_err *err);

/* ---- heads on pooled states ---- */

/** Gathers `scale` times the gradient of the mean cross-entropy of labels (B), each in [0, labels),
 * in nats. *loss (may be NULL) is that mean. Rules as lm_model_accumulate; LM_INVALID as
 *  lm_model_classify; LM_RANGE: a label. */
enum lm_status lm_model_accumulate_labels(struct lm_model *model, const struct lm_texts *texts,
                                          const int32_t *labels, double scale, double *loss,
                                          struct lm_err *err);

/** What pairs of texts are taught; cos(u, v) of pooled states, 0 when one of them is all zero. */
enum lm_pair_loss {
    /** Mean over pairs of (cos(u_i, v_i) − s_i)² (Reimers & Gurevych 2019, section 3). */
    LM_PAIRS_REGRESSION,
    /** InfoNCE (van den Oord et al. 2018) over the other pairs of the batch, both ways (Gao et al.
     *  2021 one way): with z_ij = cos(u_i, v_j) / temperature, the mean of l_i weighted by s_i,
     *      Σ s_i l_i / Σ s_i,   l_i = −½ log softmax_j(z_ij)_i − ½ log softmax_j(z_ji)_i.
     *  Every text is a negative of all pairs but its own, whatever their scores. 0 when all scores
     *  are 0. */
    LM_PAIRS_CONTRASTIVE,
    LM_PAIR_LOSSES
};

/** "regression", "contrastive", NULL: for parameter tables, by enum lm_pair_loss. */
extern const char *const lm_pair_loss_names[];
/** Loss by name; regression for a name that is none. */
enum lm_pair_loss lm_pair_loss_find(const char *name);

struct lm_pair_options {
    enum lm_pair_loss loss;
    enum lm_pooling pooling;
    double temperature; /**< contrastive: 0.001 to 1000 */
};
/** Gathers `scale` times the gradient of a loss on pairs: rows 2i and 2i + 1 of `texts` are pair i,
 *  with the score s_i = scores[i] in [0, 1] (B/2 of them). *loss (may be NULL) is that loss. Rules
 *  as lm_model_accumulate; LM_RANGE: an odd batch, a score, the temperature. */
enum lm_status lm_model_accumulate_pairs(struct lm_model *model, const struct lm_texts *texts,
                                         const float *scores, const struct lm_pair_options *options,
                                         double scale, double *loss, struct lm_err *err);

/* ---- optimise ---- */

/** How gradients become updates; g is the clipped gradient, d the decay of the tensor's group. */
enum lm_optimizer {
    /** m and v remember g and g²: p −= lr·(m̂/(√v̂ + eps) + d·p) (Loshchilov & Hutter 2019,
     *  algorithm 2). */
    LM_OPTIMIZER_ADAMW,
    /** v = momentum·v + g; p −= lr·(v + d·p), with nesterov p −= lr·(g + momentum·v + d·p)
     *  (Sutskever et al. 2013, for a constant lr; decay decoupled as in Loshchilov & Hutter 2019,
     *  algorithm 1). v lies where AdamW has m. */
    LM_OPTIMIZER_SGD,
    /** v as SGD's; the matrices of layers step along O, the polar factor of v (with nesterov of g +
     *  momentum·v), by Newton-Schulz: p −= lr·(s·O + d·p), s by enum lm_muon_scale (Jordan et al.
     *  2024; decay as Liu et al. 2025). Queries, keys, values, gate and up are matrices of their
     *  own. All else is AdamW's, at the rate adamw_lr. A gradient of zeros and no momentum is no
     *  update. Needs options.muon. */
    LM_OPTIMIZER_MUON,
    LM_OPTIMIZERS
};

/** "adamw", "sgd", "muon", NULL-terminated, for parameter tables. */
extern const char *const lm_optimizer_names[LM_OPTIMIZERS + 1];
/** Optimiser by name; AdamW for a name that is none. */
enum lm_optimizer lm_optimizer_find(const char *name);

/** How far Muon goes along an orthonormal matrix of m rows and n columns. */
enum lm_muon_scale {
    LM_MUON_RMS, /**< 0.2·√max(m, n): as far as AdamW would (Liu et al. 2025, section 2.2) */
    LM_MUON_SPECTRAL, /**< √max(1, n / m): in the norm of operators (Jordan et al. 2024) */
    LM_MUON_SCALES
};

/** "rms", "spectral", NULL: for parameter tables. */
extern const char *const lm_muon_scale_names[LM_MUON_SCALES + 1];
/** Rule by name; rms for a name that is none. */
enum lm_muon_scale lm_muon_scale_find(const char *name);

/** Kinds of weight tensors, as bits. */
enum lm_tensor_group {
    LM_GROUP_MATRICES = 1,   /**< of products, a head of its own included */
    LM_GROUP_EMBEDDINGS = 2, /**< of tokens (the tied head, too) and of positions */
    LM_GROUP_NORMS = 4,      /**< gains and biases of norms */
    LM_GROUP_BIASES = 8      /**< of products */
};

enum { LM_TENSOR_GROUPS = 4 };

/** Names by bit: "matrices", "embeddings", "norms", "biases", NULL. */
extern const char *const lm_tensor_group_names[LM_TENSOR_GROUPS + 1];
/** The bit of a name; 0 for a name that is none. */
unsigned lm_tensor_group_find(const char *name);

/** One update. Zero-initialised: AdamW's form, decay on matrices and embeddings. */
struct lm_step_options {
    double lr, beta1, beta2;
    double eps; /**< AdamW: 0: 1e-8 */
    double decay;
    double clip; /**< largest global gradient norm (Pascanu et al. 2013); 0: no clipping */
    enum lm_optimizer optimizer;
    double momentum;           /**< SGD, Muon: [0, 1) */
    bool nesterov;             /**< SGD, Muon */
    double adamw_lr;           /**< Muon: rate of what AdamW updates */
    int64_t ns_steps;          /**< Muon: Newton-Schulz steps, up to 100; 0: 5 */
    double ns_coefficients[3]; /**< Muon: a, b, c of X·(a + b·A + c·A²), A = XᵀX; all 0: 3.4445,
                                    −4.775, 2.0315 (Jordan et al. 2024) */
    enum lm_muon_scale muon_scale;
    unsigned groups; /**< of enum lm_tensor_group: what decays; 0: matrices and embeddings */
    /** Each layer learns at so much of the rate of the layer above it (Howard & Ruder 2018, section
     *  3.2; Clark et al. 2020, appendix A): layer i of L at lr·layer_decay^(L − i), i from 0, the
     *  embeddings at ^(L + 1), the rest, which is above the layers, at lr. 0: 1. */
    double layer_decay;
    /** The caller's array of L + 2 numbers, or NULL: norm of the update over norm of the weights
     *  before it, of the embeddings, each layer, and what is above. 0 where all is frozen, or 0. */
    double *ratios;
};

struct lm_step_stats {
    double grad_norm; /**< before clipping, of all tensors that are not frozen */
    bool clipped;
};
/** Clips, updates, counts the step; the next backward starts a new gradient. LM_NUMERIC names the
 *  first tensor, of those not frozen, with a non-finite gradient: weights, moments and count are
 * then untouched and the gradient is dropped, as if the batch had not been. LM_RANGE for an option
 * outside its limits (eps: at least 1e-30; betas and momentum below 1 in float32). LM_INVALID
 * without a backward since the last step. stats may be NULL. */
enum lm_status lm_model_step(struct lm_model *model, const struct lm_step_options *options,
                             struct lm_step_stats *stats, struct lm_err *err);
/** Norm of the whole gradient that the next step would take, before clipping, frozen tensors left
 *  out. LM_INVALID without one; LM_NUMERIC as lm_model_step. */
enum lm_status lm_model_gradient_norm(struct lm_model *model, double *norm, struct lm_err *err);
/** Drops the gradient gathered since the last step, as if its batches had not been. */
void lm_model_drop_gradient(struct lm_model *model);
/** Moves `average`, the caller's lm_model_parameters floats in tensor order, towards the weights:
 *  average += rate·(weights − average), each element alone. With the rates (1 − b)/(1 − b^t) for
 *  t = 1, 2, … it is the mean of the weights seen, each counting b times as much as the one after
 *  it: the exponential moving average with its bias corrected (Kingma & Ba 2015, section 7.2). */
void lm_model_average(struct lm_model *model, float *average, double rate);
/** Exchanges the weights with the caller's lm_model_parameters floats in tensor order. */
void lm_model_swap(struct lm_model *model, float *weights);
/** Where dropout draws: optimiser step (from 0; messages count from 1, as people and logs do) and
 *  micro-batch within it. */
void lm_model_set_position(struct lm_model *model, uint64_t step, uint64_t micro_batch);

/** Everything a resumed training needs (weights, moments, step count), little-endian; of a model
 *  that does not train the moments are 0. */
uint64_t lm_model_state_size(const struct lm_model *model);
void lm_model_state_save(const struct lm_model *model, void *out);
/** A model that does not train takes the weights alone. LM_FORMAT: it is of another model. */
enum lm_status lm_model_state_load(struct lm_model *model, const void *data, uint64_t size,
                                   struct lm_err *err);

enum { LM_STATE_HEAD = 24, LM_STATE_FAMILIES = 3 };

/** The same where it lies, so that it can be written and read without a copy: a head, then weights,
 *  first and second moments, `size` bytes each, borrowed from the model. One that does not train
 * has no moments: NULL. */
struct lm_model_state {
    unsigned char head[LM_STATE_HEAD];
    float *families[LM_STATE_FAMILIES];
    uint64_t size;
};

/** Where the state of a model lies now; until the model is freed. */
void lm_model_state_view(const struct lm_model *model, struct lm_model_state *out);
/** Whether a stored head is one of this model. */
bool lm_model_state_fits(const struct lm_model *model, const unsigned char head[LM_STATE_HEAD]);
/** Takes up a stored head; the families, where the view says, are for the caller to fill.
 *  LM_FORMAT: it is of another model, and nothing was changed. */
enum lm_status lm_model_state_begin(struct lm_model *model, const unsigned char head[LM_STATE_HEAD],
                                    struct lm_err *err);

#endif
