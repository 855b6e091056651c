/* Gates as the run has decided them: a report shows them and decides nothing. */
#include <math.h>
#include <string.h>

#include "report_input.h"
#include "report_text.h"

const char *const report_outcome_names[REPORT_OUTCOMES] = {"pass", "fail", "undecided", "skipped"};
const char *const report_outcome_classes[REPORT_OUTCOMES] = {"pass", "fail", "und", "und"};

const char *report_outcome_text(const struct report *report, enum report_outcome outcome)
{
    static const enum report_text texts[REPORT_OUTCOMES] = {TEXT_PASS, TEXT_FAIL, TEXT_UNDECIDED,
                                                            TEXT_SKIPPED};

    return report_say(report, texts[outcome]);
}

/* The outcome of a verdict's word; LM_FORMAT when it is none. */
static enum lm_status read_outcome(struct report_gate *gate, const char *word, struct lm_err *err)
{
    for (size_t i = 0; word != NULL && i < REPORT_OUTCOMES; i++)
        if (strcmp(word, report_outcome_names[i]) == 0) {
            gate->outcome = (enum report_outcome)i;
            return LM_OK;
        }
    return lm_fail(err, LM_FORMAT, "the verdict of gate %s is not understood; run again",
                   gate->name);
}

static const char *text_of(const struct lm_json *row, const char *key)
{
    const char *text = lm_json_string(lm_json_get(row, key), NULL);
    return text != NULL ? text : "";
}

/* "scores.valid.bpb worse by at most 1 % than the baseline" in the report's language. */
static const char *title_of(const struct report *report, const struct report_gate *gate,
                            const struct lm_json *row)
{
    double margin = lm_json_double(lm_json_get(row, "margin"), (double)NAN);
    if (isnan(margin) || report->language == REPORT_EN)
        return gate->name;
    struct lm_num number = lm_json_bool(lm_json_get(row, "relative"), false)
                               ? report_share(report, margin, 4)
                               : lm_num_short(margin, 4);
    return report_say(report, TEXT_GATE_WORSE, gate->metric, number.text);
}

static enum lm_status read_gate(struct report *report, struct report_gate *gate,
                                const struct lm_json *row, struct lm_err *err)
{
    struct lm_reason why;
    gate->name = text_of(row, "name");
    gate->metric = text_of(row, "metric");
    gate->min = lm_json_double(lm_json_get(row, "min"), (double)NAN);
    gate->max = lm_json_double(lm_json_get(row, "max"), (double)NAN);
    gate->value = lm_json_double(lm_json_get(row, "value"), (double)NAN);
    gate->title = title_of(report, gate, row);
    LM_TRY(read_outcome(gate, lm_json_string(lm_json_get(row, "verdict"), NULL), err));
    if (!lm_reason_read(&why, report->arena, lm_json_get(row, "why")))
        return lm_fail(err, LM_FORMAT, "the reason of gate %s is not understood; run again",
                       gate->name);
    gate->reason = lm_reason_text(report->arena, &why);
    gate->told = report_reason(report, &why);
    return gate->reason != NULL ? LM_OK
                                : lm_fail(err, LM_NOMEM, "no memory for the gates; free some");
}

enum lm_status report_gates_read(struct report *report, struct lm_err *err)
{
    const struct lm_json *list = lm_json_get(report->experiment, "gates");
    report->gate_count = lm_json_count(list);
    report->gates = LM_NEW_ARRAY(report->arena, struct report_gate, report->gate_count + 1);
    if (report->gates == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the gates; free some and run again");
    for (size_t i = 0; i < report->gate_count; i++)
        LM_TRY(read_gate(report, &report->gates[i], lm_json_at(list, i), err));
    return LM_OK;
}
