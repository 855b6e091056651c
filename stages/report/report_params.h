/** Parameters of the report stage. */
#ifndef LM_REPORT_PARAMS_H
#define LM_REPORT_PARAMS_H

#include <stdint.h>

struct report_params {
    const char *title, *language;
    int64_t samples_shown;
};

/** Of the parameter `language`, in the order of enum report_language; NULL-terminated. */
extern const char *const lm_report_language_names[];

#endif
