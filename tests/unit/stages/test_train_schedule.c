/* Learning rates and batches of a step, against what their formulas say. */
#include "stages/train/train_schedule.h"

#include <lmpipe/stage.h>

#include "stages/train/train_ramp.h"
#include "tests/tap.h"

static struct train_params usual(const char *schedule)
{
    return (struct train_params){.schedule = schedule,
                                 .lr = 1,
                                 .min_lr = 0.1,
                                 .warmup = 10,
                                 .steps = 111,
                                 .batch = 3,
                                 .context = 7,
                                 .accumulate = 1};
}

static void test_warmup(struct tap *tap)
{
    static const char *const names[] = {"cosine", "linear", "constant", "wsd", "inverse_sqrt"};
    for (size_t i = 0; i < 5; i++) {
        struct train_params p = usual(names[i]);
        p.cooldown = 20;
        for (int64_t s = 0; s < 10; s++)
            CHECK_NEAR(train_rate(&p, s), (double)(s + 1) / 10, 1e-15);
        CHECK(train_rate(&p, 10) > 0.95 && train_rate(&p, 10) <= 1); /* no step up or down */
        p.warmup = 0;
        CHECK_NEAR(train_rate(&p, 0), 1, 1e-15);
    }
}

/* From step 10 to step 110 in a hundred parts; with a horizon, beyond it nothing changes. */
static void test_descents(struct tap *tap)
{
    struct train_params cosine = usual("cosine"), line = usual("linear");
    for (int64_t s = 10; s <= 110; s++) {
        double part = (double)(s - 10) / 100;
        CHECK_NEAR(train_rate(&line, s), 0.1 + 0.9 * (1 - part), 1e-12);
        CHECK_NEAR(train_rate(&cosine, s), 0.1 + 0.45 * (1 + cos(3.141592653589793 * part)), 1e-12);
    }
    cosine.horizon = line.horizon = 111;
    for (int64_t steps = 20; steps < 400; steps += 100) { /* the length does not matter then */
        cosine.steps = line.steps = steps;
        for (int64_t s = 0; s < steps; s++) {
            double part = s < 110 ? (double)(s - 10) / 100 : 1;
            if (s < 10)
                continue;
            CHECK_NEAR(train_rate(&line, s), 0.1 + 0.9 * (1 - part), 1e-12);
            CHECK_NEAR(train_rate(&cosine, s), 0.1 + 0.45 * (1 + cos(3.141592653589793 * part)),
                       1e-12);
        }
    }
}

static void test_constant(struct tap *tap)
{
    struct train_params p = usual("constant");
    for (int64_t s = 10; s < 111; s++)
        CHECK_NEAR(train_rate(&p, s), 1, 1e-15);
}

/* Level to step 85, then 25 equal parts down. */
static void test_wsd(struct tap *tap)
{
    struct train_params p = usual("wsd");
    p.cooldown = 25;
    for (int64_t s = 10; s < 86; s++)
        CHECK(train_rate(&p, s) == 1);
    for (int64_t s = 86; s < 111; s++)
        CHECK_NEAR(train_rate(&p, s), 1 - 0.9 * (double)(s - 85) / 25, 1e-12);
    CHECK_NEAR(train_rate(&p, 110), 0.1, 1e-15);
    p.horizon = 61;
    CHECK(train_rate(&p, 35) == 1 && train_rate(&p, 36) < 1);
    for (int64_t s = 60; s < 111; s++)
        CHECK_NEAR(train_rate(&p, s), 0.1, 1e-15);
    p.cooldown = 0; /* nothing is left for it: down at once */
    CHECK(train_rate(&p, 60) == 1 && train_rate(&p, 61) == 0.1);
}

/* Vaswani et al. 2017, equation 3, in the unit of the peak. */
static void test_inverse_sqrt(struct tap *tap)
{
    struct train_params p = usual("inverse_sqrt");
    p.steps = 3000;
    for (int64_t s = 0; s < 3000; s++) {
        double n = (double)(s + 1), want = fmin(1 / sqrt(n), n * pow(10, -1.5)) * sqrt(10);
        CHECK_NEAR(train_rate(&p, s), s < 10 || want > 0.1 ? want : 0.1, 1e-14);
    }
    p.warmup = 0;
    CHECK_NEAR(train_rate(&p, 24), 0.2, 1e-15);
}

/* ---- the ramp ---- */

/* Step after step: as many batches as the tokens before it say. */
static void check_ramp(struct tap *tap, int64_t from, int64_t to, int64_t tokens)
{
    struct train_params p = usual("constant");
    p.accumulate = to;
    p.ramp_from = from;
    p.ramp_tokens = tokens;
    int64_t over = (tokens + 20) / 21, before = 0, last = 0;
    for (int64_t step = 0; step < 200; step++) {
        struct train_ramp_place place = train_ramp_at(&p, step);
        int64_t grown = before >= over ? to : from + (to - from) * before / over;
        CHECK_INT(place.step, step);
        CHECK_INT(place.before, before);
        CHECK_INT(place.batches, grown);
        CHECK_INT(train_ramp_tokens(&p, step), before * 21);
        CHECK(place.batches >= last);
        CHECK_INT(train_ramp_steps(&p, before * 21), step);
        CHECK_INT(train_ramp_steps(&p, before * 21 + 1), step + 1);
        last = place.batches;
        before += grown;
    }
    CHECK(last == to);
}

static void test_ramp(struct tap *tap)
{
    check_ramp(tap, 1, 2, 21 * 4);
    check_ramp(tap, 1, 8, 21 * 100);
    check_ramp(tap, 1, 8, 21 * 100 + 1);
    check_ramp(tap, 3, 5, 1);
    check_ramp(tap, 1, 100, 21 * 7); /* leaps over sizes */
    check_ramp(tap, 7, 64, 21 * 999 + 5);
    check_ramp(tap, 63, 64, 21 * 3000);
    check_ramp(tap, 4, 4, 21 * 100); /* nothing to grow */
}

static void test_no_ramp(struct tap *tap)
{
    struct train_params p = usual("constant");
    p.accumulate = 4;
    for (int64_t step = 0; step < 50; step++) {
        struct train_ramp_place place = train_ramp_at(&p, step);
        CHECK_INT(place.before, 4 * step);
        CHECK_INT(place.batches, 4);
    }
    CHECK_INT(train_ramp_steps(&p, 84), 1);
    CHECK_INT(train_ramp_steps(&p, 85), 2);
    CHECK_INT(train_ramp_steps(&p, 1), 1);
}

/* The largest numbers that the rows let through: nothing overflows, nothing takes long. */
static void test_large_ramp(struct tap *tap)
{
    struct train_params p = usual("constant");
    p.batch = p.context = 1;
    p.accumulate = 1 << 16;
    p.ramp_from = 1;
    p.ramp_tokens = 100000000000000;
    int64_t last = 0;
    for (int64_t step = 0; step <= 1000000000; step += 50000000) {
        struct train_ramp_place place = train_ramp_at(&p, step);
        CHECK(place.before >= last && place.before <= step << 16);
        CHECK(place.batches >= 1 && place.batches <= 1 << 16);
        last = place.before;
    }
    CHECK(train_ramp_steps(&p, 100000000000000) > 1000000000);
    /* GPT-3: 32 thousand to 3.2 million tokens a step over 12 billion. Each size from 1 to 99
     * batches has a 99th of the tokens, in steps of that size. */
    p = (struct train_params){.batch = 16, .context = 2048, .accumulate = 100, .ramp_from = 1};
    p.ramp_tokens = 12000000000;
    double steps = 0;
    for (int size = 1; size < 100; size++)
        steps += 12e9 / 99 / (size * 32768.0);
    CHECK_NEAR((double)train_ramp_steps(&p, p.ramp_tokens), steps, 99); /* whole steps */
}

static const struct tap_test tests[] = {TAP_ROW(test_warmup) TAP_ROW(test_descents)
                                            TAP_ROW(test_constant) TAP_ROW(test_wsd)
                                                TAP_ROW(test_inverse_sqrt) TAP_ROW(test_ramp)
                                                    TAP_ROW(test_no_ramp) TAP_ROW(test_large_ramp)};
LM_TEST_FILE(tests)
