#include "evaluate_outputs.h"

#include <string.h>

/* Where the first stop begins that ends behind `from`, or the size. */
static size_t find_stop(const struct output *output, size_t from)
{
    const struct lm_buf *text = &output->text;
    size_t found = text->size;
    for (size_t s = 0; s < output->stop_count; s++) {
        const struct lm_example_text *stop = &output->stops[s];
        size_t first = from >= stop->size ? from - stop->size + 1 : 0;
        for (size_t i = first; i + stop->size <= text->size && i < found; i++)
            if (memcmp(text->data + i, stop->data, stop->size) == 0)
                found = i;
    }
    return found;
}

bool output_take(void *user, int32_t token, double nll)
{
    struct output *output = user;
    size_t before = output->text.size, size = 0;
    (void)nll;
    bool is_end = token == output->end_of_text;
    const uint8_t *bytes = lm_vocab_token(output->vocab, token, &size);
    if (!is_end && bytes != NULL && !lm_vocab_is_special(output->vocab, token))
        lm_buf_append(&output->text, bytes, size);
    size_t stop = find_stop(output, before);
    is_end = is_end || stop < output->text.size || --output->left == 0;
    if (stop < output->text.size)
        output->text.size = stop;
    if (is_end)
        output->ended(output->user);
    return !is_end;
}
