#include <lmpipe/stage.h>

#include "report_params.h"

static const struct lm_port inputs[] = {
    {"scores", "scores", "metrics of the evaluation", 0},
    {"log", "log", "training log", LM_PORT_OPTIONAL},
    {"items", "items", "metrics by document, position, frequency; passages",
     LM_PORT_OPTIONAL | LM_PORT_FOLDER},
    {"samples", "samples", "generated text", LM_PORT_OPTIONAL},
    {"card", "card", "data card", LM_PORT_OPTIONAL},
    {"vocab", "vocab", "vocabulary, for tokens in words", LM_PORT_OPTIONAL},
    {"tokenizer", "tokenizer_card", "tokenizer card", LM_PORT_OPTIONAL},
    {NULL, NULL, NULL, 0},
};

static const struct lm_port outputs[] = {
    {"html", "html", "one self-contained page", 0},
    {"md", "markdown", "summary for a pull request, at most 60 KB", 0},
    {"json", "json", "every number of the page", 0},
    {"junit", "junit", "gates as test cases", 0},
    {NULL, NULL, NULL, 0},
};

const char *const lm_report_language_names[] = {"en", "zh", NULL};

#define P(f) LM_FIELD(struct report_params, f)
static const struct lm_param params[] = {
    {P(title), .also = "heading", .type = LM_P_STR, .def_str = "",
     .help = "heading of the page; empty: the experiment's name"},
    {P(language), .type = LM_P_ENUM, .def_str = "en", .choices = lm_report_language_names,
     .flags = LM_PARAM_COMPACT, .help = "of the page's and the Markdown's own words"},
    {P(samples_shown), .type = LM_P_INT, .def_int = 4, .min = 0, .max = 1000, .unit = "samples",
     .help = "samples of a method shown open; the others fold away"},
    {.name = NULL},
};

static const struct lm_stage_cost cost = {
    .pace = 50e6, .memory = 12e6, .memory_share = 1.0, .sizes = {0.1, 0.01, 0.01, 0.001}};

const struct lm_stage lm_stage_report = {
    .name = "report",
    .version = 8,
    .summary = "one page for people, files for machines and CI",
    .flags = LM_STAGE_EXPERIMENT,
    .max_threads = 1,
    .inputs = inputs,
    .outputs = outputs,
    .params = params,
    .params_size = sizeof(struct report_params),
    .cost = &cost,
};
