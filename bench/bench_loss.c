/*
 * One side of bench/time-to-loss: trains 4 layers, 4 heads, width 128 on a text by bytes, 12
 * windows of 64 a step, and scores its last tenth in windows of 64 side by side. One line of JSON.
 *   bench_loss FILE [recipe NAME] [steps N] [seed N] [threads N] [precision f32|bf16]
 * The time is that of the steps alone.
 */
#include <lmpipe/model.h>
#include <lmpipe/rng.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { L = 4, H = 4, C = 128, T = 64, B = 12, SCORED = 48 };

/* A model and how it is trained. The rate rises for `warmup` steps and comes down to `end` times
 * its peak: by a cosine, or in a line over the last `cooldown` of the steps. */
struct recipe {
    const char *name;
    long long steps;
    struct lm_model_config config;
    struct lm_step_options step;
    bool zero_init;
    double warmup, cooldown, end; /* cooldown 0: cosine */
};

#define SHAPE .context = T, .layers = L, .heads = H, .width = C
#define YEAR_2026                                                                                  \
    SHAPE, .norm = LM_NORM_RMS, .positions = LM_POSITIONS_ROTARY, .no_bias = true, .untied = true, \
           .qk_norm = true, .no_gain = true, .embed_norm = true, .smear = true,                    \
           .score_scale = 0.3, .logit_cap = 15

static const struct recipe recipes[] = {
    {"muon",
     190,
     {YEAR_2026},
     {.lr = 0.018,
      .adamw_lr = 0.01,
      .beta1 = 0.9,
      .beta2 = 0.95,
      .momentum = 0.85,
      .optimizer = LM_OPTIMIZER_MUON,
      .nesterov = true},
     true,
     10,
     0.7,
     0},
    {"adamw",
     1300,
     {SHAPE},
     {.lr = 4e-3, .beta1 = 0.9, .beta2 = 0.99, .decay = 0.1, .clip = 1},
     false,
     100,
     1,
     0},
    {"nanogpt",
     2000,
     {SHAPE},
     {.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.99, .decay = 0.1, .clip = 1},
     false,
     100,
     0,
     0.1},
};

/* A text by the places of its bytes among those that occur. */
struct text {
    int32_t *ids;
    size_t count, learnt; /* the first nine tenths are learnt from */
    int64_t vocab;
};

struct bench {
    const char *recipe, *steps, *seed, *threads, *precision;
};

static const struct bench_option options[] = {
    {"recipe", offsetof(struct bench, recipe)},       {"steps", offsetof(struct bench, steps)},
    {"seed", offsetof(struct bench, seed)},           {"threads", offsetof(struct bench, threads)},
    {"precision", offsetof(struct bench, precision)},
};

static bool parse(struct bench *bench, int argc, char **argv)
{
    return argc > 1 &&
           bench_take_options(bench, options, sizeof options / sizeof options[0], 2, argc, argv);
}

static const struct recipe *recipe_of(const char *name)
{
    for (size_t i = 0; i < sizeof recipes / sizeof recipes[0]; i++)
        if (strcmp(recipes[i].name, name) == 0)
            return &recipes[i];
    return NULL;
}

static bool read_text(struct text *out, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        return false;
    long size = ftell(file);
    unsigned char *bytes = malloc((size_t)size);
    int32_t places[256] = {0};
    rewind(file);
    out->count = fread(bytes, 1, (size_t)size, file);
    fclose(file);
    out->ids = malloc(out->count * sizeof *out->ids);
    out->learnt = out->count * 9 / 10;
    for (size_t i = 0; i < out->count; i++)
        places[bytes[i]] = 1;
    for (size_t i = 0; i < 256; i++)
        if (places[i] > 0)
            places[i] = (int32_t)out->vocab++;
    for (size_t i = 0; i < out->count; i++)
        out->ids[i] = places[bytes[i]];
    free(bytes);
    return out->count > 20 * T;
}

static double rate(const struct recipe *r, double step, double steps)
{
    const double pi = 3.141592653589793;
    if (step < r->warmup)
        return (step + 1) / r->warmup;
    double part = (step - r->warmup) / (steps - r->warmup);
    if (r->cooldown == 0)
        return r->end + (1 - r->end) * 0.5 * (1 + cos(pi * part));
    double left = (steps - step) / (r->cooldown * steps);
    return left < 1 ? r->end + (1 - r->end) * left : 1;
}

/* Windows without overlap in random order, from a random phase of each pass through the text. */
static void take_windows(const struct text *text, uint64_t seed, uint64_t row, int32_t *tokens,
                         int32_t *targets)
{
    struct lm_rng rng = lm_rng_stream(seed, "windows");
    uint64_t windows = (text->learnt - T - 1) / T;
    for (uint64_t b = 0; b < B; b++) {
        uint64_t pass = (row + b) / windows, at = (row + b) % windows;
        uint64_t first = lm_rng_below(rng, pass, 0, T) + T * lm_rng_permute(rng, pass, at, windows);
        memcpy(tokens + b * T, text->ids + first, T * sizeof *tokens);
        memcpy(targets + b * T, text->ids + first + 1, T * sizeof *targets);
    }
}

static enum lm_status train(struct lm_model *model, const struct recipe *r, const struct text *text,
                            long long steps, uint64_t seed, struct lm_err *err)
{
    int32_t tokens[B * T], targets[B * T];
    struct lm_step_options step = r->step;
    for (long long i = 0; i < steps; i++) {
        double part = rate(r, (double)i, (double)steps);
        take_windows(text, seed, (uint64_t)i * B, tokens, targets);
        step.lr = r->step.lr * part;
        step.adamw_lr = r->step.adamw_lr * part;
        LM_TRY(lm_model_accumulate(model, tokens, targets, B, T, 1, NULL, err));
        LM_TRY(lm_model_step(model, &step, NULL, err));
    }
    return LM_OK;
}

/* Mean over the last tenth, in nats. */
static enum lm_status score(struct lm_model *model, const struct text *text, double *loss,
                            struct lm_err *err)
{
    float nll[SCORED * T];
    const struct lm_scores out = {.nll = nll};
    size_t windows = (text->count - text->learnt - 1) / T;
    double sum = 0;
    for (size_t first = 0; first < windows; first += SCORED) {
        size_t count = windows - first < SCORED ? windows - first : SCORED;
        const int32_t *tokens = text->ids + text->learnt + first * T;
        LM_TRY(lm_model_score(model, tokens, tokens + 1, (int64_t)count, T, &out, err));
        for (size_t i = 0; i < count * T; i++)
            sum += (double)nll[i];
    }
    *loss = sum / (double)(windows * T);
    return LM_OK;
}

static enum lm_status run(const struct bench *bench, const struct recipe *r,
                          const struct text *text, struct lm_err *err)
{
    struct lm_model_config config = r->config;
    config.vocab = text->vocab;
    long long steps = bench->steps != NULL ? atoll(bench->steps) : r->steps;
    const struct lm_model_options how = {
        .training = true,
        .muon = r->step.optimizer == LM_OPTIMIZER_MUON,
        .zero_init = r->zero_init,
        .seed = (uint64_t)atoll(bench->seed),
        .threads = (size_t)atoll(bench->threads),
        .precision = lm_precision_find(bench->precision),
        .max_batch = SCORED,
        .max_time = T,
    };
    struct lm_model *model = NULL;
    struct lm_phase_stats phases[LM_PHASES];
    double loss = 0;
    LM_TRY(lm_model_create(&model, &config, &how, err));
    double start = bench_now(CLOCK_MONOTONIC), cpu = bench_now(CLOCK_PROCESS_CPUTIME_ID);
    enum lm_status status = train(model, r, text, steps, how.seed, err);
    double wall = bench_now(CLOCK_MONOTONIC) - start;
    cpu = bench_now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    lm_model_phases(model, phases);
    if (status == LM_OK)
        status = score(model, text, &loss, err);
    double flops = lm_model_step_flops(&config, B, T);
    flops += how.muon ? lm_model_muon_flops(&config, 5) : 0;
    printf("{\"who\": \"lmpipe %s\", \"recipe\": \"%s\", \"threads\": %s, \"seed\": %s, "
           "\"steps\": %lld, \"loss\": %.4f, \"seconds\": %.2f, \"cpu_s\": %.2f, "
           "\"update_ms\": %.2f, \"tokens\": %lld, \"flops\": %.4g}\n",
           bench->precision, r->name, bench->threads, bench->seed, steps, loss, wall, cpu,
           phases[LM_PHASE_UPDATE].seconds / (double)steps * 1e3, steps * B * T,
           flops * (double)steps);
    lm_model_free(model);
    return status;
}

int main(int argc, char **argv)
{
    struct bench bench = {.recipe = "muon", .seed = "1", .threads = "1", .precision = "f32"};
    struct text text = {0};
    struct lm_err err = {0};
    if (!parse(&bench, argc, argv) || recipe_of(bench.recipe) == NULL) {
        fputs("usage: bench_loss FILE [recipe muon|adamw|nanogpt] [steps N] [seed N] "
              "[threads N] [precision P]\n",
              stderr);
        return 2;
    }
    if (!read_text(&text, argv[1])) {
        fprintf(stderr, "bench_loss: %s is no text that can be read\n", argv[1]);
        return 1;
    }
    enum lm_status status = run(&bench, recipe_of(bench.recipe), &text, &err);
    if (status != LM_OK)
        fprintf(stderr, "bench_loss: %s\n", err.text);
    free(text.ids);
    return status == LM_OK ? 0 : 1;
}
