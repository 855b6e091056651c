#include "report_summary.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "page/numtext.h"
#include "stats/bootstrap.h"

#include "report_input.h"
#include "report_objective.h"

const char *const report_standing_words[REPORT_STANDINGS] = {"better", "worse",
                                                             "no difference shown", "not compared"};

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

/* Appends to a text in the arena; a failure stays NULL. */
static const char *join(struct report *report, const char *text, const char *more)
{
    return text != NULL && more != NULL ? lm_arena_printf(report->arena, "%s%s", text, more) : NULL;
}

/* "test text", or validation text with what that means. */
static const char *split_text(const struct report *report, const char *split, const char *noun,
                              struct lm_arena *arena)
{
    bool is_test = strcmp(split, "test") == 0;
    const char *chosen = !is_test && report->lineage.is_selected
                             ? " (which also selected the weights: there is no test split)"
                             : "";
    return lm_arena_printf(arena, "%s %s%s", is_test ? "test" : "validation", noun, chosen);
}

/* Why nothing is said about a baseline that was measured. */
static const char *not_compared(struct report *report, const struct report_comparison *comparison,
                                const char *split, const char *items)
{
    double count = report_score(report, split, items);
    struct lm_num number = lm_num_fixed(count, 0);
    if (count < LM_BOOTSTRAP_LEAST)
        return lm_arena_printf(report->arena, ". %s %s %s too few to compare it with %s",
                               number.text, count == 1 ? "document" : items,
                               count == 1 ? "is" : "are", comparison->label);
    return lm_arena_printf(report->arena, ". Without a paired interval it is not compared with %s",
                           comparison->label);
}

/* How many bits fewer or more than the bigram. */
static const char *bigram_clause(struct report *report, const struct report_comparison *comparison)
{
    struct lm_num share = lm_num_percent(fabs(comparison->diff / comparison->baseline), 1);
    if (isnan(comparison->baseline) || !(comparison->baseline > 0))
        return "";
    if (comparison->standing == REPORT_NOT_COMPARED)
        return not_compared(report, comparison, report->summary.split, "documents");
    if (comparison->standing == REPORT_NO_DIFFERENCE)
        return lm_arena_printf(report->arena, "; no difference from %s is shown",
                               comparison->label);
    return lm_arena_printf(report->arena, ", %s %s than %s", share.text,
                           comparison->standing == REPORT_BETTER ? "fewer" : "more",
                           comparison->label);
}

/* A model that is not better than what needs no training is worth a sentence. Without an interval
 * only what was measured is said. */
static const struct {
    enum report_standing standing;
    const char *head, *joint, *tail;
} warnings[] = {
    {REPORT_WORSE, " It is worse than ", " and ", "."},
    {REPORT_NO_DIFFERENCE, " No difference from ", " and ", " is shown."},
    {REPORT_NOT_COMPARED, " On these documents it is no better than ", " or ", "."},
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
static const char *warning(struct report *report, size_t kind)
{
    const struct report_summary *summary = &report->summary;
    const char *text = "";
    for (size_t i = 0; i < summary->comparison_count && text != NULL; i++) {
        const struct report_comparison *comparison = &summary->comparisons[i];
        struct lm_num value = lm_num_fixed(comparison->baseline, 3);
        if (is_warned(comparison, warnings[kind].standing))
            text = lm_arena_printf(report->arena, "%s%s%s (%s)", text,
                                   text[0] != '\0' ? warnings[kind].joint : warnings[kind].head,
                                   comparison->label, value.text);
    }
    return text == NULL || text[0] == '\0' ? text : join(report, text, warnings[kind].tail);
}

static const char *text_sentences(struct report *report)
{
    static const struct {
        const char *key, *label;
    } baselines[REPORT_COMPARISONS] = {{"bigram", "a bigram model"},
                                       {"unigram", "a unigram model"},
                                       {"untrained", "an untrained model"}};
    struct report_summary *summary = &report->summary;
    struct lm_num bpb = lm_num_fixed(report_score(report, summary->split, "bpb"), 3);
    const char *where = split_text(report, summary->split, "text", report->arena);
    for (size_t i = 0; i < REPORT_COMPARISONS; i++)
        summary->comparisons[i] = report_compare(report, summary->split, "bpb", baselines[i].key,
                                                 ".bpb", baselines[i].label, true);
    summary->comparison_count = REPORT_COMPARISONS;
    const char *text =
        where != NULL ? lm_arena_printf(report->arena, "The model needs %s bits per byte on %s",
                                        bpb.text, where)
                      : NULL;
    text = join(report, text, bigram_clause(report, &summary->comparisons[0]));
    text = join(report, text, ".");
    for (size_t kind = 0; kind < sizeof warnings / sizeof warnings[0]; kind++)
        text = join(report, text, warning(report, kind));
    return text;
}

/* ---- examples ---- */

/* " (95 % confidence interval 0.2–0.4)"; nothing when the scores have none. */
static const char *interval(struct report *report, const struct report_metric *metric)
{
    double low = report_metric_end(report, report->summary.split, metric, "lo");
    double high = report_metric_end(report, report->summary.split, metric, "hi");
    struct lm_num from = report_metric_text(metric, low), to = report_metric_text(metric, high);
    if (isnan(low) || isnan(high))
        return "";
    return lm_arena_printf(report->arena, " (95\xc2\xa0%% confidence interval %s\xe2\x80\x93%s)",
                           from.text, to.text);
}

static const char *baseline_clause(struct report *report, const struct report_objective *objective,
                                   const struct report_comparison *comparison)
{
    static const char *const forms[REPORT_STANDINGS] = {
        [REPORT_BETTER] = ", above %s (%s)",
        [REPORT_WORSE] = ", below %s (%s)",
        [REPORT_NO_DIFFERENCE] = "; no difference from %s (%s) is shown"};
    struct lm_num value = report_metric_text(&objective->baseline, comparison->baseline);
    const char *form = forms[comparison->standing];
    if (isnan(comparison->baseline))
        return "";
    if (form == NULL)
        return not_compared(report, comparison, report->summary.split, "examples");
    const char *tail = strstr(form, "%s (%s)") + strlen("%s (%s)");
    return lm_arena_printf(report->arena, "%.*s%s (%s)%s", (int)strcspn(form, "%"), form,
                           comparison->label, value.text, tail);
}

static const char *objective_sentences(struct report *report,
                                       const struct report_objective *objective)
{
    struct report_summary *summary = &report->summary;
    const struct report_metric *metric = &objective->headline;
    double value = report_score(report, summary->split, metric->key);
    double count = report_score(report, summary->split, "examples");
    struct lm_num number = isnan(count) ? (struct lm_num){""} : lm_num_fixed(count, 0);
    struct lm_num text = report_metric_text(metric, value);
    const char *where =
        split_text(report, summary->split, count == 1 ? "example" : "examples", report->arena);
    const char *space = isnan(count) ? "" : " ";
    if (where == NULL)
        return NULL;
    if (isnan(value))
        return lm_arena_printf(report->arena, "%s on %s%s%s is not defined: %s.", metric->label,
                               number.text, space, where, objective->undefined);
    summary->comparisons[0] =
        report_compare(report, summary->split, metric->key, objective->baseline.key, "",
                       objective->baseline.label, false);
    summary->comparison_count = 1;
    const char *head = lm_arena_printf(report->arena, "%s %s %s %s%s%s", objective->lead, text.text,
                                       objective->tail, number.text, space, where);
    head = join(report, head, interval(report, metric));
    head = join(report, head, baseline_clause(report, objective, &summary->comparisons[0]));
    return join(report, head, ".");
}

/* ---- data ---- */

#define LOUD 0.01 /* share of bytes that were replaced: more are said first */

/* The text, or the worst of its sources, when bytes were not of its encoding. */
static const char *data_sentence(struct report *report)
{
    const struct lm_json *card = report->card, *sources = lm_json_get(card, "sources");
    double worst = lm_json_double(lm_json_get(lm_json_get(card, "in"), "replaced_share"), 0);
    const char *name = NULL;
    for (size_t i = 0; i < lm_json_count(sources) && !(worst > LOUD); i++) {
        const struct lm_json *source = lm_json_at(sources, i);
        double share = lm_json_double(lm_json_get(source, "replaced_share"), 0);
        if (share > LOUD)
            name = lm_json_string(lm_json_get(source, "name"), NULL);
        worst = share > worst ? share : worst;
    }
    struct lm_num share = lm_num_percent(worst, 1);
    if (!(worst > LOUD))
        return "";
    return lm_arena_printf(
        report->arena, " %s of the bytes of %s%s are not valid UTF-8 and were replaced.",
        share.text, name != NULL ? "source " : "its text", name != NULL ? name : "");
}

/* ---- gates ---- */

static const char *gates_sentence(struct report *report)
{
    size_t counts[REPORT_OUTCOMES] = {0}, all = report->gate_count;
    for (size_t i = 0; i < all; i++)
        counts[report->gates[i].outcome]++;
    if (all == 0)
        return "";
    if (counts[REPORT_FAIL] > 0)
        return lm_arena_printf(report->arena, " %zu of %zu gate%s fail%s.", counts[REPORT_FAIL],
                               all, all == 1 ? "" : "s", counts[REPORT_FAIL] == 1 ? "s" : "");
    if (counts[REPORT_UNDECIDED] > 0)
        return lm_arena_printf(report->arena, " %zu of %zu gate%s %s undecided.",
                               counts[REPORT_UNDECIDED], all, all == 1 ? "" : "s",
                               counts[REPORT_UNDECIDED] == 1 ? "is" : "are");
    if (counts[REPORT_PASS] == 0)
        return all == 1 ? " Its gate was skipped." : " All gates were skipped.";
    if (counts[REPORT_SKIPPED] > 0)
        return lm_arena_printf(report->arena, " %zu of %zu gates pass%s, the rest was skipped.",
                               counts[REPORT_PASS], all, counts[REPORT_PASS] == 1 ? "es" : "");
    return all == 1 ? " Its gate passes."
                    : lm_arena_printf(report->arena, " All %zu gates pass.", all);
}

/* ---- all of it ---- */

static void write_headline(struct report *report, const struct report_objective *objective)
{
    struct report_summary *summary = &report->summary;
    double bpb = report_score(report, summary->split, "bpb");
    struct lm_num number = lm_num_fixed(bpb, 2);
    if (!isnan(bpb) || objective == NULL) {
        summary->headline =
            isnan(bpb) ? "no bits per byte"
                       : lm_arena_printf(report->arena, "%s %s bpb", summary->split, number.text);
        return;
    }
    double value = report_score(report, summary->split, objective->headline.key);
    struct lm_num text = report_metric_text(&objective->headline, value);
    summary->headline =
        lm_arena_printf(report->arena, "%s %s %s", summary->split, objective->headline.key,
                        isnan(value) ? "undefined" : text.text);
}

enum lm_status report_summary_write(struct report *report, struct lm_err *err)
{
    struct report_summary *summary = &report->summary;
    const struct report_objective *objective = report_objective_of(report);
    bool has_text = !isnan(report_score(report, report->split, "bpb"));
    summary->split = has_text || objective == NULL ? report->split : report->examples_split;
    if (has_text)
        summary->text = text_sentences(report);
    else if (objective != NULL)
        summary->text = objective_sentences(report, objective);
    else
        summary->text = lm_json_int(lm_json_get(report->scores, "diverged"), 0) == 1
                            ? "Training diverged, and this model has no finite bits per byte."
                            : "These scores hold no bits per byte.";
    summary->data = data_sentence(report);
    summary->text = join(report, summary->text, summary->data);
    summary->text = join(report, summary->text, gates_sentence(report));
    write_headline(report, objective);
    if (summary->text == NULL || summary->headline == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the summary; free some and run again");
    return LM_OK;
}
