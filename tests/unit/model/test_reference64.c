/* Logits, loss and all gradients of whole models against a reference in double (reference64.h),
 * and the reference itself against PyTorch (tools/fixtures/gpt2_torch.py, four layers). */
#include <lmpipe/model.h>

#include "reference64.h"
#include "tests/tap.h"

/* The formula of the fixture: weights and ids are not stored. */
static double value(size_t tensor, int64_t i)
{
    uint32_t bits = (uint32_t)((uint64_t)i * 2654435761U + tensor * 1013904223U + 12345U);
    return (double)(bits / 256) / 16777216.0 - 0.5;
}

static void fill(int32_t *tokens, int32_t *targets, int64_t rows, int64_t vocab)
{
    for (int64_t i = 0; i < 2 * rows; i++) {
        int32_t id = (int32_t)((i * 7919 + 13) * 104729 % 1000003 % vocab);
        *(i < rows ? tokens + i : targets + i - rows) = id;
    }
    for (int64_t i = 3; i < rows; i += 7)
        targets[i] = -1;
}

/* A way of computing. */
struct way {
    const char *name, *kernels;
    enum lm_numerics numerics;
    enum lm_precision precision;
    struct reference64_units units;
};

static const struct way oracle = {"", "c", LM_NUMERICS_PORTABLE, LM_PRECISION_F32, {0, 0}};

static const struct lm_model_config four = {
    .vocab = 211, .context = 24, .layers = 4, .heads = 3, .width = 48, .dropout = 0};

enum { FOUR_BATCH = 3 };

static struct lm_model *make(const struct lm_model_config *config, int64_t batch,
                             const struct way *way)
{
    const struct lm_model_options options = {.training = true,
                                             .max_batch = batch,
                                             .kernels = way->kernels,
                                             .numerics = way->numerics,
                                             .precision = way->precision};
    struct lm_model *model = NULL;
    if (lm_model_create(&model, config, &options, NULL) != LM_OK)
        return NULL;
    for (size_t t = 0; t < lm_model_tensors(model); t++) {
        struct lm_tensor tensor = lm_model_tensor(model, t);
        bool norm = strstr(tensor.name, "ln_") != NULL && strstr(tensor.name, "weight") != NULL;
        for (int64_t i = 0; i < tensor.count; i++)
            tensor.data[i] = (float)(value(t, i) * (tensor.dims == 1 ? 0.2 : 0.5) + (norm ? 1 : 0));
    }
    return model;
}

/* ---- the reference against PyTorch ---- */

/* Largest |got − want| over the largest |want|. */
static double distance(const double *got, const double *want, size_t n)
{
    double most = 0, error = 0;
    for (size_t i = 0; i < n; i++) {
        most = fabs(want[i]) > most ? fabs(want[i]) : most;
        error = fabs(got[i] - want[i]) > error || isnan(got[i]) ? fabs(got[i] - want[i]) : error;
    }
    return most > 0 ? error / most : error;
}

static double *read_fixture(size_t doubles)
{
    double *out = malloc((doubles + 1) * sizeof *out);
    FILE *file = fopen(LM_TEST_DATA "/gpt2_l4_fixture.bin", "rb");
    size_t got = file == NULL ? 0 : fread(out, sizeof *out, doubles + 1, file);
    if (file != NULL)
        fclose(file);
    if (got == doubles)
        return out;
    free(out);
    return NULL;
}

static void test_torch(struct tap *tap)
{
    int32_t tokens[FOUR_BATCH * 24], targets[FOUR_BATCH * 24];
    struct lm_model *model = make(&four, FOUR_BATCH, &oracle);
    REQUIRE(model != NULL);
    struct reference64 ref = reference64_open(model, FOUR_BATCH, four.context);
    size_t logits = ref.rows * ref.V, at = 1 + logits;
    double *want = read_fixture(at + (size_t)lm_model_parameters(&four));
    REQUIRE(want != NULL);
    fill(tokens, targets, (int64_t)ref.rows, four.vocab);
    reference64_run(&ref, tokens, targets);
    CHECK_NEAR(ref.loss, want[0], 1e-13 * want[0]);
    CHECK(distance(ref.logits, want + 1, logits) < 1e-13);
    for (size_t t = 0; t < ref.tensors; t++) {
        size_t n = (size_t)lm_model_tensor(model, t).count;
        double error = distance(ref.d[t], want + at, n);
        CHECK(error < 1e-12);
        if (!(error < 1e-12))
            printf("# gradient of %s: %g\n", lm_model_tensor(model, t).name, error);
        at += n;
    }
    free(want);
    reference64_close(&ref);
    lm_model_free(model);
}

/* ---- models against the reference ---- */

static const struct way ways[] = {
    {"blas", NULL, LM_NUMERICS_BLAS, LM_PRECISION_F32, {0x1p-24, 0}},
    {"avx512", "avx512", LM_NUMERICS_PORTABLE, LM_PRECISION_F32, {0x1p-24, 0}},
    {"avx2", "avx2", LM_NUMERICS_PORTABLE, LM_PRECISION_F32, {0x1p-24, 0}},
    {"c", "c", LM_NUMERICS_PORTABLE, LM_PRECISION_F32, {0x1p-24, 0}},
    {"bf16 avx512", "avx512", LM_NUMERICS_PORTABLE, LM_PRECISION_BF16, {0x1p-24, 0x1p-9}},
    {"bf16 avx2", "avx2", LM_NUMERICS_PORTABLE, LM_PRECISION_BF16, {0x1p-24, 0x1p-9}},
};

static double *widened(const float *x, size_t n)
{
    double *out = malloc((n + 1) * sizeof *out);
    for (size_t i = 0; i < n; i++)
        out[i] = (double)x[i];
    return out;
}

static double float_distance(const float *got, const double *want, size_t n)
{
    double *wide = widened(got, n), out = distance(wide, want, n);
    free(wide);
    return out;
}

/* A failed comparison says by how much; `worst` keeps the largest share of a tolerance used. */
static void hold(struct tap *tap, const char *way, const char *what, double error, double most,
                 double *worst)
{
    CHECK(error <= most);
    if (!(error <= most))
        printf("# %s, %s: %g, not within %g\n", way, what, error, most);
    *worst = error / most > *worst ? error / most : *worst;
}

static void compare(struct tap *tap, const struct way *way, const struct lm_model_config *config,
                    int64_t batch, int64_t time)
{
    struct lm_err err;
    struct lm_model *model = make(config, batch, way);
    if (model == NULL) {
        printf("# %s: not on this processor\n", way->name);
        return;
    }
    struct reference64 ref = reference64_open(model, batch, time);
    int32_t *tokens = calloc(ref.rows, sizeof *tokens),
            *targets = calloc(ref.rows, sizeof *targets);
    float *logits = calloc(ref.rows * ref.V, sizeof *logits);
    double loss = NAN, worst = 0, worst_gradient = 0;
    double forward = reference64_tolerance(config, batch, time, REFERENCE64_FORWARD, way->units);
    double backward = reference64_tolerance(config, batch, time, REFERENCE64_BACKWARD, way->units);
    fill(tokens, targets, (int64_t)ref.rows, config->vocab);
    reference64_run(&ref, tokens, targets);
    CHECK_INT(lm_model_logits(model, tokens, batch, time, logits, &err), LM_OK);
    hold(tap, way->name, "logits", float_distance(logits, ref.logits, ref.rows * ref.V), forward,
         &worst);
    CHECK_INT(lm_model_accumulate(model, tokens, targets, batch, time, 1, &loss, &err), LM_OK);
    hold(tap, way->name, "loss", fabs(loss - ref.loss) / ref.loss, forward, &worst);
    for (size_t t = 0; t < ref.tensors; t++) {
        struct lm_tensor tensor = lm_model_tensor(model, t);
        hold(tap, way->name, tensor.name,
             float_distance(tensor.grad, ref.d[t], (size_t)tensor.count), backward,
             &worst_gradient);
    }
    printf("# %s, %lld x %lld: %.2f of %.1e, gradients %.2f of %.1e\n", way->name, (long long)batch,
           (long long)time, worst, forward, worst_gradient, backward);
    free(tokens);
    free(targets);
    free(logits);
    reference64_close(&ref);
    lm_model_free(model);
}

static void test_four_layers(struct tap *tap)
{
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        compare(tap, &ways[i], &four, FOUR_BATCH, four.context);
}

/* One token; beyond a block of 64 queries; shorter than the context; odd widths of heads. */
static void test_odd_shapes(struct tap *tap)
{
    static const struct {
        struct lm_model_config config;
        int64_t batch, time;
    } shapes[] = {{{.vocab = 7, .context = 5, .layers = 1, .heads = 1, .width = 3}, 1, 1},
                  {{.vocab = 33, .context = 9, .layers = 2, .heads = 5, .width = 35}, 2, 9},
                  {{.vocab = 130, .context = 70, .layers = 1, .heads = 2, .width = 34}, 1, 67},
                  {{.vocab = 517, .context = 12, .layers = 2, .heads = 4, .width = 20}, 5, 7},
                  {{.vocab = 65, .context = 33, .layers = 3, .heads = 1, .width = 17}, 4, 33},
                  {{.vocab = 300, .context = 6, .layers = 6, .heads = 6, .width = 18}, 1, 6}};

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        for (size_t k = 0; k < sizeof shapes / sizeof shapes[0]; k++)
            compare(tap, &ways[i], &shapes[k].config, shapes[k].batch, shapes[k].time);
}

static const struct tap_test tests[] = {TAP_ROW(test_torch) TAP_ROW(test_four_layers)
                                            TAP_ROW(test_odd_shapes)};
LM_TEST_FILE(tests)
