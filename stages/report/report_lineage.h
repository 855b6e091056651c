/** Where the model comes from (struct report_lineage): read from the experiment's facts. */
#ifndef LM_REPORT_LINEAGE_H
#define LM_REPORT_LINEAGE_H

#include "report.h"

/** Follows the wiring from the evaluated model (or the log) to all that it began from. LM_NOMEM. */
enum lm_status report_lineage_find(struct report *report, struct lm_err *err);

#endif
