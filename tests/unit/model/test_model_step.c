/* Training gives the same bits on any number of threads, over interruptions, and, in the portable
 * profile, on any kernels. */
#include <lmpipe/model.h>

#include <unistd.h>

#include "tests/tap.h"

enum { V = 613, T = 40, L = 2, H = 3, C = 96, B = 14, STEPS = 3, MANY = 50 };

/* How a model is run; the bits of a training must not depend on what a test varies of it. */
struct way {
    const char *kernels;
    enum lm_numerics numerics;
    enum lm_precision precision;
    size_t threads;
    bool recompute;
};

static const struct way blas = {.numerics = LM_NUMERICS_BLAS, .threads = 1};
static const struct way portable = {.numerics = LM_NUMERICS_PORTABLE, .threads = 1};
static const struct way bf16 = {.precision = LM_PRECISION_BF16, .threads = 1};

static struct lm_model *make(struct way way)
{
    const struct lm_model_config config = {
        .vocab = V, .context = T, .layers = L, .heads = H, .width = C, .dropout = 0.1};
    const struct lm_model_options options = {.training = true,
                                             .leaves = 2,
                                             .max_batch = B,
                                             .seed = 21,
                                             .kernels = way.kernels,
                                             .numerics = way.numerics,
                                             .precision = way.precision,
                                             .threads = way.threads,
                                             .recompute = way.recompute};
    struct lm_model *model = NULL;
    struct lm_err err;
    if (lm_model_create(&model, &config, &options, &err) != LM_OK)
        return NULL;
    return model;
}

/* One step of two micro-batches of (batch, T). */
static bool step(struct lm_model *model, uint64_t at, int64_t batch)
{
    int32_t tokens[B * T], targets[B * T];
    struct lm_rng rng = lm_rng_stream(22, "batch");
    const struct lm_step_options adamw = {
        .lr = 3e-3, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .decay = 0.1, .clip = 1};
    double loss;
    struct lm_err err;
    for (uint64_t micro = 0; micro < 2; micro++) {
        for (uint64_t i = 0; i < (uint64_t)(batch * T); i++) {
            tokens[i] = (int32_t)lm_rng_below(rng, 2 * at + micro, i, V);
            targets[i] = (tokens[i] * 7 + 3) % V;
        }
        lm_model_set_position(model, at, micro);
        if (lm_model_accumulate(model, tokens, targets, batch, T, 0.5, &loss, &err) != LM_OK)
            return false;
    }
    return lm_model_step(model, &adamw, NULL, &err) == LM_OK;
}

static bool trained_for(char hex[LM_DIGEST_HEX], struct way way, int64_t batch, uint64_t steps)
{
    struct lm_digest digest;
    struct lm_model *model = make(way);
    bool fine = model != NULL;
    for (uint64_t i = 0; i < steps && fine; i++)
        fine = step(model, i, batch);
    if (fine) {
        lm_model_digest(model, &digest);
        lm_digest_hex(hex, &digest);
    }
    lm_model_free(model);
    return fine;
}

static bool trained(char hex[LM_DIGEST_HEX], struct way way, int64_t batch)
{
    return trained_for(hex, way, batch, STEPS);
}

static void check_threads(struct tap *tap, struct way way)
{
    char one[LM_DIGEST_HEX], more[LM_DIGEST_HEX];
    static const size_t threads[] = {2, 3, 5};
    REQUIRE(trained(one, way, B));
    for (size_t i = 0; i < 3; i++) {
        way.threads = threads[i];
        REQUIRE(trained(more, way, B));
        CHECK_STR(more, one);
    }
}

static void test_threads_blas(struct tap *tap)
{
    check_threads(tap, blas);
}

static void test_threads_portable(struct tap *tap)
{
    check_threads(tap, portable);
}

static void test_threads_bf16(struct tap *tap)
{
    check_threads(tap, bf16);
}

/* Fifty steps on 1, 2, 3 and 5 threads. Digests of the own products belong to their version (key
 * line "portable 2"), whatever compiler, processor and build: a change of theirs bumps the version.
 */
static const struct {
    const char *name, *digest;
    enum lm_numerics numerics;
    enum lm_precision precision;
} profiles[] = {
    {"portable f32", "a21754827ae682e4f5526fe595e4e081f48920e57c3bd60838a7e7b7304aa0fa",
     LM_NUMERICS_PORTABLE, LM_PRECISION_F32},
    {"portable bf16", "4b42c37e8aec95e23af0fd2dc53ea8db2791038d5a6ffe409f6ac7fab3c51f71",
     LM_NUMERICS_PORTABLE, LM_PRECISION_BF16},
    {"blas", NULL, LM_NUMERICS_BLAS, LM_PRECISION_F32},
};

static void check_fifty_steps(struct tap *tap, size_t begin)
{
    static const size_t threads[] = {1, 2, 3, 5};
    char first[LM_DIGEST_HEX], hex[LM_DIGEST_HEX];
    for (size_t i = begin; i < sizeof profiles / sizeof profiles[0]; i++) {
        struct way way = {.numerics = profiles[i].numerics, .precision = profiles[i].precision};
        for (size_t t = 0; t < sizeof threads / sizeof threads[0]; t++) {
            way.threads = threads[t];
            REQUIRE(trained_for(hex, way, 2, MANY));
            if (t == 0)
                memcpy(first, hex, sizeof first);
            CHECK_STR(hex, first);
        }
        char numerics[128];
        lm_numerics_describe(numerics, profiles[i].numerics);
        printf("# %s (%s): %s\n", profiles[i].name, numerics, first);
        if (profiles[i].digest != NULL)
            CHECK_STR(first, profiles[i].digest);
    }
}

static void test_fifty_steps(struct tap *tap)
{
    check_fifty_steps(tap, 0);
}

/* Our own products know nothing of OpenBLAS. */
static void test_fifty_steps_blas(struct tap *tap)
{
    check_fifty_steps(tap, 2);
}

static void check_kernels(struct tap *tap, struct way way)
{
    static const char *const kernels[] = {"avx2", "avx512"};
    char want[LM_DIGEST_HEX], got[LM_DIGEST_HEX];
    way.kernels = "c";
    REQUIRE(trained(want, way, 2));
    for (size_t i = 0; i < 2; i++) {
        way.kernels = kernels[i];
        if (trained(got, way, 2))
            CHECK_STR(got, want);
    }
    way.kernels = "mmx";
    CHECK(!trained(got, way, 2));
}

static void test_portable_kernels(struct tap *tap)
{
    check_kernels(tap, portable);
}

static void test_bf16_kernels(struct tap *tap)
{
    check_kernels(tap, bf16);
}

/* bfloat16 is no matter of the profile, and it is no float32. */
static void test_bf16_bits(struct tap *tap)
{
    char one[LM_DIGEST_HEX], other[LM_DIGEST_HEX];
    struct way way = bf16;
    way.numerics = LM_NUMERICS_PORTABLE;
    REQUIRE(trained(one, bf16, 2) && trained(other, way, 2));
    CHECK_STR(one, other);
    REQUIRE(trained(other, portable, 2));
    CHECK(strcmp(one, other) != 0);
}

/* Activations computed again are the same ones, and take less memory. */
static void test_recompute(struct tap *tap)
{
    char want[LM_DIGEST_HEX], got[LM_DIGEST_HEX];
    struct way way = portable;
    way.recompute = true;
    way.threads = 2;
    REQUIRE(trained(want, portable, B) && trained(got, way, B));
    CHECK_STR(got, want);
    way.precision = LM_PRECISION_BF16;
    REQUIRE(trained(want, bf16, B) && trained(got, way, B));
    CHECK_STR(got, want);
    const struct lm_model_config config = {
        .vocab = V, .context = T, .layers = 8, .heads = H, .width = C, .dropout = 0};
    struct lm_model_options options = {.training = true, .leaves = 2, .max_batch = B};
    uint64_t all = lm_model_memory(&config, &options);
    options.recompute = true;
    CHECK(lm_model_memory(&config, &options) + (uint64_t)7 * 15 * B * T * C * 4 <= all);
}

static void test_resume(struct tap *tap)
{
    struct lm_digest through, resumed;
    struct lm_err err;
    struct way two = blas;
    two.threads = 2;
    struct lm_model *whole = make(blas), *second = make(two);
    REQUIRE(whole != NULL && second != NULL);
    REQUIRE(step(whole, 0, 2) && step(whole, 1, 2));
    uint64_t size = lm_model_state_size(whole);
    char *state = malloc(size);
    lm_model_state_save(whole, state);
    CHECK_INT(lm_model_state_load(second, state, size, &err), LM_OK);
    REQUIRE(step(whole, 2, 2) && step(second, 2, 2));
    lm_model_digest(whole, &through);
    lm_model_digest(second, &resumed);
    CHECK_INT(lm_digest_compare(&through, &resumed), 0);
    CHECK_INT(lm_model_state_load(second, state, size - 4, &err), LM_FORMAT);
    state[3] ^= 1;
    CHECK_INT(lm_model_state_load(second, state, size, &err), LM_FORMAT);
    state[3] ^= 1;
    const struct lm_model_options still = {0}; /* it does not train: weights, and no moments */
    struct lm_model *reader = NULL;
    REQUIRE(lm_model_create(&reader, lm_model_config(whole), &still, &err) == LM_OK);
    CHECK_INT(lm_model_state_load(reader, state, size, &err), LM_OK);
    char *again = malloc(size);
    size_t third = (size - LM_STATE_HEAD) / 3;
    lm_model_state_save(reader, again);
    CHECK(memcmp(again, state, LM_STATE_HEAD + third) == 0);
    for (size_t i = LM_STATE_HEAD + third; i < size; i++)
        CHECK(again[i] == 0);
    lm_model_free(reader);
    free(again);
    free(state);
    lm_model_free(whole);
    lm_model_free(second);
}

/* A step that cannot be taken leaves nothing behind: what follows has the bits of a training that
 * never saw the batch. Returns whether it has. */
static bool goes_on(struct lm_model *model, struct way way)
{
    struct lm_digest got, want;
    struct lm_model *other = make(way);
    bool fine = other != NULL && step(model, 1, 2) && step(other, 0, 2) && step(other, 1, 2);
    lm_model_digest(model, &got);
    if (fine)
        lm_model_digest(other, &want);
    lm_model_free(other);
    return fine && lm_digest_compare(&got, &want) == 0;
}

static void check_bad_gradient(struct tap *tap, struct way way)
{
    struct lm_err err;
    struct lm_model *model = make(way);
    REQUIRE(model != NULL && step(model, 0, 2));
    uint64_t size = lm_model_state_size(model);
    char *before = malloc(size), *after = malloc(size);
    lm_model_state_save(model, before);
    int32_t tokens[T] = {0}, targets[T] = {0};
    lm_model_set_position(model, 41, 0);
    CHECK_INT(lm_model_accumulate(model, tokens, targets, 1, T, 1, NULL, &err), LM_OK);
    lm_model_tensor(model, 5).grad[2] = INFINITY;
    lm_model_tensor(model, 7).grad[0] = NAN; /* the first is named */
    CHECK_INT(lm_model_step(model, &(struct lm_step_options){.lr = 1}, NULL, &err), LM_NUMERIC);
    CHECK(strstr(err.text, "h.0.attn.c_attn.bias at step 42") != NULL);
    CHECK_INT(lm_model_step(model, &(struct lm_step_options){.lr = 1}, NULL, &err), LM_INVALID);
    lm_model_state_save(model, after);
    CHECK_INT(memcmp(before, after, size), 0); /* weights, both moments, the count */
    CHECK(goes_on(model, way));
    free(before);
    free(after);
    lm_model_free(model);
}

static void test_bad_gradient(struct tap *tap)
{
    check_bad_gradient(tap, portable);
    check_bad_gradient(tap, blas);
    check_bad_gradient(tap, bf16);
}

/* The second micro-batch meets weights that make no finite loss: the first is dropped with it. */
static void check_bad_loss(struct tap *tap, struct way way, float bad)
{
    struct lm_err err;
    double loss = 7;
    struct lm_model *model = make(way);
    REQUIRE(model != NULL && step(model, 0, 2));
    int32_t tokens[T] = {0}, targets[T] = {0};
    lm_model_set_position(model, 41, 1);
    CHECK_INT(lm_model_accumulate(model, tokens, targets, 1, T, 1, NULL, &err), LM_OK);
    float *weight = &lm_model_tensor(model, 4).data[1], kept = *weight;
    *weight = bad;
    CHECK_INT(lm_model_accumulate(model, tokens, targets, 1, T, 1, &loss, &err), LM_NUMERIC);
    CHECK(loss == 7);
    CHECK(strstr(err.text, "loss at step 42") != NULL &&
          strstr(err.text, "h.0.attn.c_attn.weight") != NULL);
    *weight = kept;
    CHECK_INT(lm_model_step(model, &(struct lm_step_options){.lr = 1}, NULL, &err), LM_INVALID);
    CHECK(goes_on(model, way));
    lm_model_free(model);
}

static void test_bad_loss(struct tap *tap)
{
    check_bad_loss(tap, portable, NAN);
    check_bad_loss(tap, blas, NAN);
    check_bad_loss(tap, portable, -INFINITY);
    check_bad_loss(tap, blas, INFINITY);
}

/* The norm is that of the step to come, asking for it changes nothing, and a gradient that is
 * dropped leaves nothing behind. */
static void test_norm(struct tap *tap)
{
    struct lm_err err;
    double norm = 0, sum = 0;
    struct lm_step_stats stats;
    int32_t tokens[T] = {0}, targets[T] = {0};
    struct lm_model *model = make(portable);
    REQUIRE(model != NULL && step(model, 0, 2));
    CHECK_INT(lm_model_gradient_norm(model, &norm, &err), LM_INVALID);
    CHECK_INT(lm_model_accumulate(model, tokens, targets, 1, T, 1, NULL, &err), LM_OK);
    CHECK_INT(lm_model_gradient_norm(model, &norm, &err), LM_OK);
    for (size_t t = 0; t < lm_model_tensors(model); t++) {
        struct lm_tensor tensor = lm_model_tensor(model, t);
        for (int64_t i = 0; i < tensor.count; i++)
            sum += (double)tensor.grad[i] * (double)tensor.grad[i];
    }
    CHECK_NEAR(norm, sqrt(sum), 1e-12 * norm);
    lm_model_drop_gradient(model);
    CHECK_INT(lm_model_step(model, &(struct lm_step_options){.lr = 1}, NULL, &err), LM_INVALID);
    CHECK(goes_on(model, portable));
    CHECK_INT(lm_model_accumulate(model, tokens, targets, 1, T, 1, NULL, &err), LM_OK);
    CHECK_INT(lm_model_gradient_norm(model, &norm, &err), LM_OK);
    CHECK_INT(lm_model_step(model, &(struct lm_step_options){.lr = 1e-3}, &stats, &err), LM_OK);
    CHECK(stats.grad_norm == norm);
    lm_model_free(model);
}

/* Every tensor is looked at, to its last element, . */
static void test_check(struct tap *tap)
{
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    struct lm_err err;
    struct lm_model *model = make(portable);
    REQUIRE(model != NULL);
    CHECK_INT(lm_model_check(model, &err), LM_OK);
    for (size_t i = lm_model_tensors(model); i-- > 0;) {
        struct lm_tensor tensor = lm_model_tensor(model, i);
        tensor.data[tensor.count - 1] = bad[i % 3];
        CHECK_INT(lm_model_check(model, &err), LM_NUMERIC);
        CHECK(strncmp(err.text, tensor.name, strlen(tensor.name)) == 0); /* the first */
    }
    lm_model_free(model);
    model = make(portable);
    REQUIRE(model != NULL);
    lm_model_tensor(model, 0).data[0] = 3e38F; /* large is fine */
    CHECK_INT(lm_model_check(model, &err), LM_OK);
    lm_model_free(model);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_threads_blas) TAP_ROW(test_threads_portable) TAP_ROW(test_threads_bf16)
        TAP_ROW(test_fifty_steps) TAP_ROW(test_portable_kernels) TAP_ROW(test_bf16_kernels)
            TAP_ROW(test_bf16_bits) TAP_ROW(test_recompute) TAP_ROW(test_resume)
                TAP_ROW(test_bad_gradient) TAP_ROW(test_bad_loss) TAP_ROW(test_norm)
                    TAP_ROW(test_check)};
static const struct tap_test lesser[] = {TAP_ROW(test_threads_blas) TAP_ROW(test_fifty_steps_blas)
                                             TAP_ROW(test_resume)};

/* Once as it is, once with the kernels of a lesser processor in OpenBLAS, whose results depend
 * on how a product is cut more often: it chooses when it is loaded, hence the second program. */
int main(int argc, char **argv)
{
    if (argc > 1) {
        printf("# OPENBLAS_CORETYPE=Haswell\n");
        return tap_main(lesser, sizeof lesser / sizeof lesser[0]);
    }
    if (tap_main(tests, sizeof tests / sizeof tests[0]) != 0)
        return 1;
    char again[] = "again";
    char *const next[] = {argv[0], again, NULL};
    setenv("OPENBLAS_CORETYPE", "Haswell", 1);
    execv("/proc/self/exe", next);
    return 1;
}
