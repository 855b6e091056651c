/* Pooled states of texts: the reference's, whatever stands beyond their lengths. */
#include "pooled64.h"

static const struct way portable = {.kernels = "c"};

static void test_reference(struct tap *tap)
{
    struct pooled64_texts texts;
    float got[B * C];
    double want[B * C];
    struct lm_err err;
    pooled64_fill(&texts, 0);
    for (size_t i = 0; i < WAYS; i++) {
        struct lm_model *model = pooled64_model(ways[i], 0, false);
        REQUIRE(model != NULL);
        struct reference64 ref = reference64_open(model, B, T);
        for (int pooling = 0; pooling < LM_POOLINGS; pooling++) {
            pooled64_states(&ref, &texts, (enum lm_pooling)pooling, want);
            CHECK_INT(lm_model_embed(model, &texts.texts, (enum lm_pooling)pooling, got, &err),
                      LM_OK);
            double error = pooled64_distance(got, want, B * C);
            CHECK(error <= pooled64_bound(ways[i], REFERENCE64_FORWARD));
            printf("# %s, %s: %.1e\n", ways[i].name, lm_pooling_names[pooling], error);
        }
        reference64_close(&ref);
        lm_model_free(model);
    }
}

/* Which texts stand beside it does not count: bit by bit. */
static void test_company(struct tap *tap)
{
    struct pooled64_texts texts;
    float want[B * C], got[B * C];
    struct lm_err err;
    struct lm_model *model = pooled64_model(portable, 0, false);
    REQUIRE(model != NULL);
    for (int pooling = 0; pooling < LM_POOLINGS; pooling++) {
        enum lm_pooling how = (enum lm_pooling)pooling;
        pooled64_fill(&texts, 0);
        CHECK_INT(lm_model_embed(model, &texts.texts, how, want, &err), LM_OK);
        for (int i = 0, at = 0; i < B; at += texts.lengths[i++]) { /* alone */
            const struct lm_texts one = {texts.packed + at, texts.lengths + i, 1};
            CHECK_INT(lm_model_embed(model, &one, how, got, &err), LM_OK);
            CHECK_INT(memcmp(got, want + i * C, C * sizeof *got), 0);
        }
        texts.packed[0] ^= 1; /* while what is inside counts */
        CHECK_INT(lm_model_embed(model, &texts.texts, how, got, &err), LM_OK);
        CHECK(memcmp(got, want, C * sizeof *got) != 0);
        CHECK_INT(memcmp(got + C, want + C, (B - 1) * C * sizeof *got), 0);
    }
    lm_model_free(model);
}

/* What an earlier call left does not count, not even a token whose embedding is not a number. */
static void test_history(struct tap *tap)
{
    struct pooled64_texts texts;
    float want[B * C], got[B * C];
    struct lm_err err;
    struct lm_model *model = pooled64_model(portable, 0, false);
    REQUIRE(model != NULL);
    lm_model_tensor(model, 0).data[(V - 1) * C] = NAN;
    pooled64_fill(&texts, 0);
    for (int i = 0; i < pooled64_rows(&texts); i++)
        texts.packed[i] %= V - 1;
    CHECK_INT(lm_model_embed(model, &texts.texts, LM_POOL_MEAN, want, &err), LM_OK);
    int32_t bad[B * T], lengths[B];
    for (int i = 0; i < B * T; i++)
        bad[i] = V - 1;
    for (int i = 0; i < B; i++)
        lengths[i] = T;
    const struct lm_texts full = {bad, lengths, B};
    CHECK_INT(lm_model_embed(model, &full, LM_POOL_MEAN, got, &err), LM_OK);
    CHECK(isnan(got[0]));
    CHECK_INT(lm_model_embed(model, &texts.texts, LM_POOL_MEAN, got, &err), LM_OK);
    CHECK_INT(memcmp(got, want, sizeof want), 0);
    lm_model_free(model);
}

static void test_threads_and_kernels(struct tap *tap)
{
    static const char *const kernels[] = {"c", "avx2", "avx512"};
    struct pooled64_texts texts;
    float want[B * C], got[B * C];
    struct lm_err err;
    pooled64_fill(&texts, 1);
    for (int precision = 0; precision < LM_PRECISIONS; precision++)
        for (size_t i = 0; i < 9; i++) {
            struct way way = {.kernels = kernels[i / 3],
                              .precision = (enum lm_precision)precision,
                              .threads = i % 3 + 1};
            struct lm_model *model = pooled64_model(way, 0, false);
            if (model == NULL)
                continue;
            float *out = i == 0 ? want : got;
            CHECK_INT(lm_model_embed(model, &texts.texts, LM_POOL_MEAN, out, &err), LM_OK);
            CHECK_INT(memcmp(out, want, sizeof want), 0);
            lm_model_free(model);
        }
}

/* A text of a model in evaluation is not dropped out. */
static void test_no_dropout(struct tap *tap)
{
    struct pooled64_texts texts;
    float want[B * C], got[B * C];
    struct lm_err err;
    struct way way = portable;
    way.dropout = 0.5;
    struct lm_model *still = pooled64_model(portable, 0, false);
    struct lm_model *training = pooled64_model(way, 0, true);
    REQUIRE(still != NULL && training != NULL);
    pooled64_fill(&texts, 0);
    CHECK_INT(lm_model_embed(still, &texts.texts, LM_POOL_LAST, want, &err), LM_OK);
    CHECK_INT(lm_model_embed(training, &texts.texts, LM_POOL_LAST, got, &err), LM_OK);
    CHECK_INT(memcmp(got, want, sizeof want), 0);
    lm_model_free(still);
    lm_model_free(training);
}

static bool stop(void *user)
{
    return --*(int *)user < 0;
}

static void test_refusals(struct tap *tap)
{
    struct pooled64_texts texts;
    float out[B * C];
    struct lm_err err;
    struct lm_model *model = pooled64_model(portable, 0, false);
    REQUIRE(model != NULL);

    static const struct {
        int64_t count;
        int32_t length, token;
        const char *message;
    } rows[] = {
        {B, 0, 1, "text 2 of 0 tokens"},   {B, T + 1, 1, "text 2 of 12 tokens"},
        {B, -5, 1, "text 2 of -5 tokens"}, {B, 3, V, "token 3 is 37"},
        {B, 3, -1, "token 3 is -1"},       {B + 1, 3, 1, "9 texts do not fit"},
        {0, 3, 1, "0 texts do not fit"},   {-2, 3, 1, "-2 texts do not fit"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int32_t tokens[(B + 1) * (T + 1)] = {0}, lengths[B + 1];
        for (int k = 0; k <= B; k++)
            lengths[k] = 1;
        lengths[2] = rows[i].length;
        tokens[3] = rows[i].token;
        const struct lm_texts bad = {tokens, lengths, rows[i].count};
        err.text[0] = '\0';
        CHECK_INT(lm_model_embed(model, &bad, LM_POOL_MEAN, out, &err), LM_RANGE);
        CHECK(strstr(err.text, rows[i].message) != NULL);
        if (strstr(err.text, rows[i].message) == NULL)
            printf("# %s\n", err.text);
    }
    lm_model_free(model);
    int calls = 3;
    const struct lm_model_config config = {
        .vocab = V, .context = T, .layers = L, .heads = H, .width = C};
    const struct lm_model_options options = {.max_batch = B, .stop = stop, .stop_user = &calls};
    REQUIRE(lm_model_create(&model, &config, &options, &err) == LM_OK);
    pooled64_fill(&texts, 0);
    CHECK_INT(lm_model_embed(model, &texts.texts, LM_POOL_MEAN, out, &err), LM_CANCELLED);
    calls = 1000;
    CHECK_INT(lm_model_embed(model, &texts.texts, LM_POOL_MEAN, out, &err), LM_OK);
    lm_model_free(model);
}

static void test_names(struct tap *tap)
{
    for (int i = 0; i < LM_POOLINGS; i++)
        CHECK_INT(lm_pooling_find(lm_pooling_names[i]), i);
    for (int i = 0; i < LM_PAIR_LOSSES; i++)
        CHECK_INT(lm_pair_loss_find(lm_pair_loss_names[i]), i);
    CHECK(lm_pooling_names[LM_POOLINGS] == NULL && lm_pair_loss_names[LM_PAIR_LOSSES] == NULL);
    CHECK_INT(lm_pooling_find("max"), LM_POOL_LAST);
    CHECK_INT(lm_pair_loss_find("triplet"), LM_PAIRS_REGRESSION);
}

static const struct tap_test tests[] = {TAP_ROW(test_reference) TAP_ROW(test_company)
                                            TAP_ROW(test_history) TAP_ROW(test_threads_and_kernels)
                                                TAP_ROW(test_no_dropout) TAP_ROW(test_refusals)
                                                    TAP_ROW(test_names)};
LM_TEST_FILE(tests)
