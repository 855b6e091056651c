/* What the index of weights says is what the sorted list says, for logits of many shapes; draws and
 * rules that use it have the list's results. */
#include <lmpipe/model.h>

#include <math.h>
#include <stdlib.h>

#include "base/elem.h"
#include "model/decode/candidates.h"
#include "model/decode/mass_index.h"
#include "tests/tap.h"

enum { SIZE = 9000 };

static float logits[SIZE];
static int32_t order[SIZE];
static double weights[SIZE]; /* in the order */

static int by_logit(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    if (logits[x] != logits[y])
        return logits[x] > logits[y] ? -1 : 1;
    return (x > y) - (x < y);
}

/* The list: sorted, weighed. */
static void list(double temperature)
{
    for (int32_t i = 0; i < SIZE; i++)
        order[i] = i;
    qsort(order, SIZE, sizeof *order, by_logit);
    for (size_t i = 0; i < SIZE; i++) {
        double below = (double)logits[order[i]] - (double)logits[order[0]];
        weights[i] = below == 0 ? 1 : lm_exp(below / temperature);
    }
}

enum shape { FLAT, SHARP, EQUAL, FEW_VALUES, RISING, HUGE_SPREAD, SHAPES };

static void fill(enum shape shape)
{
    struct lm_rng rng = lm_rng_stream(7, "logits");
    for (uint64_t i = 0; i < SIZE; i++) {
        double normal = lm_rng_normal(rng, (uint64_t)shape, i);
        const double values[SHAPES] = {
            [FLAT] = normal,
            [SHARP] = 3 * normal + (i % 500 == 0 ? 12 : 0),
            [EQUAL] = -2.5,
            [FEW_VALUES] = floor(2 * normal),
            [RISING] = (double)i / SIZE,
            [HUGE_SPREAD] = i % 2 ? 1e30 * normal : normal,
        };
        logits[i] = (float)values[shape];
    }
}

static const double temperatures[] = {1, 0.8, 0.3, 5, 1e-310, INFINITY};

/* How many of the list reach a mass (or are above it). */
static size_t list_reach(double goal)
{
    double mass = 0;
    size_t kept = 0;
    while (mass <= goal && kept < SIZE)
        mass += weights[kept++];
    return kept;
}

static void answers_are_the_lists(struct tap *tap)
{
    static struct lm_mass_index index;
    static uint64_t keys[SIZE];
    void *room = malloc(lm_mass_index_bytes(SIZE));
    size_t asked = 0, told = 0, wrong = 0;
    for (int shape = 0; shape < SHAPES; shape++) {
        fill((enum shape)shape);
        for (size_t t = 0; t < sizeof temperatures / sizeof temperatures[0]; t++) {
            double sum = 0;
            list(temperatures[t]);
            lm_mass_index_build(&index, lm_kernels_pick(NULL), logits, SIZE,
                                (double)logits[order[0]], temperatures[t], keys, room);
            for (size_t i = 0; i < SIZE; sum += weights[i++]) {
                if (i % 997 != 3)
                    continue;
                struct lm_mass mass = lm_mass_index_sum(&index, i);
                wrong += !(fabs(mass.value - sum) <= mass.slack);
                struct lm_mass_place place = {0, 0};
                struct lm_mass goal = {sum + weights[i] * 0.37, 0};
                asked++;
                if (weights[i] * 0.2 < index.slack) /* no bound tells so little apart */
                    asked--;
                else if (lm_mass_index_reach(&index, goal, &place))
                    told++;
                else
                    continue;
                if (place.count > 0)
                    wrong +=
                        place.count != list_reach(goal.value) || place.id != order[place.count - 1];
            }
            for (double least = 1e-6; least <= 1; least *= 3.7) {
                size_t above = 0;
                while (above < SIZE && weights[above] >= least)
                    above++;
                wrong += lm_mass_index_above(&index, least) != above;
            }
        }
    }
    CHECK_INT(wrong, 0);
    CHECK(asked > 100);
    CHECK_INT(told, asked);
    free(room);
}

/* A goal on the border of two candidates is left open, as is one that may itself be off. */
static void borders_are_left_open(struct tap *tap)
{
    static struct lm_mass_index index;
    static uint64_t keys[SIZE];
    struct lm_mass_place place;
    void *room = malloc(lm_mass_index_bytes(SIZE));
    fill(FLAT);
    list(1);
    lm_mass_index_build(&index, lm_kernels_pick(NULL), logits, SIZE, (double)logits[order[0]], 1,
                        keys, room);
    double sum = 0;
    for (size_t i = 0; i < 4000; i++)
        sum += weights[i];
    CHECK(!lm_mass_index_reach(&index, (struct lm_mass){sum, 0}, &place));
    CHECK(!lm_mass_index_reach(&index, (struct lm_mass){sum + weights[4000] / 2, weights[4000]},
                               &place));
    CHECK(!lm_mass_index_reach(&index, (struct lm_mass){1e9, 0}, &place));
    CHECK(!lm_mass_index_reach(&index, (struct lm_mass){NAN, 0}, &place));
    CHECK(lm_mass_index_reach(&index, (struct lm_mass){sum + weights[4000] / 2, 0}, &place));
    CHECK_INT(place.count, 4001);
    free(room);
}

/* ---- draws ---- */

/* The first of `count` listed candidates whose mass is more than a share of theirs. */
static int32_t list_draw(size_t count, double total, double u)
{
    double mass = 0;
    size_t i = 0;
    while (i < count && mass <= u * total)
        mass += weights[i++];
    return order[i - 1];
}

static double list_total(size_t count)
{
    double total = 0;
    for (size_t i = 0; i < count; i++)
        total += weights[i];
    return total;
}

/* How many the method keeps, of a total of all. */
static size_t list_keep(const struct lm_sampling *method, double total)
{
    double mass = 0;
    size_t kept = 0;
    if (method->top_k > 0)
        return (size_t)method->top_k;
    while (method->top_p > 0 && mass < method->top_p * total)
        mass += weights[kept++];
    while (method->min_p > 0 && kept < SIZE && weights[kept] >= method->min_p)
        kept++;
    return kept;
}

static void draws_are_the_lists(struct tap *tap)
{
    static const struct lm_sampling methods[] = {
        {.temperature = 1},
        {.temperature = 0.8, .top_p = 0.95},
        {.temperature = 5, .top_p = 0.999},
        {.temperature = 1, .min_p = 0.05},
        {.temperature = 1, .min_p = 1e-5},
        {.temperature = 2, .top_k = 3000},
    };
    void *scratch = malloc(lm_sampling_scratch(SIZE));
    struct lm_rng rng = lm_rng_stream(3, "u");
    for (int shape = 0; shape < RISING; shape++) {
        fill((enum shape)shape);
        for (size_t m = 0; m < sizeof methods / sizeof methods[0]; m++) {
            const struct lm_sampling *method = &methods[m];
            struct lm_candidates all;
            size_t wrong = 0;
            list(method->temperature);
            lm_candidates_open(&all, lm_kernels_pick(NULL), logits, SIZE, scratch);
            lm_candidates_heat(&all, method->temperature);
            double total = lm_candidates_total(&all, NULL);
            size_t kept = list_keep(method, total);
            for (uint64_t i = 0; i < 25; i++) {
                double u = lm_rng_uniform(rng, m, i);
                int32_t id = lm_sampling_draw(method, logits, SIZE, NULL, 0, u, scratch);
                wrong += id != (kept > 0 ? list_draw(kept, list_total(kept), u)
                                         : list_draw(SIZE, total, u));
            }
            CHECK_INT(wrong, 0);
        }
    }
    free(scratch);
}

/* ---- typical ones ---- */

static double distances[SIZE];

static int by_distance(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    if (distances[x] != distances[y])
        return distances[x] < distances[y] ? -1 : 1;
    if (logits[x] != logits[y])
        return logits[x] > logits[y] ? -1 : 1;
    return (x > y) - (x < y);
}

/* The list becomes that of the `count` returned whose ln weights are nearest to their mean. */
static size_t list_typical(double temperature, double typical_p, double total, double moment)
{
    double mass = 0, largest = (double)logits[order[0]];
    size_t kept = 0;
    for (int32_t i = 0; i < SIZE; i++)
        distances[i] = fabs(((double)logits[i] - largest) / temperature - moment / total);
    qsort(order, SIZE, sizeof *order, by_distance);
    while (mass < typical_p * total && kept < SIZE) {
        double below = (double)logits[order[kept++]] - largest;
        mass += below == 0 ? 1 : lm_exp(below / temperature);
    }
    qsort(order, kept, sizeof *order, by_logit);
    for (size_t i = 0; i < kept; i++) {
        double below = (double)logits[order[i]] - (double)logits[order[0]];
        weights[i] = below == 0 ? 1 : lm_exp(below / temperature);
    }
    return kept;
}

/* By the index or by lists: thousands are kept, or few far down, and what follows chooses among
 * them. */
static void typical_draws_are_the_lists(struct tap *tap)
{
    static const struct lm_sampling methods[] = {
        {.temperature = 1, .typical_p = 0.9},
        {.temperature = 1, .typical_p = 0.2},
        {.temperature = 0.7, .typical_p = 0.6},
        {.temperature = 3, .typical_p = 0.01},
        {.temperature = 1, .typical_p = 0.5, .top_p = 0.7},
        {.temperature = 2, .typical_p = 0.7, .min_p = 0.6},
        {.temperature = 1, .typical_p = 0.999},
    };
    void *scratch = malloc(lm_sampling_scratch(SIZE));
    struct lm_rng rng = lm_rng_stream(4, "u");
    for (int shape = 0; shape < SHAPES; shape++) {
        fill((enum shape)shape);
        for (size_t m = 0; m < sizeof methods / sizeof methods[0]; m++) {
            const struct lm_sampling *method = &methods[m];
            struct lm_candidates all;
            size_t wrong = 0;
            double moment;
            list(method->temperature);
            lm_candidates_open(&all, lm_kernels_pick(NULL), logits, SIZE, scratch);
            lm_candidates_heat(&all, method->temperature);
            double total = lm_candidates_total(&all, &moment);
            size_t count = list_typical(method->temperature, method->typical_p, total, moment);
            size_t kept = list_keep(method, list_total(count));
            kept = kept > 0 ? kept : count;
            kept = kept < count ? kept : count;
            for (uint64_t i = 0; i < 40; i++) {
                double u = lm_rng_uniform(rng, m, i);
                int32_t id = lm_sampling_draw(method, logits, SIZE, NULL, 0, u, scratch);
                wrong += id != list_draw(kept, list_total(kept), u);
            }
            if (wrong > 0)
                printf("# shape %d, method %zu\n", shape, m);
            CHECK_INT(wrong, 0);
        }
    }
    free(scratch);
}

/* The answers themselves: where there is one it is the list's, and there mostly is. */
static void nearest_are_the_lists(struct tap *tap)
{
    static struct lm_mass_index index;
    static uint64_t keys[SIZE];
    void *room = malloc(lm_mass_index_bytes(SIZE));
    size_t asked = 0, told = 0, wrong = 0;
    for (int shape = 0; shape < SHAPES; shape++) {
        fill((enum shape)shape);
        for (double middle = -6; middle <= 0; middle += 0.37)
            for (double share = 0.03; share < 1; share += 0.11) {
                struct lm_mass_slice slice = {0, 0};
                list(1);
                double goal = share * list_total(SIZE), largest = (double)logits[order[0]];
                lm_mass_index_build(&index, lm_kernels_pick(NULL), logits, SIZE, largest, 1, keys,
                                    room);
                bool is_told = lm_mass_index_nearest(&index, middle, goal, &slice);
                asked += shape == FLAT || shape == RISING;
                told += is_told && (shape == FLAT || shape == RISING);
                size_t count = list_typical(1, share, list_total(SIZE), middle * list_total(SIZE));
                int32_t first = order[0], last = order[count - 1];
                list(1);
                wrong += is_told && (slice.to - slice.from != count || order[slice.from] != first ||
                                     order[slice.to - 1] != last);
            }
    }
    CHECK_INT(wrong, 0);
    CHECK(told > asked * 9 / 10);
    free(room);
}

/* Weights by every kernel path are those of lm_exp. */
static void weights_are_exponentials(struct tap *tap)
{
    const struct lm_kernels *paths[] = {&lm_kernels_c, lm_kernels_pick("avx2"),
                                        lm_kernels_pick(NULL)};
    static double found[SIZE];
    for (size_t k = 0; k < sizeof paths / sizeof paths[0]; k++) {
        for (int shape = 0; paths[k] != NULL && shape < SHAPES; shape++) {
            fill((enum shape)shape);
            for (size_t t = 0; t < sizeof temperatures / sizeof temperatures[0]; t++) {
                size_t wrong = 0;
                list(temperatures[t]);
                paths[k]->weigh_logits(found, logits, SIZE, (double)logits[order[0]],
                                       temperatures[t]);
                for (size_t i = 0; i < SIZE; i++)
                    wrong += found[order[i]] != weights[i];
                CHECK_INT(wrong, 0);
            }
        }
    }
}

static const struct tap_test tests[] = {
    TAP_ROW(answers_are_the_lists) TAP_ROW(borders_are_left_open) TAP_ROW(draws_are_the_lists)
        TAP_ROW(typical_draws_are_the_lists) TAP_ROW(nearest_are_the_lists)
            TAP_ROW(weights_are_exponentials)};
LM_TEST_FILE(tests)
