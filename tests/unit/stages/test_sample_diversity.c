/* Diversity against counting by hand and against the slow way. */
#include <math.h>
#include <string.h>

#include <lmpipe/rng.h>

#include "stages/sample/sample_groups.h"
#include "tap.h"

enum { MOST = 30, LENGTH = 40 };

static int32_t ids[MOST][LENGTH];
static struct sample_part texts[MOST];
static double over[SAMPLE_RATIOS][MOST], under[SAMPLE_RATIOS][MOST];

static void measure(struct tap *tap, struct sample_figures *out, size_t count)
{
    struct sample_group group = {.of = "x", .texts = texts, .count = count};
    struct sample_ratios ratios = {.count = count};
    struct lm_arena *arena = lm_arena_create();
    *out = (struct sample_figures){0};
    memset(over, 0, sizeof over);
    memset(under, 0, sizeof under);
    for (size_t r = 0; r < SAMPLE_RATIOS; r++) {
        ratios.over[r] = over[r];
        ratios.under[r] = under[r];
    }
    for (size_t i = 0; i < count; i++) {
        texts[i].ids = ids[i];
        out->tokens += texts[i].count;
    }
    CHECK_INT(sample_diversity(out, &ratios, &group, arena, NULL), LM_OK);
    lm_arena_free(arena);
}

/* 1 2 1 2 1 and 1 2 3: pairs 12 21 12 21 | 12 23, of which three are different. */
static void by_hand(struct tap *tap)
{
    struct sample_figures out;
    memcpy(ids[0], (int32_t[]){1, 2, 1, 2, 1}, 5 * sizeof(int32_t));
    memcpy(ids[1], (int32_t[]){1, 2, 3}, 3 * sizeof(int32_t));
    texts[0].count = 5;
    texts[1].count = 3;
    measure(tap, &out, 2);
    CHECK_NEAR(out.distinct[0].value, 3. / 8, 1e-15);
    CHECK_NEAR(out.distinct[1].value, 3. / 6, 1e-15);
    CHECK_NEAR(out.distinct[2].value, 3. / 4, 1e-15); /* 121 212 121 | 123 */
    CHECK_NEAR(out.distinct[3].value, 2. / 2, 1e-15);
    CHECK(isnan(out.distinct[0].low)); /* two texts have no interval */
    CHECK_NEAR(over[SAMPLE_RATIO_REP_4][0], 0, 0);
    CHECK(under[SAMPLE_RATIO_REP_4][0] == 1 && under[SAMPLE_RATIO_REP_4][1] == 0);
    /* 123 against 12121: 1 and 2 of three tokens, 12 of two pairs, none of one: (2/3)(2/3)(1/2)(1),
     * and it is 2 tokens shorter */
    CHECK_NEAR(over[SAMPLE_RATIO_SELF_BLEU][1], pow(2. / 3 * 2 / 3 / 2, 0.25) * exp(1 - 5. / 3),
               1e-12);
    /* 12121 against 123: one 1, one 2 of five; one 12 of four; (1+1)/(4+1), 1/(3+1), 1/(2+1) */
    CHECK_NEAR(over[SAMPLE_RATIO_SELF_BLEU][0], pow(2. / 5 * 2 / 5 / 4 / 3, 0.25), 1e-12);
}

/* How often `gram` stands in text i. */
static size_t count_of(size_t i, const int32_t *gram, size_t n)
{
    size_t found = 0;
    for (size_t t = 0; t + n <= texts[i].count; t++)
        found += memcmp(ids[i] + t, gram, n * sizeof *gram) == 0;
    return found;
}

/* BLEU of text i against the others, gram by gram. */
static double slow_bleu(size_t i, size_t count)
{
    double product = 1;
    size_t own = texts[i].count, nearest = 0;
    for (size_t n = 1; n <= 4; n++) {
        double matched = 0, all = own >= n ? (double)(own - n + 1) : 0;
        for (size_t t = 0; t + n <= own; t++) {
            const int32_t *gram = ids[i] + t;
            size_t earlier = 0, most = 0;
            for (size_t k = 0; k < t; k++)
                earlier += memcmp(ids[i] + k, gram, n * sizeof *gram) == 0;
            for (size_t k = 0; k < count; k++) {
                size_t others = k != i ? count_of(k, gram, n) : 0;
                most = others > most ? others : most;
            }
            matched += earlier < most;
        }
        product *= (matched + (n > 1)) / (all + (n > 1));
    }
    for (size_t k = 0; k < count; k++) {
        double a = fabs((double)texts[k].count - (double)own),
               b = fabs((double)nearest - (double)own);
        if (k != i && (nearest == 0 || a < b || (a == b && texts[k].count < nearest)))
            nearest = texts[k].count;
    }
    return pow(product, 0.25) * (own < nearest ? exp(1 - (double)nearest / (double)own) : 1);
}

static void equals_the_slow_way(struct tap *tap)
{
    for (uint64_t seed = 0; seed < 6; seed++) {
        struct lm_rng rng = lm_rng_stream(seed, "texts");
        struct sample_figures out;
        for (size_t i = 0; i < MOST; i++) {
            texts[i].count = 1 + lm_rng_below(rng, i, LENGTH, LENGTH);
            for (size_t t = 0; t < texts[i].count; t++)
                ids[i][t] = (int32_t)lm_rng_below(rng, i, t, 2 + 3 * seed);
        }
        measure(tap, &out, MOST);
        for (size_t i = 0; i < MOST; i++)
            CHECK_NEAR(over[SAMPLE_RATIO_SELF_BLEU][i], slow_bleu(i, MOST), 1e-9);
    }
}

/*
 * The jackknife's interval: of 400 sets of 25 texts from one distribution nine in ten or more hold
 * what sets have on average.
 */
static void intervals_cover(struct tap *tap)
{
    enum { SETS = 400, TEXTS = 25 };
    static struct sample_figures figures[SETS];
    for (size_t n = 1; n <= 2; n++) {
        double mean = 0;
        int hold = 0;
        for (size_t s = 0; s < SETS; s++) {
            struct lm_rng rng = lm_rng_stream(s, "sets");
            for (size_t i = 0; i < TEXTS; i++) {
                double topic = 100 * (double)lm_rng_below(rng, i, 999, 4); /* texts differ */
                texts[i].count = LENGTH;
                for (size_t t = 0; t < LENGTH; t++) { /* a few tokens are frequent, as in text */
                    double u = lm_rng_uniform(rng, i, t);
                    ids[i][t] = (int32_t)(topic + 1000 * u * u * u * u);
                }
            }
            measure(tap, &figures[s], TEXTS);
            mean += figures[s].distinct[n - 1].value / SETS;
        }
        for (size_t s = 0; s < SETS; s++)
            hold +=
                figures[s].distinct[n - 1].low <= mean && mean <= figures[s].distinct[n - 1].high;
        printf("# distinct-%zu: %d of %d intervals hold the mean\n", n, hold, SETS);
        CHECK(hold >= SETS * 9 / 10);
    }
}

static struct sample_figure compressed(struct tap *tap, const struct sample_bytes *bytes,
                                       size_t count)
{
    struct lm_arena *arena = lm_arena_create();
    struct sample_figure out = {-1, -1, -1};
    CHECK_INT(sample_compression(&out, bytes, count, arena, NULL), LM_OK);
    lm_arena_free(arena);
    return out;
}

/* A, B, AB, ABA: four codes, the first of 8 bits, those behind it of 9. A text ends its phrase. */
static void compression_by_hand(struct tap *tap)
{
    static const struct sample_bytes whole[] = {{(const uint8_t *)"ABABABA", 7}};
    static const struct sample_bytes parts[] = {
        {(const uint8_t *)"AB", 2}, {NULL, 0}, {(const uint8_t *)"AB", 2}};
    CHECK_NEAR(compressed(tap, whole, 1).value, 56 / 35.0, 1e-15);
    CHECK_NEAR(compressed(tap, parts, 3).value, 32 / 26.0, 1e-15); /* A, B, AB */
    CHECK(isnan(compressed(tap, whole, 1).low) && isnan(compressed(tap, parts + 1, 1).value));
}

/* What repeats compresses, what is drawn does not; both have intervals that hold their values. */
static void compression_tells_apart(struct tap *tap)
{
    enum { SIZE = 400 };

    static uint8_t drawn[MOST][SIZE];
    struct sample_bytes same[MOST], other[MOST];
    struct lm_rng rng = lm_rng_stream(1, "bytes");
    for (size_t i = 0; i < MOST; i++) {
        for (size_t t = 0; t < SIZE; t++)
            drawn[i][t] = (uint8_t)lm_rng_below(rng, i, t, 256);
        same[i] = (struct sample_bytes){drawn[0], SIZE};
        other[i] = (struct sample_bytes){drawn[i], SIZE};
    }
    struct sample_figure high = compressed(tap, same, MOST), low = compressed(tap, other, MOST);
    CHECK(high.value > 3 && low.value < 1);
    CHECK(high.low <= high.value && high.value <= high.high && low.high < high.low);
    CHECK(low.low <= low.value && low.value <= low.high);
}

static const struct tap_test tests[] = {TAP_ROW(by_hand) TAP_ROW(equals_the_slow_way) TAP_ROW(
    intervals_cover) TAP_ROW(compression_by_hand) TAP_ROW(compression_tells_apart)};
LM_TEST_FILE(tests)
