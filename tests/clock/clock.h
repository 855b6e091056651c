/** A stage type that reads the clock, for tests alone: what no stage may do, and `verify` finds. */
#ifndef LM_TESTS_CLOCK_H
#define LM_TESTS_CLOCK_H

#include <lmpipe/stage.h>

struct clock_params {
    const char *form; /**< one of clock_forms */
    double value;     /**< so that several have several keys */
};

extern const struct lm_stage lm_stage_clock;

#endif
