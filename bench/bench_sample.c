/*
 * What sampling costs in processor time, so that it can be measured beside other work: a draw from
 * 50,257 logits by each kind of method, texts written one at a time and together, and the novelty
 * of 100 texts for each token of training text. One JSON object a line.
 *
 *   bench_sample [TEXTS [TOKENS]]
 */
#include <lmpipe/model.h>

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "stages/sample/suffix_automaton.h"

enum { VOCAB = 50257, DRAWS = 300, STREAM = 4 << 20, NOVEL_TEXTS = 100, NOVEL_TOKENS = 128 };

/* Times are processor time of all threads. */

/* ---- draws ---- */

static void time_draws(const float *logits, const char *shape)
{
    static const struct lm_sampling methods[] = {
        {.temperature = 0},
        {.temperature = 1},
        {.temperature = 0.8, .top_k = 40},
        {.temperature = 0.8, .top_p = 0.95},
        {.temperature = 1, .min_p = 0.05},
        {.temperature = 1, .typical_p = 0.9},
        {.temperature = 1, .eta = 0.0003},
        {.temperature = 0.8, .repetition_penalty = 1.2, .top_k = 40, .top_p = 0.95},
    };
    int32_t history[128];
    for (int i = 0; i < 128; i++)
        history[i] = i * 391;
    void *scratch = malloc(lm_sampling_scratch(VOCAB));
    struct lm_rng rng = lm_rng_stream(1, "draw");
    for (size_t m = 0; scratch != NULL && m < sizeof methods / sizeof methods[0]; m++) {
        char signature[LM_SIGNATURE_SIZE];
        uint64_t sum = 0;
        double start = bench_now(CLOCK_PROCESS_CPUTIME_ID);
        for (uint64_t i = 0; i < DRAWS; i++)
            sum += (uint64_t)lm_sampling_draw(&methods[m], logits, VOCAB, history, 128,
                                              lm_rng_uniform(rng, m, i), scratch);
        double took = (bench_now(CLOCK_PROCESS_CPUTIME_ID) - start) / DRAWS;
        lm_sampling_signature(signature, &methods[m]);
        printf("{\"draw\": \"%s\", \"logits\": \"%s\", \"microseconds\": %.1f, \"check\": %llu}\n",
               signature, shape, 1e6 * took, (unsigned long long)sum);
    }
    free(scratch);
}

/* Logits of a spread; a trained model's have the largest some 8 to 15 above most. */
static void fill(float *logits, double spread, double lead)
{
    struct lm_rng rng = lm_rng_stream(2, "logits");
    for (uint64_t i = 0; i < VOCAB; i++)
        logits[i] = (float)(spread * lm_rng_normal(rng, 0, i));
    for (uint64_t i = 0; i < 20; i++) /* a few likely continuations */
        logits[lm_rng_below(rng, 1, i, VOCAB)] += (float)lead;
}

/* ---- texts ---- */

static bool take(void *user, int32_t token, double nll)
{
    uint64_t *sum = user;
    *sum += (uint64_t)token + (nll > 0);
    return true;
}

/* Processor seconds for all texts; *sum: their tokens, so that nothing is left out. */
static double write_texts(struct lm_model *model, size_t count, int64_t tokens, int64_t sequences,
                          uint64_t *sum)
{
    const struct lm_sampling method = {.temperature = 0.8, .top_p = 0.95};
    const struct lm_generate_options options = {.sequences = sequences};
    static const int32_t prompt[] = {7, 3, 5, 2};
    struct lm_continuation *texts = calloc(count, sizeof *texts);
    struct lm_err err;
    for (size_t i = 0; texts != NULL && i < count; i++)
        texts[i] = (struct lm_continuation){.prompt = prompt,
                                            .count = 4,
                                            .max_new = tokens,
                                            .rules = &method,
                                            .rng = lm_rng_stream(3, "texts"),
                                            .sample = i,
                                            .emit = take,
                                            .user = sum};
    double start = bench_now(CLOCK_PROCESS_CPUTIME_ID);
    *sum = 0;
    if (texts == NULL || lm_model_generate(model, texts, count, &options, &err) != LM_OK)
        exit(1);
    double took = bench_now(CLOCK_PROCESS_CPUTIME_ID) - start;
    free(texts);
    return took;
}

/* Random weights have flat logits, which no trained model has: spread as in fill(). */
static void sharpen(struct lm_model *model)
{
    for (size_t i = 0; i < lm_model_tensors(model); i++) {
        struct lm_tensor tensor = lm_model_tensor(model, i);
        if (strcmp(tensor.name, "ln_f.weight") == 0)
            for (int64_t j = 0; j < tensor.count; j++)
                tensor.data[j] *= 12;
    }
}

static void time_texts(size_t count, int64_t tokens)
{
    static const struct {
        const char *name;
        struct lm_model_config config;
    } shapes[] = {
        {"3 layers, width 192, vocabulary 4,096",
         {.vocab = 4096, .context = 128, .layers = 3, .heads = 6, .width = 192}},
        {"6 layers, width 384, vocabulary 8,192",
         {.vocab = 8192, .context = 256, .layers = 6, .heads = 6, .width = 384}},
    };
    const struct lm_model_options options = {
        .threads = 1, .max_time = 1, .seed = 1, .numerics = LM_NUMERICS_PORTABLE};
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        struct lm_model *model = NULL;
        uint64_t alone, together;
        if (lm_model_create(&model, &shapes[s].config, &options, NULL) != LM_OK)
            exit(1);
        sharpen(model);
        double one = write_texts(model, count, tokens, 1, &alone);
        double many = write_texts(model, count, tokens, 0, &together);
        printf("{\"texts\": %zu, \"tokens\": %lld, \"model\": \"%s\", \"one\": %.3f, \"together\": "
               "%.3f, \"ratio\": %.2f, \"same\": %s}\n",
               count, (long long)tokens, shapes[s].name, one, many, one / many,
               alone == together ? "true" : "false");
        fflush(stdout);
        lm_model_free(model);
    }
}

/* ---- novelty ---- */

/* Tokens as frequent as words are, nearly: rank r with 1 / r. */
static int32_t word(struct lm_rng rng, uint64_t major, uint64_t i)
{
    return (int32_t)exp(lm_rng_uniform(rng, major, i) * log(VOCAB)) - 1;
}

static void time_novelty(void)
{
    struct lm_rng rng = lm_rng_stream(4, "words");
    struct suffix_automaton *automaton = suffix_automaton_create(NOVEL_TEXTS * (NOVEL_TOKENS + 1));
    int32_t *stream = malloc(STREAM * sizeof *stream), text[NOVEL_TOKENS];
    if (automaton == NULL || stream == NULL)
        exit(1);
    for (uint64_t i = 0; i < STREAM; i++)
        stream[i] = word(rng, 0, i);
    for (uint64_t t = 0; t < NOVEL_TEXTS; t++) {
        for (uint64_t i = 0; i < NOVEL_TOKENS; i++) /* half of it copied, in parts */
            text[i] = i / 16 % 2 ? stream[t * 40000 + i] : word(rng, 1 + t, i);
        suffix_automaton_add(automaton, text, NOVEL_TOKENS);
    }
    struct suffix_reader *reader = suffix_reader_create(automaton);
    double start = bench_now(CLOCK_PROCESS_CPUTIME_ID);
    suffix_reader_restart(reader);
    suffix_reader_take(reader, stream, STREAM);
    double took = bench_now(CLOCK_PROCESS_CPUTIME_ID) - start;
    printf(
        "{\"novelty\": \"%d texts of %d tokens\", \"stream\": %d, \"nanoseconds_a_token\": %.2f, "
        "\"seconds_for_1e8\": %.2f}\n",
        NOVEL_TEXTS, NOVEL_TOKENS, STREAM, 1e9 * took / STREAM, 1e8 * took / STREAM);
    suffix_reader_free(reader);
    suffix_automaton_free(automaton);
    free(stream);
}

int main(int argc, char **argv)
{
    float logits[VOCAB];
    size_t texts = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
    int64_t tokens = argc > 2 ? strtol(argv[2], NULL, 10) : 100;
    if (texts < 1 || texts > 1000000 || tokens < 1 || tokens > 100000)
        return 2;
    fill(logits, 2.5, 10);
    time_draws(logits, "a trained model's: spread 2.5, twenty 10 above");
    fill(logits, 1, 0);
    time_draws(logits, "flat: spread 1");
    time_novelty();
    time_texts(texts, tokens);
    return 0;
}
