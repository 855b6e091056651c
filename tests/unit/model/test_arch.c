/* Every architecture option: logits against a double reference, gradients against its central
 * differences, the same bits for threads, kernels and recomputation, cached decoding equal to the
 * full pass, and a saved model that is read again. */
#include <lmpipe/gguf.h>
#include <lmpipe/model.h>

#include <sys/stat.h>
#include <unistd.h>

#include "reference_arch.h"
#include "tests/tap.h"

enum { V = 37, T = 70, L = 2, H = 4, C = 16, B = 2 };

#define SHAPE .vocab = V, .context = T, .layers = L, .heads = H, .width = C
#define LLAMA                                                                                      \
    .norm = LM_NORM_RMS, .positions = LM_POSITIONS_ROTARY, .mlp = LM_MLP_SWIGLU, .no_bias = true

static const struct {
    const char *name;
    struct lm_model_config config;
} rows[] = {
    {"gpt2", {SHAPE}},
    {"no_bias", {SHAPE, .no_bias = true}},
    {"untied", {SHAPE, .untied = true}},
    {"rms", {SHAPE, .norm = LM_NORM_RMS}},
    {"rotary", {SHAPE, .positions = LM_POSITIONS_ROTARY}},
    {"rotary base", {SHAPE, .positions = LM_POSITIONS_ROTARY, .rotary_base = 50}},
    {"swiglu", {SHAPE, .mlp = LM_MLP_SWIGLU, .mlp_width = 20}},
    {"mlp_width", {SHAPE, .mlp_width = 17}},
    {"kv_heads", {SHAPE, .kv_heads = 2}},
    {"one kv head", {SHAPE, .kv_heads = 1}},
    {"wider attention", {SHAPE, .attention_width = 24}},
    {"narrower attention", {SHAPE, .attention_width = 8}},
    {"qk_norm", {SHAPE, .qk_norm = true}},
    {"no_gain", {SHAPE, .no_gain = true, .qk_norm = true}},
    {"embed_norm", {SHAPE, .embed_norm = true}},
    {"smear", {SHAPE, .smear = true}},
    {"score_scale", {SHAPE, .score_scale = 0.7, .qk_norm = true}},
    {"logit_cap", {SHAPE, .logit_cap = 1.5}},
    {"2026",
     {SHAPE, .norm = LM_NORM_RMS, .positions = LM_POSITIONS_ROTARY, .no_bias = true, .untied = true,
      .qk_norm = true, .no_gain = true, .embed_norm = true, .smear = true, .score_scale = 0.3,
      .logit_cap = 15}},
    {"banded", {SHAPE, .window = 7}},
    {"banded everywhere", {SHAPE, .window = 66, .window_every = 1}},
    {"band of one", {SHAPE, .window = 1, .window_every = 1}},
    {"all",
     {SHAPE, LLAMA, .untied = true, .qk_norm = true, .kv_heads = 2, .attention_width = 24,
      .mlp_width = 28, .window = 9, .embed_norm = true, .smear = true, .score_scale = 0.4,
      .logit_cap = 3}},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

/* A model far from the initialisation's calm; NULL when this processor lacks the kernels. */
static struct lm_model *make(const struct lm_model_config *config,
                             const struct lm_model_options *given)
{
    struct lm_model_options options = *given;
    struct lm_model *model = NULL;
    struct lm_err err;
    options.seed = 5;
    options.max_batch = B;
    if (lm_model_create(&model, config, &options, &err) != LM_OK)
        return NULL;
    struct lm_rng rng = lm_rng_stream(6, "test");
    for (size_t i = 0; i < lm_model_tensors(model); i++) {
        struct lm_tensor tensor = lm_model_tensor(model, i);
        for (int64_t j = 0; j < tensor.count; j++)
            tensor.data[j] += (float)(0.2 * lm_rng_normal(rng, i, (uint64_t)j));
    }
    return model;
}

static void fill(int32_t *tokens, int32_t *targets)
{
    struct lm_rng rng = lm_rng_stream(7, "batch");
    for (uint64_t i = 0; i < (uint64_t)B * T; i++) {
        tokens[i] = (int32_t)lm_rng_below(rng, 0, i, V);
        targets[i] = i % 7 == 3 ? -1 : (int32_t)lm_rng_below(rng, 1, i, V);
    }
}

/* ---- the reference ---- */

static void hold_logits(struct tap *tap, struct lm_model *model, const struct reference_arch *ref,
                        const int32_t *tokens, const int32_t *targets)
{
    float *got = calloc((size_t)B * T * V, sizeof *got);
    double *want = calloc((size_t)B * T * V, sizeof *want), most = 0, worst = 0;
    struct lm_err err;
    reference_arch_run(ref, tokens, targets, B, T, want);
    CHECK_INT(lm_model_logits(model, tokens, B, T, got, &err), LM_OK);
    for (size_t i = 0; i < (size_t)B * T * V; i++) {
        double error = fabs((double)got[i] - want[i]);
        worst = error > worst ? error : worst;
        most = fabs(want[i]) > most ? fabs(want[i]) : most;
    }
    CHECK(worst < 4e-6 * most); /* some tens of roundings, as in reference64.h */
    free(got);
    free(want);
}

/* The slope of the reference's loss along a random direction of one tensor, and of its largest
 * gradient alone. */
static void hold_slopes(struct tap *tap, const struct reference_arch *ref, size_t index,
                        const int32_t *tokens, const int32_t *targets)
{
    const double step = 1e-4;
    struct lm_tensor tensor = ref->at[index];
    struct lm_rng rng = lm_rng_stream(8, "direction");
    size_t n = (size_t)tensor.count, top = 0;
    double *w = ref->w[index], *kept = calloc(n, sizeof *kept), slope = 0, norm = 0;
    memcpy(kept, w, n * sizeof *kept);
    double measured[2];
    for (size_t j = 0; j < n; j++) {
        slope += lm_rng_normal(rng, index, j) * (double)tensor.grad[j];
        norm += (double)tensor.grad[j] * (double)tensor.grad[j];
        top = fabs((double)tensor.grad[j]) > fabs((double)tensor.grad[top]) ? j : top;
    }
    for (int one = 0; one < 2; one++) {
        double sides[2];
        for (int side = 0; side < 2; side++) {
            for (size_t j = 0; j < n; j++)
                if (one ? j == top : true)
                    w[j] =
                        kept[j] + (side ? step : -step) * (one ? 1 : lm_rng_normal(rng, index, j));
            sides[side] = reference_arch_run(ref, tokens, targets, B, T, NULL);
            memcpy(w, kept, n * sizeof *kept);
        }
        measured[one] = (sides[1] - sides[0]) / (2 * step);
    }
    /* float32 through some hundred sums; central differences err by step²·third derivative */
    CHECK_NEAR(slope, measured[0], 2e-4 * sqrt(norm) + 1e-6);
    CHECK_NEAR((double)tensor.grad[top], measured[1], 1e-4 * fabs(measured[1]) + 1e-6);
    CHECK(norm > 1e-10); /* a gradient that is all zero proves nothing */
    free(kept);
}

static void test_against_reference(struct tap *tap)
{
    int32_t tokens[B * T], targets[B * T];
    fill(tokens, targets);
    for (size_t i = 0; i < ROWS; i++) {
        const struct lm_model_options options = {.training = true};
        struct lm_model *model = make(&rows[i].config, &options);
        struct lm_err err;
        double loss = 0;
        REQUIRE(model != NULL);
        struct reference_arch ref = reference_arch_open(model);
        printf("# %s\n", rows[i].name);
        hold_logits(tap, model, &ref, tokens, targets);
        CHECK_INT(lm_model_accumulate(model, tokens, targets, B, T, 1, &loss, &err), LM_OK);
        CHECK_NEAR(loss, reference_arch_run(&ref, tokens, targets, B, T, NULL), 2e-6 * loss);
        /* all tensors with all options, a third of them with each */
        for (size_t t = i + 1 < ROWS ? i % 3 : 0; t < ref.tensors; t += i + 1 < ROWS ? 3 : 1)
            hold_slopes(tap, &ref, t, tokens, targets);
        reference_arch_close(&ref);
        lm_model_free(model);
    }
}

/* ---- the same bits ---- */

static struct lm_digest trained(struct lm_model *model)
{
    int32_t tokens[B * T], targets[B * T];
    const struct lm_step_options adamw = {
        .lr = 1e-3, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .decay = 0.1, .clip = 1};
    struct lm_digest out = {0};
    struct lm_err err;
    double loss;
    fill(tokens, targets);
    for (int step = 0; step < 3; step++)
        if (lm_model_accumulate(model, tokens, targets, B, T, 1, &loss, &err) != LM_OK ||
            lm_model_step(model, &adamw, NULL, &err) != LM_OK)
            printf("# %s\n", err.text);
    lm_model_digest(model, &out);
    lm_model_free(model);
    return out;
}

static void test_same_bits(struct tap *tap)
{
    static const char *const kernels[] = {"c", "avx2", "avx512"};
    for (size_t i = 0; i < ROWS; i++)
        for (int precision = 0; precision < LM_PRECISIONS; precision++) {
            struct lm_model_config config = rows[i].config;
            config.dropout = 0.1;
            struct lm_model_options options = {.training = true,
                                               .precision = (enum lm_precision)precision};
            struct lm_digest want = trained(make(&config, &options));
            for (size_t k = 0; k < 3; k++) {
                options.kernels = kernels[k];
                options.threads = k + 1;
                options.recompute = k == 1;
                struct lm_model *model = make(&config, &options);
                if (model == NULL)
                    continue;
                struct lm_digest got = trained(model);
                CHECK_INT(lm_digest_compare(&want, &got), 0);
            }
        }
}

/* ---- decoding ---- */

static void hold_decoding(struct tap *tap, struct lm_model *model, int64_t piece)
{
    int32_t tokens[B * T], targets[B * T];
    float *full = calloc((size_t)T * V, sizeof *full);
    struct lm_decoder *decoder = NULL;
    struct lm_session *session = NULL;
    struct lm_err err;
    int64_t wrong = 0;
    fill(tokens, targets);
    CHECK_INT(lm_model_logits(model, tokens, 1, T, full, &err), LM_OK);
    REQUIRE(lm_decoder_create(&decoder, model, LM_WEIGHTS_F32, &err) == LM_OK);
    REQUIRE(lm_session_create(&session, decoder, NULL, &err) == LM_OK);
    for (int64_t at = 0, end; at < T; at = end) {
        end = at + piece < T ? at + piece : T;
        struct lm_feed feed = {.tokens = tokens + at, .count = end - at};
        CHECK_INT(lm_session_feed(session, &feed, 1, &err), LM_OK);
        wrong += memcmp(feed.logits, full + (end - 1) * V, V * sizeof *full) != 0;
    }
    CHECK_INT(wrong, 0);
    lm_session_free(session);
    lm_decoder_free(decoder);
    free(full);
}

static void test_cached_equals_full(struct tap *tap)
{
    for (size_t i = 0; i < ROWS; i++)
        for (int64_t piece = 1; piece <= T; piece += 11) {
            const struct lm_model_options options = {.threads = 1 + (size_t)piece % 3};
            struct lm_model *model = make(&rows[i].config, &options);
            REQUIRE(model != NULL);
            hold_decoding(tap, model, piece);
            lm_model_free(model);
        }
}

/* ---- files ---- */

static void test_saved_and_loaded(struct tap *tap)
{
    char folder[] = "/tmp/lmpipe-arch.XXXXXX", path[80];
    REQUIRE(mkdtemp(folder) != NULL);
    for (size_t i = 0; i < ROWS; i++) {
        const struct lm_model_options options = {0};
        struct lm_model *model = make(&rows[i].config, &options), *again = NULL;
        struct lm_digest one, other;
        struct lm_err err;
        REQUIRE(model != NULL);
        CHECK_INT(lm_model_save(model, folder, &err), LM_OK);
        CHECK_INT(lm_model_load(&again, folder, &options, &err), LM_OK);
        REQUIRE(again != NULL);
        lm_model_digest(model, &one);
        lm_model_digest(again, &other);
        CHECK_INT(lm_digest_compare(&one, &other), 0);
        const struct lm_model_config *a = lm_model_config(model), *b = lm_model_config(again);
        CHECK_INT(lm_model_parameters(a), lm_model_parameters(b));
        CHECK(a->window == b->window && a->window_every == b->window_every);
        CHECK(a->rotary_base == b->rotary_base && a->mlp == b->mlp && a->norm == b->norm);
        CHECK(a->score_scale == b->score_scale && a->logit_cap == b->logit_cap);
        CHECK(a->embed_norm == b->embed_norm && a->smear == b->smear && a->no_gain == b->no_gain);
        lm_model_free(model);
        lm_model_free(again);
    }
    snprintf(path, sizeof path, "%s/config.json", folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    unlink(path);
    rmdir(folder);
}

/* Forms of other programs hold no option: refused in a line that names one and says what to do. */
static void test_exports(struct tap *tap)
{
    for (size_t i = 0; i < ROWS; i++) {
        const struct lm_model_options options = {0};
        struct lm_model *model = make(&rows[i].config, &options);
        const char *option = lm_model_beyond_gpt2(&rows[i].config);
        struct lm_err hf = {LM_OK, ""}, gguf = {LM_OK, ""};
        REQUIRE(model != NULL && (option != NULL || i == 0));
        if (i == 0) { /* GPT-2 itself */
            lm_model_free(model);
            continue;
        }
        CHECK_INT(lm_model_export_hf(model, "/nowhere", LM_DTYPE_F32, 0, &hf), LM_UNSUPPORTED);
        CHECK_INT(lm_gguf_put_model(NULL, model, LM_DTYPE_F32, &gguf), LM_UNSUPPORTED);
        CHECK(strstr(hf.text, option) != NULL && strstr(hf.text, "; keep it in") != NULL);
        CHECK(strstr(gguf.text, option) != NULL && strstr(gguf.text, "; keep it in") != NULL);
        lm_model_free(model);
    }
}

/* What a shape is in words; and what is given beside it wins where it is not 0. */
static void test_words(struct tap *tap)
{
    const struct lm_model_config own = {.context = 9, .mlp = LM_MLP_SWIGLU, .rotary_base = 500};
    struct lm_model_config all = rows[ROWS - 1].config;
    char text[300];
    lm_model_config_describe(text, sizeof text, &rows[0].config);
    CHECK_STR(text, "");
    CHECK(lm_model_beyond_gpt2(&rows[0].config) == NULL);
    all.labels = 3;
    lm_model_config_describe(text, sizeof text, &all);
    CHECK_STR(text,
              "attention_width 24, kv_heads 2, mlp_width 28, window 9, norm rms, positions "
              "rotary, mlp swiglu, no_bias, tie_embeddings false, qk_norm, embed_norm, smear, "
              "score_scale 0.4, logit_cap 3, labels 3");
    CHECK_STR(lm_model_beyond_gpt2(&all), "attention_width");
    struct lm_model_config shape = {SHAPE, .norm = LM_NORM_RMS, .labels = 3};
    CHECK_STR(lm_model_beyond_gpt2(&shape), "norm");
    lm_model_config_take(&shape, &own);
    lm_model_config_describe(text, sizeof text, &shape);
    CHECK_STR(text, "norm rms, rotary_base 500, mlp swiglu, labels 3");
    CHECK(shape.context == 9 && shape.layers == L);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_against_reference) TAP_ROW(test_same_bits) TAP_ROW(test_cached_equals_full)
        TAP_ROW(test_saved_and_loaded) TAP_ROW(test_exports) TAP_ROW(test_words)};
LM_TEST_FILE(tests)
