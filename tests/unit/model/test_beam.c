/* Beam search against trying every text. */
#include "tests/unit/model/search_fixture.h"

enum { V = 4, NEW = 3, ALL = V * V * V };

static const int32_t prompt[] = {1, 3, 0, 2};

/* The best of all texts of at most NEW tokens, by value Σ log p / ((5 + n) / 6)^penalty. */
static void try_all(struct got *best, struct lm_model *model, const struct lm_sampling *method)
{
    double most = -INFINITY;
    for (int code = 0; code < ALL; code++) {
        int32_t tokens[8] = {1, 3, 0, 2};
        double nll = 0;
        struct got got = {0};
        for (int digits = code; got.count < NEW; digits /= V) {
            tokens[4 + got.count] = digits % V;
            double one = search_nll(model, tokens, 4 + got.count, digits % V);
            nll += one;
            search_keep(&got, digits % V, one);
            if (method->has_end && digits % V == method->end)
                break;
        }
        double value = -nll / pow((5 + (double)got.count) / 6, method->length_penalty);
        if (value > most + 1e-9) {
            most = value;
            *best = got;
        }
    }
}

static void a_wide_beam_finds_the_best_of_all(struct tap *tap)
{
    static const double penalties[] = {0, 0.6, 1, 3};
    struct lm_model *model = search_model(V, 12, 2, NULL);
    REQUIRE(model != NULL);
    int ended = 0;
    for (size_t p = 0; p < 4; p++)
        for (int32_t end = -1; end < V; end++) {
            const struct lm_sampling method = {
                .beams = ALL, .length_penalty = penalties[p], .has_end = end >= 0, .end = end};
            struct got want = {0}, got;
            try_all(&want, model, &method);
            REQUIRE(search_text(&got, model, &method, prompt, 4, NEW) == LM_OK);
            CHECK_INT(got.count, want.count);
            for (int64_t i = 0; i < got.count && i < want.count; i++) {
                CHECK_INT(got.tokens[i], want.tokens[i]);
                CHECK_NEAR(got.nll[i], want.nll[i], 1e-4);
            }
            ended += want.count < NEW;
        }
    CHECK(ended > 0);
    lm_model_free(model);
}

/* Every step, the long way: the best `beams` of all extensions, each scored from the beginning. */
static void narrow(struct got *out, struct lm_model *model, int beams, int64_t count, int64_t vocab)
{
    static struct got live[8], next[8];
    double score[8] = {0}, scores[8];
    int64_t held = 1;
    live[0] = (struct got){0};
    for (int64_t made = 0; made < count; made++) {
        int64_t taken = 0;
        for (int64_t b = 0; b < held; b++)
            for (int32_t v = 0; v < vocab; v++) {
                int32_t tokens[LONGEST] = {1, 3, 0, 2};
                memcpy(tokens + 4, live[b].tokens, (size_t)made * sizeof *tokens);
                double nll = search_nll(model, tokens, 4 + made, v), value = score[b] - nll;
                int64_t at = taken < beams ? taken++ : beams;
                for (; at > 0 && value > scores[at - 1]; at--)
                    if (at < beams) {
                        scores[at] = scores[at - 1];
                        next[at] = next[at - 1];
                    }
                if (at < beams) {
                    scores[at] = value;
                    next[at] = live[b];
                    search_keep(&next[at], v, nll);
                }
            }
        memcpy(live, next, sizeof live);
        memcpy(score, scores, sizeof score);
        held = taken;
    }
    *out = live[0];
}

static void a_narrow_beam_keeps_the_best_of_each_length(struct tap *tap)
{
    enum { MANY = 30, STEPS = 20 };
    struct lm_model *model = search_model(MANY, 40, 1, NULL);
    REQUIRE(model != NULL);
    for (int beams = 1; beams <= 5; beams += 2) {
        const struct lm_sampling method = {.beams = beams};
        struct got want, got;
        narrow(&want, model, beams, STEPS, MANY);
        REQUIRE(search_text(&got, model, &method, prompt, 4, STEPS) == LM_OK);
        CHECK_INT(got.count, STEPS);
        CHECK_INT(memcmp(got.tokens, want.tokens, STEPS * sizeof *got.tokens), 0);
    }
    lm_model_free(model);
}

/* One beam is greedy, also past the context, where each text goes on from its last half. */
static void one_beam_is_greedy(struct tap *tap)
{
    const struct lm_sampling greedy = {0}, one = {.beams = 1};
    struct lm_model *model = search_model(50, 10, 1, NULL);
    struct got want, got;
    REQUIRE(model != NULL);
    for (int64_t count = 1; count <= 4; count++) {
        REQUIRE(search_text(&want, model, &greedy, prompt, count, 40) == LM_OK);
        REQUIRE(search_text(&got, model, &one, prompt, count, 40) == LM_OK);
        CHECK_INT(memcmp(&want, &got, sizeof want), 0);
    }
    lm_model_free(model);
}

/* The same bits for any threads and kernels, and beside texts of other methods. */
static void nothing_else_matters(struct tap *tap)
{
    static const char *const kernels[] = {"c", "avx2", "avx512", NULL};
    const struct lm_sampling method = {.beams = 4,
                                       .length_penalty = 0.6,
                                       .has_end = true,
                                       .end = 7},
                             draw = {.temperature = 1};
    struct got want, got, others[2];
    struct lm_model *model = search_model(50, 12, 1, "c");
    REQUIRE(model != NULL && search_text(&want, model, &method, prompt, 4, 30) == LM_OK);
    lm_model_free(model);
    for (size_t i = 0; i < 4; i++) {
        model = search_model(50, 12, 1 + i, kernels[i]);
        if (model == NULL)
            continue;
        struct lm_continuation texts[3];
        struct got *into[] = {&others[0], &got, &others[1]};
        for (size_t k = 0; k < 3; k++) {
            *into[k] = (struct got){0};
            texts[k] = (struct lm_continuation){.prompt = prompt,
                                                .count = 4,
                                                .max_new = 30,
                                                .rules = k == 1 ? &method : &draw,
                                                .rng = lm_rng_stream(k, "y"),
                                                .emit = search_keep,
                                                .user = into[k]};
        }
        CHECK_INT(lm_model_generate(model, texts, 3, NULL, NULL), LM_OK);
        CHECK_INT(memcmp(&want, &got, sizeof want), 0);
        CHECK_INT(others[0].count, 30);
        lm_model_free(model);
    }
}

static const struct tap_test tests[] = {
    TAP_ROW(a_wide_beam_finds_the_best_of_all) TAP_ROW(a_narrow_beam_keeps_the_best_of_each_length)
        TAP_ROW(one_beam_is_greedy) TAP_ROW(nothing_else_matters)};
LM_TEST_FILE(tests)
