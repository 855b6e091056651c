#include "report_settings.h"

#include <string.h>

#include "page/html.h"

#include "report_input.h"
#include "report_page.h"

/* Parameters in the order of the list; those at `usual` say nothing and are left out. */
static const struct {
    const char *name;
    enum report_text label;
    const char *usual;
} rows[] = {
    {"objective", TEXT_OBJECTIVE, "lm"},
    {"preset", TEXT_PRESET, ""},
    {"layers", TEXT_LAYERS, NULL},
    {"heads", TEXT_HEADS, NULL},
    {"width", TEXT_WIDTH, NULL},
    {"context", TEXT_CONTEXT, NULL},
    {"dropout", TEXT_DROPOUT, NULL},
    {"optimizer", TEXT_OPTIMIZER, NULL},
    {"lr", TEXT_LEARNING_RATE, NULL},
    {"min_lr", TEXT_FINAL_LEARNING_RATE, NULL},
    {"schedule", TEXT_SCHEDULE, NULL},
    {"warmup", TEXT_WARM_UP, NULL},
    {"steps", TEXT_STEPS, NULL},
    {"batch", TEXT_BATCH, NULL},
    {"accumulate", TEXT_ACCUMULATE, "1"},
    {"decay", TEXT_WEIGHT_DECAY, NULL},
    {"clip", TEXT_CLIPPING, NULL},
    {"ema", TEXT_EMA, "0"},
    {"label_smoothing", TEXT_LABEL_SMOOTHING, "0"},
    {"frozen_layers", TEXT_FROZEN_LAYERS, "0"},
    {"precision", TEXT_PRECISION, NULL},
    {"keep", TEXT_WEIGHTS_KEPT, NULL},
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
            out[count++] = (struct report_setting){report_say(report, rows[i].label), value};
    }
    if (seed != NULL)
        out[count++] = (struct report_setting){report_say(report, TEXT_SEED), seed};
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
    report_section(out, report, "settings", TEXT_SETTINGS, TEXT_SETTINGS_NOTE);
    lm_buf_puts(out, "<table class=\"facts\"><tbody>\n");
    for (size_t i = 0; i < count; i++)
        report_fact_write(out, settings[i].label, settings[i].value);
    lm_buf_puts(out, "</tbody></table>\n");
    report_section_end(out);
}
