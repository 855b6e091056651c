#include <math.h>

#include "page/html.h"
#include "page/numtext.h"

#include "report_objective.h"
#include "report_page.h"

/* ---- model ---- */

static const struct {
    const char *key;
    enum report_text label;
} model_rows[] = {
    {"model.parameters", TEXT_PARAMETERS},
    {"model.layers", TEXT_LAYERS},
    {"model.heads", TEXT_HEADS},
    {"model.width", TEXT_WIDTH},
    {"model.context", TEXT_CONTEXT},
    {"model.vocab", TEXT_VOCABULARY},
    {"train.tokens", TEXT_TRAINING_TOKENS},
    {"train.bytes", TEXT_TRAINING_BYTES},
    {"train.documents", TEXT_TRAINING_DOCUMENTS},
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
        lm_html_printf(out, "<p>%s</p>\n", report_say(report, TEXT_CONTINUES_TEXT));
}

void report_page_model(struct lm_buf *out, const struct report *report)
{
    const struct report_log *log = &report->log;
    bool by_examples = report_objective_of(report) != NULL;
    const char *differs = lm_json_string(lm_json_get(report->scores, "model.beyond_gpt2"), NULL);
    report_section(out, report, "model", TEXT_MODEL,
                   differs != NULL ? TEXT_MODEL_NOTE_OTHER : TEXT_MODEL_NOTE);
    lm_buf_puts(out, "<table class=\"facts\"><tbody>\n");
    for (size_t i = 0; i < sizeof model_rows / sizeof model_rows[0]; i++) {
        const struct lm_json *value = lm_json_get(report->scores, model_rows[i].key);
        struct lm_num text = lm_num_count(lm_json_int(value, 0));
        if (value != NULL)
            report_fact_write(out, report_say(report, model_rows[i].label), text.text);
    }
    if (differs != NULL)
        report_fact_write(out, report_say(report, TEXT_BEYOND_GPT2), differs);
    if (report->lineage.init != NULL)
        report_fact_write(out, report_say(report, TEXT_BEGAN_FROM), report->lineage.init);
    if (report->lineage.data != NULL && report->lineage.data[0] != '\0')
        report_fact_write(out, report_say(report, TEXT_TRAINED_ON), report->lineage.data);
    if (log->count > 0 && isfinite(log->tokens[log->count - 1])) {
        struct lm_num seen = lm_num_fixed(log->tokens[log->count - 1], 0);
        struct lm_num steps = lm_num_fixed(log->step[log->count - 1], 0);
        report_fact_write(out, report_say(report, TEXT_STEPS), steps.text);
        report_fact_write(out,
                          report_say(report, by_examples ? TEXT_EXAMPLES_SEEN : TEXT_TOKENS_SEEN),
                          seen.text);
    }
    lm_buf_puts(out, "</tbody></table>\n");
    put_card(out, report);
    report_section_end(out);
}

/* ---- provenance ---- */

bool report_has_provenance(const struct report *report)
{
    return report->input_count > 0;
}

/* What the page was made of, by content. */
static void put_digests(struct lm_buf *out, const struct report *report)
{
    static const struct report_column columns[] = {{TEXT_INPUT}, {TEXT_MADE_BY}, {TEXT_SHA256}};
    report_table(out, report, report_say(report, TEXT_INPUTS), columns, 3);
    for (size_t i = 0; i < report->input_count; i++) {
        const struct report_digest *input = &report->inputs[i];
        bool has_file = input->file != NULL;
        lm_html_printf(out,
                       "<tr><th scope=\"row\"><code>%s%s%s</code></th><td><code>%s</code></td>"
                       "<td><code>%s</code></td></tr>\n",
                       input->port, has_file ? "/" : "", has_file ? input->file : "",
                       input->from != NULL ? input->from : "\xe2\x80\x93", input->hex);
    }
    report_table_end(out);
}

/* What goes on behind a walk over members. */
struct walk {
    struct lm_buf *out;
    const struct report *report;
};

static bool put_stage(void *user, const char *key, const struct lm_json *value)
{
    const struct walk *walk = user;
    const char *uses = lm_json_string(lm_json_get(value, "uses"), NULL);
    const struct lm_json *seed = lm_json_get(value, "seed");
    const char *text = uses != NULL ? uses : "";
    if (seed != NULL)
        text = report_say(walk->report, TEXT_WITH_SEED, text, report_exact_text(seed).text);
    lm_html_printf(walk->out, "<details><summary><code>%s</code> %s</summary>", key, text);
    report_parameters_write(walk->out, walk->report, lm_json_get(value, "params"));
    lm_buf_puts(walk->out, "</details>\n");
    return true;
}

void report_page_provenance(struct lm_buf *out, const struct report *report)
{
    struct walk walk = {out, report};
    report_section(out, report, "provenance", TEXT_PROVENANCE, TEXT_PROVENANCE_NOTE);
    put_digests(out, report);
    lm_json_each(lm_json_get(report->experiment, "stages"), put_stage, &walk);
    report_section_end(out);
}
