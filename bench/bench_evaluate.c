/*
 * Yardsticks of bench/evaluate: the forward pass of shape B over as many tokens as a task has, in
 * full rows of the context and all of them scored, and the bootstrap of 67,000 items. One JSON
 * object a line, wall and processor time.
 *
 *   bench_evaluate forward THREADS PRECISION TOKENS
 *   bench_evaluate bootstrap ITEMS RESAMPLES [THREADS]
 */
#include <lmpipe/model.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/pool.h"
#include "stats/bootstrap.h"

enum { BATCH = 16, TIME = 256, ROWS = BATCH * TIME, WARM = 2 };

static double seconds(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static const struct lm_model_config shape_b = {
    .vocab = 8192, .context = TIME, .layers = 6, .heads = 6, .width = 384};

/* Calls that score at least `rows` tokens. */
static enum lm_status score(struct lm_model *model, size_t rows, struct lm_err *err)
{
    int32_t tokens[ROWS], targets[ROWS], rank[ROWS], equal[ROWS];
    float nll[ROWS];
    const struct lm_scores out = {.nll = nll, .rank = rank, .equal = equal};
    for (size_t i = 0; i < ROWS; i++) {
        tokens[i] = (int32_t)(i * 7919 % (size_t)shape_b.vocab);
        targets[i] = (int32_t)(i * 104729 % (size_t)shape_b.vocab);
    }
    for (size_t done = 0; done < rows; done += ROWS)
        LM_TRY(lm_model_score(model, tokens, targets, BATCH, TIME, &out, err));
    return LM_OK;
}

static enum lm_status forward(size_t threads, const char *precision, size_t rows,
                              struct lm_err *err)
{
    const struct lm_model_options options = {.threads = threads,
                                             .numerics = LM_NUMERICS_PORTABLE,
                                             .precision = lm_precision_find(precision),
                                             .max_batch = BATCH,
                                             .max_time = TIME,
                                             .seed = 1};
    struct lm_model *model = NULL;
    LM_TRY(lm_model_create(&model, &shape_b, &options, err));
    enum lm_status status = score(model, (size_t)WARM * ROWS, err);
    double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    if (status == LM_OK)
        status = score(model, rows, err);
    double calls = (double)((rows + ROWS - 1) / ROWS);
    double share = (double)rows / (calls * ROWS); /* of the last call */
    printf("{\"forward\": \"%s\", \"threads\": %zu, \"tokens\": %zu, \"seconds\": %.3f, "
           "\"cpu\": %.3f}\n",
           precision, threads, rows, share * (seconds(CLOCK_MONOTONIC) - wall),
           share * (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu));
    lm_model_free(model);
    return status;
}

static enum lm_status bootstrap(size_t items, size_t resamples, size_t threads, struct lm_err *err)
{
    struct lm_pool *pool = lm_pool_create(threads);
    struct lm_arena *arena = lm_arena_create();
    if (arena == NULL)
        return lm_fail(err, LM_NOMEM, "no memory");
    double *over = LM_NEW_ARRAY(arena, double, items), *under = LM_NEW_ARRAY(arena, double, items);
    if (over == NULL || under == NULL) {
        lm_arena_free(arena);
        return lm_fail(err, LM_NOMEM, "no memory for %zu items", items);
    }
    struct lm_rng rng = lm_rng_stream(1, "items");
    const struct lm_resampling how = {.resamples = resamples, .rng = rng, .pool = pool};
    for (size_t i = 0; i < items; i++) {
        over[i] = lm_rng_uniform(rng, 0, i) < 0.6 ? 1 : 0;
        under[i] = 1;
    }
    struct lm_bootstrap_ratio ratio = {.over = over, .under = under};
    double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    enum lm_status status = lm_bootstrap_run(&ratio, 1, items, &how, arena, err);
    printf("{\"bootstrap\": %zu, \"resamples\": %zu, \"threads\": %zu, \"low\": %.17g, "
           "\"high\": %.17g, \"seconds\": %.3f, \"cpu\": %.3f}\n",
           items, resamples, threads, ratio.low, ratio.high, seconds(CLOCK_MONOTONIC) - wall,
           seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    lm_pool_free(pool);
    lm_arena_free(arena);
    return status;
}

int main(int argc, char **argv)
{
    struct lm_err err = {0};
    enum lm_status status = LM_INVALID;
    if (argc == 5 && strcmp(argv[1], "forward") == 0)
        status = forward(strtoul(argv[2], NULL, 10), argv[3], strtoul(argv[4], NULL, 10), &err);
    else if ((argc == 4 || argc == 5) && strcmp(argv[1], "bootstrap") == 0)
        status = bootstrap(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10),
                           argc == 5 ? strtoul(argv[4], NULL, 10) : 1, &err);
    else
        lm_fail(&err, LM_INVALID,
                "bench_evaluate forward THREADS PRECISION TOKENS | bootstrap ITEMS RESAMPLES "
                "[THREADS]");
    if (status != LM_OK)
        fprintf(stderr, "bench_evaluate: %s\n", err.text);
    return status == LM_OK ? 0 : 1;
}
