/* Calibration by hand: sure answers, coins, ties in confidence. */
#include <math.h>

#include "stats/calibration.h"
#include "tap.h"

enum { ANSWERS = 3000 };

/* Of ten answers given at 0.9 nine are right, of ten at 0.5 all: errors 0 and 0.5, on average 0.25.
 */
static void errors_by_hand(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_calibration_bin bins[LM_CALIBRATION_BINS];
    double confidence[20], correct[20];
    for (size_t i = 0; i < 20; i++) {
        confidence[i] = i < 10 ? 0.9 : 0.5;
        correct[i] = i != 3;
    }
    REQUIRE(lm_calibration_cut(bins, confidence, correct, 20, arena, NULL) == LM_OK);
    CHECK_NEAR(lm_calibration_error(bins), 0.25, 1e-15);
    lm_arena_free(arena);
}

/* Equal confidences stay together whatever the order of items: coins called at 0.5 are calibrated,
 * though the first half of them is right and the second is not. */
static void equal_confidences_are_one_bin(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_calibration_bin bins[LM_CALIBRATION_BINS];
    static double confidence[ANSWERS], correct[ANSWERS];
    size_t used = 0;
    for (size_t i = 0; i < ANSWERS; i++) {
        confidence[i] = 0.5;
        correct[i] = i < ANSWERS / 2;
    }
    REQUIRE(lm_calibration_cut(bins, confidence, correct, ANSWERS, arena, NULL) == LM_OK);
    for (size_t b = 0; b < LM_CALIBRATION_BINS; b++)
        used += bins[b].count > 0;
    CHECK_INT(used, 1);
    CHECK_NEAR(lm_calibration_error(bins), 0, 1e-12);
    lm_arena_free(arena);
}

/* Bins of equal mass, and what 0.1 too much confidence costs. */
static void bins_have_equal_mass(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_calibration_bin bins[LM_CALIBRATION_BINS];
    static double confidence[ANSWERS], correct[ANSWERS];
    for (size_t i = 0; i < ANSWERS; i++) {
        confidence[i] = 0.2 + 0.8 * (double)((i * 7919) % ANSWERS) / ANSWERS;
        correct[i] = confidence[i] - 0.1; /* what of it is right, on average */
    }
    REQUIRE(lm_calibration_cut(bins, confidence, correct, ANSWERS, arena, NULL) == LM_OK);
    for (size_t b = 0; b < LM_CALIBRATION_BINS; b++)
        CHECK_NEAR(bins[b].count, ANSWERS / LM_CALIBRATION_BINS, 0);
    CHECK_NEAR(lm_calibration_error(bins), 0.1, 1e-12);
    REQUIRE(lm_calibration_cut(bins, confidence, correct, 0, arena, NULL) == LM_OK);
    CHECK(isnan(lm_calibration_error(bins)));
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {
    TAP_ROW(errors_by_hand) TAP_ROW(equal_confidences_are_one_bin) TAP_ROW(bins_have_equal_mass)};

LM_TEST_FILE(tests)
