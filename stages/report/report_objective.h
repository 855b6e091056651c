/** Objectives on examples: their metrics, and where the report finds it in the scores. */
#ifndef LM_REPORT_OBJECTIVE_H
#define LM_REPORT_OBJECTIVE_H

#include "page/numtext.h"

#include "report.h"
#include "report_text.h"

/** How a metric is written. */
enum report_unit { REPORT_SHARE, REPORT_POINTS, REPORT_CORRELATION, REPORT_NATS };

struct report_metric {
    const char *key; /**< NULL: end of a list */
    enum report_text label;
    enum report_unit unit;
};

enum { REPORT_METRICS = 4 };

struct report_objective {
    const char *name;              /**< "classify" */
    struct report_metric headline; /**< has an interval */
    struct report_metric baseline; /**< its label reads behind "than" */
    struct report_metric others[REPORT_METRICS];
    enum report_text loss;      /**< unit of its training loss */
    enum report_text note;      /**< of the page's section */
    enum report_text result;    /**< of the summary: value, examples, clauses */
    enum report_text undefined; /**< why the headline may have no value */
};

/** The objective these scores are of; NULL: a language model's. */
const struct report_objective *report_objective_of(const struct report *report);
/** A metric as text; "–" when it is not there. */
struct lm_num report_metric_text(const struct report *report, const struct report_metric *figure,
                                 double value);

/** Labels of items/examples.json, 0 without it; the confusion is of at most REPORT_LABELS. */
enum { REPORT_LABELS = 20 };

size_t report_label_count(const struct report *report);
/** A label without the spaces before it; "?" when there is no such label. *size in bytes. */
const char *report_label(const struct report *report, int64_t index, size_t *size);
/** Examples of label `gold` that were given `predicted`, on examples_split; NaN when not counted.
 */
double report_confusion(const struct report *report, size_t gold, size_t predicted);
/** Are all cells of the confusion among the scores? */
bool report_has_confusion(const struct report *report);
/** Unit of the training loss, the language model's too. */
const char *report_loss_unit(const struct report *report);
/** SPLIT.KEY.END, END "lo" or "hi"; NaN when there is no interval. */
double report_metric_end(const struct report *report, const char *split,
                         const struct report_metric *figure, const char *end);

#endif
