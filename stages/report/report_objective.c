#include "report_objective.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "page/numtext.h"

#include "report_input.h"

static const struct report_objective objectives[] = {
    {.name = "classify",
     .headline = {"accuracy", TEXT_ACCURACY, REPORT_SHARE},
     .baseline = {"majority", TEXT_MOST_FREQUENT_LABEL, REPORT_SHARE},
     .others = {{"f1", TEXT_F1, REPORT_CORRELATION},
                {"examples.nll", TEXT_NATS_PER_EXAMPLE, REPORT_NATS}},
     .loss = TEXT_UNIT_NATS_PER_EXAMPLE,
     .note = TEXT_CLASSIFY_NOTE,
     .result = TEXT_CLASSIFY_RESULT,
     .undefined = TEXT_THERE_IS_NONE},
    {.name = "translate",
     .headline = {"bleu", TEXT_BLEU, REPORT_POINTS},
     .baseline = {"copy", TEXT_SOURCE_COPIED, REPORT_POINTS},
     .others = {{"chrf", TEXT_CHRF, REPORT_POINTS},
                {"examples.nll", TEXT_NATS_PER_REFERENCE_TOKEN, REPORT_NATS}},
     .loss = TEXT_UNIT_NATS_PER_OUTPUT_TOKEN,
     .note = TEXT_TRANSLATE_NOTE,
     .result = TEXT_TRANSLATE_RESULT,
     .undefined = TEXT_THERE_IS_NO_OUTPUT},
    {.name = "similar",
     .headline = {"spearman", TEXT_SPEARMAN, REPORT_CORRELATION},
     .baseline = {"overlap", TEXT_WORDS_IN_COMMON, REPORT_CORRELATION},
     .others = {{"pearson", TEXT_PEARSON, REPORT_CORRELATION}},
     .loss = TEXT_UNIT_LOSS_PER_PAIR,
     .note = TEXT_SIMILAR_NOTE,
     .result = TEXT_SIMILAR_RESULT,
     .undefined = TEXT_ALL_EQUAL},
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
    return report_say(report, objective != NULL ? objective->loss : TEXT_UNIT_NATS_PER_TOKEN);
}

struct lm_num report_metric_text(const struct report *report, const struct report_metric *figure,
                                 double value)
{
    static const int digits[] = {
        [REPORT_SHARE] = 1, [REPORT_POINTS] = 1, [REPORT_CORRELATION] = 3, [REPORT_NATS] = 3};
    return figure->unit == REPORT_SHARE ? report_share(report, value, digits[figure->unit])
                                        : report_fixed(value, digits[figure->unit]);
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
