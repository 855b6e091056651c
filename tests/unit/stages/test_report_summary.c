/* What a report says first, where its model comes from, and with which settings. */
#define TOP "test_report_summary.tmp"
#include "page/markdown.h"
#include "report_fixture.h"

/* What the summary says of scores: on the page, in Markdown, JSON and the note of the run alike. */
static void check_summary(struct tap *tap, const char *scores, const char *card, const char *said)
{
    struct lm_arena *arena = lm_arena_create();
    const struct inputs in = {.scores = TOP "/scores", .card = card};
    struct lm_json *root = NULL;
    REQUIRE(lm_file_write(TOP "/scores", scores, strlen(scores), NULL) == LM_OK);
    REQUIRE(run(TOP "/a", &in, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html"), *text = read_output(arena, TOP "/a", "md");
    char *json = read_output(arena, TOP "/a", "json"), *start = strstr(page, "<h1>") + 4;
    REQUIRE(lm_json_parse(&root, json, strlen(json), NULL) == LM_OK);
    CHECK_STR(lm_json_string(lm_json_get(root, "summary"), NULL), said);
    CHECK(strncmp(start, said, strlen(said)) == 0 &&
          strncmp(start + strlen(said), "</h1>", 5) == 0);
    struct lm_buf bold;
    lm_buf_init(&bold, 0);
    lm_buf_puts(&bold, "**");
    lm_markdown_text(&bold, said, strlen(said));
    lm_buf_puts(&bold, "**");
    CHECK(strstr(text, bold.data) != NULL);
    lm_buf_release(&bold);
    lm_json_free(root);
    lm_arena_free(arena);
}

#define NEEDS(bpb, where) "The model needs " bpb " bits per byte on " where " text"

/* Only an interval of the paired difference that does not hold 0 allows a claim, whatever the
 * model's own interval is; test goes before valid. */
static void claims_no_more_than_the_interval(struct tap *tap)
{
#define BIGRAM(low, high)                                                                          \
    "{\"valid.bpb\":2,\"valid.bpb.lo\":1.9,\"valid.bpb.hi\":2.3,\"valid.documents\":50,"           \
    "\"valid.bigram.bpb\":2.2,\"valid.bigram.diff\":-0.2,\"valid.bigram.diff.lo\":" low            \
    ",\"valid.bigram.diff.hi\":" high "}"
    REQUIRE(start());
    check_summary(tap, BIGRAM("-0.3", "-0.1"), NULL,
                  NEEDS("2.000", "validation") ", 9.1\xc2\xa0% fewer than a bigram model.");
    check_summary(tap, BIGRAM("-0.3", "0.1"), NULL,
                  NEEDS("2.000", "validation") "; no difference from a bigram model is shown.");
    check_summary(tap, BIGRAM("-0.3", "0"), NULL,
                  NEEDS("2.000", "validation") "; no difference from a bigram model is shown.");
    check_summary(tap, BIGRAM("0.1", "0.3"), NULL,
                  NEEDS("2.000", "validation") ", 9.1\xc2\xa0% more than a bigram model.");
    check_summary(tap, "{\"valid.bpb\":2,\"test.bpb\":2.5}", NULL, NEEDS("2.500", "test") ".");
    /* no interval, no claim, and what was measured is not hidden */
    check_summary(tap,
                  "{\"test.bpb\":2,\"test.documents\":3,\"test.bigram.bpb\":2.2,"
                  "\"test.bigram.diff\":-0.2}",
                  NULL,
                  NEEDS("2.000", "test") ". 3 documents are too few to compare it with a bigram "
                                         "model.");
    check_summary(tap,
                  "{\"test.bpb\":2,\"test.documents\":1,\"test.bigram.bpb\":1.5,"
                  "\"test.untrained.bpb\":2}",
                  NULL,
                  NEEDS("2.000", "test") ". 1 document is too few to compare it with a bigram "
                                         "model. On these documents it is no better than a bigram "
                                         "model (1.500) or an untrained model (2.000).");
    check_summary(tap, "{\"test.bpb\":2,\"test.documents\":300,\"test.bigram.bpb\":2.2}", NULL,
                  NEEDS("2.000", "test") ". Without a paired interval it is not compared with a "
                                         "bigram model.");
}

/* A model that is worse than one that was never trained, or not shown to be better, says so. */
static void says_when_training_did_nothing(struct tap *tap)
{
    REQUIRE(start());
    check_summary(tap,
                  "{\"test.bpb\":9,\"test.untrained.bpb\":8,\"test.untrained.diff\":1,"
                  "\"test.untrained.diff.lo\":0.5,\"test.untrained.diff.hi\":1.5,"
                  "\"test.unigram.bpb\":4,\"test.unigram.diff\":5,\"test.unigram.diff.lo\":4.5,"
                  "\"test.unigram.diff.hi\":5.5}",
                  NULL,
                  NEEDS("9.000", "test") ". It is worse than a unigram model (4.000) and an "
                                         "untrained model (8.000).");
    check_summary(tap,
                  "{\"test.bpb\":8,\"test.untrained.bpb\":8.1,\"test.untrained.diff\":-0.1,"
                  "\"test.untrained.diff.lo\":-0.3,\"test.untrained.diff.hi\":0.1}",
                  NULL,
                  NEEDS("8.000", "test") ". No difference from an untrained model (8.100) is "
                                         "shown.");
}

/* Text that was not what it was read as is said first. */
static void replaced_bytes_are_loud(struct tap *tap)
{
    static const struct {
        const char *card, *said;
    } cases[] = {
        {"{\"in\":{\"replaced_share\":0.031},\"sources\":[]}",
         NEEDS("2.000", "test") ". 3.1\xc2\xa0% of the bytes of its text are not valid UTF-8 and "
                                "were replaced."},
        {"{\"in\":{\"replaced_share\":0.001},\"sources\":[{\"name\":\"a\",\"replaced_share\":0},"
         "{\"name\":\"b\",\"replaced_share\":0.2}]}",
         NEEDS("2.000", "test") ". 20.0\xc2\xa0% of the bytes of source b are not valid UTF-8 and "
                                "were replaced."},
        {"{\"in\":{\"replaced_share\":0.01},\"sources\":[{\"name\":\"a\",\"replaced_share\":0.01}]"
         "}",
         NEEDS("2.000", "test") "."},
    };

    struct lm_arena *arena = lm_arena_create();
    REQUIRE(start());
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        REQUIRE(lm_file_write(TOP "/card", cases[i].card, strlen(cases[i].card), NULL) == LM_OK);
        check_summary(tap, "{\"test.bpb\":2}", TOP "/card", cases[i].said);
        char *page = read_output(arena, TOP "/a", "html");
        CHECK((strstr(page, "class=\"alarm\"") != NULL) == (i < 2)); /* in its section, too */
    }
    lm_arena_free(arena);
}

/* ---- where the model comes from ---- */

#define WIRED(stages)                                                                              \
    "{\"name\":\"x\",\"in\":{\"scores\":[\"s.scores\"],\"card\":[\"text.card\"]},\"stages\":{"     \
    "\"s\":{\"uses\":\"evaluate\",\"in\":{\"model\":[\"m.model\"]}},"                              \
    "\"t\":{\"uses\":\"encode\",\"in\":{\"text\":[\"text.text\"]}},"                               \
    "\"t2\":{\"uses\":\"encode\",\"in\":{\"text\":[\"other.text\"]}}," stages "}}"

/* A model began somewhere, and was trained on what its chain of stages says: no more is claimed. */
static void the_model_says_where_it_comes_from(struct tap *tap)
{
    static const char alone[] = "It was trained on the data described above and on nothing else.";
    static const char more[] = "The data section does not describe all of that data.";

    static const struct {
        const char *facts, *said, *last;
    } cases[] = {
        {WIRED("\"m\":{\"uses\":\"train\",\"seed\":7,\"in\":{\"tokens\":[\"t.tokens\"]}}"),
         "Stage m began from random weights (seed 7) and was trained on t.", alone},
        {WIRED("\"m\":{\"uses\":\"train\",\"seed\":7,\"in\":{\"tokens\":[\"t2.tokens\"]}}"),
         "Stage m began from random weights (seed 7) and was trained on t2.", more},
        {WIRED("\"m\":{\"uses\":\"train\",\"seed\":7,\"in\":{\"tokens\":[\"t.tokens\"],\"more\":"
               "[\"t2.tokens\"]}}"),
         "was trained on t, t2.", more},
        {WIRED("\"m\":{\"uses\":\"train\",\"in\":{\"tokens\":[\"t.tokens\"],\"init\":"
               "[\"base.model\"]},\"params\":{\"frozen_layers\":2}},\"base\":{\"uses\":\"train\","
               "\"seed\":1,\"in\":{\"tokens\":[\"t2.tokens\"]}}"),
         "Stage m began from the model of stage base and was trained on t; its embeddings and 2 "
         "lowest layers were frozen. Stage base began from random weights (seed 1) and was trained "
         "on t2.",
         more},
        {WIRED("\"m\":{\"uses\":\"train\",\"in\":{\"tokens\":[\"t.tokens\"]},\"files\":"
               "[\"init.path\"],\"params\":{\"init\":{\"sha256\":\"\"}}}"),
         "Stage m began from a stored model from outside and was trained on t.", more},
        {WIRED("\"m\":{\"uses\":\"train\",\"in\":{\"examples\":[\"e.corpus\"],\"init\":"
               "[\"base.model\"]},\"params\":{\"objective\":\"classify\"}},\"base\":{\"uses\":"
               "\"import\",\"in\":{}}"),
         "Stage m began from the model of stage base and was trained on e; objective classify. "
         "Stage base (import) brings in a model from outside; what it was trained on is not known "
         "here.",
         more},
        {"{\"name\":\"x\"}", "What it was trained on is not known to this report.", "report."},
    };

    struct lm_arena *arena = lm_arena_create();
    struct inputs in = {
        .scores = DATA "/scores.json", .card = DATA "/card.json", .experiment = TOP "/facts"};
    REQUIRE(start());
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *facts = cases[i].facts;
        REQUIRE(lm_file_write(TOP "/facts", facts, strlen(facts), NULL) == LM_OK);
        REQUIRE(run(TOP "/a", &in, NULL) == LM_OK);
        char *page = read_output(arena, TOP "/a", "html");
        char *json = read_output(arena, TOP "/a", "json");
        CHECK(strstr(page, cases[i].said) != NULL && strstr(page, cases[i].last) != NULL);
        CHECK(strstr(json, cases[i].said) != NULL && strstr(json, cases[i].last) != NULL);
        CHECK((strstr(page, "on nothing else") != NULL) == (cases[i].last == alone));
    }
    lm_arena_free(arena);
}

/* The parameters that decide most are open to the eye, on the page and in Markdown, as typed. */
static void settings_are_shown(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(start() && run(TOP "/a", &all, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html"), *text = read_output(arena, TOP "/a", "md");
    const char *settings = strstr(page, "id=\"settings\"");
    REQUIRE(settings != NULL);
    CHECK(strstr(settings, "<th scope=\"row\">Learning rate</th><td>0.00123456789</td>") != NULL);
    CHECK(strstr(settings, "<th scope=\"row\">Steps</th><td>12345</td>") != NULL);
    CHECK(strstr(settings, "<th scope=\"row\">Seed</th><td>1337</td>") != NULL);
    CHECK(strstr(text, "| Learning rate | 0.00123456789 |\n") != NULL);
    CHECK(strstr(text, "| Steps | 12345 |\n") != NULL && strstr(text, "| Seed | 1337 |\n") != NULL);
    CHECK(
        strstr(page, "<th scope=\"row\"><code>lr</code></th><td><code>0.00123456789</code></td>") !=
        NULL);
    CHECK(strstr(page, "<code>model</code> train, seed 1337</summary>") != NULL);
    lm_arena_free(arena);
}

/* Only an interval of the paired difference without 0 in it is a claim. */
static void objectives_claim_no_more_than_the_interval(struct tap *tap)
{
#define ACCURACY "The classifier's accuracy is 70.0\xc2\xa0% on "
#define MAJORITY(low, high)                                                                        \
    "{\"test.examples\":90,\"test.accuracy\":0.7,\"test.majority\":0.6,\"test.majority.diff\":0."  \
    "1,"                                                                                           \
    "\"test.majority.diff.lo\":" low ",\"test.majority.diff.hi\":" high "}"
    static const char *const cases[][2] = {
        {MAJORITY("0.05", "0.2"),
         "90 test examples, above the most frequent label (60.0\xc2\xa0%)."},
        {MAJORITY("-0.05", "0.2"), "90 test examples; no difference from the most frequent label "
                                   "(60.0\xc2\xa0%) is shown."},
        {MAJORITY("-0.2", "-0.1"), "90 test examples, below the most frequent label "
                                   "(60.0\xc2\xa0%)."},
        {"{\"test.examples\":7,\"test.accuracy\":0.7,\"test.majority\":0.6}",
         "7 test examples. 7 examples are too few to compare it with the most frequent label."},
        {"{\"valid.accuracy\":0.5,\"test.accuracy\":0.7}", "test examples."},
    };

    REQUIRE(start());
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lm_arena *arena = lm_arena_create();
        const struct inputs in = {.scores = TOP "/scores", .items = DATA "/classify/items"};
        const char *scores = cases[i][0];
        REQUIRE(lm_file_write(in.scores, scores, strlen(scores), NULL) == LM_OK);
        REQUIRE(run(TOP "/o", &in, NULL) == LM_OK);
        char *json = read_output(arena, TOP "/o", "json"),
             *page = read_output(arena, TOP "/o", "html");
        char *said = strstr(json, ACCURACY);
        CHECK(said != NULL &&
              strncmp(said + strlen(ACCURACY), cases[i][1], strlen(cases[i][1])) == 0);
        check_wellformed(tap, page, 30);
        CHECK(strstr(page, "Confusion matrix") == NULL);
        lm_arena_free(arena);
    }
}

/* Pairs of equal scores have no order: said, and no number is made of it. */
static void an_undefined_correlation_is_said(struct tap *tap)
{
    static const char scores[] = "{\"objective\":\"similar\",\"test.examples\":20}";
    struct lm_arena *arena = lm_arena_create();
    const struct inputs in = {.scores = TOP "/scores"};
    REQUIRE(start() && lm_file_write(in.scores, scores, sizeof scores - 1, NULL) == LM_OK);
    REQUIRE(run(TOP "/o", &in, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/o", "html"), *text = read_output(arena, TOP "/o", "md");
    CHECK(strstr(page, "<h1>Spearman on 20 test examples is not defined: all scores, or all "
                       "similarities, are equal.</h1>") != NULL);
    CHECK(strstr(page, "n/a") == NULL && strstr(text, "n/a") == NULL);
    CHECK(strstr(page, "bits per byte") == NULL);
    check_wellformed(tap, page, 30);
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {
    TAP_ROW(claims_no_more_than_the_interval) TAP_ROW(says_when_training_did_nothing)
        TAP_ROW(replaced_bytes_are_loud) TAP_ROW(the_model_says_where_it_comes_from)
            TAP_ROW(settings_are_shown) TAP_ROW(an_undefined_correlation_is_said)
                TAP_ROW(objectives_claim_no_more_than_the_interval)};
LM_TEST_FILE(tests)
