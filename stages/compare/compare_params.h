/** Parameters of the compare stage. */
#ifndef LM_COMPARE_PARAMS_H
#define LM_COMPARE_PARAMS_H

#include <stdint.h>

#include <lmpipe/param.h>

struct compare_params {
    const char *metric, *mode, *reference, *title;
    struct lm_list repeats; /**< of const char * */
    int64_t resamples;
    double confidence;
};

#endif
