#include <lmpipe/stage.h>

#include "compare_params.h"

static const struct lm_port inputs[] = {
    {"scores", "scores", "metrics of the runs", LM_PORT_LIST | LM_PORT_LABELS},
    {"items", "items", "their items, for differences paired by document or example",
     LM_PORT_LIST | LM_PORT_LABELS | LM_PORT_FOLDER | LM_PORT_OPTIONAL},
    {"log", "log", "their training logs, for curves and cost",
     LM_PORT_LIST | LM_PORT_LABELS | LM_PORT_OPTIONAL},
    {NULL, NULL, NULL, 0},
};

static const struct lm_port outputs[] = {
    {"html", "html", "one self-contained page", 0},
    {"md", "markdown", "summary for a pull request", 0},
    {"csv", "csv", "a line a run", 0},
    {"json", "json", "every number of the page", 0},
    {NULL, NULL, NULL, 0},
};

static const char *const modes[] = {"auto", "min", "max", NULL};

#define P(f) LM_FIELD(struct compare_params, f)
static const struct lm_param params[] = {
    {P(metric), .also = "monitor", .type = LM_P_STR, .def_str = "valid.bpb",
     .help = "the metric to compare by, one of the scores"},
    {P(mode), .also = "direction", .type = LM_P_ENUM, .choices = modes, .def_str = "auto",
     .help = "whether less (min) or more (max) is better; auto: as the metric is known"},
    {P(reference), .also = "baseline", .type = LM_P_STR, .def_str = "",
     .help = "the run all are compared to, by its id or as the page calls it; empty: the best"},
    {P(repeats), .also = "seeds mean_over", .type = LM_P_LIST, .item = LM_P_STR,
     .help = "axes that only repeat a run; empty: [seed]"},
    {P(resamples), .also = "bootstrap", .type = LM_P_INT, .def_int = 10000, .min = 100,
     .max = 100000, .help = "resamples of the items behind the intervals",
     .source = "Westfall & Young 1993, section 2.3"},
    {P(confidence), .type = LM_P_FLOAT, .def_float = 0.95, .min = 0.5, .max = 0.999,
     .help = "of the intervals of differences and over repeats"},
    {P(title), .also = "heading", .type = LM_P_STR, .def_str = "",
     .help = "heading of the page; empty: the metric's name"},
    {.name = NULL},
};

static const struct lm_stage_cost cost = {
    .pace = 20e6, .memory = 12e6, .memory_share = 3.0, .sizes = {0.1, 0.01, 0.01, 0.01}};

const struct lm_stage lm_stage_compare = {
    .name = "compare",
    .version = 1,
    .summary = "many runs on one page: table, axes, curves, paired differences, cost",
    .max_threads = 1,
    .inputs = inputs,
    .outputs = outputs,
    .params = params,
    .params_size = sizeof(struct compare_params),
    .cost = &cost,
};
