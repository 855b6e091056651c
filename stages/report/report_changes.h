/** What changed against the baseline of the experiment: metric by metric, and item by item. */
#ifndef LM_REPORT_CHANGES_H
#define LM_REPORT_CHANGES_H

#include "base/buf.h"
#include "compare/change.h"

#include "report_objective.h"

enum { REPORT_FLIPS = 3 /**< items shown to each side */ };

/** An item that changed sides, as this run's records have it; texts that are not there are NULL. */
struct report_flip {
    const char *id, *group, *context, *expected, *predicted;
};

struct report_change {
    const char *set; /**< "valid", "blimp" */
    struct report_metric metric;
    struct lm_change change;
    struct report_flip right[REPORT_FLIPS], wrong[REPORT_FLIPS];
    size_t right_count, wrong_count; /**< of those shown */
};

struct report_changes {
    bool is_asked;          /**< the experiment has a baseline, and its file is there */
    const char *experiment; /**< the baseline's */
    const char *stage;      /**< whose scores are compared */
    struct lm_reason why;   /**< why nothing is compared; kind NONE: something is */
    struct report_change *rows;
    size_t count;
    size_t verdicts[LM_VERDICTS]; /**< rows by verdict */
};

/** Compares the scores with what the baseline's run had from the stage of the same name; nothing
 *  without a baseline. LM_FORMAT: items that are not read; LM_IO, LM_NOMEM. */
enum lm_status report_changes_find(struct report *report, struct lm_ctx *ctx, struct lm_err *err);

/** A value of a row, a difference with its sign, and its interval, as text. */
const char *report_change_value(const struct report *report, const struct report_change *row,
                                double value);
const char *report_change_delta(const struct report *report, const struct report_change *row,
                                double value);
const char *report_change_range(const struct report *report, const struct report_change *row,
                                const struct lm_difference *difference);
/** "better", "worse", "no difference shown"; or why it is not compared. */
const char *report_change_result(const struct report *report, const struct report_change *row);
/** "Against jargon: 2 better, 1 worse, 3 without a difference shown." */
const char *report_changes_sentence(const struct report *report);

bool report_has_changes(const struct report *report);
void report_page_changes(struct lm_buf *out, const struct report *report);
void report_markdown_changes(struct lm_buf *out, const struct report *report);
void report_json_changes(struct lm_json_writer *writer, const struct report *report);

#endif
