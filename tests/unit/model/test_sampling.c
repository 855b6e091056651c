/* Decoding rules against closed forms. */
#include <lmpipe/model.h>

#include "tests/tap.h"

enum { V = 6 };

/* Probabilities 0.4, 0.1, 0.25, 0.05, 0.15, 0.05 as logits plus a constant. */
static const double chance[V] = {0.4, 0.1, 0.25, 0.05, 0.15, 0.05};

static void fill(float *logits)
{
    for (int i = 0; i < V; i++)
        logits[i] = (float)(log(chance[i]) + 2.5);
}

static int32_t draw(const struct lm_sampling *rules, double u)
{
    float logits[V];
    _Alignas(16) char scratch[V * 40];
    fill(logits);
    return lm_sampling_draw(rules, logits, V, NULL, 0, u, scratch);
}

/* Counts draws at u = (i + ½)/n: shares of the interval, exact to 1/n. */
static void shares(double out[V], const struct lm_sampling *rules)
{
    enum { N = 4000 };

    for (int v = 0; v < V; v++)
        out[v] = 0;
    for (int i = 0; i < N; i++)
        out[draw(rules, (i + 0.5) / N)] += 1.0 / N;
}

static void check_shares(struct tap *tap, const struct lm_sampling *rules, const double *want)
{
    double got[V];
    shares(got, rules);
    for (int v = 0; v < V; v++)
        CHECK_NEAR(got[v], want[v], 1e-3);
}

static void test_greedy(struct tap *tap)
{
    CHECK_INT(draw(&(struct lm_sampling){0}, 0.99), 0);
    float tied[4] = {1, 3, 3, 2};
    _Alignas(16) char scratch[256];
    CHECK_INT(lm_sampling_draw(&(struct lm_sampling){0}, tied, 4, NULL, 0, 0.5, scratch), 1);
}

static void test_plain(struct tap *tap)
{
    check_shares(tap, &(struct lm_sampling){.temperature = 1}, chance);
    /* by inverse CDF in the order (logit descending, id ascending): 0, 2, 4, 1, 3, 5 */
    const struct lm_sampling plain = {.temperature = 1};

    const struct {
        double u;
        int32_t id;
    } rows[] = {{0, 0},     {0.399, 0}, {0.401, 2}, {0.649, 2},       {0.651, 4},
                {0.801, 1}, {0.901, 3}, {0.951, 5}, {0.9999999999, 5}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_INT(draw(&plain, rows[i].u), rows[i].id);
}

static void test_temperature(struct tap *tap)
{
    double want[V], sum = 0;
    for (int v = 0; v < V; v++)
        sum += want[v] = chance[v] * chance[v];
    for (int v = 0; v < V; v++)
        want[v] /= sum;
    check_shares(tap, &(struct lm_sampling){.temperature = 0.5}, want);
}

static void test_top_k(struct tap *tap)
{
    const double want[V] = {0.4 / 0.65, 0, 0.25 / 0.65, 0, 0, 0};
    check_shares(tap, &(struct lm_sampling){.temperature = 1, .top_k = 2}, want);
    const double five[V] = {0.4 / 0.95, 0.1 / 0.95, 0.25 / 0.95, 0.05 / 0.95, 0.15 / 0.95, 0};
    check_shares(tap, &(struct lm_sampling){.temperature = 1, .top_k = 5}, five);
    check_shares(tap, &(struct lm_sampling){.temperature = 1, .top_k = 100}, chance);
}

static void test_top_p(struct tap *tap)
{
    const double want[V] = {0.4 / 0.8, 0, 0.25 / 0.8, 0, 0.15 / 0.8, 0};
    check_shares(tap, &(struct lm_sampling){.temperature = 1, .top_p = 0.7}, want);
    const double one[V] = {1, 0, 0, 0, 0, 0};
    check_shares(tap, &(struct lm_sampling){.temperature = 1, .top_p = 0.39}, one);
    /* behind top-k the mass is counted anew: 0.4, 0.25 of 0.65 */
    check_shares(tap, &(struct lm_sampling){.temperature = 1, .top_k = 2, .top_p = 0.6}, one);
}

static void test_min_p(struct tap *tap)
{
    const double want[V] = {0.4 / 0.8, 0, 0.25 / 0.8, 0, 0.15 / 0.8, 0};
    check_shares(tap, &(struct lm_sampling){.temperature = 1, .min_p = 0.3}, want);
}

/* Of probabilities that are powers of ½ the entropy is 1.875 bits: −log2 p is 1, 2, 3, 4, 4, which
 * is 0.875, 0.125, 1.125, 2.125 away from it. */
static void typical_and_eta(struct tap *tap)
{
    const float logits[5] = {5.545177444F, 4.852030264F, 4.158883083F, 3.465735903F, 3.465735903F};

    const struct {
        struct lm_sampling method;
        double want[5];
    } rows[] = {
        {{.temperature = 1, .typical_p = 0.2}, {0, 1, 0, 0, 0}},
        {{.temperature = 1, .typical_p = 0.7}, {2. / 3, 1. / 3, 0, 0, 0}},
        {{.temperature = 1, .typical_p = 0.8}, {4. / 7, 2. / 7, 1. / 7, 0, 0}},
        {{.temperature = 1, .typical_p = 0.9}, {8. / 15, 4. / 15, 2. / 15, 1. / 15, 0}},
        {{.temperature = 1, .typical_p = 1}, {0.5, 0.25, 0.125, 0.0625, 0.0625}},
        /* √0.1·2^-1.875 = 0.086, √0.3·2^-1.875 = 0.149; 0.01 is less than √0.01·2^-1.875 */
        {{.temperature = 1, .eta = 0.1}, {4. / 7, 2. / 7, 1. / 7, 0, 0}},
        {{.temperature = 1, .eta = 0.3}, {2. / 3, 1. / 3, 0, 0, 0}},
        {{.temperature = 1, .eta = 0.01}, {0.5, 0.25, 0.125, 0.0625, 0.0625}},
        /* of two left the entropy is 0.918 bits: 0.585 and 1.585 bits are 0.333 and 0.667 away */
        {{.temperature = 1, .top_k = 2, .typical_p = 0.5}, {1, 0, 0, 0, 0}},
        /* the second is the most likely that is typical, so of 1 it keeps ½ and the third */
        {{.temperature = 1,
          .typical_p = 0.2,
          .min_p = 0.9,
          .order = {LM_RULE_TYPICAL_P, LM_RULE_MIN_P},
          .order_count = 2},
         {0, 1, 0, 0, 0}},
    };

    _Alignas(16) char scratch[5 * 40];
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        double got[5] = {0};
        for (int i = 0; i < 4000; i++)
            got[lm_sampling_draw(&rows[r].method, logits, 5, NULL, 0, (i + 0.5) / 4000, scratch)] +=
                1. / 4000;
        for (int v = 0; v < 5; v++)
            CHECK_NEAR(got[v], rows[r].want[v], 1e-3);
    }
}

/* As likely tokens on either side of the middle: the more likely side first, then the lowest id. */
static void typical_ties(struct tap *tap)
{
    const float logits[5] = {0, 2, 0, 2, 1};
    _Alignas(16) char scratch[5 * 40];
    /* middle = (4e² + e) / (2e² + e + 2) = 1.655: 1 and 3 are 0.345 away with 0.758 of the
     * mass, 4 is 0.655 with 0.139, 0 and 2 are 1.655 */
    const struct lm_sampling few = {.temperature = 1, .typical_p = 0.3},
                             more = {.temperature = 1, .typical_p = 0.85};
    for (int i = 0; i < 100; i++) {
        CHECK_INT(lm_sampling_draw(&few, logits, 5, NULL, 0, i / 100., scratch), 1);
        CHECK(logits[lm_sampling_draw(&more, logits, 5, NULL, 0, i / 100., scratch)] > 0);
    }
    const float alike[4] = {1, 1, 1,
                            1}; /* all are typical: as many as the mass needs, lowest ids */
    const struct lm_sampling half = {.temperature = 1, .typical_p = 0.5};
    CHECK_INT(lm_sampling_draw(&half, alike, 4, NULL, 0, 0.49, scratch), 0);
    CHECK_INT(lm_sampling_draw(&half, alike, 4, NULL, 0, 0.51, scratch), 1);
    CHECK_INT(lm_sampling_draw(&half, alike, 4, NULL, 0, 0.99, scratch), 1);
}

/* Logits 3, 2, 1: at temperature ½ the first has 0.867, at 1 it has 0.665 of the mass. */
static void the_order_counts(struct tap *tap)
{
    const float logits[3] = {3, 2, 1};
    _Alignas(16) char scratch[3 * 40];
    struct lm_sampling method = {.temperature = 0.5, .top_p = 0.8};
    CHECK_INT(lm_sampling_draw(&method, logits, 3, NULL, 0, 0.9, scratch), 0);
    method.order_count = 2;
    method.order[0] = LM_RULE_TOP_P;
    method.order[1] = LM_RULE_TEMPERATURE;
    CHECK_INT(lm_sampling_draw(&method, logits, 3, NULL, 0, 0.87, scratch), 0);
    CHECK_INT(lm_sampling_draw(&method, logits, 3, NULL, 0, 0.89, scratch), 1); /* e² / (e² + 1) */
    /* the penalty behind a filter changes the order of what that kept */
    const int32_t history[] = {0};
    method = (struct lm_sampling){.temperature = 1,
                                  .repetition_penalty = 6,
                                  .top_k = 2,
                                  .order = {LM_RULE_TOP_K, LM_RULE_REPETITION_PENALTY},
                                  .order_count = 2};
    CHECK_INT(lm_sampling_draw(&method, logits, 3, history, 1, 0.8, scratch), 1); /* 2 and 0.5 */
    CHECK_INT(lm_sampling_draw(&method, logits, 3, history, 1, 0.83, scratch), 0);
    method.order_count = 0; /* before it, 0 is none of the two */
    CHECK_INT(lm_sampling_draw(&method, logits, 3, history, 1, 0.83, scratch), 2);
}

static void test_penalty(struct tap *tap)
{
    const float logits[3] = {2, 1.5F, -1};
    const int32_t history[] = {0, 0, 2, 77, -1};
    _Alignas(16) char scratch[128];
    const struct lm_sampling rules = {.repetition_penalty = 1.5};
    /* 2 / 1.5 = 1.33 is now below 1.5, once however often it was seen; unknown ids are ignored */
    CHECK_INT(lm_sampling_draw(&rules, logits, 3, history, 5, 0, scratch), 1);
    CHECK_INT(lm_sampling_draw(&rules, logits, 3, history, 0, 0, scratch), 0);
    const float low[2] = {-1, -1.4F};
    CHECK_INT(lm_sampling_draw(&rules, low, 2, history, 1, 0, scratch), 1);
}

/* 5,000 pseudo-random logits: the popped order is the sorted one. */
static void test_order(struct tap *tap)
{
    enum { N = 5000 };

    static float logits[N];
    struct lm_rng rng = lm_rng_stream(1, "logits");
    void *scratch = malloc(lm_sampling_scratch(N));
    for (uint64_t i = 0; i < N; i++)
        logits[i] = (float)lm_rng_below(rng, 0, i, 700) / 100;
    double sum = 0, before = 0;
    for (int i = 0; i < N; i++)
        sum += exp((double)logits[i]);
    const struct lm_sampling plain = {.temperature = 1};
    int32_t last = -1;
    for (int i = 0; i < 300; i++) {
        int32_t id = lm_sampling_draw(&plain, logits, N, NULL, 0, i / 300.0, scratch);
        CHECK(last < 0 || logits[id] < logits[last] || (logits[id] == logits[last] && id >= last));
        double above = 0;
        for (int j = 0; j < N; j++)
            if (logits[j] > logits[id] || (logits[j] == logits[id] && j < id))
                above += exp((double)logits[j]) / sum;
        CHECK(above <= i / 300.0 + 1e-9 &&
              above + exp((double)logits[id]) / sum > i / 300.0 - 1e-9);
        before = above;
        last = id;
    }
    CHECK(before > 0.9);
    free(scratch);
}

/* Settings at the border of what a double says: the order of the logits stands. */
static void test_extremes(struct tap *tap)
{
    static const double tiny[] = {1e-310, 5e-324, 1e-300, 1e-201, 1e-30};
    const float logits[V] = {-3, 2, 1.9F, -1e30F, 2, 0}, huge[3] = {3e38F, -3e38F, INFINITY};
    _Alignas(16) char scratch[256];
    for (size_t i = 0; i < sizeof tiny / sizeof tiny[0]; i++) {
        const struct lm_sampling rules = {.temperature = tiny[i]};
        /* two are the most likely: each half the time, and no other ever */
        CHECK_INT(lm_sampling_draw(&rules, logits, V, NULL, 0, 0, scratch), 1);
        CHECK_INT(lm_sampling_draw(&rules, logits, V, NULL, 0, 0.49, scratch), 1);
        CHECK_INT(lm_sampling_draw(&rules, logits, V, NULL, 0, 0.51, scratch), 4);
        CHECK_INT(lm_sampling_draw(&rules, logits, V, NULL, 0, 0.999999, scratch), 4);
        CHECK_INT(lm_sampling_draw(&rules, huge, 3, NULL, 0, 0, scratch), 2);
        CHECK_INT(lm_sampling_draw(&rules, huge, 3, NULL, 0, 0.99, scratch), 2);
    }
    const struct lm_sampling hot = {.temperature = INFINITY}, boiling = {.temperature = 1e308};
    const int32_t order[V] = {1, 4, 2, 5, 0, 3};
    for (int i = 0; i < V; i++) { /* all alike, in the order of the logits */
        CHECK_INT(lm_sampling_draw(&hot, logits, V, NULL, 0, (i + 0.5) / V, scratch), order[i]);
        CHECK(lm_sampling_draw(&boiling, logits, V, NULL, 0, (i + 0.5) / V, scratch) >= 0);
    }
    const struct lm_sampling narrow[] = {{.temperature = 1, .top_p = 5e-324},
                                         {.temperature = 1, .min_p = 1},
                                         {.temperature = 1e-310, .top_p = 0.5, .min_p = 1e-310},
                                         {.temperature = 1, .min_p = 2},
                                         {.temperature = NAN}};
    for (size_t i = 0; i < sizeof narrow / sizeof narrow[0]; i++)
        CHECK_INT(lm_sampling_draw(&narrow[i], logits, V, NULL, 0, 0.3, scratch), 1);
    const int32_t seen[] = {1, 3};
    const struct lm_sampling odd[] = {{.temperature = 1, .repetition_penalty = 1e-310},
                                      {.temperature = 1e-310, .repetition_penalty = 1e308}};
    CHECK_INT(lm_sampling_draw(&odd[0], logits, V, seen, 2, 0.3, scratch), 1);
    CHECK_INT(lm_sampling_draw(&odd[1], logits, V, seen, 2, 0.3, scratch), 4);
}

/* Rows that pad the vocabulary are never drawn, however likely they are. */
static void test_padding(struct tap *tap)
{
    const float logits[V] = {1, 2, 0, 9, 9, 9};
    _Alignas(16) char scratch[256];
    const struct lm_sampling greedy = {.tokens = 3}, plain = {.temperature = 1, .tokens = 3};
    CHECK_INT(lm_sampling_draw(&greedy, logits, V, NULL, 0, 0, scratch), 1);
    for (int i = 0; i < 100; i++)
        CHECK(lm_sampling_draw(&plain, logits, V, NULL, 0, i / 100.0, scratch) < 3);
    CHECK_INT(lm_sampling_draw(&(struct lm_sampling){.tokens = 99}, logits, V, NULL, 0, 0, scratch),
              3);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_greedy) TAP_ROW(test_plain) TAP_ROW(test_temperature) TAP_ROW(test_top_k)
        TAP_ROW(test_top_p) TAP_ROW(test_min_p) TAP_ROW(typical_and_eta) TAP_ROW(typical_ties)
            TAP_ROW(the_order_counts) TAP_ROW(test_penalty) TAP_ROW(test_order)
                TAP_ROW(test_extremes) TAP_ROW(test_padding)};
LM_TEST_FILE(tests)
