#include "data/example_tokens.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* ---- beginning and end ---- */

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory for the examples' tokens; give fewer");
}

static enum lm_status append(struct lm_example_tokens *tokens, const int32_t *ids, size_t count,
                             struct lm_err *err)
{
    if (count > tokens->capacity - tokens->size) {
        size_t capacity = 2 * (tokens->size + count) + 1024;
        int32_t *grown = realloc(tokens->ids, capacity * sizeof *grown);
        if (grown == NULL)
            return no_memory(err);
        tokens->ids = grown;
        tokens->capacity = capacity;
    }
    if (count > 0)
        memcpy(tokens->ids + tokens->size, ids, count * sizeof *ids);
    tokens->size += count;
    return LM_OK;
}

static const struct lm_example_text *second_of(const struct lm_example *example)
{
    return example->reference_count > 0 ? &example->references[0] : &example->other;
}

enum lm_status lm_example_tokens_init(struct lm_example_tokens *tokens,
                                      const struct lm_examples *examples, int32_t end_of_text,
                                      int64_t length, lm_example_encode_fn *encode, void *user,
                                      struct lm_err *err)
{
    *tokens = (struct lm_example_tokens){
        .count = examples->count, .end_of_text = end_of_text, .length = length};
    tokens->first = calloc(2 * examples->count + 1, sizeof *tokens->first);
    if (tokens->first == NULL)
        return no_memory(err);
    for (size_t i = 0; i < 2 * examples->count; i++) {
        const struct lm_example *example = &examples->items[i / 2];
        const struct lm_example_text *text = i % 2 == 0 ? &example->prompt : second_of(example);
        const int32_t *ids = NULL;
        size_t count = 0;
        if (text->size > 0) {
            enum lm_status status = encode(user, text->data, text->size, &ids, &count, err);
            if (status != LM_OK)
                return lm_wrap(err, status, "%s:%llu", example->file,
                               (unsigned long long)example->line);
        }
        LM_TRY(append(tokens, ids, count, err));
        tokens->first[i + 1] = tokens->size;
    }
    return LM_OK;
}

void lm_example_tokens_release(struct lm_example_tokens *tokens)
{
    free(tokens->ids);
    free(tokens->first);
    *tokens = (struct lm_example_tokens){0};
}

/* ---- lengths ---- */

/* Ids of an example's text, or of both. */
static int64_t plain_length(const struct lm_example_tokens *tokens, size_t example, size_t side,
                            size_t sides)
{
    const size_t *first = tokens->first + 2 * example + side;
    return (int64_t)(first[sides] - first[0]);
}

static int64_t at_most(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t lm_example_tokens_text_length(const struct lm_example_tokens *tokens, size_t example,
                                      size_t side)
{
    return at_most(plain_length(tokens, example, side, 1) + 2, tokens->length);
}

int64_t lm_example_tokens_pair_length(const struct lm_example_tokens *tokens, size_t example)
{
    return at_most(plain_length(tokens, example, 0, 2) + 1, tokens->length);
}

int64_t lm_example_tokens_scored(const struct lm_example_tokens *tokens, size_t example)
{
    return at_most(plain_length(tokens, example, 1, 1) + 1, tokens->length);
}

size_t lm_example_tokens_cut(const struct lm_example_tokens *tokens, bool by_pairs)
{
    size_t cut = 0;
    for (size_t i = 0; i < tokens->count; i++) {
        int64_t a = plain_length(tokens, i, 0, 1), b = plain_length(tokens, i, 1, 1);
        int64_t longest = by_pairs ? a + b + 1 : (a > b ? a : b) + 2;
        cut += longest > tokens->length;
    }
    return cut;
}

/* ---- rows ---- */

/* Element `at` of end-of-text, `count` ids, end-of-text. */
static int32_t element(const struct lm_example_tokens *tokens, const int32_t *ids, int64_t count,
                       int64_t at)
{
    return at == 0 || at > count ? tokens->end_of_text : ids[at - 1];
}

int64_t lm_example_tokens_text(const struct lm_example_tokens *tokens, size_t example, size_t side,
                               int32_t *out)
{
    const int32_t *ids = tokens->ids + tokens->first[2 * example + side];
    int64_t count = plain_length(tokens, example, side, 1);
    int64_t length = lm_example_tokens_text_length(tokens, example, side);
    int64_t skipped = count + 2 - length;
    for (int64_t t = 0; t < length; t++)
        out[t] = element(tokens, ids, count, skipped + t);
    return length;
}

int64_t lm_example_tokens_pair(const struct lm_example_tokens *tokens, size_t example,
                               int32_t *inputs, int32_t *targets)
{
    const int32_t *ids = tokens->ids + tokens->first[2 * example];
    int64_t count = plain_length(tokens, example, 0, 2);
    int64_t prompt = plain_length(tokens, example, 0, 1);
    int64_t length = lm_example_tokens_pair_length(tokens, example);
    int64_t skipped = count + 1 - length;
    for (int64_t t = 0; t < length; t++) {
        int64_t at = skipped + t;
        inputs[t] = element(tokens, ids, count, at);
        targets[t] = at >= prompt ? element(tokens, ids, count, at + 1) : -1;
    }
    return length;
}

int64_t lm_example_tokens_prompt(const struct lm_example_tokens *tokens, size_t example,
                                 int64_t most, int32_t *out)
{
    const int32_t *ids = tokens->ids + tokens->first[2 * example];
    int64_t count = plain_length(tokens, example, 0, 1), length = at_most(count + 1, most);
    for (int64_t t = 0; t < length; t++)
        out[t] = element(tokens, ids, count, count + 1 - length + t);
    return length;
}
