/* Texts: those of full forward passes, whoever is written beside them. */
#include <lmpipe/model.h>

#include "tests/tap.h"

enum { V = 97, T = 24, L = 2, H = 4, C = 32, TEXTS = 100, LONGEST = 200 };

static bool stop_after(void *user)
{
    int *left = user;
    return (*left)-- <= 0;
}

static struct lm_model *make(size_t threads, int *stop_in)
{
    const struct lm_model_config config = {
        .vocab = V, .context = T, .layers = L, .heads = H, .width = C, .dropout = 0};
    const struct lm_model_options options = {.seed = 11,
                                             .threads = threads,
                                             .numerics = LM_NUMERICS_PORTABLE,
                                             .stop = stop_in != NULL ? stop_after : NULL,
                                             .stop_user = stop_in};
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

/* A text and what it was asked for. */
struct text {
    int32_t prompt[T];
    int32_t tokens[LONGEST];
    double nll[LONGEST];
    int64_t count, limit; /* limit: the reader has enough */
};

static bool keep(void *user, int32_t token, double nll)
{
    struct text *text = user;
    text->tokens[text->count] = token;
    text->nll[text->count++] = nll;
    return text->count < text->limit;
}

static struct lm_continuation ask(struct text *text, uint64_t stream, int64_t count,
                                  int64_t max_new, const struct lm_sampling *rules)
{
    struct lm_rng rng = lm_rng_stream(stream, "prompt");
    *text = (struct text){.limit = LONGEST};
    for (int64_t i = 0; i < count; i++)
        text->prompt[i] = (int32_t)lm_rng_below(rng, 0, (uint64_t)i, V);
    return (struct lm_continuation){.prompt = text->prompt,
                                    .count = count,
                                    .max_new = max_new,
                                    .rules = rules,
                                    .rng = lm_rng_stream(5, "sample"),
                                    .sample = stream,
                                    .emit = keep,
                                    .user = text};
}

/* 100 greedy texts with caches in batches, and by full forward passes over the same windows. */
static void test_greedy_equals_full(struct tap *tap)
{
    const struct lm_sampling greedy = {0};
    static struct text texts[TEXTS];
    static struct lm_continuation wanted[TEXTS];
    static float logits[T * V];
    struct lm_err err;
    struct lm_model *model = make(2, NULL);
    REQUIRE(model != NULL);
    for (int64_t i = 0; i < TEXTS; i++) {
        int64_t count = 1 + i % (T - 1);
        wanted[i] = ask(&texts[i], (uint64_t)i, count, T - count, &greedy);
    }
    CHECK_INT(lm_model_generate(model, wanted, TEXTS, NULL, &err), LM_OK);
    for (size_t i = 0; i < TEXTS; i++) {
        int32_t tokens[T];
        memcpy(tokens, texts[i].prompt, sizeof tokens);
        CHECK_INT(texts[i].count, wanted[i].max_new);
        for (int64_t at = wanted[i].count; at < T; at++) {
            REQUIRE(lm_model_logits(model, tokens, 1, at, logits, &err) == LM_OK);
            const float *row = logits + (at - 1) * V;
            int32_t best = 0;
            double sum = 0;
            for (int32_t v = 0; v < V; v++) {
                best = row[v] > row[best] ? v : best;
                sum += exp((double)row[v]);
            }
            tokens[at] = best;
            CHECK_INT(texts[i].tokens[at - wanted[i].count], best);
            CHECK_NEAR(texts[i].nll[at - wanted[i].count], log(sum) - (double)row[best], 1e-5);
        }
    }
    lm_model_free(model);
}

/* Texts of many lengths, some past the context, some ended by the reader, by any number at once and
 * any threads: the same draws. */
static void test_batching_changes_no_draw(struct tap *tap)
{
    enum { COUNT = 30 };
    static const struct lm_sampling rules[] = {{.temperature = 1, .top_k = 20},
                                               {.temperature = 0.8, .top_p = 0.9},
                                               {.temperature = 1, .repetition_penalty = 1.3}};
    static struct text texts[2][COUNT];
    static const int64_t seats[] = {1, 2, 5, 8, COUNT + 10};
    struct lm_err err;
    for (size_t f = 0; f < LM_WEIGHT_FORMATS; f++)
        for (size_t run = 0; run < sizeof seats / sizeof seats[0]; run++) {
            struct text *into = texts[run > 0];
            struct lm_continuation wanted[COUNT];
            struct lm_model *model = make(1 + run % 3, NULL);
            REQUIRE(model != NULL);
            for (int64_t i = 0; i < COUNT; i++) {
                wanted[i] = ask(&into[i], (uint64_t)i, 1 + (i * 5) % T, i % 4 == 3 ? 0 : 3 * i,
                                &rules[i % 3]);
                into[i].limit = i % 5 == 4 ? 2 : LONGEST;
            }
            const struct lm_generate_options options = {(enum lm_weights)f, seats[run]};
            CHECK_INT(lm_model_generate(model, wanted, COUNT, &options, &err), LM_OK);
            for (int64_t i = 0; i < COUNT; i++) {
                int64_t most =
                    wanted[i].max_new < into[i].limit ? wanted[i].max_new : into[i].limit;
                CHECK_INT(into[i].count, most);
            }
            CHECK_INT(memcmp(texts[run > 0], texts[0], sizeof texts[0]), 0);
            lm_model_free(model);
        }
}

/* Past the context a text goes on from its last half, as if that were a prompt. */
static void test_past_the_context(struct tap *tap)
{
    const struct lm_sampling greedy = {0};
    static struct text first, second;
    struct lm_err err;
    struct lm_model *model = make(1, NULL);
    REQUIRE(model != NULL);
    struct lm_continuation wanted = ask(&first, 1, T, T, &greedy);
    CHECK_INT(lm_model_generate(model, &wanted, 1, NULL, &err), LM_OK);
    CHECK_INT(first.count, T);
    /* token 0 comes from the whole prompt; token 1 from the last T/2 of prompt and token 0 */
    struct lm_continuation again = ask(&second, 1, T, T / 2, &greedy);
    memmove(second.prompt, second.prompt + T / 2 + 1, (T / 2 - 1) * sizeof *second.prompt);
    second.prompt[T / 2 - 1] = first.tokens[0];
    again.count = T / 2;
    CHECK_INT(lm_model_generate(model, &again, 1, NULL, &err), LM_OK);
    CHECK_INT(memcmp(second.tokens, first.tokens + 1, T / 2 * sizeof *second.tokens), 0);
    lm_model_free(model);
}

static void test_stop_and_refusals(struct tap *tap)
{
    const struct lm_sampling plain = {.temperature = 1};
    struct text text;
    struct lm_err err;
    int left = 7;
    struct lm_model *model = make(1, &left);
    REQUIRE(model != NULL);
    struct lm_continuation wanted = ask(&text, 1, 4, 50, &plain);
    CHECK_INT(lm_model_generate(model, &wanted, 1, NULL, &err), LM_CANCELLED);
    CHECK_INT(text.count, 7);
    left = 1000;
    const struct lm_generate_options none = {.sequences = -1};
    CHECK_INT(lm_model_generate(model, &wanted, 1, &none, &err), LM_RANGE);
    CHECK_INT(lm_model_generate(model, &wanted, 0, NULL, &err), LM_OK);
    wanted.count = 0;
    CHECK_INT(lm_model_generate(model, &wanted, 1, NULL, &err), LM_RANGE);
    wanted = ask(&text, 1, 4, -1, &plain);
    CHECK_INT(lm_model_generate(model, &wanted, 1, NULL, &err), LM_RANGE);
    CHECK_INT(text.count, 0);
    lm_model_free(model);
}

static const struct tap_test tests[] = {TAP_ROW(test_greedy_equals_full) TAP_ROW(
    test_batching_changes_no_draw) TAP_ROW(test_past_the_context) TAP_ROW(test_stop_and_refusals)};
LM_TEST_FILE(tests)
