/*
 * Losses on pairs of texts by the cosines of their pooled states, all in double. No matrix of
 * cosines is held: a text's gradient is a sum over the texts on the other side of the pairs, each
 * cosine computed anew, so that a task owns a text and memory grows with texts alone.
 */
#include "model/pooled.h"

#include <math.h>
#include <string.h>

#include "base/elem.h"
#include "model/region.h"

enum { LANES = 8 };

/* Texts 2i and 2i + 1 are pair i: t / 2 is a text's pair, t % 2 its side, t ^ 1 its partner. */
struct pairs_pass {
    struct lm_pooled_pass pooled;
    const float *scores;
    const struct lm_pair_options *options;
    double weight; /* sum of scores; 1 when that is 0 */
};

static const float *state_of(const struct pairs_pass *call, size_t text)
{
    const struct lm_model *model = call->pooled.pass.model;
    return lm_at(model, model->layout.pooled) + text * (size_t)model->config.width;
}

/* 1 / |state| of each text. */
static double *inverse_of(const struct pairs_pass *call)
{
    const struct lm_model *model = call->pooled.pass.model;
    return (double *)(void *)lm_at(model, model->layout.text_inverse);
}

/* log Σ exp(z) over a text's row of z. */
static double *mass_of(const struct pairs_pass *call)
{
    const struct lm_model *model = call->pooled.pass.model;
    return (double *)(void *)lm_at(model, model->layout.text_mass);
}

/* Products of floats are exact in double; element i goes to lane i mod 8. */
static double dot(const float *a, const float *b, size_t n)
{
    double lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            lane[k] += (double)a[i + k] * (double)b[i + k];
    for (size_t k = 0; i + k < n; k++)
        lane[k] += (double)a[i + k] * (double)b[i + k];
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
           ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

static double cosine(const struct pairs_pass *call, size_t a, size_t b)
{
    const double *inverse = inverse_of(call);
    size_t C = (size_t)call->pooled.pass.model->config.width;
    return dot(state_of(call, a), state_of(call, b), C) * inverse[a] * inverse[b];
}

static void inverse_task(void *user, size_t text, size_t worker)
{
    (void)worker;
    const struct pairs_pass *call = user;
    const float *state = state_of(call, text);
    double square = dot(state, state, (size_t)call->pooled.pass.model->config.width);
    inverse_of(call)[text] = square == 0 ? 0 : 1 / sqrt(square);
}

/* Sums a text's row online: the largest term so far is taken out (Milakov & Gimelshein 2018). */
static void mass_task(void *user, size_t text, size_t worker)
{
    (void)worker;
    const struct pairs_pass *call = user;
    double most = -INFINITY, sum = 0;
    for (size_t other = 1 - text % 2; other < call->pooled.pass.batch; other += 2) {
        double z = cosine(call, text, other) / call->options->temperature;
        if (z > most) {
            sum = sum * lm_exp(most - z) + 1;
            most = z;
        } else {
            sum += lm_exp(z - most);
        }
    }
    mass_of(call)[text] = most + lm_log(sum);
}

static double regression_loss(const struct pairs_pass *call, size_t text)
{
    double error = cosine(call, text, text ^ 1) - (double)call->scores[text / 2];
    return error * error / (double)call->pooled.pass.batch;
}

static double regression_slope(const struct pairs_pass *call, size_t text, size_t other, double cos)
{
    (void)other;
    size_t pairs = call->pooled.pass.batch / 2;
    return 2 * (cos - (double)call->scores[text / 2]) / (double)pairs;
}

static double contrastive_loss(const struct pairs_pass *call, size_t text)
{
    double z = cosine(call, text, text ^ 1) / call->options->temperature;
    return (double)call->scores[text / 2] * (mass_of(call)[text] - z) / (2 * call->weight);
}

/* Both softmaxes that the pair of texts is in: `text`'s row and `other`'s. */
static double contrastive_slope(const struct pairs_pass *call, size_t text, size_t other,
                                double cos)
{
    const double *mass = mass_of(call);
    double z = cos / call->options->temperature, hit = other == (text ^ 1) ? 1 : 0;
    double here = (double)call->scores[text / 2] * (lm_exp(z - mass[text]) - hit);
    double there = (double)call->scores[other / 2] * (lm_exp(z - mass[other]) - hit);
    return (here + there) / (2 * call->weight * call->options->temperature);
}

static const struct {
    bool negatives; /* a text meets all texts of the other side, not its partner alone */
    double (*loss)(const struct pairs_pass *call, size_t text); /* a text's share */
    /* of the loss by the cosine of two texts */
    double (*slope)(const struct pairs_pass *call, size_t text, size_t other, double cos);
} losses[LM_PAIR_LOSSES] = {
    [LM_PAIRS_REGRESSION] = {false, regression_loss, regression_slope},
    [LM_PAIRS_CONTRASTIVE] = {true, contrastive_loss, contrastive_slope},
};

/* d cos(x, y) / dx = (y/|y| − cos·x/|x|) / |x|, summed over the texts y that x meets. */
static void slope_task(void *user, size_t text, size_t worker)
{
    const struct pairs_pass *call = user;
    const struct lm_model *model = call->pooled.pass.model;
    const double *inverse = inverse_of(call);
    size_t C = (size_t)model->config.width;
    bool all = losses[call->options->loss].negatives;
    double *sums = (double *)(void *)lm_scratch(model, worker), along = 0;
    memset(sums, 0, C * sizeof *sums);
    size_t first = all ? 1 - text % 2 : text ^ 1, end = all ? call->pooled.pass.batch : first + 1;
    for (size_t other = first; other < end; other += 2) {
        double cos = cosine(call, text, other);
        double slope = losses[call->options->loss].slope(call, text, other, cos);
        const float *y = state_of(call, other);
        along += slope * cos;
        for (size_t i = 0; i < C; i++)
            sums[i] += slope * inverse[other] * (double)y[i];
    }
    const float *x = state_of(call, text);
    float *out = lm_at(model, model->layout.dpooled) + text * C;
    for (size_t i = 0; i < C; i++)
        out[i] = (float)(call->pooled.scale * inverse[text] *
                         (sums[i] - along * inverse[text] * (double)x[i]));
}

static double head(struct lm_pass *pass)
{
    struct pairs_pass *call = (struct pairs_pass *)pass;
    lm_pooled_gather(&call->pooled);
    lm_region(pass, LM_PHASE_HEAD, pass->batch, inverse_task, NULL, 0);
    if (losses[call->options->loss].negatives)
        lm_region(pass, LM_PHASE_HEAD, pass->batch, mass_task, NULL, 0);
    lm_region(pass, LM_PHASE_HEAD, pass->batch, slope_task, NULL, 0);
    lm_pooled_spread(&call->pooled);
    lm_gradient_clear(pass->model, LM_SCORE);
    double loss = 0;
    for (size_t text = 0; text < pass->batch; text++)
        loss += losses[call->options->loss].loss(call, text);
    return loss;
}

static enum lm_status check_pairs(const struct lm_texts *texts, const float *scores,
                                  const struct lm_pair_options *options, struct lm_err *err)
{
    if (texts->count % 2 != 0)
        return lm_fail(err, LM_RANGE, "%lld texts are no pairs; give an even number",
                       (long long)texts->count);
    for (int64_t i = 0; i < texts->count / 2; i++)
        if (!(scores[i] >= 0 && scores[i] <= 1))
            return lm_fail(err, LM_RANGE,
                           "the score of pair %lld is %g, outside 0 to 1; map scores to it first",
                           (long long)i, (double)scores[i]);
    if (options->loss == LM_PAIRS_CONTRASTIVE &&
        !(options->temperature >= 0.001 && options->temperature <= 1000))
        return lm_fail(err, LM_RANGE,
                       "temperature: %g is outside 0.001 to 1000; 0.05 is a usual one",
                       options->temperature);
    return LM_OK;
}

enum lm_status lm_model_accumulate_pairs(struct lm_model *model, const struct lm_texts *texts,
                                         const float *scores, const struct lm_pair_options *options,
                                         double scale, double *loss, struct lm_err *err)
{
    struct pairs_pass call = {.scores = scores, .options = options};
    LM_TRY(check_pairs(texts, scores, options, err));
    LM_TRY(lm_pooled_begin(&call.pooled, model, texts, options->pooling, true, err));
    call.pooled.scale = scale;
    for (size_t i = 0; i < call.pooled.pass.batch / 2; i++)
        call.weight += (double)scores[i];
    call.weight = call.weight > 0 ? call.weight : 1;
    return lm_pass_learn(&call.pooled.pass, head, loss, err);
}
