/*
 * How fast GPT-2 124M writes, beside what the machine allows: for each kind of weights and number
 * of sequences, pairs of 16 tokens and of reading the packed weights as often, by the same threads
 * from the same place. Random weights. One JSON object a line: the medians over the pairs.
 *
 *   bench_generate [THREADS [PAIRS [PROMPT [KERNELS]]]]
 */
#include <lmpipe/model.h>
#include <lmpipe/model/reading.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

enum {
    VOCAB = 50257,
    CONTEXT = 1024,
    LAYERS = 12,
    HEADS = 12,
    WIDTH = 768,
    MAX_BATCH = 8,
    MAX_THREADS = 64,
    RUN = 16, /* tokens between two readings */
    MAX_PAIRS = 31,
    MAX_PROMPT = CONTEXT - RUN * MAX_PAIRS
};

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
    size_t threads, pairs, prompt, batch;
    enum lm_weights weights;
    double peak; /* operations a second */
};

/* Seconds. */
struct times {
    double prompt, step, read, share; /* share: of what memory and arithmetic allow */
};

/* Bytes a step reads with `place` tokens behind each sequence. */
static double bytes_of(const struct lm_decoder *decoder, const struct plan *plan, double place)
{
    return (double)lm_decoder_bytes(decoder) + 8.0 * LAYERS * WIDTH * place * (double)plan->batch;
}

/* Operations of it; every sequence has logits. */
static double flops_of(const struct plan *plan, double place)
{
    double weights = 12.0 * LAYERS * WIDTH * WIDTH + (double)VOCAB * WIDTH;
    return 2 * (double)plan->batch * (weights + 2.0 * LAYERS * WIDTH * place);
}

/* Feeds prompts twice, because the first use of memory is dear. */
static enum lm_status time_prompt(double *out, struct lm_session *session, struct lm_feed *feeds,
                                  const struct plan *plan, struct lm_err *err)
{
    LM_TRY(lm_session_feed(session, feeds, plan->batch, err));
    for (size_t b = 0; b < plan->batch; b++)
        lm_session_reset(session, (int64_t)b);
    double start = bench_now(CLOCK_MONOTONIC);
    LM_TRY(lm_session_feed(session, feeds, plan->batch, err));
    *out = bench_now(CLOCK_MONOTONIC) - start;
    return LM_OK;
}

/* RUN tokens of each sequence. */
static enum lm_status time_run(double *out, struct lm_session *session, struct lm_feed *feeds,
                               int32_t (*tokens)[CONTEXT], const struct plan *plan,
                               struct lm_err *err)
{
    *out = 0;
    for (size_t i = 0; i < RUN; i++) {
        for (size_t b = 0; b < plan->batch; b++) {
            tokens[b][0] = likeliest(feeds[b].logits);
            feeds[b].count = 1;
        }
        double start = bench_now(CLOCK_MONOTONIC);
        LM_TRY(lm_session_feed(session, feeds, plan->batch, err));
        *out += (bench_now(CLOCK_MONOTONIC) - start) / RUN;
    }
    return LM_OK;
}

static enum lm_status time_all(struct times *out, struct lm_decoder *decoder,
                               struct lm_session *session, const struct plan *plan,
                               struct lm_err *err)
{
    int32_t tokens[MAX_BATCH][CONTEXT];
    double steps[MAX_PAIRS], reads[MAX_PAIRS], shares[MAX_PAIRS];
    struct lm_feed feeds[MAX_BATCH];
    for (size_t b = 0; b < plan->batch; b++) {
        for (size_t i = 0; i < plan->prompt; i++)
            tokens[b][i] = (int32_t)((i * 7919 + b * 104729) % VOCAB);
        feeds[b] = (struct lm_feed){.sequence = (int64_t)b, .tokens = tokens[b]};
        feeds[b].count = (int64_t)plan->prompt;
    }
    LM_TRY(time_prompt(&out->prompt, session, feeds, plan, err));
    for (size_t i = 0; i < plan->pairs; i++) {
        double place = (double)plan->prompt + RUN * ((double)i + 0.5);
        LM_TRY(time_run(&steps[i], session, feeds, tokens, plan, err));
        reads[i] = 0;
        for (size_t pass = 0; pass < RUN; pass++)
            reads[i] += lm_decoder_read(decoder) / RUN;
        double memory =
            reads[i] * bytes_of(decoder, plan, place) / (double)lm_decoder_bytes(decoder);
        double arithmetic = flops_of(plan, place) / plan->peak;
        shares[i] = (memory > arithmetic ? memory : arithmetic) / steps[i];
    }
    out->step = median(steps, plan->pairs);
    out->read = median(reads, plan->pairs);
    out->share = median(shares, plan->pairs);
    return LM_OK;
}

static void print_result(const struct lm_model *model, const struct lm_decoder *decoder,
                         const struct plan *plan, const struct times *times)
{
    double place = (double)plan->prompt + 0.5 * RUN * (double)plan->pairs;
    printf("{\"weights\": \"%s\", \"kernels\": \"%s\", \"threads\": %zu, \"batch\": %zu, "
           "\"step\": %.6f, \"bytes\": %.0f, \"read_rate\": %.3e, \"peak\": %.3e, "
           "\"flops\": %.3e, \"share\": %.3f, \"prompt_tokens\": %zu, \"prompt\": %.6f}\n",
           lm_weights_names[plan->weights], lm_model_kernels(model), plan->threads, plan->batch,
           times->step, bytes_of(decoder, plan, place),
           (double)lm_decoder_bytes(decoder) / times->read, plan->peak, flops_of(plan, place),
           times->share, plan->batch * plan->prompt, times->prompt);
    fflush(stdout);
}

static enum lm_status run(struct lm_model *model, const struct plan *plan, struct lm_err *err)
{
    struct lm_decoder *decoder = NULL;
    struct lm_session *session = NULL;
    const struct lm_session_options options = {.sequences = (int64_t)plan->batch};
    struct times times;
    enum lm_status status = lm_decoder_create(&decoder, model, plan->weights, err);
    if (status == LM_OK)
        status = lm_session_create(&session, decoder, &options, err);
    if (status == LM_OK)
        status = time_all(&times, decoder, session, plan, err);
    if (status == LM_OK)
        print_result(model, decoder, plan, &times);
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
                        .pairs = argument(argc, argv, 2, 30, MAX_PAIRS),
                        .prompt = argument(argc, argv, 3, 16, MAX_PROMPT)};
    const struct lm_model_options options = {.threads = plan.threads,
                                             .kernels = argc > 4 ? argv[4] : NULL,
                                             .numerics = LM_NUMERICS_PORTABLE,
                                             .max_time = 1,
                                             .seed = 1};
    struct lm_model *model = NULL;
    struct lm_machine_peak peak;
    struct lm_err err;
    enum lm_status status = lm_model_create(&model, &config, &options, &err);
    if (status == LM_OK)
        status = lm_machine_peak(&peak, options.kernels, plan.threads, &err);
    for (size_t b = 0; b < 2 && status == LM_OK; b++)
        for (size_t f = 0; f < LM_WEIGHT_FORMATS && status == LM_OK; f++) {
            plan.batch = batches[b];
            plan.weights = (enum lm_weights)f;
            plan.peak = peak.fp32;
            status = run(model, &plan, &err);
        }
    lm_model_free(model);
    if (status != LM_OK)
        fprintf(stderr, "bench_generate: %s\n", err.text);
    return status == LM_OK ? 0 : 1;
}
