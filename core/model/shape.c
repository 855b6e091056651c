#include "model/shape.h"

static size_t or_else(int64_t value, size_t fallback)
{
    return value > 0 ? (size_t)value : fallback;
}

struct lm_shape lm_shape_of(const struct lm_model_config *config)
{
    struct lm_shape out = {
        .V = (size_t)config->vocab,
        .T = (size_t)config->context,
        .L = (size_t)config->layers,
        .C = (size_t)config->width,
        .H = (size_t)config->heads,
        .G = config->mlp == LM_MLP_SWIGLU ? 2 : 1,
    };
    out.K = or_else(config->kv_heads, out.H);
    out.A = or_else(config->attention_width, out.C);
    out.D = out.A / out.H;
    out.Q = out.A + 2 * out.K * out.D;
    out.F = or_else(config->mlp_width, 4 * out.C);
    return out;
}

size_t lm_shape_window(const struct lm_model_config *config, size_t layer)
{
    size_t every = or_else(config->window_every, 2);
    return layer % every == every - 1 ? (size_t)config->window : 0;
}
