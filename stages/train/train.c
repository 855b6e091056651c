/* Stage type train: the descriptor. The work is in train_run.c. */
#include <lmpipe/hash.h>
#include <lmpipe/model.h>
#include <lmpipe/stage.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/upstream_shape.h"
#include "train_optimizer.h"
#include "train_ports.h"
#include "train_prefix.h"
#include "train_ramp.h"
#include "train_shape.h"
#include "train_weights.h"

static const struct lm_port inputs[] = {
    {"tokens", "tokens", "the encoded text: train is trained on, valid is the validation split",
     LM_PORT_FOLDER | LM_PORT_OPTIONAL},
    {"extra_tokens", "tokens", "further texts to learn from, encoded with the same vocabulary",
     LM_PORT_FOLDER | LM_PORT_LIST | LM_PORT_OPTIONAL},
    {"examples", "corpus", "JSON lines of items, for all objectives but lm",
     LM_PORT_FOLDER | LM_PORT_OPTIONAL, .key = "packed_examples"},
    {"init", "model", "the model to begin with; its shape and vocabulary are kept",
     LM_PORT_FOLDER | LM_PORT_OPTIONAL},
    {"sources", "sources", "how many documents of tokens are of which source, for a named mixture",
     LM_PORT_OPTIONAL},
    {"vocab", "vocab", "the vocabulary of examples that are learnt from without init",
     LM_PORT_OPTIONAL},
    {NULL, NULL, NULL, 0},
};

static const struct lm_port outputs[] = {
    {"model", "model", "weights, configuration and vocabulary: complete by itself", LM_PORT_FOLDER},
    {"log", "log", "a JSON line a step: loss, learning rate, gradient norm, tokens", 0},
    {NULL, NULL, NULL, 0},
};

static const char *const schedules[] = {"cosine", "linear",       "constant",
                                        "wsd",    "inverse_sqrt", NULL};
static const char *const orders[] = {"windows", "documents", NULL};
static const char *const keeps[] = {"best", "last", NULL};
static const char *const keep_states[] = {"auto", "true", "false", NULL};
static const char *const on_divergences[] = {"fail", "record", NULL};

#define P(f) LM_FIELD(struct train_params, f)
#define I(f) LM_FIELD(struct train_init_params, f)
#define H(f) LM_FIELD(struct train_held_out, f)
#define W(f) LM_FIELD(struct train_weight, f)

static const char *const objectives[] = {"lm", "classify", "translate", "similar", NULL};
static const char *const poolings[] = {"last", "mean", NULL};
static const char *const pair_losses[] = {"regression", "contrastive", NULL};

/* clang-format off */
static const struct lm_param init_rows[] = {
    {I(path), .type = LM_P_PATH, .flags = LM_PARAM_ENV | LM_PARAM_COMPACT, .def_str = "",
     .help = "folder with config.json, model.safetensors and vocab"},
    {I(sha256), .type = LM_P_STR, .flags = LM_PARAM_COMPACT, .def_str = "", /* else a hit would pass it by */
     .help = "SHA-256 its model.safetensors must have; 64 hex digits", .source = "FIPS 180-4"},
    {.name = NULL},
};

static const struct lm_param held_out_rows[] = {
    {H(valid), .type = LM_P_FLOAT, .def_float = TRAIN_VALID_SHARE, .max = 1, .flags = LM_PARAM_COMPACT | LM_PARAM_OPEN_MAX,
     .help = "share of the examples that is the validation split"},
    {H(test), .type = LM_P_FLOAT, .def_float = TRAIN_TEST_SHARE, .max = 1, .flags = LM_PARAM_COMPACT | LM_PARAM_OPEN_MAX,
     .help = "share of the examples that is the test split"},
    {.name = NULL},
};

static const struct lm_param weight_rows[] = {
    {W(weight), .key = "", .type = LM_P_FLOAT, .flags = LM_PARAM_REQUIRED | LM_PARAM_OPEN_MIN, .max = 1e300,
     .help = "share of the tokens, in any unit"},
    {W(name), .type = LM_P_STR, .flags = LM_PARAM_COMPACT, .def_str = "", .among = "sources download.sources.name",
     .help = "the source; none: token sets in their order"},
    {.name = NULL},
};

static const struct lm_param params[] = {
    {P(preset), .type = LM_P_ENUM, .def_str = "gpt2-nano", .choices = lm_model_preset_names,
     .flags = LM_PARAM_NOT_IN_KEY, /* it is resolved into the rows of the shape */
     .help = "a named shape: fills context, layers, heads, width and its own architecture",
     .source = "Radford et al. 2019, table 2; Brown et al. 2020, table 2.1"},
    {P(context), .also = "seq_len block_size sequence_length max_seq_len context_length n_ctx n_positions max_position_embeddings",
     .type = LM_P_INT, .def_int = LM_UNSET_INT, .min = 1, .max = 1 << 20, .unit = "tokens",
     .help = "longest sequence the model sees, also the block size; the preset's when not given"},
    {P(layers), .also = "n_layer n_layers num_layers num_hidden_layers depth",
     .type = LM_P_INT, .def_int = LM_UNSET_INT, .min = 1, .max = 1 << 10,
     .help = "transformer blocks; the preset's when not given"},
    {P(heads), .also = "n_head n_heads num_heads num_attention_heads",
     .type = LM_P_INT, .def_int = LM_UNSET_INT, .min = 1, .max = 1 << 12,
     .help = "attention heads, a divisor of width; the preset's when not given"},
    {P(width), .also = "d_model hidden_size n_embd embed_dim embedding_dim model_dim",
     .type = LM_P_INT, .def_int = LM_UNSET_INT, .min = 1, .max = 1 << 16,
     .help = "numbers in the residual stream, the hidden size; the preset's when not given"},
    {P(batch), .also = "batch_size micro_batch_size per_device_train_batch_size bsz",
     .type = LM_P_INT, .def_int = 8, .min = 1, .max = 1 << 16, .unit = "sequences",
     .help = "batch size: sequences computed together"},
    {P(accumulate), .also = "gradient_accumulation gradient_accumulation_steps grad_accum accumulation_steps",
     .type = LM_P_INT, .def_int = LM_UNSET_INT, .min = 1, .max = 1 << 16, .unit = "batches",
     .help = "gradient accumulation: batches that make one step; the preset's, or 1, when not given"},
    {P(steps), .also = "max_steps epochs num_epochs num_train_epochs total_steps num_steps max_iters iterations",
     .type = LM_P_INT, .def_int = LM_UNSET_INT, .min = 1, .max = 1e9, .unit = "steps",
     .help = "optimiser steps; 1,000 when neither they nor tokens are given"},
    {P(lr), .also = "learning_rate max_lr peak_lr",
     .type = LM_P_FLOAT, .def_float = LM_UNSET_FLOAT, .min = 1e-12, .max = 1e9,
     .help = "peak learning rate; the preset's, or 1e-3, when not given", .source = "Brown et al. 2020, table 2.1"},
    {P(min_lr), .also = "lr_min final_lr end_lr",
     .type = LM_P_FLOAT, .def_float = LM_UNSET_FLOAT, .max = 1e9,
     .help = "learning rate at the horizon; a tenth of lr when not given",
     .source = "Brown et al. 2020, appendix B"},
    {P(warmup), .also = "warmup_steps num_warmup_steps warmup_iters",
     .type = LM_P_INT, .def_int = LM_UNSET_INT, .max = 1e9, .unit = "steps",
     .help = "steps of linear rise from 0 to lr, at most steps; 100 when not given"},
    {P(schedule), .also = "lr_schedule scheduler lr_scheduler lr_scheduler_type lr_decay_style",
     .type = LM_P_ENUM, .def_str = "cosine", .choices = schedules,
     .help = "the way from lr to min_lr after the warm-up; constant stays at lr",
     .source = "Loshchilov & Hutter 2017"},
    {P(decay), .also = "weight_decay wd",
     .type = LM_P_FLOAT, .def_float = 0.1, .max = 10,
     .help = "decoupled weight decay of the decay_groups", .source = "Loshchilov & Hutter 2019"},
    {P(beta1), .also = "adam_beta1 betas",
     .type = LM_P_FLOAT, .def_float = 0.9, .max = 1, .flags = LM_PARAM_OPEN_MAX,
     .help = "AdamW: memory of the mean gradient", .source = "Kingma & Ba 2015"},
    {P(beta2), .also = "adam_beta2",
     .type = LM_P_FLOAT, .def_float = 0.95, .max = 1, .flags = LM_PARAM_OPEN_MAX,
     .help = "AdamW: memory of the squared gradient", .source = "Brown et al. 2020, appendix B"},
    {P(eps), .also = "adam_eps adam_epsilon epsilon",
     .type = LM_P_FLOAT, .def_float = 1e-8, .min = 1e-30, .max = 1,
     .help = "AdamW: added to the root of the squared gradient"},
    {P(clip), .also = "grad_clip gradient_clipping max_grad_norm clip_grad clip_grad_norm gradient_clip_val",
     .type = LM_P_FLOAT, .def_float = 1, .max = 1e9,
     .help = "gradient clipping: the whole gradient's largest norm; 0: none", .source = "Pascanu et al. 2013"},
    {P(dropout), .also = "dropout_rate resid_pdrop attn_pdrop",
     .type = LM_P_FLOAT, .max = 1, .flags = LM_PARAM_OPEN_MAX,
     .help = "probability of dropping embeddings, attention and residual branches",
     .source = "Srivastava et al. 2014"},
    {P(precision), .also = "dtype mixed_precision bf16 fp16 amp",
     .type = LM_P_ENUM, .def_str = "f32", .choices = lm_precision_names,
     .flags = LM_PARAM_COMPACT,
     .help = "operands of matrix products; bf16 is faster with AVX512-BF16 and sums in float32",
     .source = "Kalamkar et al. 2019"},
    {P(recompute), .also = "gradient_checkpointing activation_checkpointing",
     .type = LM_P_BOOL, .flags = LM_PARAM_NOT_IN_KEY,
     .help = "keep fewer activations, compute them again: less memory, a third more work",
     .source = "Chen et al. 2016"},
    {P(eval_every), .also = "eval_interval eval_steps evaluate_every validation_every val_every",
     .type = LM_P_INT, .def_int = 200, .min = 1, .max = 1e9, .unit = "steps",
     .help = "steps between validation passes; at most steps"},
    {P(eval_batches), .also = "eval_iters val_batches",
     .type = LM_P_INT, .def_int = 16, .min = 1, .max = 1 << 20, .unit = "batches",
     .help = "size of the fixed part of the valid split that a validation pass reads"},
    {P(keep), .also = "save_best load_best_model_at_end",
     .type = LM_P_ENUM, .def_str = "best", .choices = keeps,
     .help = "which weights are the result: of the lowest valid loss seen, or the last"},
    {P(on_divergence), .type = LM_P_ENUM, .def_str = "fail", .choices = on_divergences,
     .flags = LM_PARAM_COMPACT,
     .help = "a loss or gradient that is not finite: skip the step and at last fail, or end with the "
             "weights before it, as a result that says so"},
    {P(max_skips), .also = "max_nan_steps",
     .type = LM_P_INT, .def_int = 3, .max = 1e9, .unit = "steps",
     .flags = LM_PARAM_NOT_IN_KEY, /* it decides when to give up, never what comes out */
     .help = "steps in a row that may be skipped because loss or gradient is not finite"},
    {P(max_spike), .type = LM_P_FLOAT, .max = 1e9, .flags = LM_PARAM_COMPACT,
     .help = "steps whose gradient norm is this many times the median of 32 are skipped; 0: none"},
    {P(order), .type = LM_P_ENUM, .def_str = "windows", .choices = orders, .flags = LM_PARAM_COMPACT,
     .help = "rows of a batch: windows of the joined text, or documents, each from its start"},
    {P(attention_width), .also = "attn_dim",
     .type = LM_P_INT, .max = 1 << 16, .flags = LM_PARAM_COMPACT,
     .help = "numbers of all attention heads together; 0: width, or the preset's"},
    {P(kv_heads), .also = "n_kv_heads num_kv_heads num_key_value_heads n_query_groups",
     .type = LM_P_INT, .max = 1 << 12, .flags = LM_PARAM_COMPACT,
     .help = "heads of keys and values, shared by groups of heads; 0: heads, or the preset's",
     .source = "Ainslie et al. 2023"},
    {P(mlp_width), .also = "d_ff ffn_dim intermediate_size n_inner ffn_hidden_size",
     .type = LM_P_INT, .max = 1 << 18, .flags = LM_PARAM_COMPACT,
     .help = "numbers inside the feed-forward part; 0: 4 x width, or the preset's"},
    {P(window), .also = "sliding_window attention_window",
     .type = LM_P_INT, .max = 1 << 20, .flags = LM_PARAM_COMPACT, .unit = "tokens",
     .help = "tokens a query of a banded layer sees; 0: all layers dense, or the preset's",
     .source = "Child et al. 2019"},
    {P(window_every), .type = LM_P_INT, .max = 1 << 10, .flags = LM_PARAM_COMPACT, .unit = "layers",
     .help = "of so many layers the last is banded; 0: 2, the first dense, the next banded",
     .source = "Brown et al. 2020, section 2.1"},
    {P(norm), .also = "norm_type normalization",
     .type = LM_P_ENUM, .def_str = "layer", .choices = lm_norm_names,
     .flags = LM_PARAM_COMPACT, .help = "how rows are normalised; a preset's rms stays",
     .source = "Ba et al. 2016; Zhang & Sennrich 2019"},
    {P(positions), .also = "position_embedding position_embeddings rope",
     .type = LM_P_ENUM, .def_str = "learned", .choices = lm_positions_names,
     .flags = LM_PARAM_COMPACT, .help = "how attention knows places; a preset's rotary stays",
     .source = "Su et al. 2021"},
    {P(rotary_base), .also = "rope_theta rope_base",
     .type = LM_P_FLOAT, .max = 1e12, .flags = LM_PARAM_COMPACT,
     .help = "slowest turn of rotary positions; 0: 10,000, or the preset's"},
    {P(mlp), .also = "activation activation_function hidden_act",
     .type = LM_P_ENUM, .def_str = "gelu", .choices = lm_mlp_names,
     .flags = LM_PARAM_COMPACT, .help = "the feed-forward part; a preset's swiglu stays",
     .source = "Shazeer 2020"},
    {P(no_bias), .also = "bias use_bias",
     .type = LM_P_BOOL, .flags = LM_PARAM_COMPACT,
     .help = "matrices and norms without a bias"},
    {P(tie_embeddings), .also = "untied tie_word_embeddings tied_embeddings weight_tying",
     .type = LM_P_BOOL, .def_bool = true, .flags = LM_PARAM_COMPACT,
     .help = "the output head is the token embedding; a preset's own head stays",
     .source = "Press & Wolf 2017"},
    {P(qk_norm), .also = "qk_layernorm",
     .type = LM_P_BOOL, .flags = LM_PARAM_COMPACT,
     .help = "normalise queries and keys, head by head", .source = "Henry et al. 2020"},
    {P(no_gain), .also = "elementwise_affine norm_affine",
     .type = LM_P_BOOL, .flags = LM_PARAM_COMPACT,
     .help = "norms without weights", .source = "Groeneveld et al. 2024, section 2.1"},
    {P(embed_norm), .also = "embedding_norm embed_layernorm word_embeddings_layernorm",
     .type = LM_P_BOOL, .flags = LM_PARAM_COMPACT,
     .help = "normalise the embedding by its root mean square", .source = "Le Scao et al. 2022, section 3.3"},
    {P(smear), .also = "token_shift",
     .type = LM_P_BOOL, .flags = LM_PARAM_COMPACT,
     .help = "add a learnt share of the previous token's embedding to each token's",
     .source = "Peng et al. 2023, section 3.1"},
    {P(score_scale), .also = "attention_scale attn_scale softmax_scale qk_scale",
     .type = LM_P_FLOAT, .max = 1e4, .flags = LM_PARAM_COMPACT,
     .help = "attention's scores are multiplied by it; 0: one over the root of a head's size",
     .source = "Henry et al. 2020"},
    {P(logit_cap), .also = "logit_softcap final_logit_softcapping logit_softcapping",
     .type = LM_P_FLOAT, .max = 1e4, .flags = LM_PARAM_COMPACT,
     .help = "logits are softly limited to this size, by a tanh; 0: they stay", .source = "Gemma Team 2024, section 2"},
    {P(zero_init), .type = LM_P_BOOL, .flags = LM_PARAM_COMPACT,
     .help = "output projections and a head of its own begin at zero", .source = "Zhang et al. 2019, section 3"},
    {P(mixture), .also = "weights sampling_weights",
     .type = LM_P_LIST, .item = LM_P_RECORD, .fields = weight_rows, .fields_size = sizeof(struct train_weight),
     .flags = LM_PARAM_COMPACT | LM_PARAM_SHORT | LM_PARAM_NAMED,
     .help = "token weights of sources, {novels: 0.6, web: 0.4}; or of tokens and extra_tokens, a list"},
    /* Objectives and examples. */
    {P(objective), .also = "task loss",
     .type = LM_P_ENUM, .def_str = "lm", .choices = objectives, .flags = LM_PARAM_COMPACT,
     .help = "what is learnt: next tokens, a label, an output text, or semantic similarity",
     .source = "Radford et al. 2018, section 3"},
    {P(init), .type = LM_P_RECORD, .fields = init_rows, .fields_size = sizeof(struct train_init_params),
     .help = "a stored model to begin with, in place of the port init"},
    {P(held_out), .also = "split",
     .type = LM_P_RECORD, .fields = held_out_rows, .fields_size = sizeof(struct train_held_out),
     .help = "examples that are not trained on, chosen by the hash of id and texts"},
    {P(max_length), .also = "max_seq_length max_len",
     .type = LM_P_INT, .max = 1 << 20, .flags = LM_PARAM_COMPACT, .unit = "tokens",
     .help = "longest row when there are examples or an init; 0: the context"},
    {P(pooling), .type = LM_P_ENUM, .def_str = "mean", .choices = poolings, .flags = LM_PARAM_COMPACT,
     .help = "similar: what stands for a text, its last state or the mean of all",
     .source = "Reimers & Gurevych 2019, section 3"},
    {P(pair_loss), .type = LM_P_ENUM, .def_str = "regression", .choices = pair_losses, .flags = LM_PARAM_COMPACT,
     .help = "similar: squared error of the cosine, or InfoNCE against the batch's other pairs",
     .source = "Reimers & Gurevych 2019, section 3; Gao et al. 2021, section 2"},
    {P(temperature), .type = LM_P_FLOAT, .def_float = TRAIN_TEMPERATURE, .min = 1e-3, .max = 1e3, .flags = LM_PARAM_COMPACT,
     .help = "similar, contrastive: cosines are divided by it", .source = "Gao et al. 2021, section 3"},
    {P(score_range), .type = LM_P_LIST, .item = LM_P_FLOAT, .min = -1e9, .max = 1e9, .flags = LM_PARAM_COMPACT,
     .help = "similar: the lowest and the highest score, e.g. [1, 5]; [0, 1] when not given"},

    /* optimisation beyond the usual: at their defaults in no key */
    {P(optimizer), .also = "optimiser optim",
     .type = LM_P_ENUM, .def_str = "adamw", .choices = lm_optimizer_names,
     .flags = LM_PARAM_COMPACT,
     .help = "adamw; sgd with momentum; muon for the layers' matrices, adamw for the rest",
     .source = "Loshchilov & Hutter 2019; Sutskever et al. 2013; Jordan et al. 2024"},
    {P(momentum), .also = "muon_momentum",
     .type = LM_P_FLOAT, .max = 1, .flags = LM_PARAM_COMPACT | LM_PARAM_OPEN_MAX,
     .help = "sgd, muon: memory of past gradients; 0: none, of muon 0.95", .source = "Sutskever et al. 2013"},
    {P(nesterov), .type = LM_P_BOOL, .flags = LM_PARAM_COMPACT,
     .help = "sgd, muon: the momentum's step is looked ahead", .source = "Sutskever et al. 2013"},
    {P(adamw_lr), .also = "embedding_lr head_lr adam_lr",
     .type = LM_P_FLOAT, .max = 1e9, .flags = LM_PARAM_COMPACT,
     .help = "muon: peak rate of embeddings, head, norms and biases, which are adamw's; 0: lr",
     .source = "Jordan et al. 2024"},
    {P(ns_steps), .also = "newton_schulz_steps muon_steps",
     .type = LM_P_INT, .max = 100, .flags = LM_PARAM_COMPACT, .unit = "steps",
     .help = "muon: Newton-Schulz steps towards an orthogonal matrix; 0: 5", .source = "Jordan et al. 2024"},
    {P(ns_coefficients), .type = LM_P_LIST, .item = LM_P_FLOAT, .min = -1e3, .max = 1e3, .flags = LM_PARAM_COMPACT,
     .help = "muon: a, b, c of X (a + b A + c A^2), A = X'X; 3.4445, -4.775, 2.0315 when not given",
     .source = "Jordan et al. 2024"},
    {P(muon_scale), .type = LM_P_ENUM, .def_str = "rms", .choices = lm_muon_scale_names, .flags = LM_PARAM_COMPACT,
     .help = "muon: size of a step, 0.2 sqrt(max(rows, columns)) or sqrt(max(1, columns / rows))",
     .source = "Liu et al. 2025, section 2.2; Jordan et al. 2024"},
    {P(decay_groups), .type = LM_P_LIST, .item = LM_P_ENUM, .choices = lm_tensor_group_names,
     .flags = LM_PARAM_COMPACT, .help = "tensors that decay; matrices and embeddings when not given"},
    {P(frozen_layers), .also = "freeze_layers freeze",
     .type = LM_P_INT, .max = 1 << 10, .flags = LM_PARAM_COMPACT, .unit = "layers",
     .help = "embeddings and so many layers from below do not learn; 0: all learn",
     .source = "Howard & Ruder 2018, section 3.3"},
    {P(layer_decay), .also = "layerwise_lr_decay llrd",
     .type = LM_P_FLOAT, .def_float = 1, .max = 1,
     .flags = LM_PARAM_COMPACT | LM_PARAM_OPEN_MIN,
     .help = "rate of a layer over that of the layer above it",
     .source = "Howard & Ruder 2018, section 3.2; Clark et al. 2020, appendix A"},
    {P(horizon), .also = "lr_decay_steps lr_decay_iters decay_steps",
     .type = LM_P_INT, .max = 1e9, .flags = LM_PARAM_COMPACT, .unit = "steps",
     .help = "steps at which the schedule reaches min_lr and stays; 0: steps"},
    {P(cooldown), .also = "decay_fraction annealing_steps",
     .type = LM_P_INT, .max = 1e9, .flags = LM_PARAM_COMPACT, .unit = "steps",
     .help = "wsd: steps of linear descent before the horizon; 0: a fifth of the horizon",
     .source = "Hu et al. 2024; Hägele et al. 2024"},
    {P(cooldown_share), .also = "cooldown_fraction decay_share",
     .type = LM_P_FLOAT, .max = 1, .flags = LM_PARAM_NOT_IN_KEY,
     .help = "in place of cooldown: its share of the horizon, such as 0.7", .source = "Hägele et al. 2024"},
    {P(tokens), .also = "max_tokens train_tokens token_budget",
     .type = LM_P_INT, .max = 1e14, .flags = LM_PARAM_NOT_IN_KEY, .unit = "tokens",
     .help = "length of the training, in place of steps: the fewest that see so many tokens"},
    {P(warmup_tokens), .type = LM_P_INT, .max = 1e14, .flags = LM_PARAM_NOT_IN_KEY, .unit = "tokens",
     .help = "in place of warmup"},
    {P(horizon_tokens), .type = LM_P_INT, .max = 1e14, .flags = LM_PARAM_NOT_IN_KEY, .unit = "tokens",
     .help = "in place of horizon"},
    {P(ramp_from), .type = LM_P_INT, .max = 1 << 16, .flags = LM_PARAM_COMPACT, .unit = "batches",
     .help = "batches of the first step, growing to accumulate; 0: no ramp",
     .source = "Brown et al. 2020, appendix B"},
    {P(ramp_tokens), .type = LM_P_INT, .max = 1e14, .flags = LM_PARAM_COMPACT, .unit = "tokens",
     .help = "tokens over which the batches of a step grow", .source = "Brown et al. 2020, appendix B"},
    {P(ema), .also = "ema_decay",
     .type = LM_P_FLOAT, .max = 1, .flags = LM_PARAM_COMPACT | LM_PARAM_OPEN_MAX,
     .help = "memory of an average of the weights that is validated and kept; 0: none",
     .source = "Polyak & Juditsky 1992; Kingma & Ba 2015, section 7.2"},
    {P(label_smoothing), .also = "label_smoothing_factor",
     .type = LM_P_FLOAT, .max = 1, .flags = LM_PARAM_COMPACT | LM_PARAM_OPEN_MAX,
     .help = "share of the target that is spread over all tokens", .source = "Szegedy et al. 2016"},
    {P(z_loss), .type = LM_P_FLOAT, .max = 1, .flags = LM_PARAM_COMPACT,
     .help = "weight of the squared log of the softmax's sum in the loss",
     .source = "Chowdhery et al. 2022, section 5"},
    {P(patience), .also = "early_stopping early_stopping_patience",
     .type = LM_P_INT, .max = 1e9, .flags = LM_PARAM_COMPACT, .unit = "passes",
     .help = "validation passes without a better loss after which training ends; 0: never",
     .source = "Prechelt 1998"},
    {P(min_delta), .type = LM_P_FLOAT, .max = 1e9, .flags = LM_PARAM_COMPACT, .unit = "nats per token",
     .help = "patience: how much better a better valid loss is"},
    {P(keep_state), .type = LM_P_ENUM, .def_str = "auto", .choices = keep_states,
     .flags = LM_PARAM_NOT_IN_KEY, /* what comes out is the same */
     .help = "leave the state from which a longer training continues; auto: where the schedule allows"},
    {.name = NULL},
};

/* clang-format on */

static void fill(int64_t *value, int64_t fallback)
{
    if (*value == LM_UNSET_INT)
        *value = fallback;
}

static void clip(int64_t *value, int64_t most)
{
    if (*value > most)
        *value = most;
}

/* ---- objectives ---- */

static bool given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* A row that is not at its default though the objective makes nothing of it, or NULL. */
static const char *find_idle(const struct train_params *p)
{
    bool by_examples = strcmp(p->objective, "lm") != 0;
    bool by_pairs = strcmp(p->objective, "similar") == 0;
    bool by_head = !by_examples || strcmp(p->objective, "translate") == 0;
    bool by_contrast = by_pairs && strcmp(p->pair_loss, "contrastive") == 0;

    const struct {
        const char *name;
        bool is_set, counts;
    } rows[] = {
        {"order", strcmp(p->order, orders[0]) != 0, !by_examples},
        {"mixture", p->mixture.count > 0, !by_examples},
        {"held_out.valid", p->held_out.valid != TRAIN_VALID_SHARE, by_examples},
        {"held_out.test", p->held_out.test != TRAIN_TEST_SHARE, by_examples},
        {"pooling", strcmp(p->pooling, "mean") != 0, by_pairs},
        {"pair_loss", strcmp(p->pair_loss, pair_losses[0]) != 0, by_pairs},
        {"score_range", p->score_range.count > 0, by_pairs},
        {"temperature", p->temperature != TRAIN_TEMPERATURE, by_contrast},
        {"tokens", p->tokens > 0, !by_examples},
        {"warmup_tokens", p->warmup_tokens > 0, !by_examples},
        {"horizon_tokens", p->horizon_tokens > 0, !by_examples},
        {"ramp_tokens", p->ramp_tokens > 0, !by_examples},
        {"label_smoothing", p->label_smoothing > 0, by_head},
        {"z_loss", p->z_loss > 0, by_head},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].is_set && !rows[i].counts)
            return rows[i].name;
    return NULL;
}

static enum lm_status resolve_objective(struct train_params *p, struct lm_arena *arena,
                                        struct lm_err *err)
{
    struct lm_digest digest;
    const double *range = p->score_range.items;
    const char *idle = find_idle(p);
    if (idle != NULL)
        return lm_fail_field(err, LM_INVALID, "%s: has no effect with objective %s; leave it out",
                             idle, p->objective);
    if (p->held_out.valid + p->held_out.test >= 1)
        return lm_fail_field(
            err, LM_RANGE,
            "held_out.test: with valid it leaves nothing to learn from; hold out less");
    if (p->score_range.count > 0 && (p->score_range.count != 2 || !(range[0] < range[1])))
        return lm_fail_field(err, LM_RANGE,
                             "score_range: must be the lowest and the highest score, as in [1, 5]");
    if (!given(p->init.sha256))
        return LM_OK;
    if (!given(p->init.path))
        return lm_fail_field(err, LM_INVALID, "init.path: is missing; name the model's folder");
    if (!lm_digest_parse(&digest, p->init.sha256))
        return lm_fail_field(err, LM_INVALID,
                             "init.sha256: must be 64 hex digits; `sha256sum FILE` prints them");
    char *hex = lm_arena_alloc(arena, LM_DIGEST_HEX);
    if (hex == NULL)
        return lm_fail_field(err, LM_NOMEM, "init.sha256: out of memory");
    lm_digest_hex(hex, &digest);
    p->init.sha256 = hex;
    return LM_OK;
}

static bool is_shape_given(const struct train_params *p)
{
    const struct lm_model_config own = train_shape(p, 0);
    return lm_model_beyond_gpt2(&own) != NULL || strcmp(p->preset, "gpt2-nano") != 0 ||
           p->zero_init || p->context != LM_UNSET_INT || p->layers != LM_UNSET_INT ||
           p->heads != LM_UNSET_INT || p->width != LM_UNSET_INT;
}

/* What GPT-2 has not is the preset's, where nothing else is given. */
static void fill_architecture(struct train_params *p, const struct lm_model_config *preset)
{
    const struct lm_model_config own = train_shape(p, 0);
    struct lm_model_config shape = *preset;
    lm_model_config_take(&shape, &own);
    train_shape_set(p, &shape);
}

/* ---- optimisation ---- */

/* Rate and batch are the preset's, where it says how it was trained and nothing else is given. */
static void fill_training(struct train_params *p, const struct lm_model_preset *preset)
{
    int64_t batches = (preset->sequences + p->batch - 1) / p->batch;
    fill(&p->accumulate, batches > 0 ? batches : 1);
    if (lm_is_unset(p->lr))
        p->lr = preset->lr > 0 ? preset->lr : 1e-3;
}

/* A count of steps that may be given in tokens instead: which of the two was. */
static enum lm_status steps_of(const struct train_params *p, const char *name, int64_t *steps,
                               int64_t tokens, bool given, struct lm_err *err)
{
    if (tokens == 0)
        return LM_OK;
    if (given)
        return lm_fail_field(err, LM_INVALID, "%s: given in tokens too; leave one of them out",
                             name);
    *steps = train_ramp_steps(p, tokens);
    if (*steps > 1000000000)
        return lm_fail_field(err, LM_RANGE, "%s: %lld tokens are too many steps; raise batch", name,
                             (long long)tokens);
    return LM_OK;
}

static enum lm_status resolve_lengths(struct train_params *p, struct lm_err *err)
{
    LM_TRY(steps_of(p, "steps", &p->steps, p->tokens, p->steps != LM_UNSET_INT, err));
    LM_TRY(steps_of(p, "warmup", &p->warmup, p->warmup_tokens, p->warmup != LM_UNSET_INT, err));
    LM_TRY(steps_of(p, "horizon", &p->horizon, p->horizon_tokens, p->horizon != 0, err));
    fill(&p->steps, 1000);
    fill(&p->warmup, 100);
    clip(&p->warmup, p->steps);
    p->cadence = p->eval_every;
    clip(&p->eval_every, p->steps);
    int64_t horizon = p->horizon > 0 ? p->horizon : p->steps;
    if (p->cooldown_share > 0) {
        p->cooldown = train_cooldown_of(p, horizon);
        clip(&p->cooldown, horizon - p->warmup);
        p->cooldown_share = 0; /* said once */
    } else if (strcmp(p->schedule, "wsd") == 0 && p->cooldown == 0) {
        p->cooldown = (horizon + 4) / 5;
        clip(&p->cooldown, horizon - p->warmup);
    }
    if (p->horizon > 0 && p->horizon <= p->warmup)
        return lm_fail_field(err, LM_RANGE,
                             "horizon: must lie behind the warm-up of %lld steps; raise it",
                             (long long)p->warmup);
    if (p->cooldown > horizon - p->warmup)
        return lm_fail_field(err, LM_RANGE,
                             "cooldown: only %lld steps lie between warm-up and horizon; lower it",
                             (long long)(horizon - p->warmup));
    return LM_OK;
}

static enum lm_status check_keep_state(const struct train_params *p, struct lm_err *err)
{
    if (strcmp(p->keep_state, "true") != 0 || train_prefix_steps(p) > 0)
        return LM_OK;
    bool wsd = strcmp(p->schedule, "wsd") == 0;
    return lm_fail_field(
        err, LM_INVALID,
        "keep_state: every step of this %s schedule depends on where training "
        "ends, so that a longer one cannot continue it; %s, or leave it out",
        p->schedule, wsd ? "lower cooldown" : "give a horizon, use constant, wsd or inverse_sqrt");
}

static enum lm_status check_decay_groups(const struct train_params *p, struct lm_err *err)
{
    const char *const *names = p->decay_groups.items;
    unsigned seen = 0;
    for (size_t i = 0; i < p->decay_groups.count; i++) {
        unsigned group = lm_tensor_group_find(names[i]);
        if (seen & group)
            return lm_fail_field(err, LM_INVALID, "decay_groups: %s is named twice; leave one out",
                                 names[i]);
        seen |= group;
    }
    return LM_OK;
}

/* Whether a mean of AdamW never moves from 0. */
static bool is_forgetless(const struct train_params *p)
{
    return (float)p->beta1 == 1 || (float)p->beta2 == 1;
}

static bool is_contrastive(const struct train_params *p)
{
    return strcmp(p->objective, "similar") == 0 && strcmp(p->pair_loss, "contrastive") == 0;
}

/* What has no effect without something else, and what contradicts it. */
static enum lm_status check_optimisation(const struct train_params *p, struct lm_err *err)
{
    bool sgd = strcmp(p->optimizer, "sgd") == 0, wsd = strcmp(p->schedule, "wsd") == 0;

    const struct {
        bool broken;
        const char *text;
    } rules[] = {
        {(p->horizon > 0 || p->horizon_tokens > 0) && train_is_endless(p),
         "horizon: this schedule has none; use cosine, linear or wsd, or leave it out"},
        {p->cooldown > 0 && !wsd, "cooldown: has no effect without schedule: wsd; leave it out"},
        {!sgd && is_forgetless(p),
         "beta1: or beta2 is 1 in float32, so that nothing is learnt; lower it"},
        {p->ramp_from > 0 && p->ramp_tokens == 0,
         "ramp_from: needs ramp_tokens, the tokens over which batches grow; give them"},
        {p->ramp_tokens > 0 && p->ramp_from == 0,
         "ramp_tokens: needs ramp_from, the batches of the first step; give it"},
        {p->ramp_from > p->accumulate,
         "ramp_from: must not exceed accumulate, to which it grows; lower it"},
        {is_contrastive(p) && p->batch < 2,
         "batch: the contrastive loss tells a pair from the batch's others (accumulate adds none); "
         "give at least 2"},
        {p->min_delta > 0 && p->patience == 0,
         "min_delta: has no effect without patience; give one, or leave it out"},
    };

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].broken)
            return lm_fail_field(err, LM_INVALID, "%s", rules[i].text);
    return check_decay_groups(p, err);
}

/** A tenth as people write it: 3e-4 of 3e-3, not 3.0000000000000003e-4. Written and read in one
 *  locale, whichever it is. */
static double tenth(double value)
{
    char text[40];
    snprintf(text, sizeof text, "%.15g", value / 10);
    return strtod(text, NULL);
}

static enum lm_status resolve(void *data, struct lm_arena *arena, struct lm_err *err)
{
    struct train_params *p = data;
    p->is_shape_given = is_shape_given(p);
    LM_TRY(resolve_objective(p, arena, err));
    const struct lm_model_preset *preset = lm_model_preset_find(p->preset);
    if (preset == NULL)
        return lm_fail_field(err, LM_INVALID, "preset: there is no \"%s\"; see lmpipe model list",
                             p->preset);
    fill(&p->context, preset->config.context);
    fill(&p->layers, preset->config.layers);
    fill(&p->heads, preset->config.heads);
    fill(&p->width, preset->config.width);
    fill_architecture(p, &preset->config);
    fill_training(p, preset);
    LM_TRY(check_optimisation(p, err));
    LM_TRY(train_optimizer_check(p, err));
    train_optimizer_fill(p);
    LM_TRY(resolve_lengths(p, err));
    LM_TRY(check_keep_state(p, err));
    if (lm_is_unset(p->min_lr))
        p->min_lr = tenth(p->lr);
    if (p->min_lr > p->lr)
        return lm_fail_field(err, LM_RANGE, "min_lr: must not exceed lr; lower it or leave it out");
    if (p->min_lr == 0 && p->warmup == 0 && (p->horizon > 0 ? p->horizon : p->steps) == 1 &&
        !train_is_endless(p))
        return lm_fail_field(
            err, LM_RANGE,
            "min_lr: is the rate of every step, so that nothing is learnt; raise it or "
            "give more steps");
    LM_TRY(train_weights_check(p, err));
    if (p->max_spike > 0 && p->max_spike <= 1)
        return lm_fail_field(err, LM_RANGE, "max_spike: must exceed 1, or be 0 for no bound");
    const struct lm_model_config config = train_shape(p, 1);
    return lm_model_config_check(&config, err);
}

enum {
    TYPICAL_VOCAB = 4096,
    LOG_LINE = 96, /* bytes a step: the log is kept until the end, and with each checkpoint */
    PROCESS_BYTES = 16 << 20 /* programs, libraries, the token set's index */
};

/* 1234567 → "1,234,567" */
static void put_count(char out[32], int64_t value)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%lld", (long long)value), at = 0;
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
}

/* Rows of a call: a pair has two. */
static int64_t texts_of(const struct train_params *p)
{
    return strcmp(p->objective, "similar") == 0 ? 2 * p->batch : p->batch;
}

static int64_t row_of(const struct train_params *p, const struct lm_model_config *config)
{
    return p->max_length > 0 && p->max_length < config->context ? p->max_length : config->context;
}

/* At its peak: the model, the best weights, the average. A checkpoint is written from where they
 * lie, and read to there. */
static uint64_t memory_of(const struct train_params *p, const struct lm_model_config *config,
                          const struct lm_upstream *upstream)
{
    const struct lm_model_options options = {.training = true,
                                             .recompute = p->recompute,
                                             .max_batch = texts_of(p),
                                             .max_time = row_of(p, config),
                                             .leaves = p->accumulate,
                                             .muon = train_is_muon(p),
                                             .threads = upstream->threads,
                                             .precision = lm_precision_find(p->precision),
                                             .numerics = upstream->portable ? LM_NUMERICS_PORTABLE
                                                                            : LM_NUMERICS_BLAS};
    uint64_t weights = (uint64_t)lm_model_parameters(config) * sizeof(float);
    uint64_t batch = (uint64_t)texts_of(p) * (uint64_t)row_of(p, config) * 3 * sizeof(float);
    uint64_t copies = (strcmp(p->keep, "best") == 0 ? weights : 0) + (p->ema > 0 ? weights : 0);
    uint64_t before = strcmp(p->on_divergence, "record") == 0 ? weights : 0;
    uint64_t log = 2 * LOG_LINE * (uint64_t)p->steps; /* a buffer that doubles */
    return lm_model_memory(config, &options) + before + copies + batch + log + PROCESS_BYTES;
}

enum {
    VOCAB_LINE = 10, /* bytes a token of its copy of the vocabulary */
    CHECKPOINT_SLOTS = 2
};

/* Of the model, the log, and two checkpoints (weights, moments, best weights, average, log); the
 * state is such a one. */
static void put_sizes(struct lm_estimate *out, const struct train_params *p,
                      const struct lm_model_config *config)
{
    uint64_t weights = (uint64_t)lm_model_parameters(config) * sizeof(float);
    uint64_t copies = (strcmp(p->keep, "best") == 0 ? weights : 0) + (p->ema > 0 ? weights : 0);
    uint64_t log = (uint64_t)p->steps * LOG_LINE;
    out->sizes[0] = weights + (uint64_t)config->vocab * VOCAB_LINE;
    out->sizes[1] = log;
    out->scratch = CHECKPOINT_SLOTS * (3 * weights + copies + log);
    out->state = train_leaves_state(p) ? 3 * weights + copies + log : 0;
}

/* What decides how fast its operations are. */
static void put_pace(struct lm_estimate *out, const struct train_params *p,
                     const struct lm_model_config *config, int64_t texts, int64_t row)
{
    out->work = lm_work_of(out->flops, config->width);
    out->shape[0] = (double)config->width;
    out->shape[1] = (double)texts;
    out->shape[2] = (double)row;
    out->positions = (double)p->steps;
    snprintf(out->variant, sizeof out->variant, "%s %s %s", p->objective, p->precision,
             p->optimizer);
}

static void estimate(const void *data, const struct lm_upstream *upstream, struct lm_estimate *out)
{
    const struct train_params *p = data;
    int64_t vocab = TYPICAL_VOCAB;
    bool known = upstream->get_int(upstream->user, "bpe", "vocab_size", &vocab) && vocab > 0;
    struct lm_model_config config = train_shape(p, known ? vocab : TYPICAL_VOCAB);
    struct lm_model_config init; /* a model upstream is the one to begin with */
    if (lm_upstream_shape(&init, upstream))
        config = init;
    else if (given(p->init.path))
        return; /* its shape is in a file */
    int64_t row = row_of(p, &config), texts = texts_of(p);
    int64_t looks = p->steps / p->eval_every + 1;
    double evaluations = (double)looks * (double)p->eval_batches;
    out->flops = lm_model_step_flops(&config, texts, row) *
                 ((double)train_ramp_at(p, p->steps).before + evaluations / 3);
    if (train_is_muon(p))
        out->flops += lm_model_muon_flops(&config, p->ns_steps) * (double)p->steps;
    out->memory = memory_of(p, &config, upstream);
    put_pace(out, p, &config, texts, row);
    put_sizes(out, p, &config);
    char count[32], steps[32], first[32], tokens[32];
    put_count(count, lm_model_parameters(&config));
    put_count(steps, p->steps);
    put_count(first, texts * p->ramp_from * row);
    put_count(tokens, texts * p->accumulate * row);
    bool grows = p->ramp_from > 0 && p->ramp_from < p->accumulate;
    snprintf(out->text, sizeof out->text, "%s parameters%s, %s steps of %s%s%s%s tokens", count,
             known ? "" : " with a vocabulary of 4,096", steps,
             strcmp(p->objective, "lm") == 0 ? "" : "at most ", grows ? first : "",
             grows ? " to " : "", tokens);
}

/* Of cosine and linear the horizon says what the rates are; of the others nothing before the end.
 */
static bool prefix(void *data, struct lm_prefix *out)
{
    struct train_params *p = data;
    int64_t steps = train_prefix_steps(p);
    *out = (struct lm_prefix){TRAIN_STATE_FORMAT, (uint64_t)steps, (uint64_t)p->steps};
    p->eval_every = p->cadence;
    if (train_is_endless(p) || strcmp(p->schedule, "wsd") == 0)
        p->horizon = 0;
    p->steps = p->cooldown = 0;
    return steps > 0;
}

static const struct lm_metric_row metrics[] = {
    {"train_loss", "nats", LM_BETTER_LOWER, "loss of the last step"},
    {"valid_loss", "nats", LM_BETTER_LOWER, "validation loss of the weights that are kept"},
    {"best_step", "steps", LM_BETTER_NONE, "step of the lowest validation loss"},
    {"stopped_step", "steps", LM_BETTER_NONE, "step at which patience ended the training"},
    {"diverged", NULL, LM_BETTER_LOWER, "on_divergence: record: 1 when training diverged, else 0"},
    {"diverged_at", "steps", LM_BETTER_NONE, "the step whose loss or gradient was not finite"},
    {"skipped_steps", "steps", LM_BETTER_LOWER, "steps skipped because of their loss or gradient"},
    {"parameters", NULL, LM_BETTER_NONE, "weights of the model"},
    {"{weight,tokens,epochs}.*", NULL, LM_BETTER_NONE,
     "of each source of a named mixture: its share, tokens learnt from, times it was gone through"},
    {"{,cut_}examples", "examples", LM_BETTER_NONE,
     "examples of train; those shortened to the longest row"},
    {NULL},
};

static const struct lm_stage_cost cost = {.pace = 0.6};

/* Texts of examples are cut by a vocabulary that may hold an expression. */
static const char *const *libraries(const void *data)
{
    static const char *const matched[] = {"pcre2?", NULL};
    return strcmp(((const struct train_params *)data)->objective, "lm") != 0 ? matched : NULL;
}

const struct lm_stage lm_stage_train = {
    .name = "train",
    .version = 4,
    .summary = "trains a GPT model with AdamW, Muon or SGD, validating as it goes",
    .flags = LM_STAGE_SEED | LM_STAGE_NUMERIC | LM_STAGE_STEPS,
    .inputs = inputs,
    .outputs = outputs,
    .params = params,
    .metrics = metrics,
    .params_size = sizeof(struct train_params),
    .libraries = libraries,
    .resolve = resolve,
    .check_ports = train_check_ports,
    .estimate = estimate,
    .prefix = prefix,
    .cost = &cost,
};
