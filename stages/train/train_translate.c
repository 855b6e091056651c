/* Objective translate: a language model that is scored on the answer alone, given the prompt (after
 * Raffel et al. 2020, section 2.4, and Radford et al. 2019, section 3.7). */
#include <lmpipe/model.h>

#include "train_state.h"
#include "train_task.h"

/* Rows of the picked examples behind one another; *size is how many tokens they have. */
static struct lm_packed_texts lay_out(struct train *train, int64_t rows, int64_t *size)
{
    const struct lm_example_tokens *tokens = &train->examples.tokens;
    *size = 0;
    for (int64_t r = 0; r < rows; r++) {
        train->lengths[r] = (int32_t)lm_example_tokens_pair(
            tokens, train->picked[r], train->inputs + *size, train->targets + *size);
        *size += train->lengths[r];
    }
    train->positions += (uint64_t)*size;
    return (struct lm_packed_texts){.tokens = train->inputs,
                                    .targets = train->targets,
                                    .lengths = train->lengths,
                                    .count = (size_t)rows};
}

static double scored(const struct train *train, uint64_t first, int64_t rows)
{
    double sum = 0;
    for (int64_t r = 0; r < rows; r++) {
        size_t example = train_examples_at(&train->examples, first + (uint64_t)r);
        sum += (double)lm_example_tokens_scored(&train->examples.tokens, example);
    }
    return sum;
}

static enum lm_status accumulate(struct train *train, uint64_t first, double scale, double *loss,
                                 struct lm_err *err)
{
    int64_t rows = train->params->batch;
    for (int64_t r = 0; r < rows; r++)
        train->picked[r] = train_examples_at(&train->examples, first + (uint64_t)r);
    int64_t size;
    const struct lm_packed_texts texts = lay_out(train, rows, &size);
    return lm_model_accumulate_packed(train->model, &texts, scale, loss, err);
}

/* Nats per target. */
static enum lm_status valid(struct train *train, double *loss, struct lm_err *err)
{
    uint64_t batch = (uint64_t)train->params->batch, all = train->examples.looks_at;
    double sum = 0, count = 0;
    for (uint64_t first = 0; first < all; first += batch) {
        int64_t rows = (int64_t)(all - first < batch ? all - first : batch);
        const struct lm_scores scores = {.nll = train->nll};
        for (int64_t r = 0; r < rows; r++)
            train->picked[r] = train_examples_valid(&train->examples, first + (uint64_t)r);
        int64_t size;
        const struct lm_packed_texts texts = lay_out(train, rows, &size);
        LM_TRY(lm_model_score_packed(train->model, &texts, &scores, err));
        for (int64_t i = 0; i < size; i++) {
            sum += train->targets[i] >= 0 ? (double)train->nll[i] : 0;
            count += train->targets[i] >= 0;
        }
    }
    *loss = sum / count;
    return LM_OK;
}

const struct train_task train_translate = {NULL, scored, accumulate, valid};
