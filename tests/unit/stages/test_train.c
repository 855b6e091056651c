/* The stage type train through a context: what it writes, and that neither interruptions nor
 * threads change a byte of it. */
#include <lmpipe/model.h>
#include <lmpipe/tokens.h>

#include <sys/timerfd.h>
#include <unistd.h>

#include "base/json.h"
#include "protocol/checkpoint.h"
#include "stages/train/train_data.h"
#include "stages/train/train_schedule.h"
#include "tests/tap.h"
#include "train_fixture.h"

enum { VOCAB = TRAIN_TOKENS_VOCAB, STEPS = 12 };

static struct train_params defaults(void)
{
    struct train_params params = train_usual();
    params.batch = 4;
    params.steps = STEPS;
    params.lr = 1e-2;
    params.min_lr = 1e-3;
    params.dropout = 0.1;
    params.eval_every = 5;
    params.keep = "best";
    return params;
}

static bool open_place(struct place *place, size_t valid)
{
    return place_open(place) && train_tokens(place->data, valid, &place->err) == LM_OK;
}

/* One run; cancelled after `polls` looks at the clock when polls ≥ 0. */
static enum lm_status run(struct place *place, const struct train_params *params, size_t threads,
                          long polls)
{
    struct lm_err err = {LM_OK, ""};
    struct lm_job job;
    struct lm_job_input input[2];
    struct lm_ctx *ctx = place_context(place, params, threads, &job, input);
    if (ctx == NULL)
        return LM_INTERNAL;
    if (polls >= 0)
        lm_ctx_cancel_after(ctx, polls);
    enum lm_status status = lm_run_train(ctx, params, &err);
    lm_ctx_flush(ctx);
    if (status != LM_OK && status != LM_CANCELLED)
        printf("# %s\n", err.text);
    place->valid_loss = lm_ctx_result_value(ctx, "valid_loss");
    place->train_loss = lm_ctx_result_value(ctx, "train_loss");
    lm_ctx_free(ctx);
    return status;
}

/* Digest over all outputs. */
static void digest_of(char hex[LM_DIGEST_HEX], const struct place *place)
{
    static const char *const files[] = {"out/model/model.safetensors", "out/model/config.json",
                                        "out/model/vocab", "out/log"};
    struct lm_digest digests[4] = {0}, all;
    for (size_t i = 0; i < 4; i++) {
        char path[200];
        struct lm_err err = {LM_OK, ""};
        snprintf(path, sizeof path, "%s/%s", place->work, files[i]);
        if (lm_sha256_file(&digests[i], NULL, path, &err) != LM_OK)
            printf("# %s\n", err.text);
    }
    lm_sha256_bytes(&all, digests, sizeof digests);
    lm_digest_hex(hex, &all);
}

static void weights_of(char hex[LM_DIGEST_HEX], const struct place *place)
{
    struct lm_digest digest = {{0}};
    char path[200];
    snprintf(path, sizeof path, "%s/out/model/model.safetensors", place->work);
    lm_sha256_file(&digest, NULL, path, NULL);
    lm_digest_hex(hex, &digest);
}

/* What the newest checkpoint holds, as outputs. */
static enum lm_status look_in(struct place *place, const struct train_params *params)
{
    struct lm_err err = {LM_OK, ""};
    struct lm_job job;
    struct lm_job_input input[2];
    struct lm_ctx *ctx = place_context(place, params, 1, &job, input);
    if (ctx == NULL)
        return LM_INTERNAL;
    job.partial = true;
    enum lm_status status = lm_run_train(ctx, params, &err);
    lm_ctx_free(ctx);
    return status;
}

static void test_learns(struct tap *tap)
{
    struct place place;
    struct train_params params = defaults();
    params.steps = 60;
    REQUIRE(open_place(&place, 8));
    CHECK_INT(run(&place, &params, 2, -1), LM_OK);
    CHECK(place.valid_loss < 2.5 && place.valid_loss > log(2)); /* ln 60 = 4.1 at the start */
    char path[160];
    struct lm_err err;
    struct lm_model *model = NULL;
    const struct lm_model_options options = {0};
    snprintf(path, sizeof path, "%s/out/model", place.work);
    CHECK_INT(lm_model_load(&model, path, &options, &err), LM_OK);
    lm_model_free(model);
    place_close(&place);
}

/* Rows of the log: one a step, and one a look at the valid split: 0, 5, 10, 12. */
static void test_log(struct tap *tap)
{
    struct place place;
    struct train_params params = defaults();
    struct lm_arena *arena = lm_arena_create();
    struct lm_err err;
    char path[160], *text = NULL;
    size_t size, steps = 0, looks = 0;
    REQUIRE(open_place(&place, 8));
    CHECK_INT(run(&place, &params, 1, -1), LM_OK);
    snprintf(path, sizeof path, "%s/out/log", place.work);
    REQUIRE(lm_file_read(&text, &size, arena, path, 1 << 20, &err) == LM_OK);
    static const int64_t look_at[] = {0, 5, 10, STEPS};
    for (char *line = text; *line != '\0';) {
        char *end = strchr(line, '\n');
        struct lm_json *row = NULL;
        REQUIRE(end != NULL && lm_json_parse(&row, line, (size_t)(end - line), &err) == LM_OK);
        int64_t step = lm_json_int(lm_json_get(row, "step"), -1);
        CHECK_INT(lm_json_int(lm_json_get(row, "tokens"), -1), step * 2 * 4 * 16);
        if (lm_json_get(row, "valid_loss") != NULL) {
            CHECK_INT(step, looks < 4 ? look_at[looks] : -1);
            looks++;
        } else {
            steps++;
            CHECK_INT(step, (int64_t)steps);
            CHECK(lm_json_double(lm_json_get(row, "loss"), -1) > 0);
            CHECK(lm_json_double(lm_json_get(row, "grad_norm"), -1) > 0);
            CHECK(lm_json_double(lm_json_get(row, "lr"), -1) == train_rate(&params, step - 1));
        }
        lm_json_free(row);
        line = end + 1;
    }
    CHECK_INT(steps, STEPS);
    CHECK_INT(looks, 4);
    lm_arena_free(arena);
    place_close(&place);
}

static void test_threads(struct tap *tap)
{
    char want[LM_DIGEST_HEX], got[LM_DIGEST_HEX];
    struct place place;
    struct train_params params = defaults();
    static const size_t threads[] = {2, 3, 5};
    REQUIRE(open_place(&place, 8));
    REQUIRE(run(&place, &params, 1, -1) == LM_OK);
    digest_of(want, &place);
    for (size_t i = 0; i < 3; i++) {
        REQUIRE(run(&place, &params, threads[i], -1) == LM_OK);
        digest_of(got, &place);
        CHECK_STR(got, want);
    }
    place_close(&place);
}

/* Interrupted at the first, the second, … question whether to stop, which comes a few times a
 * layer: inside steps, inside looks at the valid split, between them; and several times in a row.
 */
static void test_interruptions(struct tap *tap)
{
    char want[LM_DIGEST_HEX], got[LM_DIGEST_HEX];
    struct place whole, place;
    struct train_params params = defaults();
    REQUIRE(open_place(&whole, 8));
    REQUIRE(run(&whole, &params, 1, -1) == LM_OK);
    digest_of(want, &whole);
    for (long polls = 0; polls < 400; polls += 23) {
        int runs = 0;
        enum lm_status status = LM_CANCELLED;
        REQUIRE(open_place(&place, 8));
        for (; status == LM_CANCELLED && runs < 40; runs++)
            status = run(&place, &params, 1 + (size_t)runs % 3, polls + 11 * runs);
        CHECK_INT(status, LM_OK);
        CHECK(runs > 1);
        digest_of(got, &place);
        CHECK_STR(got, want);
        CHECK(place.valid_loss == whole.valid_loss && place.train_loss == whole.train_loss);
        place_close(&place);
    }
    place_close(&whole);
}

/* Looked at while it is not done: the model is what a training of so many steps would be, and
 * nothing of the checkpoint is touched. */
static void test_partial(struct tap *tap)
{
    char want[LM_DIGEST_HEX], seen[LM_DIGEST_HEX], got[LM_DIGEST_HEX];
    struct place place, whole;
    struct train_params params = defaults();
    params.schedule = "constant";
    params.keep = "last";
    params.warmup = 2;
    REQUIRE(open_place(&place, 8) && open_place(&whole, 8));
    CHECK_INT(look_in(&place, &params), LM_NOT_FOUND);
    REQUIRE(run(&whole, &params, 1, -1) == LM_OK);
    digest_of(want, &whole);
    REQUIRE(run(&place, &params, 2, 150) == LM_CANCELLED);
    int64_t step = lm_checkpoint_peek(place.checkpoints);
    CHECK(step > 2 && step < STEPS);
    CHECK_INT(look_in(&place, &params), LM_OK);
    weights_of(seen, &place);
    CHECK_INT(lm_checkpoint_peek(place.checkpoints), step);
    CHECK_INT(run(&place, &params, 1, -1), LM_OK);
    digest_of(got, &place);
    CHECK_STR(got, want);
    params.steps = step;
    REQUIRE(run(&whole, &params, 1, -1) == LM_OK);
    weights_of(want, &whole);
    CHECK_STR(seen, want);
    place_close(&whole);
    place_close(&place);
}

static void test_keep(struct tap *tap)
{
    char best[LM_DIGEST_HEX], last[LM_DIGEST_HEX];
    struct place place;
    struct train_params params = defaults();
    params.lr = 0.3; /* too high on purpose: the last weights are not the best */
    params.min_lr = 0.3;
    REQUIRE(open_place(&place, 8));
    REQUIRE(run(&place, &params, 1, -1) == LM_OK);
    double lowest = place.valid_loss;
    digest_of(best, &place);
    params.keep = "last";
    REQUIRE(run(&place, &params, 1, -1) == LM_OK);
    digest_of(last, &place);
    CHECK(place.valid_loss > lowest);
    CHECK(strcmp(best, last) != 0);
    place_close(&place);
}

static void test_no_valid_split(struct tap *tap)
{
    struct place place;
    struct train_params params = defaults();
    REQUIRE(open_place(&place, 0));
    CHECK_INT(run(&place, &params, 1, -1), LM_OK);
    CHECK(isnan(place.valid_loss) && place.train_loss > 0);
    params.context = 4096;
    CHECK_INT(run(&place, &params, 1, -1), LM_RANGE);
    place_close(&place);
}

/* Rows of documents and of two token sets: other results, the same ones on any threads and after an
 * interruption. */
static void test_documents_and_mixtures(struct tap *tap)
{
    struct place place, other;
    struct train_params params = defaults();
    char plain[LM_DIGEST_HEX], hex[LM_DIGEST_HEX], again[LM_DIGEST_HEX];
    struct train_weight weights[] = {{3, ""}, {1, ""}, {1, ""}};
    REQUIRE(open_place(&place, 8) && open_place(&other, 2));
    REQUIRE(run(&place, &params, 1, -1) == LM_OK);
    digest_of(plain, &place);
    params.order = "documents";
    place.more = other.tokens;
    params.mixture = (struct lm_list){weights, 2};
    REQUIRE(run(&place, &params, 1, -1) == LM_OK);
    digest_of(hex, &place);
    CHECK(strcmp(hex, plain) != 0);
    lm_dir_remove(place.checkpoints, NULL);
    REQUIRE(lm_dir_create(place.checkpoints, NULL) == LM_OK);
    CHECK_INT(run(&place, &params, 2, 7), LM_CANCELLED);
    CHECK_INT(run(&place, &params, 3, -1), LM_OK);
    digest_of(again, &place);
    CHECK_STR(again, hex);
    params.mixture.count = 3;
    CHECK_INT(run(&place, &params, 1, -1), LM_INVALID);
    char path[160];
    snprintf(path, sizeof path, "%s/vocab", other.tokens);
    REQUIRE(lm_file_write(path, "other words\n", 12, NULL) == LM_OK);
    params.mixture.count = 0;
    CHECK_INT(run(&place, &params, 1, -1), LM_MISMATCH);
    place_close(&place);
    place_close(&other);
}

static void test_schedule(struct tap *tap)
{
    struct train_params params = defaults();
    params.lr = 1;
    params.min_lr = 0.1;
    params.warmup = 4;
    params.steps = 15;
    CHECK_NEAR(train_rate(&params, 0), 0.25, 1e-15);
    CHECK_NEAR(train_rate(&params, 3), 1, 1e-15);
    CHECK_NEAR(train_rate(&params, 4), 1, 1e-15);
    CHECK_NEAR(train_rate(&params, 9), 0.55, 1e-12); /* half of the way */
    CHECK_NEAR(train_rate(&params, 14), 0.1, 1e-12);
    params.schedule = "linear";
    CHECK_NEAR(train_rate(&params, 6), 0.1 + 0.9 * 0.8, 1e-12);
    params.schedule = "constant";
    CHECK_NEAR(train_rate(&params, 14), 1, 1e-15);
}

/* What the spec leaves out, and what contradicts itself. */
static void test_resolve(struct tap *tap)
{
    struct lm_err err;
    struct train_params params = defaults();
    params.preset = "gpt2-nano";
    params.context = params.layers = params.heads = params.width = LM_UNSET_INT;
    params.min_lr = LM_UNSET_FLOAT;
    params.width = 96;
    params.warmup = 1000;
    params.eval_every = 1000;
    CHECK_INT(lm_stage_train.resolve(&params, NULL, &err), LM_OK);
    CHECK_INT(params.context, 128);
    CHECK_INT(params.layers, 3);
    CHECK_INT(params.heads, 6);
    CHECK_INT(params.width, 96);
    CHECK_INT(params.warmup, STEPS);
    CHECK_INT(params.eval_every, STEPS);
    CHECK(params.min_lr == 1e-3);
    static const double rates[][2] = {{3e-3, 3e-4}, {6e-4, 6e-5}, {0.7, 0.07}, {1, 0.1}};
    for (size_t i = 0; i < 4; i++) { /* the number that a person would type */
        params.lr = rates[i][0];
        params.min_lr = LM_UNSET_FLOAT;
        CHECK_INT(lm_stage_train.resolve(&params, NULL, &err), LM_OK);
        CHECK(params.min_lr == rates[i][1]);
    }
    params.heads = 7;
    CHECK_INT(lm_stage_train.resolve(&params, NULL, &err), LM_RANGE);
    CHECK(strncmp(err.text, "heads:", 6) == 0);
    params.heads = 6;
    params.lr = 0.01;
    params.min_lr = 0.02;
    CHECK_INT(lm_stage_train.resolve(&params, NULL, &err), LM_RANGE);
    CHECK(strncmp(err.text, "min_lr:", 7) == 0);
}

static bool vocab_upstream(void *user, const char *type, const char *param, int64_t *out)
{
    *out = *(int64_t *)user;
    return strcmp(type, "bpe") == 0 && strcmp(param, "vocab_size") == 0;
}

/* At its peak a training holds the model and, for a checkpoint, weights, moments and twice the
 * best weights: 20 bytes a parameter beside the model. */
static void test_estimate(struct tap *tap)
{
    int64_t vocab = 50257;
    struct lm_upstream upstream = {vocab_upstream, &vocab, 3, true};
    struct train_params params = defaults();
    struct lm_estimate estimate = {0}, more = {0};
    struct lm_err err;
    params.preset = "gpt2-124m";
    params.context = params.layers = params.heads = params.width = LM_UNSET_INT;
    params.steps = 100000;
    CHECK_INT(lm_stage_train.resolve(&params, NULL, &err), LM_OK);
    lm_stage_train.estimate(&params, &upstream, &estimate);
    CHECK_STR(estimate.text, "124,439,808 parameters, 100,000 steps of 8,192 tokens");
    CHECK(estimate.flops > 6 * 124e6 * 8192 * 1e5);
    const struct lm_model_config config = {.vocab = vocab,
                                           .context = 1024,
                                           .layers = 12,
                                           .heads = 12,
                                           .width = 768,
                                           .dropout = params.dropout};
    struct lm_model_options options = {.training = true,
                                       .max_batch = 4,
                                       .threads = 3,
                                       .numerics = LM_NUMERICS_PORTABLE,
                                       .leaves = params.accumulate};
    double beside = (double)(estimate.memory - lm_model_memory(&config, &options));
    CHECK_NEAR(beside, 4 * 124439808.0 + 2 * 96 * 1e5, 20e6); /* the best weights, the log */
    upstream.threads = 5;
    lm_stage_train.estimate(&params, &upstream, &more);
    options.threads = 5;
    uint64_t threads = more.memory - estimate.memory; /* of two more */
    CHECK(threads > 0 &&
          estimate.memory + threads - (uint64_t)beside == lm_model_memory(&config, &options));
    upstream.portable = false; /* no packed weights */
    lm_stage_train.estimate(&params, &upstream, &estimate);
    CHECK(estimate.memory < more.memory);
    params.keep = "last";
    lm_stage_train.estimate(&params, &upstream, &more);
    CHECK_INT(estimate.memory - more.memory, 4 * INT64_C(124439808));
}

/* Last value of a gauge in the events, or NaN. */
static double last_gauge(const char *events, const char *name)
{
    char field[64];
    double value = (double)NAN;
    snprintf(field, sizeof field, "\"%s\":", name);
    for (const char *at = events; (at = strstr(at, field)) != NULL; at++)
        value = strtod(at + strlen(field), NULL);
    return value;
}

/* The events of a training that is stopped after `seconds`, or ends by itself. Caller frees. */
static char *watch(struct place *place, const struct train_params *params, time_t seconds)
{
    const struct itimerspec when = {.it_value = {.tv_sec = seconds}};
    char *text = NULL;
    size_t size = 0;
    place->events = open_memstream(&text, &size);
    place->signal_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    timerfd_settime(place->signal_fd, 0, &when, NULL);
    enum lm_status status = run(place, params, 1, -1);
    close(place->signal_fd);
    fclose(place->events);
    return status == LM_OK || status == LM_CANCELLED ? text : NULL;
}

/* A training of seconds tells its speed against the machine's peak; the parts add up. A tiny one
 * does not wait for the peak to be measured. */
static void test_speed(struct tap *tap)
{
    struct place place;
    struct train_params params = defaults();
    double sum = 0;
    REQUIRE(open_place(&place, 8));
    char *tiny = watch(&place, &params, 60);
    REQUIRE(tiny != NULL);
    CHECK(last_gauge(tiny, "tokens") == STEPS * 128 && isnan(last_gauge(tiny, "peak.fp32")));
    free(tiny);
    place_close(&place);
    params.steps = 100000000;
    REQUIRE(open_place(&place, 8));
    char *text = watch(&place, &params, 3);
    REQUIRE(text != NULL);
    for (size_t i = 0; i < LM_PHASES; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.seconds", lm_phase_names[i]);
        CHECK(last_gauge(text, name) > 0 && last_gauge(text, name) < 60);
        snprintf(name, sizeof name, "%s.flops", lm_phase_names[i]);
        sum += last_gauge(text, name);
    }
    CHECK_NEAR(sum, last_gauge(text, "flops"), 0.2 * sum); /* of two events, maybe */
    CHECK(last_gauge(text, "peak.fp32") > 1e8);
    CHECK(last_gauge(text, "mfu") > 0 && last_gauge(text, "mfu") < 115);
    CHECK(last_gauge(text, "tokens_per_second") > 1);
    CHECK(last_gauge(text, "memory") > 1e5);
    free(text);
    place_close(&place);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_learns) TAP_ROW(test_log) TAP_ROW(test_threads) TAP_ROW(test_interruptions)
        TAP_ROW(test_partial) TAP_ROW(test_keep) TAP_ROW(test_no_valid_split)
            TAP_ROW(test_documents_and_mixtures) TAP_ROW(test_schedule) TAP_ROW(test_resolve)
                TAP_ROW(test_estimate) TAP_ROW(test_speed)};
LM_TEST_FILE(tests)
