/**
 * The forward pass of every architecture option in double, written to be read: the oracle of
 * test_arch.c. Tensors are found by their names in files; it shares nothing with core/model. RMS
 * norm: Zhang & Sennrich 2019; rotary positions: Su et al. 2021, with the two halves of a head as
 * coordinates; SwiGLU: Shazeer 2020; grouped queries: Ainslie et al. 2023; bands: Child et al.
 * 2019.
 */
#ifndef LM_TESTS_REFERENCE_ARCH_H
#define LM_TESTS_REFERENCE_ARCH_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lmpipe/model.h>

struct reference_arch {
    struct lm_model_config config;
    size_t C, A, H, K, D, F, wide; /* wide: columns of the first feed-forward matrix */
    size_t tensors;
    struct lm_tensor *at;
    double **w; /* by tensor */
};

static inline struct reference_arch reference_arch_open(const struct lm_model *model)
{
    struct reference_arch ref = {.config = *lm_model_config(model),
                                 .tensors = lm_model_tensors(model)};
    const struct lm_model_config *c = &ref.config;
    ref.C = (size_t)c->width;
    ref.H = (size_t)c->heads;
    ref.A = c->attention_width > 0 ? (size_t)c->attention_width : ref.C;
    ref.K = c->kv_heads > 0 ? (size_t)c->kv_heads : ref.H;
    ref.D = ref.A / ref.H;
    ref.F = c->mlp_width > 0 ? (size_t)c->mlp_width : 4 * ref.C;
    ref.wide = c->mlp == LM_MLP_SWIGLU ? 2 * ref.F : ref.F;
    ref.at = calloc(ref.tensors, sizeof *ref.at);
    ref.w = calloc(ref.tensors, sizeof *ref.w);
    for (size_t i = 0; i < ref.tensors; i++) {
        ref.at[i] = lm_model_tensor(model, i);
        ref.w[i] = calloc((size_t)ref.at[i].count, sizeof *ref.w[i]);
        for (int64_t j = 0; j < ref.at[i].count; j++)
            ref.w[i][j] = (double)ref.at[i].data[j];
    }
    return ref;
}

static inline void reference_arch_close(struct reference_arch *ref)
{
    for (size_t i = 0; i < ref->tensors; i++)
        free(ref->w[i]);
    free(ref->w);
    free(ref->at);
}

/* A tensor of a layer (layer < 0: of none) by name; NULL when the model has none of it. */
static inline const double *reference_arch_tensor(const struct reference_arch *ref, int layer,
                                                  const char *name)
{
    char full[80];
    if (layer < 0)
        snprintf(full, sizeof full, "%s", name);
    else
        snprintf(full, sizeof full, "h.%d.%s", layer, name);
    for (size_t i = 0; i < ref->tensors; i++)
        if (strcmp(ref->at[i].name, full) == 0)
            return ref->w[i];
    return NULL;
}

/* y = x·W + b */
static inline void reference_arch_linear(const struct reference_arch *ref, int layer,
                                         const char *name, double *y, const double *x, size_t k,
                                         size_t n)
{
    char weight[48], bias[48];
    snprintf(weight, sizeof weight, "%s.weight", name);
    snprintf(bias, sizeof bias, "%s.bias", name);
    const double *w = reference_arch_tensor(ref, layer, weight);
    const double *b = reference_arch_tensor(ref, layer, bias);
    for (size_t j = 0; j < n; j++) {
        y[j] = b != NULL ? b[j] : 0;
        for (size_t p = 0; p < k; p++)
            y[j] += x[p] * w[p * n + j];
    }
}

static inline void reference_arch_norm(const struct reference_arch *ref, int layer,
                                       const char *name, double *y, const double *x)
{
    char weight[48], bias[48];
    snprintf(weight, sizeof weight, "%s.weight", name);
    snprintf(bias, sizeof bias, "%s.bias", name);
    const double *w = reference_arch_tensor(ref, layer, weight);
    const double *b = reference_arch_tensor(ref, layer, bias);
    double mean = 0, square = 0;
    for (size_t i = 0; i < ref->C && ref->config.norm == LM_NORM_LAYER; i++)
        mean += x[i] / (double)ref->C;
    for (size_t i = 0; i < ref->C; i++)
        square += (x[i] - mean) * (x[i] - mean) / (double)ref->C;
    for (size_t i = 0; i < ref->C; i++)
        y[i] =
            (x[i] - mean) / sqrt(square + 1e-5) * (w != NULL ? w[i] : 1) + (b != NULL ? b[i] : 0);
}

/* One head of a query or key at position t, in place. */
static inline void reference_arch_head(const struct reference_arch *ref, int layer,
                                       const char *norm, double *x, size_t t)
{
    const double *w = reference_arch_tensor(ref, layer, norm);
    size_t D = ref->D, half = D / 2;
    double square = 0;
    for (size_t i = 0; i < D; i++)
        square += x[i] * x[i] / (double)D;
    for (size_t i = 0; i < D && ref->config.qk_norm; i++)
        x[i] = x[i] / sqrt(square + 1e-5) * (w != NULL ? w[i] : 1);
    double base = ref->config.rotary_base > 0 ? ref->config.rotary_base : 10000;
    for (size_t i = 0; i < half && ref->config.positions == LM_POSITIONS_ROTARY; i++) {
        double angle = (double)t * pow(base, -2 * (double)i / (double)D);
        double a = x[i], b = x[half + i];
        x[i] = a * cos(angle) - b * sin(angle);
        x[half + i] = a * sin(angle) + b * cos(angle);
    }
}

static inline void reference_arch_attend(const struct reference_arch *ref, int layer, double *out,
                                         const double *qkv, size_t T)
{
    size_t Q = ref->A + 2 * ref->K * ref->D, D = ref->D, every = 2;
    if (ref->config.window_every > 0)
        every = (size_t)ref->config.window_every;
    size_t window = (size_t)layer % every == every - 1 ? (size_t)ref->config.window : 0;
    double *p = calloc(T, sizeof *p), scale = 1 / sqrt((double)D);
    if (ref->config.score_scale > 0)
        scale = ref->config.score_scale;
    for (size_t i = 0; i < T * ref->H; i++) {
        size_t t = i / ref->H, h = i % ref->H, k = h / (ref->H / ref->K);
        size_t from = window > 0 && t + 1 > window ? t + 1 - window : 0;
        double most = -1e300, sum = 0;
        for (size_t s = from; s <= t; s++) {
            p[s] = 0;
            for (size_t d = 0; d < D; d++)
                p[s] += qkv[t * Q + h * D + d] * qkv[s * Q + ref->A + k * D + d] * scale;
            most = p[s] > most ? p[s] : most;
        }
        for (size_t s = from; s <= t; s++)
            sum += p[s] = exp(p[s] - most);
        for (size_t d = 0; d < D; d++) {
            double y = 0;
            for (size_t s = from; s <= t; s++)
                y += p[s] / sum * qkv[s * Q + ref->A + (ref->K + k) * D + d];
            out[t * ref->A + h * D + d] = y;
        }
    }
    free(p);
}

static inline void reference_arch_activate(const struct reference_arch *ref, double *g,
                                           const double *f)
{
    for (size_t i = 0; i < ref->F; i++)
        g[i] = ref->config.mlp == LM_MLP_SWIGLU
                   ? f[i] / (1 + exp(-f[i])) * f[ref->F + i]
                   : 0.5 * f[i] *
                         (1 + tanh(0.7978845608028654 * (f[i] + 0.044715 * f[i] * f[i] * f[i])));
}

/* x (T, C) through one layer. */
static inline void reference_arch_layer(const struct reference_arch *ref, int layer, double *x,
                                        size_t T)
{
    size_t C = ref->C, A = ref->A, Q = A + 2 * ref->K * ref->D;
    double *h = calloc(C, sizeof *h), *qkv = calloc(T * Q, sizeof *qkv);
    double *y = calloc(T * A, sizeof *y), *delta = calloc(C, sizeof *delta);
    double *f = calloc(ref->wide, sizeof *f), *g = calloc(ref->F, sizeof *g);
    for (size_t t = 0; t < T; t++) {
        double *row = qkv + t * Q;
        reference_arch_norm(ref, layer, "ln_1", h, x + t * C);
        reference_arch_linear(ref, layer, "attn.c_attn", row, h, C, Q);
        for (size_t i = 0; i < ref->H + ref->K; i++)
            reference_arch_head(ref, layer,
                                i < ref->H ? "attn.q_norm.weight" : "attn.k_norm.weight",
                                row + i * ref->D, t);
    }
    reference_arch_attend(ref, layer, y, qkv, T);
    for (size_t t = 0; t < T; t++) {
        reference_arch_linear(ref, layer, "attn.c_proj", delta, y + t * A, A, C);
        for (size_t i = 0; i < C; i++)
            x[t * C + i] += delta[i];
        reference_arch_norm(ref, layer, "ln_2", h, x + t * C);
        reference_arch_linear(ref, layer, "mlp.c_fc", f, h, C, ref->wide);
        reference_arch_activate(ref, g, f);
        reference_arch_linear(ref, layer, "mlp.c_proj", delta, g, ref->F, C);
        for (size_t i = 0; i < C; i++)
            x[t * C + i] += delta[i];
    }
    free(h), free(qkv), free(y), free(delta), free(f), free(g);
}

/* x (C): the token at place t, its place, what is seen of the token before, normalised. */
static inline void reference_arch_embed(const struct reference_arch *ref, double *x,
                                        const int32_t *tokens, size_t t)
{
    size_t C = ref->C;
    const double *wte = reference_arch_tensor(ref, -1, "wte.weight");
    const double *wpe = reference_arch_tensor(ref, -1, "wpe.weight");
    const double *smear = reference_arch_tensor(ref, -1, "smear.weight");
    double square = 0;
    for (size_t i = 0; i < C; i++) {
        x[i] = wte[(size_t)tokens[t] * C + i] + (wpe != NULL ? wpe[t * C + i] : 0);
        if (smear != NULL && t > 0)
            x[i] += smear[i] * wte[(size_t)tokens[t - 1] * C + i];
        square += x[i] * x[i] / (double)C;
    }
    for (size_t i = 0; i < C && ref->config.embed_norm; i++)
        x[i] /= sqrt(square + 1e-5);
}

/** Logits (B·T, V; NULL: not wanted) and the mean loss over targets that are not −1. */
static inline double reference_arch_run(const struct reference_arch *ref, const int32_t *tokens,
                                        const int32_t *targets, size_t B, size_t T, double *logits)
{
    size_t C = ref->C, V = (size_t)ref->config.vocab;
    const double *wte = reference_arch_tensor(ref, -1, "wte.weight");
    const double *head = reference_arch_tensor(ref, -1, "lm_head.weight");
    double *x = calloc(T * C, sizeof *x), *h = calloc(C, sizeof *h), *row = calloc(V, sizeof *row);
    double loss = 0, scored = 0;
    for (size_t b = 0; b < B; b++) {
        for (size_t t = 0; t < T; t++)
            reference_arch_embed(ref, x + t * C, tokens + b * T, t);
        for (int l = 0; l < (int)ref->config.layers; l++)
            reference_arch_layer(ref, l, x, T);
        for (size_t t = 0; t < T; t++) {
            double sum = 0;
            int32_t target = targets[b * T + t];
            reference_arch_norm(ref, -1, "ln_f", h, x + t * C);
            for (size_t v = 0; v < V; v++) {
                row[v] = 0;
                for (size_t i = 0; i < C; i++)
                    row[v] += h[i] * (head != NULL ? head : wte)[v * C + i];
                if (ref->config.logit_cap > 0)
                    row[v] = ref->config.logit_cap * tanh(row[v] / ref->config.logit_cap);
                sum += exp(row[v]);
            }
            if (logits != NULL)
                memcpy(logits + (b * T + t) * V, row, V * sizeof *row);
            if (target >= 0) {
                loss += log(sum) - row[target];
                scored++;
            }
        }
    }
    free(x), free(h), free(row);
    return loss / scored;
}

#endif
