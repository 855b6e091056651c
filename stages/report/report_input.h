/** Everything a report is made of: the input artifacts, parsed once, and what follows from them. */
#ifndef LM_REPORT_INPUT_H
#define LM_REPORT_INPUT_H

#include <lmpipe/stage.h>
#include <lmpipe/tokenizer.h>

#include "base/json.h"

#include "report_params.h"

/** Parsed JSON lines. */
struct report_lines {
    struct lm_json **items;
    size_t count;
};

/** The training log by columns; NaN where a line does not have a value. */
struct report_log {
    size_t count;
    double *step, *loss, *lr, *norm, *tokens, *valid;
};

enum report_outcome { REPORT_PASS, REPORT_FAIL, REPORT_UNDECIDED, REPORT_OUTCOMES };

extern const char *const report_outcome_words[REPORT_OUTCOMES]; /**< "pass", "fail", "undecided" */
extern const char *const report_outcome_classes[REPORT_OUTCOMES]; /**< of lm_html_style */

/** A gate of the spec with its verdict; the bounds are NaN when not given. */
struct report_gate {
    const char *metric;
    double value, min, max;
    enum report_outcome outcome;
    const char *reason; /**< one sentence */
};

struct report {
    struct lm_arena *arena;
    const struct report_params *params;
    struct lm_json *experiment, *scores, *card, *tokenizer, *curves;
    struct lm_json *objective; /**< items/examples.json; NULL: a language model's items */
    struct report_lines passages, samples, log_lines;
    struct report_lines examples; /**< of examples_split */
    struct report_log log;
    struct lm_vocab *vocab;
    struct report_gate *gates;
    size_t gate_count;
    const char *name;  /**< of the experiment */
    const char *split; /**< of text, the headline's: "valid", or "test" when there is no valid */
    const char *examples_split; /**< of examples: "test", or "valid" when nothing is tested */
    const char *verdict;        /**< one sentence without markup */
};

/** Reads all connected inputs of ctx. LM_FORMAT names the input and the line. Release always. */
enum lm_status report_load(struct report *report, struct lm_ctx *ctx,
                           const struct report_params *params, struct lm_err *err);
void report_release(struct report *report);

/** scores["SPLIT.NAME"], NaN when absent. */
double report_score(const struct report *report, const char *split, const char *name);
/** Parameters of the first stage whose `uses` is `type`; *id (may be NULL) its name; NULL: none. */
const struct lm_json *report_stage_params(const struct report *report, const char *type,
                                          const char **id);
/** `uses` of stage `id`, or NULL. */
const char *report_stage_type(const struct report *report, const char *id);

/** Fills log from the parsed lines (report_log.c). */
enum lm_status report_log_read(struct report *report, struct lm_err *err);
/** Decides the gates (report_gates.c). */
enum lm_status report_gates_decide(struct report *report, struct lm_err *err);
/** Writes the verdict (report_verdict.c). */
enum lm_status report_verdict_write(struct report *report, struct lm_err *err);

#endif
