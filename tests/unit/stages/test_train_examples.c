/* Training on examples through a context: each objective learns, neither interruptions nor threads
 * change a byte, and what a training may begin with. */
#include "stages/train/train_examples.h"

#include <math.h>

#include <lmpipe/model.h>

#include "examples_fixture.h"
#include "stages/train/train_init.h"
#include "tests/tap.h"

static const char *const objectives[] = {"classify", "translate", "similar"};

/* Loss of one who knows nothing and of one who has seen the pattern: nats, nats, squares. */
static void test_learns(struct tap *tap)
{
    static const double bounds[] = {0.3, 0.8, 0.06};
    struct examples_place at;
    REQUIRE(examples_open(&at));
    for (size_t i = 0; i < 3; i++) {
        struct lm_objective objective;
        char folder[200];
        struct lm_arena *arena = lm_arena_create();
        struct train_params params = examples_params(objectives[i]);
        params.steps = i == 1 ? 120 : 60;
        REQUIRE(examples_write(&at, objectives[i]));
        CHECK_INT(examples_train(&at, &params, 2, -1), LM_OK);
        CHECK(at.place.valid_loss < bounds[i]);
        printf("# %s: valid loss %.4f\n", objectives[i], at.place.valid_loss);
        snprintf(folder, sizeof folder, "%s/out/model", at.place.work);
        CHECK_INT(lm_objective_load(&objective, arena, folder, &at.place.err), LM_OK);
        CHECK_STR(lm_objective_names[objective.kind], objectives[i]);
        CHECK_INT(objective.length, 32);
        CHECK_INT(objective.label_count, i == 0 ? 2 : 0);
        lm_arena_free(arena);
        lm_dir_remove(at.place.checkpoints, NULL);
        lm_dir_create(at.place.checkpoints, NULL);
    }
    place_close(&at.place);
}

static void test_threads(struct tap *tap)
{
    struct examples_place at;
    REQUIRE(examples_open(&at));
    for (size_t i = 0; i < 3; i++) {
        char want[LM_DIGEST_HEX], got[LM_DIGEST_HEX];
        struct train_params params = examples_params(objectives[i]);
        params.steps = 6;
        REQUIRE(examples_write(&at, objectives[i]));
        REQUIRE(examples_train(&at, &params, 1, -1) == LM_OK);
        examples_digest(want, &at);
        for (size_t threads = 2; threads <= 3; threads++) {
            REQUIRE(examples_train(&at, &params, threads, -1) == LM_OK);
            examples_digest(got, &at);
            CHECK_STR(got, want);
        }
    }
    place_close(&at.place);
}

/* Cancelled again and again, inside steps and looks at the valid split, then let go on. */
static void test_interruptions(struct tap *tap)
{
    for (size_t i = 0; i < 3; i++) {
        char want[LM_DIGEST_HEX], got[LM_DIGEST_HEX];
        struct examples_place whole, at;
        struct train_params params = examples_params(objectives[i]);
        params.steps = 8;
        params.eval_every = 3;
        params.accumulate = 2;
        params.keep = "best";
        REQUIRE(examples_open(&whole) && examples_write(&whole, objectives[i]));
        REQUIRE(examples_train(&whole, &params, 1, -1) == LM_OK);
        examples_digest(want, &whole);
        for (long polls = 0; polls < 60; polls += 13) {
            enum lm_status status = LM_CANCELLED;
            int runs = 0;
            REQUIRE(examples_open(&at) && examples_write(&at, objectives[i]));
            for (; status == LM_CANCELLED && runs < 40; runs++)
                status = examples_train(&at, &params, 1 + (size_t)runs % 2, polls + 11 * runs);
            CHECK_INT(status, LM_OK);
            CHECK(runs > 1);
            examples_digest(got, &at);
            CHECK_STR(got, want);
            CHECK(at.place.valid_loss == whole.place.valid_loss);
            place_close(&at.place);
        }
        place_close(&whole.place);
    }
}

/* ---- models to begin with ---- */

/* A pinned folder and the port give one model; a head of the same labels is taken over, so that
 * no step is needed to be as good as before. */
static void test_init(struct tap *tap)
{
    char base[200], path[220], pin[LM_DIGEST_HEX], port[LM_DIGEST_HEX], folder[LM_DIGEST_HEX];
    struct lm_digest digest;
    struct examples_place at;
    struct train_params params = examples_params("classify");
    REQUIRE(examples_open(&at) && examples_write(&at, "classify"));
    params.steps = 60;
    REQUIRE(examples_train(&at, &params, 1, -1) == LM_OK);
    double learnt = at.place.valid_loss;
    REQUIRE(examples_keep(base, &at, "base"));
    snprintf(path, sizeof path, "%s/model.safetensors", base);
    REQUIRE(lm_sha256_file(&digest, NULL, path, NULL) == LM_OK);
    lm_digest_hex(pin, &digest);

    at.init = base;
    params.steps = 1;
    params.warmup = 0;
    params.lr = params.min_lr = 1e-9;
    REQUIRE(examples_train(&at, &params, 1, -1) == LM_OK);
    CHECK_NEAR(at.place.valid_loss, learnt, 1e-4);
    examples_digest(port, &at);
    at.init = NULL;
    params.init = (struct train_init_params){base, pin};
    REQUIRE(examples_train(&at, &params, 1, -1) == LM_OK);
    examples_digest(folder, &at);
    CHECK_STR(folder, port);

    pin[0] = pin[0] == '0' ? '1' : '0';
    CHECK_INT(examples_train(&at, &params, 1, -1), LM_MISMATCH);
    CHECK(strstr(at.place.err.text, "init.sha256") != NULL);
    params.init = (struct train_init_params){at.place.dir, ""};
    CHECK(examples_train(&at, &params, 1, -1) != LM_OK); /* no model there */
    place_close(&at.place);
}

/* A head of other labels, or none, is drawn anew; the trunk is taken over. */
static void test_init_of_another_objective(struct tap *tap)
{
    char base[200], path[200];
    struct examples_place at;
    struct lm_model_config config;
    struct train_params params = examples_params("translate");
    params.steps = 4;
    REQUIRE(examples_open(&at) && examples_write(&at, "translate"));
    REQUIRE(examples_train(&at, &params, 1, -1) == LM_OK);
    REQUIRE(examples_keep(base, &at, "base"));
    at.init = base;
    params = examples_params("classify");
    params.steps = 60;
    params.max_length = 12;
    REQUIRE(examples_write(&at, "classify"));
    CHECK_INT(examples_train(&at, &params, 1, -1), LM_OK);
    CHECK(at.place.valid_loss < 0.3);
    snprintf(path, sizeof path, "%s/out/model", at.place.work);
    CHECK_INT(lm_model_load_config(&config, path, NULL), LM_OK);
    CHECK_INT(config.labels, 2);
    CHECK_INT(config.context, 32);
    params.max_length = 33;
    CHECK_INT(examples_train(&at, &params, 1, -1), LM_RANGE);
    place_close(&at.place);
}

/* A model whose vocab file is not its own: another count of token types. */
static void test_other_vocabulary(struct tap *tap)
{
    char base[200], path[220];
    struct examples_place at;
    struct train_params params = examples_params("classify");
    params.steps = 1;
    REQUIRE(examples_open(&at) && examples_write(&at, "classify"));
    REQUIRE(examples_train(&at, &params, 1, -1) == LM_OK);
    REQUIRE(examples_keep(base, &at, "base"));
    snprintf(path, sizeof path, "%s/vocab", base);
    CHECK_INT(train_init_check_vocab(base, at.vocab, &at.place.err), LM_OK);
    REQUIRE(examples_write_vocab(path, "<|end|>"));
    CHECK_INT(train_init_check_vocab(base, at.vocab, &at.place.err), LM_MISMATCH);
    REQUIRE(lm_file_write(path, "words\n", 6, NULL) == LM_OK);
    at.init = base;
    CHECK(examples_train(&at, &params, 1, -1) == LM_FORMAT);
    place_close(&at.place);
}

/* ---- what is refused ---- */

static void test_refused(struct tap *tap)
{
    struct examples_place at;
    struct train_params params = examples_params("classify");
    REQUIRE(examples_open(&at) && examples_write(&at, "similar"));
    CHECK_INT(examples_train(&at, &params, 1, -1), LM_FORMAT); /* another form */
    CHECK(strstr(at.place.err.text, "made-up/data:1: no text \"prompt\"") != NULL);
    params = examples_params("similar");
    params.score_range = (struct lm_list){NULL, 0};
    CHECK_INT(examples_train(&at, &params, 1, -1), LM_RANGE);
    CHECK(strstr(at.place.err.text, "score_range") != NULL);
    params = examples_params("similar");
    params.held_out = (struct train_held_out){0, 0.999999};
    CHECK_INT(examples_train(&at, &params, 1, -1), LM_INVALID); /* nothing to learn from */
    place_close(&at.place);
}

/* ---- contrast ---- */

/* Pairs of the form similar: as many as lines, with scores of 1 to 5. */
static bool write_pairs(const struct examples_place *at, size_t pairs, const int *scores)
{
    static const char *const words[] = {"sun", "sea", "oak", "fox", "inn", "ice", "elm", "ash"};
    char path[200], text[4096];
    size_t size = 0;
    for (size_t i = 0; i < pairs; i++)
        size +=
            (size_t)snprintf(text + size, sizeof text - size,
                             "{\"id\":\"p%zu\",\"a\":\"%s %zu\",\"b\":\"%zu %s\",\"score\":%d}\n",
                             i, words[i % 8], i, i, words[i % 8], scores[i]);
    snprintf(path, sizeof path, "%s/files/made-up", at->examples);
    if (lm_dir_create(path, NULL) != LM_OK)
        return false;
    snprintf(path, sizeof path, "%s/files/made-up/data", at->examples);
    return lm_file_write(path, text, size, NULL) == LM_OK;
}

static struct train_params contrastive(int64_t batch, int64_t accumulate)
{
    struct train_params params = examples_params("similar");
    params.pair_loss = "contrastive";
    params.batch = batch;
    params.accumulate = accumulate;
    params.held_out = (struct train_held_out){0, 0};
    params.steps = 1;
    return params;
}

/* The loss of one step on the same pairs: with parts, the mean over scores of the parts' losses. */
static void test_contrast_in_parts(struct tap *tap)
{
    static const int scores[] = {5, 5, 5, 5, 5, 2, 2, 2}; /* no two halves weigh the same */
    struct examples_place at;
    struct train_params params = contrastive(4, 1);
    double part[2], weight[2] = {0, 0}, both;
    REQUIRE(examples_open(&at) && write_pairs(&at, 8, scores));
    struct lm_rng order = lm_rng_stream(7, "examples");
    for (uint64_t i = 0; i < 8; i++)
        weight[i / 4] += (scores[lm_rng_permute(order, 0, i, 8)] - 1) / 4.0;
    REQUIRE(weight[0] != weight[1]);
    params.lr = params.min_lr = 1e-12; /* the second step's loss is that of the first weights */
    REQUIRE(examples_train(&at, &params, 1, -1) == LM_OK);
    part[0] = at.place.train_loss;
    params.steps = 2;
    REQUIRE(examples_train(&at, &params, 1, -1) == LM_OK);
    part[1] = at.place.train_loss;
    params.steps = 1;
    params.accumulate = 2;
    REQUIRE(examples_train(&at, &params, 1, -1) == LM_OK);
    both = (part[0] * weight[0] + part[1] * weight[1]) / (weight[0] + weight[1]);
    CHECK_NEAR(at.place.train_loss, both, 1e-6);
    CHECK(fabs(both - (part[0] + part[1]) / 2) > 1e-4); /* what counting pairs would give */
    place_close(&at.place);
}

/* A part without any score weighs nothing, a step without any learns nothing: neither is NaN. */
static void test_contrast_without_scores(struct tap *tap)
{
    static const int scores[] = {1, 1, 1, 1, 1, 1, 1, 5};
    struct examples_place at;
    struct train_params params = contrastive(2, 1);
    REQUIRE(examples_open(&at) && write_pairs(&at, 8, scores));
    params.steps = 8;
    CHECK_INT(examples_train(&at, &params, 1, -1), LM_OK);
    CHECK(isfinite(at.place.train_loss));
    params.accumulate = 4;
    CHECK_INT(examples_train(&at, &params, 1, -1), LM_OK);
    CHECK(at.place.train_loss > 0);
    place_close(&at.place);
}

/* Settings under which no step could teach anything are refused before the first. */
static void test_nothing_to_learn(struct tap *tap)
{
    static const int lowest[] = {1, 1, 1, 1}, high[] = {5, 5, 5, 5};
    struct examples_place at;
    struct train_params params = contrastive(1, 4);
    REQUIRE(examples_open(&at) && write_pairs(&at, 4, high));
    CHECK_INT(examples_train(&at, &params, 1, -1), LM_INVALID);
    CHECK_INT(lm_stage_train.resolve(&params, NULL, &at.place.err), LM_INVALID);
    CHECK(strncmp(at.place.err.text, "batch: ", 7) == 0);
    params = contrastive(2, 1);
    CHECK_INT(examples_train(&at, &params, 1, -1), LM_OK);
    REQUIRE(write_pairs(&at, 1, high));
    CHECK_INT(examples_train(&at, &params, 1, -1), LM_INVALID);
    REQUIRE(write_pairs(&at, 4, lowest));
    CHECK_INT(examples_train(&at, &params, 1, -1), LM_INVALID);
    CHECK(strstr(at.place.err.text, "lowest score") != NULL);
    params.pair_loss = "regression";
    CHECK_INT(examples_train(&at, &params, 1, -1), LM_OK);
    place_close(&at.place);
}

/* Of one label alone a head learns only that it is always right. */
static void test_one_label(struct tap *tap)
{
    char path[200], line[300];
    struct examples_place at;
    struct lm_buf lines;
    struct train_params params = examples_params("classify");
    REQUIRE(examples_open(&at) && examples_write(&at, "classify"));
    params.held_out = (struct train_held_out){0, 0};
    lm_buf_init(&lines, 0);
    for (int i = 0; i < EXAMPLES; i++)
        if (i * 7 % 11 % 2 == 0) {
            examples_line(line, sizeof line, "classify", i);
            lm_buf_puts(&lines, line);
        }
    snprintf(path, sizeof path, "%s/files/made-up/data", at.examples);
    REQUIRE(lm_file_write(path, lines.data, lines.size, NULL) == LM_OK);
    CHECK_INT(examples_train(&at, &params, 1, -1), LM_INVALID);
    CHECK(strstr(at.place.err.text, "one label") != NULL);
    lm_buf_release(&lines);
    place_close(&at.place);
}

/* As many others in the last batch of a look as in the first: 5 pairs in batches of 4 are not a
 * batch of 4 and a pair that nothing is told from. */
static void test_contrast_at_the_end_of_a_look(struct tap *tap)
{
    struct examples_place at;
    struct train_params params = contrastive(4, 1);
    REQUIRE(examples_open(&at) && examples_write(&at, "similar"));
    params.held_out = (struct train_held_out){0.1, 0};
    params.eval_batches = 100;
    params.lr = params.min_lr = 1e-12;
    REQUIRE(examples_train(&at, &params, 1, -1) == LM_OK);
    double fours = at.place.valid_loss;
    params.batch = 2;
    REQUIRE(examples_train(&at, &params, 1, -1) == LM_OK);
    printf("# valid loss %.4f in fours, %.4f in twos\n", fours, at.place.valid_loss);
    CHECK(fours > at.place.valid_loss); /* the more to be told from, the harder */
    place_close(&at.place);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_learns) TAP_ROW(test_threads) TAP_ROW(test_interruptions) TAP_ROW(test_init)
        TAP_ROW(test_init_of_another_objective) TAP_ROW(test_other_vocabulary) TAP_ROW(test_refused)
            TAP_ROW(test_contrast_in_parts) TAP_ROW(test_contrast_without_scores)
                TAP_ROW(test_nothing_to_learn) TAP_ROW(test_one_label)
                    TAP_ROW(test_contrast_at_the_end_of_a_look)};
LM_TEST_FILE(tests)
