/** Objectives on examples: what they are judged by, and where the report finds it in the scores. */
#ifndef LM_REPORT_OBJECTIVE_H
#define LM_REPORT_OBJECTIVE_H

#include "report_input.h"

/** How a figure is written. */
enum report_unit { REPORT_SHARE, REPORT_POINTS, REPORT_CORRELATION, REPORT_NATS };

struct report_figure {
    const char *key, *label; /**< key NULL: end of a list */
    enum report_unit unit;
};

enum { REPORT_FIGURES = 4 };

struct report_objective {
    const char *name;              /**< "classify" */
    struct report_figure headline; /**< has an interval */
    struct report_figure baseline; /**< its label reads behind "than" */
    struct report_figure others[REPORT_FIGURES];
    const char *loss;        /**< unit of its training loss */
    const char *note;        /**< of the page's section */
    const char *lead, *tail; /**< of the verdict: LEAD value TAIL count "held-out examples" */
};

/** The objective these scores are of; NULL: a language model's. */
const struct report_objective *report_objective_of(const struct report *report);
/** A figure of `split` as text; "–" when it is not there. */
struct lm_num report_figure_text(const struct report_figure *figure, double value);

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
double report_figure_end(const struct report *report, const char *split,
                         const struct report_figure *figure, const char *end);
/** The verdict on examples_split, without what the gates say; NULL when memory is out. Only for
 *  scores that have an objective. */
const char *report_objective_verdict(struct report *report);

#endif
