/* The evaluation of models trained on examples: metrics, intervals and baselines, the lines
 * of items, and that threads and batches change none of it. */
#include "stages/evaluate/evaluate_examples.h"

#include <math.h>

#include "base/json.h"
#include "examples_fixture.h"
#include "stats/bootstrap.h"
#include "stats/wilson.h"
#include "tests/tap.h"

extern const struct lm_stage lm_stage_evaluate;
extern lm_run_fn lm_run_evaluate;

static const struct evaluate_params usual = {
    .batch = 5, .resamples = 100, .interval = "percentile", .max_new_tokens = 20};

/* A trained model beside its examples. */
struct scored {
    struct examples_place at;
    char model[200], out[200];
};

static bool scored_open(struct scored *scored, const char *objective, int64_t steps)
{
    struct train_params params = examples_params(objective);
    params.steps = steps;
    params.held_out = (struct train_held_out){0.2, 0.3};
    if (!examples_open(&scored->at) || !examples_write(&scored->at, objective) ||
        examples_train(&scored->at, &params, 2, -1) != LM_OK)
        return false;
    snprintf(scored->out, sizeof scored->out, "%s/scored", scored->at.place.dir);
    return examples_keep(scored->model, &scored->at, "model");
}

static enum lm_status evaluate(struct scored *scored, const struct evaluate_params *params,
                               size_t threads, long cancel_after)
{
    const struct lm_job_input inputs[] = {{"model", "model", scored->model},
                                          {"examples", "examples", scored->at.examples}};
    const struct lm_job job = {.stage = &lm_stage_evaluate,
                               .params = params,
                               .inputs = inputs,
                               .input_count = 2,
                               .folder = scored->out,
                               .checkpoints = scored->out,
                               .seed = 1,
                               .threads = threads,
                               .portable = true};
    struct lm_err *err = &scored->at.place.err;
    struct lm_ctx *ctx = NULL;
    err->text[0] = '\0';
    lm_dir_remove(scored->out, NULL);
    LM_TRY(lm_dir_create(scored->out, err));
    LM_TRY(lm_ctx_create(&ctx, &job, NULL, -1, err));
    if (cancel_after >= 0)
        lm_ctx_cancel_after(ctx, cancel_after);
    enum lm_status status = lm_run_evaluate(ctx, params, err);
    lm_ctx_free(ctx);
    return status;
}

/* A file of the outputs, NUL-terminated; in the arena. */
static char *read_output(struct lm_arena *arena, const struct scored *scored, const char *name)
{
    char path[260], *text = NULL;
    size_t size;
    snprintf(path, sizeof path, "%s/out/%s", scored->out, name);
    return lm_file_read(&text, &size, arena, path, 1 << 22, NULL) == LM_OK ? text : NULL;
}

static struct lm_json *read_scores(struct lm_arena *arena, const struct scored *scored)
{
    struct lm_json *root = NULL;
    const char *text = read_output(arena, scored, "scores");
    if (text != NULL)
        lm_json_parse(&root, text, strlen(text), NULL);
    return root;
}

static double figure(const struct lm_json *root, const char *name)
{
    return lm_json_double(lm_json_get(root, name), (double)NAN);
}

/* Lines of items of a split, and the mean of what `of` makes of them. */
static double mean_item(struct lm_arena *arena, const struct scored *scored, const char *split,
                        size_t *count, double (*of)(const struct lm_json *item))
{
    char name[60];
    double sum = 0;
    snprintf(name, sizeof name, "items/examples.%s.jsonl", split);
    *count = 0;
    for (char *line = read_output(arena, scored, name); line != NULL && *line != '\0';) {
        char *end = strchr(line, '\n');
        struct lm_json *item = NULL;
        if (end == NULL || lm_json_parse(&item, line, (size_t)(end - line), NULL) != LM_OK ||
            lm_json_string(lm_json_get(item, "id"), NULL) == NULL)
            return (double)NAN;
        sum += of(item);
        lm_json_free(item);
        (*count)++;
        line = end + 1;
    }
    return sum / (double)*count;
}

/* Right or not, by the record and by what the report reads. */
static double is_right(const struct lm_json *item)
{
    int64_t predicted = lm_json_int(lm_json_get(item, "predicted"), -2);
    bool right = lm_json_int(lm_json_get(item, "gold"), -1) == predicted;
    bool agrees =
        lm_json_int(lm_json_get(item, "choice"), -3) == predicted && figure(item, "score") == right;
    return agrees ? right : (double)NAN;
}

static double score_of(const struct lm_json *item)
{
    return figure(item, "score");
}

/* Bytes of the texts of which `first` and `second` (may be NULL) are the members. */
static double has_bytes(const struct lm_json *item, const char *first, const char *second)
{
    size_t size = 0, other = 0;
    lm_json_string(lm_json_get(item, first), &size);
    if (second != NULL)
        lm_json_string(lm_json_get(item, second), &other);
    return size > 0 && lm_json_int(lm_json_get(item, "bytes"), -1) == (int64_t)(size + other);
}

static double has_text_bytes(const struct lm_json *item)
{
    return has_bytes(item, "text", NULL);
}

static double has_gold_bytes(const struct lm_json *item)
{
    return has_bytes(item, "gold", NULL);
}

static double has_pair_bytes(const struct lm_json *item)
{
    return has_bytes(item, "a", "b");
}

static double is_similarity(const struct lm_json *item)
{
    return figure(item, "score") == figure(item, "predicted");
}

static double is_tie(const struct lm_json *item)
{
    return lm_json_bool(lm_json_get(item, "tie"), false);
}

static double nll_of(const struct lm_json *item)
{
    return figure(item, "nll");
}

static double label_of(const struct lm_json *item)
{
    return (double)lm_json_int(lm_json_get(item, "gold"), -1);
}

/* The figures are those of the items; the interval is Wilson's; the matrix adds up. */
static void check_classify(struct tap *tap, const struct scored *scored, const char *split)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_json *root = read_scores(arena, scored);
    char name[60];
    double low, high, cells = 0, got[5];
    static const char *const names[] = {"accuracy", "accuracy.lo", "accuracy.hi", "examples.nll",
                                        "majority"};
    size_t count;
    double right = mean_item(arena, scored, split, &count, is_right);
    for (size_t i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "%s.%s", split, names[i]);
        got[i] = figure(root, name);
    }
    snprintf(name, sizeof name, "%s.majority.diff", split);
    CHECK_NEAR(figure(root, name), got[0] - got[4], 1e-12);
    snprintf(name, sizeof name, "%s.majority.diff.lo", split);
    CHECK(isfinite(figure(root, name)) == (count >= LM_BOOTSTRAP_LEAST));
    lm_wilson(&low, &high, right * (double)count, (double)count);
    CHECK(count > 10);
    CHECK_NEAR(got[0], right, 1e-12);
    CHECK_NEAR(got[1], low, 1e-12);
    CHECK_NEAR(got[2], high, 1e-12);
    CHECK_NEAR(got[3], mean_item(arena, scored, split, &count, nll_of), 1e-12);
    CHECK_NEAR(mean_item(arena, scored, split, &count, has_text_bytes), 1, 0);
    CHECK_NEAR(mean_item(arena, scored, split, &count, is_tie), 0, 0);
    double good = mean_item(arena, scored, split, &count, label_of); /* 66 of 120 are bad */
    CHECK(fabs(got[4] - good) < 1e-12 || fabs(got[4] - (1 - good)) < 1e-12);
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s.confusion.%d.%d", split, i / 2, i % 2);
        cells += figure(root, name);
    }
    CHECK_NEAR(cells, (double)count, 0);
    snprintf(name, sizeof name, "%s.examples", split);
    CHECK_NEAR(figure(root, name), (double)count, 0);
    lm_json_free(root);
    lm_arena_free(arena);
}

static void test_classify(struct tap *tap)
{
    struct scored scored;
    REQUIRE(scored_open(&scored, "classify", 60));
    REQUIRE(evaluate(&scored, &usual, 1, -1) == LM_OK);
    struct lm_arena *arena = lm_arena_create();
    struct lm_json *root = read_scores(arena, &scored);
    CHECK(figure(root, "test.accuracy") > 0.9 && figure(root, "test.majority") < 0.8);
    lm_json_free(root);
    check_classify(tap, &scored, "valid");
    check_classify(tap, &scored, "test");
    const char *about = read_output(arena, &scored, "items/examples.json");
    CHECK(about != NULL && strstr(about, "\"bad\"") != NULL);
    lm_arena_free(arena);
    place_close(&scored.at.place);
}

/* One who has learnt next to nothing is not right by the way he is asked. */
static void test_classify_unlearnt(struct tap *tap)
{
    struct scored scored;
    REQUIRE(scored_open(&scored, "classify", 1));
    REQUIRE(evaluate(&scored, &usual, 1, -1) == LM_OK);
    struct lm_arena *arena = lm_arena_create();
    struct lm_json *root = read_scores(arena, &scored);
    CHECK(figure(root, "test.accuracy") < 0.8);
    CHECK_NEAR(figure(root, "test.examples.nll"), log(2), 0.3);
    lm_json_free(root);
    lm_arena_free(arena);
    check_classify(tap, &scored, "test");
    place_close(&scored.at.place);
}

/* A head of zeros likes all labels alike: the first is chosen, and it is said to be a tie. */
static void test_classify_ties(struct tap *tap)
{
    struct scored scored;
    struct lm_model *model = NULL;
    const struct lm_model_options options = {.numerics = LM_NUMERICS_PORTABLE};
    size_t count;
    REQUIRE(scored_open(&scored, "classify", 1));
    REQUIRE(lm_model_load(&model, scored.model, &options, NULL) == LM_OK);
    struct lm_tensor head = lm_model_tensor(model, lm_model_tensors(model) - 1);
    memset(head.data, 0, (size_t)head.count * sizeof *head.data);
    REQUIRE(lm_model_save(model, scored.model, NULL) == LM_OK);
    lm_model_free(model);
    REQUIRE(evaluate(&scored, &usual, 1, -1) == LM_OK);
    struct lm_arena *arena = lm_arena_create();
    CHECK_NEAR(mean_item(arena, &scored, "test", &count, is_tie), 1, 0);
    CHECK(mean_item(arena, &scored, "test", &count, is_right) < 1);
    lm_arena_free(arena);
    place_close(&scored.at.place);
}

static void test_translate(struct tap *tap)
{
    struct scored scored;
    REQUIRE(scored_open(&scored, "translate", 120));
    REQUIRE(evaluate(&scored, &usual, 2, -1) == LM_OK);
    struct lm_arena *arena = lm_arena_create();
    struct lm_json *root = read_scores(arena, &scored);
    CHECK(figure(root, "test.bleu") > 90 && figure(root, "test.chrf") > 90);
    CHECK(figure(root, "test.bleu.lo") <= figure(root, "test.bleu") &&
          figure(root, "test.bleu.hi") >= figure(root, "test.bleu"));
    CHECK_NEAR(figure(root, "test.copy"), 0, 0); /* sun is no word of "As is a word" */
    CHECK_NEAR(figure(root, "test.copy.diff"), figure(root, "test.bleu"), 1e-9);
    CHECK(figure(root, "test.copy.diff.lo") > 50);
    CHECK(figure(root, "test.examples.nll") < 0.2);
    const char *items = read_output(arena, &scored, "items/examples.test.jsonl");
    CHECK(items != NULL && strstr(items, "\"predicted\":\"") != NULL);
    size_t count;
    double chrf = mean_item(arena, &scored, "test", &count, score_of);
    CHECK(chrf > 90 && chrf <= 100); /* of sentences, not of the corpus */
    CHECK_NEAR(mean_item(arena, &scored, "test", &count, has_gold_bytes), 1, 0);
    lm_json_free(root);
    lm_arena_free(arena);
    place_close(&scored.at.place);
}

static void test_similar(struct tap *tap)
{
    struct scored scored;
    REQUIRE(scored_open(&scored, "similar", 60));
    REQUIRE(evaluate(&scored, &usual, 2, -1) == LM_OK);
    struct lm_arena *arena = lm_arena_create();
    struct lm_json *root = read_scores(arena, &scored);
    CHECK(figure(root, "test.spearman") > 0.7 && figure(root, "test.pearson") > 0.9);
    CHECK(figure(root, "test.pearson.lo") <= figure(root, "test.pearson"));
    CHECK_NEAR(figure(root, "test.overlap"), 1, 1e-12); /* alike: all words, else none */
    CHECK_NEAR(figure(root, "test.overlap.diff"), figure(root, "test.spearman") - 1, 1e-12);
    CHECK(figure(root, "test.overlap.diff.lo") < 0);
    size_t count;
    CHECK_NEAR(mean_item(arena, &scored, "test", &count, is_similarity), 1, 0);
    CHECK_NEAR(mean_item(arena, &scored, "test", &count, has_pair_bytes), 1, 0);
    lm_json_free(root);
    lm_arena_free(arena);
    place_close(&scored.at.place);
}

/* Pairs that people gave one score cannot be ranked: no number is made up, and all else stands. */
static void test_equal_scores(struct tap *tap)
{
    struct scored scored;
    REQUIRE(scored_open(&scored, "similar", 1));
    struct lm_arena *arena = lm_arena_create();
    char path[260], *text = NULL;
    size_t size;
    snprintf(path, sizeof path, "%s/files/made-up/data", scored.at.examples);
    REQUIRE(lm_file_read(&text, &size, arena, path, 1 << 20, NULL) == LM_OK);
    for (char *at = strstr(text, "\"score\":"); at != NULL; at = strstr(at + 1, "\"score\":"))
        at[8] = '3';
    REQUIRE(lm_file_write(path, text, size, NULL) == LM_OK);
    REQUIRE(evaluate(&scored, &usual, 1, -1) == LM_OK);
    struct lm_json *root = read_scores(arena, &scored);
    CHECK(lm_json_get(root, "test.spearman") == NULL && lm_json_get(root, "test.overlap") == NULL);
    CHECK(lm_json_get(root, "test.overlap.diff") == NULL && figure(root, "test.examples") > 0);
    CHECK_STR(lm_json_string(lm_json_get(root, "objective"), NULL), "similar");
    lm_json_free(root);
    lm_arena_free(arena);
    place_close(&scored.at.place);
}

/* Outputs that never end are not waited for: the model asks at each of its passes. */
static void test_stops_while_it_generates(struct tap *tap)
{
    struct scored scored;
    struct evaluate_params params = usual;
    params.max_new_tokens = 1 << 20;
    REQUIRE(scored_open(&scored, "translate", 1));
    for (long polls = 1; polls < 5000; polls *= 7)
        CHECK_INT(evaluate(&scored, &params, 1, polls), LM_CANCELLED);
    place_close(&scored.at.place);
}

/* ---- bytes ---- */

static void digest_of(char hex[LM_DIGEST_HEX], const struct scored *scored)
{
    static const char *const names[] = {"scores", "items/examples.json",
                                        "items/examples.valid.jsonl", "items/examples.test.jsonl"};
    struct lm_digest digests[4] = {0}, all;
    for (size_t i = 0; i < 4; i++) {
        char path[260];
        snprintf(path, sizeof path, "%s/out/%s", scored->out, names[i]);
        if (lm_sha256_file(&digests[i], NULL, path, NULL) != LM_OK)
            printf("# %s cannot be read\n", path);
    }
    lm_sha256_bytes(&all, digests, sizeof digests);
    lm_digest_hex(hex, &all);
}

static void test_bytes(struct tap *tap)
{
    static const char *const objectives[] = {"classify", "translate", "similar"};
    for (size_t i = 0; i < 3; i++) {
        char want[LM_DIGEST_HEX], got[LM_DIGEST_HEX];
        struct scored scored;
        struct evaluate_params params = usual;
        REQUIRE(scored_open(&scored, objectives[i], 5));
        REQUIRE(evaluate(&scored, &params, 1, -1) == LM_OK);
        digest_of(want, &scored);
        for (size_t threads = 2; threads <= 3; threads++) {
            REQUIRE(evaluate(&scored, &params, threads, -1) == LM_OK);
            digest_of(got, &scored);
            CHECK_STR(got, want);
        }
        CHECK_INT(evaluate(&scored, &params, 1, 2), LM_CANCELLED);
        params.interval = "bca"; /* of what is no ratio: the others stay */
        REQUIRE(evaluate(&scored, &params, 1, -1) == LM_OK);
        digest_of(got, &scored);
        CHECK((strcmp(got, want) != 0) == (i > 0));
        place_close(&scored.at.place);
    }
}

/* ---- what is refused ---- */

static void put_objective(struct scored *scored, const char *text)
{
    char path[260];
    snprintf(path, sizeof path, "%s/objective.json", scored->model);
    if (lm_file_write(path, text, strlen(text), NULL) != LM_OK)
        printf("# %s cannot be written\n", path);
}

#define OBJECTIVE(name, length, more)                                                              \
    "{\"lmpipe_objective\":1,\"objective\":\"" name "\",\"length\":" length                        \
    ",\"valid\":0.2,\"test\":0.3" more "}"
#define PAIRS(pooling, loss)                                                                       \
    ",\"pooling\":\"" pooling "\",\"pair_loss\":\"" loss                                           \
    "\",\"temperature\":1,\"lowest\":1,\"highest\":5"

static void test_refused(struct tap *tap)
{
    static const struct {
        enum lm_status status;
        const char *objective, *says;
    } rows[] = {
        {LM_FORMAT, OBJECTIVE("similar", "33", PAIRS("mean", "regression")), "length"},
        {LM_FORMAT, OBJECTIVE("similar", "32", PAIRS("most", "regression")), "pooling"},
        {LM_FORMAT, OBJECTIVE("similar", "32", PAIRS("mean", "regret")), "pair_loss"},
        {LM_FORMAT, OBJECTIVE("translate", "32", ""), "no text \"prompt\""},
        {LM_FORMAT, "{", "objective.json"},
    };
    struct scored scored;
    REQUIRE(scored_open(&scored, "similar", 1));
    put_objective(&scored, OBJECTIVE("similar", "32", PAIRS("mean", "regression")));
    CHECK_INT(evaluate(&scored, &usual, 1, -1), LM_OK); /* the rows differ from a sound one */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put_objective(&scored, rows[i].objective);
        CHECK_INT(evaluate(&scored, &usual, 1, -1), rows[i].status);
        bool is_said = strstr(scored.at.place.err.text, rows[i].says) != NULL;
        CHECK(is_said);
        if (!is_said)
            printf("# \"%s\" does not say %s\n", scored.at.place.err.text, rows[i].says);
    }
    char path[260];
    snprintf(path, sizeof path, "%s/objective.json", scored.model);
    remove(path);
    CHECK_INT(evaluate(&scored, &usual, 1, -1), LM_INVALID); /* a language model */
    place_close(&scored.at.place);

    REQUIRE(scored_open(&scored, "classify", 1));
    put_objective(&scored, OBJECTIVE("classify", "32", ",\"labels\":[\"bad\",\"fine\"]"));
    CHECK_INT(evaluate(&scored, &usual, 1, -1), LM_MISMATCH);
    CHECK(strstr(scored.at.place.err.text, "other choices") != NULL);
    place_close(&scored.at.place);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_classify) TAP_ROW(test_classify_unlearnt) TAP_ROW(test_classify_ties)
        TAP_ROW(test_translate) TAP_ROW(test_similar) TAP_ROW(test_equal_scores)
            TAP_ROW(test_stops_while_it_generates) TAP_ROW(test_bytes) TAP_ROW(test_refused)};
LM_TEST_FILE(tests)
