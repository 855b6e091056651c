#include "model/core.h"

#include "tests/tap.h"

enum { N = 40000 };

static struct lm_pass pass_of(struct lm_model *model, double dropout)
{
    *model = (struct lm_model){.dropout = lm_rng_stream(3, "dropout"), .step = 17};
    model->config.dropout = dropout;
    return (struct lm_pass){.model = model, .training = true};
}

static void ones(float *x)
{
    for (size_t i = 0; i < N; i++)
        x[i] = 1;
}

/* Every element is dropped or scaled; the share is p within four standard deviations. */
static void test_share(struct tap *tap)
{
    struct lm_model model;
    float *x = malloc(N * sizeof *x);
    for (int tenth = 1; tenth < 10; tenth += 4) {
        double p = tenth / 10.0;
        size_t dropped = 0;
        struct lm_pass pass = pass_of(&model, p);
        ones(x);
        lm_dropout(&pass, 1, LM_SITE_OUT, x, 0, N);
        for (size_t i = 0; i < N; i++) {
            dropped += x[i] == 0;
            CHECK(x[i] == 0 || x[i] == (float)(1 / (1 - p)));
        }
        CHECK_NEAR((double)dropped, p * N, 4 * sqrt(p * (1 - p) * N));
    }
    free(x);
}

/* The mask belongs to the element, however a tensor is cut into calls. */
static void test_cuts(struct tap *tap)
{
    struct lm_model model;
    struct lm_pass pass = pass_of(&model, 0.3);
    float *whole = malloc(N * sizeof *whole), *parts = malloc(N * sizeof *parts);
    ones(whole);
    ones(parts);
    lm_dropout(&pass, 2, LM_SITE_PROJ, whole, 5, N);
    for (size_t i = 0; i < N; i += 77)
        lm_dropout(&pass, 2, LM_SITE_PROJ, parts + i, 5 + i, N - i < 77 ? N - i : 77);
    CHECK_INT(memcmp(whole, parts, N * sizeof *whole), 0);
    free(whole);
    free(parts);
}

/* Another layer, site, step or micro-batch is another mask: they agree by chance only. */
static void test_streams(struct tap *tap)
{
    struct lm_model model;
    struct lm_pass pass = pass_of(&model, 0.5);
    float *x[5];
    for (size_t k = 0; k < 5; k++) {
        x[k] = malloc(N * sizeof *x[k]);
        ones(x[k]);
        model.step = k == 3 ? 18 : 17;
        model.micro_batch = k == 4;
        lm_dropout(&pass, k == 1 ? 3 : 2, k == 2 ? LM_SITE_OUT : LM_SITE_PROJ, x[k], 0, N);
    }
    for (size_t k = 1; k < 5; k++) {
        size_t equal = 0;
        for (size_t i = 0; i < N; i++)
            equal += x[0][i] == x[k][i];
        CHECK_NEAR((double)equal, N / 2.0, 2 * sqrt(N));
    }
    for (size_t k = 0; k < 5; k++)
        free(x[k]);
}

static const struct tap_test tests[] = {TAP_ROW(test_share) TAP_ROW(test_cuts)
                                            TAP_ROW(test_streams)};
LM_TEST_FILE(tests)
