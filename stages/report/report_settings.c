#include "report_settings.h"

#include <string.h>

#include "page/html.h"

#include "report_input.h"
#include "report_page.h"

/* Parameters in the order of the list; those at `usual` say nothing and are left out. */
static const struct {
    const char *name, *label, *usual;
} rows[] = {
    {"objective", "Objective", "lm"},
    {"preset", "Preset", ""},
    {"layers", "Layers", NULL},
    {"heads", "Heads", NULL},
    {"width", "Width (hidden size)", NULL},
    {"context", "Context, tokens", NULL},
    {"dropout", "Dropout", NULL},
    {"optimizer", "Optimizer", NULL},
    {"lr", "Learning rate", NULL},
    {"min_lr", "Final learning rate", NULL},
    {"schedule", "Schedule", NULL},
    {"warmup", "Warm-up, steps", NULL},
    {"steps", "Steps", NULL},
    {"batch", "Batch, rows", NULL},
    {"accumulate", "Batches per step (accumulation)", "1"},
    {"decay", "Weight decay", NULL},
    {"clip", "Gradient clipping", NULL},
    {"ema", "Average of the weights (EMA)", "0"},
    {"label_smoothing", "Label smoothing", "0"},
    {"frozen_layers", "Frozen layers", "0"},
    {"precision", "Precision", NULL},
    {"keep", "Weights kept", NULL},
};

static const char *value_text(const struct report *report, const struct lm_json *value)
{
    const char *text = lm_json_string(value, NULL);
    if (text != NULL)
        return text;
    if (!lm_json_is_number(value))
        return NULL;
    struct lm_num number = report_exact_text(value);
    return lm_arena_strndup(report->arena, number.text, strlen(number.text));
}

size_t report_settings_list(struct report_setting out[REPORT_SETTINGS], const struct report *report)
{
    const struct lm_json *stages = lm_json_get(report->experiment, "stages");
    const struct lm_json *stage =
        report->lineage.train != NULL ? lm_json_get(stages, report->lineage.train) : NULL;
    const struct lm_json *params = lm_json_get(stage, "params");
    const char *seed = value_text(report, lm_json_get(stage, "seed"));
    size_t count = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *value = value_text(report, lm_json_get(params, rows[i].name));
        if (value != NULL && (rows[i].usual == NULL || strcmp(value, rows[i].usual) != 0))
            out[count++] = (struct report_setting){rows[i].label, value};
    }
    if (seed != NULL)
        out[count++] = (struct report_setting){"Seed", seed};
    return count;
}

bool report_has_settings(const struct report *report)
{
    struct report_setting settings[REPORT_SETTINGS];
    return report_settings_list(settings, report) > 0;
}

void report_page_settings(struct lm_buf *out, const struct report *report)
{
    struct report_setting settings[REPORT_SETTINGS];
    size_t count = report_settings_list(settings, report);
    lm_html_section(out, "settings", "Settings",
                    "The parameters of the training that decide most, as they can be typed again. "
                    "All others, of every stage, are under Provenance.");
    lm_buf_puts(out, "<table class=\"facts\"><tbody>\n");
    for (size_t i = 0; i < count; i++)
        report_fact_write(out, settings[i].label, settings[i].value);
    lm_buf_puts(out, "</tbody></table>\n");
    lm_html_section_end(out);
}
