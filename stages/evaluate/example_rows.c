/* What the scorers of all objectives share: batches of texts, and members of an item's line. */
#include "evaluate_examples.h"

enum lm_status evaluate_examples_step(struct evaluation *evaluation, size_t rows,
                                      struct lm_err *err)
{
    struct evaluate_examples *examples = evaluation->examples;
    LM_TRY(evaluate_poll(evaluation, err));
    examples->done += rows;
    lm_ctx_progress(evaluation->ctx, examples->done, examples->total, "examples");
    return LM_OK;
}

enum lm_status evaluate_examples_texts(struct lm_texts *out, struct evaluation *evaluation,
                                       const struct example_split *split, size_t first, size_t rows,
                                       size_t side, struct lm_err *err)
{
    struct evaluate_examples *examples = evaluation->examples;
    int32_t *end = examples->ids;
    if (side == 0)
        LM_TRY(evaluate_examples_step(evaluation, rows, err));
    for (size_t r = 0; r < rows; r++, end += examples->lengths[r - 1])
        examples->lengths[r] =
            (int32_t)lm_example_tokens_text(&examples->tokens, split->picked[first + r], side, end);
    *out = (struct lm_texts){examples->ids, examples->lengths, (int64_t)rows};
    return LM_OK;
}

void evaluate_examples_text_put(struct lm_json_writer *writer, const char *key,
                                const struct lm_example_text *text)
{
    lm_json_key(writer, key);
    lm_json_put_bytes(writer, text->data, text->size);
}
