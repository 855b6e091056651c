/* Losses on pairs of texts: values and gradients against the reference, bits, refusals. */
#include "pooled64.h"

static const struct way portable = {.kernels = "c"};
static const float scores[B / 2] = {0.75F, 0, 1, 0.3F};
static struct pooled64_texts texts; /* of the running test */

static double reference_cosine(const double *u, const double *v)
{
    double along = 0, uu = 0, vv = 0;
    for (int i = 0; i < C; i++) {
        along += u[i] * v[i];
        uu += u[i] * u[i];
        vv += v[i] * v[i];
    }
    return along / sqrt(uu * vv);
}

/* As the header says, in plain loops over a matrix. */
static double reference_loss(struct reference64 *ref, const void *user)
{
    const struct lm_pair_options *options = user;

    enum { PAIRS = B / 2 };

    double states[B * C], z[PAIRS][PAIRS], loss = 0, weight = 0;
    pooled64_states(ref, &texts, options->pooling, states);
    for (int i = 0; i < PAIRS; i++)
        for (int j = 0; j < PAIRS; j++)
            z[i][j] = reference_cosine(states + 2 * i * C, states + (2 * j + 1) * C);
    for (int i = 0; i < PAIRS; i++)
        weight += (double)scores[i];
    for (int i = 0; i < PAIRS; i++) {
        double row[PAIRS], column[PAIRS], error = z[i][i] - (double)scores[i];
        for (int j = 0; j < PAIRS; j++) {
            row[j] = z[i][j] / options->temperature;
            column[j] = z[j][i] / options->temperature;
        }
        double hit = row[i];
        loss += options->loss == LM_PAIRS_REGRESSION
                    ? error * error / PAIRS
                    : (double)scores[i] / weight *
                          (reference64_softmax(row, PAIRS) / 2 +
                           reference64_softmax(column, PAIRS) / 2 - hit);
    }
    return loss;
}

static void test_reference(struct tap *tap)
{
    double loss = 0;
    struct lm_err err;
    char name[64];
    pooled64_fill(&texts, 0);
    for (size_t i = 0; i < WAYS * LM_PAIR_LOSSES * LM_POOLINGS; i++) {
        struct way way = ways[i % WAYS];
        const struct lm_pair_options options = {(enum lm_pair_loss)(i / WAYS % LM_PAIR_LOSSES),
                                                (enum lm_pooling)(i / WAYS / LM_PAIR_LOSSES), 0.3};
        struct lm_model *model = pooled64_model(way, 0, true);
        REQUIRE(model != NULL);
        double forward = pooled64_bound(way, REFERENCE64_FORWARD);
        double backward = pooled64_bound(way, REFERENCE64_BACKWARD);
        CHECK_INT(lm_model_accumulate_pairs(model, &texts.texts, scores, &options, 2, &loss, &err),
                  LM_OK);
        struct reference64 ref = reference64_open(model, B, T);
        double truth = reference_loss(&ref, &options);
        CHECK_NEAR(loss, truth, forward * (1 + truth));
        reference64_close(&ref);
        snprintf(name, sizeof name, "%s, %s, %s", way.name, lm_pair_loss_names[options.loss],
                 lm_pooling_names[options.pooling]);
        pooled64_check(tap, model, name, reference_loss, &options, 2, backward);
        lm_model_free(model);
    }
}

static enum lm_status learn(struct lm_model *model, uint64_t batch, double *loss,
                            struct lm_err *err)
{
    const struct lm_pair_options options = {batch % 3 == 0 ? LM_PAIRS_REGRESSION
                                                           : LM_PAIRS_CONTRASTIVE,
                                            batch % 2 == 0 ? LM_POOL_MEAN : LM_POOL_LAST, 0.05};
    pooled64_fill(&texts, batch);
    return lm_model_accumulate_pairs(model, &texts.texts, scores, &options, 0.5, loss, err);
}

static void test_bits(struct tap *tap)
{
    static const char *const golden[LM_PRECISIONS] = {
        "56a65b4cffb47beec4ac26b2fc8be17e5d31d6a6f3fadf571dbd0a3d61ec3f23",
        "6191221ee4858bfcdb4660c1f4b56fc605b15fddf2d87533a69f707ec32a2f61"};
    pooled64_bits(tap, 0, learn, golden);
}

/* What both losses are in cases that can be told by hand. */
static void test_known(struct tap *tap)
{
    struct lm_err err;
    double loss = 7;
    float states[B * C];
    struct lm_model *model = pooled64_model(portable, N, true);
    REQUIRE(model != NULL);
    pooled64_fill(&texts, 0);
    struct lm_pair_options options = {LM_PAIRS_REGRESSION, LM_POOL_LAST, 0.05};
    struct lm_texts pair = {texts.packed, texts.lengths, 2};
    int32_t same[2 * T], lengths[2] = {T, T};
    for (int i = 0; i < 2 * T; i++)
        same[i] = texts.tokens[i % T];
    pair.tokens = same, pair.lengths = lengths;
    const float one[] = {1}, none[] = {0, 0, 0, 0};
    CHECK_INT(lm_model_accumulate_pairs(model, &pair, one, &options, 1, &loss, &err), LM_OK);
    CHECK_NEAR(loss, 0, 1e-12); /* equal texts have the cosine 1 */
    options.loss = LM_PAIRS_CONTRASTIVE;
    CHECK_INT(lm_model_accumulate_pairs(model, &pair, one, &options, 1, &loss, &err), LM_OK);
    CHECK_NEAR(loss, 0, 1e-12); /* one pair has no negatives */
    CHECK_INT(lm_model_accumulate_pairs(model, &texts.texts, none, &options, 1, &loss, &err),
              LM_OK);
    CHECK(loss == 0);           /* nothing weighs */
    options.temperature = 1000; /* hot: all alike */
    CHECK_INT(lm_model_accumulate_pairs(model, &texts.texts, scores, &options, 1, &loss, &err),
              LM_OK);
    CHECK_NEAR(loss, log(B / 2), 3e-3);
    lm_model_drop_gradient(model);
    /* a final norm of zeros makes states of zeros: cosines of 0, no gradient, nothing infinite */
    for (size_t i = 0; i < lm_model_tensors(model); i++)
        if (strncmp(lm_model_tensor(model, i).name, "ln_f.", 5) == 0)
            memset(lm_model_tensor(model, i).data, 0, C * sizeof(float));
    CHECK_INT(lm_model_embed(model, &texts.texts, LM_POOL_MEAN, states, &err), LM_OK);
    CHECK(states[0] == 0);
    options.temperature = 0.001;
    CHECK_INT(lm_model_accumulate_pairs(model, &texts.texts, scores, &options, 1, &loss, &err),
              LM_OK);
    CHECK_NEAR(loss, log(B / 2), 1e-12);
    double norm = 1;
    CHECK_INT(lm_model_gradient_norm(model, &norm, &err), LM_OK);
    CHECK(norm == 0); /* of every tensor, the classification head's and the embedding's too */
    lm_model_free(model);
}

/* Temperatures at their ends stay finite. */
static void test_cold(struct tap *tap)
{
    struct lm_err err;
    double loss = 0, norm = 0;
    const struct lm_pair_options options = {LM_PAIRS_CONTRASTIVE, LM_POOL_MEAN, 0.001};
    struct lm_model *model = pooled64_model(portable, 0, true);
    REQUIRE(model != NULL);
    pooled64_fill(&texts, 0);
    CHECK_INT(lm_model_accumulate_pairs(model, &texts.texts, scores, &options, 1, &loss, &err),
              LM_OK);
    CHECK_INT(lm_model_gradient_norm(model, &norm, &err), LM_OK);
    CHECK(loss > 0 && norm > 0);
    lm_model_free(model);
}

/* A fresh gradient holds nothing of an earlier one of any objective. */
static void test_fresh(struct tap *tap)
{
    int32_t targets[B * T];
    struct lm_digest want, got;
    struct lm_err err;
    const struct lm_pair_options options = {LM_PAIRS_CONTRASTIVE, LM_POOL_MEAN, 0.05};
    static const int32_t labels[B] = {0, 1, 2, 3, 4, 3, 2, 1};
    struct lm_model *model = pooled64_model(portable, N, true);
    struct lm_model *fresh = pooled64_model(portable, N, true);
    REQUIRE(model != NULL && fresh != NULL);
    pooled64_fill(&texts, 0);
    for (int i = 0; i < B * T; i++)
        targets[i] = i % V;
    CHECK_INT(lm_model_accumulate_labels(model, &texts.texts, labels, 1, NULL, &err), LM_OK);
    CHECK_INT(lm_model_accumulate(model, texts.tokens, targets, B, T, 1, NULL, &err), LM_OK);
    lm_model_drop_gradient(model);
    CHECK_INT(lm_model_accumulate_pairs(model, &texts.texts, scores, &options, 1, NULL, &err),
              LM_OK);
    pooled64_fill(&texts, 0);
    CHECK_INT(lm_model_accumulate_pairs(fresh, &texts.texts, scores, &options, 1, NULL, &err),
              LM_OK);
    pooled64_gradients(&want, fresh);
    pooled64_gradients(&got, model);
    CHECK_INT(lm_digest_compare(&got, &want), 0);
    lm_model_free(model);
    lm_model_free(fresh);
}

static void test_refusals(struct tap *tap)
{
    struct lm_err err;
    double loss = 7;
    struct lm_model *model = pooled64_model(portable, 0, true);
    REQUIRE(model != NULL);
    pooled64_fill(&texts, 0);
    struct lm_pair_options options = {LM_PAIRS_REGRESSION, LM_POOL_LAST, 0};
    struct lm_texts odd = texts.texts;
    odd.count = 3;
    CHECK_INT(lm_model_accumulate_pairs(model, &odd, scores, &options, 1, &loss, &err), LM_RANGE);
    CHECK(strstr(err.text, "3 texts are no pairs") != NULL);
    static const float bad[] = {-0.01F, 1.01F, NAN, INFINITY};
    for (size_t i = 0; i < 4; i++) {
        float some[B / 2] = {0};
        some[2] = bad[i];
        CHECK_INT(lm_model_accumulate_pairs(model, &texts.texts, some, &options, 1, &loss, &err),
                  LM_RANGE);
        CHECK(strstr(err.text, "score of pair 2") != NULL);
    }
    static const double temperatures[] = {0, -1, 1e-9, 1e9, NAN};
    options.loss = LM_PAIRS_CONTRASTIVE;
    for (size_t i = 0; i < 5; i++) {
        options.temperature = temperatures[i];
        CHECK_INT(lm_model_accumulate_pairs(model, &texts.texts, scores, &options, 1, &loss, &err),
                  LM_RANGE);
        CHECK(strncmp(err.text, "temperature: ", 13) == 0);
    }
    options.temperature = 0.05;
    struct lm_tensor norm = lm_model_tensor(model, lm_model_tensors(model) - 2);
    norm.data[1] = INFINITY;
    CHECK_INT(lm_model_accumulate_pairs(model, &texts.texts, scores, &options, 1, &loss, &err),
              LM_NUMERIC);
    CHECK(strstr(err.text, "ln_f.weight") != NULL);
    CHECK_INT(lm_model_step(model, &(struct lm_step_options){.lr = 1}, NULL, &err), LM_INVALID);
    CHECK(loss == 7);
    lm_model_free(model);
    model = pooled64_model(portable, 0, false);
    REQUIRE(model != NULL);
    CHECK_INT(lm_model_accumulate_pairs(model, &texts.texts, scores, &options, 1, &loss, &err),
              LM_INVALID);
    lm_model_free(model);
}

static const struct tap_test tests[] = {TAP_ROW(test_reference) TAP_ROW(test_bits) TAP_ROW(
    test_known) TAP_ROW(test_cold) TAP_ROW(test_fresh) TAP_ROW(test_refusals)};
LM_TEST_FILE(tests)
