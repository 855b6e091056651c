/** The settings of a training that decide most, in one list for the page and Markdown. */
#ifndef LM_REPORT_SETTINGS_H
#define LM_REPORT_SETTINGS_H

#include "page/numtext.h"

#include "report.h"

/** A row: what it is, and its value as it can be typed again. */
struct report_setting {
    const char *label;
    const char *value; /**< in the arena */
};

enum { REPORT_SETTINGS = 40 };

/** Fills out; returns how many there are, 0 when the stage that trained the model is not known. */
size_t report_settings_list(struct report_setting out[REPORT_SETTINGS],
                            const struct report *report);

#endif
