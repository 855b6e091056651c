/* Stage type train: the descriptor. The work is in train_run.c. */
#include <lmpipe/model.h>
#include <lmpipe/stage.h>

#include <stdio.h>
#include <string.h>

#include "train_shape.h"

static const struct lm_port inputs[] = {
    {"tokens", "tokens", "the encoded text: train is learnt, valid is watched", LM_PORT_FOLDER},
    {"more", "tokens", "further texts to learn from, encoded with the same vocabulary",
     LM_PORT_FOLDER | LM_PORT_LIST | LM_PORT_OPTIONAL},
    {NULL, NULL, NULL, 0},
};

static const struct lm_port outputs[] = {
    {"model", "model", "weights, configuration and vocabulary: complete by itself", LM_PORT_FOLDER},
    {"log", "log", "a JSON line a step: loss, learning rate, gradient norm, tokens", 0},
    {NULL, NULL, NULL, 0},
};

static const char *const schedules[] = {"cosine", "linear", "constant", NULL};
static const char *const orders[] = {"windows", "documents", NULL};
static const char *const keeps[] = {"best", "last", NULL};

#define P(f) LM_FIELD(struct train_params, f)

/* clang-format off */
static const struct lm_param params[] = {
    {P(preset), .type = LM_P_ENUM, .def_str = "gpt2-nano", .choices = lm_model_preset_names,
     .flags = LM_PARAM_NOT_IN_KEY, /* it is resolved into the rows of the shape */
     .help = "a named shape: fills context, layers, heads, width and its own architecture",
     .source = "Radford et al. 2019, table 2; Brown et al. 2020, table 2.1"},
    {P(context), .type = LM_P_INT, .def_int = LM_UNSET_INT, .min = 1, .max = 1 << 20, .unit = "tokens",
     .help = "longest sequence the model sees; the preset's when not given"},
    {P(layers), .type = LM_P_INT, .def_int = LM_UNSET_INT, .min = 1, .max = 1 << 10,
     .help = "transformer blocks; the preset's when not given"},
    {P(heads), .type = LM_P_INT, .def_int = LM_UNSET_INT, .min = 1, .max = 1 << 12,
     .help = "attention heads, a divisor of width; the preset's when not given"},
    {P(width), .type = LM_P_INT, .def_int = LM_UNSET_INT, .min = 1, .max = 1 << 16,
     .help = "numbers in the residual stream; the preset's when not given"},
    {P(batch), .type = LM_P_INT, .def_int = 8, .min = 1, .max = 1 << 16, .unit = "sequences",
     .help = "sequences computed together"},
    {P(accumulate), .type = LM_P_INT, .def_int = 1, .min = 1, .max = 1 << 16, .unit = "batches",
     .help = "batches whose gradients make one step"},
    {P(steps), .type = LM_P_INT, .def_int = 1000, .min = 1, .max = 1e9, .unit = "steps",
     .help = "optimiser steps"},
    {P(lr), .type = LM_P_FLOAT, .def_float = 1e-3, .max = 1e9, .flags = LM_PARAM_OPEN_MIN,
     .help = "peak learning rate", .source = "Brown et al. 2020, table 2.1"},
    {P(min_lr), .type = LM_P_FLOAT, .def_float = LM_UNSET_FLOAT, .max = 1e9,
     .help = "learning rate of the last step; a tenth of lr when not given",
     .source = "Brown et al. 2020, appendix B"},
    {P(warmup), .type = LM_P_INT, .def_int = 100, .max = 1e9, .unit = "steps",
     .help = "steps of linear rise from 0 to lr; at most steps"},
    {P(schedule), .type = LM_P_ENUM, .def_str = "cosine", .choices = schedules,
     .help = "the way from lr to min_lr after the warm-up; constant stays at lr",
     .source = "Loshchilov & Hutter 2017"},
    {P(decay), .type = LM_P_FLOAT, .def_float = 0.1, .max = 10,
     .help = "decoupled weight decay of matrices", .source = "Loshchilov & Hutter 2019"},
    {P(beta1), .type = LM_P_FLOAT, .def_float = 0.9, .max = 1, .flags = LM_PARAM_OPEN_MAX,
     .help = "AdamW: memory of the mean gradient", .source = "Kingma & Ba 2015"},
    {P(beta2), .type = LM_P_FLOAT, .def_float = 0.95, .max = 1, .flags = LM_PARAM_OPEN_MAX,
     .help = "AdamW: memory of the squared gradient", .source = "Brown et al. 2020, appendix B"},
    {P(eps), .type = LM_P_FLOAT, .def_float = 1e-8, .max = 1, .flags = LM_PARAM_OPEN_MIN,
     .help = "AdamW: added to the root of the squared gradient"},
    {P(clip), .type = LM_P_FLOAT, .def_float = 1, .max = 1e9,
     .help = "largest norm of the whole gradient; 0: no clipping", .source = "Pascanu et al. 2013"},
    {P(dropout), .type = LM_P_FLOAT, .max = 1, .flags = LM_PARAM_OPEN_MAX,
     .help = "probability of dropping embeddings, attention and residual branches",
     .source = "Srivastava et al. 2014"},
    {P(precision), .type = LM_P_ENUM, .def_str = "f32", .choices = lm_precision_names,
     .flags = LM_PARAM_COMPACT,
     .help = "operands of matrix products; bf16 is faster with AVX512-BF16 and sums in float32",
     .source = "Kalamkar et al. 2019"},
    {P(recompute), .type = LM_P_BOOL, .flags = LM_PARAM_NOT_IN_KEY,
     .help = "keep fewer activations, compute them again: less memory, a third more work",
     .source = "Chen et al. 2016"},
    {P(eval_every), .type = LM_P_INT, .def_int = 200, .min = 1, .max = 1e9, .unit = "steps",
     .help = "steps between looks at the valid split; at most steps"},
    {P(eval_batches), .type = LM_P_INT, .def_int = 16, .min = 1, .max = 1 << 20, .unit = "batches",
     .help = "size of the fixed part of the valid split that is looked at"},
    {P(keep), .type = LM_P_ENUM, .def_str = "best", .choices = keeps,
     .help = "which weights are the result: of the lowest valid loss seen, or the last"},
    {P(max_skips), .type = LM_P_INT, .def_int = 3, .max = 1e9, .unit = "steps",
     .flags = LM_PARAM_NOT_IN_KEY, /* it decides when to give up, never what comes out */
     .help = "steps in a row that may be skipped because loss or gradient is not finite"},
    {P(max_spike), .type = LM_P_FLOAT, .max = 1e9, .flags = LM_PARAM_COMPACT,
     .help = "steps whose gradient norm is this many times the median of 32 are skipped; 0: none"},
    {P(order), .type = LM_P_ENUM, .def_str = "windows", .choices = orders, .flags = LM_PARAM_COMPACT,
     .help = "rows of a batch: windows of the joined text, or documents, each from its start"},
    {P(attention_width), .type = LM_P_INT, .max = 1 << 16, .flags = LM_PARAM_COMPACT,
     .help = "numbers of all attention heads together; 0: width, or the preset's"},
    {P(kv_heads), .type = LM_P_INT, .max = 1 << 12, .flags = LM_PARAM_COMPACT,
     .help = "heads of keys and values, shared by groups of heads; 0: heads, or the preset's",
     .source = "Ainslie et al. 2023"},
    {P(mlp_width), .type = LM_P_INT, .max = 1 << 18, .flags = LM_PARAM_COMPACT,
     .help = "numbers inside the feed-forward part; 0: 4 x width, or the preset's"},
    {P(window), .type = LM_P_INT, .max = 1 << 20, .flags = LM_PARAM_COMPACT, .unit = "tokens",
     .help = "tokens a query of a banded layer sees; 0: all layers dense, or the preset's",
     .source = "Child et al. 2019"},
    {P(window_every), .type = LM_P_INT, .max = 1 << 10, .flags = LM_PARAM_COMPACT, .unit = "layers",
     .help = "of so many layers the last is banded; 0: 2, the first dense, the next banded",
     .source = "Brown et al. 2020, section 2.1"},
    {P(norm), .type = LM_P_ENUM, .def_str = "layer", .choices = lm_norm_names,
     .flags = LM_PARAM_COMPACT, .help = "how rows are normalised; a preset's rms stays",
     .source = "Ba et al. 2016; Zhang & Sennrich 2019"},
    {P(positions), .type = LM_P_ENUM, .def_str = "learned", .choices = lm_positions_names,
     .flags = LM_PARAM_COMPACT, .help = "how attention knows places; a preset's rotary stays",
     .source = "Su et al. 2021"},
    {P(rotary_base), .type = LM_P_FLOAT, .max = 1e12, .flags = LM_PARAM_COMPACT,
     .help = "slowest turn of rotary positions; 0: 10,000, or the preset's"},
    {P(mlp), .type = LM_P_ENUM, .def_str = "gelu", .choices = lm_mlp_names,
     .flags = LM_PARAM_COMPACT, .help = "the feed-forward part; a preset's swiglu stays",
     .source = "Shazeer 2020"},
    {P(no_bias), .type = LM_P_BOOL, .flags = LM_PARAM_COMPACT,
     .help = "matrices and norms without a bias"},
    {P(untied), .type = LM_P_BOOL, .flags = LM_PARAM_COMPACT,
     .help = "a head of its own instead of the token embedding"},
    {P(qk_norm), .type = LM_P_BOOL, .flags = LM_PARAM_COMPACT,
     .help = "normalise queries and keys, head by head", .source = "Henry et al. 2020"},
    {P(mixture), .type = LM_P_LIST, .item = LM_P_FLOAT, .flags = LM_PARAM_COMPACT | LM_PARAM_OPEN_MIN,
     .max = 1e9, .help = "weights of tokens and of each of more; when not given, by their size"},
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

/* What GPT-2 has not is the preset's, where nothing else is given. */
static void fill_architecture(struct train_params *p, const struct lm_model_config *preset)
{
    const struct {
        int64_t *value;
        int64_t preset;
    } sizes[] = {{&p->attention_width, preset->attention_width},
                 {&p->kv_heads, preset->kv_heads},
                 {&p->mlp_width, preset->mlp_width},
                 {&p->window, preset->window},
                 {&p->window_every, preset->window_every}};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (*sizes[i].value == 0)
            *sizes[i].value = sizes[i].preset;
    if (lm_norm_find(p->norm) == LM_NORM_LAYER)
        p->norm = lm_norm_names[preset->norm];
    if (lm_positions_find(p->positions) == LM_POSITIONS_LEARNED)
        p->positions = lm_positions_names[preset->positions];
    if (lm_mlp_find(p->mlp) == LM_MLP_GELU)
        p->mlp = lm_mlp_names[preset->mlp];
    if (p->rotary_base == 0)
        p->rotary_base = preset->rotary_base;
    p->no_bias |= preset->no_bias;
    p->untied |= preset->untied;
    p->qk_norm |= preset->qk_norm;
}

static enum lm_status resolve(void *data, struct lm_arena *arena, struct lm_err *err)
{
    (void)arena;
    struct train_params *p = data;
    const struct lm_model_preset *preset = lm_model_preset_find(p->preset);
    if (preset == NULL)
        return lm_fail(err, LM_INVALID, "preset: there is no \"%s\"; see lmpipe model list",
                       p->preset);
    fill(&p->context, preset->config.context);
    fill(&p->layers, preset->config.layers);
    fill(&p->heads, preset->config.heads);
    fill(&p->width, preset->config.width);
    fill_architecture(p, &preset->config);
    clip(&p->warmup, p->steps);
    clip(&p->eval_every, p->steps);
    if (lm_is_unset(p->min_lr))
        p->min_lr = p->lr / 10;
    if (p->min_lr > p->lr)
        return lm_fail(err, LM_RANGE, "min_lr: must not exceed lr; lower it or leave it out");
    const double *weights = p->mixture.items;
    for (size_t i = 0; i < p->mixture.count; i++)
        if (!(weights[i] > 0))
            return lm_fail(err, LM_RANGE, "mixture: weight %zu must exceed 0; leave the text out",
                           i + 1);
    if (p->max_spike > 0 && p->max_spike <= 1)
        return lm_fail(err, LM_RANGE, "max_spike: must exceed 1, or be 0 for no bound");
    const struct lm_model_config config = train_shape(p, 1);
    return lm_model_config_check(&config, err);
}

enum {
    TYPICAL_VOCAB = 4096,
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

/* At its peak: the model, the best weights, and a checkpoint about to be written (weights, two
 * moments and best weights once more). */
static uint64_t memory_of(const struct train_params *p, const struct lm_model_config *config,
                          const struct lm_upstream *upstream)
{
    const struct lm_model_options options = {.training = true,
                                             .recompute = p->recompute,
                                             .max_batch = p->batch,
                                             .threads = upstream->threads,
                                             .precision = lm_precision_find(p->precision),
                                             .numerics = upstream->portable ? LM_NUMERICS_PORTABLE
                                                                            : LM_NUMERICS_BLAS};
    uint64_t weights = (uint64_t)lm_model_parameters(config) * sizeof(float);
    uint64_t best = strcmp(p->keep, "best") == 0 ? weights : 0;
    uint64_t batch = (uint64_t)p->batch * (uint64_t)p->context * 3 * sizeof(float);
    return lm_model_memory(config, &options) + best + (3 * weights + best) + batch + PROCESS_BYTES;
}

static void estimate(const void *data, const struct lm_upstream *upstream, struct lm_estimate *out)
{
    const struct train_params *p = data;
    int64_t vocab = TYPICAL_VOCAB;
    bool known = upstream->get_int(upstream->user, "bpe", "vocab_size", &vocab) && vocab > 0;
    const struct lm_model_config config = train_shape(p, known ? vocab : TYPICAL_VOCAB);
    int64_t looks = p->steps / p->eval_every + 1;
    double evaluations = (double)looks * (double)p->eval_batches;
    out->flops = lm_model_step_flops(&config, p->batch, p->context) *
                 ((double)p->steps * (double)p->accumulate + evaluations / 3);
    out->memory = memory_of(p, &config, upstream);
    char count[32], steps[32], tokens[32];
    put_count(count, lm_model_parameters(&config));
    put_count(steps, p->steps);
    put_count(tokens, p->batch * p->accumulate * p->context);
    snprintf(out->text, sizeof out->text, "%s parameters%s, %s steps of %s tokens", count,
             known ? "" : " with a vocabulary of 4,096", steps, tokens);
}

const struct lm_stage lm_stage_train = {
    .name = "train",
    .version = 2,
    .summary = "trains a GPT model with AdamW, watching the valid split",
    .flags = LM_STAGE_SEED | LM_STAGE_NUMERIC,
    .inputs = inputs,
    .outputs = outputs,
    .params = params,
    .params_size = sizeof(struct train_params),
    .resolve = resolve,
    .estimate = estimate,
};
