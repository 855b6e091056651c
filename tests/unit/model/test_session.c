/* Decoding with a cache: the same text as without, and nothing depends on how it was fed. */
#include <lmpipe/model.h>

#include "tests/tap.h"

enum { V = 211, T = 24, L = 2, H = 4, C = 64 };

static struct lm_model *make(const char *kernels, size_t threads)
{
    const struct lm_model_config config = {V, T, L, H, C, 0};
    const struct lm_model_options options = {.seed = 11, .kernels = kernels, .threads = threads};
    struct lm_model *model = NULL;
    struct lm_err err;
    if (lm_model_create(&model, &config, &options, &err) != LM_OK)
        return NULL;
    struct lm_rng rng = lm_rng_stream(12, "test");
    for (size_t i = 0; i < lm_model_tensors(model); i++) {
        struct lm_tensor tensor = lm_model_tensor(model, i);
        for (int64_t j = 0; j < tensor.count; j++)
            tensor.data[j] += (float)(0.2 * lm_rng_normal(rng, i, (uint64_t)j));
    }
    return model;
}

static void fill(int32_t *tokens)
{
    struct lm_rng rng = lm_rng_stream(13, "prompt");
    for (uint64_t i = 0; i < T; i++)
        tokens[i] = (int32_t)lm_rng_below(rng, 0, i, V);
}

static void test_cached_equals_full(struct tap *tap)
{
    int32_t tokens[T];
    float *full = malloc(T * V * sizeof *full);
    struct lm_err err;
    struct lm_session *session = NULL;
    struct lm_model *model = make(NULL, 1);
    REQUIRE(model != NULL && lm_session_create(&session, model, &err) == LM_OK);
    fill(tokens);
    CHECK_INT(lm_model_logits(model, tokens, 1, T, full, &err), LM_OK);
    for (int t = 0; t < T; t++) {
        const float *logits = NULL;
        REQUIRE(lm_session_feed(session, tokens + t, 1, &logits, &err) == LM_OK);
        for (int v = 0; v < V; v++)
            CHECK_NEAR((double)logits[v], (double)full[t * V + v],
                       2e-5 * (1 + fabs((double)full[t * V + v])));
    }
    CHECK_INT(lm_session_length(session), T);
    CHECK_INT(lm_session_feed(session, tokens, 1, NULL, &err), LM_RANGE);
    lm_session_free(session);
    lm_model_free(model);
    free(full);
}

/* Logits behind the whole prompt, fed in pieces of `piece`. */
static bool fed_in(float *out, const char *kernels, size_t threads, int64_t piece)
{
    int32_t tokens[T];
    struct lm_err err;
    const float *logits = NULL;
    struct lm_session *session = NULL;
    struct lm_model *model = make(kernels, threads);
    if (model == NULL || lm_session_create(&session, model, &err) != LM_OK)
        return false;
    fill(tokens);
    bool fine = true;
    for (int64_t at = 0; at < T && fine; at += piece)
        fine = lm_session_feed(session, tokens + at, T - at < piece ? T - at : piece, &logits,
                               &err) == LM_OK;
    if (fine)
        memcpy(out, logits, V * sizeof *out);
    lm_session_free(session);
    lm_model_free(model);
    return fine;
}

static void test_pieces_kernels_threads(struct tap *tap)
{
    float want[V], got[V];
    static const char *const kernels[] = {"c", "avx2", "avx512"};
    REQUIRE(fed_in(want, "c", 1, 1));
    for (int64_t piece = 2; piece <= T; piece += 7) {
        REQUIRE(fed_in(got, "c", 1, piece));
        CHECK_INT(memcmp(got, want, sizeof want), 0);
    }
    for (size_t i = 0; i < 3; i++)
        for (size_t threads = 1; threads < 6; threads += 2)
            if (fed_in(got, kernels[i], threads, 5))
                CHECK_INT(memcmp(got, want, sizeof want), 0);
}

struct text {
    int32_t tokens[200];
    double nll[200];
    int64_t count, limit;
};

static bool keep(void *user, int32_t token, double nll)
{
    struct text *text = user;
    text->tokens[text->count] = token;
    text->nll[text->count++] = nll;
    return text->count < text->limit;
}

/* Greedy text with the cache, and by full forward passes over the same windows. */
static void test_greedy_text(struct tap *tap)
{
    int32_t tokens[T];
    float *logits = malloc(T * V * sizeof *logits);
    struct text text = {.limit = 200};
    struct lm_err err;
    struct lm_model *model = make(NULL, 1);
    REQUIRE(model != NULL);
    fill(tokens);
    CHECK_INT(lm_model_generate(model, tokens, 4, T - 4, &(struct lm_sampling){0},
                                lm_rng_stream(1, "s"), 0, keep, &text, &err),
              LM_OK);
    CHECK_INT(text.count, T - 4);
    for (int64_t at = 4; at < T; at++) {
        CHECK_INT(lm_model_logits(model, tokens, 1, at, logits, &err), LM_OK);
        const float *row = logits + (at - 1) * V;
        int32_t best = 0;
        double sum = 0;
        for (int32_t v = 0; v < V; v++) {
            best = row[v] > row[best] ? v : best;
            sum += exp((double)row[v]);
        }
        tokens[at] = best;
        CHECK_INT(text.tokens[at - 4], best);
        CHECK_NEAR(text.nll[at - 4], log(sum) - (double)row[best], 1e-4);
    }
    lm_model_free(model);
    free(logits);
}

/* Past the context the text goes on, and a stop is a stop. */
static void test_long_text(struct tap *tap)
{
    int32_t tokens[T];
    struct text text = {.limit = 200}, again = {.limit = 200}, stopped = {.limit = 3};
    const struct lm_sampling rules = {.temperature = 1, .top_k = 20};
    struct lm_err err;
    struct lm_model *model = make(NULL, 1);
    REQUIRE(model != NULL);
    fill(tokens);
    struct lm_rng rng = lm_rng_stream(5, "sample");
    CHECK_INT(lm_model_generate(model, tokens, T, 90, &rules, rng, 2, keep, &text, &err), LM_OK);
    CHECK_INT(lm_model_generate(model, tokens, T, 90, &rules, rng, 2, keep, &again, &err), LM_OK);
    CHECK_INT(text.count, 90);
    CHECK_INT(memcmp(&text, &again, sizeof text), 0);
    again.count = 0;
    CHECK_INT(lm_model_generate(model, tokens, T, 90, &rules, rng, 3, keep, &again, &err), LM_OK);
    CHECK(memcmp(text.tokens, again.tokens, 90 * sizeof *text.tokens) != 0);
    CHECK_INT(lm_model_generate(model, tokens, 1, 90, &rules, rng, 2, keep, &stopped, &err), LM_OK);
    CHECK_INT(stopped.count, 3);
    CHECK_INT(lm_model_generate(model, tokens, 0, 9, &rules, rng, 2, keep, &stopped, &err),
              LM_RANGE);
    lm_model_free(model);
}

/* Keys and values of every layer, and buffers that do not grow with the context but for one row
 * of scores a head. */
static void test_memory(struct tap *tap)
{
    struct lm_model_config config = {1000, 256, 4, 8, 64, 0};
    double once = (double)lm_session_memory(&config);
    CHECK(once > 2.0 * 4 * 256 * 64 * 4 && once < 2.0 * 4 * 256 * 64 * 4 + 100e3);
    config.context *= 2;
    CHECK_NEAR((double)lm_session_memory(&config) - once, 2.0 * 4 * 256 * 64 * 4 + 8 * 256 * 4, 0);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_cached_equals_full) TAP_ROW(test_pieces_kernels_threads) TAP_ROW(test_greedy_text)
        TAP_ROW(test_long_text) TAP_ROW(test_memory)};
LM_TEST_MAIN(tests)
