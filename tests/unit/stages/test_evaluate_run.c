#include <stdlib.h>

#include "base/json.h"
#include "compare/item_record.h"
#include "stages/evaluate/evaluate_params.h"

#include "scored_fixture.h"
#include "tap.h"

#define TOP "test_evaluate_run.tmp"
#define LN2 0.69314718055994530942

extern const struct lm_stage lm_stage_evaluate;
extern lm_run_fn lm_run_evaluate;

static const struct evaluate_params usual = {.batch = 3,
                                             .resamples = 200,
                                             .interval = "percentile",
                                             .untrained_windows = 4,
                                             .passages = 2,
                                             .passage_tokens = 40,
                                             .baselines = true};
static const uint64_t documents[LM_SPLITS] = {40, 24, 19}; /* test: too few for an interval */

static bool start(const uint64_t counts[LM_SPLITS])
{
    return lm_dir_remove(TOP, NULL) == LM_OK && scored_write_model(TOP "/model") &&
           scored_write_tokens(TOP "/tokens", counts);
}

static enum lm_status run(const char *folder, const struct evaluate_params *params, size_t threads,
                          long cancel_after, struct lm_err *err)
{
    const struct lm_job_input inputs[] = {{"model", "model", TOP "/model"},
                                          {"tokens", "tokens", TOP "/tokens"}};
    const struct lm_job job = {.stage = &lm_stage_evaluate,
                               .params = params,
                               .inputs = inputs,
                               .input_count = 2,
                               .folder = folder,
                               .checkpoints = folder,
                               .seed = 1,
                               .threads = threads,
                               .portable = true};
    struct lm_ctx *ctx = NULL;
    LM_TRY(lm_dir_create(folder, err));
    LM_TRY(lm_ctx_create(&ctx, &job, NULL, -1, err));
    if (cancel_after >= 0)
        lm_ctx_cancel_after(ctx, cancel_after);
    enum lm_status status = lm_run_evaluate(ctx, params, err);
    lm_ctx_free(ctx);
    return status;
}

static struct lm_json *read_json(const char *path)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_json *root = NULL;
    char *text;
    size_t size;
    if (lm_file_read(&text, &size, arena, path, 1 << 24, NULL) == LM_OK)
        lm_json_parse(&root, text, size, NULL);
    lm_arena_free(arena);
    return root;
}

static double score(const struct lm_json *root, const char *key)
{
    return lm_json_double(lm_json_get(root, key), (double)NAN);
}

/* ---- what the figures are ---- */

/* -ln softmax(logits)[target], in double with libm. */
static double direct_nll(const float *logits, int32_t target)
{
    double sum = 0;
    for (int i = 0; i < SCORED_VOCAB; i++)
        sum += exp((double)logits[i]);
    return log(sum) - (double)logits[target];
}

/* Entropy of softmax(logits). */
static double direct_entropy(const float *logits)
{
    double sum = 0, weighted = 0;
    for (int i = 0; i < SCORED_VOCAB; i++) {
        sum += exp((double)logits[i]);
        weighted += exp((double)logits[i]) * (double)logits[i];
    }
    return log(sum) - weighted / sum;
}

/* Sums over a split token by token: the last context − 1 tokens and what the stride says. */
static double sum_directly(struct lm_model *model, enum lm_split split, uint64_t stride,
                           uint64_t count_documents, double *hits, double *entropy)
{
    static int32_t stream[2000] = {SCORED_END};
    static float logits[SCORED_CONTEXT * SCORED_VOCAB];
    size_t count = 1;
    double sum = 0;
    *hits = *entropy = 0;
    for (uint64_t d = 0; d < count_documents; d++) {
        count += scored_document(stream + count, split, d);
        stream[count++] = SCORED_END;
    }
    for (size_t i = 1; i < count; i++) { /* target i has window start s: s ≤ i − 1 */
        size_t target = i - 1;
        size_t window = target < SCORED_CONTEXT ? 0 : (target - SCORED_CONTEXT + stride) / stride;
        size_t first = window * stride, time = target - first + 1;
        lm_model_logits(model, stream + first, 1, (int64_t)time, logits, NULL);
        const float *last = logits + (time - 1) * SCORED_VOCAB;
        int best = 0;
        for (int k = 1; k < SCORED_VOCAB; k++)
            best = last[k] > last[best] ? k : best;
        *hits += best == stream[i];
        *entropy += direct_entropy(last);
        sum += direct_nll(last, stream[i]);
    }
    return sum;
}

static double binned_entropy(const char *name)
{
    struct lm_json *curves = read_json(TOP "/a/out/items/curves.json");
    const struct lm_json *rows = lm_json_get(lm_json_get(curves, name), "calibration");
    double sum = 0;
    for (size_t i = 0; i < lm_json_count(rows); i++)
        sum += score(lm_json_at(rows, i), "tokens") * score(lm_json_at(rows, i), "entropy");
    lm_json_free(curves);
    return sum;
}

static void check_split(struct tap *tap, struct lm_model *model, const struct lm_json *root,
                        enum lm_split split, const char *name)
{
    char key[40];
    double hits, entropy;
    double nll = sum_directly(model, split, SCORED_CONTEXT / 2, documents[split], &hits, &entropy);
    double tokens = 0, bytes = 0;
    int32_t ids[100];
    for (uint64_t d = 0; d < documents[split]; d++) {
        bytes += (double)scored_document(ids, split, d);
        tokens += 1 + (double)scored_document(ids, split, d);
    }
    CHECK_NEAR(binned_entropy(name) / tokens, entropy / tokens, 1e-5);
    snprintf(key, sizeof key, "%s.bpb", name);
    CHECK_NEAR(score(root, key), nll / (LN2 * bytes), 1e-5);
    snprintf(key, sizeof key, "%s.nll", name);
    CHECK_NEAR(score(root, key), nll / tokens, 1e-5);
    snprintf(key, sizeof key, "%s.ppl", name);
    CHECK_NEAR(score(root, key), exp(nll / tokens), 1e-2);
    snprintf(key, sizeof key, "%s.acc", name);
    CHECK_NEAR(score(root, key), hits / tokens, 1e-12);
    snprintf(key, sizeof key, "%s.tokens", name);
    CHECK_NEAR(score(root, key), tokens, 0);
    snprintf(key, sizeof key, "%s.bytes", name);
    CHECK_NEAR(score(root, key), bytes, 0);
    snprintf(key, sizeof key, "%s.documents", name);
    CHECK_NEAR(score(root, key), (double)documents[split], 0);
}

static void equals_token_by_token(struct tap *tap)
{
    struct lm_err err = {0};
    const struct lm_model_options options = {.numerics = LM_NUMERICS_PORTABLE};
    struct lm_model *model = NULL;
    REQUIRE(start(documents));
    REQUIRE(run(TOP "/a", &usual, 1, -1, &err) == LM_OK);
    REQUIRE(lm_model_load(&model, TOP "/model", &options, &err) == LM_OK);
    struct lm_json *root = read_json(TOP "/a/out/scores");
    check_split(tap, model, root, LM_VALID, "valid");
    check_split(tap, model, root, LM_TEST, "test");
    CHECK(score(root, "valid.bpb.lo") < score(root, "valid.bpb"));
    CHECK(score(root, "valid.bpb.hi") > score(root, "valid.bpb"));
    CHECK(lm_json_get(root, "test.bpb.lo") == NULL && lm_json_get(root, "test.acc.hi") == NULL);
    CHECK_NEAR(score(root, "model.parameters"), 300 * 16 + 16 * 16 + 2 * (12 * 256 + 13 * 16) + 32,
               0);
    lm_json_free(root);
    lm_model_free(model);
}

/* A fresh model knows nothing: about ln V nats a token. */
static void untrained_is_uniform(struct tap *tap)
{
    REQUIRE(start(documents) && run(TOP "/a", &usual, 1, -1, NULL) == LM_OK);
    struct lm_json *root = read_json(TOP "/a/out/scores");
    double tokens = score(root, "valid.tokens"), bytes = score(root, "valid.bytes");
    CHECK_NEAR(score(root, "valid.untrained.bpb") * LN2 * bytes / tokens, log(SCORED_VOCAB), 0.05);
    CHECK(score(root, "valid.unigram.bpb") < score(root, "valid.untrained.bpb"));
    lm_json_free(root);
}

/* The difference to a baseline on the same tokens is that of the two; its interval is paired, so
 * that it is far narrower than what the model's own leaves open. */
static void differences_are_paired(struct tap *tap)
{
    static const char *const names[] = {"unigram", "bigram", "untrained"};
    struct evaluate_params params = usual;
    params.untrained_windows = 1 << 20; /* all: the same tokens */
    REQUIRE(start(documents) && run(TOP "/a", &params, 1, -1, NULL) == LM_OK);
    struct lm_json *root = read_json(TOP "/a/out/scores");
    double width = score(root, "valid.bpb.hi") - score(root, "valid.bpb.lo");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char bpb[40], diff[40], low[40], high[40], few[40];
        snprintf(bpb, sizeof bpb, "valid.%s.bpb", names[i]);
        snprintf(diff, sizeof diff, "valid.%s.diff", names[i]);
        snprintf(low, sizeof low, "valid.%s.diff.lo", names[i]);
        snprintf(high, sizeof high, "valid.%s.diff.hi", names[i]);
        snprintf(few, sizeof few, "test.%s.diff.lo", names[i]);
        CHECK_NEAR(score(root, diff), score(root, "valid.bpb") - score(root, bpb), 1e-9);
        CHECK(score(root, low) < score(root, diff) && score(root, diff) < score(root, high));
        CHECK(score(root, high) - score(root, low) < 5 * width);
        CHECK(lm_json_get(root, few) == NULL);
    }
    lm_json_free(root);
}

/* An untrained model that was scored on the first windows alone is compared on these documents. */
static void a_part_is_compared_with_its_part(struct tap *tap)
{
    struct evaluate_params params = usual;
    params.untrained_windows = 2;
    REQUIRE(start(documents) && run(TOP "/a", &params, 1, -1, NULL) == LM_OK);
    struct lm_json *root = read_json(TOP "/a/out/scores");
    CHECK(isfinite(score(root, "valid.untrained.diff")));
    CHECK(lm_json_get(root, "valid.untrained.diff.lo") == NULL); /* of too few documents */
    CHECK(isfinite(score(root, "valid.bigram.diff.lo")));
    lm_json_free(root);
}

/* ---- items ---- */

static void items_add_up(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_items items;
    double nll = 0, tokens = 0, correct = 0, bytes = 0;
    REQUIRE(start(documents) && run(TOP "/a", &usual, 1, -1, NULL) == LM_OK);
    struct lm_json *root = read_json(TOP "/a/out/scores");
    REQUIRE(lm_items_read(&items, arena, TOP "/a/out/items/valid.jsonl", NULL) == LM_OK);
    CHECK_INT(items.count, documents[LM_VALID]);
    for (size_t i = 0; i < items.count; i++) {
        nll += items.columns[LM_ITEM_NLL][i];
        bytes += items.columns[LM_ITEM_BYTES][i];
        tokens += items.columns[LM_ITEM_TOKENS][i];
        correct += items.columns[LM_ITEM_CORRECT][i];
        CHECK_NEAR(items.columns[LM_ITEM_SCORE][i],
                   items.columns[LM_ITEM_CORRECT][i] / items.columns[LM_ITEM_TOKENS][i], 0);
        CHECK(items.groups[i] == NULL && isnan(items.columns[LM_ITEM_CHOICE][i]));
    }
    CHECK_NEAR(nll / (LN2 * bytes), score(root, "valid.bpb"), 1e-12);
    CHECK_NEAR(nll / tokens, score(root, "valid.nll"), 1e-12);
    CHECK_NEAR(correct / tokens, score(root, "valid.acc"), 1e-12);
    lm_json_free(root);
    lm_arena_free(arena);
}

static void curves_cover_all_tokens(struct tap *tap)
{
    REQUIRE(start(documents) && run(TOP "/a", &usual, 1, -1, NULL) == LM_OK);
    struct lm_json *root = read_json(TOP "/a/out/scores");
    struct lm_json *curves = read_json(TOP "/a/out/items/curves.json");
    const struct lm_json *split = lm_json_get(curves, "valid");
    const char *const names[] = {"calibration", "frequency"};
    for (size_t k = 0; k < 2; k++) {
        const struct lm_json *rows = lm_json_get(split, names[k]);
        double tokens = 0, nll = 0;
        for (size_t i = 0; i < lm_json_count(rows); i++) {
            double count = score(lm_json_at(rows, i), "tokens");
            tokens += count;
            nll += count > 0 ? count * score(lm_json_at(rows, i), "nll") : 0;
        }
        CHECK_NEAR(tokens, score(root, "valid.tokens"), 0);
        CHECK_NEAR(nll / tokens, score(root, "valid.nll"), 1e-9);
    }
    const struct lm_json *rows = lm_json_get(split, "reliability");
    double tokens = 0, error = 0, right = 0;
    for (size_t i = 0; i < lm_json_count(rows); i++) {
        const struct lm_json *row = lm_json_at(rows, i);
        tokens += score(row, "tokens");
        right += score(row, "tokens") * score(row, "acc");
        error += score(row, "tokens") * fabs(score(row, "acc") - score(row, "confidence"));
        CHECK(score(row, "confidence") > 0 && score(row, "confidence") <= 1);
    }
    CHECK_NEAR(tokens, score(root, "valid.tokens"), 0);
    CHECK_NEAR(right / tokens, score(root, "valid.acc"), 1e-12);
    CHECK_NEAR(error / tokens, score(root, "valid.ece"), 1e-12);
    CHECK(score(root, "valid.brier") > 0 && score(root, "valid.brier") < 1);
    CHECK(lm_json_get(root, "valid.in_context_gain") == NULL); /* the context is too short */
    CHECK(score(root, "valid.bigram.diff.detectable") > 0);
    const struct lm_json *positions = lm_json_get(split, "positions");
    CHECK_INT(lm_json_int(lm_json_get(lm_json_at(positions, 0), "to"), 0), 1);
    CHECK_INT(
        lm_json_int(lm_json_get(lm_json_at(positions, lm_json_count(positions) - 1), "to"), 0),
        SCORED_CONTEXT);
    lm_json_free(curves);
    lm_json_free(root);
}

/* ---- determinism ---- */

static const char *const outputs[] = {"scores", "items/valid.jsonl", "items/test.jsonl",
                                      "items/curves.json", "items/passages.jsonl"};

enum { OUTPUTS = sizeof outputs / sizeof outputs[0] };

static const char *output_digest(char hex[LM_DIGEST_HEX], const char *folder, size_t i)
{
    char path[200];
    snprintf(path, sizeof path, TOP "/%s/out/%s", folder, outputs[i]);
    return scored_digest(hex, path);
}

static void threads_change_nothing(struct tap *tap)
{
    char one[LM_DIGEST_HEX], three[LM_DIGEST_HEX];
    REQUIRE(start(documents) && run(TOP "/one", &usual, 1, -1, NULL) == LM_OK);
    REQUIRE(run(TOP "/three", &usual, 3, -1, NULL) == LM_OK);
    for (size_t i = 0; i < OUTPUTS; i++)
        CHECK_STR(output_digest(one, "one", i), output_digest(three, "three", i));
}

/* Bytes of this version: other bytes mean another lm_stage_evaluate.version. The untrained model
 * is left out: its initialisation is the model core's. */
static void golden_bytes(struct tap *tap)
{
    static const char *const golden[OUTPUTS] = {
        "6228275ae91a295723f87b8b7a9040b48ded4a490ec9578a0841f6a7c4336453",
        "992cffff3a69be37970f32c1f6a1f4a6083ca55e4773dfbf47cd62b1f342b92f",
        "e35c6b65770d83b403e27c3ab60e12a515869930305dcef90c8b4dc32ebbb4da",
        "1716eff811760cb5ded021cf561216161c82a1d4f78d9700e41f8d491ead4a8d",
        "a5e3b02b150b14fa4000bce3bf60a0a9778b63b5046b7983533f149510510b90"};
    struct evaluate_params params = usual;
    char hex[LM_DIGEST_HEX];
    params.untrained_windows = 0;
    REQUIRE(start(documents) && run(TOP "/a", &params, 1, -1, NULL) == LM_OK);
    for (size_t i = 0; i < OUTPUTS; i++)
        CHECK_STR(output_digest(hex, "a", i), golden[i]);
}

/* ---- edges ---- */

static void one_document_has_no_interval(struct tap *tap)
{
    struct lm_err err = {0};
    REQUIRE(start((const uint64_t[]){5, 1, 0}) && run(TOP "/a", &usual, 1, -1, &err) == LM_OK);
    struct lm_json *root = read_json(TOP "/a/out/scores");
    CHECK(score(root, "valid.bpb") > 0);
    CHECK(lm_json_get(root, "valid.bpb.lo") == NULL);
    CHECK(lm_json_get(root, "test.bpb") == NULL);
    lm_json_free(root);
}

static void says_what_is_missing(struct tap *tap)
{
    struct lm_err err = {0};
    REQUIRE(start((const uint64_t[]){5, 0, 0}));
    CHECK_INT(run(TOP "/a", &usual, 1, -1, &err), LM_INVALID);
    CHECK_STR(err.text, "the tokens hold no valid and no test documents; give `split` in clean");
    struct evaluate_params wide = usual;
    wide.stride = SCORED_CONTEXT + 1;
    CHECK_INT(run(TOP "/b", &wide, 1, -1, &err), LM_RANGE);
    CHECK_STR(err.text, "stride: 17 exceeds the model's context of 16; give less");
}

static void can_be_cancelled(struct tap *tap)
{
    struct lm_err err = {0};
    REQUIRE(start(documents));
    for (long polls = 0; polls < 700; polls += 53) /* in every part of the work */
        CHECK_INT(run(TOP "/a", &usual, 1, polls, &err), LM_CANCELLED);
}

/* A model that is not finite is no model: refused with the tensor's name, and nothing is written.
 */
static void refuses_a_model_that_is_not_finite(struct tap *tap)
{
    struct lm_err err = {0};
    char hex[LM_DIGEST_HEX];
    REQUIRE(start(documents) && scored_spoil_model(TOP "/model"));
    CHECK_INT(run(TOP "/a", &usual, 1, -1, &err), LM_NUMERIC);
    CHECK(strstr(err.text, "model.safetensors: ln_f.bias holds a number that is not finite") !=
          NULL);
    CHECK(strstr(err.text, "take the file from its source again") != NULL);
    CHECK_STR(scored_digest(hex, TOP "/a/out/scores"), "");
}

/* A shape as the stages upstream have it; `missing` is not there. */
struct shape {
    const char *missing;
};

static bool shape_upstream(void *user, const char *type, const char *param, int64_t *out)
{
    static const struct {
        const char *type, *param;
        int64_t value;
    } rows[] = {{"bpe", "vocab_size", 2048},
                {"train", "context", 256},
                {"train", "layers", 4},
                {"train", "heads", 6},
                {"train", "width", 384}};

    const struct shape *shape = user;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].type, type) != 0 || strcmp(rows[i].param, param) != 0 ||
            (shape->missing != NULL && strcmp(shape->missing, param) == 0))
            continue;
        *out = rows[i].value;
        return true;
    }
    return false;
}

/* The model, twice when an untrained one is scored beside it; nothing without a shape. */
static void estimates_its_memory(struct tap *tap)
{
    const struct lm_model_config config = {
        .vocab = 2048, .context = 256, .layers = 4, .heads = 6, .width = 384, .dropout = 0};
    const struct lm_model_options options = {
        .max_batch = 8, .threads = 2, .numerics = LM_NUMERICS_BLAS};
    struct shape shape = {NULL};
    struct lm_upstream upstream = {shape_upstream, &shape, 2, false};
    struct evaluate_params params = {.batch = 8, .untrained_windows = 64};
    struct lm_estimate two = {0}, one = {0}, none = {0};
    lm_stage_evaluate.estimate(&params, &upstream, &two);
    params.untrained_windows = 0;
    lm_stage_evaluate.estimate(&params, &upstream, &one);
    CHECK_INT(two.memory - one.memory, lm_model_memory(&config, &options));
    CHECK(one.memory > lm_model_memory(&config, &options));
    CHECK_STR(one.text, "8 windows of 256 tokens at once");
    shape.missing = "width";
    lm_stage_evaluate.estimate(&params, &upstream, &none);
    CHECK(none.memory == 0 && none.text[0] == '\0');
}

static const struct tap_test tests[] = {
    TAP_ROW(equals_token_by_token) TAP_ROW(untrained_is_uniform) TAP_ROW(differences_are_paired)
        TAP_ROW(a_part_is_compared_with_its_part) TAP_ROW(items_add_up)
            TAP_ROW(curves_cover_all_tokens) TAP_ROW(threads_change_nothing) TAP_ROW(golden_bytes)
                TAP_ROW(one_document_has_no_interval) TAP_ROW(says_what_is_missing)
                    TAP_ROW(can_be_cancelled) TAP_ROW(refuses_a_model_that_is_not_finite)
                        TAP_ROW(estimates_its_memory)};
LM_TEST_FILE(tests)
