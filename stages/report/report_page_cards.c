#include <math.h>

#include "page/html.h"
#include "page/numtext.h"

#include "report_objective.h"
#include "report_page.h"

void report_fact_write(struct lm_buf *out, const char *label, const char *value)
{
    lm_html_printf(out, "<tr><th scope=\"row\">%s</th><td>%s</td></tr>\n", label, value);
}

/* ---- model ---- */

static const struct {
    const char *key, *label;
} model_rows[] = {
    {"model.parameters", "Parameters"},
    {"model.layers", "Layers"},
    {"model.heads", "Heads"},
    {"model.width", "Width"},
    {"model.context", "Context, tokens"},
    {"model.vocab", "Vocabulary"},
    {"train.tokens", "Training tokens"},
    {"train.bytes", "Bytes of training text"},
    {"train.documents", "Training documents"},
};

bool report_has_model(const struct report *report)
{
    return lm_json_get(report->scores, "model.parameters") != NULL;
}

/* Where it comes from, and what a language model is not. */
static void put_card(struct lm_buf *out, const struct report *report)
{
    lm_html_printf(out, "<p>%s</p>\n", report->lineage.text);
    if (report_objective_of(report) == NULL)
        lm_buf_puts(out, "<p>It continues text; it does not answer questions, and what it writes "
                         "is not fact.</p>\n");
}

void report_page_model(struct lm_buf *out, const struct report *report)
{
    const struct report_log *log = &report->log;
    bool by_examples = report_objective_of(report) != NULL;
    const char *differs = lm_json_string(lm_json_get(report->scores, "model.beyond_gpt2"), NULL);
    lm_html_section(out, "model", "Model",
                    differs != NULL
                        ? "A decoder-only transformer, pre-norm, that is not GPT-2's in all."
                        : "A decoder-only transformer after GPT-2: pre-norm, GELU, learned "
                          "positions, tied output.");
    lm_buf_puts(out, "<table class=\"facts\"><tbody>\n");
    for (size_t i = 0; i < sizeof model_rows / sizeof model_rows[0]; i++) {
        const struct lm_json *value = lm_json_get(report->scores, model_rows[i].key);
        struct lm_num text = lm_num_count(lm_json_int(value, 0));
        if (value != NULL)
            report_fact_write(out, model_rows[i].label, text.text);
    }
    if (differs != NULL)
        report_fact_write(out, "Beyond GPT-2", differs);
    if (report->lineage.init != NULL)
        report_fact_write(out, "Began from", report->lineage.init);
    if (report->lineage.data != NULL && report->lineage.data[0] != '\0')
        report_fact_write(out, "Trained on", report->lineage.data);
    if (log->count > 0 && isfinite(log->tokens[log->count - 1])) {
        struct lm_num seen = lm_num_fixed(log->tokens[log->count - 1], 0);
        struct lm_num steps = lm_num_fixed(log->step[log->count - 1], 0);
        report_fact_write(out, "Steps", steps.text);
        report_fact_write(
            out, by_examples ? "Examples seen in training" : "Tokens seen in training", seen.text);
    }
    lm_buf_puts(out, "</tbody></table>\n");
    put_card(out, report);
    lm_html_section_end(out);
}

/* ---- provenance ---- */

bool report_has_provenance(const struct report *report)
{
    return lm_json_count(lm_json_get(report->experiment, "stages")) > 0;
}

static bool put_stage(void *user, const char *key, const struct lm_json *value)
{
    struct lm_buf *out = user;
    const char *uses = lm_json_string(lm_json_get(value, "uses"), NULL);
    const struct lm_json *params = lm_json_get(value, "params");
    const struct lm_json *seed = lm_json_get(value, "seed");
    lm_html_printf(out, "<details><summary><code>%s</code> %s", key, uses != NULL ? uses : "");
    if (seed != NULL)
        lm_html_printf(out, ", seed %s", report_exact_text(seed).text);
    lm_buf_puts(out, "</summary>");
    report_parameters_write(out, params);
    lm_buf_puts(out, "</details>\n");
    return true;
}

void report_page_provenance(struct lm_buf *out, const struct report *report)
{
    lm_html_section(out, "provenance", "Provenance",
                    "Every parameter of every stage, defaults included. Equal parameters and "
                    "inputs give this page again, byte for byte.");
    lm_json_each(lm_json_get(report->experiment, "stages"), put_stage, out);
    lm_html_section_end(out);
}
