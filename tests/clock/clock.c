#include "clock.h"

static const char *const forms[] = {"none",  "json", "lines",  "text", "tensors",
                                    "bytes", "file", "metric", NULL};

static const struct lm_param rows[] = {
    {LM_FIELD(struct clock_params, form), .type = LM_P_ENUM, .def_str = "json", .choices = forms,
     .help = "where the time is written"},
    {LM_FIELD(struct clock_params, value), .type = LM_P_FLOAT, .help = "anything"},
    {0},
};

static const struct lm_port inputs[] = {
    {"from", "text", "anything", LM_PORT_LIST | LM_PORT_OPTIONAL}, {0}};
static const struct lm_port outputs[] = {
    {"data", "text", "files", LM_PORT_FOLDER}, {"card", "card", "a file without a time", 0}, {0}};
static const struct lm_metric_row metrics[] = {{"time", NULL, LM_BETTER_NONE, "the time, or 1"},
                                               {0}};

const struct lm_stage lm_stage_clock = {.name = "clock",
                                        .version = 1,
                                        .summary = "reads the clock",
                                        .inputs = inputs,
                                        .outputs = outputs,
                                        .params = rows,
                                        .params_size = sizeof(struct clock_params),
                                        .metrics = metrics};

/* In place of the generated table: all stage types, and this one. */
extern const struct lm_stage lm_stage_download, lm_stage_clean, lm_stage_bpe, lm_stage_encode,
    lm_stage_train;
const struct lm_stage *const lm_stage_table[] = {&lm_stage_clock,
                                                 &lm_stage_download,
                                                 &lm_stage_clean,
                                                 &lm_stage_bpe,
                                                 &lm_stage_encode,
                                                 &lm_stage_train,
                                                 NULL};
