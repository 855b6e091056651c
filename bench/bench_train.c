/*
 * One side of bench/train: trains a model on random tokens and prints one line of JSON:
 *   bench_train SHAPE [threads N] [steps N] [numerics N] [precision P] [kernels K]
 * SHAPE is A, B, C (bench/README.md) or layers,heads,width,vocab,batch,time.
 */
#include <lmpipe/model.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

struct shape {
    const char *name;
    long long layers, heads, width, vocab, batch, time;
};

static const struct shape shapes[] = {
    {"A", 12, 12, 768, 50257, 4, 64},
    {"B", 6, 6, 384, 8192, 16, 256},
    {"C", 6, 6, 384, 8192, 4, 1024},
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

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
    struct shape s;
    long long steps = 5, warm = 2, threads = 1;
    const char *numerics = "portable";
    struct lm_model_options options = {.training = true, .seed = 1};
    if (argc < 2 || !find_shape(&s, argv[1]))
        return 2;
    for (int i = 2; i + 1 < argc; i += 2) {
        const char *v = argv[i + 1];
        if (strcmp(argv[i], "threads") == 0)
            threads = atoll(v);
        else if (strcmp(argv[i], "steps") == 0)
            steps = atoll(v);
        else if (strcmp(argv[i], "numerics") == 0)
            numerics = v;
        else if (strcmp(argv[i], "precision") == 0)
            options.precision = strcmp(v, "bf16") == 0 ? LM_PRECISION_BF16 : LM_PRECISION_F32;
        else if (strcmp(argv[i], "kernels") == 0)
            options.kernels = v;
    }
    options.threads = (size_t)threads;
    options.numerics = strcmp(numerics, "blas") == 0 ? LM_NUMERICS_BLAS : LM_NUMERICS_PORTABLE;
    options.max_batch = s.batch;
    options.max_time = s.time;
    struct lm_model_config config = {.vocab = s.vocab,
                                     .context = s.time,
                                     .layers = s.layers,
                                     .heads = s.heads,
                                     .width = s.width};
    struct lm_model *model;
    struct lm_err err = {0};
    if (lm_model_create(&model, &config, &options, &err) != LM_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    size_t rows = (size_t)(s.batch * s.time);
    int32_t *tokens = malloc(rows * 4), *targets = malloc(rows * 4);
    struct lm_rng rng = lm_rng_stream(1, "bench");
    double loss = 0, start = 0, cpu = 0;
    for (long long step = 0; step < warm + steps; step++) {
        if (step == warm) {
            start = now(CLOCK_MONOTONIC);
            cpu = now(CLOCK_PROCESS_CPUTIME_ID);
        }
        for (size_t i = 0; i < rows; i++) {
            tokens[i] = (int32_t)lm_rng_below(rng, (uint64_t)step, 2 * i, (uint64_t)s.vocab);
            targets[i] = (int32_t)lm_rng_below(rng, (uint64_t)step, 2 * i + 1, (uint64_t)s.vocab);
        }
        const struct lm_step_options how = {
            .lr = 1e-4, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .decay = 0.1, .clip = 1};
        if (lm_model_accumulate(model, tokens, targets, s.batch, s.time, 1, &loss, &err) != LM_OK ||
            lm_model_step(model, &how, NULL, &err) != LM_OK) {
            fprintf(stderr, "%s\n", err.text);
            return 1;
        }
    }
    double wall = (now(CLOCK_MONOTONIC) - start) / (double)steps;
    cpu = (now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (double)steps;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double flops = lm_model_step_flops(&config, s.batch, s.time);
    printf(
        "{\"who\": \"lmpipe %s %s %s\", \"shape\": \"%s\", \"threads\": %lld, \"tokens_per_s\": "
        "%.1f, "
        "\"gflops\": %.1f, \"cpu_s\": %.3f, \"wall_s\": %.3f, \"rss_mb\": %ld, \"loss\": %.6f}\n",
        numerics, lm_precision_names[options.precision], lm_model_kernels(model), s.name, threads,
        (double)rows / wall, flops / wall * 1e-9, cpu, wall, usage.ru_maxrss / 1024, loss);
    struct lm_phase_stats phases[LM_PHASES];
    lm_model_phases(model, phases);
    for (int i = 0; i < LM_PHASES; i++)
        fprintf(stderr, "  %-10s %.3f s %.1f GFLOP/s\n", lm_phase_names[i],
                phases[i].seconds / (double)(warm + steps),
                phases[i].flops / phases[i].seconds * 1e-9);
    lm_model_free(model);
    free(tokens);
    free(targets);
    return 0;
}
