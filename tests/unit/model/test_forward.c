/* The whole model against PyTorch (tools/fixtures/gpt2_torch.py), and facts of a fresh one. */
#include <lmpipe/model.h>

#include "tests/tap.h"

enum { V = 61, T = 16, L = 2, H = 3, C = 24, B = 2, STEPS = 3 };

/* The formula of the fixture: weights and ids are not stored. */
static float value(size_t tensor, int64_t i)
{
    uint32_t bits = (uint32_t)((uint64_t)i * 2654435761U + tensor * 1013904223U + 12345U);
    return (float)((double)(bits / 256) / 16777216.0 - 0.5);
}

static struct lm_model *make(const char *kernels, enum lm_numerics numerics)
{
    const struct lm_model_config config = {
        .vocab = V, .context = T, .layers = L, .heads = H, .width = C, .dropout = 0};
    const struct lm_model_options options = {
        .training = true, .max_batch = B, .kernels = kernels, .numerics = numerics};
    struct lm_model *model = NULL;
    struct lm_err err;
    if (lm_model_create(&model, &config, &options, &err) != LM_OK)
        return NULL;
    for (size_t t = 0; t < lm_model_tensors(model); t++) {
        struct lm_tensor tensor = lm_model_tensor(model, t);
        bool norm = strstr(tensor.name, "ln_") != NULL && strstr(tensor.name, "weight") != NULL;
        for (int64_t i = 0; i < tensor.count; i++)
            tensor.data[i] =
                (float)((double)value(t, i) * (tensor.dims == 1 ? 0.2 : 0.5) + (norm ? 1 : 0));
    }
    return model;
}

static void fill(int32_t *tokens, int32_t *targets)
{
    for (int64_t i = 0; i < 2 * B * T; i++) {
        int32_t id = (int32_t)((i * 7919 + 13) * 104729 % 1000003 % V);
        *(i < B * T ? tokens + i : targets + i - B * T) = id;
    }
}

struct fixture {
    double loss, norms[STEPS];
    float *logits, *grads, *after;
    void *memory;
};

static bool read_fixture(struct fixture *out, int64_t parameters)
{
    size_t logits = B * T * V, weights = (size_t)parameters;
    size_t size = 8 + 4 * logits + 4 * weights + 8 * STEPS + 4 * weights;
    FILE *file = fopen(LM_TEST_DATA "/gpt2_fixture.bin", "rb");
    char *data = malloc(size + 1);
    size_t got = file == NULL ? 0 : fread(data, 1, size + 1, file);
    if (file != NULL)
        fclose(file);
    out->memory = data;
    out->logits = malloc(4 * (logits + 2 * weights));
    out->grads = out->logits + logits;
    out->after = out->grads + weights;
    if (got != size)
        return false;
    memcpy(&out->loss, data, 8);
    memcpy(out->logits, data + 8, 4 * (logits + weights));
    memcpy(out->norms, data + 8 + 4 * (logits + weights), sizeof out->norms);
    memcpy(out->after, data + size - 4 * weights, 4 * weights);
    return true;
}

/* Largest |got − want| / (|want| + floor) over a family of numbers. */
static double worst(const float *got, const float *want, int64_t n, double floor)
{
    double out = 0;
    for (int64_t i = 0; i < n; i++) {
        double error = fabs((double)got[i] - (double)want[i]) / (fabs((double)want[i]) + floor);
        out = error > out || isnan(error) ? error : out;
    }
    return out;
}

static void compare(struct tap *tap, const char *kernels, enum lm_numerics numerics)
{
    int32_t tokens[B * T], targets[B * T];
    float logits[B * T * V];
    struct lm_err err;
    struct fixture fixture;
    struct lm_model *model = make(kernels, numerics);
    if (model == NULL)
        SKIP("this processor cannot run the kernels");
    int64_t parameters = lm_model_parameters(lm_model_config(model)), at = 0;
    REQUIRE(read_fixture(&fixture, parameters));
    fill(tokens, targets);
    CHECK_INT(lm_model_logits(model, tokens, B, T, logits, &err), LM_OK);
    CHECK(worst(logits, fixture.logits, B * T * V, 1) < 5e-6);
    const struct lm_step_options adamw = {
        .lr = 1e-2, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .decay = 0.1, .clip = 1};
    for (int step = 0; step < STEPS; step++) {
        double loss;
        struct lm_step_stats stats;
        CHECK_INT(lm_model_accumulate(model, tokens, targets, B, T, 1, &loss, &err), LM_OK);
        if (step == 0)
            CHECK_NEAR(loss, fixture.loss, 2e-6);
        for (size_t t = 0; step == 0 && t < lm_model_tensors(model); t++) {
            struct lm_tensor tensor = lm_model_tensor(model, t);
            double error = worst(tensor.grad, fixture.grads + at, tensor.count, 1e-2);
            CHECK(error < 5e-5);
            if (!(error < 5e-5))
                printf("# gradient of %s: %g\n", tensor.name, error);
            at += tensor.count;
        }
        CHECK_INT(lm_model_step(model, &adamw, &stats, &err), LM_OK);
        CHECK_NEAR(stats.grad_norm, fixture.norms[step], 2e-5 * fixture.norms[step]);
        CHECK(stats.clipped);
    }
    at = 0;
    for (size_t t = 0; t < lm_model_tensors(model); t++) {
        struct lm_tensor tensor = lm_model_tensor(model, t);
        /* A bias of all keys moves no softmax: its gradient is rounding alone, which Adam blows up.
         */
        bool keys = strstr(tensor.name, "c_attn.bias") != NULL;
        for (int64_t part = 0; part < 3; part++) {
            int64_t n = tensor.count / 3, first = part * n;
            n = part == 2 ? tensor.count - first : n;
            if (!(keys && part == 1))
                CHECK(worst(tensor.data + first, fixture.after + at + first, n, 1) < 2e-4);
        }
        at += tensor.count;
    }
    free(fixture.memory);
    free(fixture.logits);
    lm_model_free(model);
}

static void test_torch_blas(struct tap *tap)
{
    compare(tap, NULL, LM_NUMERICS_BLAS);
}

static void test_torch_avx512(struct tap *tap)
{
    compare(tap, "avx512", LM_NUMERICS_PORTABLE);
}

static void test_torch_avx2(struct tap *tap)
{
    compare(tap, "avx2", LM_NUMERICS_PORTABLE);
}

static void test_torch_c(struct tap *tap)
{
    compare(tap, "c", LM_NUMERICS_PORTABLE);
}

/* Scores follow from the logits: nll, entropy and rank in double. */
static void test_scores(struct tap *tap)
{
    int32_t tokens[B * T], targets[B * T], rank[B * T];
    float logits[B * T * V], nll[B * T], entropy[B * T];
    struct lm_err err;
    struct lm_model *model = make(NULL, LM_NUMERICS_PORTABLE);
    REQUIRE(model != NULL);
    fill(tokens, targets);
    targets[5] = -1;
    CHECK_INT(lm_model_logits(model, tokens, B, T, logits, &err), LM_OK);
    const struct lm_scores out = {nll, entropy, rank};
    CHECK_INT(lm_model_score(model, tokens, targets, B, T, &out, &err), LM_OK);
    for (int r = 0; r < B * T; r++) {
        const float *row = logits + r * V;
        double sum = 0, moment = 0;
        int above = 0;
        for (int v = 0; v < V; v++) {
            sum += exp((double)row[v]);
            moment += exp((double)row[v]) * (double)row[v];
            above += targets[r] >= 0 && row[v] > row[targets[r]];
        }
        CHECK_NEAR((double)entropy[r], log(sum) - moment / sum, 2e-6);
        if (targets[r] >= 0)
            CHECK_NEAR((double)nll[r], log(sum) - (double)row[targets[r]], 2e-6);
        CHECK_INT(rank[r], targets[r] < 0 ? -1 : above);
    }
    lm_model_free(model);
}

static void test_fresh_loss(struct tap *tap)
{
    const struct lm_model_config config = {
        .vocab = 4096, .context = 64, .layers = 3, .heads = 4, .width = 128, .dropout = 0};
    const struct lm_model_options options = {.training = true, .max_batch = 4, .seed = 3};
    struct lm_model *model = NULL;
    struct lm_err err;
    int32_t tokens[256], targets[256];
    double loss = 0;
    REQUIRE(lm_model_create(&model, &config, &options, &err) == LM_OK);
    for (int i = 0; i < 256; i++) {
        tokens[i] = i * 2654435 % 4096;
        targets[i] = i * 40503 % 4096;
    }
    CHECK_INT(lm_model_forward(model, tokens, targets, 4, 64, &loss, &err), LM_OK);
    CHECK_NEAR(loss, log(4096), 0.1);
    lm_model_free(model);
}

/* A position sees nothing of what follows: its logits have the same bits whatever that is. */
static void test_causal(struct tap *tap)
{
    int32_t tokens[B * T], targets[B * T];
    float before[B * T * V], after[B * T * V];
    struct lm_err err;
    struct lm_model *model = make(NULL, LM_NUMERICS_PORTABLE);
    REQUIRE(model != NULL);
    fill(tokens, targets);
    CHECK_INT(lm_model_logits(model, tokens, 1, T, before, &err), LM_OK);
    for (int i = 9; i < T; i++)
        tokens[i] = (tokens[i] + 17) % V;
    CHECK_INT(lm_model_logits(model, tokens, 1, T, after, &err), LM_OK);
    CHECK_INT(memcmp(before, after, 9 * V * sizeof *before), 0);
    CHECK(memcmp(before + 9 * V, after + 9 * V, V * sizeof *before) != 0);
    lm_model_free(model);
}

static void test_refusals(struct tap *tap)
{
    int32_t tokens[B * T], targets[B * T];
    struct lm_err err;
    double loss = 7;
    struct lm_model *model = make(NULL, LM_NUMERICS_BLAS);
    REQUIRE(model != NULL);
    fill(tokens, targets);
    tokens[3] = V;
    CHECK_INT(lm_model_forward(model, tokens, targets, B, T, &loss, &err), LM_RANGE);
    CHECK(strstr(err.text, "token 3 is 61") != NULL);
    tokens[3] = 1;
    targets[4] = -2;
    CHECK_INT(lm_model_forward(model, tokens, targets, B, T, &loss, &err), LM_RANGE);
    targets[4] = 0;
    CHECK_INT(lm_model_forward(model, tokens, targets, B + 1, T, &loss, &err), LM_RANGE);
    CHECK_INT(lm_model_step(model, &(struct lm_step_options){.lr = 1}, NULL, &err), LM_INVALID);
    CHECK(loss == 7);
    struct lm_tensor tensor = lm_model_tensor(model, 4);
    tensor.data[1] = NAN;
    lm_model_set_position(model, 12, 0);
    CHECK_INT(lm_model_accumulate(model, tokens, targets, B, T, 1, &loss, &err), LM_NUMERIC);
    CHECK(strstr(err.text, "step 13") != NULL &&
          strstr(err.text, "h.0.attn.c_attn.weight") != NULL);
    lm_model_free(model);
}

static const struct tap_test tests[] = {TAP_ROW(test_torch_blas) TAP_ROW(test_torch_avx512)
                                            TAP_ROW(test_torch_avx2) TAP_ROW(test_torch_c)
                                                TAP_ROW(test_scores) TAP_ROW(test_fresh_loss)
                                                    TAP_ROW(test_causal) TAP_ROW(test_refusals)};
LM_TEST_FILE(tests)
