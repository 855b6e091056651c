/* Gradients of micro-batches as leaves of a fixed tree. */
#include <lmpipe/model.h>
#include <lmpipe/rng.h>

#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"

enum { V = 29, T = 7, C = 24, MOST = 9 };

static struct lm_model *make(int64_t leaves, size_t threads)
{
    const struct lm_model_config config = {
        .vocab = V, .context = T, .layers = 2, .heads = 2, .width = C};
    const struct lm_model_options options = {
        .training = true, .seed = 5, .leaves = leaves, .threads = threads};
    struct lm_model *model = NULL;
    return lm_model_create(&model, &config, &options, NULL) == LM_OK ? model : NULL;
}

/* The gradient of micro-batch `leaf`, beside the others. */
static enum lm_status gather(struct lm_model *model, uint64_t leaf, struct lm_err *err)
{
    int32_t tokens[T], targets[T];
    struct lm_rng rng = lm_rng_stream(3, "leaf");
    for (uint64_t i = 0; i < T; i++) {
        tokens[i] = (int32_t)lm_rng_below(rng, leaf, 2 * i, V);
        targets[i] = (int32_t)lm_rng_below(rng, leaf, 2 * i + 1, V);
    }
    return lm_model_accumulate(model, tokens, targets, 1, T, 0.25, NULL, err);
}

static size_t weights_of(struct lm_model *model)
{
    return (size_t)lm_model_parameters(lm_model_config(model));
}

static void copy(float *out, struct lm_model *model)
{
    for (size_t i = 0; i < lm_model_tensors(model); i++) {
        struct lm_tensor tensor = lm_model_tensor(model, i);
        memcpy(out, tensor.grad, (size_t)tensor.count * sizeof *out);
        out += tensor.count;
    }
}

/* The definition: leaves [first, first + n), split at the largest power of two below n. */
static void add_up(float *out, const float *leaves, size_t first, size_t n, size_t weights)
{
    size_t left = 1;
    if (n == 1) {
        memcpy(out, leaves + first * weights, weights * sizeof *out);
        return;
    }
    while (2 * left < n)
        left *= 2;
    float *right = malloc(weights * sizeof *right);
    add_up(out, leaves, first, left, weights);
    add_up(right, leaves, first + left, n - left, weights);
    for (size_t i = 0; i < weights; i++)
        out[i] += right[i];
    free(right);
}

static void test_tree(struct tap *tap)
{
    struct lm_model *one = make(1, 1);
    REQUIRE(one != NULL);
    size_t weights = weights_of(one);
    float *leaves = malloc(MOST * weights * sizeof *leaves);
    float *wanted = malloc(weights * sizeof *wanted), *got = malloc(weights * sizeof *got);
    REQUIRE(leaves != NULL && wanted != NULL && got != NULL);
    for (uint64_t leaf = 0; leaf < MOST; leaf++) {
        CHECK_INT(gather(one, leaf, NULL), LM_OK);
        copy(leaves + leaf * weights, one);
        lm_model_drop_gradient(one);
    }
    for (size_t n = 1; n <= MOST; n++) {
        struct lm_model *model = make((int64_t)n, n % 4);
        struct lm_err err;
        double norm = 0;
        REQUIRE(model != NULL);
        for (uint64_t leaf = 0; leaf < n; leaf++)
            CHECK_INT(gather(model, leaf, NULL), LM_OK);
        CHECK_INT(lm_model_gradient_norm(model, &norm, &err), LM_OK);
        copy(got, model);
        add_up(wanted, leaves, 0, n, weights);
        CHECK_INT(memcmp(wanted, got, weights * sizeof *got), 0);
        lm_model_free(model);
    }
    free(leaves);
    free(wanted);
    free(got);
    lm_model_free(one);
}

/* A step, a dropped gradient and a call that failed begin anew; too many are refused. */
static void test_room(struct tap *tap)
{
    struct lm_model *model = make(3, 1), *other = make(1, 1);
    struct lm_step_options step = {.lr = 0.01, .beta1 = 0.9, .beta2 = 0.95};
    struct lm_err err;
    struct lm_digest a, b;
    REQUIRE(model != NULL && other != NULL);
    for (uint64_t leaf = 0; leaf < 3; leaf++)
        CHECK_INT(gather(model, leaf, NULL), LM_OK);
    CHECK_INT(gather(model, 3, &err), LM_RANGE);
    CHECK(strstr(err.text, "raise leaves") != NULL);
    lm_model_drop_gradient(model);
    CHECK_INT(gather(model, 7, NULL), LM_OK);
    CHECK_INT(gather(other, 7, NULL), LM_OK);
    CHECK_INT(lm_model_step(model, &step, NULL, &err), LM_OK);
    CHECK_INT(lm_model_step(other, &step, NULL, &err), LM_OK);
    lm_model_digest(model, &a);
    lm_model_digest(other, &b);
    CHECK(memcmp(&a, &b, sizeof a) == 0);
    CHECK_INT(lm_model_step(model, &step, NULL, &err), LM_INVALID);
    lm_model_free(model);
    lm_model_free(other);
}

/* One gradient more for each doubling, and no more than that. */
static void test_memory(struct tap *tap)
{
    const struct lm_model_config config = {
        .vocab = V, .context = T, .layers = 2, .heads = 2, .width = 256};
    const int64_t leaves[] = {0, 1, 2, 3, 4, 7, 8, 65536};
    const uint64_t places[] = {1, 1, 2, 2, 3, 3, 4, 17};
    uint64_t first = 0, gradient = (uint64_t)lm_model_parameters(&config) * sizeof(float);
    for (size_t i = 0; i < sizeof leaves / sizeof leaves[0]; i++) {
        const struct lm_model_options options = {.training = true, .leaves = leaves[i]};
        uint64_t bytes = lm_model_memory(&config, &options);
        first = i == 0 ? bytes : first;
        CHECK((bytes - first + gradient / 8) / gradient == places[i] - 1);
    }
}

static const struct tap_test tests[] = {TAP_ROW(test_tree) TAP_ROW(test_room) TAP_ROW(test_memory)};
LM_TEST_FILE(tests)
