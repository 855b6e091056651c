/* BLEU and chrF against what sacreBLEU prints (its README's example), and by hand. */
#include "stages/evaluate/bleu.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "stages/evaluate/chrf.h"
#include "tests/tap.h"

enum { SEGMENTS = 3, REFERENCES = 2 };

static const char *const answers[SEGMENTS] = {"The dog bit the man.", "It wasn't surprising.",
                                              "The man had just bitten him."};
static const char *const references[SEGMENTS][REFERENCES] = {
    {"The dog bit the man.", "The dog had bit the man."},
    {"It was not unexpected.", "No one was surprised."},
    {"The man bit him first.", "The man had bitten the dog."},
};

static struct lm_example_text text(const char *data)
{
    return (struct lm_example_text){data, strlen(data)};
}

/* Post 2018, sacreBLEU's README: BLEU = 48.53 82.4/50.0/45.5/37.5 (BP = 0.943, 17 of 18 tokens);
 * chrF2 = 59.73. */
static void test_published(struct tap *tap)
{
    static const double precisions[BLEU_ORDER] = {82.4, 50.0, 45.5, 37.5};
    struct lm_arena *arena = lm_arena_create();
    struct bleu_stats bleu = {0}, one;
    struct chrf_stats chrf = {0}, some;
    struct lm_err err;
    for (size_t i = 0; i < SEGMENTS; i++) {
        const struct lm_example_text answer = text(answers[i]);
        const struct lm_example_text both[REFERENCES] = {text(references[i][0]),
                                                         text(references[i][1])};
        CHECK_INT(bleu_count(&one, arena, &answer, both, REFERENCES, &err), LM_OK);
        CHECK_INT(chrf_count(&some, arena, &answer, both, REFERENCES, &err), LM_OK);
        bleu_add(&bleu, &one, 1);
        chrf_add(&chrf, &some, 1);
    }
    CHECK_NEAR(bleu_score(&bleu), 48.530827009929865, 1e-9);
    CHECK_NEAR(chrf_score(&chrf), 59.73, 0.005);
    CHECK_NEAR(bleu.answer_length, 17, 0);
    CHECK_NEAR(bleu.reference_length, 18, 0);
    for (size_t n = 0; n < BLEU_ORDER; n++)
        CHECK_NEAR(100 * bleu.matches[n] / bleu.totals[n], precisions[n], 0.051);
    lm_arena_free(arena);
}

/* What mteval-v13a cuts: points and commas but between digits, a dash behind a digit. */
static void test_tokens(struct tap *tap)
{
    static const struct {
        const char *from, *to;
    } rows[] = {
        {"Hello, world.", "Hello , world ."},
        {"1,000.5 is 3.14", "1,000.5 is 3.14"},
        {"in 1990-91", "in 1990 - 91"},
        {"well-known", "well-known"},
        {"&quot;A&amp;B&quot;", "\" A & B \""},
        {"a  b\nc", "a b c"},
        {"wasn't", "wasn't"},
        {"(x)", "( x )"},
        {"\xc3\xa4.\xc3\xb6", "\xc3\xa4 . \xc3\xb6"},
        {"", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_buf out;
        lm_buf_init(&out, 0);
        bleu_tokenize(&out, rows[i].from, strlen(rows[i].from));
        lm_buf_putc(&out, '\0');
        CHECK_STR(out.data, rows[i].to);
        lm_buf_release(&out);
    }
}

static double bleu_of(const char *answer, const char *reference)
{
    struct lm_arena *arena = lm_arena_create();
    const struct lm_example_text a = text(answer), r = text(reference);
    struct bleu_stats stats = {0};
    struct lm_err err;
    enum lm_status status = bleu_count(&stats, arena, &a, &r, 1, &err);
    lm_arena_free(arena);
    return status == LM_OK ? bleu_score(&stats) : -1;
}

/* Exponential smoothing: the k-th order without a match counts 1/2ᵏ of one. */
static void test_by_hand(struct tap *tap)
{
    CHECK_NEAR(bleu_of("a b c d e", "a b c d e"), 100, 1e-9);
    CHECK_NEAR(bleu_of("", "a b"), 0, 0);
    CHECK_NEAR(bleu_of("x y z w", "a b c d"), 0, 0);
    /* matches 4, 2, 0, 0 of 5, 4, 3, 2 */
    double want = 100 * pow(4.0 / 5 * (2.0 / 4) * (0.5 / 3) * (0.25 / 2), 0.25);
    CHECK_NEAR(bleu_of("a b x c d", "a b c d e"), want, 1e-9);
    /* shorter than the reference: exp(1 − 8/4) */
    CHECK_NEAR(bleu_of("a b c d", "a b c d e f g h"), 100 * exp(-1), 1e-9);
}

/* Papineni et al. 2002, section 2.1: clipped counts and modified precisions of their examples. */
static void test_papineni(struct tap *tap)
{
    static const struct lm_example_text cats[] = {{"the cat is on the mat", 21},
                                                  {"there is a cat on the mat", 25}};
    const struct lm_example_text orders[] = {
        text("it is a guide to action that ensures that the military will forever heed party "
             "commands"),
        text("it is the guiding principle which guarantees the military forces always being under "
             "the command of the party"),
        text("it is the practical guide for the army always to heed the directions of the party")};
    const struct lm_example_text answers_to[] = {
        text("it is a guide to action which ensures that the military always obeys the commands "
             "of the party"),
        text("it is to insure the troops forever hearing the activity guidebook that party "
             "direct")};
    const struct lm_example_text the = text("the the the the the the the");
    struct lm_arena *arena = lm_arena_create();
    struct bleu_stats stats = {0};
    struct lm_err err;
    REQUIRE(bleu_count(&stats, arena, &the, cats, 2, &err) == LM_OK);
    CHECK(stats.matches[0] == 2 && stats.totals[0] == 7 && stats.matches[1] == 0);
    CHECK(stats.reference_length == 7); /* 6 and 7: the closer one */
    REQUIRE(bleu_count(&stats, arena, &answers_to[0], orders, 3, &err) == LM_OK);
    CHECK(stats.matches[0] == 17 && stats.totals[0] == 18);
    CHECK(stats.matches[1] == 10 && stats.totals[1] == 17);
    REQUIRE(bleu_count(&stats, arena, &answers_to[1], orders, 3, &err) == LM_OK);
    CHECK(stats.matches[0] == 8 && stats.totals[0] == 14);
    CHECK(stats.matches[1] == 1 && stats.totals[1] == 13);
    /* two words and four are as far from three: the shorter one */
    const struct lm_example_text three = text("a b c"), far[] = {text("a b c d"), text("a b")};
    REQUIRE(bleu_count(&stats, arena, &three, far, 2, &err) == LM_OK);
    CHECK(stats.reference_length == 2);
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {TAP_ROW(test_published) TAP_ROW(test_tokens)
                                            TAP_ROW(test_by_hand) TAP_ROW(test_papineni)};
LM_TEST_FILE(tests)
