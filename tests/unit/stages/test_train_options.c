/* What a training may do beyond the usual, through a context: optimisers, ramp, averages, smoothed
 * losses, early stopping, ratios. Each alone, and all together over interruptions. */
#include "base/json.h"
#include "stages/train/train_ramp.h"
#include "tests/tap.h"
#include "train_left.h"

/* A run in a place of its own. */
static struct left run_once(const struct train_params *params)
{
    struct place place;
    if (!open_place(&place))
        return (struct left){.status = LM_INTERNAL};
    struct left left = run(&place, params, 1, -1);
    if (left.status != LM_OK)
        printf("# %s\n", place.err.text);
    place_close(&place);
    return left;
}

/* A training interrupted again and again, every `polls` questions or so. */
static struct left run_broken(const struct train_params *params, long polls, int *runs)
{
    struct place place;
    struct left left = {.status = LM_CANCELLED};
    *runs = 0;
    if (!open_place(&place))
        return (struct left){.status = LM_INTERNAL};
    for (; left.status == LM_CANCELLED && *runs < 60; ++*runs)
        left = run(&place, params, 1 + (size_t)*runs % 3, polls + 7 * *runs);
    place_close(&place);
    return left;
}

/* ---- tests ---- */

/* Each option changes what comes out, and none stops it from learning. */
static void test_each(struct tap *tap)
{
    const char *groups[] = {"norms", "biases"};
    struct train_params each[13];
    for (size_t i = 0; i < 13; i++) {
        each[i] = defaults();
        each[i].steps = 40;
    }
    each[1].optimizer = "sgd";
    each[1].lr = 0.3;
    each[2].optimizer = "sgd";
    each[2].lr = 0.3;
    each[2].momentum = 0.8;
    each[3] = each[2];
    each[3].nesterov = true;
    each[4].decay_groups = (struct lm_list){(void *)groups, 2};
    each[5].frozen_layers = 1;
    each[6].layer_decay = 0.8;
    each[7].schedule = "wsd";
    each[7].cooldown = 8;
    each[8].schedule = "inverse_sqrt";
    each[9].ramp_from = 1;
    each[9].ramp_tokens = 1000;
    each[10].ema = 0.5;
    each[11].label_smoothing = 0.1;
    each[12].z_loss = 1e-3;
    struct left left[13];
    for (size_t i = 0; i < 13; i++) {
        left[i] = run_once(&each[i]);
        REQUIRE(left[i].status == LM_OK);
        CHECK(left[i].valid < 3.9 && left[i].valid > log(2)); /* ln 60 = 4.1 at the start */
        if (!(left[i].valid < 3.9))
            printf("# option %zu: %g\n", i, left[i].valid);
        CHECK(isnan(left[i].stopped));
        for (size_t k = 0; k < i; k++)
            CHECK(strcmp(left[k].hex, left[i].hex) != 0);
    }
    for (size_t i = 0; i < 13; i++)
        left_free(&left[i]);
}

/* With the ramp every line of the log tells the tokens seen, and the steps share out the same
 * rows as without: here 1, 1, 2, 2, … batches against 4 each. */
static void test_ramp(struct tap *tap)
{
    struct train_params params = defaults();
    params.accumulate = 4;
    params.ramp_from = 1;
    params.ramp_tokens = 12 * 32;
    struct left left = run_once(&params);
    REQUIRE(left.status == LM_OK);
    char *rest = left.log;
    int64_t last = 0, rows = 0;
    for (char *line; (line = strtok_r(rest, "\n", &rest)) != NULL; rows++) {
        struct lm_json *row = NULL;
        REQUIRE(lm_json_parse(&row, line, strlen(line), NULL) == LM_OK);
        int64_t step = lm_json_int(lm_json_get(row, "step"), -1);
        int64_t tokens = lm_json_int(lm_json_get(row, "tokens"), -1);
        int64_t batches = lm_json_get(row, "valid_loss") != NULL ? 0
                          : last < 12 * 32                       ? 1 + 3 * (last / 32) / 12
                                                                 : 4;
        CHECK_INT(tokens, last + 32 * batches);
        CHECK_INT(tokens, train_ramp_tokens(&params, step));
        last = tokens;
        lm_json_free(row);
    }
    CHECK_INT(rows, STEPS + 4);
    CHECK(last > 12 * 32);
    left_free(&left);
}

/* The weights kept are Σ b^(n − i)·w_i / Σ b^(n − i) of those a training without average has after
 * i steps; looks are of the average. */
static void test_ema(struct tap *tap)
{
    enum { LAST = 5 };

    const double b = 0.6;
    struct train_params params = defaults();
    double *sum = NULL, mass = 0;
    size_t count = 0;
    params.schedule = "constant";
    params.warmup = 0;
    params.lr = 3e-3;
    for (params.steps = 1; params.steps <= LAST; params.steps++) {
        struct left left = run_once(&params);
        REQUIRE(left.status == LM_OK && left.count > 0);
        count = left.count;
        sum = sum == NULL ? calloc(count, sizeof *sum) : sum;
        mass = b * mass + 1;
        for (size_t i = 0; i < count; i++)
            sum[i] = b * sum[i] + (double)left.weights[i];
        left_free(&left);
    }
    params.steps = LAST;
    struct left plain = run_once(&params);
    params.ema = b;
    struct left left = run_once(&params);
    REQUIRE(left.status == LM_OK && left.count == count);
    for (size_t i = 0; i < count; i++)
        CHECK_NEAR((double)left.weights[i], sum[i] / mass, 1e-6);
    CHECK(left.valid != plain.valid);
    params.keep = "best"; /* the last look is the best here */
    struct left best = run_once(&params);
    REQUIRE(best.status == LM_OK);
    CHECK_INT(best.best_step, LAST);
    CHECK_INT(memcmp(best.weights, left.weights, count * sizeof *left.weights), 0);
    left_free(&plain);
    left_free(&left);
    left_free(&best);
    free(sum);
}

static int count_of(const char *text, const char *what)
{
    int n = 0;
    for (; text != NULL && (text = strstr(text, what)) != NULL; text++)
        n++;
    return n;
}

/* No look is better by 100 nats than the first: over after `patience` more. */
static void test_patience(struct tap *tap)
{
    struct train_params params = defaults();
    params.steps = 100;
    params.min_delta = 100;
    for (params.patience = 1; params.patience <= 3; params.patience++) {
        struct left left = run_once(&params);
        REQUIRE(left.status == LM_OK);
        CHECK_INT(left.stopped, 4 * params.patience);
        CHECK_INT(count_of(left.log, "\"loss\""), 4 * params.patience);
        CHECK_INT(count_of(left.log, "\"valid_loss\""), params.patience + 1);
        CHECK_INT(count_of(left.log, "\"stopped\":true}\n"), 1);
        CHECK(strcmp(left.log + strlen(left.log) - 16, "\"stopped\":true}\n") == 0);
        left_free(&left);
    }
    params = defaults(); /* it gets better at every look */
    params.patience = 2;
    struct left left = run_once(&params);
    REQUIRE(left.status == LM_OK);
    CHECK_INT(left.stopped, STEPS);
    CHECK_INT(count_of(left.log, "stopped"), 0);
    left_free(&left);
}

/* A training that overfits ends where its looks say, and that is where it ends when it is
 * interrupted on the way, before or behind the look that decides. */
static void test_patience_interrupted(struct tap *tap)
{
    struct train_params params = defaults();
    params.steps = 400;
    params.schedule = "constant";
    params.eval_every = 3;
    params.patience = 3;
    params.keep = "best";
    struct left want = run_once(&params);
    REQUIRE(want.status == LM_OK);
    CHECK(want.stopped > 9 && want.stopped < 400);
    CHECK_INT(want.best_step, want.stopped - 9);
    for (long polls = 0; polls < 250; polls += 47) {
        int runs;
        struct left got = run_broken(&params, polls, &runs);
        CHECK_INT(got.status, LM_OK);
        CHECK(runs > 1);
        CHECK(got.stopped == want.stopped);
        CHECK_STR(got.hex, want.hex);
        left_free(&got);
    }
    left_free(&want);
}

/* The same bytes over interruptions and on any threads. */
static void hold_over_interruptions(struct tap *tap, struct train_params params)
{
    CHECK_INT(lm_stage_train.resolve(&params, NULL, &(struct lm_err){0}), LM_OK);
    struct left want = run_once(&params);
    REQUIRE(want.status == LM_OK);
    for (long polls = 0; polls < 160; polls += 31) {
        int runs;
        struct left got = run_broken(&params, polls, &runs);
        CHECK_INT(got.status, LM_OK);
        CHECK(runs > 1);
        CHECK_STR(got.hex, want.hex);
        left_free(&got);
    }
    left_free(&want);
}

/* All at once. */
static void test_together(struct tap *tap)
{
    const char *groups[] = {"matrices"};
    struct train_params params = defaults();
    params.optimizer = "sgd";
    params.lr = 0.1;
    params.momentum = 0.9;
    params.nesterov = true;
    params.dropout = 0.1;
    params.decay_groups = (struct lm_list){(void *)groups, 1};
    params.frozen_layers = 1;
    params.layer_decay = 0.9;
    params.schedule = "wsd";
    params.horizon = 10;
    params.cooldown = 4;
    params.accumulate = 3;
    params.ramp_from = 1;
    params.ramp_tokens = 500;
    params.ema = 0.8;
    params.label_smoothing = 0.1;
    params.z_loss = 1e-4;
    params.patience = 2;
    params.keep = "best";
    hold_over_interruptions(tap, params);
}

/* What the presets of 2026 are, as they are to be trained. */
static struct train_params params_2026(void)
{
    struct train_params params = defaults();
    params.norm = "rms";
    params.positions = "rotary";
    params.no_bias = params.qk_norm = params.no_gain = params.embed_norm = params.smear = true;
    params.tie_embeddings = false;
    params.zero_init = true;
    params.score_scale = 0.3;
    params.logit_cap = 15;
    params.optimizer = "muon";
    params.lr = 0.02;
    params.adamw_lr = 0.01;
    params.min_lr = params.decay = params.clip = 0;
    params.momentum = 0.85;
    params.nesterov = true;
    params.ns_steps = 5;
    params.schedule = "wsd";
    params.cooldown_share = 0.7;
    return params;
}

static void test_together_2026(struct tap *tap)
{
    hold_over_interruptions(tap, params_2026());
}

static double last_gauge(const char *events, const char *name)
{
    char field[64];
    double value = (double)NAN;
    snprintf(field, sizeof field, "\"%s\":", name);
    for (const char *at = events; (at = strstr(at, field)) != NULL; at++)
        value = strtod(at + strlen(field), NULL);
    return value;
}

/* Ratios go to the events: nothing moves where all is frozen. */
static void test_ratios(struct tap *tap)
{
    struct place place;
    struct train_params params = defaults();
    for (params.frozen_layers = 0; params.frozen_layers <= 1; params.frozen_layers++) {
        char *text = NULL;
        size_t size = 0;
        REQUIRE(open_place(&place));
        place.events = open_memstream(&text, &size);
        struct left left = run(&place, &params, 1, -1);
        fclose(place.events);
        REQUIRE(left.status == LM_OK);
        bool frozen = params.frozen_layers > 0;
        CHECK(frozen == (last_gauge(text, "ratio.embeddings") == 0));
        CHECK(frozen == (last_gauge(text, "ratio.layer.0") == 0));
        CHECK(last_gauge(text, "ratio.layer.1") > 1e-5 && last_gauge(text, "ratio.layer.1") < 1);
        CHECK(last_gauge(text, "ratio.head") > 1e-6 && last_gauge(text, "ratio.head") < 1);
        CHECK(isnan(last_gauge(text, "ratio.layer.2")));
        free(text);
        left_free(&left);
        place_close(&place);
    }
}

/* ---- what a spec may say ---- */

static struct train_params fresh(void)
{
    struct train_params params = defaults();
    params.steps = params.warmup = LM_UNSET_INT;
    params.accumulate = 8;
    return params;
}

static void test_lengths(struct tap *tap)
{
    struct lm_err err;
    struct train_params p = fresh();
    CHECK_INT(lm_stage_train.resolve(&p, NULL, &err), LM_OK);
    CHECK_INT(p.steps, 1000);
    CHECK_INT(p.warmup, 100);
    CHECK_INT(p.horizon, 0);
    p = fresh(); /* a step has 8·2·16 = 256 tokens */
    p.tokens = 256 * 50 + 1;
    p.warmup_tokens = 1024;
    p.horizon_tokens = 10240;
    CHECK_INT(lm_stage_train.resolve(&p, NULL, &err), LM_OK);
    CHECK_INT(p.steps, 51);
    CHECK_INT(p.warmup, 4);
    CHECK_INT(p.horizon, 40);
    p = fresh(); /* 1 batch, then more: more steps for as many tokens */
    p.tokens = 256 * 50;
    p.ramp_from = 1;
    p.ramp_tokens = 256 * 20;
    CHECK_INT(lm_stage_train.resolve(&p, NULL, &err), LM_OK);
    CHECK(p.steps > 60);
    CHECK(train_ramp_tokens(&p, p.steps) >= 256 * 50);
    CHECK(train_ramp_tokens(&p, p.steps - 1) < 256 * 50);
    p = fresh();
    p.schedule = "wsd";
    CHECK_INT(lm_stage_train.resolve(&p, NULL, &err), LM_OK);
    CHECK_INT(p.cooldown, 200);
    p = fresh();
    p.schedule = "wsd";
    p.warmup = p.steps = 10;
    CHECK_INT(lm_stage_train.resolve(&p, NULL, &err), LM_OK);
    CHECK_INT(p.cooldown, 0);
}

/* A preset whose source says how it was trained brings that, unless something is given. */
static void test_preset(struct tap *tap)
{
    struct lm_err err;
    struct train_params p = fresh();
    p.accumulate = LM_UNSET_INT;
    p.lr = p.min_lr = LM_UNSET_FLOAT;
    struct train_params small = p, given = p;
    CHECK_INT(lm_stage_train.resolve(&p, NULL, &err), LM_OK);
    CHECK_INT(p.accumulate, 1);
    CHECK(p.lr == 1e-3);
    small.preset = given.preset = "gpt3-125m";
    small.batch = 6;
    CHECK_INT(lm_stage_train.resolve(&small, NULL, &err), LM_OK);
    CHECK_INT(small.accumulate, 43); /* 256 sequences, or a few more */
    CHECK(small.lr == 6e-4);
    CHECK_NEAR(small.min_lr, 6e-5, 1e-18);
    given.accumulate = 5;
    given.lr = 0.5;
    CHECK_INT(lm_stage_train.resolve(&given, NULL, &err), LM_OK);
    CHECK_INT(given.accumulate, 5);
    CHECK(given.lr == 0.5);
}

/* Muon's own numbers are filled in, and are in the key then; a share of the horizon is a descent.
 */
static void test_muon(struct tap *tap)
{
    struct lm_err err;
    struct train_params p = fresh(), given;
    p.optimizer = "muon";
    p.schedule = "wsd";
    p.steps = 200;
    p.cooldown_share = 0.7;
    given = p;
    given.momentum = 0.85;
    given.adamw_lr = 0.25;
    given.ns_steps = 3;
    given.warmup = 150;
    CHECK_INT(lm_stage_train.resolve(&p, NULL, &err), LM_OK);
    CHECK(p.momentum == 0.95 && p.adamw_lr == p.lr);
    CHECK_INT(p.ns_steps, 5);
    CHECK_INT(p.cooldown, p.warmup < 60 ? 140 : 200 - p.warmup);
    CHECK_INT(lm_stage_train.resolve(&given, NULL, &err), LM_OK);
    CHECK(given.momentum == 0.85 && given.adamw_lr == 0.25);
    CHECK_INT(given.ns_steps, 3);
    CHECK_INT(given.cooldown, 50);
    struct train_params adamw = fresh();
    CHECK_INT(lm_stage_train.resolve(&adamw, NULL, &err), LM_OK);
    CHECK(adamw.momentum == 0 && adamw.adamw_lr == 0 && adamw.ns_steps == 0);
}

typedef void spoil_fn(struct train_params *p);

#define SPOIL(name, ...)                                                                           \
    static void name(struct train_params *p)                                                       \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
    }
SPOIL(momentum, p->momentum = 0.9)
SPOIL(nesterov, p->nesterov = true)
SPOIL(nesterov_alone, p->optimizer = "sgd"; p->nesterov = true)
SPOIL(endless, p->schedule = "constant"; p->horizon = 5)
SPOIL(endless_tokens, p->schedule = "inverse_sqrt"; p->horizon_tokens = 500)
SPOIL(cooldown, p->cooldown = 5)
SPOIL(long_cooldown, p->schedule = "wsd"; p->steps = 200; p->cooldown = 101)
SPOIL(short_horizon, p->horizon = 100)
SPOIL(both_steps, p->steps = 5; p->tokens = 500)
SPOIL(both_warmups, p->warmup = 5; p->warmup_tokens = 500)
SPOIL(both_horizons, p->horizon = 500; p->horizon_tokens = 500)
SPOIL(many_tokens, p->accumulate = 1; p->batch = 1; p->tokens = 100000000000000)
SPOIL(ramp_from, p->ramp_from = 2)
SPOIL(ramp_tokens, p->ramp_tokens = 2)
SPOIL(ramp_high, p->ramp_from = 9; p->ramp_tokens = 500)
SPOIL(min_delta, p->min_delta = 0.1)
SPOIL(adamw_lr, p->adamw_lr = 0.1)
SPOIL(ns_steps, p->optimizer = "sgd"; p->ns_steps = 5)
SPOIL(muon_scale, p->muon_scale = "spectral")
SPOIL(share, p->cooldown_share = 0.5)
SPOIL(both_cooldowns, p->schedule = "wsd"; p->cooldown = 5; p->cooldown_share = 0.5)
SPOIL(two_numbers, static double two[2]; p->optimizer = "muon";
      p->ns_coefficients = (struct lm_list){two, 2})
SPOIL(numbers, static double three[3]; p->ns_coefficients = (struct lm_list){three, 3})
SPOIL(negative_cap, p->logit_cap = 0.5)

static void test_contradictions(struct tap *tap)
{
    static const struct {
        spoil_fn *spoil;
        const char *field;
    } rows[] = {
        {momentum, "momentum:"},
        {nesterov, "nesterov:"},
        {nesterov_alone, "nesterov:"},
        {endless, "horizon:"},
        {endless_tokens, "horizon:"},
        {cooldown, "cooldown:"},
        {long_cooldown, "cooldown:"},
        {short_horizon, "horizon:"},
        {both_steps, "steps:"},
        {both_warmups, "warmup:"},
        {both_horizons, "horizon:"},
        {many_tokens, "steps:"},
        {ramp_from, "ramp_from:"},
        {ramp_tokens, "ramp_tokens:"},
        {ramp_high, "ramp_from:"},
        {min_delta, "min_delta:"},
        {adamw_lr, "adamw_lr:"},
        {ns_steps, "ns_steps:"},
        {muon_scale, "muon_scale:"},
        {share, "cooldown_share:"},
        {both_cooldowns, "cooldown_share:"},
        {two_numbers, "ns_coefficients:"},
        {numbers, "ns_coefficients:"},
        {negative_cap, "logit_cap:"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_err err = {LM_OK, ""};
        struct train_params p = fresh();
        rows[i].spoil(&p);
        CHECK(lm_stage_train.resolve(&p, NULL, &err) != LM_OK);
        CHECK(strncmp(err.text, rows[i].field, strlen(rows[i].field)) == 0);
        if (strncmp(err.text, rows[i].field, strlen(rows[i].field)) != 0)
            printf("# %s: %s\n", rows[i].field, err.text);
    }
    struct lm_err err;
    const char *twice[] = {"norms", "biases", "norms"};
    struct train_params p = fresh();
    p.decay_groups = (struct lm_list){(void *)twice, 3};
    CHECK_INT(lm_stage_train.resolve(&p, NULL, &err), LM_INVALID);
    CHECK(strncmp(err.text, "decay_groups: norms", 19) == 0);
    p.decay_groups.count = 2;
    CHECK_INT(lm_stage_train.resolve(&p, NULL, &err), LM_OK);
}

/* Which inputs are needed, and what must not stand beside them. `user`: names, NULL-terminated. */
static bool has_port(const void *user, const char *port)
{
    for (const char *const *names = user; *names != NULL; names++)
        if (strcmp(*names, port) == 0)
            return true;
    return false;
}

SPOIL(objective_lm, p->objective = "lm")
SPOIL(classify, p->objective = "classify")
SPOIL(shaped, p->layers = 3)
SPOIL(rotary, p->positions = "rotary")
SPOIL(by_tokens, p->steps = LM_UNSET_INT; p->tokens = 50000)
SPOIL(frozen, p->frozen_layers = 4)
SPOIL(short_rows, p->max_length = 5)
SPOIL(stored, p->init.path = "m"; p->objective = "classify")

static void test_ports(struct tap *tap)
{
    static const struct {
        spoil_fn *spoil;
        const char *ports[4], *field; /* NULL: fine */
    } rows[] = {
        {objective_lm, {"tokens"}, NULL},
        {objective_lm, {NULL}, "tokens:"},
        {objective_lm, {"tokens", "examples"}, "examples:"},
        {objective_lm, {"tokens", "vocab"}, "vocab:"},
        {objective_lm, {"tokens", "init"}, NULL},
        {shaped, {"tokens", "init"}, "init:"},
        {rotary, {"tokens", "init"}, "init:"},
        {by_tokens, {"tokens"}, NULL},
        {by_tokens, {"tokens", "init"}, "tokens:"},
        {frozen, {"tokens"}, "frozen_layers:"},
        {frozen, {"tokens", "init"}, NULL},
        {short_rows, {"tokens"}, "max_length:"},
        {classify, {"examples"}, "vocab:"},
        {classify, {"examples", "vocab"}, NULL},
        {classify, {"examples", "init"}, NULL},
        {classify, {"vocab"}, "examples:"},
        {classify, {"examples", "vocab", "tokens"}, "tokens:"},
        {classify, {"examples", "vocab", "init"}, "vocab:"},
        {stored, {"examples"}, NULL},
        {stored, {"examples", "init"}, "init:"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_err err = {LM_OK, ""};
        struct train_params p = fresh();
        p.context = p.layers = p.heads = p.width = LM_UNSET_INT;
        p.preset = "gpt2-nano";
        rows[i].spoil(&p);
        CHECK_INT(lm_stage_train.resolve(&p, NULL, &err), LM_OK);
        enum lm_status status = lm_stage_train.check_ports(&p, has_port, rows[i].ports, &err);
        CHECK_INT(status, rows[i].field == NULL ? LM_OK : LM_INVALID);
        if (rows[i].field != NULL)
            CHECK(strncmp(err.text, rows[i].field, strlen(rows[i].field)) == 0);
        if ((status == LM_OK) != (rows[i].field == NULL))
            printf("# %zu: %s\n", i, err.text);
    }
}

/* What plan says: copies that are held, work of a ramp. */
static bool no_upstream(void *user, const char *type, const char *param, int64_t *out)
{
    (void)user, (void)type, (void)param, (void)out;
    return false;
}

static void test_estimate(struct tap *tap)
{
    struct lm_upstream upstream = {no_upstream, NULL, 1, true};
    struct lm_estimate plain = {0}, other = {0};
    struct train_params p = fresh();
    CHECK_INT(lm_stage_train.resolve(&p, NULL, NULL), LM_OK);
    lm_stage_train.estimate(&p, &upstream, &plain);
    p.ema = 0.9;
    lm_stage_train.estimate(&p, &upstream, &other);
    const struct lm_model_config config = {.vocab = 4096,
                                           .context = p.context,
                                           .layers = p.layers,
                                           .heads = p.heads,
                                           .width = p.width};
    /* the average, once: a checkpoint copies nothing */
    CHECK_INT(other.memory - plain.memory, 4 * lm_model_parameters(&config));
    const struct lm_model_options held = {
        .training = true, .max_batch = p.batch, .leaves = p.accumulate, .threads = 1};
    uint64_t more = plain.memory - lm_model_memory(&config, &held);
    CHECK(more > 4 * (uint64_t)lm_model_parameters(&config) && more < (18 << 20)); /* the best */
    p.steps += 1000000; /* whose lines of the log are held */
    struct lm_estimate longer = {0};
    lm_stage_train.estimate(&p, &upstream, &longer);
    CHECK(longer.memory - other.memory > 100000000 && longer.memory - other.memory < 400000000);
    p.steps -= 1000000;
    p.ramp_from = 2;
    p.ramp_tokens = 500 * 256;
    lm_stage_train.estimate(&p, &upstream, &other);
    CHECK(strstr(other.text, "1,000 steps of 64 to 256 tokens") != NULL);
    CHECK(other.flops < 0.6 * plain.flops && other.flops > 0.4 * plain.flops);
}

/* No text to look at, no patience. */
static void test_patience_without_valid(struct tap *tap)
{
    struct place place;
    struct lm_tokens_writer *writer = NULL;
    struct lm_digest digest;
    struct train_params params = defaults();
    int32_t ids[200] = {0};
    params.patience = 1;
    REQUIRE(place_open(&place));
    lm_sha256_bytes(&digest, "v", 1);
    REQUIRE(lm_tokens_create(&writer, place.data, VOCAB, VOCAB - 1, &digest, NULL) == LM_OK);
    REQUIRE(lm_tokens_add(writer, LM_TRAIN, ids, 200, 0, 1, NULL) == LM_OK);
    REQUIRE(lm_tokens_finish(writer, &digest, NULL) == LM_OK);
    struct left left = run(&place, &params, 1, -1);
    CHECK_INT(left.status, LM_INVALID);
    CHECK(strncmp(place.err.text, "patience: ", 10) == 0);
    params.patience = 0;
    params.ema = 0.9;
    left = run(&place, &params, 1, -1);
    CHECK_INT(left.status, LM_OK);
    left_free(&left);
    place_close(&place);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_each) TAP_ROW(test_ramp) TAP_ROW(test_ema) TAP_ROW(test_patience)
        TAP_ROW(test_patience_interrupted) TAP_ROW(test_together) TAP_ROW(test_together_2026)
            TAP_ROW(test_ratios) TAP_ROW(test_lengths) TAP_ROW(test_preset) TAP_ROW(test_muon)
                TAP_ROW(test_contradictions) TAP_ROW(test_ports) TAP_ROW(test_estimate)
                    TAP_ROW(test_patience_without_valid)};
LM_TEST_FILE(tests)
