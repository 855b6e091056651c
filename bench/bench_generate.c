/*
 * How fast GPT-2 124M writes, beside what the memory allows: for each kind of weights and number of
 * sequences, the median time of a step, the bytes it must read, and the read bandwidth measured
 * just before with the same threads. Random weights. One JSON object a line.
 *
 *   bench_generate [THREADS [TOKENS [PROMPT [KERNELS]]]]
 */
#include <lmpipe/model.h>

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum {
    VOCAB = 50257,
    CONTEXT = 1024,
    LAYERS = 12,
    HEADS = 12,
    WIDTH = 768,
    MAX_BATCH = 8,
    MAX_THREADS = 64,
    PASSES = 5,
    READ_BYTES = 1 << 29,
    PAGE = 1 << 21
};

struct times {
    double wall, cpu; /* seconds */
};

static double now_by(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static struct times now(void)
{
    return (struct times){now_by(CLOCK_MONOTONIC), now_by(CLOCK_PROCESS_CPUTIME_ID)};
}

static struct times since(struct times start)
{
    struct times end = now();
    return (struct times){end.wall - start.wall, end.cpu - start.cpu};
}

/* ---- what the memory gives ---- */

typedef uint64_t words __attribute__((vector_size(64)));

struct share {
    const words *data;
    size_t count;
    uint64_t sum; /* so that the reading cannot be left out */
};

#if defined(__x86_64__)
#define WIDEST __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WIDEST
#endif

WIDEST static void *read_share(void *user)
{
    struct share *share = user;
    const words *data = share->data;
    words a = {0}, b = {0}, c = {0}, d = {0};
    for (size_t i = 0; i + 4 <= share->count; i += 4) {
        a += data[i];
        b += data[i + 1];
        c += data[i + 2];
        d += data[i + 3];
    }
    a += b + c + d;
    for (size_t i = 0; i < 8; i++)
        share->sum += a[i];
    return NULL;
}

/* Seconds of the best of PASSES reads of `data` by `threads`. */
static struct times read_times(const void *data, size_t threads)
{
    struct times best = {1e9, 1e9};
    for (int pass = 0; pass < PASSES; pass++) {
        pthread_t ids[MAX_THREADS];
        struct share shares[MAX_THREADS];
        size_t each = READ_BYTES / sizeof(words) / threads;
        struct times start = now();
        for (size_t i = 0; i < threads; i++) {
            shares[i] = (struct share){(const words *)data + i * each, each, 0};
            if (i + 1 < threads && pthread_create(&ids[i], NULL, read_share, &shares[i]) != 0)
                exit(1);
        }
        read_share(&shares[threads - 1]);
        for (size_t i = 0; i + 1 < threads; i++)
            pthread_join(ids[i], NULL);
        struct times took = since(start);
        best.wall = took.wall < best.wall ? took.wall : best.wall;
        best.cpu = took.cpu < best.cpu ? took.cpu : best.cpu;
    }
    return best;
}

static void *map_pages(void)
{
    char *map =
        mmap(NULL, READ_BYTES + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return NULL;
    map += (PAGE - (uintptr_t)map % PAGE) % PAGE;
    madvise(map, READ_BYTES, MADV_HUGEPAGE);
    memset(map, 1, READ_BYTES);
    return map;
}

/* ---- steps ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return values[count / 2];
}

static int32_t likeliest(const float *logits)
{
    int32_t best = 0;
    for (int32_t i = 1; i < VOCAB; i++)
        best = logits[i] > logits[best] ? i : best;
    return best;
}

struct plan {
    size_t threads, tokens, prompt, batch;
    enum lm_weights weights;
    const void *memory;
};

/* Feeds prompts twice, because the first use of memory is dear, then times steps of one token for
 * each sequence. */
static enum lm_status time_steps(struct times *prompt, struct times *step,
                                 struct lm_session *session, const struct plan *plan,
                                 struct lm_err *err)
{
    int32_t tokens[MAX_BATCH][CONTEXT];
    double wall[CONTEXT], cpu[CONTEXT];
    struct lm_feed feeds[MAX_BATCH];
    for (size_t b = 0; b < plan->batch; b++) {
        for (size_t i = 0; i < plan->prompt; i++)
            tokens[b][i] = (int32_t)((i * 7919 + b * 104729) % VOCAB);
        feeds[b] = (struct lm_feed){.sequence = (int64_t)b, .tokens = tokens[b]};
        feeds[b].count = (int64_t)plan->prompt;
    }
    LM_TRY(lm_session_feed(session, feeds, plan->batch, err));
    for (size_t b = 0; b < plan->batch; b++)
        lm_session_reset(session, (int64_t)b);
    struct times start = now();
    LM_TRY(lm_session_feed(session, feeds, plan->batch, err));
    *prompt = since(start);
    for (size_t i = 0; i < plan->tokens; i++) {
        for (size_t b = 0; b < plan->batch; b++) {
            tokens[b][0] = likeliest(feeds[b].logits);
            feeds[b].count = 1;
        }
        start = now();
        LM_TRY(lm_session_feed(session, feeds, plan->batch, err));
        struct times took = since(start);
        wall[i] = took.wall;
        cpu[i] = took.cpu;
    }
    *step = (struct times){median(wall, plan->tokens), median(cpu, plan->tokens)};
    return LM_OK;
}

static enum lm_status run(struct lm_model *model, const struct plan *plan, struct lm_err *err)
{
    struct lm_decoder *decoder = NULL;
    struct lm_session *session = NULL;
    const struct lm_session_options options = {.sequences = (int64_t)plan->batch};
    struct times start = now(), packing, prompt, step;
    enum lm_status status = lm_decoder_create(&decoder, model, plan->weights, err);
    packing = since(start);
    if (status == LM_OK)
        status = lm_session_create(&session, decoder, &options, err);
    struct times reading = read_times(plan->memory, plan->threads);
    if (status == LM_OK)
        status = time_steps(&prompt, &step, session, plan, err);
    if (status == LM_OK) {
        double place = (double)plan->prompt + 0.5 * (double)plan->tokens;
        double cache = 8.0 * LAYERS * WIDTH * place * (double)plan->batch;
        double bytes = (double)lm_decoder_bytes(decoder) + cache;
        printf("{\"weights\": \"%s\", \"kernels\": \"%s\", \"threads\": %zu, \"batch\": %zu, "
               "\"step_wall\": %.6f, \"step_cpu\": %.6f, \"weight_bytes\": %llu, "
               "\"cache_bytes\": %.0f, \"read_wall\": %.3e, \"read_cpu\": %.3e, "
               "\"bytes\": %.0f, \"prompt_tokens\": %zu, \"prompt_wall\": %.6f, "
               "\"prompt_cpu\": %.6f, \"packing_wall\": %.3f}\n",
               lm_weights_names[plan->weights], lm_model_kernels(model), plan->threads, plan->batch,
               step.wall, step.cpu, (unsigned long long)lm_decoder_bytes(decoder), cache,
               READ_BYTES / reading.wall, READ_BYTES / reading.cpu, bytes,
               plan->batch * plan->prompt, prompt.wall, prompt.cpu, packing.wall);
        fflush(stdout);
    }
    lm_session_free(session);
    lm_decoder_free(decoder);
    return status;
}

static size_t argument(int argc, char **argv, int i, size_t usual, size_t most)
{
    size_t value = i < argc ? strtoul(argv[i], NULL, 10) : usual;
    return value < 1 ? 1 : value > most ? most : value;
}

int main(int argc, char **argv)
{
    static const size_t batches[] = {1, MAX_BATCH};
    const struct lm_model_config config = {VOCAB, CONTEXT, LAYERS, HEADS, WIDTH, 0};
    struct plan plan = {.threads = argument(argc, argv, 1, 1, MAX_THREADS),
                        .tokens = argument(argc, argv, 2, 48, CONTEXT / 2),
                        .prompt = argument(argc, argv, 3, 16, CONTEXT / 2)};
    const struct lm_model_options options = {.threads = plan.threads,
                                             .kernels = argc > 4 ? argv[4] : NULL,
                                             .numerics = LM_NUMERICS_PORTABLE,
                                             .max_time = 1,
                                             .seed = 1};
    struct lm_model *model = NULL;
    struct lm_err err;
    plan.memory = map_pages();
    enum lm_status status = lm_model_create(&model, &config, &options, &err);
    for (size_t b = 0; b < 2 && status == LM_OK; b++)
        for (size_t f = 0; f < LM_WEIGHT_FORMATS && status == LM_OK && plan.memory != NULL; f++) {
            plan.batch = batches[b];
            plan.weights = (enum lm_weights)f;
            status = run(model, &plan, &err);
        }
    lm_model_free(model);
    if (status != LM_OK)
        fprintf(stderr, "bench_generate: %s\n", err.text);
    return status == LM_OK && plan.memory != NULL ? 0 : 1;
}
