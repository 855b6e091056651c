/* What llama.mjs is held against: writes a model as GGUF, reads it again, and says as JSON what ids
 * the lines of standard input have, the likeliest next tokens behind them, and how each goes on
 * when the likeliest is taken again and again.
 *     gguf_oracle MODEL-FOLDER OUT.gguf f32|f16|bf16 NEW-TOKENS <PROMPTS
 *     gguf_oracle VOCABULARY OUT.gguf vocab <TEXTS: ids alone; OUT has no model */
#include <lmpipe/gguf.h>
#include <lmpipe/model.h>
#include <lmpipe/tokenizer.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gguf/gguf.h"

enum { TOP = 20, LINE_BYTES = 1 << 16, DECIMAL = 10 };

static struct lm_err err;

static void must(enum lm_status status)
{
    if (status == LM_OK)
        return;
    fprintf(stderr, "gguf_oracle: %s\n", err.text);
    exit(1);
}

static void write_gguf(const struct lm_model *model, const struct lm_vocab *vocab, const char *path,
                       enum lm_dtype weights)
{
    struct lm_gguf_writer *writer = NULL;
    int64_t rows = model == NULL ? lm_vocab_size(vocab) : lm_model_config(model)->vocab;
    must(lm_gguf_writer_create(&writer, &err));
    if (model != NULL)
        must(lm_gguf_put_model(writer, model, weights, &err));
    else
        lm_gguf_put_text(writer, "general.architecture", "gpt2");
    must(lm_gguf_put_vocab(writer, vocab, rows, &err));
    must(lm_gguf_write(writer, path, &err));
    lm_gguf_writer_free(writer);
}

static void print_ids(const char *key, const int32_t *ids, size_t count)
{
    printf(",\"%s\":[", key);
    for (size_t i = 0; i < count; i++)
        printf("%s%d", i > 0 ? "," : "", ids[i]);
    printf("]");
}

/* The TOP likeliest tokens behind the text and their probabilities. */
static void print_top(struct lm_model *model, const int32_t *ids, size_t count)
{
    int64_t vocab = lm_model_config(model)->vocab;
    float *logits = malloc(count * (size_t)vocab * sizeof *logits);
    if (logits == NULL)
        exit(1);
    must(lm_model_logits(model, ids, 1, (int64_t)count, logits, &err));
    float *last = logits + (count - 1) * (size_t)vocab;
    double highest = -INFINITY, sum = 0;
    for (int64_t i = 0; i < vocab; i++)
        highest = fmax(highest, (double)last[i]);
    for (int64_t i = 0; i < vocab; i++)
        sum += exp((double)last[i] - highest);
    printf(",\"top\":[");
    for (int k = 0; k < TOP; k++) {
        int64_t best = 0;
        for (int64_t i = 1; i < vocab; i++)
            best = last[i] > last[best] ? i : best;
        printf("%s[%lld,%.9g]", k > 0 ? "," : "", (long long)best,
               exp((double)last[best] - highest) / sum);
        last[best] = -INFINITY;
    }
    printf("]");
    free(logits);
}

struct greedy {
    int32_t *ids;
    size_t count;
};

static bool keep(void *user, int32_t token, double nll)
{
    struct greedy *greedy = user;
    (void)nll;
    greedy->ids[greedy->count++] = token;
    return true;
}

static void print_greedy(struct lm_model *model, const int32_t *ids, size_t count, long wanted)
{
    const struct lm_sampling rules = {0};
    struct greedy greedy = {malloc((size_t)wanted * sizeof(int32_t)), 0};
    const struct lm_continuation text = {.prompt = ids,
                                         .count = (int64_t)count,
                                         .max_new = wanted,
                                         .rules = &rules,
                                         .emit = keep,
                                         .user = &greedy};
    must(lm_model_generate(model, &text, 1, NULL, &err));
    print_ids("greedy", greedy.ids, greedy.count);
    free(greedy.ids);
}

static void print_lines(struct lm_model *model, const struct lm_vocab *vocab, long wanted)
{
    static char line[LINE_BYTES];
    struct lm_encoder *encoder = lm_encoder_create(vocab);
    printf("[");
    for (long n = 0; fgets(line, sizeof line, stdin) != NULL; n++) {
        const int32_t *ids;
        size_t count, size = strcspn(line, "\n");
        must(lm_encode(encoder, line, size, &ids, &count, &err));
        printf("%s{\"line\":%ld", n > 0 ? "," : "", n);
        print_ids("ids", ids, count);
        if (model != NULL) {
            print_top(model, ids, count);
            print_greedy(model, ids, count, wanted);
        }
        printf("}\n");
    }
    printf("]\n");
    lm_encoder_free(encoder);
}

int main(int argc, char **argv)
{
    const struct lm_model_options options = {0};
    struct lm_model *model = NULL, *again = NULL;
    struct lm_vocab *vocab = NULL;
    struct lm_gguf *gguf = NULL;
    if (argc < 4)
        return 2;
    bool has_model = strcmp(argv[3], "vocab") != 0;
    int weights = 0;
    while (has_model && strcmp(lm_dtype_names[weights], argv[3]) != 0)
        if (lm_dtype_names[++weights] == NULL)
            return 2;
    if (has_model) {
        char path[4096];
        snprintf(path, sizeof path, "%s/vocab", argv[1]);
        must(lm_model_load(&model, argv[1], &options, &err));
        must(lm_vocab_load(&vocab, path, &err));
    } else {
        must(lm_vocab_load(&vocab, argv[1], &err));
    }
    write_gguf(model, vocab, argv[2], (enum lm_dtype)weights);
    lm_vocab_free(vocab);
    must(lm_gguf_open(&gguf, argv[2], &err));
    must(lm_gguf_load_vocab(&vocab, gguf, &err));
    if (has_model)
        must(lm_gguf_load_model(&again, gguf, &options, &err));
    print_lines(again, vocab, argc > 4 ? strtol(argv[4], NULL, DECIMAL) : 1);
    lm_gguf_close(gguf);
    lm_model_free(model);
    lm_model_free(again);
    lm_vocab_free(vocab);
    return 0;
}
