/* Gates against a baseline, on differences of two real models (tests/data/compare/README.md). */
#include "compare/worsening.h"

#include "base/io.h"
#include "compare_fixture.h"
#include "stats/distributions.h"
#include "tap.h"

enum { DRAWS = 200, MOST_POOL = 800 };

/* Per document: bytes, and nats of both models; the second is made equal to the first on average.
 */
struct pool {
    size_t count;
    double bytes[MOST_POOL], a[MOST_POOL], b[MOST_POOL];
};

static bool read_pool(struct pool *pool, struct lm_arena *arena)
{
    char *text;
    size_t size;
    pool->count = 0;
    if (lm_file_read(&text, &size, arena, LM_TEST_DATA "/compare/pool.csv", 1 << 20, NULL) != LM_OK)
        return false;
    for (char *line = strchr(text, '\n');
         line != NULL && line[1] != '\0' && pool->count < MOST_POOL;
         line = strchr(line + 1, '\n')) {
        size_t i = pool->count++;
        if (sscanf(line + 1, "%lf,%lf,%lf", &pool->bytes[i], &pool->a[i], &pool->b[i]) != 3)
            return false;
    }
    return pool->count >= 300;
}

/* Both means become equal: what differs is what differs by document. */
static void centre(struct pool *pool)
{
    double a = 0, b = 0, bytes = 0;
    for (size_t i = 0; i < pool->count; i++) {
        a += pool->a[i];
        b += pool->b[i];
        bytes += pool->bytes[i];
    }
    for (size_t i = 0; i < pool->count; i++)
        pool->b[i] -= (b - a) / bytes * pool->bytes[i];
}

/* `n` documents of the pool with replacement, the second model `shift` (a share) worse. */
static bool draw(struct lm_items items[2], struct lm_arena *arena, const struct pool *pool,
                 size_t n, double shift, uint64_t seed)
{
    struct lm_rng rng = lm_rng_stream(seed, "documents");
    double rate = 0, bytes = 0;
    for (size_t i = 0; i < pool->count; i++) {
        rate += pool->a[i];
        bytes += pool->bytes[i];
    }
    for (size_t k = 0; k < 2; k++)
        if (lm_items_init(&items[k], arena, n, NULL) != LM_OK)
            return false;
    for (size_t i = 0; i < n; i++) {
        size_t at = (size_t)lm_rng_below(rng, 0, i, pool->count);
        for (size_t k = 0; k < 2; k++) {
            items[k].ids[i] = lm_arena_printf(arena, "%06zu", i);
            items[k].columns[LM_ITEM_BYTES][i] = pool->bytes[at];
            items[k].columns[LM_ITEM_NLL][i] =
                k == 0 ? pool->a[at] : pool->b[at] + shift * rate / bytes * pool->bytes[at];
        }
    }
    return true;
}

static struct lm_worsening_question question_of(const struct lm_pairing *pairing)
{
    return (struct lm_worsening_question){.pairing = pairing,
                                          .better = LM_BETTER_LOWER,
                                          .margin = 0,
                                          .confidence = 0.95,
                                          .resamples = 500,
                                          .rng = lm_rng_stream(3, "gate")};
}

static const char *text_of(struct lm_arena *arena, const struct lm_worsening *worsening)
{
    return lm_reason_text(arena, &worsening->reason);
}

struct tally {
    size_t results[3];
};

/* The standard error of n documents' worsening, as a share of the metric: from the whole pool. */
static double error_of(const struct pool *pool, size_t n)
{
    double squares = 0, bytes = 0, nats = 0;
    for (size_t i = 0; i < pool->count; i++) {
        squares += (pool->b[i] - pool->a[i]) * (pool->b[i] - pool->a[i]);
        bytes += pool->bytes[i];
        nats += pool->a[i];
    }
    double count = (double)pool->count;
    return sqrt(squares / count / (double)n) / (bytes / count) / (nats / bytes);
}

/* 200 keyed draws of n documents each: how often each result comes. */
static bool tally(struct tally *out, const struct pool *pool, size_t n, double shift)
{
    struct lm_pairing pairing = lm_pairing_find("valid.bpb");
    *out = (struct tally){{0, 0, 0}};
    for (uint64_t s = 0; s < DRAWS; s++) {
        struct lm_arena *arena = lm_arena_create();
        struct lm_worsening_question question = question_of(&pairing);
        struct lm_worsening result;
        struct lm_items items[2];
        bool is_done =
            draw(items, arena, pool, n, shift, s) &&
            lm_compare_worsening(&result, &items[1], &items[0], &question, arena, NULL) == LM_OK;
        out->results[result.result]++;
        lm_arena_free(arena);
        if (!is_done)
            return false;
    }
    return true;
}

/* No change: at most 18 of 200 fail (10 expected, 18 has a chance of 1 % to be passed), and about
 * as many pass, whatever the number of documents. */
static void no_change_seldom_fails(struct tap *tap)
{
    static struct pool pool;
    struct lm_arena *arena = lm_arena_create();
    static const size_t sizes[] = {50, 150, 400};
    REQUIRE(read_pool(&pool, arena));
    centre(&pool);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct tally out;
        REQUIRE(tally(&out, &pool, sizes[i], 0));
        printf("# n = %zu, no change: %zu pass, %zu fail, %zu undecided\n", sizes[i],
               out.results[LM_WORSENING_PASS], out.results[LM_WORSENING_FAIL],
               out.results[LM_WORSENING_UNDECIDED]);
        CHECK(out.results[LM_WORSENING_FAIL] <= 18);
        CHECK(out.results[LM_WORSENING_PASS] <= 24); /* where the documents' skew shows */
    }
    lm_arena_free(arena);
}

/* Shares of failure as the power of the test predicts: P(Z > 1.645 − shift / error). */
static void changes_are_found_as_power_says(struct tap *tap)
{
    static struct pool pool;
    static const double shifts[] = {0.005, 0.0005};
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(read_pool(&pool, arena));
    centre(&pool);
    for (size_t i = 0; i < 2; i++) {
        struct tally out;
        REQUIRE(tally(&out, &pool, 400, shifts[i]));
        double power = 1 - lm_normal_cdf(1.6448536 - shifts[i] / error_of(&pool, 400));
        double failed = (double)out.results[LM_WORSENING_FAIL] / DRAWS;
        printf("# n = 400, %+.2f %%: %zu pass, %zu fail, %zu undecided; power %.3f\n",
               100 * shifts[i], out.results[LM_WORSENING_PASS], out.results[LM_WORSENING_FAIL],
               out.results[LM_WORSENING_UNDECIDED], power);
        CHECK_NEAR(failed, power, 3 * sqrt(power * (1 - power) / DRAWS) + 0.03);
        CHECK(out.results[LM_WORSENING_PASS] <= 18);
    }
    lm_arena_free(arena);
}

/* ---- by hand ---- */

struct gate {
    struct lm_arena *arena;
    struct lm_items items[2]; /* baseline, run */
    struct lm_pairing pairing;
};

static bool open_gate(struct gate *gate, const char *metric, size_t n)
{
    gate->arena = lm_arena_create();
    gate->pairing = lm_pairing_find(metric);
    for (size_t k = 0; k < 2; k++) {
        if (lm_items_init(&gate->items[k], gate->arena, n, NULL) != LM_OK)
            return false;
        for (size_t i = 0; i < n; i++) {
            gate->items[k].ids[i] = lm_arena_printf(gate->arena, "%06zu", i);
            gate->items[k].columns[LM_ITEM_BYTES][i] = 100;
            gate->items[k].columns[LM_ITEM_TOKENS][i] = 25;
            gate->items[k].columns[LM_ITEM_NLL][i] = FIXTURE_LN2 * 200; /* 2 bits per byte */
            gate->items[k].columns[LM_ITEM_SCORE][i] = i % 2 == 0;
        }
    }
    return true;
}

static struct lm_worsening decide(struct gate *gate, const struct lm_worsening_question *question)
{
    struct lm_worsening out;
    if (lm_compare_worsening(&out, &gate->items[1], &gate->items[0], question, gate->arena, NULL) !=
        LM_OK)
        printf("# no decision\n");
    return out;
}

static void equal_items_pass(struct tap *tap)
{
    struct gate gate;
    REQUIRE(open_gate(&gate, "valid.bpb", 5)); /* even of 5 */
    struct lm_worsening_question question = question_of(&gate.pairing);
    struct lm_worsening out = decide(&gate, &question);
    CHECK_INT(out.result, LM_WORSENING_PASS);
    CHECK_STR(text_of(gate.arena, &out), "every document has the number it had");
    CHECK_NEAR(out.value, 2, 1e-12);
    gate.items[1].columns[LM_ITEM_NLL][3] += 1e-9;
    out = decide(&gate, &question);
    CHECK_INT(out.result, LM_WORSENING_UNDECIDED);
    CHECK(strstr(text_of(gate.arena, &out), "fewer than 20 items") != NULL);
    lm_arena_free(gate.arena);
    REQUIRE(open_gate(&gate, "valid.bpb", 30));
    for (size_t i = 0; i < 30; i++)
        gate.items[0].columns[LM_ITEM_BYTES][i] = gate.items[1].columns[LM_ITEM_BYTES][i] = 0;
    gate.items[1].columns[LM_ITEM_NLL][3] += 1e-9;
    out = decide(&gate, &question);
    CHECK_INT(out.result, LM_WORSENING_UNDECIDED);
    CHECK_STR(text_of(gate.arena, &out),
              "what the metric divides by adds up to 0 over all documents: no interval");
    lm_arena_free(gate.arena);
}

/* Every document 1 % worse: beyond a margin of 0.5 %, at the edge of 1 %, within 2 %; likewise
 * absolute, and the other way round for a metric of which more is better. */
static void margins_are_absolute_or_relative(struct tap *tap)
{
    static const struct {
        double margin;
        bool is_relative;
        enum lm_worsening_result want;
    } rows[] = {
        {0.005, true, LM_WORSENING_FAIL},  {0.02, true, LM_WORSENING_PASS},
        {0.015, false, LM_WORSENING_FAIL}, {0.025, false, LM_WORSENING_PASS},
        {0, false, LM_WORSENING_FAIL},
    };
    struct gate gate;
    REQUIRE(open_gate(&gate, "valid.bpb", 40));
    for (size_t i = 0; i < 40; i++)
        gate.items[1].columns[LM_ITEM_NLL][i] *= 1.01 + (i % 2 ? 0.001 : -0.001);
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        struct lm_worsening_question question = question_of(&gate.pairing);
        question.margin = rows[r].margin;
        question.is_relative = rows[r].is_relative;
        struct lm_worsening out = decide(&gate, &question);
        CHECK_INT(out.result, rows[r].want);
        CHECK_NEAR(out.worse, 0.02, 1e-9);
        CHECK(out.low < out.worse && out.worse < out.high && out.high - out.low < 0.003);
        CHECK(strstr(text_of(gate.arena, &out), "worse by 0.02 bits per byte (0.019") != NULL);
        CHECK(strstr(text_of(gate.arena, &out), "over 40 documents, not over seeds") != NULL);
    }
    lm_arena_free(gate.arena);
}

static void more_may_be_better(struct tap *tap)
{
    struct gate gate;
    REQUIRE(open_gate(&gate, "test.accuracy", 200));
    for (size_t i = 0; i < 60; i++)
        gate.items[1].columns[LM_ITEM_SCORE][i] = 0;
    struct lm_worsening_question question = question_of(&gate.pairing);
    question.better = LM_BETTER_HIGHER;
    struct lm_worsening out = decide(&gate, &question);
    CHECK_INT(out.result, LM_WORSENING_FAIL);
    CHECK_NEAR(out.worse, 0.15, 1e-12);
    question.margin = 0.5; /* of the baseline's 0.5: down to 0.25 is allowed */
    question.is_relative = true;
    out = decide(&gate, &question);
    CHECK_INT(out.result, LM_WORSENING_PASS);
    CHECK_NEAR(out.margin, 0.25, 1e-12);
    for (size_t i = 0; i < 200; i++)
        gate.items[1].columns[LM_ITEM_SCORE][i] = 1;
    question.margin = 0;
    out = decide(&gate, &question);
    CHECK_INT(out.result, LM_WORSENING_PASS);
    CHECK(strstr(text_of(gate.arena, &out), "better by 0.5 (0.4") != NULL);
    lm_arena_free(gate.arena);
}

/* A perplexity: the margin is on its own scale. */
static void perplexities_have_margins(struct tap *tap)
{
    struct gate gate;
    REQUIRE(open_gate(&gate, "valid.ppl", 60));
    for (size_t i = 0; i < 60; i++)
        gate.items[1].columns[LM_ITEM_NLL][i] *= 1.001 + (i % 2 ? 0.0001 : -0.0001);
    struct lm_worsening_question question = question_of(&gate.pairing);
    double baseline = exp(FIXTURE_LN2 * 8), value = exp(FIXTURE_LN2 * 8 * 1.001);
    question.margin = value - baseline + 0.5;
    struct lm_worsening out = decide(&gate, &question);
    CHECK_INT(out.result, LM_WORSENING_PASS);
    CHECK_NEAR(out.worse, value - baseline, 1e-9);
    question.margin = value - baseline - 0.5;
    CHECK_INT(decide(&gate, &question).result, LM_WORSENING_FAIL);
    lm_arena_free(gate.arena);
}

static void what_cannot_be_compared_is_undecided(struct tap *tap)
{
    struct gate gate;
    REQUIRE(open_gate(&gate, "valid.ppl", 40));
    struct lm_worsening_question question = question_of(&gate.pairing);
    gate.items[1].columns[LM_ITEM_TOKENS][4] = 26;
    struct lm_worsening out = decide(&gate, &question);
    CHECK_INT(out.result, LM_WORSENING_UNDECIDED);
    CHECK_STR(text_of(gate.arena, &out),
              "another tokenizer: document 000004 has 26 tokens in this run, 25 in the "
              "baseline");
    gate.items[1].ids[2] = "other";
    out = decide(&gate, &question);
    CHECK(strstr(text_of(gate.arena, &out),
                 "other documents: document 000002 is not among those of both") != NULL);
    gate.pairing = lm_pairing_find("test.bleu");
    out = decide(&gate, &question);
    CHECK(out.result == LM_WORSENING_UNDECIDED &&
          strstr(text_of(gate.arena, &out), "BLEU") != NULL);
    gate.pairing = lm_pairing_find("blimp.acc");
    CHECK_STR(gate.pairing.file, "blimp.jsonl");
    CHECK(gate.pairing.without == LM_REASON_NONE && gate.pairing.is_right_wrong);
    CHECK_INT(gate.pairing.better, LM_BETTER_HIGHER);
    CHECK_INT(lm_pairing_find("wikitext2.bpb").under, LM_ITEM_BYTES);
    CHECK_INT(lm_pairing_for("lambada.ppl", &gate.items[0]).under, LM_ITEM_TOKENS);
    CHECK(lm_pairing_find("wikitext2.word_ppl").without != LM_REASON_NONE);
    CHECK(lm_pairing_find("test.word_ppl").better == LM_BETTER_NONE);
    gate.pairing = lm_pairing_find("somebody's.metric");
    out = decide(&gate, &question);
    CHECK(out.result == LM_WORSENING_UNDECIDED &&
          strstr(text_of(gate.arena, &out), "not known") != NULL);
    lm_arena_free(gate.arena);
    REQUIRE(open_gate(&gate, "valid.bpb", 40));
    gate.items[0].columns[LM_ITEM_NLL][1] = (double)NAN;
    question.pairing = &gate.pairing;
    out = decide(&gate, &question);
    CHECK_STR(text_of(gate.arena, &out), "the baseline has no finite number for document 000001");
    lm_arena_free(gate.arena);
    REQUIRE(open_gate(&gate, "valid.bpb", 0));
    out = decide(&gate, &question);
    CHECK_STR(text_of(gate.arena, &out), "there are no items");
    lm_arena_free(gate.arena);
}

static const struct tap_test tests[] = {
    TAP_ROW(no_change_seldom_fails) TAP_ROW(changes_are_found_as_power_says)
        TAP_ROW(equal_items_pass) TAP_ROW(margins_are_absolute_or_relative)
            TAP_ROW(more_may_be_better) TAP_ROW(perplexities_have_margins)
                TAP_ROW(what_cannot_be_compared_is_undecided)};
LM_TEST_FILE(tests)
