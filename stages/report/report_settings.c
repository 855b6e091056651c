#include "report_settings.h"

#include <math.h>
#include <string.h>

#include "page/html.h"

#include "report_input.h"
#include "report_objective.h"
#include "report_page.h"

/* Parameters in the order of the list; those at `usual` say nothing and are left out, and so are
 * those of which the scores have what they came to (`score`). */
static const struct {
    const char *name;
    enum report_text label;
    const char *usual, *score;
    enum report_settings_group group;
} rows[] = {
    {"preset", TEXT_PRESET, "", NULL, REPORT_ARCHITECTURE},
    {"layers", TEXT_LAYERS, NULL, "model.layers", REPORT_ARCHITECTURE},
    {"heads", TEXT_HEADS, NULL, "model.heads", REPORT_ARCHITECTURE},
    {"width", TEXT_WIDTH, NULL, "model.width", REPORT_ARCHITECTURE},
    {"context", TEXT_CONTEXT, NULL, "model.context", REPORT_ARCHITECTURE},
    {NULL, TEXT_VOCABULARY, NULL, "model.vocab", REPORT_ARCHITECTURE},
    {NULL, TEXT_PARAMETERS, NULL, "model.parameters", REPORT_ARCHITECTURE},
    {NULL, TEXT_BEYOND_GPT2, NULL, "model.beyond_gpt2", REPORT_ARCHITECTURE},
    {"dropout", TEXT_DROPOUT, NULL, NULL, REPORT_ARCHITECTURE},
    {"precision", TEXT_PRECISION, NULL, NULL, REPORT_ARCHITECTURE},
    {"objective", TEXT_OBJECTIVE, "lm", NULL, REPORT_OPTIMIZATION},
    {"optimizer", TEXT_OPTIMIZER, NULL, NULL, REPORT_OPTIMIZATION},
    {"lr", TEXT_LEARNING_RATE, NULL, NULL, REPORT_OPTIMIZATION},
    {"adamw_lr", TEXT_ADAMW_RATE, "0", NULL, REPORT_OPTIMIZATION},
    {"min_lr", TEXT_FINAL_LEARNING_RATE, NULL, NULL, REPORT_OPTIMIZATION},
    {"momentum", TEXT_MOMENTUM, "0", NULL, REPORT_OPTIMIZATION},
    {"schedule", TEXT_SCHEDULE, NULL, NULL, REPORT_OPTIMIZATION},
    {"cooldown", TEXT_COOLDOWN, "0", NULL, REPORT_OPTIMIZATION},
    {"warmup", TEXT_WARM_UP, NULL, NULL, REPORT_OPTIMIZATION},
    {"steps", TEXT_STEPS, NULL, NULL, REPORT_OPTIMIZATION},
    {"batch", TEXT_BATCH, NULL, NULL, REPORT_OPTIMIZATION},
    {"accumulate", TEXT_ACCUMULATE, "1", NULL, REPORT_OPTIMIZATION},
    {"decay", TEXT_WEIGHT_DECAY, NULL, NULL, REPORT_OPTIMIZATION},
    {"clip", TEXT_CLIPPING, NULL, NULL, REPORT_OPTIMIZATION},
    {"ema", TEXT_EMA, "0", NULL, REPORT_OPTIMIZATION},
    {"label_smoothing", TEXT_LABEL_SMOOTHING, "0", NULL, REPORT_OPTIMIZATION},
    {"frozen_layers", TEXT_FROZEN_LAYERS, "0", NULL, REPORT_OPTIMIZATION},
    {"keep", TEXT_WEIGHTS_KEPT, NULL, NULL, REPORT_OPTIMIZATION},
};

static const char *value_text(const struct report *report, const struct lm_json *value)
{
    const char *text = lm_json_string(value, NULL);
    if (text != NULL || !lm_json_is_number(value))
        return text;
    return report_number(report, report_exact_text(value));
}

/* What a row's parameter came to, else what was typed; a count that nobody types is grouped. */
static const char *row_text(const struct report *report, const struct lm_json *params, size_t row)
{
    const struct lm_json *score =
        rows[row].score != NULL ? lm_json_get(report->scores, rows[row].score) : NULL;
    if (score != NULL && rows[row].name == NULL && lm_json_is_number(score))
        return report_number(report, lm_num_count(lm_json_int(score, 0)));
    if (score != NULL)
        return value_text(report, score);
    return rows[row].name != NULL ? value_text(report, lm_json_get(params, rows[row].name)) : NULL;
}

/* ---- what follows from several ---- */

double report_training_tokens(const struct report *report)
{
    const struct report_log *log = &report->log;
    for (size_t i = log->count; i-- > 0;)
        if (isfinite(log->tokens[i]))
            return log->tokens[i];
    return (double)NAN;
}

static double score_of(const struct report *report, const char *name)
{
    return lm_json_double(lm_json_get(report->scores, name), (double)NAN);
}

double report_training_flops(const struct report *report)
{
    double attention = 12 * score_of(report, "model.layers") * score_of(report, "model.width") *
                       score_of(report, "model.context");
    bool by_examples = report_objective_of(report) != NULL;
    return by_examples ? (double)NAN
                       : (6 * score_of(report, "model.parameters") + attention) *
                             report_training_tokens(report);
}

static void add(struct report_setting out[REPORT_SETTINGS], size_t *count,
                struct report_setting setting)
{
    if (*count < REPORT_SETTINGS && setting.value != NULL)
        out[(*count)++] = setting;
}

/* How much was seen, how often, at what cost. */
static void add_extent(struct report_setting out[REPORT_SETTINGS], size_t *count,
                       const struct report *report)
{
    double tokens = report_training_tokens(report), flops = report_training_flops(report);
    double epochs = tokens / score_of(report, "train.tokens");
    bool by_examples = report_objective_of(report) != NULL;
    if (isfinite(tokens))
        add(out, count,
            (struct report_setting){
                report_say(report, by_examples ? TEXT_EXAMPLES_SEEN : TEXT_TOKENS_SEEN),
                report_number(report, report_fixed(tokens, 0)), REPORT_OPTIMIZATION});
    if (isfinite(epochs) && !by_examples)
        add(out, count,
            (struct report_setting){report_say(report, TEXT_EPOCHS),
                                    report_number(report, lm_num_short(epochs, 3)),
                                    REPORT_OPTIMIZATION});
    if (isfinite(flops))
        add(out, count,
            (struct report_setting){report_say(report, TEXT_FLOPS),
                                    report_number(report, lm_num_large(flops)),
                                    REPORT_OPTIMIZATION});
}

const struct lm_json *report_training_sources(const struct report *report)
{
    return lm_json_get(report->log_sources, "sources");
}

static void add_sources(struct report_setting out[REPORT_SETTINGS], size_t *count,
                        const struct report *report)
{
    const struct lm_json *sources = report_training_sources(report);
    for (size_t i = 0; i < lm_json_count(sources); i++) {
        const struct lm_json *source = lm_json_at(sources, i);
        const char *name = lm_json_string(lm_json_get(source, "name"), NULL);
        double weight = lm_json_double(lm_json_get(source, "weight"), (double)NAN);
        double tokens = lm_json_double(lm_json_get(source, "tokens"), (double)NAN);
        double epochs = lm_json_double(lm_json_get(source, "epochs"), (double)NAN);
        if (name != NULL && isfinite(weight + tokens + epochs))
            add(out, count,
                (struct report_setting){
                    report_say(report, TEXT_SOURCE_OF, name),
                    report_say(report, TEXT_SOURCE_EXTENT, lm_num_short(100 * weight, 3).text,
                               report_fixed(tokens, 0).text, lm_num_short(epochs, 3).text),
                    REPORT_OPTIMIZATION});
    }
}

size_t report_settings_list(struct report_setting out[REPORT_SETTINGS], const struct report *report)
{
    const struct lm_json *stages = lm_json_get(report->experiment, "stages");
    const struct lm_json *stage =
        report->lineage.train != NULL ? lm_json_get(stages, report->lineage.train) : NULL;
    const struct lm_json *params = lm_json_get(stage, "params");
    size_t count = 0;
    if (stage == NULL)
        return 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *value = row_text(report, params, i);
        if (value != NULL && (rows[i].usual == NULL || strcmp(value, rows[i].usual) != 0))
            add(out, &count,
                (struct report_setting){report_say(report, rows[i].label), value, rows[i].group});
    }
    add_extent(out, &count, report);
    add_sources(out, &count, report);
    add(out, &count,
        (struct report_setting){report_say(report, TEXT_SEED),
                                value_text(report, lm_json_get(stage, "seed")),
                                REPORT_OPTIMIZATION});
    return count;
}

/* ---- the page ---- */

bool report_has_settings(const struct report *report)
{
    struct report_setting settings[REPORT_SETTINGS];
    return report_settings_list(settings, report) > 0;
}

void report_page_settings(struct lm_buf *out, const struct report *report)
{
    static const enum report_text captions[REPORT_SETTINGS_GROUPS] = {TEXT_ARCHITECTURE,
                                                                      TEXT_OPTIMIZATION};
    struct report_setting settings[REPORT_SETTINGS];
    size_t count = report_settings_list(settings, report);
    report_section(out, report, "settings", TEXT_SETTINGS, TEXT_SETTINGS_NOTE);
    lm_buf_puts(out, "<div class=\"pair\">\n");
    for (int group = 0; group < REPORT_SETTINGS_GROUPS; group++) {
        lm_html_printf(out, "<table class=\"facts\"><caption>%s</caption><tbody>\n",
                       report_say(report, captions[group]));
        for (size_t i = 0; i < count; i++)
            if ((int)settings[i].group == group)
                report_fact_write(out, settings[i].label, settings[i].value);
        lm_buf_puts(out, "</tbody></table>\n");
    }
    lm_buf_puts(out, "</div>\n");
    report_section_end(out);
}
