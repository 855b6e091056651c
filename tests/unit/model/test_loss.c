/* Label smoothing and z-loss: losses and gradients against the reference in double, and the
 * reference's own gradient against central differences of its loss. Scores know neither. */
#include <lmpipe/model.h>

#include "reference64.h"
#include "tests/tap.h"

enum { V = 61, T = 13, L = 2, H = 2, C = 24, B = 3 };

struct way {
    const char *name;
    enum lm_numerics numerics;
    enum lm_precision precision;
    struct reference64_units units;
};

static const struct way ways[] = {
    {"portable", LM_NUMERICS_PORTABLE, LM_PRECISION_F32, {0x1p-24, 0}},
    {"blas", LM_NUMERICS_BLAS, LM_PRECISION_F32, {0x1p-24, 0}},
    {"bf16", LM_NUMERICS_PORTABLE, LM_PRECISION_BF16, {0x1p-24, 0x1p-9}},
};

static const struct {
    double smoothing, z_loss;
} losses[] = {{0.1, 0}, {0, 1e-2}, {0.3, 0.05}, {0.9, 1e-4}};

static const struct lm_model_config config = {
    .vocab = V, .context = T, .layers = L, .heads = H, .width = C};

static struct lm_model *make(const struct way *way, double smoothing, double z_loss)
{
    const struct lm_model_options options = {.training = true,
                                             .max_batch = B,
                                             .seed = 4,
                                             .numerics = way->numerics,
                                             .precision = way->precision,
                                             .label_smoothing = smoothing,
                                             .z_loss = z_loss};
    struct lm_model *model = NULL;
    if (lm_model_create(&model, &config, &options, NULL) != LM_OK)
        return NULL;
    struct lm_rng rng = lm_rng_stream(6, "test");
    for (size_t i = 0; i < lm_model_tensors(model); i++) { /* logits that are far from equal */
        struct lm_tensor tensor = lm_model_tensor(model, i);
        for (int64_t j = 0; j < tensor.count; j++)
            tensor.data[j] += (float)(0.2 * lm_rng_normal(rng, i, (uint64_t)j));
    }
    return model;
}

static void fill(int32_t *tokens, int32_t *targets)
{
    struct lm_rng rng = lm_rng_stream(7, "batch");
    for (uint64_t i = 0; i < B * T; i++) {
        tokens[i] = (int32_t)lm_rng_below(rng, 0, i, V);
        targets[i] = i % 5 == 3 ? -1 : (int32_t)lm_rng_below(rng, 1, i, V);
    }
}

static double distance(const float *got, const double *want, int64_t n)
{
    double most = 0, error = 0;
    for (int64_t i = 0; i < n; i++) {
        double off = fabs((double)got[i] - want[i]);
        most = fabs(want[i]) > most ? fabs(want[i]) : most;
        error = off > error || isnan(off) ? off : error;
    }
    return error / most;
}

static void check_loss(struct tap *tap, const struct way *way, double smoothing, double z_loss)
{
    int32_t tokens[B * T], targets[B * T];
    double loss = NAN, again = NAN;
    struct lm_err err;
    struct lm_model *model = make(way, smoothing, z_loss);
    REQUIRE(model != NULL);
    struct reference64 ref = reference64_open(model, B, T);
    ref.smoothing = smoothing;
    ref.z_loss = z_loss;
    fill(tokens, targets);
    reference64_run(&ref, tokens, targets);
    CHECK_INT(lm_model_forward(model, tokens, targets, B, T, &again, &err), LM_OK);
    CHECK_INT(lm_model_accumulate(model, tokens, targets, B, T, 1, &loss, &err), LM_OK);
    CHECK(loss == again);
    double most = reference64_tolerance(&config, B, T, REFERENCE64_FORWARD, way->units);
    CHECK_NEAR(loss, ref.loss, most * ref.loss);
    most = reference64_tolerance(&config, B, T, REFERENCE64_BACKWARD, way->units);
    for (size_t t = 0; t < ref.tensors; t++) {
        struct lm_tensor tensor = lm_model_tensor(model, t);
        double error = distance(tensor.grad, ref.d[t], tensor.count);
        CHECK(error <= most);
        if (!(error <= most))
            printf("# %s, %g, %g, %s: %g of %g\n", way->name, smoothing, z_loss, tensor.name, error,
                   most);
    }
    reference64_close(&ref);
    lm_model_free(model);
}

static void test_against_reference(struct tap *tap)
{
    for (size_t w = 0; w < sizeof ways / sizeof ways[0]; w++)
        for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++)
            check_loss(tap, &ways[w], losses[i].smoothing, losses[i].z_loss);
}

/* The reference's loss at weights moved along its gradient's largest element. */
static void test_reference_differences(struct tap *tap)
{
    const double step = 1e-4;
    int32_t tokens[B * T], targets[B * T];
    struct lm_model *model = make(&ways[0], 0, 0);
    REQUIRE(model != NULL);
    fill(tokens, targets);
    for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++) {
        struct reference64 ref = reference64_open(model, B, T);
        ref.smoothing = losses[i].smoothing;
        ref.z_loss = losses[i].z_loss;
        reference64_run(&ref, tokens, targets);
        for (size_t t = 0; t < ref.tensors; t++) {
            int64_t count = lm_model_tensor(model, t).count, top = 0;
            for (int64_t k = 1; k < count; k++)
                top = fabs(ref.d[t][k]) > fabs(ref.d[t][top]) ? k : top;
            double slope = ref.d[t][top], ends[2];
            for (int side = 0; side < 2; side++) {
                struct reference64 moved = reference64_open(model, B, T);
                moved.smoothing = ref.smoothing;
                moved.z_loss = ref.z_loss;
                moved.w[t][top] += side == 0 ? step : -step;
                reference64_run(&moved, tokens, targets);
                ends[side] = moved.loss;
                reference64_close(&moved);
            }
            CHECK_NEAR((ends[0] - ends[1]) / (2 * step), slope, 1e-5 * (1 + fabs(slope)));
            CHECK(fabs(slope) > 1e-4);
        }
        reference64_close(&ref);
    }
    lm_model_free(model);
}

/* The options are of training alone. */
static void test_scores(struct tap *tap)
{
    int32_t tokens[B * T], targets[B * T];
    float plain[B * T], with[B * T];
    double loss = 0, other = 0;
    struct lm_model *one = make(&ways[0], 0, 0), *two = make(&ways[0], 0.2, 0.1);
    REQUIRE(one != NULL && two != NULL);
    fill(tokens, targets);
    CHECK_INT(lm_model_score(one, tokens, targets, B, T, &(struct lm_scores){.nll = plain}, NULL),
              LM_OK);
    CHECK_INT(lm_model_score(two, tokens, targets, B, T, &(struct lm_scores){.nll = with}, NULL),
              LM_OK);
    CHECK_INT(memcmp(plain, with, sizeof plain), 0);
    CHECK_INT(lm_model_forward(one, tokens, targets, B, T, &loss, NULL), LM_OK);
    CHECK_INT(lm_model_forward(two, tokens, targets, B, T, &other, NULL), LM_OK);
    CHECK(other > loss + 0.1);
    lm_model_free(one);
    lm_model_free(two);
}

static void test_bounds(struct tap *tap)
{
    struct lm_err err;
    static const double bad[][2] = {{1, 0}, {-0.1, 0}, {NAN, 0}, {0, -1}, {0, NAN}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct lm_model_options options = {
            .training = true, .label_smoothing = bad[i][0], .z_loss = bad[i][1]};
        struct lm_model *model = NULL;
        CHECK_INT(lm_model_create(&model, &config, &options, &err), LM_RANGE);
        CHECK(model == NULL && strstr(err.text, "label_smoothing") != NULL);
    }
}

static const struct tap_test tests[] = {TAP_ROW(test_against_reference) TAP_ROW(
    test_reference_differences) TAP_ROW(test_scores) TAP_ROW(test_bounds)};
LM_TEST_FILE(tests)
