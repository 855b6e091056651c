#include "report_summary.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "page/numtext.h"
#include "stats/bootstrap.h"

#include "report_input.h"
#include "report_objective.h"
#include "report_tasks.h"
#include "report_text.h"

const char *const report_standing_names[REPORT_STANDINGS] = {"better", "worse",
                                                             "no difference shown", "not compared"};

const char *report_standing_text(const struct report *report, enum report_standing standing)
{
    static const enum report_text texts[REPORT_STANDINGS] = {TEXT_BETTER, TEXT_WORSE,
                                                             TEXT_NO_DIFFERENCE, TEXT_NOT_COMPARED};

    return report_say(report, texts[standing]);
}

/* ---- comparisons ---- */

static double score_of(const struct report *report, const char *split, const char *name,
                       const char *suffix)
{
    char key[100];
    int length = snprintf(key, sizeof key, "%s%s", name, suffix);
    return length > 0 && (size_t)length < sizeof key ? report_score(report, split, key)
                                                     : (double)NAN;
}

struct report_comparison report_compare(const struct report *report, const char *split,
                                        const char *key, const char *baseline, const char *suffix,
                                        const char *label, bool is_lower)
{
    struct report_comparison out = {.key = baseline,
                                    .label = label,
                                    .value = report_score(report, split, key),
                                    .baseline = score_of(report, split, baseline, suffix),
                                    .diff = score_of(report, split, baseline, ".diff"),
                                    .low = score_of(report, split, baseline, ".diff.lo"),
                                    .high = score_of(report, split, baseline, ".diff.hi"),
                                    .standing = REPORT_NO_DIFFERENCE};
    if (isnan(out.low) || isnan(out.high))
        out.standing = REPORT_NOT_COMPARED;
    else if (out.high < 0)
        out.standing = is_lower ? REPORT_BETTER : REPORT_WORSE;
    else if (out.low > 0)
        out.standing = is_lower ? REPORT_WORSE : REPORT_BETTER;
    return out;
}

/* ---- sentences ---- */

/* "test text", or validation text with what that means. */
static const char *split_text(const struct report *report, const char *split, enum report_text noun)
{
    bool is_test = strcmp(split, "test") == 0;
    const char *text =
        report_say(report, is_test ? TEXT_ON_TEST : TEXT_ON_VALIDATION, report_say(report, noun));
    return !is_test && report->lineage.is_selected ? report_say(report, TEXT_SELECTED, text) : text;
}

/* Why nothing is said about a baseline that was measured. */
static const char *not_compared(const struct report *report,
                                const struct report_comparison *comparison, const char *split,
                                const char *items)
{
    double count = report_score(report, split, items);
    bool is_one = count == 1, is_text = strcmp(items, "documents") == 0;
    struct lm_num number = report_fixed(count, 0);
    if (!(count < LM_BOOTSTRAP_LEAST))
        return report_say(report, TEXT_NO_INTERVAL_CLAUSE, comparison->label);
    return report_say(report, is_one ? TEXT_TOO_FEW_ONE : TEXT_TOO_FEW, number.text,
                      report_say(report, is_text  ? is_one ? TEXT_DOCUMENT : TEXT_DOCUMENTS
                                         : is_one ? TEXT_EXAMPLE
                                                  : TEXT_EXAMPLES),
                      comparison->label);
}

/* How many bits fewer or more than the bigram. */
static const char *bigram_clause(const struct report *report,
                                 const struct report_comparison *comparison)
{
    struct lm_num share = report_share(report, fabs(comparison->diff / comparison->baseline), 1);
    if (isnan(comparison->baseline) || !(comparison->baseline > 0))
        return "";
    if (comparison->standing == REPORT_NOT_COMPARED)
        return not_compared(report, comparison, report->summary.split, "documents");
    if (comparison->standing == REPORT_NO_DIFFERENCE)
        return report_say(report, TEXT_NO_DIFFERENCE_CLAUSE, comparison->label);
    return report_say(report,
                      comparison->standing == REPORT_BETTER ? TEXT_FEWER_CLAUSE : TEXT_MORE_CLAUSE,
                      share.text, comparison->label);
}

/* A model that is not better than what needs no training is worth a sentence. Without an interval
 * only what was measured is said. */
static const struct {
    enum report_standing standing;
    enum report_text text, joint;
} warnings[] = {
    {REPORT_WORSE, TEXT_WORSE_THAN, TEXT_AND},
    {REPORT_NO_DIFFERENCE, TEXT_NO_DIFFERENCE_FROM, TEXT_AND},
    {REPORT_NOT_COMPARED, TEXT_NO_BETTER_THAN, TEXT_OR},
};

static bool is_warned(const struct report_comparison *comparison, enum report_standing standing)
{
    bool has_clause = strcmp(comparison->key, "bigram") == 0;
    if (isnan(comparison->baseline) || comparison->standing != standing)
        return false;
    if (standing != REPORT_NOT_COMPARED)
        return !has_clause;
    return comparison->value >= comparison->baseline;
}

/* One sentence for all baselines that stand alike; nothing when there is none. */
static const char *warning(const struct report *report, size_t kind)
{
    const struct report_summary *summary = &report->summary;
    const char *list = "";
    for (size_t i = 0; i < summary->comparison_count; i++) {
        const struct report_comparison *comparison = &summary->comparisons[i];
        struct lm_num value = report_fixed(comparison->baseline, 3);
        if (!is_warned(comparison, warnings[kind].standing))
            continue;
        const char *one = report_say(report, TEXT_WITH_VALUE, comparison->label, value.text);
        list = list[0] != '\0' ? report_say(report, warnings[kind].joint, list, one) : one;
    }
    return list[0] != '\0' ? report_say(report, warnings[kind].text, list) : "";
}

static const char *text_sentences(struct report *report)
{
    static const struct {
        const char *key;
        enum report_text label;
    } baselines[REPORT_COMPARISONS] = {
        {"bigram", TEXT_A_BIGRAM}, {"unigram", TEXT_A_UNIGRAM}, {"untrained", TEXT_AN_UNTRAINED}};
    struct report_summary *summary = &report->summary;
    struct lm_num bpb = report_fixed(report_score(report, summary->split, "bpb"), 3);
    for (size_t i = 0; i < REPORT_COMPARISONS; i++)
        summary->comparisons[i] =
            report_compare(report, summary->split, "bpb", baselines[i].key, ".bpb",
                           report_say(report, baselines[i].label), true);
    summary->comparison_count = REPORT_COMPARISONS;
    const char *text =
        report_say(report, TEXT_NEEDS, bpb.text, split_text(report, summary->split, TEXT_TEXT),
                   bigram_clause(report, &summary->comparisons[0]));
    for (size_t kind = 0; kind < sizeof warnings / sizeof warnings[0]; kind++)
        text = report_join(report, text, warning(report, kind));
    return text;
}

/* ---- examples ---- */

/* " (95 % confidence interval 0.2–0.4)"; nothing when the scores have none. */
static const char *interval(const struct report *report, const struct report_metric *metric)
{
    double low = report_metric_end(report, report->summary.split, metric, "lo");
    double high = report_metric_end(report, report->summary.split, metric, "hi");
    if (isnan(low) || isnan(high))
        return "";
    return report_say(report, TEXT_INTERVAL_CLAUSE,
                      report_range(report, report_metric_text(report, metric, low),
                                   report_metric_text(report, metric, high)));
}

static const char *baseline_clause(const struct report *report,
                                   const struct report_objective *objective,
                                   const struct report_comparison *comparison)
{
    static const enum report_text clauses[REPORT_STANDINGS] = {[REPORT_BETTER] = TEXT_ABOVE_CLAUSE,
                                                               [REPORT_WORSE] = TEXT_BELOW_CLAUSE,
                                                               [REPORT_NO_DIFFERENCE] =
                                                                   TEXT_NO_DIFFERENCE_CLAUSE};
    struct lm_num value = report_metric_text(report, &objective->baseline, comparison->baseline);
    if (isnan(comparison->baseline))
        return "";
    if (comparison->standing == REPORT_NOT_COMPARED)
        return not_compared(report, comparison, report->summary.split, "examples");
    return report_say(report, clauses[comparison->standing],
                      report_say(report, TEXT_WITH_VALUE, comparison->label, value.text));
}

static const char *objective_sentences(struct report *report,
                                       const struct report_objective *objective)
{
    struct report_summary *summary = &report->summary;
    const struct report_metric *metric = &objective->headline;
    double value = report_score(report, summary->split, metric->key);
    double count = report_score(report, summary->split, "examples");
    struct lm_num number = report_fixed(count, 0);
    struct lm_num text = report_metric_text(report, metric, value);
    const char *where =
        split_text(report, summary->split, count == 1 ? TEXT_EXAMPLE : TEXT_EXAMPLES);
    if (!isnan(count))
        where = report_say(report, TEXT_COUNTED, number.text, where);
    if (isnan(value))
        return report_say(report, TEXT_UNDEFINED, report_say(report, metric->label), where,
                          report_say(report, objective->undefined));
    summary->comparisons[0] =
        report_compare(report, summary->split, metric->key, objective->baseline.key, "",
                       report_say(report, objective->baseline.label), false);
    summary->comparison_count = 1;
    const char *clauses =
        lm_arena_printf(report->arena, "%s%s", interval(report, metric),
                        baseline_clause(report, objective, &summary->comparisons[0]));
    return report_say(report, objective->result, text.text, where, clauses != NULL ? clauses : "");
}

/* ---- data ---- */

#define LOUD 0.01 /* share of bytes that were replaced: more are said first */

/* The text, or the worst of its sources, when bytes were not of its encoding. */
static const char *data_sentence(const struct report *report)
{
    const struct lm_json *sources = lm_json_get(report->card, "sources");
    double worst =
        lm_json_double(lm_json_get(lm_json_get(report->card, "in"), "replaced_share"), 0);
    const char *name = NULL;
    for (size_t i = 0; i < lm_json_count(sources) && !(worst > LOUD); i++) {
        const struct lm_json *source = lm_json_at(sources, i);
        double share = lm_json_double(lm_json_get(source, "replaced_share"), 0);
        if (share > LOUD)
            name = lm_json_string(lm_json_get(source, "name"), NULL);
        worst = share > worst ? share : worst;
    }
    struct lm_num share = report_share(report, worst, 1);
    if (!(worst > LOUD))
        return "";
    return name != NULL ? report_say(report, TEXT_REPLACED_OF_SOURCE, share.text, name)
                        : report_say(report, TEXT_REPLACED, share.text);
}

/* ---- gates ---- */

static const char *counted_gates(const struct report *report, enum report_text one,
                                 enum report_text many, enum report_text all_one, size_t part)
{
    size_t all = report->gate_count;
    struct lm_num number = report_fixed((double)part, 0), total = report_fixed((double)all, 0);
    enum report_text text = all == 1 ? all_one : part == 1 ? one : many;
    return report_say(report, text, number.text, total.text);
}

static const char *gates_sentence(const struct report *report)
{
    size_t counts[REPORT_OUTCOMES] = {0}, all = report->gate_count;
    for (size_t i = 0; i < all; i++)
        counts[report->gates[i].outcome]++;
    if (all == 0)
        return "";
    if (counts[REPORT_FAIL] > 0)
        return counted_gates(report, TEXT_GATE_FAILS, TEXT_GATES_FAIL, TEXT_THE_GATE_FAILS,
                             counts[REPORT_FAIL]);
    if (counts[REPORT_UNDECIDED] > 0)
        return counted_gates(report, TEXT_GATE_UNDECIDED, TEXT_GATES_UNDECIDED,
                             TEXT_THE_GATE_UNDECIDED, counts[REPORT_UNDECIDED]);
    if (counts[REPORT_PASS] == 0)
        return report_say(report, all == 1 ? TEXT_THE_GATE_SKIPPED : TEXT_GATES_SKIPPED);
    if (counts[REPORT_SKIPPED] > 0)
        return counted_gates(report, TEXT_GATE_PASSES_REST, TEXT_GATES_PASS_REST, TEXT_GATES_PASS,
                             counts[REPORT_PASS]);
    return counted_gates(report, TEXT_GATES_PASS, TEXT_GATES_PASS, TEXT_THE_GATE_PASSES, all);
}

/* ---- all of it ---- */

/* Of the run's table: in English, whatever the page is in. */
static void write_headline(struct report *report, const struct report_objective *objective)
{
    struct report_summary *summary = &report->summary;
    double bpb = report_score(report, summary->split, "bpb");
    struct lm_num number = lm_num_fixed(bpb, 2);
    size_t tasks;
    const struct report_task *task = report_tasks_list(report, &tasks);
    if (isnan(bpb) && objective == NULL && task != NULL) {
        number = report_metric_text(report, &task->metric, task->value);
        summary->headline =
            lm_arena_printf(report->arena, "%s %s %s", task->name, task->metric.key, number.text);
        return;
    }
    if (!isnan(bpb) || objective == NULL) {
        summary->headline =
            isnan(bpb) ? "no bits per byte"
                       : lm_arena_printf(report->arena, "%s %s bpb", summary->split, number.text);
        return;
    }
    double value = report_score(report, summary->split, objective->headline.key);
    struct lm_num text = report_metric_text(report, &objective->headline, value);
    summary->headline =
        lm_arena_printf(report->arena, "%s %s %s", summary->split, objective->headline.key,
                        isnan(value) ? "undefined" : text.text);
}

enum lm_status report_summary_write(struct report *report, struct lm_err *err)
{
    struct report_summary *summary = &report->summary;
    const struct report_objective *objective = report_objective_of(report);
    bool has_text = !isnan(report_score(report, report->split, "bpb"));
    bool has_diverged = lm_json_int(lm_json_get(report->scores, "diverged"), 0) == 1;
    summary->split = has_text || objective == NULL ? report->split : report->examples_split;
    const char *tasks = report_tasks_sentences(report);
    if (has_text)
        summary->text = text_sentences(report);
    else if (objective != NULL)
        summary->text = objective_sentences(report, objective);
    else if (tasks[0] != '\0')
        summary->text = tasks;
    else
        summary->text = report_say(report, has_diverged ? TEXT_DIVERGED : TEXT_NO_BITS);
    summary->data = data_sentence(report);
    summary->text = report_join(report, summary->text, summary->data);
    summary->text = report_join(report, summary->text, gates_sentence(report));
    write_headline(report, objective);
    if (*report->lacks_memory || summary->headline == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the summary; free some and run again");
    return LM_OK;
}
