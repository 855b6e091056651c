/** The settings of a training that decide most, in one list for the page and Markdown. */
#ifndef LM_REPORT_SETTINGS_H
#define LM_REPORT_SETTINGS_H

#include "report.h"

enum report_settings_group { REPORT_ARCHITECTURE, REPORT_OPTIMIZATION, REPORT_SETTINGS_GROUPS };

/** A row: what it is, and its value as it can be typed again (counts that follow are grouped). */
struct report_setting {
    const char *label, *value; /**< in the arena */
    enum report_settings_group group;
};

enum { REPORT_SETTINGS = 256 };

/** Fills out, group by group; returns how many there are, 0 when the stage that trained the model
 *  is not known. */
size_t report_settings_list(struct report_setting out[REPORT_SETTINGS],
                            const struct report *report);
/** Operations of the whole training, estimated: (6 · parameters + 12 · layers · width · context) a
 *  token (Chowdhery et al. 2022, appendix B); NaN when one of them is not known. */
double report_training_flops(const struct report *report);
/** The log's account of the sources of a named mixture: a list of name, weight, tokens, epochs;
 * NULL: there is none. */
const struct lm_json *report_training_sources(const struct report *report);
/** Tokens (or examples) that were seen in training; NaN without a log. */
double report_training_tokens(const struct report *report);

#endif
