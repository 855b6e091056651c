/** Parameters of the evaluate stage. */
#ifndef LM_EVALUATE_PARAMS_H
#define LM_EVALUATE_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include <lmpipe/param.h>

struct evaluate_params {
    int64_t stride, batch, resamples, untrained_windows, passages, passage_tokens, max_new_tokens;
    bool baselines, contamination;
    struct lm_list tasks;      /**< const char *, absolute paths */
    const char *interval;      /**< "percentile", "bca" */
    const char *precision;     /**< of tasks: lm_precision_names */
    struct lm_list task_names; /**< const char *; no row: known while the spec is read */
};

#endif
