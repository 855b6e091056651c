#include <lmpipe/model.h>

#include "tests/tap.h"

/* Radford et al. 2019 round to 117M … 1542M; the published checkpoints have exactly these, as have
 * those of SmolLM, TinyLlama and Qwen3. */
static void test_parameter_counts(struct tap *tap)
{
    static const struct {
        const char *preset;
        int64_t vocab, parameters;
    } rows[] = {{"gpt2-124m", 50257, 124439808},   {"gpt2-355m", 50257, 354823168},
                {"gpt2-774m", 50257, 774030080},   {"gpt2-1558m", 50257, 1557611200},
                {"smollm-135m", 49152, 134515008}, {"tinyllama-1.1b", 32000, 1100048384},
                {"qwen3-0.6b", 151936, 596049920}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_model_config config = lm_model_preset_find(rows[i].preset)->config;
        config.vocab = rows[i].vocab;
        CHECK_INT(lm_model_parameters(&config), rows[i].parameters);
    }
}

/* Brown et al. 2020, table 2.1, in millions: what the sizes of a row come to is within 4 % of the
 * count beside them. Of XL it is not: 24 heads of 128 at width 2,048 are 1,516 million parameters
 * where the table has 1.3 billion, which 16 such heads would be. */
static void test_gpt3_counts(struct tap *tap)
{
    static const struct {
        const char *preset;
        double millions, share;
        int64_t head;
        double lr, batch; /* in millions of tokens, as the table rounds them */
    } rows[] = {
        {"gpt3-125m", 125, 0.04, 64, 6.0e-4, 0.5}, {"gpt3-350m", 350, 0.04, 64, 3.0e-4, 0.5},
        {"gpt3-760m", 760, 0.04, 96, 2.5e-4, 0.5}, {"gpt3-1.3b", 1516, 0.01, 128, 2.0e-4, 1},
        {"gpt3-2.7b", 2700, 0.04, 80, 1.6e-4, 1},  {"gpt3-6.7b", 6700, 0.04, 128, 1.2e-4, 2},
        {"gpt3-13b", 13000, 0.04, 128, 1.0e-4, 2}, {"gpt3-175b", 175000, 0.04, 128, 0.6e-4, 3.2}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct lm_model_preset *preset = lm_model_preset_find(rows[i].preset);
        struct lm_model_config config = preset->config;
        int64_t attention = config.attention_width > 0 ? config.attention_width : config.width;
        config.vocab = 50257;
        CHECK_NEAR((double)lm_model_parameters(&config) / 1e6, rows[i].millions,
                   rows[i].share * rows[i].millions);
        CHECK_INT(attention / config.heads, rows[i].head);
        CHECK_INT(config.context, 2048);
        CHECK(config.window > 0 && config.window_every == 0);
        CHECK_NEAR(preset->lr, rows[i].lr, 1e-12);
        CHECK_NEAR((double)(preset->sequences * 2048) / 1e6, rows[i].batch, 0.05 * rows[i].batch);
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
    const struct lm_model_config fine = {
        .vocab = 100, .context = 16, .layers = 2, .heads = 4, .width = 32, .dropout = 0};

    const struct {
        struct lm_model_config config;
        const char *word;
    } rows[] = {
        {{.vocab = 0, .context = 16, .layers = 2, .heads = 4, .width = 32, .dropout = 0}, "vocab"},
        {{.vocab = 100, .context = 0, .layers = 2, .heads = 4, .width = 32, .dropout = 0},
         "context"},
        {{.vocab = 100, .context = 16, .layers = 0, .heads = 4, .width = 32, .dropout = 0},
         "layers"},
        {{.vocab = 100, .context = 16, .layers = 2, .heads = 0, .width = 32, .dropout = 0},
         "heads"},
        {{.vocab = 100, .context = 16, .layers = 2, .heads = 4, .width = -1, .dropout = 0},
         "width"},
        {{.vocab = 100, .context = 16, .layers = 2, .heads = 5, .width = 32, .dropout = 0},
         "heads"},
        {{.vocab = 100, .context = 16, .layers = 2, .heads = 4, .width = 32, .dropout = 1},
         "dropout"},
        {{.vocab = 100, .context = 16, .layers = 2, .heads = 4, .width = 32, .dropout = -0.1},
         "dropout"},
        {{.vocab = 1LL << 40, .context = 16, .layers = 2, .heads = 4, .width = 32, .dropout = 0},
         "vocab"},
    };
    struct lm_err err;
    CHECK_INT(lm_model_config_check(&fine, &err), LM_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_INT(lm_model_config_check(&rows[i].config, &err), LM_RANGE);
        CHECK(strncmp(err.text, rows[i].word, strlen(rows[i].word)) == 0);
    }
}

#define FINE .vocab = 100, .context = 16, .layers = 2, .heads = 4, .width = 32

static void test_option_refusals(struct tap *tap)
{
    static const struct {
        struct lm_model_config config;
        const char *word;
    } rows[] = {
        {{FINE, .attention_width = 30}, "heads"},
        {{FINE, .attention_width = -4}, "attention_width"},
        {{FINE, .kv_heads = 3}, "kv_heads"},
        {{FINE, .kv_heads = -1}, "kv_heads"},
        {{FINE, .mlp_width = 1LL << 40}, "mlp_width"},
        {{FINE, .window = -1}, "window"},
        {{FINE, .window_every = 2}, "window_every"},
        {{FINE, .norm = (enum lm_norm)7}, "norm"},
        {{FINE, .rotary_base = 10}, "rotary_base"},
        {{FINE, .positions = LM_POSITIONS_ROTARY, .rotary_base = 0.5}, "rotary_base"},
        {{FINE, .positions = LM_POSITIONS_ROTARY, .rotary_base = (double)NAN}, "rotary_base"},
        {{FINE, .positions = LM_POSITIONS_ROTARY, .attention_width = 12}, "positions"},
        {{.vocab = 9,
          .context = 1 << 20,
          .layers = 1,
          .heads = 1,
          .width = 2,
          .positions = LM_POSITIONS_ROTARY},
         "context"},
    };
    struct lm_err err;
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

/* Sizes whose products do not fit 64 bits, each by another factor: they are refused, and an
 * estimate of them is more than any machine has, not the little that is left of an overflow. */
static void test_beyond_counting(struct tap *tap)
{
    static const struct {
        struct lm_model_config config;
        int64_t batch;
    } rows[] = {
        {{.vocab = 1,
          .context = 1 << 20,
          .layers = 1 << 10,
          .heads = 1,
          .width = 1,
          .mlp_width = 1 << 18},
         1 << 20},
        {{.vocab = 1,
          .context = 1 << 12,
          .layers = 1 << 10,
          .heads = 1,
          .width = 1,
          .mlp_width = 1 << 18,
          .mlp = LM_MLP_SWIGLU},
         1 << 20},
        {{.vocab = 1,
          .context = 1 << 20,
          .layers = 1 << 10,
          .heads = 1,
          .width = 1,
          .attention_width = 1 << 16},
         1 << 16},
        {{.vocab = 1 << 24,
          .context = 1 << 20,
          .layers = 1 << 10,
          .heads = 1 << 12,
          .width = 1 << 16},
         1 << 20},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct lm_model_options options = {.training = true, .max_batch = rows[i].batch};
        struct lm_model *model = NULL;
        struct lm_err err = {LM_OK, ""};
        CHECK_INT(lm_model_config_check(&rows[i].config, &err), LM_OK);
        CHECK_INT(lm_model_memory(&rows[i].config, &options), (uint64_t)1 << 60);
        CHECK_INT(lm_model_create(&model, &rows[i].config, &options, &err), LM_NOMEM);
        CHECK(strstr(err.text, "fits no memory") != NULL);
    }
    struct lm_model_config largest = lm_model_preset_find("gpt3-175b")->config;
    largest.vocab = 50257; /* is large, and counted */
    const struct lm_model_options options = {.training = true, .max_batch = 1600};
    CHECK(lm_model_memory(&largest, &options) < (uint64_t)1 << 50);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_parameter_counts) TAP_ROW(test_presets) TAP_ROW(test_flops) TAP_ROW(test_refusals)
        TAP_ROW(test_gpt3_counts) TAP_ROW(test_option_refusals) TAP_ROW(test_memory)
            TAP_ROW(test_beyond_counting)};
LM_TEST_FILE(tests)
