/** The classifier: it tells two kinds of text apart, and its rule keeps as many as it says. */
#include "corpus/quality.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lmpipe/rng.h>

#include "base/buf.h"
#include "tests/tap.h"

/* A text of `words` words of 500; those of kind 1 prefer other ones than those of kind 0. */
static void write_text(struct lm_buf *out, size_t kind, uint64_t seed, size_t words)
{
    const struct lm_rng rng = lm_rng_stream(1, "texts");
    lm_buf_clear(out);
    for (size_t i = 0; i < words; i++) {
        uint64_t a = lm_rng_below(rng, seed, 2 * i, 500),
                 b = lm_rng_below(rng, seed, 2 * i + 1, 500);
        bool is_less = a < b;
        lm_buf_printf(out, "Word%llu, ", (unsigned long long)(is_less == (kind == 1) ? a : b));
    }
}

static void train(struct tap *tap, struct lm_quality *quality, size_t negatives, size_t positives)
{
    struct lm_quality_words words = {.counts = NULL};
    struct lm_buf text;
    lm_buf_init(&text, 0);
    REQUIRE(lm_quality_begin(quality, NULL) == LM_OK);
    for (size_t i = 0; i < negatives + positives; i++) {
        write_text(&text, i >= negatives, i, 100);
        REQUIRE(lm_quality_add(quality, &words, text.data, text.size, i >= negatives, i % 8 == 7,
                               NULL) == LM_OK);
    }
    REQUIRE(lm_quality_train(quality, NULL) == LM_OK);
    lm_quality_words_release(&words);
    lm_buf_release(&text);
}

static double score(struct tap *tap, const struct lm_quality *quality, size_t kind, uint64_t seed)
{
    struct lm_quality_words words = {.counts = NULL};
    struct lm_buf text;
    double out = NAN;
    lm_buf_init(&text, 0);
    write_text(&text, kind, seed, 100 + seed % 400);
    CHECK(lm_quality_score(quality, &out, &words, text.data, text.size, NULL) == LM_OK);
    lm_quality_words_release(&words);
    lm_buf_release(&text);
    return out;
}

static void tells_kinds_apart(struct tap *tap)
{
    struct lm_quality quality;
    size_t wrong = 0;
    train(tap, &quality, 300, 300);
    for (size_t i = 0; i < 200; i++)
        wrong += (score(tap, &quality, i % 2, 10000 + i) >= 0.5) != (i % 2 == 1);
    CHECK(wrong < 10);
    CHECK_INT(quality.held[0] + quality.held[1], 75);
    CHECK(quality.missed[0] + quality.missed[1] < 8);
    lm_quality_release(&quality);
}

/* Few examples of one kind weigh as much as many of the other. */
static void weighs_both_kinds(struct tap *tap)
{
    struct lm_quality quality;
    double sum = 0;
    size_t wrong = 0;
    train(tap, &quality, 400, 40);
    for (size_t i = 0; i < 200; i++) {
        double own = score(tap, &quality, i % 2, 20000 + i);
        wrong += (own >= 0.5) != (i % 2 == 1);
        sum += own;
    }
    CHECK(wrong < 40);
    CHECK(sum > 60 && sum < 140);
    lm_quality_release(&quality);
}

static void is_the_same_again(struct tap *tap)
{
    struct lm_quality a, b;
    train(tap, &a, 100, 100);
    train(tap, &b, 100, 100);
    CHECK(memcmp(a.weights, b.weights, sizeof *a.weights << LM_QUALITY_BITS) == 0);
    CHECK(a.bias == b.bias);
    lm_quality_release(&a);
    lm_quality_release(&b);
}

static void needs_both_kinds(struct tap *tap)
{
    struct lm_quality quality;
    struct lm_quality_words words = {.counts = NULL};
    struct lm_err err;
    double own;
    REQUIRE(lm_quality_begin(&quality, NULL) == LM_OK);
    REQUIRE(lm_quality_add(&quality, &words, "some words", 10, true, false, NULL) == LM_OK);
    REQUIRE(lm_quality_add(&quality, &words, "...", 3, false, false, NULL) == LM_OK);
    CHECK_INT(lm_quality_train(&quality, &err), LM_INVALID);
    CHECK(strstr(err.text, "too few negative examples") != NULL);
    CHECK(lm_quality_score(&quality, &own, &words, "", 0, NULL) == LM_OK && own == 0.5);
    lm_quality_words_release(&words);
    lm_quality_release(&quality);
}

/* P(Lomax > 1 − s) = (2 − s)^-alpha, within 4 standard errors. */
static void keeps_as_pareto_says(struct tap *tap)
{
    enum { DRAWS = 20000 };

    static const double scores[] = {0, 0.3, 0.7, 0.9, 1};
    static const double alphas[] = {9, 2};
    for (size_t k = 0; k < 10; k++) {
        const double s = scores[k % 5], alpha = alphas[k / 5], share = pow(2 - s, -alpha);
        size_t kept = 0;
        for (size_t i = 0; i < DRAWS; i++) {
            struct lm_digest digest;
            lm_sha256_bytes(&digest, &i, sizeof i);
            kept += lm_quality_keeps(s, alpha, &digest);
        }
        double error = sqrt(share * (1 - share) / DRAWS);
        CHECK(fabs((double)kept / DRAWS - share) <= 4 * error + (s == 1 ? 1e-3 : 0));
    }
}

static const struct tap_test tests[] = {TAP_ROW(tells_kinds_apart) TAP_ROW(weighs_both_kinds)
                                            TAP_ROW(is_the_same_again) TAP_ROW(needs_both_kinds)
                                                TAP_ROW(keeps_as_pareto_says)};
LM_TEST_FILE(tests)
