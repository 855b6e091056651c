/*
 * How fast GPT-2 124M writes, beside what the memory allows: for each kind of weights and number of
 * sequences, the median time of a step, the bytes it must read, and the read bandwidth measured
 * just before with the same threads. Random weights. One JSON object a line.
 *
 *   bench_generate [THREADS [TOKENS [PROMPT [KERNELS]]]]
 */
#include <lmpipe/model.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    VOCAB = 50257,
    CONTEXT = 1024,
    LAYERS = 12,
    HEADS = 12,
    WIDTH = 768,
    MAX_BATCH = 8,
    MAX_THREADS = 64
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

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
};

/* Feeds prompts twice, because the first use of memory is dear, then times steps of one token for
 * each sequence. */
static enum lm_status time_steps(double *prompt, double *step, struct lm_session *session,
                                 const struct plan *plan, struct lm_err *err)
{
    int32_t tokens[MAX_BATCH][CONTEXT];
    double took[CONTEXT];
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
    double start = now();
    LM_TRY(lm_session_feed(session, feeds, plan->batch, err));
    *prompt = now() - start;
    for (size_t i = 0; i < plan->tokens; i++) {
        for (size_t b = 0; b < plan->batch; b++) {
            tokens[b][0] = likeliest(feeds[b].logits);
            feeds[b].count = 1;
        }
        start = now();
        LM_TRY(lm_session_feed(session, feeds, plan->batch, err));
        took[i] = now() - start;
    }
    *step = median(took, plan->tokens);
    return LM_OK;
}

static void print_result(const struct lm_model *model, const struct plan *plan, uint64_t weights,
                         double prompt, double step, double read_rate)
{
    double place = (double)plan->prompt + 0.5 * (double)plan->tokens;
    double cache = 8.0 * LAYERS * WIDTH * place * (double)plan->batch;
    printf("{\"weights\": \"%s\", \"kernels\": \"%s\", \"threads\": %zu, \"batch\": %zu, "
           "\"step\": %.6f, \"bytes\": %.0f, \"read_rate\": %.3e, \"prompt_tokens\": %zu, "
           "\"prompt\": %.6f}\n",
           lm_weights_names[plan->weights], lm_model_kernels(model), plan->threads, plan->batch,
           step, (double)weights + cache, read_rate, plan->batch * plan->prompt, prompt);
    fflush(stdout);
}

static enum lm_status run(struct lm_model *model, const struct plan *plan, struct lm_err *err)
{
    struct lm_decoder *decoder = NULL;
    struct lm_session *session = NULL;
    const struct lm_session_options options = {.sequences = (int64_t)plan->batch};
    double prompt = 0, step = 0, read_rate = 0;
    enum lm_status status = lm_decoder_create(&decoder, model, plan->weights, err);
    if (status == LM_OK)
        status = lm_session_create(&session, decoder, &options, err);
    if (status == LM_OK)
        status = lm_machine_read_rate(&read_rate, plan->threads, err);
    if (status == LM_OK)
        status = time_steps(&prompt, &step, session, plan, err);
    if (status == LM_OK)
        print_result(model, plan, lm_decoder_bytes(decoder), prompt, step, read_rate);
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
    const struct lm_model_config config = {.vocab = VOCAB,
                                           .context = CONTEXT,
                                           .layers = LAYERS,
                                           .heads = HEADS,
                                           .width = WIDTH,
                                           .dropout = 0};
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
    enum lm_status status = lm_model_create(&model, &config, &options, &err);
    for (size_t b = 0; b < 2 && status == LM_OK; b++)
        for (size_t f = 0; f < LM_WEIGHT_FORMATS && status == LM_OK; f++) {
            plan.batch = batches[b];
            plan.weights = (enum lm_weights)f;
            status = run(model, &plan, &err);
        }
    lm_model_free(model);
    if (status != LM_OK)
        fprintf(stderr, "bench_generate: %s\n", err.text);
    return status == LM_OK ? 0 : 1;
}
