/* Objective classify: a linear head on the state of a text's last token (Radford et al. 2018,
 * section 3.2). */
#include <lmpipe/model.h>

#include <math.h>

#include "base/elem.h"
#include "train_state.h"
#include "train_task.h"

/* Rows of the picked examples. */
static struct lm_texts lay_out(struct train *train, int64_t rows)
{
    const struct train_examples *examples = &train->examples;
    for (int64_t r = 0; r < rows; r++)
        train->labels[r] = (int32_t)examples->examples.items[train->picked[r]].label;
    return train_examples_texts(train, rows, 1);
}

/* A label that no example has is never learnt; with one label alone there is nothing to tell apart.
 */
static enum lm_status check(struct train *train, struct lm_err *err)
{
    const struct train_examples *examples = &train->examples;
    size_t labels = examples->objective.label_count, seen = 0, missing = 0;
    for (size_t label = 0; label < labels; label++) {
        size_t i = 0, count = examples->examples.splits[LM_TRAIN];
        while (i < count &&
               (size_t)examples->examples.items[examples->splits[LM_TRAIN][i]].label != label)
            i++;
        seen += i < count;
        missing = i < count ? missing : label;
    }
    const struct lm_example_text *name = &examples->objective.labels[missing];
    if (seen < labels)
        lm_ctx_note(train->ctx, "%zu of %zu labels have no example to learn from, such as \"%.*s\"",
                    labels - seen, labels, name->size < 60 ? (int)name->size : 60, name->data);
    if (seen >= 2)
        return LM_OK;
    return lm_fail(
        err, LM_INVALID,
        "all examples to learn from have one label; give examples of the others, or hold "
        "out smaller shares");
}

static double scored(const struct train *train, uint64_t first, int64_t rows)
{
    (void)train;
    (void)first;
    return (double)rows;
}

static enum lm_status accumulate(struct train *train, uint64_t first, double scale, double *loss,
                                 struct lm_err *err)
{
    int64_t rows = train->params->batch;
    for (int64_t r = 0; r < rows; r++)
        train->picked[r] = train_examples_at(&train->examples, first + (uint64_t)r);
    const struct lm_texts texts = lay_out(train, rows);
    return lm_model_accumulate_labels(train->model, &texts, train->labels, scale, loss, err);
}

/* -log softmax(logits)[label], after the largest is taken off. */
static double nll_of(const float *logits, size_t count, int32_t label)
{
    double sum = 0;
    float most = logits[0];
    for (size_t i = 1; i < count; i++)
        most = logits[i] > most ? logits[i] : most;
    for (size_t i = 0; i < count; i++)
        sum += lm_exp((double)logits[i] - (double)most);
    return lm_log(sum) - ((double)logits[label] - (double)most);
}

/* Nats per example. */
static enum lm_status valid(struct train *train, double *loss, struct lm_err *err)
{
    size_t labels = train->examples.objective.label_count;
    uint64_t batch = (uint64_t)train->params->batch, all = train->examples.looks_at;
    double sum = 0;
    for (uint64_t first = 0; first < all; first += batch) {
        int64_t rows = (int64_t)(all - first < batch ? all - first : batch);
        for (int64_t r = 0; r < rows; r++)
            train->picked[r] = train_examples_valid(&train->examples, first + (uint64_t)r);
        const struct lm_texts texts = lay_out(train, rows);
        LM_TRY(lm_model_classify(train->model, &texts, train->logits, err));
        for (int64_t r = 0; r < rows; r++)
            sum += nll_of(train->logits + (size_t)r * labels, labels, train->labels[r]);
    }
    *loss = sum / (double)all;
    return LM_OK;
}

const struct train_task train_classify = {check, scored, accumulate, valid};
