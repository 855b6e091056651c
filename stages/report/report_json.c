#include <math.h>
#include <string.h>

#include "page/curve.h"
#include "report_changes.h"
#include "report_files.h"
#include "report_objective.h"
#include "report_page.h"
#include "report_settings.h"
#include "report_summary.h"

/* ---- copying a parsed value ---- */

static void put_value(struct lm_json_writer *writer, const struct lm_json *value);

static bool put_member(void *user, const char *key, const struct lm_json *value)
{
    lm_json_key(user, key);
    put_value(user, value);
    return true;
}

static void put_number(struct lm_json_writer *writer, const struct lm_json *value)
{
    double v = lm_json_double(value, 0);
    if (v == floor(v) && fabs(v) < 9e15)
        lm_json_put_int(writer, lm_json_int(value, (int64_t)v));
    else
        lm_json_put_double(writer, v);
}

static void put_value(struct lm_json_writer *writer, const struct lm_json *value)
{
    size_t size = 0;
    const char *text = lm_json_string(value, &size);
    if (text != NULL) {
        lm_json_put_bytes(writer, text, size);
    } else if (lm_json_is_number(value)) {
        put_number(writer, value);
    } else if (lm_json_is_object(value)) {
        lm_json_open(writer, '{');
        lm_json_each(value, put_member, writer);
        lm_json_close(writer, '}');
    } else if (lm_json_is_array(value)) {
        lm_json_open(writer, '[');
        for (size_t i = 0; i < lm_json_count(value); i++)
            put_value(writer, lm_json_at(value, i));
        lm_json_close(writer, ']');
    } else if (value == NULL || lm_json_is_null(value)) {
        lm_json_put_null(writer);
    } else {
        lm_json_put_bool(writer, lm_json_bool(value, false));
    }
}

/* ---- parts ---- */

static void put_summary(struct lm_json_writer *writer, const struct report *report)
{
    const struct report_summary *summary = &report->summary;
    lm_json_member_string(writer, "summary", summary->text);
    lm_json_member_string(writer, "split", summary->split);
    lm_json_key(writer, "comparisons");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < summary->comparison_count; i++) {
        const struct report_comparison *comparison = &summary->comparisons[i];
        lm_json_open(writer, '{');
        lm_json_member_string(writer, "baseline", comparison->key);
        lm_json_member_string(writer, "result", report_standing_names[comparison->standing]);
        lm_json_member_double(writer, "model", comparison->value);
        lm_json_member_double(writer, "value", comparison->baseline);
        lm_json_member_double(writer, "diff", comparison->diff);
        lm_json_member_double(writer, "lo", comparison->low);
        lm_json_member_double(writer, "hi", comparison->high);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

static void put_lineage(struct lm_json_writer *writer, const struct report *report)
{
    const struct report_lineage *lineage = &report->lineage;
    lm_json_key(writer, "model");
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "history", lineage->text);
    lm_json_key(writer, "began_from");
    if (lineage->init != NULL)
        lm_json_put_string(writer, lineage->init);
    else
        lm_json_put_null(writer);
    lm_json_member_bool(writer, "trained_on_card_alone", lineage->is_described);
    lm_json_member_bool(writer, "selected_on_valid", lineage->is_selected);
    lm_json_close(writer, '}');
}

static void put_inputs(struct lm_json_writer *writer, const struct report *report)
{
    lm_json_key(writer, "inputs");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < report->input_count; i++) {
        const struct report_digest *input = &report->inputs[i];
        lm_json_open(writer, '{');
        lm_json_member_string(writer, "port", input->port);
        if (input->file != NULL)
            lm_json_member_string(writer, "file", input->file);
        if (input->from != NULL)
            lm_json_member_string(writer, "from", input->from);
        lm_json_member_string(writer, "sha256", input->hex);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

/* The sources of a named mixture, where there was one. */
static void put_sources(struct lm_json_writer *writer, const struct report *report)
{
    static const char *const numbers[] = {"weight", "tokens", "epochs"};
    const struct lm_json *sources = report_training_sources(report);
    if (lm_json_count(sources) == 0)
        return;
    lm_json_key(writer, "sources");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < lm_json_count(sources); i++) {
        const struct lm_json *source = lm_json_at(sources, i);
        const char *name = lm_json_string(lm_json_get(source, "name"), NULL);
        lm_json_open(writer, '{');
        lm_json_member_string(writer, "name", name != NULL ? name : "");
        for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++)
            lm_json_member_double(writer, numbers[k],
                                  lm_json_double(lm_json_get(source, numbers[k]), (double)NAN));
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

static void put_settings(struct lm_json_writer *writer, const struct report *report)
{
    double tokens = report_training_tokens(report), flops = report_training_flops(report);
    double epoch = lm_json_double(lm_json_get(report->scores, "train.tokens"), (double)NAN);
    bool by_examples = report_objective_of(report) != NULL;
    lm_json_key(writer, "trained");
    lm_json_open(writer, '{');
    lm_json_member_double(writer, by_examples ? "examples" : "tokens", tokens);
    lm_json_member_double(writer, "epochs", by_examples ? (double)NAN : tokens / epoch);
    lm_json_member_double(writer, "flops", flops);
    put_sources(writer, report);
    lm_json_close(writer, '}');
}

static void put_gates(struct lm_json_writer *writer, const struct report *report)
{
    lm_json_key(writer, "gates");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < report->gate_count; i++) {
        const struct report_gate *gate = &report->gates[i];
        lm_json_open(writer, '{');
        lm_json_member_string(writer, "name", gate->name);
        lm_json_member_string(writer, "metric", gate->metric);
        lm_json_member_string(writer, "verdict", report_outcome_names[gate->outcome]);
        lm_json_member_double(writer, "value", gate->value);
        lm_json_member_double(writer, "min", gate->min);
        lm_json_member_double(writer, "max", gate->max);
        lm_json_member_string(writer, "why", gate->reason);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

static void put_column(struct lm_json_writer *writer, const char *key, const double *values,
                       size_t count)
{
    lm_json_key(writer, key);
    lm_json_open(writer, '[');
    for (size_t i = 0; i < count; i++)
        lm_json_put_double(writer, values[i]);
    lm_json_close(writer, ']');
}

static void put_series(struct lm_json_writer *writer, const struct report *report, const char *name,
                       const double *values)
{
    struct lm_curve series =
        lm_curve_cut(report->arena, report->log.step, values, report->log.count, LM_CURVE_MOST);
    lm_json_key(writer, name);
    lm_json_open(writer, '{');
    put_column(writer, "step", series.x, series.count);
    put_column(writer, "mean", series.mean, series.count);
    put_column(writer, "low", series.low, series.count);
    put_column(writer, "high", series.high, series.count);
    lm_json_close(writer, '}');
}

static void put_training(struct lm_json_writer *writer, const struct report *report)
{
    lm_json_key(writer, "training");
    lm_json_open(writer, '{');
    put_series(writer, report, "loss", report->log.loss);
    put_series(writer, report, "valid_loss", report->log.valid);
    put_series(writer, report, "lr", report->log.lr);
    put_series(writer, report, "grad_norm", report->log.norm);
    lm_json_close(writer, '}');
}

static void put_figures(struct lm_json_writer *writer, const struct report *report)
{
    lm_json_key(writer, "samples");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < report->samples.count; i++) {
        const struct lm_json *line = report->samples.items[i];
        const char *kind = lm_json_string(lm_json_get(line, "kind"), NULL);
        if (kind != NULL && strcmp(kind, "figures") == 0)
            put_value(writer, line);
    }
    lm_json_close(writer, ']');
}

void report_json_write(struct lm_buf *out, const struct report *report)
{
    struct lm_json_writer writer;
    lm_json_begin(&writer, out, true);
    lm_json_open(&writer, '{');
    lm_json_member_int(&writer, "lmpipe_report", 1);
    lm_json_member_string(&writer, "experiment", report->name);
    put_summary(&writer, report);
    put_lineage(&writer, report);
    put_settings(&writer, report);
    put_inputs(&writer, report);
    put_gates(&writer, report);
    if (report_has_changes(report)) {
        lm_json_key(&writer, "changes");
        report_json_changes(&writer, report);
    }
    lm_json_key(&writer, "scores");
    put_value(&writer, report->scores);
    if (report->objective != NULL) {
        lm_json_key(&writer, "objective");
        put_value(&writer, report->objective);
    }
    put_training(&writer, report);
    lm_json_key(&writer, "curves");
    put_value(&writer, report->curves);
    put_figures(&writer, report);
    lm_json_key(&writer, "card");
    put_value(&writer, report->card);
    lm_json_key(&writer, "tokenizer");
    put_value(&writer, report->tokenizer);
    lm_json_key(&writer, "stages");
    put_value(&writer, lm_json_get(report->experiment, "stages"));
    lm_json_close(&writer, '}');
    lm_buf_putc(out, '\n');
}
