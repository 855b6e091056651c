/* What the head and recomputation leave out: told by counting the multiplications of products, not
 * by time; and the bits are those of all rows. */
#include "model/core.h"

#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"

enum { V = 67, T = 90, B = 7, L = 3, C = 32, F = 40, H = 2 };

#define SHAPE                                                                                      \
    .vocab = V, .context = T, .layers = L, .heads = H, .width = C, .mlp = LM_MLP_SWIGLU,           \
    .mlp_width = F

/* Multiplications so far: by the width of the outputs, their height, or the sum's length. */
static struct {
    const struct lm_products *inner;
    size_t of_vocab, out;
} counted;

static void multiply(size_t m, size_t n, size_t k, struct lm_operand a, const struct lm_packed *b,
                     bool accumulate, float *c, size_t ldc, struct lm_causal causal, float *scratch)
{
    if (m == V || n == V || k == V)
        counted.of_vocab += m * n * k;
    if (n == C && k == F) /* the second product of the feed-forward part */
        counted.out += m * n * k;
    counted.inner->multiply(m, n, k, a, b, accumulate, c, ldc, causal, scratch);
}

/* A model whose products are counted; one thread. */
static struct lm_model *make(struct lm_model_config config, struct lm_model_options options,
                             struct lm_products *products)
{
    struct lm_model *model = NULL;
    options.training = true;
    options.max_batch = B;
    options.seed = 4;
    if (lm_model_create(&model, &config, &options, NULL) != LM_OK)
        return NULL;
    counted.inner = model->products;
    *products = *model->products;
    products->multiply = multiply;
    model->products = products;
    counted.of_vocab = counted.out = 0;
    return model;
}

/* Every text ends with `padding` rows without a target. */
static size_t fill(int32_t *tokens, int32_t *targets, size_t padding)
{
    struct lm_rng rng = lm_rng_stream(5, "batch");
    size_t scored = 0;
    for (uint64_t i = 0; i < (uint64_t)B * T; i++) {
        tokens[i] = (int32_t)lm_rng_below(rng, 0, i, V);
        targets[i] = i % T >= T - padding * (i / T) / 2 ? -1 : (int32_t)lm_rng_below(rng, 1, i, V);
        scored += targets[i] >= 0;
    }
    return scored;
}

/* The gradient of a tied head is not wanted where the embedding is frozen. */
static void test_frozen(struct tap *tap)
{
    int32_t tokens[B * T], targets[B * T];
    fill(tokens, targets, 0);
    for (int untied = 0; untied < 2; untied++)
        for (int64_t frozen = 0; frozen < 2; frozen++) {
            struct lm_products products;
            struct lm_model *model =
                make((struct lm_model_config){SHAPE, .untied = untied != 0},
                     (struct lm_model_options){.frozen_layers = frozen}, &products);
            REQUIRE(model != NULL);
            CHECK_INT(lm_model_accumulate(model, tokens, targets, B, T, 1, NULL, NULL), LM_OK);
            size_t times = untied == 0 && frozen > 0 ? 2 : 3;
            CHECK_INT(counted.of_vocab, times * B * T * C * V);
            lm_model_free(model);
        }
}

/* A layer that is computed again ends where its stream is known. */
static void test_recompute(struct tap *tap)
{
    int32_t tokens[B * T], targets[B * T];
    fill(tokens, targets, 0);
    for (int recompute = 0; recompute < 2; recompute++) {
        struct lm_products products;
        struct lm_model *model =
            make((struct lm_model_config){SHAPE},
                 (struct lm_model_options){.recompute = recompute != 0}, &products);
        REQUIRE(model != NULL);
        CHECK_INT(lm_model_accumulate(model, tokens, targets, B, T, 1, NULL, NULL), LM_OK);
        CHECK_INT(counted.out, (size_t)L * B * T * C * F);
        lm_model_free(model);
    }
}

/* Loss and all gradients. */
static void digest_of(char hex[LM_DIGEST_HEX], const struct lm_model *model, double loss)
{
    struct lm_digest digest;
    struct lm_sha256 *hash = lm_sha256_create();
    lm_sha256_update(hash, &loss, sizeof loss);
    for (size_t i = 0; i < model->tensor_count; i++)
        lm_sha256_update(hash, model->tensors[i].grad,
                         (size_t)model->tensors[i].count * sizeof(float));
    lm_sha256_final(hash, &digest);
    lm_sha256_free(hash);
    lm_digest_hex(hex, &digest);
}

/* Rows without a target, in every precision and with every loss: the bits that all rows together
 * gave before any were left out. */
static void test_without_target(struct tap *tap)
{
    static const struct {
        struct lm_model_options options;
        double cap;
        const char *hex;
    } rows[] = {
        {{.threads = 1}, 0, "d04f68d0c830fb8145e611df936f235f9f9609c794f544094991789e5b9d46e5"},
        {{.label_smoothing = 0.1, .z_loss = 1e-3},
         0,
         "303ab563628f8927a270ab238261820b64564054cb26dce7c5fe695210a222a5"},
        {{.threads = 1}, 2, "35e9a58582d8324ced74ab72125e3c2f862beba59fe8d4078987aa82fdcf694e"},
        {{.precision = LM_PRECISION_BF16},
         0,
         "2d17d790d8334aea9daef8484ad487777da6cea3bef2ebd4815d7122c6e02dab"},
    };

    int32_t tokens[B * T], targets[B * T];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t scored = fill(tokens, targets, 21), unit = 1 + rows[i].options.precision;
        char hex[LM_DIGEST_HEX];
        double loss = 0;
        struct lm_products products;
        struct lm_model *model = make((struct lm_model_config){SHAPE, .logit_cap = rows[i].cap},
                                      rows[i].options, &products);
        REQUIRE(model != NULL);
        CHECK_INT(lm_model_accumulate(model, tokens, targets, B, T, 1, &loss, NULL), LM_OK);
        digest_of(hex, model, loss);
        CHECK_STR(hex, rows[i].hex);
        size_t most = 3 * (scored + (unit - 1) * 2 * B) * C * V;
        CHECK(counted.of_vocab >= 3 * scored * C * V && counted.of_vocab <= most);
        CHECK(most < 3 * (size_t)B * T * C * V);
        lm_model_free(model);
    }
}

/* Scoring leaves them out, too, and says so of them, unless something is asked of each row. */
static void test_scores(struct tap *tap)
{
    int32_t tokens[B * T], targets[B * T], rank[B * T], equal[B * T];
    float nll[B * T], entropy[B * T], all[B * T];
    struct lm_scores scores = {.nll = nll, .rank = rank, .equal = equal};
    struct lm_products products;
    struct lm_model *model =
        make((struct lm_model_config){SHAPE}, (struct lm_model_options){0}, &products);
    REQUIRE(model != NULL);
    fill(tokens, targets, 0);
    CHECK_INT(lm_model_score(model, tokens, targets, B, T, &(struct lm_scores){.nll = all}, NULL),
              LM_OK);
    counted.of_vocab = 0;
    size_t scored = fill(tokens, targets, 21);
    CHECK_INT(lm_model_score(model, tokens, targets, B, T, &scores, NULL), LM_OK);
    CHECK_INT(counted.of_vocab, scored * C * V);
    for (size_t i = 0; i < (size_t)B * T; i++) {
        bool none = nll[i] == 0 && rank[i] == -1 && equal[i] == 0;
        CHECK(targets[i] < 0 ? none : nll[i] == all[i] && rank[i] >= 0);
    }
    scores.entropy = entropy; /* of each row */
    counted.of_vocab = 0;
    CHECK_INT(lm_model_score(model, tokens, targets, B, T, &scores, NULL), LM_OK);
    CHECK_INT(counted.of_vocab, (size_t)B * T * C * V);
    for (size_t i = 0; i < (size_t)B * T; i++)
        CHECK(entropy[i] > 0);
    lm_model_free(model);
}

/* A batch without any target has no loss and no gradient. */
static void test_none(struct tap *tap)
{
    int32_t tokens[B * T] = {0}, targets[B * T];
    double loss = 1, norm = 1;
    struct lm_products products;
    struct lm_model *model =
        make((struct lm_model_config){SHAPE}, (struct lm_model_options){0}, &products);
    REQUIRE(model != NULL);
    for (size_t i = 0; i < (size_t)B * T; i++)
        targets[i] = -1;
    CHECK_INT(lm_model_accumulate(model, tokens, targets, B, T, 1, &loss, NULL), LM_OK);
    CHECK_INT(lm_model_gradient_norm(model, &norm, NULL), LM_OK);
    CHECK(loss == 0 && norm == 0 && counted.of_vocab == 0);
    lm_model_free(model);
}

static const struct tap_test tests[] = {TAP_ROW(test_frozen) TAP_ROW(test_recompute) TAP_ROW(
    test_without_target) TAP_ROW(test_scores) TAP_ROW(test_none)};
LM_TEST_FILE(tests)
