#include <math.h>
#include <string.h>

#include "page/numtext.h"

#include "report_input.h"

const char *const report_outcome_words[REPORT_OUTCOMES] = {"pass", "fail", "undecided"};
const char *const report_outcome_classes[REPORT_OUTCOMES] = {"pass", "fail", "und"};

/* Last value of a key of the training log ("loss", "valid_loss", …), NaN when there is none. */
static double last_of_log(const struct report *report, const char *key)
{
    for (size_t i = report->log_lines.count; i-- > 0;) {
        double value = lm_json_double(lm_json_get(report->log_lines.items[i], key), (double)NAN);
        if (!isnan(value))
            return value;
    }
    return (double)NAN;
}

/* Figure "METHOD.NAME" of the samples. */
static double figure_of_samples(const struct report *report, const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && i < report->samples.count; i++) {
        const struct lm_json *line = report->samples.items[i];
        const char *kind = lm_json_string(lm_json_get(line, "kind"), NULL);
        const char *of = lm_json_string(lm_json_get(line, "of"), NULL);
        if (kind == NULL || strcmp(kind, "figures") != 0 || of == NULL)
            continue;
        if (strlen(of) == (size_t)(dot - name) && memcmp(of, name, strlen(of)) == 0)
            return lm_json_double(lm_json_get(line, dot + 1), (double)NAN);
    }
    return (double)NAN;
}

/* "tokens" and "merges" of the vocabulary, "SPLIT.NAME", "held_out.NAME" of the tokenizer card. */
static double figure_of_tokenizer(const struct report *report, const char *name)
{
    const struct lm_json *card = report->tokenizer, *splits = lm_json_get(card, "splits");
    const char *dot = strchr(name, '.'), *key = dot != NULL ? dot + 1 : name;
    const struct lm_json *parts[] = {lm_json_get(card, "vocabulary"), lm_json_get(splits, "train"),
                                     lm_json_get(splits, "valid"), lm_json_get(splits, "test"),
                                     lm_json_get(card, "held_out")};
    static const char *const names[] = {"", "train", "valid", "test", "held_out"};
    size_t length = dot != NULL ? (size_t)(dot - name) : 0;
    if (dot == NULL && strcmp(key, "tokens") == 0)
        key = "size";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0)
            return lm_json_double(lm_json_get(parts[i], key), (double)NAN);
    return (double)NAN;
}

/* Value of STAGE.NAME from the artifact of STAGE this report was given. */
static double metric_value(const struct report *report, const char *metric)
{
    const char *dot = strchr(metric, '.');
    char id[128];
    if (dot == NULL || (size_t)(dot - metric) >= sizeof id)
        return (double)NAN;
    memcpy(id, metric, (size_t)(dot - metric));
    id[dot - metric] = '\0';
    const char *type = report_stage_type(report, id);
    if (type != NULL && strcmp(type, "train") == 0)
        return last_of_log(report, dot + 1);
    if (type != NULL && strcmp(type, "sample") == 0)
        return figure_of_samples(report, dot + 1);
    if (type != NULL && strcmp(type, "bpe") == 0)
        return figure_of_tokenizer(report, dot + 1);
    return lm_json_double(lm_json_get(report->scores, dot + 1), (double)NAN);
}

/* "2.11 is above 2.05", "1.98 is at most 2.05", "0.5 is between 0 and 1". */
static const char *comparison_text(struct lm_arena *arena, const struct report_gate *gate)
{
    struct lm_num value = lm_num_short(gate->value, 5), low = lm_num_short(gate->min, 5),
                  high = lm_num_short(gate->max, 5);
    if (gate->value < gate->min)
        return lm_arena_printf(arena, "%s is below %s", value.text, low.text);
    if (gate->value > gate->max)
        return lm_arena_printf(arena, "%s is above %s", value.text, high.text);
    if (isnan(gate->min))
        return lm_arena_printf(arena, "%s is at most %s", value.text, high.text);
    if (isnan(gate->max))
        return lm_arena_printf(arena, "%s is at least %s", value.text, low.text);
    return lm_arena_printf(arena, "%s is between %s and %s", value.text, low.text, high.text);
}

/* Equality passes; anything that cannot be compared is undecided, never a pass. */
static void decide(struct report_gate *gate, struct lm_arena *arena)
{
    if (isnan(gate->min) && isnan(gate->max)) {
        gate->outcome = REPORT_UNDECIDED;
        gate->reason = "only bounds (min, max) are decided here; the run decides the others";
        return;
    }
    if (!isfinite(gate->value)) {
        gate->outcome = REPORT_UNDECIDED;
        gate->reason = "the metric is not among this report's inputs";
        return;
    }
    bool is_outside = !(gate->value <= gate->max || isnan(gate->max)) ||
                      !(gate->value >= gate->min || isnan(gate->min));
    gate->outcome = is_outside ? REPORT_FAIL : REPORT_PASS;
    gate->reason = comparison_text(arena, gate);
}

enum lm_status report_gates_decide(struct report *report, struct lm_err *err)
{
    const struct lm_json *list = lm_json_get(report->experiment, "gates");
    report->gate_count = lm_json_count(list);
    report->gates = LM_NEW_ARRAY(report->arena, struct report_gate, report->gate_count + 1);
    if (report->gates == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the gates; free some and run again");
    for (size_t i = 0; i < report->gate_count; i++) {
        struct report_gate *gate = &report->gates[i];
        const struct lm_json *row = lm_json_at(list, i);
        const char *metric = lm_json_string(lm_json_get(row, "metric"), NULL);
        gate->metric = metric != NULL ? metric : "(no metric)";
        gate->min = lm_json_double(lm_json_get(row, "min"), (double)NAN);
        gate->max = lm_json_double(lm_json_get(row, "max"), (double)NAN);
        gate->value = metric_value(report, gate->metric);
        decide(gate, report->arena);
        if (gate->reason == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for the gates; free some and run again");
    }
    return LM_OK;
}
