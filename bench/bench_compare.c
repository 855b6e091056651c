/* The comparison of runs: how long it takes, and whether its intervals hold what they promise.
 *   bench_compare speed [RUNS DOCUMENTS RESAMPLES]
 *   bench_compare coverage POOL.csv [DRAWS]       (tests/data/compare/pool.csv) */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/io.h"
#include "stats/paired.h"

enum { MOST_POOL = 1000, RUNS = 10, RESAMPLES = 1000 };

static double seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static struct lm_resampling resampling(size_t resamples, uint64_t seed)
{
    return (struct lm_resampling){.resamples = resamples, .rng = lm_rng_stream(seed, "draws")};
}

/* ---- speed ---- */

static int time_it(size_t runs, size_t documents, size_t resamples)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_rng rng = lm_rng_stream(1, "losses");
    const double **over = LM_NEW_ARRAY(arena, const double *, runs);
    double *under = LM_NEW_ARRAY(arena, double, documents);
    struct lm_difference *out = LM_NEW_ARRAY(arena, struct lm_difference, runs);
    for (size_t i = 0; i < documents; i++)
        under[i] = 100 + 900 * lm_rng_uniform(rng, 0, i);
    for (size_t k = 0; k < runs; k++) {
        double *row = LM_NEW_ARRAY(arena, double, documents);
        for (size_t i = 0; i < documents; i++)
            row[i] = under[i] *
                     (1 + 0.1 * lm_rng_normal(rng, 1, i) + 0.01 * lm_rng_normal(rng, 2 + k, i));
        over[k] = row;
    }
    const struct lm_paired_items items = {runs, documents, over, under};
    const struct lm_resampling how = resampling(resamples, 1);
    struct lm_paired_resamples drawn;
    double start = seconds();
    int failed = lm_paired_resample(&drawn, &items, &how, arena, NULL) != LM_OK;
    double middle = seconds();
    failed |= lm_simultaneous(out, &drawn, 0, LM_REFERENCE_BEST, 0.95, arena, NULL) != LM_OK;
    printf("%zu runs, %zu documents, %zu resamples: resamples %.2f s, intervals %.2f s\n", runs,
           documents, resamples, middle - start, seconds() - middle);
    lm_arena_free(arena);
    return failed;
}

/* ---- coverage ---- */

struct pool {
    size_t count;
    double bytes[MOST_POOL], difference[MOST_POOL]; /* nats, centred */
};

static int read_pool(struct pool *pool, const char *path)
{
    struct lm_arena *arena = lm_arena_create();
    char *text = NULL;
    size_t size;
    double sum = 0, bytes = 0, a, b;
    if (lm_file_read(&text, &size, arena, path, 1 << 20, NULL) != LM_OK)
        return 1;
    for (char *at = strchr(text, '\n'); at != NULL && at[1] != '\0' && pool->count < MOST_POOL;
         at = strchr(at + 1, '\n')) {
        if (sscanf(at + 1, "%lf,%lf,%lf", &pool->bytes[pool->count], &a, &b) != 3)
            break;
        pool->difference[pool->count++] = b - a;
        sum += b - a;
        bytes += pool->bytes[pool->count - 1];
    }
    for (size_t i = 0; i < pool->count; i++)
        pool->difference[i] -= sum / bytes * pool->bytes[i];
    lm_arena_free(arena);
    return pool->count < 100;
}

/* Runs that differ from none by nothing: each adds centred differences of documents of its own. */
static void draw(const struct pool *pool, size_t n, uint64_t seed, double *under,
                 double rows[RUNS][MOST_POOL])
{
    struct lm_rng rng = lm_rng_stream(seed, "documents");
    for (size_t i = 0; i < n; i++) {
        size_t at = (size_t)lm_rng_below(rng, 0, i, pool->count);
        under[i] = pool->bytes[at];
        for (size_t k = 0; k < RUNS; k++)
            rows[k][i] =
                pool->difference[at] * 2 * (lm_rng_uniform(rng, 1 + k, i) - 0.5 + (k == 1));
    }
}

static void count_misses(const struct pool *pool, size_t n, size_t draws)
{
    double under[MOST_POOL], rows[RUNS][MOST_POOL];
    size_t below = 0, above = 0, missed = 0;
    for (uint64_t s = 0; s < draws; s++) {
        struct lm_arena *arena = lm_arena_create();
        struct lm_resampling how = resampling(RESAMPLES, 1000 + s);
        struct lm_difference one, all[RUNS];
        struct lm_paired_resamples drawn;
        const double *over[RUNS];
        size_t best = 0, misses = 0;
        draw(pool, n, s, under, rows);
        for (size_t k = 0; k < RUNS; k++)
            over[k] = rows[k];
        const struct lm_paired_items items = {RUNS, n, over, under};
        lm_paired_difference(&one, rows[1], under, n, 0.95, &how, arena, NULL);
        below += one.high < 0;
        above += one.low > 0;
        lm_paired_resample(&drawn, &items, &how, arena, NULL);
        for (size_t k = 1; k < RUNS; k++)
            best = drawn.value[k] < drawn.value[best] ? k : best;
        lm_simultaneous(all, &drawn, best, LM_REFERENCE_BEST, 0.95, arena, NULL);
        for (size_t k = 0; k < RUNS; k++)
            misses += all[k].low > 0 || all[k].high < 0;
        missed += misses > 0;
        lm_arena_free(arena);
    }
    printf("%5zu documents: one difference held by %.1f %% (%.1f %% below, %.1f %% above), all of "
           "%d to the best by %.1f %%\n",
           n, 100 - 100 * (double)(below + above) / (double)draws,
           100 * (double)below / (double)draws, 100 * (double)above / (double)draws, RUNS,
           100 - 100 * (double)missed / (double)draws);
}

static int cover(const char *path, size_t draws)
{
    struct pool pool = {0};
    static const size_t sizes[] = {20, 35, 50, 100, 200, 400};
    if (read_pool(&pool, path) != 0) {
        fprintf(stderr, "%s is no pool of losses\n", path);
        return 1;
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        count_misses(&pool, sizes[i], draws);
    return 0;
}

static size_t number(int argc, char **argv, int at, size_t otherwise)
{
    return argc > at ? (size_t)strtoul(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "speed") == 0)
        return time_it(number(argc, argv, 2, 100), number(argc, argv, 3, 1000),
                       number(argc, argv, 4, 10000));
    if (argc > 2 && strcmp(argv[1], "coverage") == 0)
        return cover(argv[2], number(argc, argv, 3, 1000));
    fprintf(stderr, "usage: bench_compare speed [RUNS DOCUMENTS RESAMPLES]\n"
                    "       bench_compare coverage POOL.csv [DRAWS]\n");
    return 2;
}
