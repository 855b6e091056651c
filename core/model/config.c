/* Shapes, presets and counts: arithmetic only, so that `plan` links it without OpenBLAS. */
#include <lmpipe/model.h>

#include <string.h>

#include "model/layout.h"
#include "model/params.h"
#include "model/shape.h"

#define RADFORD "Radford et al. 2019, table 2"
#define BROWN "Brown et al. 2020, table 2.1"
#define ZHANG "Zhang et al. 2024 (TinyLlama), table 1"
#define ALLAL "Ben Allal et al. 2025 (SmolLM), configuration of SmolLM-135M"
#define YANG "Yang et al. 2025 (Qwen3), table 1"

/* GPT-3: alternating dense and locally banded attention. The paper does not say how wide the band
 * is: 256 as in GPT-Neo (Black et al. 2021). Where heads of d_head do not make up d_model, the
 * table's heads and head size are taken. */
#define GPT3 .context = 2048, .window = 256
#define LLAMA                                                                                      \
    .norm = LM_NORM_RMS, .positions = LM_POSITIONS_ROTARY, .mlp = LM_MLP_SWIGLU, .no_bias = true

/* What small models learn faster with (experiments/README.md). */
#define JORDAN "Jordan et al. 2024 (modded-nanogpt)"
#define YEAR_2026                                                                                  \
    .norm = LM_NORM_RMS, .positions = LM_POSITIONS_ROTARY, .no_bias = true, .untied = true,        \
    .qk_norm = true, .no_gain = true, .embed_norm = true, .smear = true, .score_scale = 0.3,       \
    .logit_cap = 15

/* Table 2.1 counts a batch in millions of tokens: 0.5, 1, 2 and 3.2 are so many sequences of 2,048.
 */
#define TRAINED(rate, batch) .lr = rate, .sequences = batch

/* X(name, layers, heads, width, summary, source, (further fields of the shape), how it was trained)
 */
/* clang-format off */
#define PRESETS(X)                                                                                 \
    X("gpt2-micro",  2,  4,  64,   "2 layers, width 64: for tests and first steps", NULL,          \
      (.context = 64), .lr = 0)                                                                    \
    X("gpt2-nano",   3,  6,  192,  "3 layers, width 192: minutes on two cores", NULL,              \
      (.context = 128), .lr = 0)                                                                   \
    X("gpt2-mini",   6,  6,  384,  "6 layers, width 384: an evening on two cores", NULL,           \
      (.context = 256), .lr = 0)                                                                   \
    X("gpt2-124m",   12, 12, 768,  "GPT-2 small", RADFORD, (.context = 1024), .lr = 0)             \
    X("gpt2-355m",   24, 16, 1024, "GPT-2 medium", RADFORD, (.context = 1024), .lr = 0)            \
    X("gpt2-774m",   36, 20, 1280, "GPT-2 large", RADFORD, (.context = 1024), .lr = 0)             \
    X("gpt2-1558m",  48, 25, 1600, "GPT-2 XL", RADFORD, (.context = 1024), .lr = 0)                \
    X("gpt3-125m",   12, 12, 768,  "GPT-3 small", BROWN, (GPT3), TRAINED(6e-4, 256))               \
    X("gpt3-350m",   24, 16, 1024, "GPT-3 medium", BROWN, (GPT3), TRAINED(3e-4, 256))              \
    X("gpt3-760m",   24, 16, 1536, "GPT-3 large", BROWN, (GPT3), TRAINED(2.5e-4, 256))             \
    X("gpt3-1.3b",   24, 24, 2048, "GPT-3 XL: 24 heads of 128", BROWN,                             \
      (GPT3, .attention_width = 3072), TRAINED(2e-4, 512))                                         \
    X("gpt3-2.7b",   32, 32, 2560, "GPT-3 2.7B", BROWN, (GPT3), TRAINED(1.6e-4, 512))              \
    X("gpt3-6.7b",   32, 32, 4096, "GPT-3 6.7B", BROWN, (GPT3), TRAINED(1.2e-4, 1024))             \
    X("gpt3-13b",    40, 40, 5140, "GPT-3 13B: 40 heads of 128", BROWN,                            \
      (GPT3, .attention_width = 5120), TRAINED(1e-4, 1024))                                        \
    X("gpt3-175b",   96, 96, 12288, "GPT-3", BROWN, (GPT3), TRAINED(6e-5, 1600))                   \
    X("llama-nano",  3,  6,  192,  "gpt2-nano with what Llama changed", NULL,                      \
      (LLAMA, .context = 128, .mlp_width = 512, .kv_heads = 2), .lr = 0)                           \
    X("micro-2026", 2, 4,  64,   "gpt2-micro with what small models learn faster with", JORDAN,     \
      (YEAR_2026, .context = 64), .lr = 0)                                                         \
    X("nano-2026",  3,  6,  192,  "gpt2-nano with what small models learn faster with", JORDAN,     \
      (YEAR_2026, .context = 128), .lr = 0)                                                        \
    X("mini-2026", 6,  6,  384,  "gpt2-mini with what small models learn faster with", JORDAN,     \
      (YEAR_2026, .context = 256), .lr = 0)                                                        \
    X("smollm-135m", 30, 9,  576,  "SmolLM-135M", ALLAL,                                           \
      (LLAMA, .context = 2048, .mlp_width = 1536, .kv_heads = 3), .lr = 0)                         \
    X("tinyllama-1.1b", 22, 32, 2048, "TinyLlama", ZHANG,                                          \
      (LLAMA, .context = 2048, .mlp_width = 5632, .kv_heads = 4, .untied = true),                  \
      TRAINED(4e-4, 1024))                                                                         \
    X("qwen3-0.6b",  28, 16, 1024, "Qwen3-0.6B (its norms' epsilon is 1e-6, here 1e-5)", YANG,     \
      (LLAMA, .context = 32768, .mlp_width = 3072, .kv_heads = 8, .attention_width = 2048,         \
       .qk_norm = true, .rotary_base = 1e6), .lr = 0)
#define FIELDS(...) __VA_ARGS__
/* clang-format on */

static const struct lm_model_preset presets[] = {
#define PRESET(title, L_, H_, C_, text, origin, shape, ...)                                        \
    {.name = title,                                                                                \
     .summary = text,                                                                              \
     .source = origin,                                                                             \
     .config = {.layers = L_, .heads = H_, .width = C_, FIELDS shape},                             \
     __VA_ARGS__},
    PRESETS(PRESET)
#undef PRESET
};

const char *const lm_model_preset_names[] = {
#define PRESET_NAME(title, ...) title,
    PRESETS(PRESET_NAME)
#undef PRESET_NAME
        NULL};

/* ---- names of choices ---- */

const char *const lm_norm_names[] = {"layer", "rms", NULL};
const char *const lm_positions_names[] = {"learned", "rotary", NULL};
const char *const lm_mlp_names[] = {"gelu", "swiglu", NULL};
const char *const lm_precision_names[] = {"f32", "bf16", NULL};

/* Place of a name in its list; 0 when it is not there, or NULL. */
static int find(const char *const *names, const char *name)
{
    for (int i = 0; name != NULL && names[i] != NULL; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return 0;
}

enum lm_norm lm_norm_find(const char *name)
{
    return (enum lm_norm)find(lm_norm_names, name);
}

enum lm_positions lm_positions_find(const char *name)
{
    return (enum lm_positions)find(lm_positions_names, name);
}

enum lm_mlp lm_mlp_find(const char *name)
{
    return (enum lm_mlp)find(lm_mlp_names, name);
}

enum lm_precision lm_precision_find(const char *name)
{
    return (enum lm_precision)find(lm_precision_names, name);
}

const struct lm_model_preset *lm_model_presets(size_t *count)
{
    *count = sizeof presets / sizeof presets[0];
    return presets;
}

const struct lm_model_preset *lm_model_preset_find(const char *name)
{
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++)
        if (strcmp(presets[i].name, name) == 0)
            return &presets[i];
    return NULL;
}

/* A field and the values that keep every size far from overflow. */
struct bound {
    const char *name;
    int64_t value, min, max;
};

static enum lm_status check_sizes(const struct lm_model_config *config, struct lm_err *err)
{
    const struct bound bounds[] = {
        {"vocab", config->vocab, 1, 1 << 24},
        {"context", config->context, 1, 1 << 20},
        {"layers", config->layers, 1, 1 << 10},
        {"heads", config->heads, 1, 1 << 12},
        {"width", config->width, 1, 1 << 16},
        {"attention_width", config->attention_width, 0, 1 << 16},
        {"kv_heads", config->kv_heads, 0, 1 << 12},
        {"mlp_width", config->mlp_width, 0, 1 << 18},
        {"window", config->window, 0, 1 << 20},
        {"window_every", config->window_every, 0, 1 << 10},
        {"norm", (int64_t)config->norm, 0, LM_NORMS - 1},
        {"positions", (int64_t)config->positions, 0, LM_POSITION_KINDS - 1},
        {"mlp", (int64_t)config->mlp, 0, LM_MLPS - 1},
    };
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++)
        if (bounds[i].value < bounds[i].min || bounds[i].value > bounds[i].max)
            return lm_fail_field(err, LM_RANGE,
                                 "%s: %lld is outside %lld to %lld; choose another size",
                                 bounds[i].name, (long long)bounds[i].value,
                                 (long long)bounds[i].min, (long long)bounds[i].max);
    return LM_OK;
}

/* Largest context with rotary positions: as far as base/elem.h knows sines. */
enum { ROTARY_CONTEXT = 100000 };

static enum lm_status check_rotary(const struct lm_model_config *config, struct lm_err *err)
{
    if (config->positions != LM_POSITIONS_ROTARY) {
        if (config->rotary_base == 0)
            return LM_OK;
        return lm_fail_field(
            err, LM_RANGE,
            "rotary_base: has no effect with learned positions; set positions: rotary");
    }
    if (lm_shape_of(config).D % 2 != 0)
        return lm_fail_field(
            err, LM_RANGE, "positions: rotary ones need heads of an even size; choose other heads");
    if (config->context > ROTARY_CONTEXT)
        return lm_fail_field(err, LM_RANGE,
                             "context: exceeds %d, the most with rotary positions; lower it",
                             ROTARY_CONTEXT);
    if (config->rotary_base != 0 && !(config->rotary_base > 1 && config->rotary_base <= 1e12))
        return lm_fail_field(err, LM_RANGE, "rotary_base: is outside 1 to 1e12; 10,000 is usual");
    return LM_OK;
}

static enum lm_status check_scales(const struct lm_model_config *config, struct lm_err *err)
{
    if (!(config->score_scale >= 0 && config->score_scale <= 1e4))
        return lm_fail_field(err, LM_RANGE,
                             "score_scale: must be above 0 and at most 10,000; 0 is one over the "
                             "root of a head's size");
    if (!(config->logit_cap == 0 || (config->logit_cap >= 1 && config->logit_cap <= 1e4)))
        return lm_fail_field(err, LM_RANGE,
                             "logit_cap: must be from 1 to 10,000; 0 leaves logits as they are");
    return LM_OK;
}

enum lm_status lm_model_config_check(const struct lm_model_config *config, struct lm_err *err)
{
    LM_TRY(check_sizes(config, err));
    const struct lm_shape shape = lm_shape_of(config);
    if (shape.A % shape.H != 0)
        return lm_fail_field(err, LM_RANGE,
                             "heads: %zu does not divide the %s %zu; choose a divisor", shape.H,
                             config->attention_width > 0 ? "attention_width" : "width", shape.A);
    if (shape.H % shape.K != 0)
        return lm_fail_field(err, LM_RANGE,
                             "kv_heads: %zu does not divide heads, %zu; choose a divisor", shape.K,
                             shape.H);
    if (config->window == 0 && config->window_every != 0)
        return lm_fail_field(err, LM_RANGE,
                             "window_every: has no effect without window; set it too");
    if (config->labels < 0 || config->labels == 1 || config->labels > 1 << 16)
        return lm_fail_field(
            err, LM_RANGE,
            "labels: %lld is neither 0 (no classification head) nor 2 to %d; choose "
            "another number",
            (long long)config->labels, 1 << 16);
    if (!(config->dropout >= 0 && config->dropout < 1))
        return lm_fail_field(err, LM_RANGE,
                             "dropout: must be at least 0 and below 1; 0 switches it off");
    LM_TRY(check_scales(config, err));
    return check_rotary(config, err);
}

int64_t lm_model_parameters(const struct lm_model_config *config)
{
    struct lm_tensor_row rows[LM_TENSOR_IDS];
    lm_tensor_rows(rows, config);
    int64_t total = 0;
    for (size_t i = 0; i < LM_TENSOR_IDS; i++)
        total +=
            rows[i].rows * rows[i].cols * (rows[i].scope == LM_SCOPE_LAYER ? config->layers : 1);
    return total;
}

double lm_model_step_flops(const struct lm_model_config *config, int64_t batch, int64_t time)
{
    size_t rows = (size_t)(batch * time);
    return 3 * (lm_layers_flops(config, rows) + lm_attention_flops(config, rows, (size_t)time) +
                lm_head_flops(config, rows));
}

double lm_layers_flops(const struct lm_model_config *config, size_t rows)
{
    const struct lm_shape s = lm_shape_of(config);
    double layer = (double)(s.C * s.Q + s.A * s.C + s.C * s.G * s.F + s.F * s.C);
    return 2 * (double)rows * (double)s.L * layer;
}

double lm_attention_flops(const struct lm_model_config *config, size_t rows, size_t time)
{
    const struct lm_shape s = lm_shape_of(config);
    double keys = 0; /* of all layers; a dense query is counted with all, though it sees half */
    for (size_t l = 0; l < s.L; l++) {
        size_t window = 2 * lm_shape_window(config, l);
        keys += (double)(window > 0 && window < time ? window : time);
    }
    return 4 * (double)rows * keys * (double)s.A;
}

double lm_head_flops(const struct lm_model_config *config, size_t rows)
{
    return 2 * (double)rows * (double)config->vocab * (double)config->width;
}

/* More than any machine has, and sums of a few do not overflow. */
#define BEYOND_COUNTING ((uint64_t)1 << 60)

uint64_t lm_model_memory(const struct lm_model_config *config,
                         const struct lm_model_options *options)
{
    struct lm_layout layout;
    if (!lm_layout_fits(config, options))
        return BEYOND_COUNTING;
    lm_layout_plan(&layout, config, options);
    return layout.floats * sizeof(float);
}
