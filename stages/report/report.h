/** A report: the input artifacts, parsed once, and what follows from them. Data alone. */
#ifndef LM_REPORT_H
#define LM_REPORT_H

#include <lmpipe/hash.h>
#include <lmpipe/stage.h>
#include <lmpipe/tokenizer.h>

#include "base/json.h"
#include "compare/item_record.h"

#include "report_params.h"

/** What the page's own words are in. */
enum report_language { REPORT_EN, REPORT_ZH, REPORT_LANGUAGES };

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

enum report_outcome { REPORT_PASS, REPORT_FAIL, REPORT_UNDECIDED, REPORT_SKIPPED, REPORT_OUTCOMES };

/** Of the run and of JSON: "pass", "fail", "undecided", "skipped". */
extern const char *const report_outcome_names[REPORT_OUTCOMES];
extern const char *const report_outcome_classes[REPORT_OUTCOMES]; /**< of lm_html_style */

/** A gate of the spec as the run decided it; bounds that are not given and a value that is missing
 *  are NaN. */
struct report_gate {
    const char *name;  /**< "scores.valid.bpb max 2.05" */
    const char *title; /**< the same in the report's language */
    const char *metric;
    double value, min, max;
    enum report_outcome outcome;
    const char *reason; /**< one sentence, in English */
    const char *told;   /**< the same in the report's language */
};

/** Whether the model differs from a baseline. Only an interval of their paired difference that does
 *  not hold 0 allows a claim. */
enum report_standing {
    REPORT_BETTER,
    REPORT_WORSE,
    REPORT_NO_DIFFERENCE, /**< shown: the interval holds 0 */
    REPORT_NOT_COMPARED,  /**< there is no interval */
    REPORT_STANDINGS
};

/** The model beside a baseline, on one split. */
struct report_comparison {
    const char *key, *label; /**< "bigram", "a bigram model" */
    double value, baseline;  /**< the metric of both; NaN: not measured */
    double diff, low, high;  /**< value − baseline, paired; NaN: not measured, no interval */
    enum report_standing standing;
};

enum { REPORT_COMPARISONS = 3 };

/** What the report says first: one result for the page, Markdown, JSON, log and run table. */
struct report_summary {
    const char *text;     /**< sentences without markup */
    const char *headline; /**< "test 1.98 bpb" */
    const char *split;    /**< that they are about: "valid" or "test" */
    const char *data;     /**< a sentence on bytes of the text that were replaced; else empty */
    struct report_comparison comparisons[REPORT_COMPARISONS];
    size_t comparison_count;
};

/** A file that the report was made of. */
struct report_digest {
    const char *port, *file; /**< "items", "curves.json"; file: NULL for an artifact of one file */
    const char *from;        /**< "scores.items"; NULL: not known */
    char hex[LM_DIGEST_HEX];
};

/** Where the model comes from, as far as the experiment's facts tell. */
struct report_lineage {
    const char *train; /**< stage that trained it; NULL: not known */
    const char *text;  /**< sentences without markup */
    const char *init;  /**< "random (seed 1)", "the model of stage base" …; NULL: not known */
    const char *data;  /**< "tokens, extra"; NULL: not known */
    bool is_described; /**< the data section describes all that it was trained on */
    bool is_selected;  /**< its weights were selected on the validation split */
};

struct report {
    struct lm_arena *arena;
    bool *lacks_memory; /**< set by whoever could not make a text: the files are not whole */
    const struct report_params *params;
    enum report_language language;
    struct lm_json *experiment, *scores, *card, *tokenizer, *curves;
    struct lm_json *tasks;     /**< items/tasks.json */
    struct lm_json *objective; /**< items/examples.json; NULL: a language model's items */
    struct report_lines passages, samples;
    struct lm_json *log_sources; /**< the last line of the log with "sources"; NULL: none has any */
    struct report_lines examples; /**< of examples_split */
    struct lm_items documents;    /**< of `split`; none when the items have no such file */
    struct report_log log;
    struct lm_vocab *vocab;
    struct report_gate *gates;
    size_t gate_count;
    const char *name;           /**< of the experiment */
    const char *split;          /**< of text: "test", or "valid" when there is no test */
    const char *examples_split; /**< of examples: "test", or "valid" when nothing is tested */
    struct report_lineage lineage;
    struct report_digest *inputs; /**< by port, then by name */
    size_t input_count;
    struct report_summary summary;
    struct report_changes *changes; /**< against the baseline (report_changes.h) */
};

#endif
