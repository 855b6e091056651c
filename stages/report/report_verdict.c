#include <math.h>
#include <stdio.h>

#include "page/numtext.h"

#include "report_objective.h"

/* How the model stands to the bigram: only an interval that excludes it allows a claim. */
static const char *comparison(struct report *report)
{
    double bpb = report_score(report, report->split, "bpb");
    double bigram = report_score(report, report->split, "bigram.bpb");
    double low = report_score(report, report->split, "bpb.lo");
    double high = report_score(report, report->split, "bpb.hi");
    if (isnan(bigram) || !(bigram > 0))
        return "";
    struct lm_num share = lm_num_percent(fabs(bpb / bigram - 1), 1);
    if ((isnan(high) || high < bigram) && bpb < bigram)
        return lm_arena_printf(report->arena, ", %s fewer than a bigram", share.text);
    if ((isnan(low) || low > bigram) && bpb > bigram)
        return lm_arena_printf(report->arena, ", %s more than a bigram", share.text);
    return ", no difference shown from a bigram";
}

static const char *gates_clause(struct report *report)
{
    size_t counts[REPORT_OUTCOMES] = {0};
    for (size_t i = 0; i < report->gate_count; i++)
        counts[report->gates[i].outcome]++;
    if (report->gate_count == 0)
        return ".";
    if (counts[REPORT_FAIL] > 0) {
        return lm_arena_printf(report->arena, "; %zu of %zu gate%s fail%s.", counts[REPORT_FAIL],
                               report->gate_count, report->gate_count == 1 ? "" : "s",
                               counts[REPORT_FAIL] == 1 ? "s" : "");
    }
    if (counts[REPORT_UNDECIDED] > 0) {
        return lm_arena_printf(report->arena, "; %zu of %zu gate%s undecided.",
                               counts[REPORT_UNDECIDED], report->gate_count,
                               counts[REPORT_UNDECIDED] == 1 ? " is" : "s are");
    }
    return report->gate_count == 1
               ? "; its gate passes."
               : lm_arena_printf(report->arena, "; all %zu gates pass.", report->gate_count);
}

enum lm_status report_verdict_write(struct report *report, struct lm_err *err)
{
    double bpb = report_score(report, report->split, "bpb");
    const char *against = comparison(report), *gates = gates_clause(report);
    struct lm_num number = lm_num_fixed(bpb, 3);
    if (isnan(bpb) && report_objective_of(report) != NULL)
        report->verdict = report_objective_verdict(report);
    else if (isnan(bpb))
        report->verdict = "These scores hold no bits per byte";
    else
        report->verdict =
            lm_arena_printf(report->arena, "The model needs %s bits per byte on %s text%s",
                            number.text, "held-out", against != NULL ? against : "");
    if (report->verdict != NULL && gates != NULL)
        report->verdict = lm_arena_printf(report->arena, "%s%s", report->verdict, gates);
    if (report->verdict == NULL || against == NULL || gates == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the verdict; free some and run again");
    return LM_OK;
}
