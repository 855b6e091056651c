/* Objective similar: the cosine of two texts' pooled states (Reimers & Gurevych 2019, section 3),
 * by regression on a score or by contrast with the batch's other pairs. */
#include <lmpipe/model.h>

#include <math.h>
#include <string.h>

#include "base/cosine.h"
#include "base/elem.h"
#include "train_state.h"
#include "train_task.h"

static float score_of(const struct train *train, size_t example)
{
    return (float)train->examples.examples.items[example].score;
}

/* Texts 2i and 2i + 1 are those of the i-th picked pair. */
static struct lm_texts lay_out(struct train *train, int64_t pairs)
{
    for (int64_t i = 0; i < pairs; i++)
        train->scores[i] = score_of(train, train->picked[i]);
    return train_examples_texts(train, pairs, 2);
}

static bool is_contrastive(const struct train *train)
{
    return strcmp(train->params->pair_loss, lm_pair_loss_names[LM_PAIRS_CONTRASTIVE]) == 0;
}

typedef size_t at_fn(const struct train_examples *examples, uint64_t at);

static bool has_score(const struct train *train, at_fn *at, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        if (score_of(train, at(&train->examples, i)) > 0)
            return true;
    return false;
}

/* By contrast a pair is told from others, and pulled together as much as its score says. */
static enum lm_status check(struct train *train, struct lm_err *err)
{
    struct train_examples *examples = &train->examples;
    uint64_t pairs = examples->examples.splits[LM_TRAIN], seen = examples->looks_at;
    if (!is_contrastive(train))
        return LM_OK;
    if (pairs < 2 || train->params->batch < 2)
        return lm_fail(
            err, LM_INVALID,
            "batch: the contrastive loss tells a pair from the batch's others, and there "
            "are none; give at least 2 pairs, and a batch of 2");
    if (!has_score(train, train_examples_at, pairs))
        return lm_fail(err, LM_INVALID,
                       "all pairs to learn from have the lowest score, so that none is pulled "
                       "together; give similar ones, or pair_loss: regression");
    if (seen > 0 && (seen < 2 || !has_score(train, train_examples_valid, seen))) {
        lm_ctx_note(train->ctx,
                    "the valid split is left out: the contrastive loss needs two pairs, "
                    "and one above the lowest score");
        examples->looks_at = 0;
    }
    return LM_OK;
}

/* In a step's mean a pair counts as much as in its batch's: one, or its score. */
static double scored(const struct train *train, uint64_t first, int64_t rows)
{
    double sum = 0;
    if (!is_contrastive(train))
        return (double)rows;
    for (int64_t i = 0; i < rows; i++)
        sum += (double)score_of(train, train_examples_at(&train->examples, first + (uint64_t)i));
    return sum;
}

static enum lm_status accumulate(struct train *train, uint64_t first, double scale, double *loss,
                                 struct lm_err *err)
{
    int64_t pairs = train->params->batch;
    const struct lm_pair_options options = {.loss = is_contrastive(train) ? LM_PAIRS_CONTRASTIVE
                                                                          : LM_PAIRS_REGRESSION,
                                            .pooling = lm_pooling_find(train->params->pooling),
                                            .temperature = train->params->temperature};
    for (int64_t i = 0; i < pairs; i++)
        train->picked[i] = train_examples_at(&train->examples, first + (uint64_t)i);
    const struct lm_texts texts = lay_out(train, pairs);
    return lm_model_accumulate_pairs(train->model, &texts, train->scores, &options, scale, loss,
                                     err);
}

/* ---- a look at the valid split ---- */

/* Sums over the pairs of a batch: of losses, and of what they count. */
struct sums {
    double loss, count;
};

static struct sums regression(const struct train *train, int64_t pairs, int64_t width)
{
    struct sums sums = {0, (double)pairs};
    for (int64_t i = 0; i < pairs; i++) {
        const float *u = train->logits + 2 * i * width;
        double error = lm_cosine(u, u + width, width) - (double)train->scores[i];
        sums.loss += error * error;
    }
    return sums;
}

/* -log softmax of element i of a row of cosines / temperature: of text 2i + side against the other
 * sides of all pairs. The largest so far is taken off, so that nothing overflows. */
static double contrast(const struct train *train, int64_t i, int64_t side, int64_t pairs,
                       int64_t width)
{
    const float *own = train->logits + (2 * i + side) * width;
    double most = -1e300, sum = 0, right = 0;
    for (int64_t k = 0; k < pairs; k++) {
        const float *other = train->logits + (2 * k + 1 - side) * width;
        double z = lm_cosine(own, other, width) / train->params->temperature;
        right = k == i ? z : right;
        sum = z > most ? sum * lm_exp(most - z) + 1 : sum + lm_exp(z - most);
        most = z > most ? z : most;
    }
    return lm_log(sum) + most - right;
}

/* As lm_model_accumulate_pairs counts; all `pairs` are met, the first `own` are counted. */
static struct sums contrastive(const struct train *train, int64_t own, int64_t pairs, int64_t width)
{
    struct sums sums = {0};
    for (int64_t i = 0; i < own; i++) {
        double score = (double)train->scores[i];
        sums.loss +=
            score / 2 * (contrast(train, i, 0, pairs, width) + contrast(train, i, 1, pairs, width));
        sums.count += score;
    }
    return sums;
}

/* Batches are whole: behind the last pair the first ones stand again, as others to be told from, so
 * that the losses of all pairs mean the same. */
static enum lm_status valid(struct train *train, double *loss, struct lm_err *err)
{
    int64_t width = lm_model_config(train->model)->width;
    uint64_t all = train->examples.looks_at, batch = (uint64_t)train->params->batch;
    int64_t pairs = (int64_t)(all < batch ? all : batch);
    enum lm_pooling pooling = lm_pooling_find(train->params->pooling);
    struct sums sums = {0};
    for (uint64_t first = 0; first < all; first += batch) {
        int64_t own = (int64_t)(all - first < batch ? all - first : batch);
        for (int64_t i = 0; i < pairs; i++)
            train->picked[i] = train_examples_valid(&train->examples, (first + (uint64_t)i) % all);
        const struct lm_texts texts = lay_out(train, pairs);
        LM_TRY(lm_model_embed(train->model, &texts, pooling, train->logits, err));
        struct sums one = is_contrastive(train) ? contrastive(train, own, pairs, width)
                                                : regression(train, own, width);
        sums.loss += one.loss;
        sums.count += one.count;
    }
    *loss = sums.count > 0 ? sums.loss / sums.count : 0;
    return LM_OK;
}

const struct train_task train_similar = {check, scored, accumulate, valid};
