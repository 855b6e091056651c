/**
 * The model core: a GPT library that stands alone. List presets, create, load, run (forward,
 * score, generate, embed, classify), train (backward, step), save.
 *
 * Shapes: B batch, T time, C width, L layers, H heads, V vocabulary; row-major. Token ids are
 * int32 in [0, V). Losses are in nats. Architecture: GPT-2 (Radford et al. 2019, section 2.3), with
 * what GPT-3 and later models changed as options of the configuration.
 * Results do not depend on the number of threads (docs/internals/numerics.md).
 * A model is used by one thread at a time; the pool it was given serves it.
 */
#ifndef LMPIPE_MODEL_H
#define LMPIPE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/hash.h>
#include <lmpipe/rng.h>
#include <lmpipe/status.h>

struct lm_model;

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
    bool no_bias;   /**< no bias in matrices and norms */
    bool untied;    /**< the head is a matrix of its own, not the token embedding */
    bool qk_norm;   /**< queries and keys are normalised by their root mean square, head by head,
                       before they are turned (Henry et al. 2020, Dehghani et al. 2023) */
    int64_t labels; /**< classes of a classification head (lm_model_classify), ≥ 2; 0: none */
};

/** A named shape (vocab is 0: it comes from the tokenizer), and how its source trained it. */
struct lm_model_preset {
    const char *name, *summary, *source;
    struct lm_model_config config;
    double lr;         /**< peak learning rate; 0: not said */
    int64_t sequences; /**< of a context, a step; 0: not said */
};

enum lm_numerics { LM_NUMERICS_PORTABLE, LM_NUMERICS_BLAS };

/** What matrix products take: float32, or operands rounded to bfloat16 (Kalamkar et al. 2019) whose
 *  products are summed in float32. Weights, gradients, sums over rows and the optimiser are float32
 *  in both. bfloat16 products are always our own, with portable bits, whatever the numerics. */
enum lm_precision { LM_PRECISION_F32, LM_PRECISION_BF16, LM_PRECISIONS };

/** "f32", "bf16", NULL-terminated, for parameter tables. */
extern const char *const lm_precision_names[];
/** Precision by name; float32 for a name that is none. */
enum lm_precision lm_precision_find(const char *name);

/** How to run a model; zero-initialised means: one thread, best kernels, portable, inference. */
struct lm_model_options {
    size_t threads;      /**< workers of the model's own pool; 0 is 1 */
    const char *kernels; /**< "avx512", "avx2", "c"; NULL or "auto": the best this CPU has */
    enum lm_numerics numerics;
    enum lm_precision precision;
    bool training; /**< hold gradients, Adam moments and activations */
    /** Keep the residual stream alone and compute a layer's other activations again in the
     *  backward pass: the same bits, a third more work (Chen et al. 2016). */
    bool recompute;
    int64_t max_batch, max_time; /**< largest B and T of a call; 0: 1 and the context */
    uint64_t seed; /**< of dropout masks (stream "dropout") and of initialisation (stream "init") */
    /** Asked a few times a layer by the calling thread; true: calls on batches give up with
     *  LM_CANCELLED. Weights are untouched, gradients gathered since the last step are dropped. */
    bool (*stop)(void *user);
    void *stop_user;
    /** Training: embeddings and the first so many layers are held as they are, moments and decay
     *  included; 0: nothing is, not even the embeddings. At most all layers: then the last norm and
     *  a head of its own learn. A tied head is the embedding. Below the lowest layer that learns no
     *  gradients are computed: their tensors keep old ones. */
    int64_t frozen_layers;
    /** What lm_model_forward and _accumulate minimise beside the likelihood of the targets; both 0:
     *  nothing. Label smoothing e (Szegedy et al. 2016, section 7), [0, 1): the target is 1 − e of
     *  the true token and e of all V alike. z-loss (Chowdhery et al. 2022, section 5: 1e-4), ≥ 0:
     *  z·log²Z is added, Z being the sum of exp(logits). */
    double label_smoothing, z_loss;
};

/* ---- list ---- */

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
/** Bytes the model object will hold with these options, all of it sized before the start. */
uint64_t lm_model_memory(const struct lm_model_config *config,
                         const struct lm_model_options *options);

/* ---- create, load, save ---- */

/** New model with GPT-2's initialisation drawn from options->seed. LM_RANGE, LM_NOMEM,
 * LM_UNSUPPORTED (kernels). */
enum lm_status lm_model_create(struct lm_model **out, const struct lm_model_config *config,
                               const struct lm_model_options *options, struct lm_err *err);
/** Model from a folder written by lm_model_save (config.json, model.safetensors). LM_FORMAT with
 * what differs; LM_NUMERIC as lm_model_check. */
enum lm_status lm_model_load(struct lm_model **out, const char *folder,
                             const struct lm_model_options *options, struct lm_err *err);

/** What changes when a stored model is trained further; zero-initialised: no head, no dropout. */
struct lm_tuning {
    int64_t labels; /**< classes of its classification head; 0: the folder's is left out */
    bool
        fresh_head; /**< the head is drawn even when the folder's has as many classes: other ones */
    double dropout; /**< in place of the folder's */
};
/** The same for fine-tuning. A head that the folder has not, or not for so many classes, is drawn
 * from options->seed as lm_model_create would. LM_RANGE: labels or dropout. */
enum lm_status lm_model_load_to_tune(struct lm_model **out, const char *folder,
                                     const struct lm_tuning *tuning,
                                     const struct lm_model_options *options, struct lm_err *err);
/** Shape of a saved model, from its config.json alone. */
enum lm_status lm_model_load_config(struct lm_model_config *out, const char *folder,
                                    struct lm_err *err);
/** Writes config.json and model.safetensors into an existing folder; equal models give equal bytes.
 */
enum lm_status lm_model_save(const struct lm_model *model, const char *folder, struct lm_err *err);
void lm_model_free(struct lm_model *model); /**< NULL is fine */
const struct lm_model_config *lm_model_config(const struct lm_model *model);

/* ---- models made elsewhere (docs/formats/model.md) ---- */

/** How weights lie in a file: float32, IEEE 754's half, bfloat16. */
enum lm_dtype { LM_DTYPE_F32, LM_DTYPE_F16, LM_DTYPE_BF16, LM_DTYPES };

/** "f32", "f16", "bf16", NULL-terminated, by enum lm_dtype. */
extern const char *const lm_dtype_names[];

/** Model from a GPT-2 checkpoint in Hugging Face's form: a folder with config.json and
 *  model.safetensors, or the files that model.safetensors.index.json lists; or one .safetensors
 *  file with config.json beside it. Numbers of 16 bits are widened exactly. LM_UNSUPPORTED names
 *  what config.json says that makes it another architecture; LM_FORMAT: damaged, or the files do
 *  not belong together; LM_NUMERIC as lm_model_check; LM_NOT_FOUND, LM_IO, LM_NOMEM. */
enum lm_status lm_model_import_hf(struct lm_model **out, const char *path,
                                  const struct lm_model_options *options, struct lm_err *err);
/** Name of the first thing in a configuration that GPT-2's language models have not, such as "norm"
 *  or "labels"; NULL: it is one of them, which the forms of other programs can say. */
const char *lm_model_beyond_gpt2(const struct lm_model_config *config);
/** Writes config.json and model.safetensors as transformers does, into an existing folder; each
 *  file is replaced as a whole. end_of_text: the id that begins and ends texts, -1: none.
 *  LM_UNSUPPORTED: the model has no GPT-2 architecture; LM_RANGE: a weight is too large for the
 *  dtype; LM_IO, LM_NOMEM. */
enum lm_status lm_model_export_hf(const struct lm_model *model, const char *folder,
                                  enum lm_dtype dtype, int32_t end_of_text, struct lm_err *err);

/* ---- train ---- */

/** Training loss: mean over B·T positions of -log p(targets | tokens), with label smoothing and
 *  z-loss as the model's options say (lm_model_score knows neither); dropout is drawn at
 *  (step, micro-batch) of lm_model_set_position. tokens, targets: (B, T). A target of -1 is
 *  not scored. Keeps what lm_model_backward needs. LM_RANGE; LM_NUMERIC: the loss is not finite,
 *  with the first tensor of weights that is not either; weights and moments are untouched,
 *  gradients gathered since the last step are dropped. */
enum lm_status lm_model_forward(struct lm_model *model, const int32_t *tokens,
                                const int32_t *targets, int64_t batch, int64_t time, double *loss,
                                struct lm_err *err);
/** Adds `scale` times the gradient of the last forward's loss to the gradients. LM_INVALID without
 *  a forward before it (score, logits and backward itself use it up). */
enum lm_status lm_model_backward(struct lm_model *model, double scale, struct lm_err *err);
/** lm_model_forward and lm_model_backward in one, with the same bits: the head's logits, which
 *  are never all held, need not be computed twice. */
enum lm_status lm_model_accumulate(struct lm_model *model, const int32_t *tokens,
                                   const int32_t *targets, int64_t batch, int64_t time,
                                   double scale, double *loss, struct lm_err *err);

/* ---- heads on pooled states ---- */

/** What stands for a text: the final state (behind the last layer norm) of its last token, or the
 *  mean of all its tokens' states. With LM_PRECISION_BF16 states are rounded as operands are. */
enum lm_pooling { LM_POOL_LAST, LM_POOL_MEAN, LM_POOLINGS };

/** "last", "mean", NULL: for parameter tables, by enum lm_pooling. */
extern const char *const lm_pooling_names[];
/** Pooling by name; the last token's for a name that is none. */
enum lm_pooling lm_pooling_find(const char *name);

/** Texts for a head: `batch` rows of `time` ids, filled up to the right; lengths[i] in [1, time].
 *  What is beyond a length is neither seen nor pooled: any number may stand there. The caller's. */
struct lm_texts {
    const int32_t *tokens;  /**< (B, T) */
    const int32_t *lengths; /**< (B) */
    int64_t batch, time;
};

/** Pooled states of texts, (B, C) into `out`, without dropout. LM_RANGE: an id or length outside
 *  its limits, a batch or time beyond options' or the context's; LM_CANCELLED. */
enum lm_status lm_model_embed(struct lm_model *model, const struct lm_texts *texts,
                              enum lm_pooling pooling, float *out, struct lm_err *err);

/** Classification head (Radford et al. 2018, section 3.2): logits (B, labels) are a linear map,
 *  score.weight (labels, C), of the last token's final state; without dropout. LM_INVALID: the
 *  model has no such head; else as lm_model_embed. */
enum lm_status lm_model_classify(struct lm_model *model, const struct lm_texts *texts,
                                 float *logits, struct lm_err *err);
/** Adds `scale` times the gradient of the mean cross-entropy of labels (B), each in [0, labels), in
 *  nats. *loss (may be NULL) is that mean. Rules as lm_model_accumulate; LM_INVALID as
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
/** Adds `scale` times the gradient of a loss on pairs: rows 2i and 2i + 1 of `texts` are pair i,
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
    LM_OPTIMIZERS
};

/** "adamw", "sgd", NULL-terminated, for parameter tables. */
extern const char *const lm_optimizer_names[LM_OPTIMIZERS + 1];
/** Optimiser by name; AdamW for a name that is none. */
enum lm_optimizer lm_optimizer_find(const char *name);

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
    double lr, beta1, beta2, eps, decay;
    double clip; /**< largest global gradient norm (Pascanu et al. 2013); 0: no clipping */
    enum lm_optimizer optimizer;
    double momentum; /**< SGD: [0, 1) */
    bool nesterov;   /**< SGD */
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
 * then untouched and the gradient is dropped, as if the batch had not been. LM_INVALID without a
 *  backward since the last step. stats may be NULL. */
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

/** Everything a resumed training needs (weights, moments, step count), little-endian. */
uint64_t lm_model_state_size(const struct lm_model *model);
void lm_model_state_save(const struct lm_model *model, void *out);
enum lm_status lm_model_state_load(struct lm_model *model, const void *data, uint64_t size,
                                   struct lm_err *err);

/* ---- run ---- */

/** What lm_model_score tells of each of the B·T positions; the caller's arrays, any may be NULL:
 *  nll (nats), entropy of the prediction (nats), rank of the target (0 = the model's first choice;
 *  ties count half, rounded down). */
struct lm_scores {
    float *nll, *entropy;
    int32_t *rank;
};
/** Scores targets (B, T) given tokens (B, T), without dropout and without holding all logits.
 *  LM_RANGE: an id or shape outside the limits. */
enum lm_status lm_model_score(struct lm_model *model, const int32_t *tokens, const int32_t *targets,
                              int64_t batch, int64_t time, const struct lm_scores *out,
                              struct lm_err *err);
/** Logits of all positions, (B, T, V) into the caller's `logits`. */
enum lm_status lm_model_logits(struct lm_model *model, const int32_t *tokens, int64_t batch,
                               int64_t time, float *logits, struct lm_err *err);

/* ---- decode ---- */

/** How weights are kept for decoding; sums are float32 in any case. */
enum lm_weights {
    LM_WEIGHTS_F32,  /**< as they are: 4 bytes */
    LM_WEIGHTS_BF16, /**< rounded to 8 bits of mantissa, ties to even: 2 bytes */
    LM_WEIGHTS_INT8, /**< -127 … 127 times a scale for each output and 64 inputs: 1.06 bytes */
    LM_WEIGHT_FORMATS
};

/** "f32", "bf16", "int8", NULL: for parameter tables, by enum lm_weights. */
extern const char *const lm_weights_names[LM_WEIGHT_FORMATS + 1];
/** Format by name; float32 for a name that is none. */
enum lm_weights lm_weights_find(const char *name);

/** A copy of a model's matrices, packed so that a token reads each weight once and in the order of
 *  memory. Sessions share it. Biases, norms and embeddings are read from the model. */
struct lm_decoder;
/** Packs the weights `model` (which must outlive it) has now; training it afterwards makes the copy
 *  stale. LM_NOMEM. */
enum lm_status lm_decoder_create(struct lm_decoder **out, struct lm_model *model,
                                 enum lm_weights weights, struct lm_err *err);
/** Bytes of packed weights: what a token reads of them. */
uint64_t lm_decoder_bytes(const struct lm_decoder *decoder);
/** The same for a shape, before there is a model. */
uint64_t lm_decoder_memory(const struct lm_model_config *config, enum lm_weights weights);
void lm_decoder_free(struct lm_decoder *decoder); /**< NULL is fine */

/** Incremental decoding of some sequences with a key/value cache. A sequence's logits depend on its
 *  own tokens alone: not on how they were cut, on other sequences, on threads or kernels. With f32
 *  weights they are those of lm_model_logits with LM_NUMERICS_PORTABLE, bit for bit. */
struct lm_session;

/** Zero-initialised: one sequence as long as the context. */
struct lm_session_options {
    int64_t sequences; /**< numbered from 0; 0: 1 */
    int64_t length;    /**< most tokens of each; 0: the context */
};

/** Bytes a session on a model of this shape holds, with a pool of `threads`. options may be NULL.
 */
uint64_t lm_session_memory(const struct lm_model_config *config,
                           const struct lm_session_options *options, size_t threads);
/** New session of empty sequences on a decoder, which must outlive it. options may be NULL. Holds
 *  8·L·C bytes a token of each sequence. LM_RANGE, LM_NOMEM. */
enum lm_status lm_session_create(struct lm_session **out, struct lm_decoder *decoder,
                                 const struct lm_session_options *options, struct lm_err *err);

/** What one sequence gets in a call. */
struct lm_feed {
    int64_t sequence;
    const int32_t *tokens; /**< the caller's, `count` ≥ 1 of them */
    int64_t count;
    bool no_logits;      /**< they are not wanted */
    const float *logits; /**< out: (V) behind the last token, valid until the next call; or NULL */
};
/** Feeds `count` sequences at once; all rows share one read of the weights. LM_RANGE when a length
 *  would be exceeded (reset and feed a suffix) or an id is none; LM_INVALID when a sequence occurs
 *  twice. Nothing was fed then. */
enum lm_status lm_session_feed(struct lm_session *session, struct lm_feed *feeds, size_t count,
                               struct lm_err *err);
/** Tokens of a sequence since the start or its last reset. */
int64_t lm_session_length(const struct lm_session *session, int64_t sequence);
/** Forgets the tokens of a sequence; the memory is kept. */
void lm_session_reset(struct lm_session *session, int64_t sequence);
void lm_session_free(struct lm_session *session); /**< NULL is fine */

/** Decoding rules, applied in this order: repetition penalty (Keskar et al. 2019) → temperature →
 *  top-k (Fan et al. 2018) → top-p (Holtzman et al. 2020) → min-p. temperature 0 is greedy
 *  (lowest id on ties), a tiny one draws from the ties, an infinite one from all alike.
 *  Zero-initialised is greedy; 0 switches a filter off. */
struct lm_sampling {
    double temperature, top_p, min_p, repetition_penalty;
    int64_t top_k;
    int64_t
        tokens; /**< ids from here on pad the vocabulary and are never drawn; 0: there are none */
};

/** One draw from logits (V) by inverse CDF at u in [0,1), candidates sorted by (logit desc, id
 * asc). `history` (count ids) is what the penalty sees. `scratch`: lm_sampling_scratch(V) bytes. */
int32_t lm_sampling_draw(const struct lm_sampling *rules, const float *logits, int64_t vocab,
                         const int32_t *history, int64_t count, double u, void *scratch);
size_t lm_sampling_scratch(int64_t vocab);

/** Receives each generated token and its -log p (nats) under the unfiltered model; returns false to
 * end its text. */
typedef bool lm_token_fn(void *user, int32_t token, double nll);

/** A text to be continued. */
struct lm_continuation {
    const int32_t *prompt; /**< `count` ≥ 1 tokens */
    int64_t count;
    int64_t max_new;                 /**< most new tokens */
    const struct lm_sampling *rules; /**< borrowed */
    struct lm_rng rng;               /**< token i is drawn at (sample, i) of it */
    uint64_t sample;
    lm_token_fn *emit; /**< called by the calling thread as tokens come, with `user` */
    void *user;
};

/** Zero-initialised: f32 weights, up to 8 texts at once. */
struct lm_generate_options {
    enum lm_weights weights;
    int64_t sequences; /**< texts at once: a matter of speed and memory, not of what is drawn */
};
/** Continues `count` texts, started in order, several at a time; each ends on its own. When a
 *  context is full its last half is fed again (docs/internals/numerics.md). options may be NULL.
 *  LM_RANGE, LM_NOMEM; LM_CANCELLED when the model's options.stop, asked once a token, says so. */
enum lm_status lm_model_generate(struct lm_model *model, const struct lm_continuation *texts,
                                 size_t count, const struct lm_generate_options *options,
                                 struct lm_err *err);
/** Bytes it takes at most beside the model: packed weights, keys and values of all sequences. */
uint64_t lm_generate_memory(const struct lm_model_config *config,
                            const struct lm_generate_options *options, size_t threads);

/* ---- look inside ---- */

/** Parts of a training step, for whoever wants to know where the time goes. */
enum lm_phase {
    LM_PHASE_FORWARD,   /**< embedding, norms, products with weights */
    LM_PHASE_ATTENTION, /**< forward and backward */
    LM_PHASE_HEAD,      /**< logits, loss, their gradients */
    LM_PHASE_BACKWARD,  /**< products with weights and gradients of weights */
    LM_PHASE_UPDATE,    /**< norm of the gradient, the step, averages */
    LM_PHASES
};

/** Names of the phases, by enum lm_phase. */
extern const char *const lm_phase_names[LM_PHASES];

/** What a phase has taken and done. */
struct lm_phase_stats {
    double seconds; /**< of wall time */
    double flops;   /**< useful work, as lm_model_step_flops counts */
};

/** Each phase since the model was made; scoring counts as forward work. Never in an artifact. */
void lm_model_phases(const struct lm_model *model, struct lm_phase_stats out[LM_PHASES]);

/** What the processor's arithmetic units do at most, in floating-point operations a second: the
 *  yardstick of "MFU" (Chowdhery et al. 2022, appendix B). */
struct lm_machine_peak {
    const char *kernels; /**< whose instructions were used; static storage */
    double fp32;         /**< fused multiply-adds, 2 each; "c": multiplications and additions */
    double bf16;         /**< dot products of bfloat16; 0: these kernels have no such instruction */
};

/** Measures it for about 50 ms with `threads` threads (0: 1) that compute in registers at the
 *  same time, by the kernels called `kernels` (as in lm_model_options). Each thread counts its
 *  best 0.2 ms, so that a short interruption does not matter. Not repeatable: never hash it.
 *  LM_UNSUPPORTED (kernels), LM_NOMEM. */
enum lm_status lm_machine_peak(struct lm_machine_peak *out, const char *kernels, size_t threads,
                               struct lm_err *err);
/** *out: bytes a second that `threads` threads (0: 1) read from memory together, the best of three
 *  passes over at least 256 MiB, 64 MiB a thread. LM_NOMEM. */
enum lm_status lm_machine_read_rate(double *out, size_t threads, struct lm_err *err);

/** One weight tensor: file name ("h.0.attn.c_attn.weight"), shape, values and gradient (NULL
 *  without training); borrowed from the model. */
struct lm_tensor {
    const char *name;
    int64_t shape[2];
    int dims;
    int64_t count;
    float *data, *grad;
    bool decay;
};

/** Number of weight tensors, and the i-th of them (index below the number). */
size_t lm_model_tensors(const struct lm_model *model);
struct lm_tensor lm_model_tensor(const struct lm_model *model, size_t index);
/** LM_NUMERIC names the first weight tensor that holds a number that is not finite. */
enum lm_status lm_model_check(const struct lm_model *model, struct lm_err *err);
/** SHA-256 over all weights in tensor order, little-endian float32. */
void lm_model_digest(const struct lm_model *model, struct lm_digest *out);
/** Name of the kernels in use ("avx512", …), borrowed. */
const char *lm_model_kernels(const struct lm_model *model);
/** What `numerics: blas` puts into a key: "blas openblas <version> <core> f32"; portable: "portable
 * 1". Loads nothing but OpenBLAS itself. out: 128 bytes. */
void lm_numerics_describe(char out[128], enum lm_numerics numerics);
/** Core type a program should put into OPENBLAS_CORETYPE and start itself anew: an OpenBLAS older
 *  than the processor takes kernels without AVX, five times slower. NULL: it chose well. */
const char *lm_numerics_core(void);

#endif
