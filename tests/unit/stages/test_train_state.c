/* What a training leaves for longer ones: a chain of ever longer trainings has, bit for bit, what a
 * fresh one of the last length has, whatever it is made of; and what is wrong with a state is never
 * more than a training that begins anew. */
#include <unistd.h>

#include "protocol/checkpoint.h"
#include "stages/train/train_prefix.h"
#include "tests/tap.h"
#include "train_left.h"

enum { LENGTHS = 3 };

static const int64_t lengths[LENGTHS] = {15, 31, 47};

/* As resolve leaves them: the cadence is clipped. Of a smaller model, since there are many. */
static struct train_params of_length(struct train_params params, int64_t steps)
{
    params.layers = 1;
    params.width = 16;
    params.eval_batches = 1;
    params.steps = steps;
    params.cadence = params.eval_every;
    params.eval_every = params.eval_every < steps ? params.eval_every : steps;
    if (strcmp(params.schedule, "wsd") == 0 && params.cooldown == 0)
        params.cooldown = (steps + 4) / 5;
    return params;
}

/* A place with a folder for the state; text, notes and positions of events are kept. */
struct chain {
    struct place place;
    char state[96], events[96];
};

static bool chain_open(struct chain *chain)
{
    if (!open_place(&chain->place))
        return false;
    snprintf(chain->state, sizeof chain->state, "%s/states/key", chain->place.dir);
    snprintf(chain->events, sizeof chain->events, "%s/events", chain->place.dir);
    chain->place.state = chain->state;
    return true;
}

/* One training of another key: its checkpoints are its own. */
static struct left chain_run(struct chain *chain, const struct train_params *params, long polls)
{
    if (polls < 0)
        lm_dir_remove(chain->place.checkpoints, NULL);
    chain->place.events = fopen(chain->events, "we");
    struct left left = run(&chain->place, params, 1 + (size_t)params->steps % 3, polls);
    if (chain->place.events != NULL)
        fclose(chain->place.events);
    chain->place.events = NULL;
    return left;
}

/* Did the last training tell this? */
static bool told(const struct chain *chain, const char *text)
{
    char *events = NULL;
    struct lm_arena *arena = lm_arena_create();
    bool is_there = lm_file_read(&events, NULL, arena, chain->events, 1 << 22, NULL) == LM_OK &&
                    strstr(events, text) != NULL;
    lm_arena_free(arena);
    return is_there;
}

static bool began_at(const struct chain *chain, int64_t step)
{
    char text[64];
    snprintf(text, sizeof text, "\"event\":\"resumed\",\"position\":%lld}", (long long)step);
    return told(chain, text);
}

static bool is_same(const struct left *a, const struct left *b)
{
    return a->status == LM_OK && b->status == LM_OK && strcmp(a->hex, b->hex) == 0 &&
           memcmp(&a->valid, &b->valid, sizeof a->valid) == 0 &&
           memcmp(&a->stopped, &b->stopped, sizeof a->stopped) == 0 &&
           memcmp(&a->best_step, &b->best_step, sizeof a->best_step) == 0;
}

static struct left run_fresh(const struct train_params *params)
{
    struct place place;
    if (!open_place(&place))
        return (struct left){.status = LM_INTERNAL};
    struct left left = run(&place, params, 1, -1);
    place_close(&place);
    return left;
}

/* ---- the same bits ---- */

/* 15, 31, 47 steps, each from the last one's state: the last two have what fresh ones have. */
static void check_chain(struct tap *tap, const char *name, const struct train_params *base)
{
    struct chain chain;
    int64_t stands = 0;
    REQUIRE(chain_open(&chain));
    for (size_t i = 0; i < LENGTHS; i++) {
        const struct train_params params = of_length(*base, lengths[i]);
        struct left got = chain_run(&chain, &params, -1);
        struct left want = i == 0 ? (struct left){.status = LM_OK} : run_fresh(&params);
        CHECK_INT(got.status, LM_OK);
        if (i > 0) {
            CHECK(is_same(&got, &want));
            CHECK(began_at(&chain, stands));
            if (!is_same(&got, &want))
                printf("# %s, %lld steps\n%s---\n%s", name, (long long)params.steps, got.log,
                       want.log);
        }
        stands = lm_state_peek(chain.state);
        if (params.patience == 0)
            CHECK_INT(stands, train_prefix_steps(&params));
        left_free(&got);
        left_free(&want);
    }
    place_close(&chain.place);
}

static void test_schedules(struct tap *tap)
{
    struct train_params params = defaults();

    const struct {
        const char *schedule;
        int64_t horizon, cooldown;
    } rows[] = {{"constant", 0, 0}, {"inverse_sqrt", 0, 0}, {"wsd", 0, 0},    {"wsd", 0, 7},
                {"wsd", 60, 20},    {"cosine", 40, 0},      {"linear", 47, 0}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        params.schedule = rows[i].schedule;
        params.horizon = rows[i].horizon;
        params.cooldown = rows[i].cooldown;
        check_chain(tap, rows[i].schedule, &params);
    }
}

/* Validation on the cadence at an end (15 and 31 are none of 4's), beyond the end, and at it. */
static void test_validation(struct tap *tap)
{
    static const int64_t cadences[] = {1, 5, 15, 31, 47, 100};
    for (size_t i = 0; i < sizeof cadences / sizeof cadences[0]; i++) {
        struct train_params params = defaults();
        params.schedule = "constant";
        params.keep = i % 2 == 0 ? "best" : "last";
        params.eval_every = cadences[i];
        check_chain(tap, "cadence", &params);
    }
}

static void test_settings(struct tap *tap)
{
    struct train_params each[10];
    for (size_t i = 0; i < 10; i++) {
        each[i] = defaults();
        each[i].schedule = "constant";
    }
    each[0].keep = "best";
    each[0].lr = 0.2; /* gets worse again */
    each[1].ema = 0.7;
    each[1].keep = "best";
    each[2].dropout = 0.2;
    each[3].order = "documents";
    each[4].accumulate = 4;
    each[4].ramp_from = 1;
    each[4].ramp_tokens = 1500; /* ends beyond the first length */
    each[5].optimizer = "sgd";
    each[5].lr = 0.2;
    each[5].momentum = 0.9;
    each[5].nesterov = true;
    each[6].max_spike = 1.05; /* many are skipped once 32 are known */
    each[6].max_skips = 1000;
    each[7].on_divergence = "record";
    each[7].precision = "bf16";
    each[8].warmup = 15; /* as long as the first */
    each[9].optimizer = "muon";
    each[9].adamw_lr = 0.01;
    each[9].momentum = 0.9;
    each[9].ns_steps = 5;
    for (size_t i = 0; i < 10; i++)
        check_chain(tap, "setting", &each[i]);
}

/* Patience that ends it at a length, between lengths, or by a validation that only an end causes:
 * then a longer one does not know of that. */
static void test_patience(struct tap *tap)
{
    for (int64_t cadence = 3; cadence <= 9; cadence += 2)
        for (int64_t patience = 1; patience <= 4; patience += 3) {
            struct train_params params = defaults();
            params.schedule = "constant";
            params.keep = "best";
            params.lr = 0.05;
            params.min_delta = 0.15;
            params.eval_every = cadence;
            params.patience = patience;
            struct chain chain;
            REQUIRE(chain_open(&chain));
            for (size_t i = 0; i < LENGTHS; i++) {
                const struct train_params longer = of_length(params, lengths[i]);
                struct left got = chain_run(&chain, &longer, -1), want = run_fresh(&longer);
                CHECK(is_same(&got, &want));
                left_free(&got);
                left_free(&want);
            }
            place_close(&chain.place);
        }
}

/* A mixture of token sets goes on where it was. */
static void test_mixture(struct tap *tap)
{
    struct chain chain;
    struct place other, fresh;
    struct train_weight weights[] = {{1, ""}, {3, ""}};
    struct train_params base = defaults();
    REQUIRE(open_place(&other) && open_place(&fresh) && chain_open(&chain));
    base.schedule = "constant";
    base.mixture = (struct lm_list){weights, 2};
    chain.place.more = fresh.more = other.tokens;
    for (size_t i = 0; i < LENGTHS; i++) {
        const struct train_params params = of_length(base, lengths[i]);
        struct left got = chain_run(&chain, &params, -1);
        lm_dir_remove(fresh.checkpoints, NULL);
        struct left want = run(&fresh, &params, 1, -1);
        CHECK(is_same(&got, &want));
        CHECK(i == 0 || began_at(&chain, lengths[i - 1]));
        left_free(&got);
        left_free(&want);
    }
    place_close(&chain.place);
    place_close(&fresh);
    place_close(&other);
}

/* Interrupted again and again on the way, and then from the state or the checkpoint, whichever is
 * further. */
static void test_interrupted(struct tap *tap)
{
    struct train_params base = defaults();
    base.schedule = "wsd";
    base.keep = "best";
    base.ema = 0.5;
    base.dropout = 0.1;
    struct chain chain;
    REQUIRE(chain_open(&chain));
    for (size_t i = 0; i < LENGTHS; i++) {
        const struct train_params params = of_length(base, lengths[i]);
        struct left got = {.status = LM_CANCELLED}, want = run_fresh(&params);
        int runs = 0;
        lm_dir_remove(chain.place.checkpoints, NULL);
        for (; got.status == LM_CANCELLED && runs < 60; runs++)
            got = chain_run(&chain, &params, 3 + 5 * runs);
        CHECK(runs > 2);
        CHECK(is_same(&got, &want));
        left_free(&got);
        left_free(&want);
    }
    place_close(&chain.place);
}

/* ---- what is there or not ---- */

static void test_which(struct tap *tap)
{
    struct train_params base = defaults();
    struct chain chain;
    REQUIRE(chain_open(&chain));
    base.schedule = "constant";
    struct train_params longer = of_length(base, 31), shorter = of_length(base, 15);
    longer.keep_state = "false";
    struct left left = chain_run(&chain, &longer, -1);
    CHECK_INT(lm_state_peek(chain.state), -1); /* none was wanted */
    left_free(&left);
    longer.keep_state = "true";
    left = chain_run(&chain, &longer, -1);
    CHECK_INT(lm_state_peek(chain.state), 31);
    left_free(&left);
    left = chain_run(&chain, &shorter, -1); /* not from a longer one, which stays */
    CHECK(!told(&chain, "resumed"));
    CHECK_INT(lm_state_peek(chain.state), 31);
    left_free(&left);
    longer = of_length(base, 47);
    chain.place.afresh = true; /* told to execute all */
    struct left all = chain_run(&chain, &longer, -1);
    CHECK(!told(&chain, "resumed"));
    CHECK_INT(lm_state_peek(chain.state), 47);
    chain.place.afresh = false;
    left = chain_run(&chain, &longer, -1); /* nothing but the last validation */
    CHECK(began_at(&chain, 47));
    CHECK(is_same(&left, &all));
    left_free(&left);
    left_free(&all);
    place_close(&chain.place);

    REQUIRE(chain_open(&chain)); /* depends on its end */
    base.schedule = "cosine";
    longer = of_length(base, 15);
    left = chain_run(&chain, &longer, -1);
    CHECK_INT(lm_state_peek(chain.state), -1);
    left_free(&left);
    place_close(&chain.place);
}

/* A training that has diverged leaves none: where it went wrong, a longer one would, too. */
static void test_divergence(struct tap *tap)
{
    struct train_params params = defaults();
    struct chain chain;
    REQUIRE(chain_open(&chain));
    params.schedule = "constant";
    params.lr = 1e30;
    params.clip = 0;
    params.on_divergence = "record";
    params = of_length(params, 15);
    struct left left = chain_run(&chain, &params, -1);
    CHECK_INT(left.status, LM_OK);
    CHECK_INT(lm_state_peek(chain.state), -1);
    left_free(&left);
    place_close(&chain.place);
}

enum { WEIGHTS = 1 }; /* a place that no row means: the first weight, which becomes NaN */

/* Writes a state of 15 steps that is sound by itself, with its bytes changed. */
static bool forge(struct chain *chain, uint64_t position, size_t place, uint64_t change, size_t cut)
{
    enum lm_state_finding found;
    struct lm_saved *saved = NULL;
    bool made = lm_state_open(&found, &saved, chain->state, 0, 100, NULL) == LM_OK && saved != NULL;
    size_t size = made ? (size_t)lm_saved_size(saved) : 0;
    char *data = malloc(size + 1);
    made = made && place + 8 <= size && lm_saved_read(saved, data, size, NULL) == LM_OK;
    lm_saved_close(saved);
    if (made) {
        uint64_t word;
        memcpy(&word, data + place, 8);
        word ^= change;
        memcpy(data + place, &word, 8);
        if (place == WEIGHTS)
            memset((char *)memmem(data, size, "lmstate1", 8) + LM_STATE_HEAD, 0xFF, sizeof(float));
        lm_dir_remove(chain->state, NULL);
        const struct lm_save_part part = {data, size - cut};
        made = lm_state_save(chain->state, position, &part, 1, NULL) == LM_OK;
    }
    free(data);
    return made;
}

/* Damaged, cut, of another folder, and sound but of something else: a training from its first step,
 * with its own bits, and a word about it. */
static void test_misses(struct tap *tap)
{
    const struct {
        uint64_t position, change;
        size_t place, cut;
        const char *words;
    } rows[] = {
        {15, 0x3000000, 0, 0, "is not of this training"},   /* another magic */
        {14, 0, 0, 0, "is not of this training"},           /* another step */
        {15, 1, 8, 0, "is not of this training"},           /* its step */
        {15, 0x40, 16, 0, "is not of this training"},       /* validated beyond it */
        {15, 0, 0, 1, "is not of this training"},           /* a byte less of the log */
        {15, UINT64_MAX, 56, 0, "is not of this training"}, /* a huge model */
        {15, 0, WEIGHTS, 0, "is not of this training"}      /* not finite */
    };

    struct train_params base = defaults();
    struct chain chain;
    base.schedule = "constant";
    const struct train_params shorter = of_length(base, 15), longer = of_length(base, 31);
    struct left want = run_fresh(&longer);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        REQUIRE(chain_open(&chain));
        struct left left = chain_run(&chain, &shorter, -1);
        REQUIRE(left.status == LM_OK);
        left_free(&left);
        REQUIRE(forge(&chain, rows[i].position, rows[i].place, rows[i].change, rows[i].cut));
        left = chain_run(&chain, &longer, -1);
        CHECK(told(&chain, rows[i].words));
        CHECK(!told(&chain, "\"resumed\""));
        CHECK(is_same(&left, &want));
        CHECK_INT(lm_state_peek(chain.state), 31);
        left_free(&left);
        place_close(&chain.place);
    }
    left_free(&want);
}

/* A byte changed anywhere, or an end cut off, behind the header's checksum or in it. */
static void test_damaged(struct tap *tap)
{
    struct train_params base = defaults();
    struct chain chain;
    char path[128];
    base.schedule = "constant";
    const struct train_params shorter = of_length(base, 15), longer = of_length(base, 31);
    struct left want = run_fresh(&longer);
    REQUIRE(chain_open(&chain));
    snprintf(path, sizeof path, "%s/a", chain.state);
    for (int i = 0; i < 6; i++) {
        lm_dir_remove(chain.state, NULL);
        struct left left = chain_run(&chain, &shorter, -1);
        left_free(&left);
        FILE *file = fopen(path, "r+e");
        REQUIRE(file != NULL);
        fseek(file, 0, SEEK_END);
        long size = ftell(file), at = size * (i % 3) / 3 + 20;
        fseek(file, at, SEEK_SET);
        int byte = fgetc(file);
        fseek(file, at, SEEK_SET);
        fputc(byte ^ 1, file);
        fclose(file);
        if (i >= 3)
            REQUIRE(truncate(path, at) == 0);
        left = chain_run(&chain, &longer, -1);
        CHECK(told(&chain, "was damaged and is removed"));
        CHECK(is_same(&left, &want));
        CHECK_INT(lm_state_peek(chain.state), 31);
        left_free(&left);
    }
    left_free(&want);
    place_close(&chain.place);
}

/* A folder where the file should be, a file where the folder should be: a note. */
static void test_obstacles(struct tap *tap)
{
    struct train_params base = defaults();
    struct chain chain;
    char path[128];
    base.schedule = "constant";
    const struct train_params params = of_length(base, 15);
    REQUIRE(chain_open(&chain));
    snprintf(path, sizeof path, "%s/a/b", chain.state);
    REQUIRE(lm_dir_create(path, NULL) == LM_OK);
    struct left left = chain_run(&chain, &params, -1);
    CHECK_INT(left.status, LM_OK);
    CHECK_INT(lm_state_peek(chain.state), 15);
    left_free(&left);
    lm_dir_remove(chain.state, NULL);
    REQUIRE(lm_file_write(chain.state, "x", 1, NULL) == LM_OK);
    left = chain_run(&chain, &params, -1);
    CHECK_INT(left.status, LM_OK);
    CHECK(told(&chain, "no longer run can continue from here"));
    left_free(&left);
    place_close(&chain.place);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_schedules) TAP_ROW(test_validation) TAP_ROW(test_settings) TAP_ROW(test_patience)
        TAP_ROW(test_mixture) TAP_ROW(test_interrupted) TAP_ROW(test_which) TAP_ROW(test_divergence)
            TAP_ROW(test_misses) TAP_ROW(test_damaged) TAP_ROW(test_obstacles)};
LM_TEST_FILE(tests)
