/**
 * GPT-2 forward and backward in double, written to be read: the oracle of core/model in every
 * profile. Radford et al. 2019, section 2.3; layer norm: Ba et al. 2016; attention: Vaswani et al.
 * 2017, section 3.2; GELU, tanh form: Hendrycks & Gimpel 2016. It shares nothing with core/model
 * but the order of the tensors, and is itself held against PyTorch's numbers by test_reference64.c.
 * All matrices are row-major, weights are (in, out), rows = B·T. Gradients are those of the mean
 * loss over scored targets.
 */
#ifndef LM_TESTS_REFERENCE64_H
#define LM_TESTS_REFERENCE64_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lmpipe/arena.h>
#include <lmpipe/model.h>

/* ---- how far a model may be from it ---- */

/** Unit roundoffs: of sums and elementwise work (f32: 2⁻²⁴), and of the operands of products where
 *  these are rounded once more (0: they are not; bf16: 2⁻⁹). */
struct reference64_units {
    double sums, operands;
};

enum { REFERENCE64_FORWARD = 1, REFERENCE64_BACKWARD = 3 };

/**
 * Largest error allowed, relative to the largest element of a tensor: 4·sqrt(u²·K + v²·P), with K
 * the roundings on the longest path to an element and P the operands of products on it; `passes` is
 * REFERENCE64_FORWARD for logits and losses, _BACKWARD for gradients, whose path is the forward
 * pass and twice its length back. docs/internals/numerics.md derives it.
 */
static inline double reference64_tolerance(const struct lm_model_config *config, int64_t batch,
                                           int64_t time, int passes, struct reference64_units units)
{
    double C = (double)config->width, T = (double)time, L = (double)config->layers;
    double head = C / (double)config->heads;
    /* two norms (mean, spread), five products, scores and their softmax, GELU, residual sums */
    double layer = 2 * 2 * C + (C + head + T + C + C + 4 * C) + T + 16 + 2;
    double ends = 2 * C + C + (double)config->vocab; /* last norm, head, its softmax */
    double roundings = passes * (L * layer + ends), operands = passes * 2 * (6 * L + 1);
    if (passes == REFERENCE64_BACKWARD)
        roundings += (double)batch * T; /* a weight's gradient sums over rows */
    return 4 *
           sqrt(units.sums * units.sums * roundings + units.operands * units.operands * operands);
}

/* ---- rows ---- */

static inline void reference64_norm(double *h, double *mean, double *rstd, const double *x,
                                    const double *w, const double *b, size_t rows, size_t n)
{
    for (size_t r = 0; r < rows; r++) {
        const double *in = x + r * n;
        double sum = 0, spread = 0;
        for (size_t i = 0; i < n; i++)
            sum += in[i];
        mean[r] = sum / (double)n;
        for (size_t i = 0; i < n; i++)
            spread += (in[i] - mean[r]) * (in[i] - mean[r]);
        rstd[r] = 1 / sqrt(spread / (double)n + 1e-5);
        for (size_t i = 0; i < n; i++)
            h[r * n + i] = (in[i] - mean[r]) * rstd[r] * w[i] + b[i];
    }
}

/** dx += the gradient through the norm; dw, db += sums over rows. */
static inline void reference64_norm_back(double *dx, double *dw, double *db, const double *dh,
                                         const double *x, const double *mean, const double *rstd,
                                         const double *w, size_t rows, size_t n)
{
    for (size_t r = 0; r < rows; r++) {
        double sum = 0, along = 0;
        for (size_t i = 0; i < n; i++) {
            double unit = (x[r * n + i] - mean[r]) * rstd[r], d = dh[r * n + i];
            dw[i] += d * unit;
            db[i] += d;
            sum += d * w[i];
            along += d * w[i] * unit;
        }
        for (size_t i = 0; i < n; i++) {
            double unit = (x[r * n + i] - mean[r]) * rstd[r];
            dx[r * n + i] +=
                rstd[r] * (dh[r * n + i] * w[i] - sum / (double)n - unit * along / (double)n);
        }
    }
}

static inline double reference64_gelu(double x)
{
    return 0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
}

static inline double reference64_gelu_slope(double x)
{
    double t = tanh(0.7978845608028654 * (x + 0.044715 * x * x * x));
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * 0.7978845608028654 * (1 + 3 * 0.044715 * x * x);
}

/** x[0..n) becomes its softmax; returns log Σ exp(x). */
static inline double reference64_softmax(double *x, size_t n)
{
    double most = x[0], sum = 0;
    for (size_t i = 1; i < n; i++)
        most = x[i] > most ? x[i] : most;
    for (size_t i = 0; i < n; i++)
        sum += x[i] = exp(x[i] - most);
    for (size_t i = 0; i < n; i++)
        x[i] /= sum;
    return most + log(sum);
}

/** y (rows×n) = x (rows×k)·w (k×n) + b. */
static inline void reference64_linear(double *y, const double *x, const double *w, const double *b,
                                      size_t rows, size_t k, size_t n)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < n; j++) {
            double sum = b[j];
            for (size_t p = 0; p < k; p++)
                sum += x[r * k + p] * w[p * n + j];
            y[r * n + j] = sum;
        }
}

/** dx += dy·wᵀ; dw += xᵀ·dy; db += sums over rows. */
static inline void reference64_linear_back(double *dx, double *dw, double *db, const double *dy,
                                           const double *x, const double *w, size_t rows, size_t k,
                                           size_t n)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < n; j++) {
            double d = dy[r * n + j];
            db[j] += d;
            for (size_t p = 0; p < k; p++) {
                dx[r * k + p] += d * w[p * n + j];
                dw[p * n + j] += d * x[r * k + p];
            }
        }
}

/* ---- the model ---- */

enum reference64_part {
    R64_LN1_W,
    R64_LN1_B,
    R64_QKV_W,
    R64_QKV_B,
    R64_PROJ_W,
    R64_PROJ_B,
    R64_LN2_W,
    R64_LN2_B,
    R64_FC_W,
    R64_FC_B,
    R64_OUT_W,
    R64_OUT_B,
    R64_PARTS
};

/** What a layer keeps for its backward pass. */
struct reference64_layer {
    double *x, *h1, *mean1, *rstd1, *qkv, *p, *y, *z, *h2, *mean2, *rstd2, *f, *g;
};

struct reference64 {
    struct lm_arena *arena;
    size_t V, T, L, H, C, B, rows, tensors;
    double **w, **d; /**< weights and gradients, by tensor in file order */
    struct reference64_layer *layers;
    double *x, *hf, *meanf, *rstdf; /**< after the last layer */
    double *logits, *dx;            /**< (rows, V); gradient of the residual stream */
    double loss;
    double smoothing, z_loss; /**< set after reference64_open; 0: plain likelihood */
};

static inline double *reference64_new(struct reference64 *ref, size_t count)
{
    double *out = LM_NEW_ARRAY(ref->arena, double, count);
    if (out == NULL)
        abort();
    return out;
}

/** A reference with the weights of `model`, for (batch, time) tokens. */
static inline struct reference64 reference64_open(const struct lm_model *model, int64_t batch,
                                                  int64_t time)
{
    const struct lm_model_config *config = lm_model_config(model);
    struct reference64 ref = {.arena = lm_arena_create(),
                              .V = (size_t)config->vocab,
                              .T = (size_t)time,
                              .L = (size_t)config->layers,
                              .H = (size_t)config->heads,
                              .C = (size_t)config->width,
                              .B = (size_t)batch,
                              .rows = (size_t)(batch * time),
                              .tensors = lm_model_tensors(model)};
    size_t R = ref.rows, C = ref.C;
    ref.w = LM_NEW_ARRAY(ref.arena, double *, ref.tensors);
    ref.d = LM_NEW_ARRAY(ref.arena, double *, ref.tensors);
    ref.layers = LM_NEW_ARRAY(ref.arena, struct reference64_layer, ref.L);
    for (size_t t = 0; t < ref.tensors; t++) {
        struct lm_tensor tensor = lm_model_tensor(model, t);
        ref.w[t] = reference64_new(&ref, (size_t)tensor.count);
        ref.d[t] = reference64_new(&ref, (size_t)tensor.count);
        for (int64_t i = 0; i < tensor.count; i++)
            ref.w[t][i] = (double)tensor.data[i];
    }
    for (size_t l = 0; l < ref.L; l++) {
        struct reference64_layer *a = &ref.layers[l];
        double **const wide[] = {&a->x, &a->h1, &a->y, &a->z, &a->h2};
        double **const narrow[] = {&a->mean1, &a->rstd1, &a->mean2, &a->rstd2};
        for (size_t i = 0; i < 5; i++)
            *wide[i] = reference64_new(&ref, R * C);
        for (size_t i = 0; i < 4; i++)
            *narrow[i] = reference64_new(&ref, R);
        a->qkv = reference64_new(&ref, R * 3 * C);
        a->p = reference64_new(&ref, R * ref.H * ref.T);
        a->f = reference64_new(&ref, R * 4 * C);
        a->g = reference64_new(&ref, R * 4 * C);
    }
    ref.x = reference64_new(&ref, R * C);
    ref.hf = reference64_new(&ref, R * C);
    ref.meanf = reference64_new(&ref, R);
    ref.rstdf = reference64_new(&ref, R);
    ref.logits = reference64_new(&ref, R * ref.V);
    ref.dx = reference64_new(&ref, R * C);
    return ref;
}

static inline void reference64_close(struct reference64 *ref)
{
    lm_arena_free(ref->arena);
}

/* Probabilities of one query over the keys up to its own. */
static inline double *reference64_row(const struct reference64 *ref,
                                      const struct reference64_layer *a, size_t b, size_t h,
                                      size_t t)
{
    return a->p + ((b * ref->H + h) * ref->T + t) * ref->T;
}

static inline void reference64_attend(struct reference64 *ref, struct reference64_layer *a)
{
    size_t C = ref->C, D = C / ref->H, T = ref->T;
    for (size_t i = 0; i < ref->rows * ref->H; i++) {
        size_t b = i / (ref->H * T), h = i / T % ref->H, t = i % T;
        double *p = reference64_row(ref, a, b, h, t);
        const double *q = a->qkv + (b * T + t) * 3 * C + h * D;
        for (size_t s = 0; s <= t; s++) {
            const double *k = a->qkv + (b * T + s) * 3 * C + C + h * D;
            p[s] = 0;
            for (size_t c = 0; c < D; c++)
                p[s] += q[c] * k[c];
            p[s] /= sqrt((double)D);
        }
        reference64_softmax(p, t + 1);
        for (size_t c = 0; c < D; c++) {
            double sum = 0;
            for (size_t s = 0; s <= t; s++)
                sum += p[s] * a->qkv[(b * T + s) * 3 * C + 2 * C + h * D + c];
            a->y[(b * T + t) * C + h * D + c] = sum;
        }
    }
}

/* dqkv += gradients of queries, keys and values. */
static inline void reference64_attend_back(const struct reference64 *ref,
                                           const struct reference64_layer *a, double *dqkv,
                                           const double *dy)
{
    size_t C = ref->C, D = C / ref->H, T = ref->T;
    double *dp = calloc(T, sizeof *dp);
    for (size_t i = 0; i < ref->rows * ref->H; i++) {
        size_t b = i / (ref->H * T), h = i / T % ref->H, t = i % T;
        const double *p = reference64_row(ref, a, b, h, t), *d = dy + (b * T + t) * C + h * D;
        double along = 0;
        for (size_t s = 0; s <= t; s++) {
            size_t v = (b * T + s) * 3 * C + 2 * C + h * D;
            dp[s] = 0;
            for (size_t c = 0; c < D; c++) {
                dp[s] += d[c] * a->qkv[v + c];
                dqkv[v + c] += p[s] * d[c];
            }
            along += p[s] * dp[s];
        }
        for (size_t s = 0; s <= t; s++) {
            double ds = p[s] * (dp[s] - along) / sqrt((double)D);
            size_t q = (b * T + t) * 3 * C + h * D, k = (b * T + s) * 3 * C + C + h * D;
            for (size_t c = 0; c < D; c++) {
                dqkv[q + c] += ds * a->qkv[k + c];
                dqkv[k + c] += ds * a->qkv[q + c];
            }
        }
    }
    free(dp);
}

static inline void reference64_layer_forward(struct reference64 *ref, size_t l, const double *x,
                                             double *out)
{
    struct reference64_layer *a = &ref->layers[l];
    size_t R = ref->rows, C = ref->C;
    double *const *w = &ref->w[2 + l * R64_PARTS];
    memcpy(a->x, x, R * C * sizeof *x);
    reference64_norm(a->h1, a->mean1, a->rstd1, x, w[R64_LN1_W], w[R64_LN1_B], R, C);
    reference64_linear(a->qkv, a->h1, w[R64_QKV_W], w[R64_QKV_B], R, C, 3 * C);
    reference64_attend(ref, a);
    reference64_linear(a->z, a->y, w[R64_PROJ_W], w[R64_PROJ_B], R, C, C);
    for (size_t i = 0; i < R * C; i++)
        a->z[i] += x[i];
    reference64_norm(a->h2, a->mean2, a->rstd2, a->z, w[R64_LN2_W], w[R64_LN2_B], R, C);
    reference64_linear(a->f, a->h2, w[R64_FC_W], w[R64_FC_B], R, C, 4 * C);
    for (size_t i = 0; i < R * 4 * C; i++)
        a->g[i] = reference64_gelu(a->f[i]);
    reference64_linear(out, a->g, w[R64_OUT_W], w[R64_OUT_B], R, 4 * C, C);
    for (size_t i = 0; i < R * C; i++)
        out[i] += a->z[i];
}

/* ref->dx: gradient of the layer's output, then of its input. */
static inline void reference64_layer_back(struct reference64 *ref, size_t l)
{
    struct reference64_layer *a = &ref->layers[l];
    size_t R = ref->rows, C = ref->C;
    double *const *w = &ref->w[2 + l * R64_PARTS], *const *d = &ref->d[2 + l * R64_PARTS];
    double *wide = calloc(R * 4 * C, sizeof *wide), *narrow = calloc(R * C, sizeof *narrow);
    reference64_linear_back(wide, d[R64_OUT_W], d[R64_OUT_B], ref->dx, a->g, w[R64_OUT_W], R, 4 * C,
                            C);
    for (size_t i = 0; i < R * 4 * C; i++)
        wide[i] *= reference64_gelu_slope(a->f[i]);
    reference64_linear_back(narrow, d[R64_FC_W], d[R64_FC_B], wide, a->h2, w[R64_FC_W], R, C,
                            4 * C);
    reference64_norm_back(ref->dx, d[R64_LN2_W], d[R64_LN2_B], narrow, a->z, a->mean2, a->rstd2,
                          w[R64_LN2_W], R, C);
    memset(narrow, 0, R * C * sizeof *narrow);
    memset(wide, 0, R * 3 * C * sizeof *wide);
    reference64_linear_back(narrow, d[R64_PROJ_W], d[R64_PROJ_B], ref->dx, a->y, w[R64_PROJ_W], R,
                            C, C);
    reference64_attend_back(ref, a, wide, narrow);
    memset(narrow, 0, R * C * sizeof *narrow);
    reference64_linear_back(narrow, d[R64_QKV_W], d[R64_QKV_B], wide, a->h1, w[R64_QKV_W], R, C,
                            3 * C);
    reference64_norm_back(ref->dx, d[R64_LN1_W], d[R64_LN1_B], narrow, a->x, a->mean1, a->rstd1,
                          w[R64_LN1_W], R, C);
    free(wide);
    free(narrow);
}

/* Logits, the mean loss, and the gradients of the last norm's output and of the head. */
static inline void reference64_head(struct reference64 *ref, const int32_t *targets, double *dhf)
{
    size_t V = ref->V, C = ref->C;
    double *row = calloc(V, sizeof *row), scored = 0;
    for (size_t r = 0; r < ref->rows; r++)
        scored += targets[r] >= 0;
    ref->loss = 0;
    for (size_t r = 0; r < ref->rows; r++) {
        for (size_t v = 0; v < V; v++) {
            row[v] = 0;
            for (size_t c = 0; c < C; c++)
                row[v] += ref->hf[r * C + c] * ref->w[0][v * C + c];
        }
        memcpy(ref->logits + r * V, row, V * sizeof *row);
        if (targets[r] < 0)
            continue;
        double hit = (1 - ref->smoothing) * row[targets[r]];
        for (size_t v = 0; v < V; v++)
            hit += ref->smoothing / (double)V * row[v];
        double log_sum = reference64_softmax(row, V);
        ref->loss += (log_sum - hit + ref->z_loss * log_sum * log_sum) / scored;
        for (size_t v = 0; v < V; v++)
            row[v] = row[v] * (1 + 2 * ref->z_loss * log_sum) - ref->smoothing / (double)V;
        row[targets[r]] -= 1 - ref->smoothing;
        for (size_t v = 0; v < V; v++)
            for (size_t c = 0; c < C; c++) {
                dhf[r * C + c] += row[v] / scored * ref->w[0][v * C + c];
                ref->d[0][v * C + c] += row[v] / scored * ref->hf[r * C + c];
            }
    }
    free(row);
}

/** ref->hf: final states of all tokens. */
static inline void reference64_trunk(struct reference64 *ref, const int32_t *tokens)
{
    size_t R = ref->rows, C = ref->C, tail = 2 + ref->L * R64_PARTS;
    for (size_t i = 0; i < R * C; i++)
        ref->x[i] =
            ref->w[0][(size_t)tokens[i / C] * C + i % C] + ref->w[1][i / C % ref->T * C + i % C];
    for (size_t l = 0; l < ref->L; l++)
        reference64_layer_forward(ref, l, ref->x, ref->x);
    reference64_norm(ref->hf, ref->meanf, ref->rstdf, ref->x, ref->w[tail], ref->w[tail + 1], R, C);
}

/** Logits, loss and all gradients; targets of -1 are not scored. Gradients start at 0 once. */
static inline void reference64_run(struct reference64 *ref, const int32_t *tokens,
                                   const int32_t *targets)
{
    size_t R = ref->rows, C = ref->C, tail = 2 + ref->L * R64_PARTS;
    double *dhf = calloc(R * C, sizeof *dhf);
    reference64_trunk(ref, tokens);
    reference64_head(ref, targets, dhf);
    reference64_norm_back(ref->dx, ref->d[tail], ref->d[tail + 1], dhf, ref->x, ref->meanf,
                          ref->rstdf, ref->w[tail], R, C);
    for (size_t l = ref->L; l-- > 0;)
        reference64_layer_back(ref, l);
    for (size_t i = 0; i < R * C; i++) {
        ref->d[0][(size_t)tokens[i / C] * C + i % C] += ref->dx[i];
        ref->d[1][i / C % ref->T * C + i % C] += ref->dx[i];
    }
    free(dhf);
}

#endif
