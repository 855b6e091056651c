/* The loops return what their arithmetic says, and the rates lie where no processor can be
 * outside of: peaks are bounded by what a core issues, and a product cannot be faster. */
#include <lmpipe/model.h>

#include <stdlib.h>

#include "model/kernels/kernels.h"
#include "model/kernels/peak.h"
#include "tests/tap.h"

static const char *const names[] = {"c", "avx2", "avx512"};

/* c ← 0.75·c + 0.25 from 0 … 13 in every lane tends to 1; one round is checked exactly. */
static void test_fp32_loops(struct tap *tap)
{
    for (size_t i = 0; i < 3; i++) {
        const struct lm_peak_kernel *peak = lm_peak_pick(names[i]);
        if (peak == NULL)
            continue;
        double lanes = peak->flops / 28;
        CHECK_STR(peak->name, names[i]);
        CHECK_NEAR(peak->fp32(0), 91 * lanes, 0);
        CHECK_NEAR(peak->fp32(1), (91 * 0.75 + 14 * 0.25) * lanes, 1e-3);
        CHECK_NEAR(peak->fp32(1000), 14 * lanes, 1e-3);
    }
    CHECK(lm_peak_pick("none") == NULL);
}

static void test_bf16_loop(struct tap *tap)
{
    const struct lm_peak_bf16 *peak = lm_peak_pick_bf16(NULL);
    CHECK(lm_peak_pick_bf16("c") == NULL && lm_peak_pick_bf16("avx2") == NULL);
    if (peak == NULL)
        SKIP("this processor has no AVX512-BF16");
    /* a round adds 2·2⁻⁸ to each of 14·16 sums: 448 products */
    CHECK_NEAR(peak->flops, 4 * 14 * 16, 0);
    CHECK_NEAR(peak->bf16(0), 91 * 16, 0);
    CHECK_NEAR(peak->bf16(256), 91 * 16 + 2 * 14 * 16, 0);
}

static void test_read(struct tap *tap)
{
    enum { N = 4 * LM_PEAK_READ_UNIT };

    float *x = aligned_alloc(64, N * sizeof *x);
    REQUIRE(x != NULL);
    for (size_t i = 0; i < N; i++)
        x[i] = (float)(i % 8);
    for (size_t i = 0; i < 3; i++) {
        const struct lm_peak_kernel *peak = lm_peak_pick(names[i]);
        if (peak != NULL)
            CHECK_NEAR(peak->read(x, N), N * 3.5, 0);
    }
    free(x);
}

/* Two threads of this process, whatever else the machine does: the clock of a core lies between
 * 0.1 and 8 GHz, and it starts at most 4 vector operations a cycle. */
static void test_rates(struct tap *tap)
{
    struct lm_machine_peak one, two;
    struct lm_err err;
    for (size_t i = 0; i < 3; i++) {
        if (lm_peak_pick(names[i]) == NULL)
            continue;
        double lanes = lm_peak_pick(names[i])->flops / 28;
        REQUIRE(lm_machine_peak(&one, names[i], 1, &err) == LM_OK);
        CHECK_STR(one.kernels, names[i]);
        CHECK(one.fp32 > 0.1e9 * lanes && one.fp32 < 8e9 * 4 * 2 * lanes);
        CHECK((one.bf16 > 0) == (lm_peak_pick_bf16(names[i]) != NULL));
    }
    REQUIRE(lm_machine_peak(&two, NULL, 2, &err) == LM_OK);
    CHECK(two.fp32 > 0.1e9);
    CHECK_STR(two.kernels, lm_kernels_pick(NULL)->name);
    CHECK(lm_machine_peak(&one, "mmx", 1, &err) == LM_UNSUPPORTED && strstr(err.text, "avx2"));
}

/* No product is faster than the peak of its own instructions: a model's forward pass, its best of
 * twenty. */
static void test_a_product_is_below(struct tap *tap)
{
    enum { T = 128 };

    static int32_t tokens[T];
    const struct lm_model_config config = {
        .vocab = 256, .context = T, .layers = 2, .heads = 4, .width = 256, .dropout = 0};
    const struct lm_model_options options = {.numerics = LM_NUMERICS_PORTABLE};
    const struct lm_scores scores = {0};
    struct lm_phase_stats before[LM_PHASES], after[LM_PHASES];
    struct lm_model *model = NULL;
    struct lm_machine_peak peak;
    struct lm_err err;
    double best = 0;
    REQUIRE(lm_machine_peak(&peak, NULL, 1, &err) == LM_OK);
    REQUIRE(lm_model_create(&model, &config, &options, &err) == LM_OK);
    for (int i = 0; i < 20; i++) {
        lm_model_phases(model, before);
        CHECK(lm_model_score(model, tokens, tokens, 1, T, &scores, &err) == LM_OK);
        lm_model_phases(model, after);
        best = fmax(best, (after[LM_PHASE_FORWARD].flops - before[LM_PHASE_FORWARD].flops) /
                              (after[LM_PHASE_FORWARD].seconds - before[LM_PHASE_FORWARD].seconds));
    }
    CHECK(best > 0 && best < 1.15 * peak.fp32); /* the clock of a core may rise meanwhile */
    lm_model_free(model);
}

static void test_read_rate(struct tap *tap)
{
    double rate = 0;
    struct lm_err err;
    REQUIRE(lm_machine_read_rate(&rate, 2, &err) == LM_OK);
    CHECK(rate > 50e6 && rate < 10e12);
}

static const struct tap_test tests[] = {TAP_ROW(test_fp32_loops) TAP_ROW(test_bf16_loop) TAP_ROW(
    test_read) TAP_ROW(test_rates) TAP_ROW(test_a_product_is_below) TAP_ROW(test_read_rate)};
LM_TEST_FILE(tests)
