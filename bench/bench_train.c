/*
 * One side of bench/train: trains a model on random tokens and prints one line of JSON.
 *   bench_train SHAPE [threads N] [steps N] [numerics blas|portable] [precision f32|bf16]
 *               [kernels NAME]
 * SHAPE is A, B, C (bench/README.md) or layers,heads,width,vocab,batch,time. Work by phase goes to
 * stderr.
 */
#include <lmpipe/model.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench.h"

enum { WARM = 2 }; /* steps not counted: they touch memory for the first time */

struct shape {
    const char *name;
    long long layers, heads, width, vocab, batch, time;
};

static const struct shape shapes[] = {
    {"A", 12, 12, 768, 50257, 4, 64}, {"B", 6, 6, 384, 8192, 16, 256},
    {"C", 6, 6, 384, 8192, 4, 1024},  {"S1", 4, 4, 128, 65, 12, 64},
    {"S2", 3, 6, 192, 4096, 8, 128},  {"S3", 6, 6, 384, 8192, 4, 64},
};

/* What the command line says. */
struct bench {
    struct shape shape;
    const char *threads, *steps, *numerics, *precision, *kernels;
};

static const struct bench_option options[] = {
    {"threads", offsetof(struct bench, threads)},     {"steps", offsetof(struct bench, steps)},
    {"numerics", offsetof(struct bench, numerics)},   {"kernels", offsetof(struct bench, kernels)},
    {"precision", offsetof(struct bench, precision)},
};

static bool find_shape(struct shape *out, const char *text)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        if (strcmp(shapes[i].name, text) == 0) {
            *out = shapes[i];
            return true;
        }
    out->name = text;
    return sscanf(text, "%lld,%lld,%lld,%lld,%lld,%lld", &out->layers, &out->heads, &out->width,
                  &out->vocab, &out->batch, &out->time) == 6;
}

static bool parse(struct bench *bench, int argc, char **argv)
{
    if (argc < 2 || !find_shape(&bench->shape, argv[1]))
        return false;
    return bench_take_options(bench, options, sizeof options / sizeof options[0], 2, argc, argv);
}

static enum lm_status step(struct lm_model *model, const struct shape *s, int32_t *tokens,
                           long long at, double *loss, struct lm_err *err)
{
    const struct lm_step_options adamw = {
        .lr = 1e-4, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .decay = 0.1, .clip = 1};
    size_t rows = (size_t)(s->batch * s->time);
    struct lm_rng rng = lm_rng_stream(1, "bench");
    for (size_t i = 0; i < 2 * rows; i++)
        tokens[i] = (int32_t)lm_rng_below(rng, (uint64_t)at, i, (uint64_t)s->vocab);
    enum lm_status status =
        lm_model_accumulate(model, tokens, tokens + rows, s->batch, s->time, 1, loss, err);
    return status == LM_OK ? lm_model_step(model, &adamw, NULL, err) : status;
}

static void print_phases(const struct lm_model *model, long long steps)
{
    struct lm_phase_stats phases[LM_PHASES];
    lm_model_phases(model, phases);
    for (int i = 0; i < LM_PHASES; i++)
        fprintf(stderr, "%-10s %7.3f s a step %7.1f GFLOP/s\n", lm_phase_names[i],
                phases[i].seconds / (double)steps, phases[i].flops / phases[i].seconds * 1e-9);
}

static enum lm_status run(struct lm_model *model, const struct bench *bench, struct lm_err *err)
{
    const struct shape *s = &bench->shape;
    long long steps = atoll(bench->steps);
    size_t rows = (size_t)(s->batch * s->time);
    int32_t *tokens = malloc(2 * rows * sizeof *tokens);
    double loss = 0, start = 0, cpu = 0;
    enum lm_status status = tokens == NULL ? LM_NOMEM : LM_OK;
    for (long long i = 0; i < WARM + steps && status == LM_OK; i++) {
        if (i == WARM) {
            start = bench_now(CLOCK_MONOTONIC);
            cpu = bench_now(CLOCK_PROCESS_CPUTIME_ID);
        }
        status = step(model, s, tokens, i, &loss, err);
    }
    double wall = (bench_now(CLOCK_MONOTONIC) - start) / (double)steps;
    cpu = (bench_now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (double)steps;
    free(tokens);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    struct lm_machine_peak peak = {.fp32 = 0};
    if (status == LM_OK)
        status = lm_machine_peak(&peak, bench->kernels, (size_t)atoll(bench->threads), err);
    print_phases(model, WARM + steps);
    printf("{\"who\": \"lmpipe %s %s %s\", \"shape\": \"%s\", \"threads\": %s, "
           "\"tokens_per_s\": %.1f, \"gflops\": %.1f, \"cpu_s\": %.3f, \"wall_s\": %.3f, "
           "\"rss_mb\": %ld, \"peak_gflops\": %.1f, \"loss\": %.6f}\n",
           bench->numerics, bench->precision, lm_model_kernels(model), s->name, bench->threads,
           (double)rows / wall,
           lm_model_step_flops(lm_model_config(model), s->batch, s->time) / wall * 1e-9, cpu, wall,
           usage.ru_maxrss / 1024, peak.fp32 * 1e-9, loss);
    return status;
}

int main(int argc, char **argv)
{
    struct bench bench = {.threads = "1", .steps = "5", .numerics = "portable", .precision = "f32"};
    if (!parse(&bench, argc, argv)) {
        fputs("usage: bench_train SHAPE [threads N] [steps N] [numerics N] [precision P] "
              "[kernels K]\n",
              stderr);
        return 2;
    }
    const struct shape *s = &bench.shape;
    const struct lm_model_config config = {.vocab = s->vocab,
                                           .context = s->time,
                                           .layers = s->layers,
                                           .heads = s->heads,
                                           .width = s->width};
    const struct lm_model_options how = {
        .training = true,
        .seed = 1,
        .threads = (size_t)atoll(bench.threads),
        .kernels = bench.kernels,
        .numerics = strcmp(bench.numerics, "blas") == 0 ? LM_NUMERICS_BLAS : LM_NUMERICS_PORTABLE,
        .precision = lm_precision_find(bench.precision),
        .max_batch = s->batch,
        .max_time = s->time,
    };
    struct lm_model *model = NULL;
    struct lm_err err = {0};
    enum lm_status status = lm_model_create(&model, &config, &how, &err);
    if (status == LM_OK)
        status = run(model, &bench, &err);
    if (status != LM_OK)
        fprintf(stderr, "bench_train: %s\n", err.text);
    lm_model_free(model);
    return status == LM_OK ? 0 : 1;
}
