/**
 * Texts for tests of heads on pooled states, models far from the calm of their initialisation, and
 * what a head does, in double on top of reference64.h.
 */
#ifndef LM_TESTS_POOLED64_H
#define LM_TESTS_POOLED64_H

#include <lmpipe/model.h>

#include "reference64.h"
#include "tests/tap.h"

enum { V = 37, T = 11, L = 2, H = 3, C = 24, B = 8, N = 5 };

/** How a model is run. */
struct way {
    const char *name, *kernels;
    enum lm_numerics numerics;
    enum lm_precision precision;
    size_t threads;
    bool recompute;
    double dropout;
    struct reference64_units units;
};

/** Products and sums of each profile, as near to the truth as numerics.md says. */
static const struct way ways[] = {
    {"portable", .kernels = "c", .units = {0x1p-24, 0}},
    {"blas", .numerics = LM_NUMERICS_BLAS, .units = {0x1p-24, 0}},
    {"bf16", .precision = LM_PRECISION_BF16, .units = {0x1p-24, 0x1p-9}},
};

enum { WAYS = sizeof ways / sizeof ways[0] };

static inline struct lm_model *pooled64_model(struct way way, int64_t labels, bool training)
{
    const struct lm_model_config config = {.vocab = V,
                                           .context = T,
                                           .layers = L,
                                           .heads = H,
                                           .width = C,
                                           .dropout = way.dropout,
                                           .labels = labels};
    const struct lm_model_options options = {.training = training,
                                             .leaves = 4,
                                             .max_batch = B,
                                             .seed = 5,
                                             .kernels = way.kernels,
                                             .numerics = way.numerics,
                                             .precision = way.precision,
                                             .threads = way.threads,
                                             .recompute = way.recompute};
    struct lm_model *model = NULL;
    if (lm_model_create(&model, &config, &options, NULL) != LM_OK)
        return NULL;
    struct lm_rng rng = lm_rng_stream(6, "test");
    for (size_t i = 0; i < lm_model_tensors(model); i++) {
        struct lm_tensor tensor = lm_model_tensor(model, i);
        for (int64_t j = 0; j < tensor.count; j++)
            tensor.data[j] += (float)(0.15 * lm_rng_normal(rng, i, (uint64_t)j));
    }
    return model;
}

/** B texts of lengths 1 to T: as rows of T for the reference, and behind one another. */
struct pooled64_texts {
    int32_t tokens[B * T], packed[B * T], lengths[B];
    struct lm_texts texts;
};

static inline void pooled64_fill(struct pooled64_texts *out, uint64_t batch)
{
    static const int32_t lengths[B] = {T, 1, 4, 7, 2, T, 9, 3};
    struct lm_rng rng = lm_rng_stream(7, "texts");
    int rows = 0;
    for (int i = 0; i < B * T; i++) {
        int text = i / T;
        bool inside = i % T < lengths[text];
        out->tokens[i] = (int32_t)lm_rng_below(rng, batch, (uint64_t)i, V);
        if (inside)
            out->packed[rows++] = out->tokens[i];
    }
    memcpy(out->lengths, lengths, sizeof lengths);
    out->texts = (struct lm_texts){out->packed, out->lengths, B};
}

/** Tokens of all texts. */
static inline int pooled64_rows(const struct pooled64_texts *texts)
{
    int rows = 0;
    for (int i = 0; i < B; i++)
        rows += texts->lengths[i];
    return rows;
}

/** The reference's pooled states of the texts, (B, C). */
static inline void pooled64_states(struct reference64 *ref, const struct pooled64_texts *texts,
                                   enum lm_pooling pooling, double out[B * C])
{
    reference64_trunk(ref, texts->tokens);
    for (int i = 0; i < B; i++) {
        int length = texts->lengths[i], first = pooling == LM_POOL_LAST ? length - 1 : 0;
        for (int c = 0; c < C; c++) {
            double sum = 0;
            for (int t = first; t < length; t++)
                sum += ref->hf[(i * T + t) * C + c];
            out[i * C + c] = sum / (length - first);
        }
    }
}

/** A head's loss on the reference, by its weights as they are. */
typedef double pooled64_loss(struct reference64 *ref, const void *user);

/* The loss with one tensor moved by `step` along a direction. */
static inline double pooled64_moved(struct reference64 *ref, size_t tensor, const double *direction,
                                    size_t count, double step, pooled64_loss *loss,
                                    const void *user)
{
    for (size_t i = 0; i < count; i++)
        ref->w[tensor][i] += step * direction[i];
    double out = loss(ref, user);
    for (size_t i = 0; i < count; i++)
        ref->w[tensor][i] -= step * direction[i];
    return out;
}

/**
 * Holds every gradient of `model` against central differences of the reference's loss, along a
 * random direction and along the gradient itself. `scale` is the gradients'; `bound` is relative
 * to the norm of the tensor's gradient.
 */
static inline void pooled64_check(struct tap *tap, struct lm_model *model, const char *name,
                                  pooled64_loss *loss, const void *user, double scale, double bound)
{
    const double step = 1e-5;
    double worst = 0;
    struct reference64 ref = reference64_open(model, B, T);
    struct lm_rng rng = lm_rng_stream(8, "direction");
    for (size_t t = 0; t < lm_model_tensors(model); t++) {
        struct lm_tensor tensor = lm_model_tensor(model, t);
        size_t count = (size_t)tensor.count;
        double *direction = calloc(count, sizeof *direction), norm = 0;
        for (size_t i = 0; i < count; i++)
            norm += (double)tensor.grad[i] * (double)tensor.grad[i];
        norm = sqrt(norm);
        for (uint64_t k = 0; k < 2; k++) {
            double length = 0, slope = 0;
            for (size_t i = 0; i < count; i++) {
                direction[i] = k < 1 ? lm_rng_normal(rng, t, i) : (double)tensor.grad[i];
                length += direction[i] * direction[i];
            }
            for (size_t i = 0; i < count; i++) {
                direction[i] /= length > 0 ? sqrt(length) : 1;
                slope += direction[i] * (double)tensor.grad[i] / scale;
            }
            double measured = (pooled64_moved(&ref, t, direction, count, step, loss, user) -
                               pooled64_moved(&ref, t, direction, count, -step, loss, user)) /
                              (2 * step);
            double off = fabs(slope - measured) / (norm / scale + 1e-3);
            worst = off > worst || isnan(off) ? off : worst;
            CHECK(off <= bound);
            if (!(off <= bound))
                printf("# %s, %s: %g, not %g\n", name, tensor.name, slope, measured);
        }
        free(direction);
    }
    printf("# %s: gradients within %.1e of %.1e\n", name, worst, bound);
    reference64_close(&ref);
}

/** Largest |got − want| over the largest |want|. */
static inline double pooled64_distance(const float *got, const double *want, size_t n)
{
    double most = 0, error = 0;
    for (size_t i = 0; i < n; i++) {
        most = fabs(want[i]) > most ? fabs(want[i]) : most;
        double off = fabs((double)got[i] - want[i]);
        error = off > error || isnan(off) ? off : error;
    }
    return error / most;
}

/** How near to the reference: forward, or gradients. */
static inline double pooled64_bound(struct way way, int passes)
{
    const struct lm_model_config config = {
        .vocab = V, .context = T, .layers = L, .heads = H, .width = C};
    return reference64_tolerance(&config, B, T, passes, way.units);
}

/** Adds the gradient of some loss on batch `batch` to the model's. */
typedef enum lm_status pooled64_learn(struct lm_model *model, uint64_t batch, double *loss,
                                      struct lm_err *err);

/** Digest of the weights after `steps` steps of two micro-batches, "" when that fails. */
static inline void pooled64_train(char hex[LM_DIGEST_HEX], struct way way, int64_t labels,
                                  uint64_t steps, pooled64_learn *learn)
{
    const struct lm_step_options adamw = {
        .lr = 3e-3, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .decay = 0.1, .clip = 1};
    struct lm_model *model = pooled64_model(way, labels, true);
    struct lm_digest digest;
    bool fine = model != NULL;
    double loss;
    for (uint64_t i = 0; i < 2 * steps && fine; i++) {
        lm_model_set_position(model, i / 2, i % 2);
        fine = learn(model, i, &loss, NULL) == LM_OK &&
               (i % 2 == 0 || lm_model_step(model, &adamw, NULL, NULL) == LM_OK);
    }
    hex[0] = '\0';
    if (fine) {
        lm_model_digest(model, &digest);
        lm_digest_hex(hex, &digest);
    }
    lm_model_free(model);
}

/** The same bits on any threads and kernels and with recompute; with `golden` of f32 and bf16. */
static inline void pooled64_bits(struct tap *tap, int64_t labels, pooled64_learn *learn,
                                 const char *const golden[LM_PRECISIONS])
{
    static const struct way others[] = {{.kernels = "c", .threads = 2},
                                        {.kernels = "c", .threads = 3, .recompute = true},
                                        {.kernels = "avx2", .threads = 1},
                                        {.kernels = "avx512", .threads = 2}};

    char want[LM_DIGEST_HEX], got[LM_DIGEST_HEX];
    for (size_t p = 0; p < LM_PRECISIONS; p++) {
        struct way way = {.kernels = "c", .precision = (enum lm_precision)p, .dropout = 0.1};
        pooled64_train(want, way, labels, 4, learn);
        CHECK_STR(want, golden[p]);
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
            way = others[i];
            way.precision = (enum lm_precision)p;
            way.dropout = 0.1;
            struct lm_model *runs = pooled64_model(way, labels, true);
            if (runs != NULL) { /* this processor may lack the kernels */
                pooled64_train(got, way, labels, 4, learn);
                CHECK_STR(got, want);
            }
            lm_model_free(runs);
        }
    }
    struct way blas = {.numerics = LM_NUMERICS_BLAS, .dropout = 0.1, .threads = 1};
    pooled64_train(want, blas, labels, 4, learn);
    blas.threads = 3;
    pooled64_train(got, blas, labels, 4, learn);
    CHECK_STR(got, want);
    CHECK(got[0] != '\0');
}

/** Bits of all gradients. */
static inline void pooled64_gradients(struct lm_digest *out, const struct lm_model *model)
{
    struct lm_sha256 *hash = lm_sha256_create();
    for (size_t i = 0; i < lm_model_tensors(model); i++) {
        struct lm_tensor tensor = lm_model_tensor(model, i);
        lm_sha256_update(hash, tensor.grad, (size_t)tensor.count * sizeof *tensor.grad);
    }
    lm_sha256_final(hash, out);
    lm_sha256_free(hash);
}

#endif
