/* Muon: one update against its definition in double, and trainings with every new option whose
 * bits depend on nothing but the options. */
#include "model/muon.h"

#include <lmpipe/model.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"

enum { V = 31, T = 9, L = 2, H = 4, C = 32, B = 3 };

#define NEW_MODEL                                                                                  \
    .vocab = V, .context = T, .layers = L, .heads = H, .width = C, .norm = LM_NORM_RMS,            \
    .positions = LM_POSITIONS_ROTARY, .no_bias = true, .untied = true, .qk_norm = true,            \
    .no_gain = true, .embed_norm = true, .smear = true, .score_scale = 0.3, .logit_cap = 15

static const struct lm_model_config shapes[] = {
    {NEW_MODEL},
    {NEW_MODEL, .mlp = LM_MLP_SWIGLU, .mlp_width = 40, .kv_heads = 2, .attention_width = 48},
    {.vocab = V, .context = T, .layers = L, .heads = H, .width = C, .dropout = 0.1},
};

enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static const struct lm_step_options usual = {.lr = 0.02,
                                             .adamw_lr = 0.01,
                                             .beta1 = 0.9,
                                             .beta2 = 0.95,
                                             .decay = 0.1,
                                             .momentum = 0.85,
                                             .nesterov = true,
                                             .optimizer = LM_OPTIMIZER_MUON};

static struct lm_model *make(const struct lm_model_config *config, struct lm_model_options options)
{
    struct lm_model *model = NULL;
    options.training = true;
    options.muon = true;
    options.seed = 11;
    options.max_batch = B;
    return lm_model_create(&model, config, &options, NULL) == LM_OK ? model : NULL;
}

static bool step(struct lm_model *model, uint64_t at, const struct lm_step_options *options)
{
    int32_t tokens[B * T], targets[B * T];
    struct lm_rng rng = lm_rng_stream(12, "batch");
    struct lm_err err;
    for (uint64_t i = 0; i < (uint64_t)B * T; i++) {
        tokens[i] = (int32_t)lm_rng_below(rng, at, i, V);
        targets[i] = (tokens[i] * 5 + 2) % V;
    }
    lm_model_set_position(model, at, 0);
    bool done = lm_model_accumulate(model, tokens, targets, B, T, 1, NULL, &err) == LM_OK &&
                lm_model_step(model, options, NULL, &err) == LM_OK;
    if (!done)
        printf("# %s\n", err.text);
    return done;
}

static void digest_of(char hex[LM_DIGEST_HEX], struct lm_model *model)
{
    struct lm_digest digest;
    lm_model_digest(model, &digest);
    lm_digest_hex(hex, &digest);
}

/* ---- the definition ---- */

/* The polar factor in double, by the same steps; x is rows × cols. */
static void polar(double *x, size_t rows, size_t cols)
{
    double *a = calloc(cols * cols, sizeof *a), *p = calloc(cols * cols, sizeof *p);
    double *y = calloc(rows * cols, sizeof *y), norm = 0;
    for (size_t i = 0; i < rows * cols; i++)
        norm += x[i] * x[i];
    for (size_t i = 0; i < rows * cols; i++)
        x[i] /= 1.01 * sqrt(norm) + 1e-12;
    for (int step = 0; step < 5; step++) {
        for (size_t i = 0; i < cols * cols; i++) {
            a[i] = 0;
            for (size_t k = 0; k < rows; k++)
                a[i] += x[k * cols + i / cols] * x[k * cols + i % cols];
        }
        for (size_t i = 0; i < cols * cols; i++) {
            p[i] = -4.775 * a[i];
            for (size_t k = 0; k < cols; k++)
                p[i] += 2.0315 * a[i / cols * cols + k] * a[k * cols + i % cols];
        }
        for (size_t i = 0; i < rows * cols; i++) {
            y[i] = 3.4445 * x[i];
            for (size_t k = 0; k < cols; k++)
                y[i] += x[i / cols * cols + k] * p[k * cols + i % cols];
        }
        memcpy(x, y, rows * cols * sizeof *x);
    }
    free(a), free(p), free(y);
}

/* The weights of columns [first, first + cols) after two steps along given gradients. */
static void hold_piece(struct tap *tap, const float *before, const float *after,
                       const float *const gradients[2], const struct lm_tensor *tensor,
                       size_t first, size_t cols)
{
    size_t rows = (size_t)tensor->shape[0], ld = (size_t)tensor->shape[1], most = rows;
    double *w = calloc(rows * cols, sizeof *w), *m = calloc(rows * cols, sizeof *m);
    double *x = calloc(rows * cols, sizeof *x), worst = 0;
    most = cols > rows ? cols : rows;
    for (size_t i = 0; i < rows * cols; i++)
        w[i] = (double)before[i / cols * ld + first + i % cols];
    for (int at = 0; at < 2; at++) {
        for (size_t i = 0; i < rows * cols; i++) {
            double g = (double)gradients[at][i / cols * ld + first + i % cols];
            m[i] = 0.85 * m[i] + g;
            x[i] = g + 0.85 * m[i];
        }
        polar(x, rows, cols);
        for (size_t i = 0; i < rows * cols; i++)
            w[i] -= 0.02 * (0.2 * sqrt((double)most) * x[i] + 0.1 * w[i]);
    }
    for (size_t i = 0; i < rows * cols; i++) {
        double error = fabs(w[i] - (double)after[i / cols * ld + first + i % cols]);
        worst = error > worst ? error : worst;
    }
    CHECK(worst < 1e-5);
    free(w), free(m), free(x);
}

/* Two steps along random gradients: queries, keys, values, gate and up are matrices of their own.
 */
static void hold_updates(struct tap *tap, const struct lm_model_config *config)
{
    struct lm_model *model = make(config, (struct lm_model_options){.threads = 2});
    struct lm_rng rng = lm_rng_stream(13, "gradient");
    REQUIRE(model != NULL);
    size_t count = lm_model_tensors(model), held = 0;
    float **before = calloc(count, sizeof *before), **given[2];
    for (int at = 0; at < 2; at++) {
        given[at] = calloc(count, sizeof *given[at]);
        CHECK(lm_model_accumulate(model, (int32_t[]){1, 2}, (int32_t[]){2, 3}, 1, 2, 1, NULL,
                                  NULL) == LM_OK);
        for (size_t t = 0; t < count; t++) {
            struct lm_tensor tensor = lm_model_tensor(model, t);
            size_t bytes = (size_t)tensor.count * sizeof(float);
            if (at == 0)
                before[t] = memcpy(malloc(bytes), tensor.data, bytes);
            for (int64_t i = 0; i < tensor.count; i++)
                tensor.grad[i] = (float)lm_rng_normal(rng, t + 100 * (uint64_t)at, (uint64_t)i);
            given[at][t] = memcpy(malloc(bytes), tensor.grad, bytes);
        }
        CHECK(lm_model_step(model, &usual, NULL, NULL) == LM_OK);
    }
    for (size_t i = 0; i < lm_muon_pieces(config); i++) {
        const struct lm_muon_piece piece = lm_muon_piece_at(model, i);
        const struct lm_tensor tensor = lm_model_tensor(model, piece.tensor);
        const float *const gradients[] = {given[0][piece.tensor], given[1][piece.tensor]};
        hold_piece(tap, before[piece.tensor], tensor.data, gradients, &tensor, piece.first,
                   piece.cols);
        held += (size_t)tensor.shape[0] * piece.cols;
    }
    for (size_t t = 0; t < count; t++) {
        struct lm_tensor tensor = lm_model_tensor(model, t);
        held -= lm_muon_has(model, t) ? (size_t)tensor.count : 0;
        free(before[t]), free(given[0][t]), free(given[1][t]);
    }
    CHECK(held == 0); /* all of the layers' matrices, each once */
    free(before), free(given[0]), free(given[1]);
    lm_model_free(model);
}

static void test_definition(struct tap *tap)
{
    for (size_t i = 0; i < SHAPES; i++)
        hold_updates(tap, &shapes[i]);
}

/* ---- the same bits ---- */

static void test_bits(struct tap *tap)
{
    static const struct {
        size_t threads;
        const char *kernels;
        enum lm_numerics numerics;
    } ways[] = {{2, "c", 0}, {3, "avx2", 0}, {5, "avx512", 0}, {8, "auto", 0}};

    for (size_t i = 0; i < SHAPES; i++)
        for (int precision = 0; precision < LM_PRECISIONS; precision++) {
            char want[LM_DIGEST_HEX] = "", got[LM_DIGEST_HEX];
            for (size_t w = 0; w < sizeof ways / sizeof ways[0]; w++) {
                const struct lm_model_options options = {.threads = ways[w].threads,
                                                         .kernels = ways[w].kernels,
                                                         .precision = (enum lm_precision)precision};
                struct lm_model *model = make(&shapes[i], options);
                if (model == NULL)
                    continue; /* this processor lacks the kernels */
                for (uint64_t at = 0; at < 4; at++)
                    CHECK(step(model, at, &usual));
                digest_of(got, model);
                if (want[0] == '\0')
                    memcpy(want, got, sizeof want);
                CHECK_STR(got, want);
                lm_model_free(model);
            }
        }
}

/* Fifty steps learn, and give one hash for any threads; stopped and taken up at every step. */
static void test_resume(struct tap *tap)
{
    char want[LM_DIGEST_HEX], got[LM_DIGEST_HEX];
    struct lm_model *whole = make(&shapes[0], (struct lm_model_options){.threads = 1});
    struct lm_model *parts = make(&shapes[0], (struct lm_model_options){.threads = 3});
    REQUIRE(whole != NULL && parts != NULL);
    uint64_t size = lm_model_state_size(parts);
    void *state = malloc(size);
    for (uint64_t at = 0; at < 50; at++) {
        CHECK(step(whole, at, &usual) && step(parts, at, &usual));
        lm_model_state_save(parts, state);
        lm_model_free(parts);
        parts = make(&shapes[0], (struct lm_model_options){.threads = 1 + at % 2});
        REQUIRE(parts != NULL);
        CHECK_INT(lm_model_state_load(parts, state, size, NULL), LM_OK);
    }
    digest_of(want, whole);
    digest_of(got, parts);
    CHECK_STR(got, want);
    printf("# %s\n", want);
    free(state);
    lm_model_free(whole);
    lm_model_free(parts);
}

/* ---- edges ---- */

/* A gradient of zeros is no update; what is frozen stays; measured ratios change no bits. */
static void test_edges(struct tap *tap)
{
    double ratios[L + 2];
    struct lm_step_options options = usual;
    struct lm_err err;
    char a[LM_DIGEST_HEX], b[LM_DIGEST_HEX];
    struct lm_model *model = make(&shapes[0], (struct lm_model_options){.frozen_layers = 1});
    REQUIRE(model != NULL);
    digest_of(a, model);
    options.decay = 0;
    CHECK_INT(lm_model_accumulate(model, (int32_t[]){1}, (int32_t[]){-1}, 1, 1, 1, NULL, &err),
              LM_OK);
    CHECK_INT(lm_model_step(model, &options, NULL, &err), LM_OK);
    digest_of(b, model);
    CHECK_STR(b, a);
    struct lm_model *other = make(&shapes[0], (struct lm_model_options){.frozen_layers = 1});
    CHECK_INT(lm_model_accumulate(other, (int32_t[]){1}, (int32_t[]){-1}, 1, 1, 1, NULL, &err),
              LM_OK);
    CHECK_INT(lm_model_step(other, &options, NULL, &err), LM_OK);
    options.ratios = ratios;
    CHECK(step(model, 1, &options));
    CHECK(ratios[0] == 0 && ratios[1] == 0 && ratios[2] > 0.001 && ratios[3] > 0);
    options.ratios = NULL;
    CHECK(step(other, 1, &options));
    digest_of(a, model);
    digest_of(b, other);
    CHECK_STR(b, a);
    options.adamw_lr = -1;
    CHECK(!step(model, 2, &options));
    lm_model_free(model);
    lm_model_free(other);
    const struct lm_model_options bare = {.training = true};
    REQUIRE(lm_model_create(&model, &shapes[2], &bare, NULL) == LM_OK);
    CHECK_INT(lm_model_accumulate(model, (int32_t[]){1}, (int32_t[]){2}, 1, 1, 1, NULL, &err),
              LM_OK);
    CHECK_INT(lm_model_step(model, &usual, NULL, &err), LM_INVALID);
    CHECK(strstr(err.text, "options.muon") != NULL);
    lm_model_free(model);
}

static const struct tap_test tests[] = {TAP_ROW(test_definition) TAP_ROW(test_bits)
                                            TAP_ROW(test_resume) TAP_ROW(test_edges)};
LM_TEST_FILE(tests)
