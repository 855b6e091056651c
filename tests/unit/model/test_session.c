/* Decoding with a cache gives the bits of the full forward pass, and nothing depends on how tokens
 * were cut, on threads, kernels or on what else is decoded. */
#include <lmpipe/model.h>
#include <lmpipe/model/reading.h>

#include "tests/tap.h"

enum { V = 211, T = 40, L = 2, H = 4, C = 64, SETS = 3 };

static const char *const kernel_sets[SETS] = {"c", "avx2", "avx512"};

static const struct lm_model_config small = {
    .vocab = V, .context = T, .layers = L, .heads = H, .width = C, .dropout = 0};

/* NULL when this processor cannot run the kernels. */
static struct lm_model *make(const struct lm_model_config *config, const char *kernels,
                             size_t threads)
{
    const struct lm_model_options options = {
        .seed = 11, .kernels = kernels, .threads = threads, .numerics = LM_NUMERICS_PORTABLE};
    struct lm_model *model = NULL;
    struct lm_err err;
    if (lm_model_create(&model, config, &options, &err) != LM_OK)
        return NULL;
    struct lm_rng rng = lm_rng_stream(12, "test");
    for (size_t i = 0; i < lm_model_tensors(model); i++) {
        struct lm_tensor tensor = lm_model_tensor(model, i);
        for (int64_t j = 0; j < tensor.count; j++)
            tensor.data[j] += (float)(0.2 * lm_rng_normal(rng, i, (uint64_t)j));
    }
    return model;
}

static void fill(int32_t *tokens, int64_t count, uint64_t stream)
{
    struct lm_rng rng = lm_rng_stream(stream, "prompt");
    for (int64_t i = 0; i < count; i++)
        tokens[i] = (int32_t)lm_rng_below(rng, 0, (uint64_t)i, V);
}

/* One sequence in pieces of `piece` tokens against the full pass: how many logits differ. */
static int64_t differences(const struct lm_model_config *config, const char *kernels,
                           size_t threads, int64_t piece)
{
    int64_t time = config->context, wrong = 0, end;
    struct lm_err err;
    struct lm_model *model = make(config, kernels, threads);
    struct lm_decoder *decoder = NULL;
    struct lm_session *session = NULL;
    if (model == NULL)
        return 0;
    int32_t *tokens = malloc((size_t)time * sizeof *tokens);
    float *full = malloc((size_t)(time * V) * sizeof *full);
    fill(tokens, time, 13);
    if (lm_model_logits(model, tokens, 1, time, full, &err) != LM_OK ||
        lm_decoder_create(&decoder, model, LM_WEIGHTS_F32, &err) != LM_OK ||
        lm_session_create(&session, decoder, NULL, &err) != LM_OK)
        wrong = -1;
    for (int64_t at = 0; wrong == 0 && at < time; at = end) {
        end = at + piece < time ? at + piece : time;
        struct lm_feed feed = {.tokens = tokens + at, .count = end - at};
        wrong = lm_session_feed(session, &feed, 1, &err) != LM_OK ||
                memcmp(feed.logits, full + (end - 1) * V, V * sizeof *full) != 0;
    }
    lm_session_free(session);
    lm_decoder_free(decoder);
    lm_model_free(model);
    free(tokens);
    free(full);
    return wrong;
}

static void test_cached_equals_full(struct tap *tap)
{
    for (size_t set = 0; set < SETS; set++)
        for (size_t threads = 1; threads <= 3; threads++)
            for (int64_t piece = 1; piece <= T; piece += 13)
                CHECK_INT(differences(&small, kernel_sets[set], threads, piece), 0);
}

/* Beyond 256 keys and 256 inputs sums have several chains; heads of 20, 48 and 32 fill no strip, or
 * two; pieces above 64 are cut inside. */
static void test_long_and_odd_shapes(struct tap *tap)
{
    static const struct lm_model_config shapes[] = {
        {.vocab = V, .context = 300, .layers = 1, .heads = 1, .width = 20},
        {.vocab = V, .context = 70, .layers = 1, .heads = 2, .width = 96},
        {.vocab = V, .context = 40, .layers = 2, .heads = 9, .width = 288},
        {.vocab = V, .context = 24, .layers = 1, .heads = 1, .width = 272}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (size_t set = 0; set < SETS; set++) {
            CHECK_INT(differences(&shapes[i], kernel_sets[set], 2, 7), 0);
            CHECK_INT(differences(&shapes[i], kernel_sets[set], 1, shapes[i].context), 0);
        }
}

enum { MANY = 70, SEATS = MANY + 2 };

/* Logits behind the last token of `count` sequences of different lengths, fed together in two
 * calls; or, alone, one after the other. */
static bool run_together(float *out, struct lm_decoder *decoder, bool alone)
{
    static int32_t tokens[MANY][T];
    struct lm_feed feeds[2][MANY];
    struct lm_session *session = NULL;
    const struct lm_session_options options = {.sequences = SEATS};
    struct lm_err err;
    bool fine = lm_session_create(&session, decoder, &options, &err) == LM_OK;
    for (int64_t i = 0; i < MANY; i++) {
        int64_t length = 2 + (i * 7) % (T - 2), first = 1 + i % (length - 1);
        fill(tokens[i], length, (uint64_t)i);
        int64_t seat = alone ? 0 : (i * 5 + 1) % SEATS;
        feeds[0][i] = (struct lm_feed){
            .sequence = seat, .tokens = tokens[i], .count = first, .no_logits = i % 3 > 0};
        feeds[1][i] = (struct lm_feed){
            .sequence = seat, .tokens = tokens[i] + first, .count = length - first};
    }
    for (size_t part = 0; fine && !alone && part < 2; part++)
        fine = lm_session_feed(session, feeds[part], MANY, &err) == LM_OK;
    for (size_t i = 0; fine && i < MANY; i++) {
        if (alone) {
            lm_session_reset(session, 0);
            fine = lm_session_feed(session, &feeds[0][i], 1, &err) == LM_OK &&
                   lm_session_feed(session, &feeds[1][i], 1, &err) == LM_OK;
        }
        fine = fine && (feeds[0][i].logits == NULL) == feeds[0][i].no_logits;
        memcpy(out + i * V, feeds[1][i].logits, V * sizeof *out);
    }
    lm_session_free(session);
    return fine;
}

static void test_batch_changes_nothing(struct tap *tap)
{
    static float want[MANY * V], got[MANY * V];
    struct lm_err err;
    for (size_t f = 0; f < LM_WEIGHT_FORMATS; f++)
        for (size_t set = 0; set < SETS + 2; set++) {
            bool alone = set == 0;
            struct lm_decoder *decoder = NULL;
            struct lm_model *model =
                make(&small, set < 2 ? "auto" : kernel_sets[set - 2], alone ? 1 : 3);
            if (model == NULL)
                continue;
            CHECK_INT(lm_decoder_create(&decoder, model, (enum lm_weights)f, &err), LM_OK);
            REQUIRE(run_together(alone ? want : got, decoder, alone));
            CHECK(alone || memcmp(want, got, sizeof want) == 0);
            lm_decoder_free(decoder);
            lm_model_free(model);
        }
}

/* Rounded weights are a different model, but not by much: relative to the spread of the logits, a
 * step of bf16 is 2⁻⁹, one of int8 1/254 of the largest of 64. */
static void test_rounded_weights_are_near(struct tap *tap)
{
    static const double bound[LM_WEIGHT_FORMATS] = {
        [LM_WEIGHTS_F32] = 1e-9, [LM_WEIGHTS_BF16] = 0.02, [LM_WEIGHTS_INT8] = 0.06};
    static const uint64_t each[LM_WEIGHT_FORMATS] = {256, 128, 64 + 4};
    int32_t tokens[T];
    float *full = malloc(T * V * sizeof *full);
    struct lm_err err;
    struct lm_model *model = make(&small, NULL, 1);
    REQUIRE(model != NULL);
    fill(tokens, T, 13);
    CHECK_INT(lm_model_logits(model, tokens, 1, T, full, &err), LM_OK);
    const float *want = full + (T - 1) * V;
    for (size_t f = 0; f < LM_WEIGHT_FORMATS; f++) {
        struct lm_decoder *decoder = NULL;
        struct lm_session *session = NULL;
        struct lm_feed feed = {.tokens = tokens, .count = T};
        double error = 0, spread = 0;
        CHECK_INT(lm_decoder_create(&decoder, model, (enum lm_weights)f, &err), LM_OK);
        CHECK_INT(lm_session_create(&session, decoder, NULL, &err), LM_OK);
        REQUIRE(lm_session_feed(session, &feed, 1, &err) == LM_OK);
        for (int v = 0; v < V; v++) {
            error += pow((double)feed.logits[v] - (double)want[v], 2);
            spread += pow((double)want[v], 2);
        }
        CHECK(sqrt(error / spread) <= bound[f]);
        CHECK((error > 0) == (f != LM_WEIGHTS_F32));
        /* 64 columns a panel: 3, 1, 4 and 1 of a layer, of 64 inputs but for the last; the head */
        uint64_t inputs = L * (3 + 1 + 4 + 4) * C + 4 * C;
        CHECK_INT(lm_decoder_bytes(decoder), inputs * each[f]);
        lm_session_free(session);
        lm_decoder_free(decoder);
    }
    lm_model_free(model);
    free(full);
}

/* A refused call has fed nothing. */
static void test_refusals(struct tap *tap)
{
    int32_t tokens[T + 1], bad[] = {1, V};
    struct lm_err err;
    struct lm_decoder *decoder = NULL;
    struct lm_session *session = NULL;
    struct lm_model *model = make(&small, NULL, 1);
    REQUIRE(model != NULL && lm_decoder_create(&decoder, model, LM_WEIGHTS_F32, &err) == LM_OK);
    CHECK(lm_decoder_read(decoder) > 0);
    struct lm_session_options options = {.sequences = 3, .length = T + 1};
    CHECK_INT(lm_session_create(&session, decoder, &options, &err), LM_RANGE);
    options = (struct lm_session_options){.sequences = -1};
    CHECK_INT(lm_session_create(&session, decoder, &options, &err), LM_RANGE);
    options = (struct lm_session_options){.sequences = 3, .length = 9};
    REQUIRE(lm_session_create(&session, decoder, &options, &err) == LM_OK);
    fill(tokens, T, 3);

    const struct {
        int64_t sequences[2], counts[2];
        const int32_t *second;
        enum lm_status status;
    } cases[] = {
        {{0, 1}, {9, 10}, tokens, LM_RANGE}, {{0, 1}, {1, 2}, bad, LM_RANGE},
        {{0, 3}, {1, 1}, tokens, LM_RANGE},  {{0, -1}, {1, 1}, tokens, LM_RANGE},
        {{0, 1}, {1, 0}, tokens, LM_RANGE},  {{2, 2}, {1, 1}, tokens, LM_INVALID},
        {{0, 2}, {9, 4}, tokens, LM_OK},     {{1, 2}, {9, 6}, tokens, LM_RANGE},
        {{1, 2}, {9, 5}, tokens, LM_OK},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lm_feed feeds[2] = {{.tokens = tokens}, {.tokens = cases[i].second}};
        for (size_t k = 0; k < 2; k++) {
            feeds[k].sequence = cases[i].sequences[k];
            feeds[k].count = cases[i].counts[k];
        }
        CHECK_INT(lm_session_feed(session, feeds, 2, &err), cases[i].status);
        CHECK_INT(lm_session_length(session, 0), i < 6 ? 0 : 9);
    }
    lm_session_reset(session, 2);
    CHECK_INT(lm_session_length(session, 2), 0);
    CHECK_INT(lm_session_length(session, 1), 9);
    lm_session_free(session);
    lm_decoder_free(decoder);
    lm_model_free(model);
}

/* Keys and values of every layer and sequence; the rest hardly grows with the context. */
static void test_memory(struct tap *tap)
{
    struct lm_model_config config = {
        .vocab = 1000, .context = 256, .layers = 4, .heads = 4, .width = 64, .dropout = 0};
    const double kept = 2.0 * 4 * 256 * 64 * 4;
    struct lm_session_options options = {.sequences = 3};
    double one = (double)lm_session_memory(&config, NULL, 1);
    double three = (double)lm_session_memory(&config, &options, 1);
    CHECK(one > kept && one < kept + 400e3);
    CHECK_NEAR(three - one, 2 * kept, 16e3);
    options.length = 64;
    CHECK(3 * (double)lm_session_memory(&config, &options, 1) < 2 * three);
    /* a matrix is held once more, in 4, 2 or 1.06 bytes a weight */
    double matrices = 12.0 * 64 * 64 * 4 + 64.0 * 1024;
    CHECK_NEAR((double)lm_decoder_memory(&config, LM_WEIGHTS_F32), 4 * matrices, 1);
    CHECK_NEAR((double)lm_decoder_memory(&config, LM_WEIGHTS_BF16), 2 * matrices, 1);
    CHECK_NEAR((double)lm_decoder_memory(&config, LM_WEIGHTS_INT8), 1.0625 * matrices, 1);
    const struct lm_generate_options int8 = {LM_WEIGHTS_INT8, 3};
    options.length = 0;
    CHECK_INT(lm_generate_memory(&config, &int8, 2), lm_decoder_memory(&config, LM_WEIGHTS_INT8) +
                                                         lm_session_memory(&config, &options, 2));
}

/* A copy of a sequence goes on as the sequence itself does, whatever the copy held before and
 * however much of it is said to be the same. */
static void a_fork_is_the_same(struct tap *tap)
{
    struct lm_model *model = make(&small, NULL, 2);
    struct lm_decoder *decoder = NULL;
    struct lm_session *session = NULL;
    const struct lm_session_options options = {.sequences = 3};
    int32_t tokens[T], other[T];
    static float want[V], states[T * C], again[T * C];
    struct lm_err err;
    REQUIRE(model != NULL && lm_decoder_create(&decoder, model, LM_WEIGHTS_F32, &err) == LM_OK &&
            lm_session_create(&session, decoder, &options, &err) == LM_OK);
    fill(tokens, T, 1);
    fill(other, T, 2);
    for (int64_t shared = 0; shared < 20; shared++) {
        memcpy(other, tokens, (size_t)shared * sizeof *other);
        struct lm_feed feeds[3] = {{.sequence = 0, .tokens = tokens, .count = 20, .states = states},
                                   {.sequence = 1, .tokens = other, .count = 25}};
        REQUIRE(lm_session_feed(session, feeds, 2, &err) == LM_OK);
        CHECK_INT(lm_session_fork(session, 0, 1, shared, &err), LM_OK);
        CHECK_INT(lm_session_fork(session, 1, 2, 0, &err), LM_OK);
        CHECK_INT(lm_session_length(session, 2), 20);
        for (int64_t i = 0; i < 3; i++)
            feeds[i] = (struct lm_feed){.sequence = i, .tokens = tokens + 20, .count = T - 20};
        feeds[2].states = again;
        REQUIRE(lm_session_feed(session, feeds, 3, &err) == LM_OK);
        memcpy(want, feeds[0].logits, sizeof want);
        CHECK_INT(memcmp(feeds[1].logits, want, sizeof want), 0);
        CHECK_INT(memcmp(feeds[2].logits, want, sizeof want), 0);
        for (int64_t i = 0; i < 3; i++)
            lm_session_reset(session, i);
        struct lm_feed whole = {.tokens = tokens, .count = T, .states = states};
        REQUIRE(lm_session_feed(session, &whole, 1, &err) == LM_OK);
        CHECK_INT(memcmp(states + 20 * C, again, (T - 20) * C * sizeof *states), 0);
        lm_session_reset(session, 0);
    }
    CHECK_INT(lm_session_fork(session, 0, 3, 0, &err), LM_RANGE);
    CHECK_INT(lm_session_fork(session, 0, 1, 1, &err), LM_RANGE);
    lm_session_free(session);
    lm_decoder_free(decoder);
    lm_model_free(model);
}

/* Questions until the answer is yes, then how many came nevertheless. */
struct patience {
    int left, asked_after;
};

static bool is_over(void *user)
{
    struct patience *patience = user;
    if (patience->left > 0)
        patience->left--;
    else
        patience->asked_after++;
    return patience->left == 0 && patience->asked_after > 0;
}

/* A prompt of several slices stops in whichever layer it is told to, and what is fed again after a
 * reset has the bits of an undisturbed feed. */
static void test_stopped(struct tap *tap)
{
    enum { LONG = 200 };

    const struct lm_model_config config = {
        .vocab = V, .context = LONG, .layers = L, .heads = H, .width = C};
    struct patience patience = {1000, 0};
    const struct lm_model_options options = {.seed = 11, .stop = is_over, .stop_user = &patience};
    struct lm_model *model = NULL;
    struct lm_decoder *decoder = NULL;
    struct lm_session *session = NULL;
    struct lm_err err = {LM_OK, ""};
    int32_t tokens[LONG];
    float want[V];
    fill(tokens, LONG, 21);
    REQUIRE(lm_model_create(&model, &config, &options, &err) == LM_OK &&
            lm_decoder_create(&decoder, model, LM_WEIGHTS_F32, &err) == LM_OK &&
            lm_session_create(&session, decoder, NULL, &err) == LM_OK);
    struct lm_feed feed = {.tokens = tokens, .count = LONG};
    REQUIRE(lm_session_feed(session, &feed, 1, &err) == LM_OK);
    memcpy(want, feed.logits, sizeof want);
    int questions = 1000 - patience.left;
    CHECK(questions >= LONG / 64 * L);
    for (int at = 0; at < questions; at++) {
        lm_session_reset(session, 0);
        patience = (struct patience){at, 0};
        CHECK_INT(lm_session_feed(session, &feed, 1, &err), LM_CANCELLED);
        CHECK_INT(patience.asked_after, 1);
    }
    patience.left = 1000;
    lm_session_reset(session, 0);
    CHECK_INT(lm_session_feed(session, &feed, 1, &err), LM_OK);
    CHECK(memcmp(feed.logits, want, sizeof want) == 0);
    lm_session_free(session);
    lm_decoder_free(decoder);
    lm_model_free(model);
}

static const struct tap_test tests[] = {
    TAP_ROW(a_fork_is_the_same) TAP_ROW(test_cached_equals_full) TAP_ROW(test_stopped)
        TAP_ROW(test_long_and_odd_shapes) TAP_ROW(test_batch_changes_nothing)
            TAP_ROW(test_rounded_weights_are_near) TAP_ROW(test_refusals) TAP_ROW(test_memory)};
LM_TEST_FILE(tests)
