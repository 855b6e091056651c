/* Gradients against central differences: every tensor of the list, in every layer. */
#include <lmpipe/model.h>

#include "tests/tap.h"

enum { V = 37, T = 11, L = 2, H = 3, C = 24, B = 3 };

static struct lm_model *make_frozen(double dropout, const char *kernels, enum lm_numerics numerics,
                                    int64_t frozen)
{
    const struct lm_model_config config = {
        .vocab = V, .context = T, .layers = L, .heads = H, .width = C, .dropout = dropout};
    const struct lm_model_options options = {.training = true,
                                             .leaves = 2,
                                             .max_batch = B,
                                             .max_time = T,
                                             .seed = 5,
                                             .kernels = kernels,
                                             .numerics = numerics,
                                             .frozen_layers = frozen};
    struct lm_model *model = NULL;
    struct lm_err err;
    if (lm_model_create(&model, &config, &options, &err) != LM_OK)
        return NULL;
    struct lm_rng rng = lm_rng_stream(6, "test");
    for (size_t i = 0; i < lm_model_tensors(model); i++) { /* far from the initialisation's calm */
        struct lm_tensor tensor = lm_model_tensor(model, i);
        for (int64_t j = 0; j < tensor.count; j++)
            tensor.data[j] += (float)(0.15 * lm_rng_normal(rng, i, (uint64_t)j));
    }
    return model;
}

static struct lm_model *make(double dropout, const char *kernels, enum lm_numerics numerics)
{
    return make_frozen(dropout, kernels, numerics, 0);
}

static void fill(int32_t *tokens, int32_t *targets)
{
    struct lm_rng rng = lm_rng_stream(7, "batch");
    for (uint64_t i = 0; i < B * T; i++) {
        tokens[i] = (int32_t)lm_rng_below(rng, 0, i, V);
        targets[i] = i % 7 == 3 ? -1 : (int32_t)lm_rng_below(rng, 1, i, V);
    }
}

static double loss_of(struct lm_model *model, const int32_t *tokens, const int32_t *targets)
{
    struct lm_err err;
    double loss = NAN;
    if (lm_model_forward(model, tokens, targets, B, T, &loss, &err) != LM_OK)
        printf("# %s\n", err.text);
    return loss;
}

/* Loss at weights moved by `step` along a fixed random direction of one tensor. */
static double moved(struct lm_model *model, size_t index, double step, const int32_t *tokens,
                    const int32_t *targets, double *slope)
{
    struct lm_tensor tensor = lm_model_tensor(model, index);
    struct lm_rng rng = lm_rng_stream(8, "direction");
    float *kept = malloc((size_t)tensor.count * sizeof *kept);
    memcpy(kept, tensor.data, (size_t)tensor.count * sizeof *kept);
    *slope = 0;
    for (int64_t j = 0; j < tensor.count; j++) {
        double direction = lm_rng_normal(rng, index, (uint64_t)j) / sqrt((double)tensor.count);
        tensor.data[j] += (float)(step * direction);
        *slope += direction * (double)tensor.grad[j];
    }
    double loss = loss_of(model, tokens, targets);
    memcpy(tensor.data, kept, (size_t)tensor.count * sizeof *kept);
    free(kept);
    return loss;
}

/* The same for one element. */
static double poked(struct lm_model *model, struct lm_tensor tensor, int64_t at, double step,
                    const int32_t *tokens, const int32_t *targets)
{
    float kept = tensor.data[at];
    tensor.data[at] = kept + (float)step;
    double loss = loss_of(model, tokens, targets);
    tensor.data[at] = kept;
    return loss;
}

static void check_model(struct tap *tap, double dropout, const char *kernels,
                        enum lm_numerics numerics)
{
    int32_t tokens[B * T], targets[B * T];
    struct lm_err err;
    struct lm_model *model = make(dropout, kernels, numerics);
    REQUIRE(model != NULL);
    fill(tokens, targets);
    lm_model_set_position(model, 3, 1);
    loss_of(model, tokens, targets);
    CHECK_INT(lm_model_backward(model, 1.0, &err), LM_OK);
    for (size_t i = 0; i < lm_model_tensors(model); i++) {
        const double step = 0.02;
        struct lm_tensor tensor = lm_model_tensor(model, i);
        double slope, slope_again;
        double up = moved(model, i, step, tokens, targets, &slope);
        double down = moved(model, i, -step, tokens, targets, &slope_again);
        double measured = (up - down) / (2 * step);
        /* float32 losses near 5 carry errors of 1e-6; over 2·step that is 2.5e-5 */
        CHECK_NEAR(slope, measured, 4e-5 + 0.01 * fabs(measured));
        int64_t top = 0;
        for (int64_t j = 1; j < tensor.count; j++)
            if (fabs((double)tensor.grad[j]) > fabs((double)tensor.grad[top]))
                top = j;
        measured = (poked(model, tensor, top, step, tokens, targets) -
                    poked(model, tensor, top, -step, tokens, targets)) /
                   (2 * step);
        CHECK_NEAR((double)tensor.grad[top], measured, 1e-4 + 0.015 * fabs(measured));
        CHECK(fabs((double)tensor.grad[top]) >
              1e-4); /* a gradient that is all zero proves nothing */
    }
    lm_model_free(model);
}

static void test_gradients_blas(struct tap *tap)
{
    check_model(tap, 0, NULL, LM_NUMERICS_BLAS);
}

static void test_gradients_portable(struct tap *tap)
{
    check_model(tap, 0, "c", LM_NUMERICS_PORTABLE);
}

static void test_gradients_dropout(struct tap *tap)
{
    check_model(tap, 0.2, NULL, LM_NUMERICS_PORTABLE);
}

/* Two micro-batches of scale 1/2 are one of both: sums are exact up to rounding. */
static void test_accumulation(struct tap *tap)
{
    int32_t tokens[B * T], targets[B * T];
    struct lm_err err;
    struct lm_model *one = make(0, NULL, LM_NUMERICS_PORTABLE);
    struct lm_model *two = make(0, NULL, LM_NUMERICS_PORTABLE);
    REQUIRE(one != NULL && two != NULL);
    fill(tokens, targets);
    double loss, again;
    CHECK_INT(lm_model_accumulate(one, tokens, targets, 1, T, 1.0, &loss, &err), LM_OK);
    for (int i = 0; i < 2; i++)
        CHECK_INT(lm_model_accumulate(two, tokens, targets, 1, T, 0.5, &again, &err), LM_OK);
    CHECK(loss == again);
    for (size_t i = 0; i < lm_model_tensors(one); i++) {
        struct lm_tensor a = lm_model_tensor(one, i), b = lm_model_tensor(two, i);
        for (int64_t j = 0; j < a.count; j++)
            CHECK_NEAR((double)a.grad[j], (double)b.grad[j], 1e-6 + 1e-5 * fabs((double)a.grad[j]));
    }
    lm_model_free(one);
    lm_model_free(two);
}

/* forward + backward and accumulate give the same bits. */
static void test_fused_equals_pair(struct tap *tap)
{
    int32_t tokens[B * T], targets[B * T];
    struct lm_err err;
    double loss = 0;
    struct lm_model *pair = make(0.1, NULL, LM_NUMERICS_BLAS);
    struct lm_model *fused = make(0.1, NULL, LM_NUMERICS_BLAS);
    REQUIRE(pair != NULL && fused != NULL);
    fill(tokens, targets);
    double pair_loss = loss_of(pair, tokens, targets);
    CHECK_INT(lm_model_backward(pair, 0.7, &err), LM_OK);
    CHECK_INT(lm_model_accumulate(fused, tokens, targets, B, T, 0.7, &loss, &err), LM_OK);
    CHECK(loss == pair_loss);
    for (size_t i = 0; i < lm_model_tensors(pair); i++) {
        struct lm_tensor a = lm_model_tensor(pair, i), b = lm_model_tensor(fused, i);
        CHECK_INT(memcmp(a.grad, b.grad, (size_t)a.count * sizeof *a.grad), 0);
    }
    CHECK_INT(lm_model_backward(fused, 1.0, &err), LM_INVALID);
    lm_model_free(pair);
    lm_model_free(fused);
}

/* What learns gets the gradient it would get if all did; nothing is computed for what is frozen. */
static void test_frozen(struct tap *tap)
{
    int32_t tokens[B * T], targets[B * T];
    struct lm_err err;
    struct lm_model *all = make(0.1, NULL, LM_NUMERICS_PORTABLE);
    REQUIRE(all != NULL);
    fill(tokens, targets);
    CHECK_INT(lm_model_accumulate(all, tokens, targets, B, T, 1, NULL, &err), LM_OK);
    for (int64_t frozen = 1; frozen <= L; frozen++) {
        struct lm_model *some = make_frozen(0.1, NULL, LM_NUMERICS_PORTABLE, frozen);
        REQUIRE(some != NULL);
        CHECK_INT(lm_model_accumulate(some, tokens, targets, B, T, 1, NULL, &err), LM_OK);
        for (size_t i = 0; i < lm_model_tensors(all); i++) {
            struct lm_tensor a = lm_model_tensor(all, i), b = lm_model_tensor(some, i);
            bool is_layer = a.name[0] == 'h', is_frozen = is_layer && a.name[2] - '0' < frozen;
            bool is_same = memcmp(a.grad, b.grad, (size_t)a.count * sizeof *a.grad) == 0;
            if (is_layer || strncmp(a.name, "ln_f", 4) == 0)
                CHECK(is_same != is_frozen);
        }
        lm_model_free(some);
    }
    lm_model_free(all);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_gradients_blas) TAP_ROW(test_gradients_portable) TAP_ROW(test_gradients_dropout)
        TAP_ROW(test_accumulation) TAP_ROW(test_fused_equals_pair) TAP_ROW(test_frozen)};
LM_TEST_FILE(tests)
