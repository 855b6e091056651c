/* Contrastive search against the long way: every candidate in a session of its own. */
#include "tests/unit/model/search_fixture.h"

enum { V = 40, C = 16, T = 24, K = 5, NEW = 18 };

static const int32_t prompt[] = {1, 30, 0, 2};

/* States of tokens behind the last norm, as a session tells them. */
static bool states_of(float *out, struct lm_decoder *decoder, const int32_t *tokens, int64_t count)
{
    struct lm_session *session = NULL;
    struct lm_feed feed = {.tokens = tokens, .count = count, .states = out};
    bool is_done = lm_session_create(&session, decoder, NULL, NULL) == LM_OK &&
                   lm_session_feed(session, &feed, 1, NULL) == LM_OK;
    lm_session_free(session);
    return is_done;
}

static double cosine(const float *a, const float *b)
{
    double ab = 0, aa = 0, bb = 0;
    for (int i = 0; i < C; i++) {
        ab += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    return ab / sqrt(aa * bb);
}

/* The token that Su et al. 2022, equation 5, takes behind `tokens`. */
static int32_t next_of(struct lm_model *model, struct lm_decoder *decoder, int32_t *tokens,
                       int64_t count, double alpha)
{
    static float states[T * C];
    double nll[V], most = -INFINITY;
    int32_t best = -1;
    for (int32_t v = 0; v < V; v++)
        nll[v] = search_nll(model, tokens, count, v);
    for (int32_t v = 0; v < V; v++) {
        int better = 0;
        for (int32_t w = 0; w < V; w++)
            better += nll[w] < nll[v] || (nll[w] == nll[v] && w < v);
        if (better >= K)
            continue;
        double alike = -1;
        tokens[count] = v;
        if (!states_of(states, decoder, tokens, count + 1))
            return -1;
        for (int64_t t = 0; t < count; t++)
            alike = fmax(alike, cosine(states + t * C, states + count * C));
        double value = (1 - alpha) * exp(-nll[v]) - alpha * alike;
        if (value > most) {
            most = value;
            best = v;
        }
    }
    return best;
}

static void equals_the_long_way(struct tap *tap)
{
    static const double alphas[] = {0.1, 0.6, 1};
    struct lm_model *model = search_model(V, T, 2, NULL);
    struct lm_decoder *decoder = NULL;
    REQUIRE(model != NULL && lm_decoder_create(&decoder, model, LM_WEIGHTS_F32, NULL) == LM_OK);
    for (size_t a = 0; a < 3; a++) {
        const struct lm_sampling method = {.contrastive_k = K, .contrastive_alpha = alphas[a]};
        struct got got;
        REQUIRE(search_text(&got, model, &method, prompt, 4, NEW) == LM_OK);
        CHECK_INT(got.count, NEW);
        int32_t tokens[T + 1] = {1, 30, 0, 2};
        for (int64_t i = 0; i < NEW; i++) {
            int32_t want = next_of(model, decoder, tokens, 4 + i, alphas[a]);
            CHECK_INT(got.tokens[i], want);
            tokens[4 + i] = got.tokens[i];
        }
    }
    lm_decoder_free(decoder);
    lm_model_free(model);
}

/* Without a weight on likeness, or one candidate, it is greedy; past the context not bit for bit,
 * since it makes room before a token and not behind it. */
static void no_weight_is_greedy(struct tap *tap)
{
    const struct lm_sampling greedy = {0}, none = {.contrastive_k = K},
                             single = {.contrastive_k = 1, .contrastive_alpha = 0.5};
    struct lm_model *model = search_model(V, T, 1, NULL);
    struct got want, got;
    REQUIRE(model != NULL && search_text(&want, model, &greedy, prompt, 4, NEW) == LM_OK);
    REQUIRE(search_text(&got, model, &none, prompt, 4, NEW) == LM_OK);
    CHECK_INT(memcmp(&want, &got, sizeof want), 0);
    REQUIRE(search_text(&got, model, &single, prompt, 4, NEW) == LM_OK);
    CHECK_INT(memcmp(&want, &got, sizeof want), 0);
    lm_model_free(model);
}

/* Past the context, with prompts longer than it, at an end: what was asked for, on any threads and
 * kernels. */
static void long_texts(struct tap *tap)
{
    static const char *const kernels[] = {"c", "avx2", "avx512", NULL};
    int32_t longer[2 * T];
    for (int32_t i = 0; i < 2 * T; i++)
        longer[i] = i * 7 % V;
    struct got first = {0}, got;
    for (size_t i = 0; i < 4; i++) {
        struct lm_sampling method = {.contrastive_k = K, .contrastive_alpha = 0.6};
        struct lm_model *model = search_model(V, T, 1 + i, kernels[i]);
        if (model == NULL)
            continue;
        REQUIRE(search_text(&got, model, &method, longer, 2 * T, LONGEST) == LM_OK);
        CHECK_INT(got.count, LONGEST);
        first = first.count == 0 ? got : first;
        CHECK_INT(memcmp(&first, &got, sizeof first), 0);
        method.has_end = true;
        method.end = first.tokens[20];
        REQUIRE(search_text(&got, model, &method, longer, 2 * T, LONGEST) == LM_OK);
        CHECK(got.count <= 21 && got.tokens[got.count - 1] == method.end);
        lm_model_free(model);
    }
    const struct lm_sampling method = {.contrastive_k = K, .contrastive_alpha = 0.6};
    struct lm_model *tiny = search_model(V, 1, 1, NULL);
    REQUIRE(tiny != NULL);
    CHECK_INT(search_text(&got, tiny, &method, prompt, 4, 9), LM_RANGE);
    lm_model_free(tiny);
}

static const struct tap_test tests[] = {TAP_ROW(equals_the_long_way) TAP_ROW(no_weight_is_greedy)
                                            TAP_ROW(long_texts)};
LM_TEST_FILE(tests)
