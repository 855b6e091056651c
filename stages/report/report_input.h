/** Reads the inputs of a report, and finds values in them. */
#ifndef LM_REPORT_INPUT_H
#define LM_REPORT_INPUT_H

#include "report.h"

enum { REPORT_LARGEST_FILE = 1 << 30 /**< bytes of an input that is read whole */ };

/** Reads all connected inputs of ctx; *lacks_memory is false, and outlives the report. LM_FORMAT
 *  names the input and the line. Release always. */
enum lm_status report_load(struct report *report, bool *lacks_memory, struct lm_ctx *ctx,
                           const struct report_params *params, struct lm_err *err);
void report_release(struct report *report);

/** scores["SPLIT.NAME"], NaN when absent. */
double report_score(const struct report *report, const char *split, const char *name);
/** Parameters of stage `id`; NULL: none. */
const struct lm_json *report_stage_params(const struct report *report, const char *id);

/** `uses` of stage `id`, or NULL. */
const char *report_stage_type(const struct report *report, const char *id);

/** The SHA-256 of every file that is connected (report_digests.c). LM_IO, LM_NOMEM. */
enum lm_status report_digests_take(struct report *report, struct lm_ctx *ctx, struct lm_err *err);
/** Reads the log at `path`; NULL: an empty one (report_log.c). LM_FORMAT, LM_IO, LM_NOMEM. */
enum lm_status report_log_read(struct report *report, const char *path, struct lm_err *err);
/** Takes the gates with their results from the experiment's facts (report_gates.c). LM_FORMAT. */
enum lm_status report_gates_read(struct report *report, struct lm_err *err);
/** An outcome in words of the report's language. */
const char *report_outcome_text(const struct report *report, enum report_outcome outcome);

#endif
