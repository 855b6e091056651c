/* Shapes, presets and counts: arithmetic only, so that `plan` links it without OpenBLAS. */
#include <lmpipe/model.h>

#include <string.h>

#include "model/layout.h"
#include "model/params.h"

#define RADFORD "Radford et al. 2019, table 2"

/* X(name, context, layers, heads, width, summary, source) */
/* clang-format off */
#define PRESETS(X)                                                                                 \
    X("gpt2-micro",  64,   2,  4,  64,   "2 layers, width 64: for tests and first steps", NULL)        \
    X("gpt2-nano",   128,  3,  6,  192,  "3 layers, width 192: minutes on two cores", NULL)            \
    X("gpt2-mini",   256,  6,  6,  384,  "6 layers, width 384: an evening on two cores", NULL)         \
    X("gpt2-124m",   1024, 12, 12, 768,  "GPT-2 small", RADFORD)                                       \
    X("gpt2-355m",   1024, 24, 16, 1024, "GPT-2 medium", RADFORD)                                      \
    X("gpt2-774m",   1024, 36, 20, 1280, "GPT-2 large", RADFORD)                                       \
    X("gpt2-1558m",  1024, 48, 25, 1600, "GPT-2 XL", RADFORD)
/* clang-format on */

static const struct lm_model_preset presets[] = {
#define PRESET(title, T, L, H, C, text, origin)                                                    \
    {.name = title,                                                                                \
     .summary = text,                                                                              \
     .source = origin,                                                                             \
     .config = {.context = T, .layers = L, .heads = H, .width = C}},
    PRESETS(PRESET)
#undef PRESET
};

const char *const lm_model_preset_names[] = {
#define PRESET_NAME(title, ...) title,
    PRESETS(PRESET_NAME)
#undef PRESET_NAME
        NULL};

const char *const lm_precision_names[] = {"f32", "bf16", NULL};

enum lm_precision lm_precision_find(const char *name)
{
    return strcmp(name, lm_precision_names[LM_PRECISION_BF16]) == 0 ? LM_PRECISION_BF16
                                                                    : LM_PRECISION_F32;
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

/* A field and the largest value that keeps every size far from overflow. */
struct bound {
    const char *name;
    int64_t value, max;
};

enum lm_status lm_model_config_check(const struct lm_model_config *config, struct lm_err *err)
{
    const struct bound bounds[] = {
        {"vocab", config->vocab, 1 << 24},   {"context", config->context, 1 << 20},
        {"layers", config->layers, 1 << 10}, {"heads", config->heads, 1 << 12},
        {"width", config->width, 1 << 16},
    };
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++)
        if (bounds[i].value < 1 || bounds[i].value > bounds[i].max)
            return lm_fail(err, LM_RANGE, "%s: %lld is outside 1 to %lld; choose another size",
                           bounds[i].name, (long long)bounds[i].value, (long long)bounds[i].max);
    if (config->width % config->heads != 0)
        return lm_fail(err, LM_RANGE,
                       "heads: %lld does not divide the width %lld; choose a divisor",
                       (long long)config->heads, (long long)config->width);
    if (config->labels < 0 || config->labels == 1 || config->labels > 1 << 16)
        return lm_fail(err, LM_RANGE,
                       "labels: %lld is neither 0 (no classification head) nor 2 to %d; choose "
                       "another number",
                       (long long)config->labels, 1 << 16);
    if (!(config->dropout >= 0 && config->dropout < 1))
        return lm_fail(err, LM_RANGE, "dropout: must be at least 0 and below 1; 0 switches it off");
    return LM_OK;
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
    double V = (double)config->vocab, C = (double)config->width, L = (double)config->layers;
    double tokens = (double)batch * (double)time;
    double matrices = L * 12 * C * C + V * C;
    return tokens * (6 * matrices + 12 * L * (double)time * C);
}

uint64_t lm_model_memory(const struct lm_model_config *config,
                         const struct lm_model_options *options)
{
    struct lm_layout layout;
    lm_layout_plan(&layout, config, options);
    return layout.floats * sizeof(float);
}
