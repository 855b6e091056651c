#include "report_objective.h"

#include <math.h>
#include <string.h>

#include "data/numtext.h"

static const struct report_objective objectives[] = {
    {.name = "classify",
     .headline = {"accuracy", "Right", REPORT_SHARE},
     .baseline = {"majority", "the most frequent label", REPORT_SHARE},
     .others = {{"f1", "F1, mean over labels", REPORT_CORRELATION},
                {"nll", "Nats per example", REPORT_NATS}},
     .loss = "nats per example",
     .note = "A label for each held-out example. The baseline always gives the label that was the "
             "most frequent among those learnt from. Intervals are 95\xc2\xa0% (Wilson).",
     .lead = "The model labels rightly",
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
     .note =
         "The cosine of two texts' states beside the score that people gave. The baseline is the "
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

static double side(const struct report *report, const char *key, const char *end)
{
    const char *name = lm_arena_printf(report->arena, "%s.%s", key, end);
    return name == NULL ? (double)NAN : report_score(report, report->split, name);
}

/* Only an interval without the baseline in it allows a claim. */
static const char *comparison(struct report *report, const struct report_objective *objective)
{
    double low = side(report, objective->headline.key, "lo");
    double high = side(report, objective->headline.key, "hi");
    double value = report_score(report, report->split, objective->headline.key);
    double baseline = report_score(report, report->split, objective->baseline.key);
    struct lm_num text = report_figure_text(&objective->baseline, baseline);
    if (isnan(baseline))
        return "";
    if (value > baseline && low > baseline)
        return lm_arena_printf(report->arena, ", more than %s: %s", objective->baseline.label,
                               text.text);
    if (value < baseline && high < baseline)
        return lm_arena_printf(report->arena, ", less than %s: %s", objective->baseline.label,
                               text.text);
    return lm_arena_printf(report->arena, ", no difference shown from %s: %s",
                           objective->baseline.label, text.text);
}

static const char *sentence(struct report *report, const struct report_objective *objective)
{
    const struct report_figure *figure = &objective->headline;
    double value = report_score(report, report->split, figure->key);
    struct lm_num text = report_figure_text(figure, value);
    struct lm_num low = report_figure_text(figure, side(report, figure->key, "lo"));
    struct lm_num high = report_figure_text(figure, side(report, figure->key, "hi"));
    struct lm_num count = lm_num_count((int64_t)report_score(report, report->split, "examples"));
    return lm_arena_printf(report->arena,
                           "%s %s %s %s held-out examples (95\xc2\xa0%% interval "
                           "%s\xe2\x80\x93%s)",
                           objective->lead, text.text, objective->tail, count.text, low.text,
                           high.text);
}

const char *report_objective_verdict(struct report *report)
{
    const struct report_objective *objective = report_objective_of(report);
    const char *what = sentence(report, objective), *against = comparison(report, objective);
    const char *all = what == NULL || against == NULL
                          ? NULL
                          : lm_arena_printf(report->arena, "%s%s", what, against);
    return all != NULL ? all : "";
}
