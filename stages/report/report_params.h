/** Parameters of the report stage. */
#ifndef LM_REPORT_PARAMS_H
#define LM_REPORT_PARAMS_H

#include <stdint.h>

struct report_params {
    const char *title;
    int64_t samples_shown;
};

#endif
