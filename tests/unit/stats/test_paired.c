#include <math.h>

#include "stats/paired.h"
#include "tap.h"

enum { MOST_ITEMS = 400, MOST_RUNS = 10 };

/* Losses in nats over bytes: what an item costs every run, and what each run adds of its own. */
struct sample {
    double bytes[MOST_ITEMS], rows[MOST_RUNS][MOST_ITEMS];
    const double *over[MOST_RUNS];
};

static void draw(struct sample *out, size_t runs, size_t items, const double *shift, uint64_t seed)
{
    struct lm_rng rng = lm_rng_stream(seed, "sample");
    for (size_t i = 0; i < items; i++) {
        double hard = 0.7 + 0.2 * lm_rng_normal(rng, 0, i);
        out->bytes[i] = 100 + 100 * lm_rng_uniform(rng, 1, i);
        for (size_t k = 0; k < runs; k++)
            out->rows[k][i] =
                out->bytes[i] * (hard + shift[k] + 0.02 * lm_rng_normal(rng, 2 + k, i));
    }
    for (size_t k = 0; k < runs; k++)
        out->over[k] = out->rows[k];
}

static struct lm_resampling resampling(size_t resamples, uint64_t seed)
{
    return (struct lm_resampling){.resamples = resamples, .rng = lm_rng_stream(seed, "draws")};
}

static void difference(double *out, const struct sample *sample, size_t items)
{
    for (size_t i = 0; i < items; i++)
        out[i] = sample->rows[1][i] - sample->rows[0][i];
}

/* Pairing takes out what both find hard: the interval is that of the differences alone, ten times
 * narrower than that of either loss. Standard error by hand (delta method). */
static void pairs_items(struct tap *tap)
{
    static struct sample sample;
    static double over[MOST_ITEMS];
    struct lm_arena *arena = lm_arena_create();
    struct lm_resampling how = resampling(4000, 2);
    struct lm_difference out;
    double sum = 0, bytes = 0, squares = 0;
    draw(&sample, 2, MOST_ITEMS, (double[]){0, 0.01}, 1);
    difference(over, &sample, MOST_ITEMS);
    for (size_t i = 0; i < MOST_ITEMS; i++) {
        sum += over[i];
        bytes += sample.bytes[i];
    }
    for (size_t i = 0; i < MOST_ITEMS; i++) {
        double rest = over[i] - sum / bytes * sample.bytes[i];
        squares += rest * rest;
    }
    double error = sqrt(squares * MOST_ITEMS / (MOST_ITEMS - 1)) / bytes;
    REQUIRE(lm_paired_difference(&out, over, sample.bytes, MOST_ITEMS, 0.95, &how, arena, NULL) ==
            LM_OK);
    CHECK_NEAR(out.value, sum / bytes, 1e-15);
    CHECK_NEAR(out.error, error, 1e-15);
    CHECK_NEAR((out.high - out.low) / error, 2 * 1.96, 0.15);
    CHECK_NEAR(out.detectable, (1.959964 + 0.841621) * error, 1e-6 * error);
    CHECK(out.low > 0 && out.high < 0.02);
    lm_arena_free(arena);
}

static void edges_of_one_difference(struct tap *tap)
{
    double over[40] = {0}, under[40];
    struct lm_arena *arena = lm_arena_create();
    struct lm_resampling how = resampling(200, 1);
    struct lm_difference out;
    for (size_t i = 0; i < 40; i++)
        under[i] = 3;
    REQUIRE(lm_paired_difference(&out, over, under, 40, 0.95, &how, arena, NULL) == LM_OK);
    CHECK(out.value == 0 && out.low == 0 && out.high == 0 && out.error == 0);
    REQUIRE(lm_paired_difference(&out, over, under, 19, 0.95, &how, arena, NULL) == LM_OK);
    CHECK(out.value == 0 && isnan(out.low) && isnan(out.high));
    for (size_t i = 0; i < 40; i++)
        over[i] = 6;
    REQUIRE(lm_paired_difference(&out, over, under, 40, 0.95, &how, arena, NULL) == LM_OK);
    CHECK(out.value == 2 && out.low == 2 && out.high == 2);
    for (size_t i = 0; i < 40; i++)
        under[i] = 0;
    REQUIRE(lm_paired_difference(&out, over, under, 40, 0.95, &how, arena, NULL) == LM_OK);
    CHECK(isnan(out.value) && isnan(out.low));
    lm_arena_free(arena);
}

/* Of intervals drawn from 1,000 samples about 95 in 100 hold the truth; each side misses its half.
 */
static void holds_the_truth(struct tap *tap, size_t items)
{
    static struct sample sample;
    static double over[MOST_ITEMS];
    size_t below = 0, above = 0;
    for (uint64_t s = 0; s < 1000; s++) {
        struct lm_arena *arena = lm_arena_create();
        struct lm_resampling how = resampling(400, 7 + s);
        struct lm_difference out;
        draw(&sample, 2, items, (double[]){0, 0.01}, 1000 + s);
        difference(over, &sample, items);
        REQUIRE(lm_paired_difference(&out, over, sample.bytes, items, 0.95, &how, arena, NULL) ==
                LM_OK);
        below += out.high < 0.01;
        above += out.low > 0.01;
        lm_arena_free(arena);
    }
    CHECK(below <= 40 && above <= 40); /* 25 expected; more than 40 has a chance of 0.2 % */
    CHECK(below + above >= 20);
}

static void holds_the_truth_of_20(struct tap *tap)
{
    holds_the_truth(tap, 20);
}

static void holds_the_truth_of_100(struct tap *tap)
{
    holds_the_truth(tap, 100);
}

static size_t best_of(const double *values, size_t count)
{
    size_t best = 0;
    for (size_t k = 1; k < count; k++)
        best = values[k] < values[best] ? k : best;
    return best;
}

/* All intervals of ten runs hold at once in about 95 of 100 samples, though the reference was
 * picked as the best of ten equals. Intervals one by one do not. */
static void pays_for_picking(struct tap *tap)
{
    static struct sample sample;
    size_t missed = 0, one_by_one = 0;
    for (uint64_t s = 0; s < 200; s++) {
        struct lm_arena *arena = lm_arena_create();
        struct lm_resampling how = resampling(400, 7 + s);
        struct lm_paired_items items = {MOST_RUNS, 100, sample.over, sample.bytes};
        struct lm_paired_resamples runs;
        struct lm_difference out[MOST_RUNS];
        bool misses = false, single = false;
        draw(&sample, MOST_RUNS, 100, (double[MOST_RUNS]){0}, 1000 + s);
        REQUIRE(lm_paired_resample(&runs, &items, &how, arena, NULL) == LM_OK);
        REQUIRE(lm_simultaneous(out, &runs, best_of(runs.value, MOST_RUNS), LM_REFERENCE_BEST, 0.95,
                                arena, NULL) == LM_OK);
        for (size_t k = 0; k < MOST_RUNS; k++) {
            misses |= out[k].low > 0 || out[k].high < 0;
            single |= out[k].value > 1.96 * out[k].error;
        }
        missed += misses;
        one_by_one += single;
        lm_arena_free(arena);
    }
    CHECK(missed <= 20); /* 10 expected */
    CHECK(missed >= 1);
    CHECK(one_by_one > 60);
}

static void fixed_reference_is_narrower(struct tap *tap)
{
    static struct sample sample;
    struct lm_arena *arena = lm_arena_create();
    struct lm_resampling how = resampling(2000, 3);
    struct lm_paired_items items = {4, 200, sample.over, sample.bytes};
    struct lm_paired_resamples runs;
    struct lm_difference fixed[4], best[4];
    double shares[4];
    draw(&sample, 4, 200, (double[]){0, 0.05, 0.001, 0.05}, 5);
    REQUIRE(lm_paired_resample(&runs, &items, &how, arena, NULL) == LM_OK);
    REQUIRE(lm_simultaneous(fixed, &runs, 0, LM_REFERENCE_FIXED, 0.95, arena, NULL) == LM_OK);
    REQUIRE(lm_simultaneous(best, &runs, 0, LM_REFERENCE_BEST, 0.95, arena, NULL) == LM_OK);
    lm_best_shares(shares, &runs, true);
    CHECK(fixed[0].low == 0 && fixed[0].high == 0);
    CHECK(fixed[1].low > 0.04 && fixed[1].high < 0.06);
    CHECK(best[1].high - best[1].low > fixed[1].high - fixed[1].low);
    /* Dunnett's two-sided 5 % point for three comparisons is 2.35, Tukey's over root 2 for four
     * means 2.57 (both for many degrees of freedom). */
    CHECK_NEAR((fixed[1].high - fixed[1].value) / fixed[1].error, 2.35, 0.12);
    CHECK_NEAR((best[1].high - best[1].value) / best[1].error, 2.57, 0.12);
    CHECK_NEAR(shares[0] + shares[2], 1, 1e-12);
    CHECK(shares[1] == 0 && shares[3] == 0);
    lm_best_shares(shares, &runs, false);
    CHECK_NEAR(shares[1] + shares[3], 1, 1e-12);
    lm_arena_free(arena);
}

/* The same run twice differs by nothing, with no width, and disturbs nobody else's interval. */
static void equal_runs_have_no_width(struct tap *tap)
{
    static struct sample sample;
    struct lm_arena *arena = lm_arena_create();
    struct lm_resampling how = resampling(300, 3);
    struct lm_paired_resamples runs;
    struct lm_difference out[3];
    draw(&sample, 2, 50, (double[]){0, 0.01}, 5);
    const double *over[] = {sample.rows[0], sample.rows[0], sample.rows[1]};
    struct lm_paired_items items = {3, 50, over, sample.bytes};
    REQUIRE(lm_paired_resample(&runs, &items, &how, arena, NULL) == LM_OK);
    REQUIRE(lm_simultaneous(out, &runs, 0, LM_REFERENCE_BEST, 0.95, arena, NULL) == LM_OK);
    CHECK(out[1].value == 0 && out[1].low == 0 && out[1].high == 0);
    CHECK(out[2].low < out[2].value && isfinite(out[2].low));
    lm_arena_free(arena);
}

static bool stop(void *user)
{
    return ++*(int *)user > 3;
}

static void stops_when_asked(struct tap *tap)
{
    static struct sample sample;
    struct lm_arena *arena = lm_arena_create();
    int asked = 0;
    struct lm_resampling how = {.resamples = 1000000,
                                .rng = lm_rng_stream(1, "draws"),
                                .is_cancelled = stop,
                                .user = &asked};
    struct lm_paired_resamples runs;
    draw(&sample, 2, 50, (double[]){0, 0.01}, 5);
    struct lm_paired_items items = {2, 50, sample.over, sample.bytes};
    CHECK(lm_paired_resample(&runs, &items, &how, arena, NULL) == LM_CANCELLED);
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {
    TAP_ROW(pairs_items) TAP_ROW(edges_of_one_difference) TAP_ROW(holds_the_truth_of_20)
        TAP_ROW(holds_the_truth_of_100) TAP_ROW(pays_for_picking)
            TAP_ROW(fixed_reference_is_narrower) TAP_ROW(equal_runs_have_no_width)
                TAP_ROW(stops_when_asked)};
LM_TEST_FILE(tests)
