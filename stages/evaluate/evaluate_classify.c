/* Objective classify: accuracy, macro F1, loss and confusion on held-out examples. */
#include <math.h>
#include <stdio.h>

#include "base/elem.h"
#include "evaluate_examples.h"
#include "stats/bootstrap.h"
#include "stats/wilson.h"

enum { MOST_CONFUSED = 16 }; /* labels whose confusion is among the scores */

static const struct lm_example *item_of(const struct evaluation *evaluation,
                                        const struct example_split *split, size_t i)
{
    return &evaluation->examples->examples.items[split->picked[i]];
}

/* ---- predictions ---- */

/* The first of the largest logits, and -log softmax of the gold one. */
static void score_row(struct example_split *split, size_t i, const float *logits, size_t labels,
                      int64_t gold)
{
    double sum = 0;
    size_t best = 0, equal = 0;
    for (size_t k = 1; k < labels; k++)
        best = logits[k] > logits[best] ? k : best;
    for (size_t k = 0; k < labels; k++) {
        sum += lm_exp((double)logits[k] - (double)logits[best]);
        equal += logits[k] == logits[best];
    }
    split->predicted[i] = (int32_t)best;
    split->score[i] = (int64_t)best == gold;
    split->tie[i] = equal > 1;
    split->nll[i] = lm_log(sum) - ((double)logits[gold] - (double)logits[best]);
}

static enum lm_status predict(struct evaluation *evaluation, struct example_split *split,
                              struct lm_err *err)
{
    struct evaluate_examples *examples = evaluation->examples;
    size_t labels = examples->objective.label_count;
    if (evaluation->config.labels != (int64_t)labels)
        return lm_fail(err, LM_MISMATCH,
                       "the model's head has %lld labels, its objective %zu; train again",
                       (long long)evaluation->config.labels, labels);
    for (size_t first = 0; first < split->count; first += evaluation->batch) {
        size_t rest = split->count - first;
        size_t rows = rest < evaluation->batch ? rest : evaluation->batch;
        struct lm_texts texts;
        LM_TRY(evaluate_examples_texts(&texts, evaluation, split, first, rows, 0, err));
        LM_TRY(lm_model_classify(evaluation->model, &texts, examples->values, err));
        for (size_t r = 0; r < rows; r++) {
            score_row(split, first + r, examples->values + r * labels, labels,
                      item_of(evaluation, split, first + r)->label);
            if (!isfinite(split->nll[first + r]))
                return lm_fail(err, LM_NUMERIC,
                               "the loss of example %s is not finite; train with a smaller lr",
                               item_of(evaluation, split, first + r)->id);
        }
    }
    return LM_OK;
}

/* ---- metrics ---- */

struct counts {
    uint64_t *cells; /* (labels, labels): gold, predicted */
    uint64_t *gold, *predicted, *hits;
    size_t labels;
};

static enum lm_status count(struct counts *out, const struct evaluation *evaluation,
                            const struct example_split *split, struct lm_err *err)
{
    size_t labels = evaluation->examples->objective.label_count;
    size_t cells = labels <= MOST_CONFUSED ? labels * labels : 0;
    uint64_t *memory = LM_NEW_ARRAY(evaluation->arena, uint64_t, cells + 3 * labels);
    if (memory == NULL) {
        lm_fail(err, LM_NOMEM, "no memory for %zu labels; give fewer", labels);
        return LM_NOMEM;
    }
    *out = (struct counts){cells > 0 ? memory + 3 * labels : NULL, memory, memory + labels,
                           memory + 2 * labels, labels};
    for (size_t i = 0; i < split->count; i++) {
        size_t gold = (size_t)item_of(evaluation, split, i)->label;
        size_t predicted = (size_t)split->predicted[i];
        out->gold[gold]++;
        out->predicted[predicted]++;
        out->hits[gold] += gold == predicted;
        if (out->cells != NULL)
            out->cells[gold * labels + predicted]++;
    }
    return LM_OK;
}

/* The mean F1 of all labels that are gold or predicted at least once. */
static double macro_f1(const struct counts *counts)
{
    double sum = 0, seen = 0;
    for (size_t k = 0; k < counts->labels; k++) {
        double all = (double)(counts->gold[k] + counts->predicted[k]);
        if (all == 0)
            continue;
        sum += 2 * (double)counts->hits[k] / all;
        seen++;
    }
    return seen > 0 ? sum / seen : (double)NAN;
}

static void put_confusion(struct scores *scores, const struct counts *counts)
{
    size_t labels = counts->cells != NULL ? counts->labels : 0;
    for (size_t gold = 0; gold < labels; gold++)
        for (size_t predicted = 0; predicted < labels; predicted++) {
            char name[60];
            snprintf(name, sizeof name, "confusion.%zu.%zu", gold, predicted);
            scores_put_count(scores, name, counts->cells[gold * labels + predicted]);
        }
}

/* Accuracy minus that of the most frequent label, paired by example. */
static enum lm_status put_difference(struct scores *scores, struct evaluation *evaluation,
                                     const struct example_split *split, struct lm_rng rng,
                                     struct lm_err *err)
{
    double *over = LM_NEW_ARRAY(evaluation->arena, double, 2 * split->count), sum = 0;
    if (over == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu examples; hold out fewer", split->count);
    struct lm_bootstrap_ratio ratio = {.over = over, .under = over + split->count};
    for (size_t i = 0; i < split->count; i++) {
        int64_t gold = item_of(evaluation, split, i)->label;
        over[i] = (double)(gold == split->predicted[i]) -
                  (double)(gold == evaluation->examples->majority);
        over[split->count + i] = 1;
        sum += over[i];
    }
    const struct lm_resampling how = evaluate_resampling(evaluation, rng);
    LM_TRY(lm_bootstrap_run(&ratio, 1, split->count, &how, evaluation->arena, err));
    scores_put_interval(scores, "majority.diff", sum / (double)split->count, ratio.low, ratio.high);
    return LM_OK;
}

static enum lm_status put(struct scores *scores, struct evaluation *evaluation,
                          struct example_split *split, struct lm_rng rng, struct lm_err *err)
{
    struct counts counts = {0};
    double hits = 0, nll = 0, low, high, n = (double)split->count;
    LM_TRY(count(&counts, evaluation, split, err));
    for (size_t k = 0; k < counts.labels; k++)
        hits += (double)counts.hits[k];
    for (size_t i = 0; i < split->count; i++)
        nll += split->nll[i];
    lm_wilson(&low, &high, hits, n);
    split->headline = hits / n;
    scores_put_interval(scores, "accuracy", hits / n, low, high);
    scores_put(scores, "majority", (double)counts.gold[evaluation->examples->majority] / n);
    scores_put(scores, "f1", macro_f1(&counts));
    scores_put(scores, "examples.nll", nll / n);
    put_confusion(scores, &counts);
    return put_difference(scores, evaluation, split, rng, err);
}

static void record(struct lm_item_record *out, const struct evaluation *evaluation,
                   const struct example_split *split, size_t i)
{
    out->nll = split->nll[i];
    out->bytes = (int64_t)item_of(evaluation, split, i)->prompt.size;
    out->choice = split->predicted[i];
    out->tie = split->tie[i];
}

static void put_item(struct lm_json_writer *writer, const struct evaluation *evaluation,
                     const struct example_split *split, size_t i)
{
    const struct lm_example *item = item_of(evaluation, split, i);
    evaluate_examples_text_put(writer, "text", &item->prompt);
    lm_json_member_int(writer, "gold", item->label);
    lm_json_member_int(writer, "predicted", split->predicted[i]);
}

static void sign(struct lm_buf *out, const struct evaluation *evaluation)
{
    lm_buf_printf(out,
                  "accuracy of the largest logit of the head, Wilson 95 %% interval; majority: the "
                  "most frequent label of the training examples, its difference by 95 %% "
                  "studentised bootstrap, %lld resamples of examples, none from fewer than %d; f1: "
                  "mean over labels; nll in nats per example",
                  (long long)evaluation->params->resamples, LM_BOOTSTRAP_LEAST);
}

const struct example_scorer evaluate_classify = {"accuracy", predict, put, record, put_item, sign};
