/* Training gives the same bits on any number of threads, over interruptions, and, in the portable
 * profile, on any kernels. */
#include <lmpipe/model.h>

#include <unistd.h>

#include "tests/tap.h"

enum { V = 613, T = 40, L = 2, H = 3, C = 96, B = 14, STEPS = 3 };

static struct lm_model *make(const char *kernels, enum lm_numerics numerics, size_t threads)
{
    const struct lm_model_config config = {V, T, L, H, C, 0.1};
    const struct lm_model_options options = {.training = true,
                                             .max_batch = B,
                                             .seed = 21,
                                             .kernels = kernels,
                                             .numerics = numerics,
                                             .threads = threads};
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
    const struct lm_step_options adamw = {3e-3, 0.9, 0.95, 1e-8, 0.1, 1};
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

static bool trained(char hex[LM_DIGEST_HEX], const char *kernels, enum lm_numerics numerics,
                    size_t threads, int64_t batch)
{
    struct lm_digest digest;
    struct lm_model *model = make(kernels, numerics, threads);
    bool fine = model != NULL;
    for (uint64_t i = 0; i < STEPS && fine; i++)
        fine = step(model, i, batch);
    if (fine) {
        lm_model_digest(model, &digest);
        lm_digest_hex(hex, &digest);
    }
    lm_model_free(model);
    return fine;
}

static void check_threads(struct tap *tap, enum lm_numerics numerics)
{
    char one[LM_DIGEST_HEX], more[LM_DIGEST_HEX];
    static const size_t threads[] = {2, 3, 5};
    REQUIRE(trained(one, NULL, numerics, 1, B));
    for (size_t i = 0; i < 3; i++) {
        REQUIRE(trained(more, NULL, numerics, threads[i], B));
        CHECK_STR(more, one);
    }
}

static void test_threads_blas(struct tap *tap)
{
    check_threads(tap, LM_NUMERICS_BLAS);
}

static void test_threads_portable(struct tap *tap)
{
    check_threads(tap, LM_NUMERICS_PORTABLE);
}

static void test_portable_kernels(struct tap *tap)
{
    char want[LM_DIGEST_HEX], got[LM_DIGEST_HEX];
    REQUIRE(trained(want, "c", LM_NUMERICS_PORTABLE, 2, 2));
    CHECK(!trained(got, "mmx", LM_NUMERICS_PORTABLE, 2, 2));
    static const char *const kernels[] = {"avx2", "avx512"};
    for (size_t i = 0; i < 2; i++)
        if (trained(got, kernels[i], LM_NUMERICS_PORTABLE, 2, 2))
            CHECK_STR(got, want);
}

static void test_resume(struct tap *tap)
{
    struct lm_digest through, resumed;
    struct lm_err err;
    struct lm_model *whole = make(NULL, LM_NUMERICS_BLAS, 1);
    struct lm_model *second = make(NULL, LM_NUMERICS_BLAS, 2);
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
    free(state);
    lm_model_free(whole);
    lm_model_free(second);
}

/* A step that cannot be taken leaves nothing behind: what follows has the bits of a training that
 * never saw the batch. Returns whether it has. */
static bool goes_on(struct lm_model *model, enum lm_numerics numerics)
{
    struct lm_digest got, want;
    struct lm_model *other = make(NULL, numerics, 1);
    bool fine = other != NULL && step(model, 1, 2) && step(other, 0, 2) && step(other, 1, 2);
    lm_model_digest(model, &got);
    if (fine)
        lm_model_digest(other, &want);
    lm_model_free(other);
    return fine && lm_digest_compare(&got, &want) == 0;
}

static void check_bad_gradient(struct tap *tap, enum lm_numerics numerics)
{
    struct lm_err err;
    struct lm_model *model = make(NULL, numerics, 1);
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
    CHECK(goes_on(model, numerics));
    free(before);
    free(after);
    lm_model_free(model);
}

static void test_bad_gradient(struct tap *tap)
{
    check_bad_gradient(tap, LM_NUMERICS_PORTABLE);
    check_bad_gradient(tap, LM_NUMERICS_BLAS);
}

/* The second micro-batch meets weights that make no finite loss: the first is dropped with it. */
static void check_bad_loss(struct tap *tap, enum lm_numerics numerics, float bad)
{
    struct lm_err err;
    double loss = 7;
    struct lm_model *model = make(NULL, numerics, 1);
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
    CHECK(goes_on(model, numerics));
    lm_model_free(model);
}

static void test_bad_loss(struct tap *tap)
{
    check_bad_loss(tap, LM_NUMERICS_PORTABLE, NAN);
    check_bad_loss(tap, LM_NUMERICS_BLAS, NAN);
    check_bad_loss(tap, LM_NUMERICS_PORTABLE, -INFINITY);
    check_bad_loss(tap, LM_NUMERICS_BLAS, INFINITY);
}

/* The norm is that of the step to come, asking for it changes nothing, and a gradient that is
 * dropped leaves nothing behind. */
static void test_norm(struct tap *tap)
{
    struct lm_err err;
    double norm = 0, sum = 0;
    struct lm_step_stats stats;
    int32_t tokens[T] = {0}, targets[T] = {0};
    struct lm_model *model = make(NULL, LM_NUMERICS_PORTABLE, 2);
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
    CHECK(goes_on(model, LM_NUMERICS_PORTABLE));
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
    struct lm_model *model = make(NULL, LM_NUMERICS_PORTABLE, 1);
    REQUIRE(model != NULL);
    CHECK_INT(lm_model_check(model, &err), LM_OK);
    for (size_t i = lm_model_tensors(model); i-- > 0;) {
        struct lm_tensor tensor = lm_model_tensor(model, i);
        tensor.data[tensor.count - 1] = bad[i % 3];
        CHECK_INT(lm_model_check(model, &err), LM_NUMERIC);
        CHECK(strncmp(err.text, tensor.name, strlen(tensor.name)) == 0); /* the first */
    }
    lm_model_free(model);
    model = make(NULL, LM_NUMERICS_PORTABLE, 1);
    REQUIRE(model != NULL);
    lm_model_tensor(model, 0).data[0] = 3e38F; /* large is fine */
    CHECK_INT(lm_model_check(model, &err), LM_OK);
    lm_model_free(model);
}

static const struct tap_test tests[] = {TAP_ROW(test_threads_blas) TAP_ROW(test_threads_portable)
                                            TAP_ROW(test_portable_kernels) TAP_ROW(test_resume)
                                                TAP_ROW(test_bad_gradient) TAP_ROW(test_bad_loss)
                                                    TAP_ROW(test_norm) TAP_ROW(test_check)};
static const struct tap_test lesser[] = {TAP_ROW(test_threads_blas) TAP_ROW(test_resume)};

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
