/* The phases' useful work adds up to lm_model_step_flops, and time is counted where work is. */
#include <lmpipe/model.h>

#include "tests/tap.h"

enum { V = 97, T = 24, B = 3 };

static const struct lm_model_config config = {
    .vocab = V, .context = T, .layers = 2, .heads = 2, .width = 32, .dropout = 0};

static struct lm_model *make(void)
{
    const struct lm_model_options options = {.training = true, .max_batch = B, .seed = 3};
    struct lm_model *model = NULL;
    struct lm_err err;
    return lm_model_create(&model, &config, &options, &err) == LM_OK ? model : NULL;
}

static void batch(int32_t *tokens, int32_t *targets)
{
    for (int i = 0; i < B * T; i++) {
        tokens[i] = i % V;
        targets[i] = (i + 1) % V;
    }
}

static double total_flops(const struct lm_model *model)
{
    struct lm_phase_stats stats[LM_PHASES];
    double sum = 0;
    lm_model_phases(model, stats);
    for (int i = 0; i < LM_PHASES; i++)
        sum += stats[i].flops;
    return sum;
}

static void test_step(struct tap *tap)
{
    const struct lm_step_options adamw = {
        .lr = 1e-3, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .decay = 0.1, .clip = 1};
    struct lm_phase_stats stats[LM_PHASES];
    struct lm_err err;
    int32_t tokens[B * T], targets[B * T];
    double loss, expected = lm_model_step_flops(&config, B, T);
    struct lm_model *model = make();
    REQUIRE(model != NULL);
    CHECK(total_flops(model) == 0);
    batch(tokens, targets);
    CHECK(lm_model_accumulate(model, tokens, targets, B, T, 1, &loss, &err) == LM_OK);
    CHECK(lm_model_step(model, &adamw, NULL, &err) == LM_OK);
    CHECK_NEAR(total_flops(model), expected, 1e-9 * expected);
    lm_model_phases(model, stats);
    for (int i = 0; i < LM_PHASES; i++)
        CHECK(stats[i].seconds > 0 && lm_phase_names[i] != NULL);
    lm_model_free(model);
}

static void test_scoring_is_a_third(struct tap *tap)
{
    const struct lm_scores scores = {0};
    struct lm_err err;
    int32_t tokens[B * T], targets[B * T];
    double expected = lm_model_step_flops(&config, B, T);
    struct lm_model *model = make();
    REQUIRE(model != NULL);
    batch(tokens, targets);
    CHECK(lm_model_score(model, tokens, targets, B, T, &scores, &err) == LM_OK);
    CHECK_NEAR(3 * total_flops(model), expected, 1e-9 * expected);
    lm_model_free(model);
}

static const struct tap_test tests[] = {
    {"step", test_step},
    {"scoring is a third", test_scoring_is_a_third},
};
LM_TEST_FILE(tests)
