/* How outputs are cut into tasks: every output once, all threads busy, the same bits. */
#include <lmpipe/model.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/grid.h"
#include "model/trace.h"
#include "tests/tap.h"

/* Every output of every job belongs to exactly one part. */
static void check_cover(struct tap *tap, struct lm_grid grid, const struct lm_grid_job *jobs,
                        size_t count)
{
    for (size_t job = 0; job < count; job++) {
        unsigned char *seen = calloc(jobs[job].m * jobs[job].n, 1);
        size_t wrong = 0;
        for (size_t i = 0; i < lm_grid_count(grid, jobs, count); i++) {
            struct lm_grid_part part = lm_grid_at(grid, jobs, i);
            CHECK(part.job < count && part.rows > 0 && part.cols > 0 && part.col % 96 == 0);
            for (size_t r = 0; r < part.rows && part.job == job; r++)
                for (size_t c = 0; c < part.cols; c++)
                    wrong += seen[(part.row + r) * jobs[job].n + part.col + c]++ != 0;
        }
        for (size_t i = 0; i < jobs[job].m * jobs[job].n; i++)
            wrong += seen[i] != 1;
        CHECK_INT(wrong, 0);
        free(seen);
    }
}

static void test_cover(struct tap *tap)
{
    static const struct lm_grid_job jobs[] = {
        {1, 1, 1}, {128, 512, 7}, {129, 577, 3}, {300, 96, 2}};
    static const size_t threads[] = {1, 2, 5, 64};
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++)
        check_cover(tap, lm_grid_choose(jobs, 4, threads[i]), jobs, 4);
    check_cover(tap, (struct lm_grid){32, 96}, jobs, 4);
}

/* Closed forms of list scheduling. */
static void test_efficiency(struct tap *tap)
{
    static const double three[] = {1, 1, 1}, uneven[] = {4, 1, 1, 1, 1}, last[] = {1, 1, 1, 1, 4};
    CHECK_NEAR(lm_grid_efficiency(three, 3, 1), 1, 1e-15);
    CHECK_NEAR(lm_grid_efficiency(three, 3, 2), 0.75, 1e-15);
    CHECK_NEAR(lm_grid_efficiency(three, 3, 6), 0.5, 1e-15);
    CHECK_NEAR(lm_grid_efficiency(uneven, 5, 2), 1, 1e-15);
    CHECK_NEAR(lm_grid_efficiency(last, 5, 2), 8.0 / 12, 1e-15); /* the long one comes last */
    CHECK(isnan(lm_grid_efficiency(three, 0, 2)));
}

/* Share of the threads' time that a grid's own tasks fill, all of them equally dear an output. */
static double filled(const struct lm_grid_job *jobs, size_t count, size_t threads)
{
    struct lm_grid grid = lm_grid_choose(jobs, count, threads);
    size_t tasks = lm_grid_count(grid, jobs, count);
    double *costs = malloc(tasks * sizeof *costs);
    for (size_t i = 0; i < tasks; i++) {
        struct lm_grid_part part = lm_grid_at(grid, jobs, i);
        costs[i] = (double)(part.rows * part.cols) * (double)jobs[part.job].k;
    }
    double out = lm_grid_efficiency(costs, tasks, threads);
    free(costs);
    return out;
}

/* GPT-2 124M: gradients of a layer's matrices, and of the head with its states, keep many threads
 * busy; one thread gets the coarsest tasks. */
static void test_choice(struct tap *tap)
{
    static const struct lm_grid_job layer[] = {
        {768, 3072, 16384}, {768, 2304, 16384}, {3072, 768, 16384}, {768, 768, 16384}};
    static const struct lm_grid_job head[] = {{512, 768, 50257}, {50257, 768, 512}};
    static const size_t threads[] = {2, 8, 16, 32, 64, 96, 128};
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        CHECK(filled(layer, 4, threads[i]) > 0.8);
        CHECK(filled(head, 2, threads[i]) > 0.8);
    }
    struct lm_grid one = lm_grid_choose(layer, 4, 1);
    CHECK(one.rows == 128 && one.cols > 3072);
}

static void ignore(void *user, enum lm_phase phase, size_t task, double seconds)
{
    (void)phase, (void)task, (void)seconds;
    ++*(size_t *)user;
}

/* Weights after two steps, outputs cut for `threads`; 0: as one thread does it by itself. */
static struct lm_digest trained(struct tap *tap, size_t threads, enum lm_precision precision,
                                size_t *tasks)
{
    enum { V = 1300, C = 192, B = 2, T = 150 };

    const struct lm_model_config config = {
        .vocab = V, .context = T, .layers = 1, .heads = 2, .width = C};
    const struct lm_model_options how = {.training = true,
                                         .seed = 3,
                                         .threads = 1,
                                         .precision = precision,
                                         .max_batch = B,
                                         .max_time = T};
    const struct lm_step_options adamw = {.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.95};
    const struct lm_trace trace = {threads, ignore, tasks};
    struct lm_model *model = NULL;
    struct lm_err err = {0};
    struct lm_digest out = {0};
    int32_t tokens[B * T + 1];
    struct lm_rng rng = lm_rng_stream(5, "grid");
    for (size_t i = 0; i <= (size_t)B * T; i++)
        tokens[i] = (int32_t)lm_rng_below(rng, 0, i, V);
    CHECK_INT(lm_model_create(&model, &config, &how, &err), LM_OK);
    lm_model_trace(model, threads > 0 ? &trace : NULL);
    for (int step = 0; step < 2; step++) {
        CHECK_INT(lm_model_accumulate(model, tokens, tokens + 1, B, T, 1, NULL, &err), LM_OK);
        CHECK_INT(lm_model_step(model, &adamw, NULL, &err), LM_OK);
    }
    lm_model_digest(model, &out);
    lm_model_free(model);
    return out;
}

/* Cut for one thread or for 64, the weights are the same. */
static void test_bits(struct tap *tap)
{
    for (int precision = 0; precision < LM_PRECISIONS; precision++) {
        size_t few = 0, many = 0;
        struct lm_digest want = trained(tap, 0, (enum lm_precision)precision, NULL);
        struct lm_digest one = trained(tap, 1, (enum lm_precision)precision, &few);
        struct lm_digest cut = trained(tap, 64, (enum lm_precision)precision, &many);
        CHECK_INT(memcmp(&want, &one, sizeof want), 0);
        CHECK_INT(memcmp(&want, &cut, sizeof want), 0);
        CHECK(many > few + 50);
    }
}

static const struct tap_test tests[] = {TAP_ROW(test_cover) TAP_ROW(test_efficiency)
                                            TAP_ROW(test_choice) TAP_ROW(test_bits)};

LM_TEST_FILE(tests)
