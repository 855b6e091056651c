/* Steps that are not finite: skipped without a trace, given up with a text, and the same over
 * interruptions. The weights that cause them are put into a checkpoint. */
#include <lmpipe/model.h>
#include <lmpipe/tokens.h>

#include "base/json.h"
#include "stages/train/train_guard.h"
#include "tests/tap.h"
#include "train_fixture.h"

enum { VOCAB = 40, RARE = 17, CONTEXT = 16, WIDTH = 32, STEPS = 30 };

/* 20 documents of 32 tokens for train, 4 for valid; every `rare`-th of train has the rare id in its
 * middle, `only` ≥ 0: all ids are that one. */
static enum lm_status write_tokens(const char *path, int64_t vocab, size_t rare, int32_t only,
                                   struct lm_err *err)
{
    struct lm_tokens_writer *writer = NULL;
    struct lm_digest digest;
    int32_t ids[32];
    struct lm_rng rng = lm_rng_stream(1, "text");
    lm_sha256_bytes(&digest, "v", 1);
    LM_TRY(lm_tokens_create(&writer, path, vocab, (int32_t)vocab - 1, &digest, err));
    enum lm_status status = LM_OK;
    for (size_t document = 0; document < 24 && status == LM_OK; document++) {
        bool train = document < 20;
        for (uint64_t i = 0; i < 32; i++)
            ids[i] = only >= 0 ? only : (int32_t)lm_rng_below(rng, document, i, RARE);
        if (train && rare > 0 && document % rare == 0)
            ids[16] = RARE;
        status = lm_tokens_add(writer, train ? LM_TRAIN : LM_VALID, ids, 32, document, 40, err);
    }
    if (status != LM_OK) {
        lm_tokens_abandon(writer);
        return status;
    }
    return lm_tokens_finish(writer, &digest, err);
}

static struct train_params defaults(void)
{
    struct train_params params = train_usual();
    params.context = CONTEXT;
    params.width = WIDTH;
    params.steps = STEPS;
    params.max_skips = 3;
    return params;
}

static bool open_place(struct place *place, int64_t vocab, size_t rare, int32_t only)
{
    return place_open(place) && write_tokens(place->data, vocab, rare, only, &place->err) == LM_OK;
}

/* One run; cancelled after `polls` questions when polls ≥ 0. */
static enum lm_status run(struct place *place, const struct train_params *params, long polls)
{
    struct lm_job job;
    struct lm_job_input input[2];
    struct lm_ctx *ctx = place_context(place, params, 1, &job, input);
    if (ctx == NULL)
        return LM_INTERNAL;
    if (polls >= 0)
        lm_ctx_cancel_after(ctx, polls);
    place->err = (struct lm_err){LM_OK, ""};
    enum lm_status status = lm_run_train(ctx, params, &place->err);
    place->skipped = lm_ctx_result_value(ctx, "skipped_steps");
    place->diverged = lm_ctx_result_value(ctx, "diverged_at");
    lm_ctx_free(ctx);
    return status;
}

/* ---- weights in checkpoints ---- */

/* The newest checkpoint: a copy, and where in it the weights begin; NULL when there is none. */
static char *checkpoint_of(struct place *place, const struct train_params *params, size_t *size,
                           uint64_t *position, float **weights)
{
    struct lm_job job;
    struct lm_job_input input[2];
    struct lm_ctx *ctx = place_context(place, params, 1, &job, input);
    void *data = NULL;
    char *out = NULL;
    if (ctx != NULL && lm_ctx_checkpoint_load(ctx, position, &data, size, NULL) == LM_OK &&
        data != NULL) {
        out = calloc(*size + 1, 1);
        memcpy(out, data, *size);
        *weights = (float *)(void *)((char *)memmem(out, *size, "lmstate1", 8) + 24);
    }
    lm_ctx_free(ctx);
    return out;
}

typedef void spoil_fn(const struct lm_model *shape, float *weights);

/* Elements of tensor `name` in `weights`, which lie as in the model. */
static float *find(const struct lm_model *shape, float *weights, const char *name)
{
    for (size_t i = 0; i < lm_model_tensors(shape); i++)
        if (strcmp(lm_model_tensor(shape, i).name, name) == 0)
            return weights + (lm_model_tensor(shape, i).data - lm_model_tensor(shape, 0).data);
    printf("# no tensor %s\n", name);
    abort();
}

/* Stops a training before its first step and spoils the weights it begins with. */
static bool begin_spoilt(struct place *place, const struct train_params *params, spoil_fn *spoil)
{
    const struct lm_model_config config = {.vocab = VOCAB,
                                           .context = params->context,
                                           .layers = params->layers,
                                           .heads = params->heads,
                                           .width = params->width,
                                           .dropout = 0};
    const struct lm_model_options options = {.training = true};
    struct lm_model *shape = NULL;
    size_t size = 0;
    uint64_t position = 0;
    float *weights = NULL;
    if (run(place, params, 0) != LM_CANCELLED ||
        lm_model_create(&shape, &config, &options, NULL) != LM_OK)
        return false;
    char *data = checkpoint_of(place, params, &size, &position, &weights);
    struct lm_job job;
    struct lm_job_input input[2];
    struct lm_ctx *ctx = place_context(place, params, 1, &job, input);
    bool done = data != NULL && ctx != NULL;
    if (done) {
        spoil(shape, weights);
        done = lm_ctx_checkpoint_save(ctx, position, data, size, NULL) == LM_OK;
    }
    lm_ctx_free(ctx);
    lm_model_free(shape);
    free(data);
    return done;
}

/* The output of the final norm is its bias, so the rare id's logit is far below all others; as an
 * input it overflows the first norm, as a target its loss is infinite. */
static void spoil_rare(const struct lm_model *shape, float *weights)
{
    float *gain = find(shape, weights, "ln_f.weight"), *bias = find(shape, weights, "ln_f.bias");
    float *row = find(shape, weights, "wte.weight") + (size_t)RARE * WIDTH;
    for (size_t c = 0; c < WIDTH; c++) {
        gain[c] = 0;
        bias[c] = 1;
        row[c] = -3e38F;
    }
}

/* Values of layer 0 are 0 · 3e38 forward; backward their gradient comes multiplied by 1e10 and
 * is multiplied by 3e38: finite losses, infinite gradients. */
static void spoil_backward(const struct lm_model *shape, float *weights)
{
    float *gain = find(shape, weights, "h.0.ln_1.weight");
    float *qkv = find(shape, weights, "h.0.attn.c_attn.weight");
    float *proj = find(shape, weights, "h.0.attn.c_proj.weight");
    gain[0] = 0;
    for (size_t r = 0; r < WIDTH; r++)
        for (size_t c = 0; c < WIDTH; c++) {
            qkv[r * 3 * WIDTH + 2 * WIDTH + c] = r == 0 ? 3e38F : 0;
            proj[r * WIDTH + c] = (r + c) % 2 == 0 ? 1e10F : -1e10F;
        }
}

/* The rare id as a target has a loss of 3,200 and a gradient to match: finite, far too large. */
static void spoil_spike(const struct lm_model *shape, float *weights)
{
    spoil_rare(shape, weights);
    for (size_t c = 0; c < WIDTH; c++)
        find(shape, weights, "wte.weight")[(size_t)RARE * WIDTH + c] = -100;
}

static void spoil_nan(const struct lm_model *shape, float *weights)
{
    find(shape, weights, "h.1.mlp.c_fc.bias")[5] = NAN;
}

static void spoil_infinite(const struct lm_model *shape, float *weights)
{
    find(shape, weights, "wpe.weight")[3] = -INFINITY;
}

/* ---- what a run left ---- */

static bool has_output(const struct place *place)
{
    char path[200];
    struct lm_digest digest;
    snprintf(path, sizeof path, "%s/out/model/model.safetensors", place->work);
    return lm_sha256_file(&digest, NULL, path, NULL) == LM_OK;
}

/* Digest over weights and log. */
static void digest_of(char hex[LM_DIGEST_HEX], const struct place *place)
{
    static const char *const files[] = {"out/model/model.safetensors", "out/log"};
    struct lm_digest digests[2] = {0}, all;
    for (size_t i = 0; i < 2; i++) {
        char path[200];
        struct lm_err err = {LM_OK, ""};
        snprintf(path, sizeof path, "%s/%s", place->work, files[i]);
        if (lm_sha256_file(&digests[i], NULL, path, &err) != LM_OK)
            printf("# %s\n", err.text);
    }
    lm_sha256_bytes(&all, digests, sizeof digests);
    lm_digest_hex(hex, &all);
}

static char *read_log(const struct place *place)
{
    char path[200], *text = NULL, *copy = NULL;
    size_t size;
    struct lm_arena *arena = lm_arena_create();
    snprintf(path, sizeof path, "%s/out/log", place->work);
    if (lm_file_read(&text, &size, arena, path, 1 << 20, NULL) == LM_OK)
        copy = strdup(text);
    lm_arena_free(arena);
    return copy;
}

static int count(const char *text, const char *what)
{
    int n = 0;
    for (; text != NULL && (text = strstr(text, what)) != NULL; text++)
        n++;
    return n;
}

/* ---- tests ---- */

/* Batches with the rare id are left out; the log has a line for each, without a bad number. */
static void test_skips(struct tap *tap)
{
    struct place place;
    struct train_params params = defaults();
    REQUIRE(open_place(&place, VOCAB, 8, -1));
    REQUIRE(begin_spoilt(&place, &params, spoil_rare));
    CHECK_INT(run(&place, &params, -1), LM_OK);
    if (place.err.status != LM_OK)
        printf("# %s\n", place.err.text);
    CHECK(place.skipped >= 2 && place.skipped < STEPS / 2);
    char *log = read_log(&place);
    REQUIRE(log != NULL);
    CHECK_INT(count(log, "\"skipped\":true"), place.skipped);
    CHECK_INT(count(log, "\"grad_norm\""), STEPS - place.skipped);
    CHECK_INT(count(log, "\"lr\""), STEPS);
    CHECK_INT(count(log, "\"loss\""), STEPS - place.skipped); /* a skipped loss is infinite here */
    CHECK_INT(count(log, "nan") + count(log, "inf") + count(log, "null"), 0);
    for (int step = 1; step <= STEPS; step++) { /* the order of the data goes on */
        char line[32];
        snprintf(line, sizeof line, "{\"step\":%d,", step);
        CHECK(strstr(log, line) != NULL);
    }
    free(log);
    CHECK(has_output(&place));
    place_close(&place);
}

/* A training without bad batches skips nothing and says 0. */
static void test_none(struct tap *tap)
{
    struct place place;
    struct train_params params = defaults();
    REQUIRE(open_place(&place, VOCAB, 0, -1));
    CHECK_INT(run(&place, &params, -1), LM_OK);
    CHECK(place.skipped == 0);
    char *log = read_log(&place);
    CHECK_INT(count(log, "skipped"), 0);
    free(log);
    place_close(&place);
}

/* Interrupted anywhere, skipped steps included, it ends with the same bytes. */
static void test_interruptions(struct tap *tap)
{
    char want[LM_DIGEST_HEX], got[LM_DIGEST_HEX];
    struct place place;
    struct train_params params = defaults();
    REQUIRE(open_place(&place, VOCAB, 5, -1) && begin_spoilt(&place, &params, spoil_rare));
    REQUIRE(run(&place, &params, -1) == LM_OK);
    double skipped = place.skipped;
    CHECK(skipped > 2);
    digest_of(want, &place);
    place_close(&place);
    for (long polls = 3; polls < 90; polls += 17) {
        int runs = 0;
        enum lm_status status = LM_CANCELLED;
        REQUIRE(open_place(&place, VOCAB, 5, -1) && begin_spoilt(&place, &params, spoil_rare));
        for (; status == LM_CANCELLED && runs < 60; runs++)
            status = run(&place, &params, polls + 5 * runs);
        CHECK_INT(status, LM_OK);
        CHECK(runs > 2);
        digest_of(got, &place);
        CHECK_STR(got, want);
        CHECK(place.skipped == skipped);
        place_close(&place);
    }
}

/* With max_spike batches with the rare id are left out once 32 norms are known, over interruptions
 * too; the log says how large they were. Without it they are clipped like any other. */
static void test_spikes(struct tap *tap)
{
    char want[LM_DIGEST_HEX], got[LM_DIGEST_HEX];
    struct place place;
    struct train_params params = defaults();
    params.steps = 70;
    REQUIRE(open_place(&place, VOCAB, 8, -1) && begin_spoilt(&place, &params, spoil_spike));
    REQUIRE(run(&place, &params, -1) == LM_OK);
    CHECK(place.skipped == 0);
    place_close(&place);
    params.max_spike = 1;
    CHECK_INT(lm_stage_train.resolve(&params, NULL, &place.err), LM_RANGE);
    CHECK(strncmp(place.err.text, "max_spike:", 10) == 0);
    params.max_spike = 10;
    CHECK_INT(lm_stage_train.resolve(&params, NULL, &place.err), LM_OK);
    REQUIRE(open_place(&place, VOCAB, 8, -1) && begin_spoilt(&place, &params, spoil_spike));
    REQUIRE(run(&place, &params, -1) == LM_OK);
    double skipped = place.skipped;
    CHECK(skipped >= 2 && skipped < 38);
    digest_of(want, &place);
    char *log = read_log(&place), *rest = log;
    REQUIRE(log != NULL);
    int marked = 0;
    for (char *line; (line = strtok_r(rest, "\n", &rest)) != NULL;) {
        struct lm_json *row = NULL;
        REQUIRE(lm_json_parse(&row, line, strlen(line), NULL) == LM_OK);
        double norm = lm_json_double(lm_json_get(row, "grad_norm"), 0);
        int64_t step = lm_json_int(lm_json_get(row, "step"), -1);
        bool skip = lm_json_get(row, "skipped") != NULL;
        CHECK(!skip || (step > 32 && norm > 10 && lm_json_get(row, "loss") != NULL));
        CHECK(skip || step <= 32 || norm < 3);
        marked += skip;
        lm_json_free(row);
    }
    free(log);
    CHECK_INT(marked, skipped);
    place_close(&place);
    for (long polls = 40; polls < 130; polls += 30) {
        int runs = 0;
        enum lm_status status = LM_CANCELLED;
        REQUIRE(open_place(&place, VOCAB, 8, -1) && begin_spoilt(&place, &params, spoil_spike));
        for (; status == LM_CANCELLED && runs < 90; runs++)
            status = run(&place, &params, polls);
        CHECK_INT(status, LM_OK);
        CHECK(runs > 4);
        digest_of(got, &place);
        CHECK_STR(got, want);
        CHECK(place.skipped == skipped);
        place_close(&place);
    }
}

/* Too many in a row: stops, keeps what was reached, and goes on from there when more are allowed,
 * to the bytes of a training that was allowed more from the start. */
static void test_gives_up(struct tap *tap)
{
    char want[LM_DIGEST_HEX], got[LM_DIGEST_HEX];
    struct place place;
    struct train_params params = defaults();
    params.max_skips = 100;
    REQUIRE(open_place(&place, VOCAB, 2, -1) && begin_spoilt(&place, &params, spoil_rare));
    REQUIRE(run(&place, &params, -1) == LM_OK);
    digest_of(want, &place);
    place_close(&place);
    REQUIRE(open_place(&place, VOCAB, 2, -1) && begin_spoilt(&place, &params, spoil_rare));
    params.max_skips = 1;
    int stops = 0;
    uint64_t last = 0;
    enum lm_status status = run(&place, &params, -1);
    for (; status == LM_NUMERIC && stops < 20; stops++) {
        uint64_t position = 0, again = 0;
        size_t size = 0;
        float *weights = NULL;
        char text[96], *data = checkpoint_of(&place, &params, &size, &position, &weights);
        REQUIRE(data != NULL);
        CHECK(position > last);
        last = position;
        snprintf(text, sizeof text, "stopped after %d skipped steps in a row: the loss at step %d ",
                 (int)params.max_skips, (int)position + 1);
        CHECK(strncmp(place.err.text, text, strlen(text)) == 0);
        CHECK(!has_output(&place));
        free(data);
        CHECK_INT(run(&place, &params, -1), LM_NUMERIC); /* again: the same line, nothing lost */
        CHECK(strncmp(place.err.text, text, strlen(text)) == 0);
        data = checkpoint_of(&place, &params, &size, &again, &weights);
        CHECK_INT(again, position);
        free(data);
        params.max_skips++;
        status = run(&place, &params, -1);
    }
    CHECK_INT(status, LM_OK);
    CHECK(stops > 0);
    digest_of(got, &place);
    CHECK_STR(got, want);
    place_close(&place);
}

/* The loss is fine, the gradient is not: skipped lines have the loss. */
static void test_infinite_gradient(struct tap *tap)
{
    struct place place;
    struct train_params params = defaults();
    REQUIRE(open_place(&place, VOCAB, 0, -1) && begin_spoilt(&place, &params, spoil_backward));
    CHECK_INT(run(&place, &params, -1), LM_NUMERIC);
    CHECK(strncmp(place.err.text,
                  "stopped after 3 skipped steps in a row: the gradient of wte.weight at step 4 is",
                  79) == 0);
    CHECK(strstr(place.err.text, "lower lr or set clip") != NULL);
    CHECK(!has_output(&place));
    size_t size = 0;
    uint64_t position = 0;
    float *weights = NULL;
    char *data = checkpoint_of(&place, &params, &size, &position, &weights);
    REQUIRE(data != NULL);
    CHECK_INT(position, 3);
    const char *log = memmem(data, size, "{\"step\":", 8); /* it lies at the end */
    CHECK_INT(count(log, "\"skipped\":true"), 3);
    CHECK_INT(count(log, "\"loss\""), 3);
    CHECK_INT(count(log, "\"grad_norm\""), 0);
    free(data);
    params.max_skips = STEPS; /* a training without any update is no result */
    CHECK_INT(run(&place, &params, -1), LM_NUMERIC);
    CHECK(strncmp(place.err.text, "none of 30 steps had a finite loss", 34) == 0);
    CHECK(!has_output(&place));
    params.max_skips = 0;
    place_close(&place);
    REQUIRE(open_place(&place, VOCAB, 0, -1) && begin_spoilt(&place, &params, spoil_backward));
    CHECK_INT(run(&place, &params, -1), LM_NUMERIC);
    CHECK(strncmp(place.err.text, "the gradient of wte.weight at step 1 is", 39) == 0);
    place_close(&place);
}

/* A checkpoint whose weights are not finite is never taken up. */
static void test_bad_checkpoint(struct tap *tap)
{
    static const struct {
        spoil_fn *spoil;
        const char *text;
    } rows[] = {
        {spoil_nan,
         "the checkpoint of step 0: h.1.mlp.c_fc.bias holds a number that is not finite"},
        {spoil_infinite, "the checkpoint of step 0: wpe.weight holds a number that is not finite"}};
    struct place place;
    struct train_params params = defaults();
    for (size_t i = 0; i < 2; i++) {
        REQUIRE(open_place(&place, VOCAB, 0, -1) && begin_spoilt(&place, &params, rows[i].spoil));
        CHECK_INT(run(&place, &params, -1), LM_NUMERIC);
        CHECK(strncmp(place.err.text, rows[i].text, strlen(rows[i].text)) == 0);
        CHECK(!has_output(&place));
        place_close(&place);
    }
}

/* A rate that no training survives: the weights grow until losses overflow. They are finite and
 * kept; the next run says the same. */
static void test_huge_rate(struct tap *tap)
{
    static const char *const keeps[] = {"best", "last"};
    static const char text[] = "stopped after 3 skipped steps in a row: the loss at step ";
    for (size_t i = 0; i < 2; i++) {
        struct place place;
        struct train_params params = defaults();
        params.lr = params.min_lr = 1e9;
        params.keep = keeps[i];
        REQUIRE(open_place(&place, VOCAB, 0, -1));
        CHECK_INT(run(&place, &params, -1), LM_NUMERIC);
        CHECK(strncmp(place.err.text, text, strlen(text)) == 0);
        CHECK(!has_output(&place));
        size_t size = 0;
        uint64_t position = 0;
        float *weights = NULL;
        char *data = checkpoint_of(&place, &params, &size, &position, &weights);
        REQUIRE(data != NULL && position > 3);
        for (size_t k = 0; k < (size_t)VOCAB * WIDTH; k++)
            CHECK(isfinite(weights[k]));
        free(data);
        struct lm_err first = place.err;
        CHECK_INT(run(&place, &params, -1), LM_NUMERIC);
        CHECK_STR(place.err.text, first.text);
        place_close(&place);
    }
}

/* An eps that is 0 as a float and gradients that are exactly 0: the update itself makes NaN.
 * That stops at once, with the tensor's name, and is not kept. */
static void test_bad_update(struct tap *tap)
{
    struct place place;
    struct train_params params = defaults();
    params.lr = params.min_lr = 1e40; /* infinite in float32 */
    params.steps = 1;
    for (; params.steps <= 5; params.steps += 4) { /* found by the last look, or by a step */
        for (params.eval_every = 1; params.eval_every < 3; params.eval_every++) {
            REQUIRE(open_place(&place, 1, 0, 0));
            CHECK_INT(run(&place, &params, -1), LM_NUMERIC);
            CHECK_STR(place.err.text,
                      "after step 1: wte.weight holds a number that is not finite; train with a "
                      "lower lr, or set clip");
            CHECK(!has_output(&place));
            size_t size = 0;
            uint64_t position = 0;
            float *weights = NULL;
            CHECK(checkpoint_of(&place, &params, &size, &position, &weights) == NULL);
            place_close(&place);
        }
    }
}

/* One id over and over, and a vocabulary of nothing but the end of text: losses go to 0, their
 * gradients too, and nothing divides by them. */
static void test_one_token(struct tap *tap)
{
    static const int64_t vocabs[] = {VOCAB, 2, 1};
    for (size_t i = 0; i < 3; i++) {
        struct place place;
        struct train_params params = defaults();
        params.lr = 0.1;
        REQUIRE(open_place(&place, vocabs[i], 0, 0));
        CHECK_INT(run(&place, &params, -1), LM_OK);
        if (place.err.status != LM_OK)
            printf("# %s\n", place.err.text);
        CHECK(place.skipped == 0);
        CHECK(has_output(&place));
        place_close(&place);
    }
}

/* The result of a training that diverged: says so in its metrics, its log and its configuration. */
static void check_divergence(struct tap *tap, const struct place *place, int step)
{
    struct lm_model_config config;
    char folder[200], line[64];
    char *log = read_log(place);
    REQUIRE(log != NULL);
    snprintf(folder, sizeof folder, "%s/out/model", place->work);
    CHECK(place->diverged == step);
    CHECK(lm_model_load_config(&config, folder, NULL) == LM_OK && config.diverged_at == step);
    snprintf(line, sizeof line, "\"diverged\":1,\"diverged_at\":%d}\n", step);
    CHECK(strlen(log) > strlen(line) && strcmp(log + strlen(log) - strlen(line), line) == 0);
    CHECK_INT(count(log, "\"grad_norm\""), step - 1);
    CHECK_INT(count(log, "nan") + count(log, "inf") + count(log, "null"), 0);
    free(log);
}

/* on_divergence: record. A batch whose loss is infinite ends the training, with the weights of the
 * step before: whatever best and average say, and however often it was interrupted. */
static void test_divergence_is_recorded(struct tap *tap)
{
    char want[LM_DIGEST_HEX], got[LM_DIGEST_HEX];
    struct place place;
    struct train_params params = defaults();
    params.on_divergence = "record";
    params.keep = "best";
    params.ema = 0.9;
    REQUIRE(open_place(&place, VOCAB, 19, -1) && begin_spoilt(&place, &params, spoil_rare));
    REQUIRE(run(&place, &params, -1) == LM_OK);
    int step = (int)place.diverged;
    CHECK(step > 1 && step < STEPS);
    check_divergence(tap, &place, step);
    digest_of(want, &place);
    place_close(&place);
    for (long polls = 3; polls < 40; polls += 9) {
        enum lm_status status = LM_CANCELLED;
        REQUIRE(open_place(&place, VOCAB, 19, -1) && begin_spoilt(&place, &params, spoil_rare));
        for (int runs = 0; status == LM_CANCELLED && runs < 90; runs++)
            status = run(&place, &params, polls + 5 * runs);
        CHECK_INT(status, LM_OK);
        digest_of(got, &place);
        CHECK_STR(got, want);
        place_close(&place);
    }
}

/* An update that makes the weights infinite is undone; a training that does not diverge is that of
 * `fail`, to the byte. */
static void test_divergence_by_rate(struct tap *tap)
{
    char want[LM_DIGEST_HEX], got[LM_DIGEST_HEX];
    struct place place;
    struct train_params params = defaults();
    params.on_divergence = "record";
    params.lr = params.min_lr = 1e9;
    params.clip = 0;
    params.warmup = 1;
    REQUIRE(open_place(&place, VOCAB, 0, -1));
    REQUIRE(run(&place, &params, -1) == LM_OK);
    CHECK(place.diverged >= 1 && place.diverged <= STEPS);
    check_divergence(tap, &place, (int)place.diverged);
    place_close(&place);
    for (int records = 0; records < 2; records++) {
        params = defaults();
        params.on_divergence = records ? "record" : "fail";
        REQUIRE(open_place(&place, VOCAB, 0, -1));
        REQUIRE(run(&place, &params, -1) == LM_OK);
        digest_of(records ? got : want, &place);
        place_close(&place);
    }
    CHECK_STR(got, want);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_skips) TAP_ROW(test_none) TAP_ROW(test_interruptions) TAP_ROW(test_spikes)
        TAP_ROW(test_gives_up) TAP_ROW(test_infinite_gradient) TAP_ROW(test_bad_checkpoint)
            TAP_ROW(test_huge_rate) TAP_ROW(test_bad_update) TAP_ROW(test_one_token)
                TAP_ROW(test_divergence_is_recorded) TAP_ROW(test_divergence_by_rate)};
LM_TEST_FILE(tests)
