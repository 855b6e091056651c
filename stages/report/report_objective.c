#include "report_objective.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "page/numtext.h"

#include "report_input.h"

static const struct report_objective objectives[] = {
    {.name = "classify",
     .headline = {"accuracy", "Accuracy", REPORT_SHARE},
     .baseline = {"majority", "the most frequent label", REPORT_SHARE},
     .others = {{"f1", "F1, mean over labels", REPORT_CORRELATION},
                {"examples.nll", "Nats per example", REPORT_NATS}},
     .loss = "nats per example",
     .note = "A label for each held-out example. The baseline always gives the label that is most "
             "frequent among the training examples. Intervals are 95\xc2\xa0% (Wilson); the "
             "difference to the baseline is paired by example (bootstrap).",
     .lead = "The classifier's accuracy is",
     .tail = "on",
     .undefined = "there is none"},
    {.name = "translate",
     .headline = {"bleu", "BLEU", REPORT_POINTS},
     .baseline = {"copy", "the source copied", REPORT_POINTS},
     .others = {{"chrf", "chrF2", REPORT_POINTS},
                {"examples.nll", "Nats per token of the reference", REPORT_NATS}},
     .loss = "nats per token of the output",
     .note = "A greedily generated output for each held-out prompt, beside its references. The "
             "baseline hands the source over as it is. Intervals are 95\xc2\xa0% by bootstrap over "
             "outputs; the difference to the baseline is paired by example.",
     .lead = "The generated outputs score",
     .tail = "BLEU on",
     .undefined = "there is no output"},
    {.name = "similar",
     .headline = {"spearman", "Spearman", REPORT_CORRELATION},
     .baseline = {"overlap", "words in common", REPORT_CORRELATION},
     .others = {{"pearson", "Pearson", REPORT_CORRELATION}},
     .loss = "loss per pair",
     .note = "Semantic similarity: the cosine of two texts' states beside the score that people "
             "gave, from 0 to 1. The baseline is the share of words in common. Intervals are "
             "95\xc2\xa0% by bootstrap over pairs; the difference to the baseline is paired.",
     .lead = "Semantic similarity agrees with people's scores at a Spearman correlation of",
     .tail = "on",
     .undefined = "all scores, or all similarities, are equal"},
};

enum { OBJECTIVES = sizeof objectives / sizeof objectives[0] };

const struct report_objective *report_objective_of(const struct report *report)
{
    const char *name = lm_json_string(lm_json_get(report->scores, "objective"), NULL);
    for (size_t i = 0; i < OBJECTIVES; i++)
        if ((name != NULL && strcmp(name, objectives[i].name) == 0) ||
            !isnan(report_score(report, "test", objectives[i].headline.key)) ||
            !isnan(report_score(report, "valid", objectives[i].headline.key)))
            return &objectives[i];
    return NULL;
}

const char *report_loss_unit(const struct report *report)
{
    const struct report_objective *objective = report_objective_of(report);
    return objective != NULL ? objective->loss : "nats per token";
}

struct lm_num report_metric_text(const struct report_metric *figure, double value)
{
    static const int digits[] = {
        [REPORT_SHARE] = 1, [REPORT_POINTS] = 1, [REPORT_CORRELATION] = 3, [REPORT_NATS] = 3};
    if (isnan(value))
        return (struct lm_num){"\xe2\x80\x93"};
    return figure->unit == REPORT_SHARE ? lm_num_percent(value, digits[figure->unit])
                                        : lm_num_fixed(value, digits[figure->unit]);
}

size_t report_label_count(const struct report *report)
{
    return lm_json_count(lm_json_get(report->objective, "labels"));
}

const char *report_label(const struct report *report, int64_t index, size_t *size)
{
    const struct lm_json *labels = lm_json_get(report->objective, "labels");
    const char *label = index < 0 ? NULL : lm_json_string(lm_json_at(labels, (size_t)index), size);
    if (label == NULL) {
        *size = 1;
        return "?";
    }
    for (; *size > 0 && *label == ' '; label++)
        --*size;
    return label;
}

double report_confusion(const struct report *report, size_t gold, size_t predicted)
{
    char name[64];
    snprintf(name, sizeof name, "confusion.%zu.%zu", gold, predicted);
    return report_score(report, report->examples_split, name);
}

bool report_has_confusion(const struct report *report)
{
    size_t labels = report_label_count(report);
    if (labels < 2 || labels > REPORT_LABELS)
        return false;
    for (size_t i = 0; i < labels * labels; i++)
        if (isnan(report_confusion(report, i / labels, i % labels)))
            return false;
    return true;
}

double report_metric_end(const struct report *report, const char *split,
                         const struct report_metric *figure, const char *end)
{
    char key[64];
    int length = snprintf(key, sizeof key, "%s.%s", figure->key, end);
    return length < 0 || (size_t)length >= sizeof key ? (double)NAN
                                                      : report_score(report, split, key);
}
