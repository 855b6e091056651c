/* Objective translate: a language model that is scored on the answer alone, given the prompt (after
 * Raffel et al. 2020, section 2.4, and Radford et al. 2019, section 3.7). */
#include <lmpipe/model.h>

#include "train_state.h"
#include "train_task.h"

/* Rows of some examples, filled up to the longest; returns their length. */
static int64_t lay_out(struct train *train, const size_t *picked, int64_t rows)
{
    const struct train_examples *examples = &train->examples;
    int64_t longest = 0;
    for (int64_t r = 0; r < rows; r++) {
        int64_t length = lm_example_tokens_pair_length(&examples->tokens, picked[r]);
        longest = length > longest ? length : longest;
    }
    int64_t time = train_examples_time(examples, longest);
    for (int64_t r = 0; r < rows; r++)
        lm_example_tokens_pair(&examples->tokens, picked[r], time, train->inputs + r * time,
                               train->targets + r * time);
    train->positions += (uint64_t)(rows * time);
    return time;
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
    int64_t time = lay_out(train, train->picked, rows);
    return lm_model_accumulate(train->model, train->inputs, train->targets, rows, time, scale, loss,
                               err);
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
        int64_t time = lay_out(train, train->picked, rows);
        LM_TRY(
            lm_model_score(train->model, train->inputs, train->targets, rows, time, &scores, err));
        for (int64_t i = 0; i < rows * time; i++) {
            sum += train->targets[i] >= 0 ? (double)train->nll[i] : 0;
            count += train->targets[i] >= 0;
        }
    }
    *loss = sum / count;
    return LM_OK;
}

const struct train_task train_translate = {NULL, scored, accumulate, valid};
