/** What a report says first (struct report_summary), computed once. */
#ifndef LM_REPORT_SUMMARY_H
#define LM_REPORT_SUMMARY_H

#include "report.h"

extern const char *const report_standing_names[REPORT_STANDINGS]; /**< of JSON: "better" … */
/** The same in words of the report's language. */
const char *report_standing_text(const struct report *report, enum report_standing standing);

/** SPLIT.KEY of the scores beside SPLIT.BASELINE[SUFFIX], by SPLIT.BASELINE.diff and its interval;
 *  `key` is better when lower (is_lower) or higher. */
struct report_comparison report_compare(const struct report *report, const char *split,
                                        const char *key, const char *baseline, const char *suffix,
                                        const char *label, bool is_lower);
/** Fills report->summary from the inputs, the lineage and the decided gates. LM_NOMEM. */
enum lm_status report_summary_write(struct report *report, struct lm_err *err);

#endif
