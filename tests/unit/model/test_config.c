#include <lmpipe/model.h>

#include "tests/tap.h"

/* Radford et al. 2019 round to 117M … 1542M; the published checkpoints have exactly these. */
static void test_parameter_counts(struct tap *tap)
{
    static const struct {
        const char *preset;
        int64_t parameters;
    } rows[] = {{"gpt2-124m", 124439808},
                {"gpt2-355m", 354823168},
                {"gpt2-774m", 774030080},
                {"gpt2-1558m", 1557611200}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_model_config config = lm_model_preset_find(rows[i].preset)->config;
        config.vocab = 50257;
        CHECK_INT(lm_model_parameters(&config), rows[i].parameters);
    }
}

static void test_presets(struct tap *tap)
{
    size_t count;
    const struct lm_model_preset *presets = lm_model_presets(&count);
    for (size_t i = 0; i < count; i++) {
        struct lm_model_config config = presets[i].config;
        config.vocab = 4096;
        CHECK_INT(lm_model_config_check(&config, NULL), LM_OK);
        CHECK_STR(lm_model_preset_names[i], presets[i].name);
        CHECK(lm_model_preset_find(presets[i].name) == &presets[i]);
    }
    CHECK(lm_model_preset_names[count] == NULL);
    CHECK(lm_model_preset_find("gpt2-nono") == NULL);
    const struct lm_model_config nano = lm_model_preset_find("gpt2-nano")->config;
    CHECK_INT(nano.layers, 3);
    CHECK_INT(nano.heads, 6);
    CHECK_INT(nano.width, 192);
    CHECK_INT(nano.context, 128);
}

/* GPT-2 small, 1 token: 6·(12·12·768² + 50257·768) + 12·12·1024·768. */
static void test_flops(struct tap *tap)
{
    struct lm_model_config config = lm_model_preset_find("gpt2-124m")->config;
    config.vocab = 50257;
    double want = 6.0 * (144.0 * 768 * 768 + 50257.0 * 768) + 144.0 * 1024 * 768;
    CHECK_NEAR(lm_model_step_flops(&config, 2, 1024), 2048 * want, 1);
}

static void test_refusals(struct tap *tap)
{
    const struct lm_model_config fine = {100, 16, 2, 4, 32, 0};

    const struct {
        struct lm_model_config config;
        const char *word;
    } rows[] = {
        {{0, 16, 2, 4, 32, 0}, "vocab"},         {{100, 0, 2, 4, 32, 0}, "context"},
        {{100, 16, 0, 4, 32, 0}, "layers"},      {{100, 16, 2, 0, 32, 0}, "heads"},
        {{100, 16, 2, 4, -1, 0}, "width"},       {{100, 16, 2, 5, 32, 0}, "heads"},
        {{100, 16, 2, 4, 32, 1}, "dropout"},     {{100, 16, 2, 4, 32, -0.1}, "dropout"},
        {{1LL << 40, 16, 2, 4, 32, 0}, "vocab"},
    };
    struct lm_err err;
    CHECK_INT(lm_model_config_check(&fine, &err), LM_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_INT(lm_model_config_check(&rows[i].config, &err), LM_RANGE);
        CHECK(strncmp(err.text, rows[i].word, strlen(rows[i].word)) == 0);
    }
}

/* Memory is what the formula of docs/internals/numerics.md says within a few per cent. */
static void test_memory(struct tap *tap)
{
    struct lm_model_config config = lm_model_preset_find("gpt2-124m")->config;
    config.vocab = 50257;
    const struct lm_model_options idle = {.max_time = 1, .numerics = LM_NUMERICS_BLAS};
    struct lm_model_options training = {
        .training = true, .max_batch = 4, .numerics = LM_NUMERICS_BLAS};
    double weights = 124439808.0 * 4;
    uint64_t least = lm_model_memory(&config, &idle);
    CHECK((double)least > weights && (double)least < 1.1 * weights);
    double rows = 4 * 1024, activations = rows * 768 * 12 * 16 * 4;
    double all = (double)lm_model_memory(&config, &training);
    CHECK(all > 4 * weights + activations && all < 1.15 * (4 * weights + activations));
    /* own products hold a layer, the head (both ways) and the deltas packed */
    training.numerics = LM_NUMERICS_PORTABLE;
    double packed = 4.0 * (12 * 768 * 768 + 2 * 50257 * 768 + rows * 9 * 768);
    CHECK_NEAR((double)lm_model_memory(&config, &training) - all, packed, 0.05 * packed);
}

static const struct tap_test tests[] = {TAP_ROW(test_parameter_counts) TAP_ROW(
    test_presets) TAP_ROW(test_flops) TAP_ROW(test_refusals) TAP_ROW(test_memory)};
LM_TEST_MAIN(tests)
