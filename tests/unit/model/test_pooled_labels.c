/* The classification head: logits and gradients against the reference, bits, files, refusals. */
#include "pooled64.h"

#include <unistd.h>

#include "base/io.h"
#include "same_config.h"

static const struct way portable = {.kernels = "c"};
static const int32_t labels[B] = {0, 4, 2, 2, 1, 3, 0, 4};

static struct pooled64_texts texts; /* of the running test */

/* Logits of the reference; its score.weight is the last tensor. */
static void reference_logits(struct reference64 *ref, double out[B * N])
{
    double states[B * C];
    pooled64_states(ref, &texts, LM_POOL_LAST, states);
    for (int i = 0; i < B * N; i++) {
        out[i] = 0;
        for (int c = 0; c < C; c++)
            out[i] += states[i / N * C + c] * ref->w[ref->tensors - 1][i % N * C + c];
    }
}

static double reference_loss(struct reference64 *ref, const void *user)
{
    (void)user;
    double logits[B * N], loss = 0;
    reference_logits(ref, logits);
    for (int i = 0; i < B; i++) {
        double hit = logits[i * N + labels[i]];
        loss += (reference64_softmax(logits + i * N, N) - hit) / B;
    }
    return loss;
}

static void test_reference(struct tap *tap)
{
    float got[B * N];
    double want[B * N], loss = 0;
    struct lm_err err;
    pooled64_fill(&texts, 0);
    for (size_t i = 0; i < WAYS; i++) {
        struct lm_model *model = pooled64_model(ways[i], N, true);
        REQUIRE(model != NULL);
        double forward = pooled64_bound(ways[i], REFERENCE64_FORWARD);
        double backward = pooled64_bound(ways[i], REFERENCE64_BACKWARD);
        struct reference64 ref = reference64_open(model, B, T);
        reference_logits(&ref, want);
        CHECK_INT(lm_model_classify(model, &texts.texts, got, &err), LM_OK);
        CHECK(pooled64_distance(got, want, B * N) <= forward);
        CHECK_INT(lm_model_accumulate_labels(model, &texts.texts, labels, 0.5, &loss, &err), LM_OK);
        double truth = reference_loss(&ref, NULL);
        CHECK_NEAR(loss, truth, forward * truth);
        reference64_close(&ref);
        pooled64_check(tap, model, ways[i].name, reference_loss, NULL, 0.5, backward);
        lm_model_free(model);
    }
}

static enum lm_status learn(struct lm_model *model, uint64_t batch, double *loss,
                            struct lm_err *err)
{
    pooled64_fill(&texts, batch);
    return lm_model_accumulate_labels(model, &texts.texts, labels, 0.5, loss, err);
}

static void test_bits(struct tap *tap)
{
    static const char *const golden[LM_PRECISIONS] = {
        "eb55a397dbf86ced85419689009bc9988abd3ff21b591a57788b49ef60b3b53f",
        "82758b8853adae8e35cfe75a8188561203da037373aa3d7b312d1128e428701e"};
    pooled64_bits(tap, N, learn, golden);
}

/* Micro-batches add up: halves of 1/2 are the whole. */
static void test_accumulation(struct tap *tap)
{
    struct lm_err err;
    double loss, first, second;
    struct lm_model *one = pooled64_model(portable, N, true);
    struct lm_model *two = pooled64_model(portable, N, true);
    REQUIRE(one != NULL && two != NULL);
    pooled64_fill(&texts, 0);
    CHECK_INT(lm_model_accumulate_labels(one, &texts.texts, labels, 1, &loss, &err), LM_OK);
    struct lm_texts half = {texts.packed, texts.lengths, B / 2};
    CHECK_INT(lm_model_accumulate_labels(two, &half, labels, 0.5, &first, &err), LM_OK);
    for (int i = 0; i < B / 2; i++)
        half.tokens += texts.lengths[i];
    half.lengths += B / 2;
    CHECK_INT(lm_model_accumulate_labels(two, &half, labels + B / 2, 0.5, &second, &err), LM_OK);
    CHECK_NEAR((first + second) / 2, loss, 1e-6);
    for (size_t i = 0; i < lm_model_tensors(one); i++) {
        struct lm_tensor a = lm_model_tensor(one, i), b = lm_model_tensor(two, i);
        for (int64_t j = 0; j < a.count; j++)
            CHECK_NEAR((double)a.grad[j], (double)b.grad[j], 2e-6 + 1e-5 * fabs((double)a.grad[j]));
    }
    lm_model_free(one);
    lm_model_free(two);
}

/* A fresh gradient holds nothing of the one before, whichever objectives they are of; one that goes
 * on holds both. */
static void test_objectives_mix(struct tap *tap)
{
    int32_t targets[B * T];
    struct lm_digest want, got;
    struct lm_err err;
    struct lm_model *model = pooled64_model(portable, N, true);
    struct lm_model *fresh = pooled64_model(portable, N, true);
    REQUIRE(model != NULL && fresh != NULL);
    pooled64_fill(&texts, 0);
    for (int i = 0; i < B * T; i++)
        targets[i] = i % V;
    CHECK_INT(lm_model_accumulate_labels(model, &texts.texts, labels, 1, NULL, &err), LM_OK);
    lm_model_drop_gradient(model);
    CHECK_INT(lm_model_accumulate(model, texts.tokens, targets, B, T, 1, NULL, &err), LM_OK);
    CHECK_INT(lm_model_accumulate(fresh, texts.tokens, targets, B, T, 1, NULL, &err), LM_OK);
    pooled64_gradients(&want, fresh);
    pooled64_gradients(&got, model);
    CHECK_INT(lm_digest_compare(&got, &want), 0);
    struct lm_tensor score = lm_model_tensor(model, lm_model_tensors(model) - 1);
    CHECK_STR(score.name, "score.weight");
    CHECK(score.decay && score.shape[0] == N && score.shape[1] == C);
    for (int64_t i = 0; i < score.count; i++)
        CHECK(score.grad[i] == 0);
    double norm, both;
    CHECK_INT(lm_model_gradient_norm(model, &norm, &err), LM_OK);
    CHECK_INT(lm_model_accumulate_labels(model, &texts.texts, labels, 1, NULL, &err), LM_OK);
    CHECK_INT(lm_model_gradient_norm(model, &both, &err), LM_OK);
    CHECK(both != norm);
    lm_model_drop_gradient(model);
    lm_model_free(fresh);
    fresh = pooled64_model(portable, N, true);
    CHECK_INT(lm_model_accumulate_labels(model, &texts.texts, labels, 1, NULL, &err), LM_OK);
    CHECK_INT(lm_model_accumulate_labels(fresh, &texts.texts, labels, 1, NULL, &err), LM_OK);
    pooled64_gradients(&want, fresh);
    pooled64_gradients(&got, model);
    CHECK_INT(lm_digest_compare(&got, &want), 0);
    lm_model_free(model);
    lm_model_free(fresh);
}

/* A language model with a head is the language model: the head's weight decays and no more. */
static void test_language_model(struct tap *tap)
{
    int32_t targets[B * T];
    float want[B * T * V], got[B * T * V];
    struct lm_err err;
    const struct lm_step_options adamw = {
        .lr = 0.01, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .decay = 0.1, .clip = 0.1};
    struct lm_model *plain = pooled64_model(portable, 0, true);
    struct lm_model *headed = pooled64_model(portable, N, true);
    struct lm_model *const both[] = {plain, headed};
    REQUIRE(plain != NULL && headed != NULL);
    size_t last = lm_model_tensors(plain);
    float before = lm_model_tensor(headed, last).data[7];
    pooled64_fill(&texts, 0);
    for (int i = 0; i < B * T; i++)
        targets[i] = i % V;
    for (size_t i = 0; i < 2; i++) {
        CHECK_INT(lm_model_accumulate(both[i], texts.tokens, targets, B, T, 1, NULL, &err), LM_OK);
        CHECK_INT(lm_model_step(both[i], &adamw, NULL, &err), LM_OK);
    }
    for (size_t i = 0; i < last; i++) {
        struct lm_tensor a = lm_model_tensor(plain, i), b = lm_model_tensor(headed, i);
        CHECK_INT(memcmp(a.data, b.data, (size_t)a.count * sizeof *a.data), 0);
    }
    CHECK_NEAR((double)lm_model_tensor(headed, last).data[7], (double)before * (1 - 0.01 * 0.1),
               1e-7);
    CHECK_INT(lm_model_logits(plain, texts.tokens, B, T, want, &err), LM_OK);
    CHECK_INT(lm_model_logits(headed, texts.tokens, B, T, got, &err), LM_OK);
    CHECK_INT(memcmp(want, got, sizeof want), 0);
    lm_model_free(plain);
    lm_model_free(headed);
}

/* A head learns what a text's first token says, which only the trunk can bring to the last. */
static void test_learns(struct tap *tap)
{
    struct lm_err err;
    double loss = 0;
    struct lm_model *model = pooled64_model(portable, 2, true);
    REQUIRE(model != NULL);
    const struct lm_step_options adamw = {
        .lr = 3e-3, .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-8, .clip = 1};
    int32_t classes[B];
    int right = 0;
    for (uint64_t step = 0; step < 160; step++) {
        float logits[B * 2];
        pooled64_fill(&texts, step);
        for (int i = 0; i < B; i++)
            classes[i] = texts.tokens[i * T] % 2;
        if (step >= 150) {
            CHECK_INT(lm_model_classify(model, &texts.texts, logits, &err), LM_OK);
            for (int i = 0; i < B; i++)
                right += (logits[2 * i + 1] > logits[2 * i]) == (classes[i] == 1);
            continue;
        }
        REQUIRE(lm_model_accumulate_labels(model, &texts.texts, classes, 1, &loss, &err) == LM_OK);
        REQUIRE(lm_model_step(model, &adamw, NULL, &err) == LM_OK);
    }
    printf("# loss %.3f, %d of 80 right\n", loss, right);
    CHECK(right >= 72);
    lm_model_free(model);
}

static void test_refusals(struct tap *tap)
{
    struct lm_err err;
    double loss = 7;
    float out[B * N];
    pooled64_fill(&texts, 0);
    struct lm_model *model = pooled64_model(portable, 0, true);
    REQUIRE(model != NULL);
    CHECK_INT(lm_model_classify(model, &texts.texts, out, &err), LM_INVALID);
    CHECK_INT(lm_model_accumulate_labels(model, &texts.texts, labels, 1, &loss, &err), LM_INVALID);
    CHECK(strstr(err.text, "no classification head") != NULL);
    lm_model_free(model);
    model = pooled64_model(portable, N, false);
    REQUIRE(model != NULL);
    CHECK_INT(lm_model_accumulate_labels(model, &texts.texts, labels, 1, &loss, &err), LM_INVALID);
    CHECK(strstr(err.text, "training") != NULL);
    lm_model_free(model);
    model = pooled64_model(portable, N, true);
    REQUIRE(model != NULL);
    static const int32_t bad[] = {-1, N, INT32_MAX};
    for (size_t i = 0; i < 3; i++) {
        int32_t some[B] = {0};
        some[6] = bad[i];
        CHECK_INT(lm_model_accumulate_labels(model, &texts.texts, some, 1, &loss, &err), LM_RANGE);
        CHECK(strstr(err.text, "label 6 is ") != NULL);
    }
    int32_t targets[B * T] = {0}; /* nothing is left for the language model's backward */
    CHECK_INT(lm_model_forward(model, texts.tokens, targets, B, T, NULL, &err), LM_OK);
    CHECK_INT(lm_model_accumulate_labels(model, &texts.texts, labels, 1, &loss, &err), LM_OK);
    CHECK_INT(lm_model_backward(model, 1, &err), LM_INVALID);
    static const int64_t shapes[] = {-1, 1, (1 << 16) + 1};
    for (size_t i = 0; i < 3; i++) {
        struct lm_model_config config = *lm_model_config(model);
        config.labels = shapes[i];
        CHECK_INT(lm_model_config_check(&config, &err), LM_RANGE);
        CHECK(strncmp(err.text, "labels: ", 8) == 0);
    }
    lm_model_free(model);
}

/* A loss that is not finite is no result: nothing was counted, what was gathered is dropped. */
static void test_not_finite(struct tap *tap)
{
    struct lm_err err;
    double loss = 7;
    struct lm_model *model = pooled64_model(portable, N, true);
    REQUIRE(model != NULL);
    pooled64_fill(&texts, 0);
    lm_model_set_position(model, 12, 0);
    CHECK_INT(lm_model_accumulate_labels(model, &texts.texts, labels, 1, NULL, &err), LM_OK);
    struct lm_tensor score = lm_model_tensor(model, lm_model_tensors(model) - 1);
    float kept = score.data[3];
    score.data[3] = NAN;
    CHECK_INT(lm_model_accumulate_labels(model, &texts.texts, labels, 1, &loss, &err), LM_NUMERIC);
    CHECK(strstr(err.text, "step 13") != NULL && strstr(err.text, "score.weight") != NULL);
    CHECK(loss == 7);
    score.data[3] = kept;
    CHECK_INT(lm_model_step(model, &(struct lm_step_options){.lr = 1}, NULL, &err), LM_INVALID);
    lm_model_free(model);
}

static bool stop(void *user)
{
    return --*(int *)user < 0;
}

/* Stopped anywhere, a call leaves the weights and no gradient. */
static void test_stop(struct tap *tap)
{
    int left = 1 << 20;
    struct lm_err err;
    struct lm_digest before, after;
    const struct lm_model_config config = {
        .vocab = V, .context = T, .layers = L, .heads = H, .width = C, .labels = N};
    const struct lm_model_options options = {
        .training = true, .leaves = 2, .max_batch = B, .stop = stop, .stop_user = &left};
    struct lm_model *model = NULL;
    REQUIRE(lm_model_create(&model, &config, &options, &err) == LM_OK);
    pooled64_fill(&texts, 0);
    lm_model_digest(model, &before);
    CHECK_INT(lm_model_accumulate_labels(model, &texts.texts, labels, 1, NULL, &err), LM_OK);
    int asked = (1 << 20) - left;
    CHECK(asked > 10);
    for (int i = 0; i < asked; i++) {
        left = i;
        CHECK_INT(lm_model_accumulate_labels(model, &texts.texts, labels, 1, NULL, &err),
                  LM_CANCELLED);
        CHECK_INT(lm_model_step(model, &(struct lm_step_options){.lr = 1}, NULL, &err), LM_INVALID);
    }
    lm_model_digest(model, &after);
    CHECK_INT(lm_digest_compare(&before, &after), 0);
    lm_model_free(model);
}

/* ---- files ---- */

static void folder(char out[64])
{
    strcpy(out, "/tmp/lmpipe-labels-XXXXXX");
    if (mkdtemp(out) == NULL)
        perror(out);
}

static void test_round_trip(struct tap *tap)
{
    char dir[64];
    struct lm_err err;
    float want[B * N], got[B * N];
    struct lm_digest saved, loaded;
    const struct lm_model_options options = {.max_batch = B, .kernels = "c", .seed = 77};
    struct lm_model *model = pooled64_model(portable, N, false), *again = NULL;
    struct lm_model_config config = {0};
    folder(dir);
    REQUIRE(model != NULL && lm_model_save(model, dir, &err) == LM_OK);
    CHECK_INT(lm_model_load_config(&config, dir, &err), LM_OK);
    CHECK(same_config(&config, lm_model_config(model)));
    struct lm_model_config plain = config;
    plain.labels = 0;
    CHECK_INT(lm_model_parameters(&config), lm_model_parameters(&plain) + N * C);
    REQUIRE(lm_model_load(&again, dir, &options, &err) == LM_OK);
    lm_model_digest(model, &saved);
    lm_model_digest(again, &loaded);
    CHECK_INT(lm_digest_compare(&saved, &loaded), 0);
    pooled64_fill(&texts, 0);
    CHECK_INT(lm_model_classify(model, &texts.texts, want, &err), LM_OK);
    CHECK_INT(lm_model_classify(again, &texts.texts, got, &err), LM_OK);
    CHECK_INT(memcmp(want, got, sizeof want), 0);
    lm_model_free(again);
    lm_model_free(model);
    lm_dir_remove(dir, &err);
}

/* A head from the folder where it has that many labels, else a drawn one; the rest is the folder's.
 */
static void test_other_labels(struct tap *tap)
{
    static const struct {
        int64_t stored, wanted;
        bool fresh;
    } rows[] = {{0, N, false}, {N, N, false}, {N, N, true}, {N, 3, false},
                {3, N, false}, {N, 0, true},  {0, 0, false}};

    struct lm_err err;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char dir[64];
        const struct lm_model_options options = {.kernels = "c", .seed = 77};
        struct lm_model *model = pooled64_model(portable, rows[i].stored, false);
        struct lm_model *loaded = NULL, *drawn = NULL;
        const struct lm_tuning one = {.labels = 1};
        const struct lm_tuning tuning = {
            .labels = rows[i].wanted, .fresh_head = rows[i].fresh, .dropout = 0.25};
        folder(dir);
        REQUIRE(model != NULL && lm_model_save(model, dir, &err) == LM_OK);
        CHECK_INT(lm_model_load_to_tune(&loaded, dir, &tuning, &options, &err), LM_OK);
        REQUIRE(loaded != NULL);
        CHECK_INT(lm_model_config(loaded)->labels, rows[i].wanted);
        CHECK(lm_model_config(loaded)->dropout == 0.25);
        REQUIRE(lm_model_create(&drawn, lm_model_config(loaded), &options, &err) == LM_OK);
        CHECK_INT(lm_model_tensors(loaded), lm_model_tensors(drawn));
        for (size_t t = 0; t < lm_model_tensors(loaded); t++) {
            struct lm_tensor tensor = lm_model_tensor(loaded, t);
            bool kept = strcmp(tensor.name, "score.weight") != 0 ||
                        (rows[i].stored == rows[i].wanted && !rows[i].fresh);
            struct lm_tensor want = lm_model_tensor(kept ? model : drawn, t);
            CHECK_INT(memcmp(tensor.data, want.data, (size_t)want.count * sizeof *want.data), 0);
        }
        lm_model_free(drawn);
        lm_model_free(loaded);
        lm_model_free(model);
        loaded = NULL;
        CHECK_INT(lm_model_load_to_tune(&loaded, dir, &one, &options, &err), LM_RANGE);
        CHECK(loaded == NULL);
        lm_dir_remove(dir, &err);
    }
}

/* Replaces the one place where `from` stands in the text. */
static bool edit(char *out, size_t size, const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    if (at == NULL)
        return false;
    return snprintf(out, size, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0;
}

static void test_damage(struct tap *tap)
{
    static const struct {
        const char *from, *to, *message;
    } rows[] = {
        {"\"num_labels\": 5", "\"num_labels\": 6", "another shape"},
        {"\"num_labels\": 5", "\"num_labels\": -5", "labels: -5"},
        {"\"num_labels\": 5", "\"num_labels\": 0", "labels: -1"},
        {"\"num_labels\": 5", "\"num_labels\": 1", "labels: 1"},
        {"\"num_labels\": 5", "\"num_labels\": \"5\"", "labels: -1"},
        {"\"num_labels\": 5", "\"num_labels\": 5.5", "labels: -1"},
        {"\"num_labels\": 5", "\"num_labels\": null", "labels: -1"},
        {"\"num_labels\": 5", "\"num_label\": 5", "\"num_label\" is not known"},
        {"\"num_labels\": 5", "\"num_labels\": 9000000000000000000", "labels: 9000000000000000000"},
        {"GPT2ForSequenceClassification", "GPT2LMHeadModel", "is not one of this model"},
    };

    char dir[64], path[128], copy[4096];
    struct lm_err err;
    struct lm_arena *arena = lm_arena_create();
    const struct lm_model_options options = {.kernels = "c"};
    struct lm_model *model = pooled64_model(portable, N, false), *loaded = NULL;
    char *text = NULL;
    size_t size;
    folder(dir);
    snprintf(path, sizeof path, "%s/config.json", dir);
    REQUIRE(model != NULL && lm_model_save(model, dir, &err) == LM_OK);
    REQUIRE(lm_file_read(&text, &size, arena, path, 1 << 20, &err) == LM_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK(edit(copy, sizeof copy, text, rows[i].from, rows[i].to));
        CHECK_INT(lm_file_write(path, copy, strlen(copy), &err), LM_OK);
        enum lm_status status = lm_model_load(&loaded, dir, &options, &err);
        CHECK(status == LM_FORMAT || status == LM_RANGE || status == LM_UNSUPPORTED);
        CHECK(strstr(err.text, rows[i].message) != NULL);
        if (strstr(err.text, rows[i].message) == NULL)
            printf("# %zu: %s\n", i, err.text);
    }
    CHECK(loaded == NULL);
    lm_model_free(model);
    lm_arena_free(arena);
    lm_dir_remove(dir, &err);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_reference) TAP_ROW(test_bits) TAP_ROW(test_accumulation)
        TAP_ROW(test_objectives_mix) TAP_ROW(test_language_model) TAP_ROW(test_learns)
            TAP_ROW(test_refusals) TAP_ROW(test_not_finite) TAP_ROW(test_stop)
                TAP_ROW(test_round_trip) TAP_ROW(test_other_labels) TAP_ROW(test_damage)};
LM_TEST_FILE(tests)
