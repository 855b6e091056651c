#include "compare/comparison.h"

#include "compare_fixture.h"
#include "stats/distributions.h"
#include "tap.h"

static enum lm_status compare(struct lm_comparison *out, struct fixture *fixture,
                              const struct lm_compare_options *options, struct lm_err *err)
{
    return lm_compare_runs(out, fixture->arena, fixture->runs, fixture->count, options, err);
}

/* ---- the table ---- */

static void sorts_by_the_metric(struct tap *tap)
{
    struct fixture fixture;
    struct lm_comparison out;
    struct lm_compare_options options = fixture_options();
    fixture_open(&fixture);
    fixture_sweep(&fixture, 60, 2);
    REQUIRE(compare(&out, &fixture, &options, NULL) == LM_OK);
    CHECK_INT(out.count, 6);
    CHECK_STR(out.rows[0].label, "lr=0.001,seed=1");
    CHECK_STR(out.rows[5].label, "lr=0.0001,seed=2");
    for (size_t i = 1; i < out.count; i++)
        CHECK(out.rows[i - 1].value <= out.rows[i].value);
    CHECK(out.reference == 0 && out.is_best_reference && out.rows[0].low < out.rows[0].value);
    CHECK_STR(out.columns[0].name, "valid.bpb");
    CHECK(out.column_count == 1 && out.columns[0].has_interval);
    options.better = LM_BETTER_HIGHER;
    REQUIRE(compare(&out, &fixture, &options, NULL) == LM_OK);
    CHECK_STR(out.rows[0].label, "lr=0.0001,seed=2");
    fixture_close(&fixture);
}

/* Runs come in any order: a matrix grows, lists are gathered anew. */
static void order_does_not_matter(struct tap *tap)
{
    struct fixture fixture;
    struct lm_comparison a, b;
    struct lm_compare_options options = fixture_options();
    fixture_open(&fixture);
    fixture_sweep(&fixture, 40, 3);
    REQUIRE(compare(&a, &fixture, &options, NULL) == LM_OK);
    for (size_t i = 0; i < fixture.count / 2; i++) {
        struct lm_compare_run run = fixture.runs[i];
        fixture.runs[i] = fixture.runs[fixture.count - 1 - i];
        fixture.runs[fixture.count - 1 - i] = run;
    }
    REQUIRE(compare(&b, &fixture, &options, NULL) == LM_OK);
    for (size_t i = 0; i < a.count; i++) {
        CHECK_STR(a.rows[i].label, b.rows[i].label);
        CHECK(a.rows[i].difference.low == b.rows[i].difference.low ||
              isnan(a.rows[i].difference.low));
    }
    CHECK(a.groups[1].items.high == b.groups[1].items.high);
    fixture_close(&fixture);
}

static void failed_and_diverged_stand_apart(struct tap *tap)
{
    struct fixture fixture;
    struct lm_comparison out;
    struct lm_compare_options options = fixture_options();
    fixture_open(&fixture);
    fixture_add(&fixture, "lr=0.001", 30, 0, 1);
    fixture_add(&fixture, "lr=0.002", 30, 0.01, 2);
    fixture_put(&fixture, "lr=1", "{\"valid.bpb\":0.001,\"diverged\":1,\"diverged_at\":4}");
    fixture_put(&fixture, "lr=2", NULL)->failed = "out of memory";
    fixture_put(&fixture, "lr=3", "{\"test.bpb\":1}");
    fixture_put(&fixture, "lr=4", "{\"valid.bpb\":\"low\"}");
    REQUIRE(compare(&out, &fixture, &options, NULL) == LM_OK);
    CHECK_INT(out.ranked, 2);
    CHECK_STR(out.rows[0].label, "lr=0.001"); /* not the one that diverged, low as it is */
    CHECK_INT(fixture_row(&out, "lr=1")->state, LM_RUN_DIVERGED);
    CHECK_INT(fixture_row(&out, "lr=2")->state, LM_RUN_FAILED);
    CHECK_STR(fixture_row(&out, "lr=2")->why, "out of memory");
    CHECK_INT(fixture_row(&out, "lr=3")->state, LM_RUN_UNRANKED);
    CHECK_INT(fixture_row(&out, "lr=4")->state, LM_RUN_UNRANKED);
    CHECK_INT(fixture_row(&out, "lr=4")->verdict, LM_VERDICT_NOT_COMPARED);
    CHECK(strstr(out.summary, "; 1 failed, 1 diverged, 2 without the metric.") != NULL);
    fixture_close(&fixture);
}

/* ---- differences ---- */

/* Of two runs: what the paired test of stats says of their items, in the metric's unit. */
static void differences_are_those_of_the_items(struct tap *tap)
{
    struct fixture fixture;
    struct lm_comparison out;
    struct lm_compare_options options = fixture_options();
    fixture_open(&fixture);
    fixture_add(&fixture, "small", 200, 0.02, 1);
    fixture_add(&fixture, "large", 200, 0, 2);
    REQUIRE(compare(&out, &fixture, &options, NULL) == LM_OK);
    const struct lm_compare_row *row = fixture_row(&out, "small");
    const struct lm_items *a = &fixture.items[0].items, *b = &fixture.items[1].items;
    double sum = 0, bytes = 0, squares = 0;
    for (size_t i = 0; i < 200; i++) {
        sum += a->columns[LM_ITEM_NLL][i] - b->columns[LM_ITEM_NLL][i];
        bytes += a->columns[LM_ITEM_BYTES][i];
    }
    for (size_t i = 0; i < 200; i++) {
        double rest = a->columns[LM_ITEM_NLL][i] - b->columns[LM_ITEM_NLL][i] -
                      sum / bytes * a->columns[LM_ITEM_BYTES][i];
        squares += rest * rest;
    }
    double error = sqrt(squares * 200 / 199) / bytes / FIXTURE_LN2;
    CHECK_NEAR(row->difference.value, sum / bytes / FIXTURE_LN2, 1e-12);
    CHECK_NEAR(row->difference.value, row->value - fixture_row(&out, "large")->value, 1e-12);
    CHECK_NEAR(row->difference.error, error, 1e-12);
    CHECK(row->verdict == LM_VERDICT_WORSE && row->difference.low > 0);
    CHECK_NEAR((row->difference.high - row->difference.value) / error, 1.96, 0.2);
    CHECK_NEAR(fixture_row(&out, "large")->best_share, 1, 0);
    options.reference = "small";
    REQUIRE(compare(&out, &fixture, &options, NULL) == LM_OK);
    CHECK_INT(fixture_row(&out, "large")->verdict, LM_VERDICT_BETTER);
    CHECK_INT(fixture_row(&out, "small")->verdict, LM_VERDICT_REFERENCE);
    CHECK(!out.is_best_reference);
    CHECK(strstr(out.summary,
                 "; beside small over 200 documents, 0 of 1 others are worse, 1 better") != NULL);
    fixture_close(&fixture);
}

/* A perplexity is no ratio of sums, but the exponential of one. */
static void perplexities_are_linearised(struct tap *tap)
{
    struct fixture fixture;
    struct lm_comparison out, nats;
    struct lm_compare_options options = fixture_options();
    fixture_open(&fixture);
    fixture_add(&fixture, "a", 100, 0.002, 1);
    fixture_add(&fixture, "b", 100, 0, 2);
    options.metric = "valid.nll";
    REQUIRE(compare(&nats, &fixture, &options, NULL) == LM_OK);
    options.metric = "valid.ppl";
    REQUIRE(compare(&out, &fixture, &options, NULL) == LM_OK);
    double mean = (fixture_row(&out, "a")->value + fixture_row(&out, "b")->value) / 2;
    CHECK_NEAR(fixture_row(&out, "a")->difference.value,
               fixture_row(&out, "a")->value - fixture_row(&out, "b")->value, 1e-9);
    CHECK_NEAR(fixture_row(&out, "a")->difference.error / mean,
               fixture_row(&nats, "a")->difference.error,
               0.05 * fixture_row(&nats, "a")->difference.error);
    fixture_close(&fixture);
}

static void other_items_are_said(struct tap *tap)
{
    struct fixture fixture;
    struct lm_comparison out;
    struct lm_compare_options options = fixture_options();
    fixture_open(&fixture);
    fixture_add(&fixture, "a", 50, 0.01, 1);
    fixture_add(&fixture, "b", 50, 0.05, 2);
    fixture_add(&fixture, "more", 51, -0.1, 3); /* better, but on other text */
    fixture_add(&fixture, "bytes", 50, 0.03, 4);
    fixture.items[3].items.columns[LM_ITEM_BYTES][7] += 1;
    fixture_add(&fixture, "none", 50, 0.03, 5)->given_count = 0;
    fixture_add(&fixture, "holes", 50, 0.03, 6);
    fixture.items[5].items.columns[LM_ITEM_NLL][3] = (double)NAN;
    REQUIRE(compare(&out, &fixture, &options, NULL) == LM_OK);
    CHECK_INT(out.compared, 2);
    CHECK(strstr(out.summary, "; 4 scored on something else.") != NULL);
    CHECK_STR(out.rows[out.reference].label, "a");
    CHECK_STR(out.rows[0].label, "a"); /* not the one whose number is of another text */
    CHECK_INT(fixture_row(&out, "more")->state, LM_RUN_OTHER);
    CHECK_INT(fixture_row(&out, "b")->verdict, LM_VERDICT_WORSE);
    CHECK_INT(fixture_row(&out, "more")->verdict, LM_VERDICT_NOT_COMPARED);
    CHECK(strstr(fixture_row(&out, "more")->why, "other documents: document 0000") != NULL);
    CHECK(strstr(fixture_row(&out, "bytes")->why, "another text: document ") != NULL);
    CHECK(strstr(fixture_row(&out, "none")->why, "no items") != NULL);
    CHECK(strstr(fixture_row(&out, "holes")->why, "no finite number for document ") != NULL);
    options.reference = "more"; /* then that one's items count */
    REQUIRE(compare(&out, &fixture, &options, NULL) == LM_OK);
    CHECK_INT(out.compared, 1);
    CHECK(strstr(fixture_row(&out, "a")->why, "other documents") != NULL);
    fixture_close(&fixture);
}

/* Bits per byte stand over tokenizers, perplexities do not. */
static void tokenizers_part_metrics_by_token(struct tap *tap)
{
    struct fixture fixture;
    struct lm_comparison out;
    struct lm_compare_options options = fixture_options();
    fixture_open(&fixture);
    fixture_add(&fixture, "a", 50, 0, 1);
    fixture_add(&fixture, "b", 50, 0.02, 2);
    for (size_t i = 0; i < 50; i++)
        fixture.items[1].items.columns[LM_ITEM_TOKENS][i] -= 1;
    REQUIRE(compare(&out, &fixture, &options, NULL) == LM_OK);
    CHECK_INT(fixture_row(&out, "b")->verdict, LM_VERDICT_WORSE);
    options.metric = "valid.ppl";
    REQUIRE(compare(&out, &fixture, &options, NULL) == LM_OK);
    CHECK_INT(fixture_row(&out, "b")->verdict, LM_VERDICT_NOT_COMPARED);
    CHECK(strstr(fixture_row(&out, "b")->why, "another tokenizer: document ") != NULL);
    fixture_close(&fixture);
}

static void few_items_have_no_verdict(struct tap *tap)
{
    struct fixture fixture;
    struct lm_comparison out;
    struct lm_compare_options options = fixture_options();
    fixture_open(&fixture);
    fixture_add(&fixture, "a", 19, 0, 1);
    fixture_add(&fixture, "b", 19, 1, 2);
    REQUIRE(compare(&out, &fixture, &options, NULL) == LM_OK);
    CHECK(fixture_row(&out, "b")->difference.value > 1 &&
          isnan(fixture_row(&out, "b")->difference.low));
    CHECK_INT(fixture_row(&out, "b")->verdict, LM_VERDICT_NOT_COMPARED);
    CHECK(out.unpaired == NULL);
    REQUIRE(out.uncertain != NULL);
    CHECK_STR(out.uncertain, "there are fewer than 20 items");
    fixture_close(&fixture);
}

static void some_metrics_have_no_pairs(struct tap *tap)
{
    struct fixture fixture;
    struct lm_comparison out;
    struct lm_err err = {0};
    struct lm_compare_options options = fixture_options();
    fixture_open(&fixture);
    fixture_put(&fixture, "a", "{\"test.bleu\":20,\"speed\":3}");
    fixture_put(&fixture, "b", "{\"test.bleu\":30,\"speed\":2}");
    options.metric = "test.bleu";
    REQUIRE(compare(&out, &fixture, &options, NULL) == LM_OK);
    CHECK_STR(out.rows[0].label, "b"); /* more is better */
    CHECK_STR(out.unpaired, "BLEU is of the whole text, no mean over examples");
    CHECK_INT(out.ranked, 2);
    options.metric = "speed";
    CHECK_INT(compare(&out, &fixture, &options, &err), LM_INVALID);
    CHECK(strstr(err.text, "mode: whether less or more of speed is better is not known") != NULL);
    options.better = LM_BETTER_HIGHER;
    REQUIRE(compare(&out, &fixture, &options, NULL) == LM_OK);
    CHECK_STR(out.rows[0].label, "a");
    options.metric = "valid.bpb";
    CHECK_INT(compare(&out, &fixture, &options, &err), LM_INVALID);
    CHECK(strstr(err.text, "metric: no run has a number valid.bpb") != NULL);
    options.metric = "speed";
    options.reference = "c";
    CHECK_INT(compare(&out, &fixture, &options, &err), LM_INVALID);
    CHECK(strstr(err.text, "reference: c is none of the runs compared") != NULL);
    fixture.runs[1].label = "a";
    options.reference = NULL;
    CHECK_INT(compare(&out, &fixture, &options, &err), LM_INVALID);
    CHECK(strstr(err.text, "two runs are called a") != NULL);
    fixture_close(&fixture);
}

/* Also where there is no paired test, other examples are no fair comparison. */
static void other_examples_are_said(struct tap *tap)
{
    struct fixture fixture;
    struct lm_comparison out;
    struct lm_compare_options options = fixture_options();
    fixture_open(&fixture);
    for (size_t k = 0; k < 3; k++) {
        struct lm_compare_items *given = &fixture.items[k];
        struct lm_compare_run *run =
            fixture_put(&fixture, lm_arena_printf(fixture.arena, "%zu", k),
                        lm_arena_printf(fixture.arena, "{\"test.bleu\":%zu}", 20 + k));
        given->file = "examples.test.jsonl";
        REQUIRE(lm_items_init(&given->items, fixture.arena, 2, NULL) == LM_OK);
        given->items.ids[0] = "t/1";
        given->items.ids[1] = k < 2 ? "t/2" : "t/3";
        run->given = given;
        run->given_count = 1;
    }
    options.metric = "test.bleu";
    REQUIRE(compare(&out, &fixture, &options, NULL) == LM_OK);
    CHECK_STR(out.rows[0].label, "1");
    CHECK_INT(fixture_row(&out, "2")->state, LM_RUN_OTHER);
    CHECK_STR(fixture_row(&out, "2")->why,
              "other examples: example t/2 is not among those of both 1 and 2");
    CHECK(strstr(out.unpaired, "BLEU") != NULL);
    fixture_close(&fixture);
}

/* Right and wrong: the items that one of both has right, and McNemar's p of them. */
static void right_and_wrong_are_counted(struct tap *tap)
{
    struct fixture fixture;
    struct lm_comparison out;
    struct lm_compare_options options = fixture_options();
    fixture_open(&fixture);
    for (size_t k = 0; k < 2; k++) {
        struct lm_compare_items *given = &fixture.items[k];
        struct lm_compare_run *run =
            fixture_put(&fixture, k == 0 ? "a" : "b",
                        k == 0 ? "{\"test.accuracy\":0.7}" : "{\"test.accuracy\":0.6}");
        given->file = "examples.test.jsonl";
        REQUIRE(lm_items_init(&given->items, fixture.arena, 100, NULL) == LM_OK);
        for (size_t i = 0; i < 100; i++) { /* 6 that b alone has right, 16 that a alone has */
            given->items.ids[i] = lm_arena_printf(fixture.arena, "%03zu", i);
            given->items.columns[LM_ITEM_SCORE][i] = k == 0 ? i < 70 : i >= 16 && i < 76;
        }
        run->given = given;
        run->given_count = 1;
    }
    options.metric = "test.accuracy";
    REQUIRE(compare(&out, &fixture, &options, NULL) == LM_OK);
    const struct lm_compare_row *row = fixture_row(&out, "b");
    CHECK_INT(row->only_own, 6);
    CHECK_INT(row->only_reference, 16);
    CHECK_NEAR(row->mcnemar, lm_mcnemar(6, 16), 0);
    CHECK_NEAR(row->difference.value, -0.1, 1e-12);
    CHECK_INT(row->verdict, LM_VERDICT_WORSE);
    fixture_close(&fixture);
}

/* As an id or as a label, whichever the runs have. */
static void a_reference_is_found_by_either_name(struct tap *tap)
{
    static const struct {
        const char *label, *wanted;
        enum lm_status want;
    } rows[] = {{"lr=1,seed=2", "scores@lr=1,seed=2", LM_OK},
                {"scores@lr=1", "lr=1", LM_OK},
                {"scores@lr=1", "model@lr=1", LM_OK},
                {"lr=1", "lr=1.0", LM_INVALID},
                {"scores", "scores@lr=1", LM_INVALID}};

    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        struct fixture fixture;
        struct lm_comparison out;
        struct lm_compare_options options = fixture_options();
        fixture_open(&fixture);
        fixture_put(&fixture, "best", "{\"valid.bpb\":1}");
        fixture_put(&fixture, rows[r].label, "{\"valid.bpb\":2}");
        options.reference = rows[r].wanted;
        CHECK_INT(compare(&out, &fixture, &options, NULL), rows[r].want);
        if (rows[r].want == LM_OK)
            CHECK_INT(out.reference, 1);
        fixture_close(&fixture);
    }
}

/* What an exported run has: numbers instead of a file, and items in memory. */
static void numbers_do_for_scores(struct tap *tap)
{
    struct fixture fixture;
    struct lm_comparison out;
    struct lm_compare_options options = fixture_options();
    fixture_open(&fixture);
    fixture_add(&fixture, "a", 40, 0, 1);
    fixture_add(&fixture, "b", 40, 0.1, 2);
    const struct lm_compare_number values[] = {
        {"valid.bpb", lm_json_double(lm_json_get(fixture.scores[1], "valid.bpb"), 0)},
        {"valid.bpb.lo", 1},
        {"valid.bpb.hi", 2},
        {"test.acc", 0.5},
        {"test.acc.lo", 0.4},
        {"model.width", 128}};
    fixture.runs[1].scores = NULL;
    fixture.runs[1].values = values;
    fixture.runs[1].value_count = sizeof values / sizeof values[0];
    REQUIRE(compare(&out, &fixture, &options, NULL) == LM_OK);
    CHECK_INT(out.ranked, 2);
    CHECK_INT(fixture_row(&out, "b")->verdict, LM_VERDICT_WORSE);
    CHECK_NEAR(fixture_row(&out, "b")->low, 1, 0);
    REQUIRE(out.column_count == 2);
    CHECK_STR(out.columns[1].name, "test.acc");
    CHECK_STR(lm_compare_param_of(&out, fixture_row(&out, "b"), "model.width"), "128");
    fixture_close(&fixture);
}

/* Of very many runs the best are resampled: all pairs of them are compared. Groups are of all. */
static void very_many_runs(struct tap *tap)
{
    struct fixture fixture;
    struct lm_comparison out;
    struct lm_compare_options options = fixture_options();
    static struct lm_compare_run runs[310];
    struct lm_compare_number values[310];
    fixture_open(&fixture);
    fixture_add(&fixture, "a", 25, 0, 1);
    options.resamples = 100;
    for (size_t i = 0; i < 310; i++) {
        values[i] = (struct lm_compare_number){"valid.bpb", 1 + (double)i};
        runs[i] = (struct lm_compare_run){
            .label = lm_arena_printf(fixture.arena, "lr=%zu,seed=%zu", i % 155, i / 155),
            .values = &values[i],
            .value_count = 1,
            .given = fixture.items,
            .given_count = 1};
    }
    REQUIRE(lm_compare_runs(&out, fixture.arena, runs, 310, &options, NULL) == LM_OK);
    CHECK_INT(out.ranked, 310);
    CHECK_INT(out.compared, 300);
    CHECK_INT(out.rows[299].verdict, LM_VERDICT_NO_DIFFERENCE); /* equal items */
    CHECK_INT(out.rows[300].verdict, LM_VERDICT_NOT_COMPARED);
    CHECK_INT(out.group_count, 155);
    CHECK_INT(out.groups[3].items_verdict, LM_VERDICT_NOT_COMPARED);
    CHECK(isfinite(out.groups[154].spread.low));
    options.reference = "lr=0,seed=0";
    REQUIRE(lm_compare_runs(&out, fixture.arena, runs, 310, &options, NULL) == LM_OK);
    CHECK_INT(out.compared, 310);
    fixture_close(&fixture);
}

/* ---- axes and groups ---- */

static void labels_are_axes(struct tap *tap)
{
    struct fixture fixture;
    struct lm_comparison out;
    struct lm_compare_options options = fixture_options();
    fixture_open(&fixture);
    fixture_put(&fixture, "scores@arch=a%2Cb%3D1,lr=0.001,seed=2", "{\"valid.bpb\":1}");
    fixture_put(&fixture, "scores@arch=tiny,lr=1e-4,seed=10", "{\"valid.bpb\":2}");
    fixture_put(&fixture, "scores@arch=tiny,lr=0.01,seed=1", "{\"valid.bpb\":3}");
    fixture_put(&fixture, "plain", "{\"valid.bpb\":4}");
    fixture_put(&fixture, "odd=1,", "{\"valid.bpb\":5}");
    REQUIRE(compare(&out, &fixture, &options, NULL) == LM_OK);
    REQUIRE(out.axis_count == 3);
    CHECK_STR(out.axes[0].name, "arch");
    CHECK_STR(out.axes[0].texts[0], "a,b=1");
    CHECK(!out.axes[0].is_number && !out.axes[0].is_repeat);
    CHECK_STR(out.axes[1].texts[0], "1e-4"); /* by size, not by bytes */
    CHECK(out.axes[1].is_number && out.axes[1].is_log);
    CHECK_STR(out.axes[2].name, "seed"); /* repeats last */
    CHECK_STR(out.axes[2].texts[2], "10");
    CHECK(out.axes[2].is_repeat);
    CHECK(fixture_row(&out, "plain")->places[1] == SIZE_MAX);
    CHECK(fixture_row(&out, "odd=1,")->places[0] == SIZE_MAX);
    fixture_close(&fixture);
}

static void steps_and_factors_are_told_apart(struct tap *tap)
{
    static const struct {
        const char *values[5];
        bool is_log;
    } rows[] = {
        {{"1", "2", "4", "8"}, true},       {{"1", "2", "3", "4"}, false},
        {{"0.001", "0.003", "0.01"}, true}, {{"10", "20", "30"}, false},
        {{"0", "1", "10"}, false},          {{"1", "100"}, false},
        {{"64", "128", "256"}, true},       {{"-1", "10", "100"}, false},
    };

    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        struct fixture fixture;
        struct lm_comparison out;
        struct lm_compare_options options = fixture_options();
        fixture_open(&fixture);
        for (size_t i = 0; i < 5 && rows[r].values[i] != NULL; i++)
            fixture_put(&fixture, lm_arena_printf(fixture.arena, "x=%s", rows[r].values[i]),
                        "{\"valid.bpb\":1}");
        REQUIRE(compare(&out, &fixture, &options, NULL) == LM_OK);
        CHECK(out.axes[0].is_log == rows[r].is_log);
        fixture_close(&fixture);
    }
}

/* Two sources of variance: the spread over seeds is that of stats/spread.h, the interval over
 * documents far from it. */
static void seeds_are_repeats(struct tap *tap)
{
    struct fixture fixture;
    struct lm_comparison out;
    struct lm_compare_options options = fixture_options();
    double values[3];
    fixture_open(&fixture);
    fixture_sweep(&fixture, 80, 3);
    REQUIRE(compare(&out, &fixture, &options, NULL) == LM_OK);
    REQUIRE(out.group_count == 3);
    CHECK_STR(out.groups[0].label, "lr=0.001");
    CHECK_INT(out.groups[0].count, 3);
    for (size_t k = 0; k < 3; k++)
        values[k] = out.rows[out.groups[0].rows[k]].value;
    struct lm_spread spread = lm_spread_of(values, 3, 0.95);
    CHECK_NEAR(out.groups[0].spread.mean, spread.mean, 1e-12);
    CHECK_NEAR(out.groups[0].spread.high, spread.high, 1e-12);
    CHECK(out.groups[0].low < spread.mean && spread.mean < out.groups[0].high);
    CHECK(fabs(out.groups[0].low - spread.low) > 1e-4); /* neither interval is the other */
    CHECK_INT(out.groups[0].items_verdict, LM_VERDICT_REFERENCE);
    CHECK_INT(out.groups[2].items_verdict, LM_VERDICT_WORSE);
    CHECK_INT(out.groups[2].repeats_verdict, LM_VERDICT_WORSE);
    CHECK_NEAR(out.groups[2].items.value, out.groups[2].repeats.value, 1e-12);
    fixture_close(&fixture);
}

/* Means over seeds have the intervals that runs with their mean losses would have. */
static void groups_are_runs_of_mean_losses(struct tap *tap)
{
    struct fixture fixture, means;
    struct lm_comparison out, wanted;
    struct lm_compare_options options = fixture_options();
    fixture_open(&fixture);
    fixture_open(&means);
    fixture_sweep(&fixture, 60, 2);
    for (size_t g = 0; g < 3; g++) {
        fixture_add(&means, lm_arena_printf(means.arena, "%zu", g), 60, 0, 1);
        for (size_t i = 0; i < 60; i++)
            means.items[g].items.columns[LM_ITEM_NLL][i] =
                (fixture.items[2 * g].items.columns[LM_ITEM_NLL][i] +
                 fixture.items[2 * g + 1].items.columns[LM_ITEM_NLL][i]) /
                2;
    }
    options.reference = "lr=0.001,seed=1";
    REQUIRE(compare(&out, &fixture, &options, NULL) == LM_OK);
    options.reference = "1";
    REQUIRE(compare(&wanted, &means, &options, NULL) == LM_OK);
    CHECK_NEAR(out.groups[2].items.value, fixture_row(&wanted, "0")->difference.value, 1e-12);
    CHECK_NEAR(out.groups[2].items.low, fixture_row(&wanted, "0")->difference.low, 1e-9);
    CHECK_NEAR(out.groups[1].items.high, fixture_row(&wanted, "2")->difference.high, 1e-9);
    fixture_close(&means);
    fixture_close(&fixture);
}

static void one_seed_has_no_spread(struct tap *tap)
{
    struct fixture fixture;
    struct lm_comparison out;
    struct lm_compare_options options = fixture_options();
    fixture_open(&fixture);
    fixture_add(&fixture, "lr=1,seed=1", 40, 0, 1);
    fixture_add(&fixture, "lr=1,seed=2", 40, 0.01, 2);
    fixture_add(&fixture, "lr=2,seed=1", 40, 0.1, 3);
    REQUIRE(compare(&out, &fixture, &options, NULL) == LM_OK);
    REQUIRE(out.group_count == 2);
    CHECK(isnan(out.groups[1].spread.low) && isnan(out.groups[1].spread.deviation));
    CHECK_INT(out.groups[1].repeats_verdict, LM_VERDICT_NOT_COMPARED);
    CHECK_INT(out.groups[1].items_verdict, LM_VERDICT_WORSE);
    fixture_close(&fixture);
}

/* ---- parameters and cost ---- */

static void only_what_differs_is_told(struct tap *tap)
{
    struct fixture fixture;
    struct lm_comparison out;
    struct lm_compare_options options = fixture_options();
    const struct lm_compare_param params[] = {{"clip", "1"}, {"schedule", "cosine"}};
    const struct lm_compare_param others[] = {{"clip", "1"}, {"schedule", "wsd"}};
    fixture_open(&fixture);
    struct lm_compare_run *a = fixture_put(
        &fixture, "width=64",
        "{\"valid.bpb\":1,\"model.width\":64,\"model.heads\":4,\"model.parameters\":10}");
    struct lm_compare_run *b = fixture_put(
        &fixture, "width=128",
        "{\"valid.bpb\":2,\"model.width\":128,\"model.heads\":4,\"model.parameters\":20}");
    a->params = params;
    b->params = others;
    a->param_count = b->param_count = 2;
    REQUIRE(compare(&out, &fixture, &options, NULL) == LM_OK);
    REQUIRE(out.param_count == 2); /* not clip, not heads; width is the axis */
    CHECK_STR(lm_compare_param_of(&out, fixture_row(&out, "width=128"), "schedule"), "wsd");
    CHECK_STR(lm_compare_param_of(&out, fixture_row(&out, "width=64"), "model.parameters"), "10");
    CHECK(strcmp(out.params[0], "schedule") == 0 || strcmp(out.params[1], "schedule") == 0);
    fixture_close(&fixture);
}

/* However many parameters and metrics there are, the last that differs is told. */
static void none_are_too_many(struct tap *tap)
{
    enum { PARAMS = 300, METRICS = 40 };

    struct fixture fixture;
    struct lm_comparison out;
    struct lm_compare_options options = fixture_options();
    struct lm_compare_param params[2][PARAMS];
    fixture_open(&fixture);
    for (size_t run = 0; run < 2; run++) {
        const char *scores = "{\"valid.bpb\":1";
        for (size_t i = 0; i < PARAMS; i++)
            params[run][i] = (struct lm_compare_param){lm_arena_printf(fixture.arena, "p%zu", i),
                                                       i < PARAMS - 1 || run == 0 ? "1" : "2"};
        for (size_t i = 0; i < METRICS; i++)
            scores = lm_arena_printf(fixture.arena, "%s,\"m%zu\":1,\"m%zu.lo\":0,\"m%zu.hi\":2",
                                     scores, i, i, i);
        struct lm_compare_run *added = fixture_put(&fixture, run == 0 ? "a" : "b",
                                                   lm_arena_printf(fixture.arena, "%s}", scores));
        added->params = params[run];
        added->param_count = PARAMS;
    }
    REQUIRE(compare(&out, &fixture, &options, NULL) == LM_OK);
    REQUIRE(out.param_count == 1);
    CHECK_STR(out.params[0], "p299");
    REQUIRE(out.column_count == METRICS + 1);
    CHECK_STR(out.columns[METRICS].name, "m39");
    fixture_close(&fixture);
}

static bool stop(void *user)
{
    (void)user;
    return true;
}

static void stops_when_asked(struct tap *tap)
{
    struct fixture fixture;
    struct lm_comparison out;
    struct lm_compare_options options = fixture_options();
    options.is_cancelled = stop;
    fixture_open(&fixture);
    fixture_sweep(&fixture, 60, 2);
    CHECK_INT(compare(&out, &fixture, &options, NULL), LM_CANCELLED);
    fixture_close(&fixture);
}

static const struct tap_test tests[] = {
    TAP_ROW(sorts_by_the_metric) TAP_ROW(order_does_not_matter)
        TAP_ROW(failed_and_diverged_stand_apart) TAP_ROW(differences_are_those_of_the_items)
            TAP_ROW(perplexities_are_linearised) TAP_ROW(other_items_are_said)
                TAP_ROW(tokenizers_part_metrics_by_token) TAP_ROW(few_items_have_no_verdict)
                    TAP_ROW(some_metrics_have_no_pairs) TAP_ROW(other_examples_are_said) TAP_ROW(
                        right_and_wrong_are_counted) TAP_ROW(a_reference_is_found_by_either_name)
                        TAP_ROW(numbers_do_for_scores) TAP_ROW(very_many_runs)
                            TAP_ROW(labels_are_axes) TAP_ROW(steps_and_factors_are_told_apart)
                                TAP_ROW(seeds_are_repeats) TAP_ROW(groups_are_runs_of_mean_losses)
                                    TAP_ROW(one_seed_has_no_spread)
                                        TAP_ROW(only_what_differs_is_told)
                                            TAP_ROW(none_are_too_many) TAP_ROW(stops_when_asked)};
LM_TEST_FILE(tests)
