/** The flat file of scores and the results of the context, kept in step. */
#ifndef LM_EVALUATE_SCORES_H
#define LM_EVALUATE_SCORES_H

#include <stdint.h>

#include <lmpipe/stage.h>

#include "base/json.h"

struct scores {
    struct lm_ctx *ctx;
    struct lm_json_writer writer;
    const char *prefix; /**< "valid", "test", "model", "train" */
};

/** Puts PREFIX.NAME; a number that was not measured (not finite) is in neither. */
void scores_put(struct scores *scores, const char *name, double value);
/** With its interval, PREFIX.NAME.lo and .hi. */
void scores_put_interval(struct scores *scores, const char *name, double value, double low,
                         double high);
void scores_put_count(struct scores *scores, const char *name, uint64_t value);

#endif
