#include "report_objective.h"

#include <math.h>
#include <stdio.h>

#include "page/numtext.h"

static const struct report_objective objectives[] = {
    {.name = "classify",
     .headline = {"accuracy", "Right", REPORT_SHARE},
     .baseline = {"majority", "the most frequent label", REPORT_SHARE},
     .others = {{"f1", "F1, mean over labels", REPORT_CORRELATION},
                {"nll", "Nats per example", REPORT_NATS}},
     .loss = "nats per example",
     .note = "A label for each held-out example. The baseline always gives the label that was the "
             "most frequent among those learnt from. Intervals are 95\xc2\xa0% (Wilson).",
     .lead = "The classifier is right on",
     .tail = "of"},
    {.name = "translate",
     .headline = {"bleu", "BLEU", REPORT_POINTS},
     .baseline = {"copy", "the source copied", REPORT_POINTS},
     .others = {{"chrf", "chrF2", REPORT_POINTS},
                {"nll", "Nats per token of the reference", REPORT_NATS}},
     .loss = "nats per token of the answer",
     .note =
         "A greedy answer to each held-out prompt, beside its references. The baseline hands the "
         "source over as it is. Intervals are 95\xc2\xa0% by bootstrap over answers.",
     .lead = "The model's answers score",
     .tail = "BLEU on"},
    {.name = "similar",
     .headline = {"spearman", "Spearman", REPORT_CORRELATION},
     .baseline = {"overlap", "words in common", REPORT_CORRELATION},
     .others = {{"pearson", "Pearson", REPORT_CORRELATION}},
     .loss = "loss per pair",
     .note = "The cosine of two texts' states beside the score that people gave, from 0 to 1. The "
             "baseline is the "
             "share of words in common. Intervals are 95\xc2\xa0% by bootstrap over pairs.",
     .lead = "The model ranks pairs as people do with a Spearman correlation of",
     .tail = "on"},
};

enum { OBJECTIVES = sizeof objectives / sizeof objectives[0] };

const struct report_objective *report_objective_of(const struct report *report)
{
    for (size_t i = 0; i < OBJECTIVES; i++)
        if (!isnan(report_score(report, "test", objectives[i].headline.key)) ||
            !isnan(report_score(report, "valid", objectives[i].headline.key)))
            return &objectives[i];
    return NULL;
}

const char *report_loss_unit(const struct report *report)
{
    const struct report_objective *objective = report_objective_of(report);
    return objective != NULL ? objective->loss : "nats per token";
}

struct lm_num report_figure_text(const struct report_figure *figure, double value)
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

double report_figure_end(const struct report *report, const char *split,
                         const struct report_figure *figure, const char *end)
{
    char key[64];
    int length = snprintf(key, sizeof key, "%s.%s", figure->key, end);
    return length < 0 || (size_t)length >= sizeof key ? (double)NAN
                                                      : report_score(report, split, key);
}

/* Only an interval without the baseline in it allows a claim. */
static const char *comparison(struct report *report, const struct report_objective *objective)
{
    const char *split = report->examples_split, *how = "no difference shown from";
    double low = report_figure_end(report, split, &objective->headline, "lo");
    double high = report_figure_end(report, split, &objective->headline, "hi");
    double value = report_score(report, split, objective->headline.key);
    double baseline = report_score(report, split, objective->baseline.key);
    struct lm_num text = report_figure_text(&objective->baseline, baseline);
    if (isnan(baseline))
        return "";
    if (value > baseline && low > baseline)
        how = "more than";
    if (value < baseline && high < baseline)
        how = "less than";
    return lm_arena_printf(report->arena, ", %s %s: %s", how, objective->baseline.label, text.text);
}

/* " (95 % interval 0.2–0.4)"; nothing when the scores have none. */
static const char *interval(struct report *report, const struct report_figure *figure)
{
    double low = report_figure_end(report, report->examples_split, figure, "lo");
    double high = report_figure_end(report, report->examples_split, figure, "hi");
    struct lm_num from = report_figure_text(figure, low), to = report_figure_text(figure, high);
    if (isnan(low) || isnan(high))
        return "";
    return lm_arena_printf(report->arena, " (95\xc2\xa0%% interval %s\xe2\x80\x93%s)", from.text,
                           to.text);
}

const char *report_objective_verdict(struct report *report)
{
    const struct report_objective *objective = report_objective_of(report);
    const struct report_figure *figure = &objective->headline;
    const char *range = interval(report, figure), *against = comparison(report, objective);
    double examples = report_score(report, report->examples_split, "examples");
    struct lm_num count = isnan(examples) ? (struct lm_num){""} : lm_num_fixed(examples, 0);
    struct lm_num value =
        report_figure_text(figure, report_score(report, report->examples_split, figure->key));
    if (range == NULL || against == NULL)
        return NULL;
    return lm_arena_printf(report->arena, "%s %s %s %s%sheld-out example%s%s%s", objective->lead,
                           value.text, objective->tail, count.text, isnan(examples) ? "" : " ",
                           examples == 1 ? "" : "s", range, against);
}
